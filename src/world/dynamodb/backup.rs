//! Backups on demand, and those that a deleted table leaves behind.

use serde_json::{Map, Value, json};

use super::{Due, DynamoDb, invalid, needed};
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
    pub items: Vec<Value>,
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

impl Backup {
    /// What is told of it: the backup, the table it was made of, and that table's features.
    fn description(&self) -> Value {
        let source = |name: &str| self.source.get(name).cloned().unwrap_or(Value::Null);
        let mode =
            self.source.get("BillingModeSummary").map_or("PROVISIONED".into(), |b| b["BillingMode"].clone());
        let time_to_live = self.time_to_live.as_ref();
        json!({
            "BackupDetails": self.details,
            "SourceTableDetails": present(json!({
                "TableName": source("TableName"),
                "TableId": source("TableId"),
                "TableArn": source("TableArn"),
                "TableSizeBytes": source("TableSizeBytes"),
                "KeySchema": source("KeySchema"),
                "TableCreationDateTime": source("CreationDateTime"),
                "ProvisionedThroughput": only(&source("ProvisionedThroughput"), UNITS),
                "OnDemandThroughput": source("OnDemandThroughput"),
                "ItemCount": source("ItemCount"),
                "BillingMode": mode,
            })),
            "SourceTableFeatureDetails": present(json!({
                "LocalSecondaryIndexes": indexes(&source("LocalSecondaryIndexes")),
                "GlobalSecondaryIndexes": indexes(&source("GlobalSecondaryIndexes")),
                "StreamDescription": source("StreamSpecification"),
                "TimeToLiveDescription":
                    time_to_live.map(|a| json!({"TimeToLiveStatus": "ENABLED", "AttributeName": a})),
                "SSEDescription": source("SSEDescription"),
            })),
        })
    }
}

const UNITS: &[&str] = &["ReadCapacityUnits", "WriteCapacityUnits"];

/// Indexes as a backup tells them: without size and state.
fn indexes(rows: &Value) -> Value {
    let brief = |row: &Value| {
        let mut brief = only(row, &["IndexName", "KeySchema", "Projection", "OnDemandThroughput"]);
        if row["ProvisionedThroughput"].is_object() {
            brief["ProvisionedThroughput"] = only(&row["ProvisionedThroughput"], UNITS);
        }
        brief
    };
    rows.as_array().map_or(Value::Null, |rows| rows.iter().map(brief).collect())
}

fn only(value: &Value, members: &[&str]) -> Value {
    let kept = members.iter().filter_map(|m| Some(((*m).to_owned(), value.get(*m)?.clone())));
    Value::Object(kept.collect())
}

fn present(value: Value) -> Value {
    let mut map = crate::world::given::map(value);
    map.retain(|_, v| !v.is_null());
    Value::Object(map)
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
        self.tables[at].backups_ready(moment.now)?;
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
            items: table.items.clone(),
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

    pub(super) fn gone(&mut self, id: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.tables.iter().position(|t| t.id() == id) else { return };
        if self.tables[at].recovery.is_some() {
            let name = format!("{}$DeletedTableBackup", self.tables[at].name());
            let mut backup = self.backup_of(at, &name, "SYSTEM", moment);
            let expiry: At = moment.now.plus(KEPT);
            backup.details.insert("BackupExpiryDateTime".into(), expiry.rfc3339().into());
            backup.details.insert("BackupStatus".into(), "AVAILABLE".into());
            let gone = Due::Expired { arn: backup.arn().to_owned() };
            moment.later(KEPT, Happening::DynamoDb(gone));
            self.backups.push(backup);
        }
        self.tables.remove(at);
    }

    pub(super) fn describe_backup(&self, parameters: &Value) -> Result<Value, Refused> {
        let backup = self.backup(needed(parameters, "BackupArn")?)?;
        Ok(json!({ "BackupDescription": backup.description() }))
    }

    pub(super) fn backup(&self, arn: &str) -> Result<&Backup, Refused> {
        let missing = || Refused::new("BackupNotFoundException", format!("Backup not found: {arn}"));
        self.backups.iter().find(|b| b.arn() == arn).ok_or_else(missing)
    }

    /// Of users where no type is named; `SYSTEM` and `ALL` by name. Those of AWS Backup are not told (`aws.md`
    /// §0.9).
    pub(super) fn list_backups(&self, parameters: &Value) -> Result<Value, Refused> {
        let kind = parameters["BackupType"].as_str().unwrap_or("USER");
        let bound = |name: &str| parameters[name].as_str().and_then(At::parse);
        let table = parameters["TableName"].as_str().map(|n| n.rsplit('/').next().unwrap_or(n));
        let is_asked = |backup: &&Backup| {
            let made = backup.details["BackupCreationDateTime"].as_str().and_then(At::parse);
            (kind == "ALL" || backup.details["BackupType"] == kind)
                && table.is_none_or(|n| backup.source["TableName"] == n)
                && bound("TimeRangeLowerBound").is_none_or(|from| made >= Some(from))
                && bound("TimeRangeUpperBound").is_none_or(|to| made < Some(to))
        };
        let mut asked: Vec<&Backup> = self.backups.iter().filter(is_asked).collect();
        if let Some(start) = parameters["ExclusiveStartBackupArn"].as_str() {
            let at = asked.iter().position(|b| b.arn() == start);
            let at = at.ok_or_else(|| invalid(format!("Invalid ExclusiveStartBackupArn: {start}")))?;
            asked.drain(..=at);
        }
        let most = match &parameters["Limit"] {
            Value::Null => 100,
            given => given
                .as_u64()
                .filter(|n| (1..=100).contains(n))
                .ok_or_else(|| invalid(format!("Value '{given}' at 'limit' failed to satisfy constraint")))?,
        };
        let most = usize::try_from(most).unwrap_or(100);
        let more = asked.len() > most;
        asked.truncate(most);
        let mut answer = json!({"BackupSummaries": asked.iter().map(|b| b.summary()).collect::<Vec<_>>()});
        if let Some(last) = asked.last().filter(|_| more) {
            answer["LastEvaluatedBackupArn"] = last.arn().into();
        }
        Ok(answer)
    }

    /// A backup that AWS Backup makes: it holds it, and nobody else tells it.
    pub(in crate::world) fn backup_for_vault(&mut self, arn: &str, moment: &Moment<'_>) -> Option<Backup> {
        let at = self.tables.iter().position(|t| t.arn() == arn)?;
        Some(self.backup_of(at, "awsbackup", "AWS_BACKUP", moment))
    }
}
