//! What stands between one question and its requests: batches, pages, and errors that hide in good answers.

use serde_json::{Map, Value};

use super::{Kind, Operation};

/// The parameters of one batch each; none when nothing need be sent.
pub fn batches(operation: &Operation, parameters: &Value) -> Vec<Value> {
    let batch = operation.batch().and_then(|b| Some((b, parameters.get(b.parameter)?.as_array()?)));
    let Some((batch, names)) = batch else { return vec![parameters.clone()] };
    let part = |names: &[Value]| {
        let mut part = parameters.clone();
        part[batch.parameter] = Value::from(names.to_vec());
        part
    };
    names.chunks(batch.most).map(part).collect()
}

/// The answer to a question about nothing: every list of it, empty.
pub fn nothing(operation: &Operation) -> Value {
    let lists = operation.output().into_iter().flat_map(super::Shape::members);
    let lists = lists.filter(|(_, m)| matches!(m.shape.kind(), Kind::List(_)));
    Value::Object(lists.map(|(name, _)| (name.to_owned(), Value::Array(Vec::new()))).collect())
}

/// Appends the lists of a further page or batch to what there is.
pub fn join(all: &mut Value, more: Value) {
    let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) else { return };
    for (name, value) in more {
        match (all.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                all.insert(name, value);
            }
        }
    }
}

/// The token of the next page, taken out of the answer.
pub fn next_page(operation: &Operation, answer: &mut Value) -> Option<(&'static str, Value)> {
    let paging = operation.paging()?;
    let token = answer.as_object_mut().and_then(|a: &mut Map<_, _>| a.shift_remove(paging.output_token))?;
    let more = !token.is_null() && token != "";
    more.then_some((paging.input_token, token))
}

/// What ECS did not find, which it answers with HTTP 200: the reason of the first, and all of them in words.
pub fn failures(operation: &Operation, answer: &Value) -> Option<(Option<String>, String)> {
    let list = operation.failures().and_then(|member| answer[member].as_array())?;
    let first = list.first()?;
    let text = |f: &Value, name: &str| f[name].as_str().unwrap_or_default().to_owned();
    let one = |f: &Value| format!("{} {}", text(f, "reason"), text(f, "arn")).trim().to_owned();
    let all: Vec<String> = list.iter().map(one).collect();
    Some((Some(text(first, "reason")).filter(|r| !r.is_empty()), all.join("; ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    #[test]
    fn long_lists_are_split_and_empty_ones_are_not_sent() {
        let describe = find("ecs", "DescribeServices").unwrap();
        let names: Vec<String> = (0..23).map(|n| format!("s{n}")).collect();
        let parts = batches(describe, &json!({"cluster": "c", "services": names}));
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[2], json!({"cluster": "c", "services": ["s20", "s21", "s22"]}));
        assert!(batches(describe, &json!({"services": []})).is_empty());
        assert_eq!(nothing(describe), json!({"services": [], "failures": []}));
        let clusters = find("ecs", "DescribeClusters").unwrap();
        assert_eq!(batches(clusters, &json!({})), [json!({})]);
    }

    #[test]
    fn pages_are_joined_and_lose_their_token() {
        let list = find("rds", "DescribeDBInstances").unwrap();
        let mut page = json!({"Marker": "m", "DBInstances": [1]});
        assert_eq!(next_page(list, &mut page), Some(("Marker", json!("m"))));
        join(&mut page, json!({"DBInstances": [2, 3]}));
        assert_eq!(page, json!({"DBInstances": [1, 2, 3]}));
        assert_eq!(next_page(list, &mut json!({"DBInstances": []})), None);
    }
}
