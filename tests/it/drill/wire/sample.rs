//! Documents made up from the shape table: every member is set, each to a value that can be told from its neighbours.

use ripcord::catalogue::{self, Facts, Kind, Shape};
use serde_json::{Map, Value, json};

/// One operation that is served, with a document for each direction.
pub struct Call {
    pub service: &'static str,
    pub operation: &'static str,
    pub facts: &'static Facts,
    pub input: Value,
    pub output: Value,
}

/// Every operation that the drill cloud serves.
pub fn calls() -> Vec<Call> {
    let services = catalogue::services().iter();
    let served = services.flat_map(|s| catalogue::served(s).map(|(operation, facts)| (*s, operation, facts)));
    let calls: Vec<Call> =
        served.map(|(service, operation, facts)| call(service, operation, facts)).collect();
    assert!(calls.len() > 80, "{}", calls.len());
    calls
}

fn call(service: &'static str, operation: &'static str, facts: &'static Facts) -> Call {
    // A client sends whole seconds; an answer has milliseconds.
    let input = facts.input.map_or(json!({}), |shape| Sample { count: 0, millis: 0 }.document(shape));
    let output = facts.output.map_or(json!({}), |shape| Sample { count: 0, millis: 250 }.document(shape));
    Call { service, operation, facts, input, output }
}

struct Sample {
    count: i64,
    millis: i64,
}

impl Sample {
    fn document(&mut self, shape: Shape) -> Value {
        self.value(shape, &mut Vec::new())
    }

    fn value(&mut self, shape: Shape, above: &mut Vec<Shape>) -> Value {
        self.count += 1;
        above.push(shape);
        let value = match shape.kind() {
            Kind::Structure => self.structure(shape, above),
            Kind::List(of) => (0..items(above)).map(|_| self.value(of, above)).collect(),
            Kind::Map(of) => {
                let entry = |n: usize| (format!("key & {n}"), self.value(of, above));
                Value::Object((0..2).map(entry).collect())
            }
            Kind::Text { enumeration: [] } => json!(format!("{} <é&\"'+/%> {}", shape.name(), self.count)),
            Kind::Text { enumeration } => json!(enumeration[self.nth(enumeration.len())]),
            Kind::Integer => json!(self.count),
            Kind::Float => json!(0.5 + f64::from(i32::try_from(self.count).unwrap())),
            Kind::Boolean => json!(self.count % 2 == 0),
            Kind::Timestamp => {
                json!(ripcord::ids::At(1_772_329_200_000 + self.count * 1000 + self.millis).rfc3339())
            }
            Kind::Blob => json!(["YmxvYg==", "Ymw=", "YmxvYjEy"][self.nth(3)]),
        };
        above.pop();
        value
    }

    fn structure(&mut self, shape: Shape, above: &mut Vec<Shape>) -> Value {
        // A union has one member at a time; which one differs from place to place.
        let all: Vec<_> = shape.members().filter(|(_, m)| !holds(m.shape, above)).collect();
        let all = if shape.union() { vec![all[self.nth(all.len())]] } else { all };
        let member = |(name, m): (&str, catalogue::Member)| (name.to_owned(), self.value(m.shape, above));
        Value::Object(all.into_iter().map(member).collect::<Map<_, _>>())
    }

    fn nth(&self, of: usize) -> usize {
        usize::try_from(self.count).unwrap() % of
    }
}

/// Two items show their order; deeper down one is enough.
fn items(above: &[Shape]) -> usize {
    if above.len() < 6 { 2 } else { 1 }
}

/// Whether a member leads back to a shape we are already inside.
fn holds(shape: Shape, above: &[Shape]) -> bool {
    above.contains(&shape)
        || match shape.kind() {
            Kind::List(of) | Kind::Map(of) => holds(of, above),
            _ => false,
        }
}

/// The first place where two documents differ, for a message that can be read.
pub fn difference(wanted: &Value, found: &Value, at: &str) -> Option<String> {
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k)));
            let of =
                |all: &Map<String, Value>, key: &String| all.get(key).cloned().unwrap_or(json!("(absent)"));
            keys.map(|k| (k, of(a, k), of(b, k)))
                .find_map(|(k, a, b)| difference(&a, &b, &format!("{at}.{k}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..a.len()).find_map(|n| difference(&a[n], &b[n], &format!("{at}[{n}]")))
        }
        _ if wanted == found => None,
        _ => Some(format!("{at}: wanted {wanted:.200}, found {found:.200}")),
    }
}

#[test]
fn samples_set_every_member_and_no_two_texts_are_the_same() {
    let call = calls().into_iter().find(|c| c.operation == "DescribeDBInstances").unwrap();
    let instance = &call.output["DBInstances"][1];
    let shape = Shape::named("rds", "DBInstance").unwrap();
    assert_eq!(instance.as_object().unwrap().len(), shape.members().count());
    assert_ne!(instance["Engine"], instance["EngineVersion"]);
    assert_ne!(instance, &call.output["DBInstances"][0]);
}
