//! Values that the service models mark as sensitive, and the one word that stands for them.

use serde_json::Value;

use super::table::{Kind, Shape};

/// What stands where a sensitive value was.
pub const HIDDEN: &str = "(sensitive)";

/// The same value with everything sensitive in it replaced by [`HIDDEN`]: the form that may be shown, logged
/// and journalled. What is sensitive as a whole keeps its form and loses every value.
pub fn hide(shape: Shape, value: &Value) -> Value {
    veiled(Some(shape), value, false)
}

/// Whether a value holds anything sensitive.
pub fn holds_secret(shape: Shape, value: &Value) -> bool {
    hide(shape, value) != *value
}

/// `shape` is `None` below a member that the table does not know.
fn veiled(shape: Option<Shape>, value: &Value, down: bool) -> Value {
    let down = down || shape.is_some_and(Shape::sensitive);
    let kind = shape.map(Shape::kind);
    match value {
        Value::Object(all) => {
            let below = |name: &str| match kind {
                Some(Kind::Map(of)) => Some(of),
                _ => shape?.member(name).map(|m| m.shape),
            };
            all.iter().map(|(name, v)| (name.clone(), veiled(below(name), v, down))).collect()
        }
        Value::Array(all) => {
            let of = match kind {
                Some(Kind::List(of)) => Some(of),
                _ => None,
            };
            all.iter().map(|v| veiled(of, v, down)).collect()
        }
        Value::Null => Value::Null,
        _ if down => Value::from(HIDDEN),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    #[test]
    fn passwords_are_hidden_wherever_they_stand_and_nothing_else() {
        let input = find("rds", "ModifyDBInstance").unwrap().input().unwrap();
        let call = json!({"DBInstanceIdentifier": "o", "MasterUserPassword": "hunter2", "MultiAZ": null});
        let shown = json!({"DBInstanceIdentifier": "o", "MasterUserPassword": HIDDEN, "MultiAZ": null});
        assert_eq!(hide(input, &call), shown);
        assert!(holds_secret(input, &call) && !holds_secret(input, &shown));
        let output = find("rds", "DescribeDBInstances").unwrap().output().unwrap();
        let answer =
            json!({"DBInstances": [{"PendingModifiedValues": {"MasterUserPassword": "x", "Port": 1}}]});
        assert_eq!(
            hide(output, &answer),
            json!({"DBInstances": [{"PendingModifiedValues": {"MasterUserPassword": HIDDEN, "Port": 1}}]})
        );
    }

    #[test]
    fn a_secret_part_keeps_its_form_and_loses_its_values() {
        let output = find("ecs", "DescribeTaskDefinition").unwrap().output().unwrap();
        let container =
            |v: &str| json!({"name": "c", "environment": [{"name": v, "value": v, "new": {"x": v}}]});
        let answer = |v: &str| json!({"taskDefinition": {"containerDefinitions": [container(v)]}});
        assert_eq!(hide(output, &answer("V")), answer(HIDDEN));
    }
}
