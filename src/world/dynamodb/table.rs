//! One table: its document, what stands beside it, and its end.

use serde_json::{Map, Value, json};

use super::{Due, DynamoDb, Recovery, invalid};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused};

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The document as `DescribeTable` gives it.
    pub doc: Map<String, Value>,
    pub data: Data,
    /// What a `Scan` shows. A copy of a past moment has the items of now: `data` tells what was lost.
    pub items: Vec<Value>,
    pub tags: Vec<Value>,
    pub recovery: Option<Recovery>,
    /// Before this moment the table is too new for continuous backups.
    pub backups_from: At,
    /// The attribute and whether it is on.
    pub time_to_live: Option<(String, bool)>,
    /// The switch of the time to live is on its way.
    pub switching: bool,
    /// Its resource policy, a JSON text.
    pub policy: Option<String>,
    /// As `DescribeContributorInsights` gives it; nothing where it never was on.
    pub insights: Option<Value>,
    /// As `DescribeKinesisStreamingDestination` gives them.
    pub destinations: Vec<Value>,
    /// Throughput that is on its way.
    pub(super) throughput: Option<Value>,
    /// When its capacity was lowered.
    pub(super) lowered: Vec<At>,
}

impl Table {
    /// A table with nothing beside it.
    pub fn new(doc: Map<String, Value>, data: Data, backups_from: At) -> Table {
        Table {
            doc,
            data,
            items: Vec::new(),
            tags: Vec::new(),
            recovery: None,
            backups_from,
            time_to_live: None,
            switching: false,
            policy: None,
            insights: None,
            destinations: Vec::new(),
            throughput: None,
            lowered: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        self.doc["TableName"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.doc["TableId"].as_str().unwrap_or_default()
    }

    pub fn arn(&self) -> &str {
        self.doc["TableArn"].as_str().unwrap_or_default()
    }

    pub fn status(&self) -> &str {
        self.doc["TableStatus"].as_str().unwrap_or_default()
    }

    /// Whether it is paid by the request.
    pub(super) fn on_demand(&self) -> bool {
        self.doc.get("BillingModeSummary").is_some_and(|b| b["BillingMode"] == "PAY_PER_REQUEST")
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.doc.insert(name.to_owned(), value.into());
    }

    /// What was on its way has arrived.
    pub(super) fn activate(&mut self, now: At) {
        self.set("TableStatus", "ACTIVE");
        if let Some(summary) = self.doc.get_mut("RestoreSummary") {
            summary["RestoreInProgress"] = false.into();
        }
        for list in ["GlobalSecondaryIndexes", "Replicas"] {
            let word = if list == "Replicas" { "ReplicaStatus" } else { "IndexStatus" };
            let Some(rows) = self.doc.get_mut(list).and_then(Value::as_array_mut) else { continue };
            rows.retain(|row| row[word] != "DELETING");
            for row in rows.iter_mut() {
                row[word] = "ACTIVE".into();
                row.as_object_mut().map(|r| r.shift_remove("Backfilling"));
            }
            if rows.is_empty() {
                self.doc.shift_remove(list);
            }
        }
        if let Some(wanted) = self.throughput.take() {
            self.take_throughput(&wanted, now);
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

    /// A table with point-in-time recovery leaves a backup of itself behind, for 35 days.
    pub(super) fn delete_table(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let table = &mut self.tables[at];
        if table.doc.get("DeletionProtectionEnabled") == Some(&Value::Bool(true)) {
            return Err(invalid(format!(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Table: {}",
                table.name()
            )));
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
