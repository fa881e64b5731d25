//! Recovery points: what was kept of a resource, where, and how it is restored.

use serde_json::{Map, Value, json};

use super::job::{Job, lifecycle};
use super::source::{self, Content, Kin};
use super::{Backup, Due, Reach, between, has, missing, needed, without};
use crate::ids::{At, Span};
use crate::world::given::map;
use crate::world::{Due as Happening, Moment, Refused, pages};

/// A recovery point.
#[derive(Clone, Debug)]
pub struct Point {
    /// As `DescribeRecoveryPoint` gives it.
    pub doc: Map<String, Value>,
    pub content: Content,
    /// As `GetRecoveryPointRestoreMetadata` gives it: texts, of which some are JSON.
    pub metadata: Map<String, Value>,
}

impl Point {
    /// One that a job begins to make.
    pub(super) fn begun(
        job: &Job,
        arn: &str,
        content: Content,
        source: &Map<String, Value>,
        moment: &Moment<'_>,
    ) -> Point {
        let of = |member: &str| job.doc.get(member).cloned().unwrap_or(Value::Null);
        let kin = Kin::of(job.resource()).unwrap_or(Kin::Instance);
        let doc = map(json!({
            "RecoveryPointArn": arn,
            "BackupVaultName": of("BackupVaultName"),
            "BackupVaultArn": of("BackupVaultArn"),
            "ResourceArn": job.resource(),
            "ResourceType": kin.word(),
            "IamRoleArn": of("IamRoleArn"),
            "Status": "CREATING",
            "CreationDate": moment.now.rfc3339(),
            "InitiationDate": moment.now.rfc3339(),
            "BackupSizeInBytes": of("BackupSizeInBytes"),
            "CalculatedLifecycle": calculated(&job.lifecycle, moment.now),
            "Lifecycle": lifecycle(&job.lifecycle),
            "EncryptionKeyArn": of("EncryptionKeyArn"),
            "IsEncrypted": true,
            "StorageClass": "WARM",
            "IsParent": false,
            "ResourceName": source::name(job.resource()),
            "VaultType": of("VaultType"),
            "EncryptionKeyType": "AWS_OWNED_KMS_KEY",
        }));
        Point { doc, content, metadata: source::metadata(kin, source) }
    }

    pub fn arn(&self) -> &str {
        self.doc["RecoveryPointArn"].as_str().unwrap_or_default()
    }

    pub fn status(&self) -> &str {
        self.doc["Status"].as_str().unwrap_or_default()
    }

    pub(super) fn kin(&self) -> Kin {
        match self.content {
            Content::Snapshot(_) => Kin::Instance,
            Content::ClusterSnapshot(_) => Kin::Cluster,
            Content::Table(_) => Kin::Table,
        }
    }

    /// It is made, and kept as long as its lifecycle says.
    pub(super) fn complete(&mut self, status: &str, moment: &mut Moment<'_>) {
        self.doc.insert("Status".into(), status.into());
        self.doc.insert("CompletionDate".into(), moment.now.rfc3339().into());
        let until = self.doc["CalculatedLifecycle"]["DeleteAt"].as_str().and_then(At::parse);
        if let Some(until) = until {
            let due = Due::Expired { arn: self.arn().to_owned() };
            moment.later(until.since(moment.now), Happening::Backup(due));
        }
    }

    /// A row of the points of a resource, whose members are fewer and one of them named otherwise.
    fn brief(&self) -> Value {
        const SHOWN: &[&str] = &[
            "RecoveryPointArn",
            "CreationDate",
            "Status",
            "StatusMessage",
            "EncryptionKeyArn",
            "BackupVaultName",
            "IsParent",
            "ResourceName",
            "VaultType",
            "EncryptionKeyType",
        ];
        let shown = self.doc.iter().filter(|(name, _)| SHOWN.contains(&name.as_str()));
        let mut row: Map<String, Value> = shown.map(|(n, v)| (n.clone(), v.clone())).collect();
        row.insert("BackupSizeBytes".into(), self.doc["BackupSizeInBytes"].clone());
        Value::Object(row)
    }
}

fn calculated(lifecycle: &Value, now: At) -> Value {
    let mut out = json!({});
    for (member, days) in
        [("MoveToColdStorageAt", "MoveToColdStorageAfterDays"), ("DeleteAt", "DeleteAfterDays")]
    {
        if let Some(days) = lifecycle[days].as_u64() {
            out[member] = now.plus(Span::mins(days * 24 * 60)).rfc3339().into();
        }
    }
    out
}

impl Backup {
    pub(super) fn point(&self, arn: &str) -> Result<&Point, Refused> {
        self.points.iter().find(|p| p.arn() == arn).ok_or_else(|| missing(&format!("Recovery point {arn}")))
    }

    fn point_in_vault(&self, parameters: &Value) -> Result<&Point, Refused> {
        let vault = self.vault(needed(parameters, "BackupVaultName")?)?;
        let point = self.point(needed(parameters, "RecoveryPointArn")?)?;
        let there = point.doc["BackupVaultName"] == vault["BackupVaultName"];
        there.then_some(point).ok_or_else(|| missing(&format!("Recovery point {}", point.arn())))
    }

    pub(super) fn describe_point(&self, parameters: &Value) -> Result<Value, Refused> {
        Ok(Value::Object(self.point_in_vault(parameters)?.doc.clone()))
    }

    pub(super) fn restore_metadata(&self, parameters: &Value) -> Result<Value, Refused> {
        let point = self.point_in_vault(parameters)?;
        Ok(json!({
            "BackupVaultArn": point.doc["BackupVaultArn"],
            "RecoveryPointArn": point.arn(),
            "RestoreMetadata": point.metadata,
            "ResourceType": point.doc["ResourceType"],
        }))
    }

    /// Newest first.
    pub(super) fn points_of_vault(&self, parameters: &Value) -> Result<Value, Refused> {
        const BY: &[(&str, &str)] = &[("ByResourceArn", "ResourceArn"), ("ByResourceType", "ResourceType")];
        let vault = self.vault(needed(parameters, "BackupVaultName")?)?;
        let is_asked = |p: &&Point| {
            p.doc["BackupVaultName"] == vault["BackupVaultName"]
                && has(&p.doc, parameters, BY)
                && parameters["ByParentRecoveryPointArn"].is_null()
                && parameters["ByBackupPlanId"]
                    .as_str()
                    .is_none_or(|id| p.doc.get("CreatedBy").is_some_and(|by| by["BackupPlanId"] == id))
                && between(&p.doc, "CreationDate", parameters, ("ByCreatedAfter", "ByCreatedBefore"))
        };
        let rows = self.newest_first().filter(is_asked).map(|p| without(&p.doc, &["StorageClass"]));
        pages::BACKUP.page("RecoveryPoints", rows.collect(), parameters)
    }

    pub(super) fn points_of_resource(&self, parameters: &Value) -> Result<Value, Refused> {
        let arn = needed(parameters, "ResourceArn")?;
        let own = |p: &&Point| p.doc["ResourceArn"] == arn;
        let rows = self.newest_first().filter(own).map(Point::brief).collect();
        pages::BACKUP.page("RecoveryPoints", rows, parameters)
    }

    fn newest_first(&self) -> impl Iterator<Item = &Point> {
        let mut points: Vec<&Point> = self.points.iter().collect();
        points.sort_by_key(|p| std::cmp::Reverse(p.doc["CreationDate"].as_str().and_then(At::parse)));
        points.into_iter()
    }

    /// Resources with a recovery point, each with its newest.
    pub(super) fn protected(&self, parameters: &Value) -> Result<Value, Refused> {
        let mut rows: Vec<Value> = Vec::new();
        for point in self.newest_first().filter(|p| p.status() != "CREATING") {
            if rows.iter().any(|r| r["ResourceArn"] == point.doc["ResourceArn"]) {
                continue;
            }
            rows.push(json!({
                "ResourceArn": point.doc["ResourceArn"],
                "ResourceType": point.doc["ResourceType"],
                "LastBackupTime": point.doc["CreationDate"],
                "ResourceName": point.doc["ResourceName"],
                "LastBackupVaultArn": point.doc["BackupVaultArn"],
                "LastRecoveryPointArn": point.arn(),
            }));
        }
        pages::BACKUP.page("Results", rows, parameters)
    }

    pub(super) fn point_expired(&mut self, arn: &str, reach: &mut Reach<'_>) {
        if let Some(at) = self.points.iter().position(|p| p.arn() == arn) {
            reach.discard(&self.points.remove(at).content);
        }
    }
}
