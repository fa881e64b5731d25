//! Tables made anew from a backup or a moment: indexes, capacity and encryption come back, the rest does not.

use serde_json::{Map, Value, json};

use super::{Backup, Due, DynamoDb, Table, invalid, needed};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused};

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
    "MultiRegionConsistency",
    "RestoreSummary",
];

/// What a new table is made from.
struct Source {
    doc: Map<String, Value>,
    data: Data,
    items: Vec<Value>,
    summary: Value,
}

impl Source {
    fn of_backup(arn: &str, backup: &Backup) -> Source {
        let summary = json!({
            "SourceBackupArn": arn,
            "SourceTableArn": backup.source["TableArn"],
            "RestoreDateTime": backup.details["BackupCreationDateTime"],
            "RestoreInProgress": true,
        });
        let (doc, data, items) = (backup.source.clone(), backup.data.clone(), backup.items.clone());
        Source { doc, data, items, summary }
    }
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
        let source = Source::of_backup(arn, backup);
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
        let to = moment_of(parameters, recovery.window(moment.now))?;
        let summary = json!({
            "SourceTableArn": table.arn(),
            "RestoreDateTime": to.rfc3339(),
            "RestoreInProgress": true,
        });
        let (doc, data, items) = (table.doc.clone(), table.data.as_of(to), table.items.clone());
        self.restore(Source { doc, data, items, summary }, parameters, moment)
    }

    /// A table from a backup that AWS Backup holds under `arn`.
    pub(in crate::world) fn restore_from_vault(
        &mut self,
        (arn, backup): (&str, &Backup),
        target: &str,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        self.restore(Source::of_backup(arn, backup), &json!({"TargetTableName": target}), moment)
    }

    fn restore(
        &mut self,
        source: Source,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let name = needed(parameters, "TargetTableName")?;
        self.can_restore(name)?;
        let id = self.new_id("table", moment);
        let mut doc = source.doc;
        doc.retain(|member, _| !LOST.contains(&member.as_str()));
        for (member, value) in [
            ("TableName", Value::from(name)),
            ("TableId", id.as_str().into()),
            ("TableArn", moment.arn("dynamodb", &format!("table/{name}")).into()),
            ("TableStatus", "CREATING".into()),
            ("CreationDateTime", moment.now.rfc3339().into()),
            ("DeletionProtectionEnabled", false.into()),
            // Always, whatever the source had (`aws.md` §3).
            ("TableClassSummary", json!({"TableClass": "STANDARD"})),
            ("RestoreSummary", source.summary),
        ] {
            doc.insert(member.to_owned(), value);
        }
        // Never under about 20 minutes, whatever the size; 95 % within the hour (`aws.md` §2).
        let lasts = moment.within(&format!("restore/{id}"), Span::mins(20), Span::mins(50));
        let fresh = moment.within(&format!("fresh/{id}"), Span::mins(10), Span::mins(60));
        let mut table = Table::new(doc, source.data, moment.now.plus(lasts).plus(fresh));
        table.items = source.items;
        table.take_overrides(parameters, moment);
        table.rename_indexes();
        let answer = table.doc.clone();
        self.tables.push(table);
        moment.later(lasts, Happening::DynamoDb(Due::Active { id }));
        Ok(json!({ "TableDescription": answer }))
    }

    fn can_restore(&self, target: &str) -> Result<(), Refused> {
        match self.named(target).map(Table::status) {
            Some("CREATING" | "DELETING") => {
                let message = format!("Table is being created or deleted: {target}");
                return Err(Refused::new("TableInUseException", message));
            }
            Some(_) => {
                let message = format!("Table already exists: {target}");
                return Err(Refused::new("TableAlreadyExistsException", message));
            }
            None => {}
        }
        let restores =
            |t: &&Table| t.doc.get("RestoreSummary").is_some_and(|s| s["RestoreInProgress"] == true);
        let most = self.restores_at_a_time;
        if self.tables.iter().filter(restores).count() < most {
            return Ok(());
        }
        let message = format!("Subscriber limit exceeded: {most} concurrent table restores");
        Err(Refused::new("LimitExceededException", message))
    }
}

/// The moment that is asked for: the latest, or one in the window.
fn moment_of(parameters: &Value, (earliest, latest): (At, At)) -> Result<At, Refused> {
    let wanted = parameters["RestoreDateTime"].as_str().and_then(At::parse);
    match (parameters["UseLatestRestorableTime"] == true, wanted) {
        (true, None) => Ok(latest),
        (false, Some(at)) if (earliest..=latest).contains(&at) => Ok(at),
        (false, Some(at)) => {
            let message = format!(
                "RestoreDateTime {at} is not between EarliestRestorableDateTime {earliest} and LatestRestorableDateTime {latest}"
            );
            Err(Refused::new("InvalidRestoreTimeException", message))
        }
        _ => Err(invalid("exactly one of RestoreDateTime and UseLatestRestorableTime must be given")),
    }
}

impl Table {
    /// What the call says wins; an index that it does not name is dropped where it names any.
    fn take_overrides(&mut self, parameters: &Value, moment: &Moment<'_>) {
        for (parameter, member) in [
            ("GlobalSecondaryIndexOverride", "GlobalSecondaryIndexes"),
            ("LocalSecondaryIndexOverride", "LocalSecondaryIndexes"),
        ] {
            if let Some(rows) = parameters[parameter].as_array() {
                let rows: Vec<Value> = rows.iter().map(|r| self.index_document(r, "CREATING")).collect();
                self.set(member, rows);
            }
        }
        if let Some(mode) = parameters["BillingModeOverride"].as_str() {
            self.set("BillingModeSummary", json!({ "BillingMode": mode }));
            if mode == "PAY_PER_REQUEST" {
                self.take_throughput(&json!({"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}), moment.now);
            }
        }
        if parameters["ProvisionedThroughputOverride"].is_object() {
            self.take_throughput(&parameters["ProvisionedThroughputOverride"], moment.now);
        }
        if parameters["OnDemandThroughputOverride"].is_object() {
            self.set("OnDemandThroughput", parameters["OnDemandThroughputOverride"].clone());
        }
        if parameters["SSESpecificationOverride"].is_object() {
            self.set_encryption(&parameters["SSESpecificationOverride"], moment);
        }
    }

    /// The indexes of a copy are its own, and being made.
    fn rename_indexes(&mut self) {
        let arn = self.arn().to_owned();
        for list in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            let Some(rows) = self.doc.get_mut(list).and_then(Value::as_array_mut) else { continue };
            for row in rows {
                let name = row["IndexName"].as_str().unwrap_or_default().to_owned();
                row["IndexArn"] = format!("{arn}/index/{name}").into();
                if list == "GlobalSecondaryIndexes" {
                    row["IndexStatus"] = "CREATING".into();
                }
            }
            if self.doc[list].as_array().is_some_and(Vec::is_empty) {
                self.doc.shift_remove(list);
            }
        }
    }
}
