//! Two documents compared path by path.
//!
//! Lists compare as sets: AWS does not keep their order (`aws.md` §3). Pure; what a difference means, and
//! what closes it, is decided elsewhere.

use serde_json::Value;

/// One differing path.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// `A.B`, with `A[]` for a list that differs as a whole.
    pub path: String,
    /// Null where the left side has nothing.
    pub left: Value,
    pub right: Value,
}

/// Whether two values are the same, lists taken as sets and an absent value as an empty one.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && sorted(a) == sorted(b),
        (Value::Object(a), Value::Object(b)) => {
            let covers = |x: &serde_json::Map<String, Value>, y: &serde_json::Map<String, Value>| {
                x.iter().all(|(k, v)| same(v, y.get(k).unwrap_or(&Value::Null)))
            };
            covers(a, b) && covers(b, a)
        }
        (Value::Null, other) | (other, Value::Null) => empty(other),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

/// Every path at which two documents differ, in the order of the left document, then of the right one.
pub fn rows(left: &Value, right: &Value) -> Vec<Row> {
    let mut out = Vec::new();
    collect(String::new(), left, right, &mut out);
    out
}

/// Whether `path` is one of `named` or lies below or above one of them.
pub fn covered<'a>(path: &str, named: impl IntoIterator<Item = &'a str>) -> bool {
    let plain = path.replace("[]", "");
    named.into_iter().any(|name| {
        let name = name.replace("[]", "");
        below(&plain, &name) || below(&name, &plain)
    })
}

fn below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn collect(path: String, left: &Value, right: &Value, out: &mut Vec<Row>) {
    if same(left, right) {
        return;
    }
    let (Value::Object(a), Value::Object(b)) = (left, right) else {
        let list = left.is_array() || right.is_array();
        let path = if list { format!("{path}[]") } else { path };
        out.push(Row { path, left: left.clone(), right: right.clone() });
        return;
    };
    let only_right = b.keys().filter(|k| !a.contains_key(*k));
    for key in a.keys().chain(only_right) {
        let deeper = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let side = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        collect(deeper, &side(a), &side(b), out);
    }
}

fn sorted(list: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = list.iter().map(normal).collect();
    texts.sort_unstable();
    texts
}

/// Text that is equal for values that are [`same`].
fn normal(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut inner: Vec<String> =
                map.iter().filter(|(_, v)| !empty(v)).map(|(k, v)| format!("{k:?}:{}", normal(v))).collect();
            inner.sort_unstable();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(list) => format!("[{}]", sorted(list).join(",")),
        Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), |f| f.to_string()),
        plain => plain.to_string(),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_sets_and_absent_is_empty() {
        assert!(same(&json!({"a": [1, 2], "b": null}), &json!({"a": [2, 1], "c": []})));
        assert!(!same(&json!([1, 1]), &json!([1, 2])));
        assert!(!same(&json!(false), &json!(null)));
        assert!(same(&json!([{"k": "a", "x": []}]), &json!([{"k": "a"}])));
    }

    #[test]
    fn rows_name_the_deepest_differing_path() {
        let left = json!({"E": {"Port": 1, "Address": "a"}, "L": ["x"], "Same": 1});
        let right = json!({"E": {"Port": 2, "Address": "a"}, "L": ["y"], "Same": 1, "New": true});
        let paths: Vec<String> = rows(&left, &right).into_iter().map(|r| r.path).collect();
        assert_eq!(paths, ["E.Port", "L[]", "New"]);
    }

    #[test]
    fn a_named_path_covers_what_lies_below_and_above_it() {
        assert!(covered("Endpoint.Port", ["Endpoint"]));
        assert!(covered("Groups[]", ["Groups[].Name"]));
        assert!(!covered("EndpointX", ["Endpoint"]));
    }
}
