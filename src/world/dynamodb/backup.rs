//! Backups on demand, and those that a deleted table leaves behind.

use serde_json::{Map, Value, json};

use super::{Due, DynamoDb, Table, needed};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused};

/// How long the backup of a deleted table is kept (`aws.md` §0.9).
const KEPT: Span = Span::mins(35 * 24 * 60);

/// A backup.
#[derive(Clone, Debug)]
pub struct Backup {
    /// `BackupDetails`.
    pub details: Map<String, Value>,
    /// The table as it was, without what a restore does not bring back.
    pub source: Map<String, Value>,
    pub data: Data,
    pub time_to_live: Option<String>,
}

impl Backup {
    pub fn arn(&self) -> &str {
        self.details["BackupArn"].as_str().unwrap_or_default()
    }

    pub fn status(&self) -> &str {
        self.details["BackupStatus"].as_str().unwrap_or_default()
    }

    fn summary(&self) -> Value {
        let mut row = Map::new();
        for name in ["TableName", "TableId", "TableArn"] {
            row.insert(name.into(), self.source[name].clone());
        }
        row.extend(self.details.clone());
        Value::Object(row)
    }
}

impl DynamoDb {
    /// Each call makes another backup, of the same name too: there is no guard against repeats (`aws.md` §1).
    pub(super) fn create_backup(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let name = needed(parameters, "BackupName")?.to_owned();
        let at = self.table(parameters, "TableNotFoundException")?;
        if self.tables[at].status() != "ACTIVE" {
            return Err(Refused::new(
                "TableInUseException",
                format!("Table is in use: {}", self.tables[at].name()),
            ));
        }
        let backup = self.backup_of(at, &name, "USER", moment);
        let (arn, details) = (backup.arn().to_owned(), backup.details.clone());
        self.backups.push(backup);
        let lasts = moment.within(&format!("backup/{arn}"), Span::secs(30), Span::mins(5));
        moment.later(lasts, Happening::DynamoDb(Due::Backup { arn }));
        Ok(json!({ "BackupDetails": details }))
    }

    /// A backup of a table as of now, still being made.
    pub fn backup_of(&mut self, at: usize, name: &str, kind: &str, moment: &Moment<'_>) -> Backup {
        let id = self.new_id("backup", moment);
        let table = &self.tables[at];
        let rest = format!("table/{}/backup/{:014}-{}", table.name(), moment.now.0, &id[..8]);
        let mut details = Map::new();
        details.insert("BackupArn".into(), moment.arn("dynamodb", &rest).into());
        details.insert("BackupName".into(), name.into());
        details
            .insert("BackupSizeBytes".into(), table.doc.get("TableSizeBytes").cloned().unwrap_or(0.into()));
        details.insert("BackupStatus".into(), "CREATING".into());
        details.insert("BackupType".into(), kind.into());
        details.insert("BackupCreationDateTime".into(), moment.now.rfc3339().into());
        Backup {
            details,
            source: table.doc.clone(),
            data: table.data.as_of(moment.now),
            time_to_live: table
                .time_to_live
                .as_ref()
                .filter(|(_, on)| *on)
                .map(|(attribute, _)| attribute.clone()),
        }
    }

    pub(super) fn backup_done(&mut self, arn: &str) {
        if let Some(backup) = self.backups.iter_mut().find(|b| b.arn() == arn) {
            backup.details.insert("BackupStatus".into(), "AVAILABLE".into());
        }
    }

    pub(super) fn gone(&mut self, id: &str, moment: &Moment<'_>) {
        let Some(at) = self.tables.iter().position(|t| t.id() == id) else { return };
        if self.tables[at].recovery.is_some() {
            let name = format!("{}$DeletedTableBackup", self.tables[at].name());
            let mut backup = self.backup_of(at, &name, "SYSTEM", moment);
            let expiry: At = moment.now.plus(KEPT);
            backup.details.insert("BackupExpiryDateTime".into(), expiry.rfc3339().into());
            backup.details.insert("BackupStatus".into(), "AVAILABLE".into());
            self.backups.push(backup);
        }
        self.tables.remove(at);
    }

    pub(super) fn describe_backup(&self, parameters: &Value) -> Result<Value, Refused> {
        let backup = self.backup(needed(parameters, "BackupArn")?)?;
        let source = &backup.source;
        let text = |name: &str| source.get(name).cloned().unwrap_or(Value::Null);
        let mode =
            source.get("BillingModeSummary").map_or("PROVISIONED".into(), |b| b["BillingMode"].clone());
        Ok(json!({"BackupDescription": {
            "BackupDetails": backup.details,
            "SourceTableDetails": {
                "TableName": text("TableName"), "TableId": text("TableId"), "TableArn": text("TableArn"),
                "TableSizeBytes": text("TableSizeBytes"), "KeySchema": text("KeySchema"),
                "TableCreationDateTime": text("CreationDateTime"), "ProvisionedThroughput": text("ProvisionedThroughput"),
                "ItemCount": text("ItemCount"), "BillingMode": mode,
            },
            "SourceTableFeatureDetails": {
                "GlobalSecondaryIndexes": text("GlobalSecondaryIndexes"),
                "LocalSecondaryIndexes": text("LocalSecondaryIndexes"),
                "StreamDescription": text("StreamSpecification"),
                "SSEDescription": text("SSEDescription"),
                "TimeToLiveDescription": backup.time_to_live.as_ref()
                    .map(|a| json!({"TimeToLiveStatus": "ENABLED", "AttributeName": a})),
            },
        }}))
    }

    pub(super) fn backup(&self, arn: &str) -> Result<&Backup, Refused> {
        let missing = || Refused::new("BackupNotFoundException", format!("Backup not found: {arn}"));
        self.backups.iter().find(|b| b.arn() == arn).ok_or_else(missing)
    }

    /// Of users where no type is named; `SYSTEM`, `AWS_BACKUP` and `ALL` by name.
    pub(super) fn list_backups(&self, parameters: &Value) -> Value {
        let kind = parameters["BackupType"].as_str().unwrap_or("USER");
        let bound = |name: &str| parameters[name].as_str().and_then(At::parse);
        let is_asked = |backup: &&Backup| {
            let made = backup.details["BackupCreationDateTime"].as_str().and_then(At::parse);
            (kind == "ALL" || backup.details["BackupType"] == kind)
                && parameters["TableName"].as_str().is_none_or(|n| backup.source["TableName"] == n)
                && bound("TimeRangeLowerBound").is_none_or(|from| made >= Some(from))
                && bound("TimeRangeUpperBound").is_none_or(|to| made < Some(to))
        };
        let rows: Vec<Value> = self.backups.iter().filter(is_asked).map(Backup::summary).collect();
        json!({ "BackupSummaries": rows })
    }
}

impl Table {
    /// What a backup or a moment of this table gives to a table made from it.
    pub(super) fn copy(&self, at: At) -> (Map<String, Value>, Data) {
        (self.doc.clone(), self.data.as_of(at))
    }
}
