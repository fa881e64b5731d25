//! What is backed up: the only place of AWS Backup that reaches into RDS and `DynamoDB`.

use serde_json::{Map, Value, json};

use super::{Reach, invalid, missing, window};
use crate::catalogue::{self, Kind};
use crate::ids::{At, Span};
use crate::world::{Moment, Refused, Snapshot, TableBackup};

/// What a recovery point holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// The id of a snapshot that RDS holds.
    Snapshot(String),
    /// The same of a cluster.
    ClusterSnapshot(String),
    Table(Box<TableBackup>),
}

/// A kind of resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kin {
    Instance,
    Cluster,
    Table,
}

impl Kin {
    /// By the ARN: of a database instance, of a cluster or of a table.
    pub(super) fn of(arn: &str) -> Result<Kin, Refused> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "rds", _, _, rest] if rest.starts_with("db:") => Ok(Kin::Instance),
            ["arn", _, "rds", _, _, rest] if rest.starts_with("cluster:") => Ok(Kin::Cluster),
            ["arn", _, "dynamodb", _, _, rest] if rest.starts_with("table/") => Ok(Kin::Table),
            _ => Err(invalid(format!("Invalid ARN {arn}: the resource type is not supported"))),
        }
    }

    /// `ResourceType`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kin::Instance => "RDS",
            Kin::Cluster => "Aurora",
            Kin::Table => "DynamoDB",
        }
    }

    /// The operation of RDS that makes one anew.
    fn operation(self) -> &'static str {
        match self {
            Kin::Cluster => "RestoreDBClusterFromSnapshot",
            Kin::Instance | Kin::Table => "RestoreDBInstanceFromDBSnapshot",
        }
    }

    /// The member of the restore metadata that names what is made.
    fn target(self) -> &'static str {
        match self {
            Kin::Instance => "DBInstanceIdentifier",
            Kin::Cluster => "DBClusterIdentifier",
            Kin::Table => "targetTableName",
        }
    }

    /// How long a backup of it takes (`aws.md` §2: minutes, snapshot time).
    pub(super) fn lasts(self, id: &str, moment: &Moment<'_>) -> Span {
        let (low, high) = match self {
            Kin::Instance | Kin::Cluster => (2, 12),
            Kin::Table => (1, 6),
        };
        moment.within(&format!("backup-job/{id}"), Span::mins(low), Span::mins(high))
    }
}

/// The name in an ARN.
pub(super) fn name(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

impl Reach<'_> {
    fn instance(&self, arn: &str) -> Option<usize> {
        self.rds.instances.iter().position(|i| i.doc["DBInstanceArn"] == arn)
    }

    fn cluster(&self, arn: &str) -> Option<usize> {
        self.rds.clusters.iter().position(|c| c.doc["DBClusterArn"] == arn)
    }

    /// The document of a resource, where there is one.
    pub(super) fn document(&self, arn: &str) -> Result<&Map<String, Value>, Refused> {
        let found = match Kin::of(arn)? {
            Kin::Instance => self.instance(arn).map(|at| &self.rds.instances[at].doc),
            Kin::Cluster => self.cluster(arn).map(|at| &self.rds.clusters[at].doc),
            Kin::Table => self.dynamodb.tables.iter().find(|t| t.arn() == arn).map(|t| &t.doc),
        };
        found.ok_or_else(|| missing(&format!("Resource {arn}")))
    }

    /// Why a job cannot begin now.
    pub(super) fn hindrance(&self, arn: &str, now: At) -> Option<String> {
        let doc = match self.document(arn) {
            Ok(doc) => doc,
            Err(gone) => return Some(gone.message),
        };
        let near =
            |member: &str| doc.get(member).and_then(Value::as_str).is_some_and(|w| window::is_near(now, w));
        let what =
            [("PreferredBackupWindow", "automated backup"), ("PreferredMaintenanceWindow", "maintenance")];
        let (_, word) = what.into_iter().find(|(member, _)| near(member))?;
        Some(format!(
            "Backup job could not start because it is either inside or too close to the {word} window configured in RDS instance."
        ))
    }

    /// Begins a copy: gives the ARN of the recovery point and what it holds.
    pub(super) fn begin(
        &mut self,
        arn: &str,
        job: &str,
        moment: &Moment<'_>,
    ) -> Result<(String, Content), Refused> {
        let gone = || missing(&format!("Resource {arn}"));
        match Kin::of(arn)? {
            Kin::Instance => {
                let at = self.instance(arn).ok_or_else(gone)?;
                let id = format!("awsbackup:job-{}", job.to_lowercase());
                let mut snapshot: Snapshot = self.rds.snapshot_of(at, &id, "awsbackup", moment);
                progress(&mut snapshot.doc, 0);
                let point = snapshot.doc["DBSnapshotArn"].as_str().unwrap_or_default().to_owned();
                self.rds.snapshots.push(snapshot);
                Ok((point, Content::Snapshot(id)))
            }
            Kin::Cluster => {
                let at = self.cluster(arn).ok_or_else(gone)?;
                let id = format!("awsbackup:job-{}", job.to_lowercase());
                let mut snapshot = self.rds.cluster_snapshot_of(at, &id, "awsbackup", moment);
                progress(&mut snapshot.doc, 0);
                let point = snapshot.doc["DBClusterSnapshotArn"].as_str().unwrap_or_default().to_owned();
                self.rds.cluster_snapshots.push(snapshot);
                Ok((point, Content::ClusterSnapshot(id)))
            }
            Kin::Table => {
                let backup = self.dynamodb.backup_for_vault(arn, moment).ok_or_else(gone)?;
                Ok((backup.arn().to_owned(), Content::Table(Box::new(backup))))
            }
        }
    }

    /// How far a copy is, in percent; at 100 it can be restored.
    pub(super) fn advance(&mut self, content: &mut Content, percent: u8) {
        match content {
            Content::Snapshot(id) => {
                let own = |s: &&mut Snapshot| s.doc["DBSnapshotIdentifier"] == id.as_str();
                if let Some(snapshot) = self.rds.snapshots.iter_mut().find(own) {
                    progress(&mut snapshot.doc, percent);
                }
            }
            Content::ClusterSnapshot(id) => {
                let own = |s: &&mut Snapshot| s.doc["DBClusterSnapshotIdentifier"] == id.as_str();
                if let Some(snapshot) = self.rds.cluster_snapshots.iter_mut().find(own) {
                    progress(&mut snapshot.doc, percent);
                }
            }
            Content::Table(backup) if percent == 100 => {
                backup.details.insert("BackupStatus".into(), "AVAILABLE".into());
            }
            Content::Table(_) => {}
        }
    }

    /// A copy that is not kept.
    pub(super) fn discard(&mut self, content: &Content) {
        let kept = |s: &Snapshot, member: &str, id: &str| s.doc[member] != id;
        match content {
            Content::Snapshot(id) => self.rds.snapshots.retain(|s| kept(s, "DBSnapshotIdentifier", id)),
            Content::ClusterSnapshot(id) => {
                self.rds.cluster_snapshots.retain(|s| kept(s, "DBClusterSnapshotIdentifier", id));
            }
            Content::Table(_) => {}
        }
    }

    /// Makes a resource anew, and gives its ARN.
    pub(super) fn restore(
        &mut self,
        (arn, content): (&str, &Content),
        metadata: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<String, Refused> {
        match content {
            Content::Snapshot(id) => {
                let operation = Kin::Instance.operation();
                let mut call = typed(operation, metadata)?;
                call["DBSnapshotIdentifier"] = id.as_str().into();
                let answer = self.rds.call(operation, &call, moment)?;
                Ok(answer["DBInstance"]["DBInstanceArn"].as_str().unwrap_or_default().to_owned())
            }
            Content::ClusterSnapshot(id) => {
                let operation = Kin::Cluster.operation();
                let mut call = typed(operation, metadata)?;
                call["SnapshotIdentifier"] = id.as_str().into();
                let answer = self.rds.call(operation, &call, moment)?;
                Ok(answer["DBCluster"]["DBClusterArn"].as_str().unwrap_or_default().to_owned())
            }
            Content::Table(backup) => {
                let target = metadata["targetTableName"].as_str().unwrap_or_default();
                let answer = self.dynamodb.restore_from_vault((arn, backup), target, moment)?;
                Ok(answer["TableDescription"]["TableArn"].as_str().unwrap_or_default().to_owned())
            }
        }
    }

    /// The status of what was made anew; nothing where it is gone.
    pub(super) fn status(&self, arn: &str) -> Option<&str> {
        let doc = self.document(arn).ok()?;
        ["DBInstanceStatus", "Status", "TableStatus"].iter().find_map(|m| doc.get(*m))?.as_str()
    }
}

fn progress(doc: &mut Map<String, Value>, percent: u8) {
    let status = if percent == 100 { "available" } else { "creating" };
    doc.insert("PercentProgress".into(), percent.into());
    doc.insert("Status".into(), status.into());
}

/// The parameters of a restore call, from a map of texts in which lists and maps are JSON.
fn typed(operation: &str, metadata: &Value) -> Result<Value, Refused> {
    let input = catalogue::find("rds", operation).and_then(catalogue::Operation::input);
    let mut call = json!({});
    for (name, value) in metadata.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        // Metadata of a point may name what this operation does not take; AWS ignores those too.
        let Some(member) = input.and_then(|i| i.member(name)) else { continue };
        let wrong = || invalid(format!("Invalid restore metadata: {name} cannot be {text}"));
        call[name] = match member.shape.kind() {
            Kind::Text { .. } | Kind::Timestamp | Kind::Blob => text.into(),
            Kind::Boolean | Kind::Integer | Kind::Float | Kind::List(_) | Kind::Map(_) | Kind::Structure => {
                serde_json::from_str(text).map_err(|_| wrong())?
            }
        };
    }
    Ok(call)
}

/// What a restore needs beside the point: refused where the target is not named.
pub(super) fn check_metadata(kin: Kin, metadata: &Value) -> Result<(), Refused> {
    let map = metadata
        .as_object()
        .ok_or_else(|| Refused::new("MissingParameterValueException", "Metadata is a required parameter."))?;
    if let Some((name, _)) = map.iter().find(|(_, v)| !v.is_string()) {
        return Err(invalid(format!("Invalid restore metadata: the value of {name} is not text")));
    }
    if map.get(kin.target()).and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(invalid(format!("Invalid restore metadata: {} is missing", kin.target())));
    }
    if kin == Kin::Table { Ok(()) } else { typed(kin.operation(), metadata).map(drop) }
}

/// The settings of the source, as texts; lists are JSON in a text.
pub(super) fn metadata(kin: Kin, doc: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<&Value>| {
        let text = match value {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        out.insert(name.to_owned(), text.into());
    };
    if kin == Kin::Table {
        put("originalTableName", doc.get("TableName"));
        let key = doc.get("SSEDescription").map(|s| &s["KMSMasterKeyArn"]);
        put("encryptionType", Some(&if key.is_some() { "KMS".into() } else { "Default".into() }));
        put("kmsMasterKeyArn", key);
        return out;
    }
    for name in [
        "DBClusterIdentifier",
        "EngineVersion",
        "EngineMode",
        "DBInstanceIdentifier",
        "DBInstanceClass",
        "DBName",
        "Engine",
        "LicenseModel",
        "AvailabilityZone",
        "MultiAZ",
        "PubliclyAccessible",
        "AutoMinorVersionUpgrade",
        "StorageType",
        "Iops",
        "CopyTagsToSnapshot",
        "DeletionProtection",
        "CACertificateIdentifier",
        "NetworkType",
    ] {
        put(name, doc.get(name));
    }
    put("EnableIAMDatabaseAuthentication", doc.get("IAMDatabaseAuthenticationEnabled"));
    put("EnableCloudwatchLogsExports", doc.get("EnabledCloudwatchLogsExports"));
    put("Port", doc.get("Endpoint").map(|e| &e["Port"]).filter(|p| !p.is_null()).or(doc.get("Port")));
    // A cluster tells the names of its groups, an instance the groups.
    let group = doc.get("DBSubnetGroup");
    put("DBSubnetGroupName", group.map(|g| if g.is_string() { g } else { &g["DBSubnetGroupName"] }));
    put("DBClusterParameterGroupName", doc.get("DBClusterParameterGroup"));
    put("DBParameterGroupName", doc.get("DBParameterGroups").map(|g| &g[0]["DBParameterGroupName"]));
    put("OptionGroupName", doc.get("OptionGroupMemberships").map(|g| &g[0]["OptionGroupName"]));
    let groups = doc.get("VpcSecurityGroups").and_then(Value::as_array).into_iter().flatten();
    let groups: Vec<&Value> = groups.map(|g| &g["VpcSecurityGroupId"]).collect();
    put("VpcSecurityGroupIds", Some(&json!(groups)));
    out
}

/// How many bytes a copy of a resource has.
pub(super) fn size(doc: &Map<String, Value>) -> u64 {
    let number = |member: &str| doc.get(member).and_then(Value::as_u64);
    number("TableSizeBytes").or(number("AllocatedStorage").map(|gib| gib << 30)).unwrap_or(0)
}
