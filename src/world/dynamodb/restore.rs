//! Tables made anew from a backup or a moment: indexes, capacity and encryption come back, the rest does not.

use serde_json::{Map, Value, json};

use super::{Due, DynamoDb, Table, needed};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused};

/// Restores that run at a time in an account (`aws.md` §0.10).
const AT_A_TIME: usize = 50;
/// Members that do not come back (`aws.md` §3, `DynamoDB`).
const LOST: &[&str] = &[
    "StreamSpecification",
    "LatestStreamArn",
    "LatestStreamLabel",
    "DeletionProtectionEnabled",
    "TableClassSummary",
    "Replicas",
    "GlobalTableVersion",
    "OnDemandThroughput",
    "WarmThroughput",
];

/// What a new table is made from.
struct Source {
    doc: Map<String, Value>,
    data: Data,
    summary: Value,
}

impl DynamoDb {
    pub(super) fn restore_from_backup(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let arn = needed(parameters, "BackupArn")?;
        let backup = self.backup(arn)?;
        if backup.status() != "AVAILABLE" {
            return Err(Refused::new(
                "BackupInUseException",
                format!("Backup is being used by another operation: {arn}"),
            ));
        }
        let summary = json!({
            "SourceBackupArn": arn,
            "SourceTableArn": backup.source["TableArn"],
            "RestoreDateTime": backup.details["BackupCreationDateTime"],
            "RestoreInProgress": true,
        });
        let source = Source { doc: backup.source.clone(), data: backup.data.clone(), summary };
        self.restore(source, parameters, moment)
    }

    pub(super) fn restore_to_point_in_time(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let name = parameters["SourceTableArn"]
            .as_str()
            .or(parameters["SourceTableName"].as_str())
            .unwrap_or_default();
        let missing = || Refused::new("TableNotFoundException", format!("Table not found: {name}"));
        let at = self.position(name).ok_or_else(missing)?;
        let table = &self.tables[at];
        let recovery = table.recovery.ok_or_else(|| {
            let message = format!("Point in time recovery is not enabled for table '{}'", table.name());
            Refused::new("PointInTimeRecoveryUnavailableException", message)
        })?;
        let (earliest, latest) = recovery.window(moment.now);
        let wanted = parameters["RestoreDateTime"].as_str().and_then(At::parse);
        let to = match (parameters["UseLatestRestorableTime"] == true, wanted) {
            (true, None) => latest,
            (false, Some(at)) if (earliest..=latest).contains(&at) => at,
            _ => {
                let message = format!("RestoreDateTime must be between {earliest} and {latest}");
                return Err(Refused::new("InvalidRestoreTimeException", message));
            }
        };
        let (doc, data) = table.copy(to);
        let summary = json!({
            "SourceTableArn": doc["TableArn"],
            "RestoreDateTime": to.rfc3339(),
            "RestoreInProgress": true,
        });
        self.restore(Source { doc, data, summary }, parameters, moment)
    }

    fn restore(
        &mut self,
        source: Source,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let name = needed(parameters, "TargetTableName")?;
        if self.position(name).is_some() {
            return Err(Refused::new("TableAlreadyExistsException", format!("Table already exists: {name}")));
        }
        let running = self
            .tables
            .iter()
            .filter(|t| t.doc.get("RestoreSummary").is_some_and(|s| s["RestoreInProgress"] == true));
        if running.count() >= AT_A_TIME {
            let message = format!("Subscriber limit exceeded: {AT_A_TIME} concurrent restores");
            return Err(Refused::new("LimitExceededException", message));
        }
        let id = self.new_id("table", moment);
        let mut doc = source.doc;
        doc.retain(|member, _| !LOST.contains(&member.as_str()));
        doc.insert("TableName".into(), name.into());
        doc.insert("TableId".into(), id.clone().into());
        doc.insert("TableArn".into(), moment.arn("dynamodb", &format!("table/{name}")).into());
        doc.insert("TableStatus".into(), "CREATING".into());
        doc.insert("CreationDateTime".into(), moment.now.rfc3339().into());
        doc.insert("DeletionProtectionEnabled".into(), false.into());
        doc.insert("RestoreSummary".into(), source.summary);
        overrides(&mut doc, parameters);
        let answer = doc.clone();
        let table = Table {
            doc,
            data: source.data,
            tags: Vec::new(),
            recovery: None,
            time_to_live: None,
            switching: false,
        };
        self.tables.push(table);
        // Never under about 20 minutes, whatever the size; 95 % within the hour (`aws.md` §2).
        let lasts = moment.within(&format!("restore/{id}"), Span::mins(20), Span::mins(50));
        moment.later(lasts, Happening::DynamoDb(Due::Active { id }));
        Ok(json!({ "TableDescription": answer }))
    }
}

fn overrides(doc: &mut Map<String, Value>, parameters: &Value) {
    let given = [
        ("BillingModeOverride", "BillingModeSummary"),
        ("GlobalSecondaryIndexOverride", "GlobalSecondaryIndexes"),
        ("LocalSecondaryIndexOverride", "LocalSecondaryIndexes"),
        ("ProvisionedThroughputOverride", "ProvisionedThroughput"),
        ("SSESpecificationOverride", "SSEDescription"),
    ];
    for (parameter, member) in given {
        match &parameters[parameter] {
            Value::Null => {}
            mode if parameter == "BillingModeOverride" => {
                doc.insert(member.into(), json!({ "BillingMode": mode }));
            }
            value => {
                doc.insert(member.into(), value.clone());
            }
        }
    }
}
