//! Automated backups: those of stores that are there, and those that outlive their store.

use serde_json::{Map, Value, json};

use super::describe::{any, filters};
use super::instance::restorable;
use super::{Rds, members, number, of, text};
use crate::ids::{At, Span};
use crate::world::{Data, Moment, Refused, pages};

/// The automated backups of a deleted store; they go when the last of them is older than the retention period.
#[derive(Clone, Debug)]
pub struct Retained {
    /// The document of the store as it was.
    pub doc: Map<String, Value>,
    pub data: Data,
    pub arn: String,
    /// What it could be restored to when it went.
    pub window: (At, At),
}

impl Retained {
    fn days(&self) -> u64 {
        number(&self.doc, "BackupRetentionPeriod")
    }

    /// What it can be restored to at `now`: the end stays, the beginning moves up.
    pub fn window(&self, now: At) -> (At, At) {
        let (earliest, _) = restorable(self.window.0, self.days(), "", now);
        (earliest.min(self.window.1), self.window.1)
    }

    fn is_kept(&self, now: At) -> bool {
        now <= self.window.1.plus(Span::mins(self.days() * 24 * 60))
    }
}

/// The ARN of the automated backups of a store.
pub(super) fn arn(doc: &Map<String, Value>, moment: &Moment<'_>) -> String {
    let (kind, resource) = match of(doc, "DBClusterArn") {
        "" => ("auto-backup", of(doc, "DbiResourceId")),
        _ => ("cluster-auto-backup", of(doc, "DbClusterResourceId")),
    };
    moment.arn("rds", &format!("{kind}:ab-{}", moment.dice.letters(&format!("auto-backup/{resource}"), 26)))
}

impl Rds {
    /// The backups of a deleted store, by a member of its document or by their ARN.
    pub(super) fn retained_by(&self, member: &str, value: &str, now: At) -> Option<&Retained> {
        let is = |r: &&Retained| r.arn == value || of(&r.doc, member).eq_ignore_ascii_case(value);
        self.retained.iter().filter(|r| r.is_kept(now)).find(is)
    }

    pub(super) fn describe_instance_backups(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let live = self.instances.iter().filter(|i| i.cluster().is_none() && i.status() != "deleting");
        let live = live.filter(|i| number(&i.doc, "BackupRetentionPeriod") > 0);
        let mut rows: Vec<Value> = live
            .map(|i| {
                Rds::instance_row(self, &i.doc, &arn(&i.doc, moment), i.window(moment.now), "active", moment)
            })
            .collect();
        rows.extend(self.retained_rows(moment, "DBInstanceArn", Rds::instance_row));
        rows.retain(|row| {
            ["DbiResourceId", "DBInstanceIdentifier", "DBInstanceAutomatedBackupsArn"]
                .iter()
                .all(|name| text(parameters, name).is_none_or(|v| any(&row[*name], v)))
                && filters(parameters, |name| member_of(name).map(|member| &row[member]))
        });
        let asked =
            ["DbiResourceId", "DBInstanceAutomatedBackupsArn"].iter().find_map(|n| text(parameters, n));
        match asked {
            Some(id) if rows.is_empty() => {
                let message = format!("There is no automated backup of {id}.");
                Err(Refused::not_found("DBInstanceAutomatedBackupNotFound", message))
            }
            _ => pages::RDS.page("DBInstanceAutomatedBackups", rows, parameters),
        }
    }

    pub(super) fn describe_cluster_backups(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let live = self.clusters.iter().filter(|c| c.status() != "deleting");
        let mut rows: Vec<Value> = live
            .map(|c| self.cluster_row(&c.doc, &arn(&c.doc, moment), c.window(moment.now), "active", moment))
            .collect();
        rows.extend(self.retained_rows(moment, "DBClusterArn", Rds::cluster_row));
        rows.retain(|row| {
            ["DbClusterResourceId", "DBClusterIdentifier"]
                .iter()
                .all(|name| text(parameters, name).is_none_or(|v| any(&row[*name], v)))
                && filters(parameters, |name| member_of(name).map(|member| &row[member]))
        });
        match text(parameters, "DbClusterResourceId") {
            Some(id) if rows.is_empty() => {
                let message = format!("There is no automated backup of {id}.");
                Err(Refused::not_found("DBClusterAutomatedBackupNotFoundFault", message))
            }
            _ => pages::RDS.page("DBClusterAutomatedBackups", rows, parameters),
        }
    }

    fn retained_rows(&self, moment: &Moment<'_>, of_kind: &str, row: Row) -> Vec<Value> {
        let kept = self.retained.iter().filter(|r| r.is_kept(moment.now) && r.doc.contains_key(of_kind));
        kept.map(|r| row(self, &r.doc, &r.arn, Some(r.window(moment.now)), "retained", moment)).collect()
    }
}

/// A row of a store's document, the ARN of its backups, what they reach, their status.
type Row = fn(&Rds, &Map<String, Value>, &str, Option<(At, At)>, &str, &Moment<'_>) -> Value;

fn member_of(filter: &str) -> Option<&'static str> {
    match filter {
        "status" => Some("Status"),
        "db-instance-id" => Some("DBInstanceIdentifier"),
        "dbi-resource-id" => Some("DbiResourceId"),
        "db-cluster-id" => Some("DBClusterIdentifier"),
        "db-cluster-resource-id" => Some("DbClusterResourceId"),
        _ => None,
    }
}

/// Members of a store that its automated backups show under the same name.
const SHOWN: &[&str] = &[
    "DBInstanceArn",
    "DbiResourceId",
    "DBInstanceIdentifier",
    "DBClusterArn",
    "DbClusterResourceId",
    "DBClusterIdentifier",
    "AllocatedStorage",
    "AvailabilityZone",
    "AvailabilityZones",
    "InstanceCreateTime",
    "ClusterCreateTime",
    "MasterUsername",
    "Engine",
    "EngineVersion",
    "EngineMode",
    "LicenseModel",
    "Iops",
    "StorageThroughput",
    "StorageType",
    "StorageEncryptionType",
    "KmsKeyId",
    "IAMDatabaseAuthenticationEnabled",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "BackupTarget",
    "DedicatedLogVolume",
    "TagList",
];

fn row_of(
    doc: &Map<String, Value>,
    window: Option<(At, At)>,
    status: &str,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let status = if window.is_none() { "creating" } else { status };
    let mut row = members([("Status", status.into()), ("Region", moment.site.region.clone().into())]);
    if let Some((earliest, latest)) = window {
        let times = json!({"EarliestTime": earliest.rfc3339(), "LatestTime": latest.rfc3339()});
        row.insert("RestoreWindow".into(), times);
    }
    let shown =
        SHOWN.iter().filter_map(|name| doc.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    row.extend(shown);
    row
}

impl Rds {
    fn instance_row(
        _: &Rds,
        doc: &Map<String, Value>,
        arn: &str,
        window: Option<(At, At)>,
        status: &str,
        moment: &Moment<'_>,
    ) -> Value {
        let mut row = row_of(doc, window, status, moment);
        row.insert("DBInstanceAutomatedBackupsArn".into(), arn.into());
        row.insert("Port".into(), number(doc, "DbInstancePort").into());
        row.insert("VpcId".into(), doc["DBSubnetGroup"]["VpcId"].clone());
        row.insert("Encrypted".into(), doc.get("StorageEncrypted").cloned().unwrap_or(Value::Bool(false)));
        row.insert("OptionGroupName".into(), doc["OptionGroupMemberships"][0]["OptionGroupName"].clone());
        Value::Object(row)
    }

    fn cluster_row(
        &self,
        doc: &Map<String, Value>,
        arn: &str,
        window: Option<(At, At)>,
        status: &str,
        moment: &Moment<'_>,
    ) -> Value {
        let mut row = row_of(doc, window, status, moment);
        row.insert("DBClusterAutomatedBackupsArn".into(), arn.into());
        row.insert("Port".into(), number(doc, "Port").into());
        row.insert(
            "StorageEncrypted".into(),
            doc.get("StorageEncrypted").cloned().unwrap_or(Value::Bool(false)),
        );
        row.insert("VpcId".into(), self.vpc_of(doc));
        row.insert("LicenseModel".into(), super::engine::licence(of(doc, "Engine")).into());
        row.retain(|name, _| name != "StorageType");
        Value::Object(row)
    }
}
