//! `Scan`: a page of the items that a scenario gave a table. Filters are not computed here, and refused.

use serde_json::{Value, json};

use super::{DynamoDb, invalid};
use crate::world::Refused;

impl DynamoDb {
    pub(super) fn scan(&self, parameters: &Value) -> Result<Value, Refused> {
        let table = &self.tables[self.table(parameters, "ResourceNotFoundException")?];
        if let Some(name) = ["FilterExpression", "ScanFilter"].iter().find(|n| !parameters[**n].is_null()) {
            return Err(invalid(format!("the pretend DynamoDB does not compute {name}")));
        }
        let limit = match &parameters["Limit"] {
            Value::Null => 1000,
            given => given.as_u64().filter(|n| *n > 0).ok_or_else(|| {
                invalid(format!("Value '{given}' at 'limit' failed to satisfy constraint: Member must be greater than or equal to 1"))
            })?,
        };
        let keys: Vec<&str> = table
            .doc
            .get("KeySchema")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|k| k["AttributeName"].as_str())
            .collect();
        let key =
            |item: &Value| -> Value { keys.iter().map(|k| ((*k).to_owned(), item[*k].clone())).collect() };
        let from = match &parameters["ExclusiveStartKey"] {
            Value::Null => 0,
            start => table.items.iter().position(|i| key(i) == *start).map_or(0, |at| at + 1),
        };
        let to = from.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(table.items.len());
        let page = &table.items[from..to];
        let mut answer = json!({"Items": page, "Count": page.len(), "ScannedCount": page.len()});
        if parameters["Select"] == "COUNT" {
            answer.as_object_mut().map(|a| a.shift_remove("Items"));
        }
        if let Some(last) = page.last().filter(|_| to < table.items.len()) {
            answer["LastEvaluatedKey"] = key(last);
        }
        Ok(answer)
    }
}
