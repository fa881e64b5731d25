//! Global secondary indexes: one is made or deleted at a time.

use serde_json::{Value, json};

use super::{Table, invalid};
use crate::world::Refused;

impl Table {
    /// A global or local secondary index by its name.
    pub(super) fn index(&self, name: &str) -> Option<&Value> {
        let all = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
        let mut rows = all.iter().filter_map(|list| self.doc.get(*list)?.as_array()).flatten();
        rows.find(|row| row["IndexName"] == name)
    }

    /// What one call changes; gives whether it takes long.
    pub(super) fn change_indexes(&mut self, updates: &Value) -> Result<bool, Refused> {
        let updates = updates.as_array().cloned().unwrap_or_default();
        let long = updates.iter().filter(|u| u["Update"].is_null()).count();
        if long > 1 {
            let message = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";
            return Err(Refused::new("LimitExceededException", message));
        }
        let mut rows =
            self.doc.get("GlobalSecondaryIndexes").and_then(Value::as_array).cloned().unwrap_or_default();
        for update in &updates {
            self.change_index(&mut rows, update)?;
        }
        if !updates.is_empty() {
            self.set("GlobalSecondaryIndexes", rows);
        }
        Ok(long > 0)
    }

    fn change_index(&self, rows: &mut Vec<Value>, update: &Value) -> Result<(), Refused> {
        let named = |of: &Value| of["IndexName"].as_str().unwrap_or_default().to_owned();
        if update["Create"].is_object() {
            let name = named(&update["Create"]);
            if self.index(&name).is_some() {
                return Err(invalid(format!("Attempting to create an index which already exists: {name}")));
            }
            rows.push(self.index_document(&update["Create"], "CREATING"));
            return Ok(());
        }
        let (change, status) = if update["Delete"].is_object() {
            (&update["Delete"], "DELETING")
        } else {
            (&update["Update"], "UPDATING")
        };
        let missing = || {
            let message = format!("Requested resource not found: Index: {} not found", named(change));
            Refused::new("ResourceNotFoundException", message)
        };
        let row = rows.iter_mut().find(|r| r["IndexName"] == change["IndexName"]).ok_or_else(missing)?;
        row["IndexStatus"] = status.into();
        for (unit, n) in change["ProvisionedThroughput"].as_object().into_iter().flatten() {
            row["ProvisionedThroughput"][unit] = n.clone();
        }
        Ok(())
    }

    /// An index as it is described, from how it was asked for.
    pub(super) fn index_document(&self, asked: &Value, status: &str) -> Value {
        let name = asked["IndexName"].as_str().unwrap_or_default();
        let units = |member: &str| asked["ProvisionedThroughput"][member].as_u64().unwrap_or(0);
        let mut doc = json!({
            "IndexName": name,
            "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
            "IndexStatus": status,
            "ProvisionedThroughput": {
                "NumberOfDecreasesToday": 0,
                "ReadCapacityUnits": units("ReadCapacityUnits"),
                "WriteCapacityUnits": units("WriteCapacityUnits"),
            },
            "IndexSizeBytes": self.doc.get("TableSizeBytes").cloned().unwrap_or(0.into()),
            "ItemCount": self.doc.get("ItemCount").cloned().unwrap_or(0.into()),
            "IndexArn": format!("{}/index/{name}", self.arn()),
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
        });
        if status == "CREATING" {
            doc["Backfilling"] = true.into();
        }
        for (member, value) in asked.as_object().into_iter().flatten() {
            if member != "ProvisionedThroughput" && !value.is_null() {
                doc[member] = value.clone();
            }
        }
        doc
    }
}
