//! Pages of a list: the markers and limits of the query services.

use serde_json::{Map, Value};

use super::Refused;

/// One page of `rows` under `list`, by `Marker` and `MaxRecords` (20 to 100, as the RDS API reference says).
pub(super) fn page(list: &str, rows: Vec<Value>, parameters: &Value) -> Result<Value, Refused> {
    let most = match parameters["MaxRecords"].as_u64() {
        None if parameters["MaxRecords"].is_null() => 100,
        Some(n @ 20..=100) => n,
        _ => {
            let message = format!(
                "Invalid value {} for MaxRecords. Must be between 20 and 100",
                parameters["MaxRecords"]
            );
            return Err(Refused::new("InvalidParameterValue", message));
        }
    };
    let from = match parameters["Marker"].as_str() {
        None => 0,
        Some(marker) => marker_of(marker)?,
    };
    let most = usize::try_from(most).unwrap_or(100);
    let more = rows.len() > from.saturating_add(most);
    let mut answer = Map::new();
    if more {
        answer.insert("Marker".into(), format!("marker-{}", from + most).into());
    }
    answer.insert(list.into(), rows.into_iter().skip(from).take(most).collect());
    Ok(Value::Object(answer))
}

fn marker_of(marker: &str) -> Result<usize, Refused> {
    let number = marker.strip_prefix("marker-").and_then(|n| n.parse().ok());
    number.ok_or_else(|| Refused::new("InvalidParameterValue", format!("Invalid value {marker} for Marker")))
}
