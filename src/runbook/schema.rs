//! The JSON Schema of the format (draft 2020-12), made of the loader's own tables.
//!
//! It says what one place may hold; what places have to do with each other only the loader knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::keys::{ACTIONS, Key, RUNBOOK, Rule, SENDS, Table, Want};
use super::shape::TYPES;

/// The schema that `ripcord schema` prints and editors use.
pub fn schema() -> Value {
    let mut defs = Defs(BTreeMap::new());
    let root = defs.table(&RUNBOOK);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ripcord runbook, format 1",
    });
    merge(&mut schema, root);
    schema["$defs"] = defs.0.into_iter().collect();
    schema
}

/// The definitions met so far, by name. A definition under construction is null.
struct Defs(BTreeMap<String, Value>);

impl Defs {
    fn reference(&mut self, table: &'static Table) -> Value {
        if !self.0.contains_key(table.name) {
            self.0.insert(table.name.to_owned(), Value::Null);
            let definition = self.table(table);
            self.0.insert(table.name.to_owned(), definition);
        }
        json!({"$ref": format!("#/$defs/{}", table.name)})
    }

    fn table(&mut self, table: &'static Table) -> Value {
        let properties: Map<String, Value> =
            table.keys.iter().map(|key| (key.name.to_owned(), self.property(key))).collect();
        let required: Vec<_> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut definition = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            definition["required"] = json!(required);
        }
        let mut all: Vec<Value> = table.rules.iter().map(rule).collect();
        if table.name == "step" {
            let each = ACTIONS.iter().map(|spec| json!({"const": spec.name, "description": spec.about}));
            definition["properties"]["action"] = json!({"oneOf": each.collect::<Vec<_>>()});
            all.extend(self.actions());
        }
        if !all.is_empty() {
            definition["allOf"] = json!(all);
        }
        definition
    }

    fn property(&mut self, key: &'static Key) -> Value {
        let mut property = self.want(&key.want);
        property["description"] = json!(key.about);
        property
    }

    fn want(&mut self, want: &'static Want) -> Value {
        match want {
            Want::Text => json!({"type": "string"}),
            Want::Template => json!({"type": "string", "$comment": "may hold {{ templates }}"}),
            Want::Run => json!({"type": "string", "$comment": "expression over the run"}),
            Want::Answer => json!({"type": "string", "$comment": "expression over one answer"}),
            Want::Name => json!({"type": "string", "pattern": NAME}),
            Want::Id => json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"}),
            Want::Duration => json!({"type": "string", "pattern": "^[0-9]{1,9}[smhd]$"}),
            Want::Count(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Want::Boolean => json!({"type": "boolean"}),
            Want::Word(words) => json!({"enum": words}),
            Want::Pattern => json!({"type": "string", "$comment": "a regular expression in Rust's syntax"}),
            Want::Value => json!({}),
            Want::Values | Want::Inputs => json!({"type": "object"}),
            Want::List(of, least) => self.list(of, *least),
            Want::Named(of) => {
                json!({"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": self.want(of)})
            }
            Want::Keyed(of) => json!({"type": "object", "additionalProperties": self.want(of)}),
            Want::Table(table) => self.reference(table),
            Want::Either(wants) => {
                let any: Vec<_> = wants.iter().map(|want| self.want(want)).collect();
                json!({"anyOf": any})
            }
            Want::Type => self.type_of_value(),
        }
    }

    fn list(&mut self, of: &'static Want, least: usize) -> Value {
        let items = self.want(of);
        if least == 0 {
            json!({"type": "array", "items": items})
        } else {
            json!({"type": "array", "items": items, "minItems": least})
        }
    }

    fn type_of_value(&mut self) -> Value {
        let reference = json!({"$ref": "#/$defs/type"});
        let any = json!({"anyOf": [
            {"enum": TYPES},
            {"type": "array", "items": reference, "minItems": 1, "maxItems": 1},
            {"type": "object", "additionalProperties": reference, "minProperties": 1},
        ]});
        self.0.insert("type".to_owned(), any);
        reference
    }

    /// For each action: its inputs, and the keys that mean nothing with it.
    fn actions(&mut self) -> Vec<Value> {
        let with_action = ACTIONS.iter().map(|spec| {
            let mut then = Map::from_iter([("inputs".to_owned(), self.reference(spec.inputs))]);
            then.extend(refused(spec.keys));
            json!({
                "if": {"properties": {"action": {"const": spec.name}}, "required": ["action"]},
                "then": {"properties": then},
            })
        });
        let mut all: Vec<Value> = with_action.collect();
        all.push(json!({
            "if": {"required": ["for_each"]},
            "then": {"properties": refused(&["point_of_no_return"]).collect::<Map<_, _>>()},
        }));
        all
    }
}

const NAME: &str = "^[a-z][a-z0-9_]*$";

fn refused(known: &'static [&'static str]) -> impl Iterator<Item = (String, Value)> {
    SENDS.iter().filter(|key| !known.contains(key)).map(|key| ((*key).to_owned(), Value::Bool(false)))
}

fn rule(rule: &Rule) -> Value {
    let one = |name: &&str| json!({"required": [name]});
    match rule {
        Rule::ExactlyOne(names) => json!({"oneOf": names.iter().map(one).collect::<Vec<_>>()}),
        Rule::AtLeastOne(names) => json!({"anyOf": names.iter().map(one).collect::<Vec<_>>()}),
        Rule::Needs(name, other) => json!({"dependentRequired": {*name: [other]}}),
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_definition() {
        let schema = schema();
        let text = schema.to_string();
        for part in text.split("\"#/$defs/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schema["$defs"][name].is_object(), "{name}");
        }
        assert_eq!(schema["$defs"]["step"]["properties"]["name"]["pattern"], NAME);
    }
}
