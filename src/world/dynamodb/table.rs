//! One table: its document, its settings beside it, and the calls that change them.

use serde_json::{Map, Value, json};

use super::{Due, DynamoDb};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused};

/// What can be restored runs five minutes behind (`DynamoDB` developer guide, "Point-in-time recovery").
const BEHIND: Span = Span::mins(5);

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The document as `DescribeTable` gives it.
    pub doc: Map<String, Value>,
    pub data: Data,
    pub tags: Vec<Value>,
    pub recovery: Option<Recovery>,
    /// The attribute and whether it is on.
    pub time_to_live: Option<(String, bool)>,
    /// The switch of the time to live is on its way.
    pub switching: bool,
}

/// Point-in-time recovery of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    pub since: At,
    /// 1 to 35 days.
    pub days: u64,
}

impl Recovery {
    /// The window at `now`: from when it was turned on, at most its days, to five minutes ago.
    pub fn window(self, now: At) -> (At, At) {
        let ago = |span: Span| At(now.0 - i64::try_from(span.0).unwrap_or(0));
        let earliest = self.since.max(ago(Span::mins(self.days * 24 * 60)));
        (earliest, ago(BEHIND).max(earliest))
    }
}

impl Table {
    pub fn name(&self) -> &str {
        self.doc["TableName"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.doc["TableId"].as_str().unwrap_or_default()
    }

    pub fn status(&self) -> &str {
        self.doc["TableStatus"].as_str().unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.doc.insert(name.to_owned(), value.into());
    }

    pub(super) fn activate(&mut self) {
        self.set("TableStatus", "ACTIVE");
        if let Some(summary) = self.doc.get_mut("RestoreSummary") {
            summary["RestoreInProgress"] = false.into();
        }
    }

    pub(super) fn switch_over(&mut self) {
        self.switching = false;
        self.time_to_live.take_if(|(_, on)| !*on);
    }
}

impl DynamoDb {
    pub(super) fn describe_table(&self, parameters: &Value) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        Ok(json!({ "Table": self.tables[at].doc }))
    }

    pub(super) fn describe_continuous_backups(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "TableNotFoundException")?;
        Ok(json!({"ContinuousBackupsDescription": self.continuous_backups(at, moment.now)}))
    }

    fn continuous_backups(&self, at: usize, now: At) -> Value {
        let recovery = match self.tables[at].recovery {
            None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
            Some(recovery) => {
                let (earliest, latest) = recovery.window(now);
                json!({
                    "PointInTimeRecoveryStatus": "ENABLED",
                    "RecoveryPeriodInDays": recovery.days,
                    "EarliestRestorableDateTime": earliest.rfc3339(),
                    "LatestRestorableDateTime": latest.rfc3339(),
                })
            }
        };
        json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery})
    }

    /// Off and on again begins the history anew (`aws.md` §2).
    pub(super) fn update_continuous_backups(
        &mut self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "TableNotFoundException")?;
        let table = &mut self.tables[at];
        if table.status() == "CREATING" {
            let message = "Backups are being enabled for the table. Please retry later";
            return Err(Refused::new("ContinuousBackupsUnavailableException", message));
        }
        let wanted = &parameters["PointInTimeRecoverySpecification"];
        table.recovery = match (wanted["PointInTimeRecoveryEnabled"] == true, table.recovery) {
            (false, _) => None,
            (true, before) => {
                let kept = before.map_or(35, |r| r.days);
                let since = before.map_or(moment.now, |r| r.since);
                Some(Recovery { since, days: wanted["RecoveryPeriodInDays"].as_u64().unwrap_or(kept) })
            }
        };
        Ok(json!({"ContinuousBackupsDescription": self.continuous_backups(at, moment.now)}))
    }

    pub(super) fn describe_time_to_live(&self, parameters: &Value) -> Result<Value, Refused> {
        let table = &self.tables[self.table(parameters, "ResourceNotFoundException")?];
        let description = match (&table.time_to_live, table.switching) {
            (None, _) => json!({"TimeToLiveStatus": "DISABLED"}),
            (Some((attribute, on)), switching) => {
                let status = match (on, switching) {
                    (true, true) => "ENABLING",
                    (true, false) => "ENABLED",
                    (false, _) => "DISABLING",
                };
                json!({"TimeToLiveStatus": status, "AttributeName": attribute})
            }
        };
        Ok(json!({ "TimeToLiveDescription": description }))
    }

    /// Up to an hour, and what is as it was asked for is refused (`aws.md` §1).
    pub(super) fn update_time_to_live(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let wanted = &parameters["TimeToLiveSpecification"];
        let (on, attribute) =
            (wanted["Enabled"] == true, wanted["AttributeName"].as_str().unwrap_or_default());
        let table = &mut self.tables[at];
        if table.switching {
            let message = "Time to live has been modified multiple times within a fixed interval";
            return Err(Refused::new("ValidationException", message));
        }
        if table.time_to_live.is_some() == on {
            let message = if on { "TimeToLive is already enabled" } else { "TimeToLive is already disabled" };
            return Err(Refused::new("ValidationException", message));
        }
        table.time_to_live = Some((attribute.to_owned(), on));
        table.switching = true;
        let id = table.id().to_owned();
        let lasts = moment.within(&format!("ttl/{id}"), Span::mins(2), Span::mins(60));
        moment.later(lasts, Happening::DynamoDb(Due::TimeToLive { id }));
        Ok(json!({ "TimeToLiveSpecification": wanted }))
    }

    /// One change at a time; the table is `UPDATING` meanwhile.
    pub(super) fn update_table(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let stream = self.new_id("stream", moment);
        let table = &mut self.tables[at];
        if table.status() != "ACTIVE" {
            let message = format!(
                "Attempt to change a resource which is still in use: Table is being updated: {}",
                table.name()
            );
            return Err(Refused::new("ResourceInUseException", message));
        }
        for (name, value) in parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
            match name.as_str() {
                "TableName" => {}
                "BillingMode" => table.set("BillingModeSummary", json!({ "BillingMode": value })),
                "TableClass" => table.set("TableClassSummary", json!({ "TableClass": value })),
                "StreamSpecification" => set_stream(table, value, &stream, moment),
                other => table.set(other, value.clone()),
            }
        }
        table.set("TableStatus", "UPDATING");
        let (id, answer) = (table.id().to_owned(), table.doc.clone());
        let lasts = moment.within(&format!("update/{id}/{}", moment.now), Span::secs(5), Span::secs(60));
        moment.later(lasts, Happening::DynamoDb(Due::Active { id }));
        Ok(json!({ "TableDescription": answer }))
    }

    /// A table with point-in-time recovery leaves a backup of itself behind, for 35 days.
    pub(super) fn delete_table(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let table = &mut self.tables[at];
        if table.doc.get("DeletionProtectionEnabled") == Some(&Value::Bool(true)) {
            let message = format!(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Table: {}",
                table.name()
            );
            return Err(Refused::new("ValidationException", message));
        }
        if table.status() != "ACTIVE" {
            let message =
                format!("Attempt to change a resource which is still in use: Table: {}", table.name());
            return Err(Refused::new("ResourceInUseException", message));
        }
        table.set("TableStatus", "DELETING");
        let (id, answer) = (table.id().to_owned(), table.doc.clone());
        let lasts = moment.within(&format!("delete/{id}"), Span::secs(20), Span::mins(3));
        moment.later(lasts, Happening::DynamoDb(Due::Gone { id }));
        Ok(json!({ "TableDescription": answer }))
    }
}

/// A stream that is turned on again is another one, with another ARN.
fn set_stream(table: &mut Table, wanted: &Value, id: &str, moment: &Moment<'_>) {
    if wanted["StreamEnabled"] == true {
        let label = moment.now.rfc3339().replace('Z', "");
        let arn = format!("{}/stream/{label}", table.doc["TableArn"].as_str().unwrap_or_default());
        table.set("StreamSpecification", wanted.clone());
        table.set("LatestStreamLabel", format!("{label}#{}", &id[..4]));
        table.set("LatestStreamArn", arn);
    } else {
        table.doc.remove("StreamSpecification");
    }
}
