//! A snapshot made by AWS Backup. moto cannot hold one, its ids have a colon: another snapshot stands in for it.

use super::call::Call;
use super::wire::{Answer, Request, percent_encoded};
use super::xml::Xml;
use super::{Cx, Script};

/// Id of the snapshot as clients see it.
pub const ID: &str = "awsbackup:job-0f3c9a52-7d41-4e0b-9a63-1c5d2f7e8b90";

/// Shows the snapshot `stands_in` a second time, as one of AWS Backup.
pub struct AwsBackup {
    pub stands_in: String,
}

/// Whether a call is about the snapshots of AWS Backup, or this one of them.
fn concerns(call: &Call) -> bool {
    call.text("SnapshotType") == Some("awsbackup") || call.text("DBSnapshotIdentifier") == Some(ID)
}

impl Script for AwsBackup {
    fn rewrite(&mut self, call: &Call, request: &mut Request) {
        if concerns(call) {
            let body = String::from_utf8_lossy(&request.message.body);
            let body = body
                .replace("SnapshotType=awsbackup", &format!("DBSnapshotIdentifier={}", self.stands_in))
                .replace(&percent_encoded(ID), &self.stands_in);
            request.message.body = body.into_bytes();
        }
    }

    fn answer(&mut self, call: &Call, answer: &mut Answer, _cx: &mut Cx) {
        if !concerns(call) || !call.is("DescribeDBSnapshots") {
            return;
        }
        let Some(mut root) = Xml::parse(&answer.text()) else { return };
        for snapshot in root.find_mut("DBSnapshots").into_iter().flat_map(|list| &mut list.children) {
            let arn = snapshot.at("DBSnapshotArn").unwrap_or_default().replace(&self.stands_in, ID);
            snapshot.put(Xml::leaf("DBSnapshotIdentifier", ID));
            snapshot.put(Xml::leaf("DBSnapshotArn", &arn));
            snapshot.put(Xml::leaf("SnapshotType", "awsbackup"));
        }
        answer.message.body = root.to_string().into_bytes();
    }
}
