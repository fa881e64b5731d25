//! The one way text gets into a report: cleaned, and with secrets taken out.
//!
//! Members that the service model marks as sensitive are replaced wherever a call is shown; their values are
//! then looked for in every other text too, because a note or an error message may repeat them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::catalogue::{self, CliPlace, HIDDEN, Kind, Shape};
use crate::ids::Place;
use crate::run::{Call, Fact};
use crate::runbook::Action;
use crate::text::{clean, clean_whole};

/// Shorter texts are not looked for elsewhere: they would be found in every word.
const SHORTEST: usize = 4;

/// Text that may be shown anywhere: nothing but `Ink` makes one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Shown(String);

impl Shown {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One resolved call in the form that may be shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShownCall {
    pub place: Shown,
    pub service: Shown,
    pub operation: Shown,
    /// As the API spells them, sensitive members replaced.
    pub parameters: Value,
    /// The `aws` command line; none for an operation this version does not know.
    pub cli: Option<Shown>,
}

/// Turns untrusted text into [`Shown`].
#[derive(Clone, Debug, Default)]
pub(super) struct Ink {
    secrets: BTreeSet<String>,
}

impl Ink {
    /// Learns the secrets of a run: what its calls sent in sensitive members, what secret prompts gave.
    pub fn of(facts: &[&Fact], plan: &crate::run::Plan) -> Ink {
        let mut ink = Ink::default();
        for fact in facts {
            match fact {
                Fact::Intent { call, .. } => ink.learn_call(call),
                Fact::Prepared { call, .. } => ink.learn_call(&call.call),
                Fact::Gave { path, outputs } => {
                    let action = plan.step(path).map(|s| &s.action);
                    if matches!(action, Some(Action::Prompt(prompt)) if prompt.secret) {
                        outputs.values().for_each(|v| ink.learn(v));
                    }
                }
                _ => {}
            }
        }
        ink
    }

    /// Learns the values of a call's sensitive members.
    pub fn learn_call(&mut self, call: &Call) {
        let operation = catalogue::find(&call.service, &call.operation);
        if let Some(shape) = operation.and_then(catalogue::Operation::input) {
            self.learn_member(shape, &call.parameters);
        }
    }

    fn learn_member(&mut self, shape: Shape, value: &Value) {
        if shape.sensitive() {
            return self.learn(value);
        }
        match (shape.kind(), value) {
            (Kind::Structure, Value::Object(map)) => {
                for (name, value) in map {
                    if let Some(member) = shape.member(name) {
                        self.learn_member(member.shape, value);
                    }
                }
            }
            (Kind::List(of), Value::Array(list)) => list.iter().for_each(|v| self.learn_member(of, v)),
            (Kind::Map(of), Value::Object(map)) => map.values().for_each(|v| self.learn_member(of, v)),
            _ => {}
        }
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.len() >= SHORTEST => {
                self.secrets.insert(text.clone());
            }
            Value::Array(list) => list.iter().for_each(|v| self.learn(v)),
            Value::Object(map) => map.values().for_each(|v| self.learn(v)),
            _ => {}
        }
    }

    /// Text for one line.
    pub fn text(&self, text: &str) -> Shown {
        Shown(clean(&self.without_secrets(text)).into_owned())
    }

    /// Anything that can be written, for one line.
    pub fn show(&self, thing: &impl std::fmt::Display) -> Shown {
        self.text(&thing.to_string())
    }

    /// A value with every text in it made showable, keys included; nothing is cut short.
    pub fn value(&self, value: &Value) -> Value {
        each_text(value, &|text| clean_whole(&self.without_secrets(text)))
    }

    /// A map with every text in it made showable.
    pub fn map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(k, v)| (self.text(k).0, self.value(v))).collect()
    }

    pub fn place(&self, place: &Place) -> Shown {
        self.show(place)
    }

    /// A call as it may be shown; one of an unknown operation shows no parameters, because nobody can say
    /// which of them are secret.
    pub fn call(&self, call: &Call) -> ShownCall {
        let region = Some(call.place.region.clone());
        self.call_at(call, &CliPlace { region, ..CliPlace::default() })
    }

    /// The same with a command line for a profile and an endpoint.
    pub fn call_at(&self, call: &Call, place: &CliPlace) -> ShownCall {
        let operation = catalogue::find(&call.service, &call.operation);
        let hidden = |o: &catalogue::Operation| {
            let hidden = o.input().map_or(Value::Null, |shape| catalogue::hide(shape, &call.parameters));
            each_text(&hidden, &|text| self.without_secrets(text).into_owned())
        };
        let parameters = operation.map(hidden);
        // The line quotes control characters for the shell; cleaned parameters would paste as something else.
        let cli = operation.zip(parameters.as_ref()).map(|(o, p)| Shown(clean_whole(&o.cli(p, place))));
        let unknown = || Value::from("(not shown: this version does not know the operation)");
        ShownCall {
            place: self.place(&call.place),
            service: self.text(&call.service),
            operation: self.text(&call.operation),
            parameters: parameters.map_or_else(unknown, |p| self.value(&p)),
            cli,
        }
    }

    fn without_secrets<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let mut out = std::borrow::Cow::Borrowed(text);
        for secret in &self.secrets {
            if out.contains(secret.as_str()) {
                out = std::borrow::Cow::Owned(out.replace(secret.as_str(), HIDDEN));
            }
        }
        out
    }
}

/// A value with every text in it changed, keys included.
fn each_text(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(list) => list.iter().map(|v| each_text(v, change)).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (change(k), each_text(v, change))).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn password(value: &str) -> Call {
        Call {
            place: Place { region: "eu-west-1".into(), ..Place::default() },
            service: "rds".into(),
            operation: "ModifyDBInstance".into(),
            parameters: json!({"DBInstanceIdentifier": "orders", "MasterUserPassword": value}),
        }
    }

    #[test]
    fn a_sensitive_member_is_replaced_in_parameters_and_command_line() {
        let shown = Ink::default().call(&password("hunter2!"));
        assert_eq!(shown.parameters["MasterUserPassword"], HIDDEN);
        assert!(!serde_json::to_string(&shown).unwrap().contains("hunter2"));
        assert!(shown.cli.unwrap().as_str().contains("--master-user-password '(sensitive)'"));
    }

    #[test]
    fn a_secret_is_taken_out_of_every_other_text() {
        let mut ink = Ink::default();
        ink.learn_call(&password("hunter2!"));
        assert_eq!(ink.text("it is hunter2!, try it").as_str(), "it is (sensitive), try it");
        assert_eq!(ink.value(&json!({"a": ["x", "hunter2!"]})), json!({"a": ["x", "(sensitive)"]}));
    }

    #[test]
    fn an_operation_nobody_knows_shows_no_parameters() {
        let call = Call { operation: "Unheard".into(), ..password("hunter2!") };
        let shown = Ink::default().call(&call);
        assert!(shown.parameters.is_string() && shown.cli.is_none());
    }

    #[test]
    fn a_long_command_line_is_never_cut() {
        let mut call = password("x");
        call.parameters = json!({"DBInstanceIdentifier": "a".repeat(9000)});
        assert!(Ink::default().call(&call).cli.unwrap().as_str().contains(&"a".repeat(9000)));
    }
}
