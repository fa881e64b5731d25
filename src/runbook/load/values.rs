//! Parameters: their types, and whether the values written in the file fit them.

use serde_json::Value;

use super::super::finding::FindingKind;
use super::super::keys::PARAMETER_TYPES;
use super::super::model::{Parameter, ParameterKind};
use super::super::tree::{Entry, Kind as Is, Node, Raw};
use super::scope::{Here, Spot};
use super::{Loader, count, flag, list, text};
use crate::expr::{Tree, Type};
use crate::ids::{At, Span};

impl<'t> Loader<'t> {
    /// Learns the types of all parameters, before any expression is looked at.
    pub(super) fn learn_parameters(&mut self, root: &'t Node) {
        for entry in root.get("parameters").map(Node::map).unwrap_or_default() {
            let ty = self.quietly(|loader| loader.parameter_kind(&entry.value)).as_type();
            self.parameter_types.insert(&entry.key, ty);
        }
    }

    pub(super) fn parameters(&mut self, root: &'t Node) -> Vec<Parameter> {
        let entries = root.get("parameters").map(Node::map).unwrap_or_default();
        entries.iter().enumerate().map(|(place, entry)| self.one_parameter(place, entry)).collect()
    }

    fn one_parameter(&mut self, place: usize, entry: &Entry) -> Parameter {
        let node = &entry.value;
        let kind = self.parameter_kind(node);
        let mut parameter = Parameter {
            name: entry.key.clone(),
            description: text(node, "description"),
            required: flag(node, "required"),
            default: None,
            allowed_values: list(node, "allowed_values").iter().map(Node::json).collect(),
            allowed_pattern: node.get("allowed_pattern").and_then(|p| regex::Regex::new(p.text()?).ok()),
            max_length: count(node, "max_length").and_then(|n| usize::try_from(n).ok()),
            choices: node.get("choices").and_then(Node::text).map(str::to_owned),
            kind,
        };
        self.check_rules(node, &parameter);
        self.target(node);
        if let Some(default) = node.get("default") {
            parameter.default = Some(self.default(default, place, &parameter));
            if parameter.required {
                let at = node.entry("required").map_or(node.at.clone(), |e| e.key_at.clone());
                let message = "a parameter with a default is never asked for; it cannot be `required` too";
                self.say(Raw::new(FindingKind::KeyChoice, at, message));
            }
        }
        parameter
    }

    /// The type a parameter, or free input, says it has.
    pub(super) fn parameter_kind(&mut self, node: &Node) -> ParameterKind {
        let word = node.get("type").and_then(Node::text).unwrap_or_default();
        let items = node.get("items");
        if let (Some(entry), false) = (node.entry("items"), matches!(word, "list" | "map" | "")) {
            let message = format!("`items` means nothing for the type `{word}`");
            let raw = Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message);
            self.say(raw.hint("it belongs to the types list and map"));
        }
        let element = || items.map_or(ParameterKind::Text, element_kind);
        match word {
            "list" => ParameterKind::List(Box::new(element())),
            "map" => ParameterKind::Map(Box::new(element())),
            word => scalar_kind(word),
        }
    }

    fn check_rules(&mut self, node: &Node, parameter: &Parameter) {
        let element = parameter.kind.element();
        for value in list(node, "allowed_values") {
            self.check_value(value, element, None);
        }
        let texts = matches!(element, ParameterKind::Text | ParameterKind::Picker(_));
        for key in ["allowed_pattern", "max_length"] {
            if let Some(entry) = node.entry(key).filter(|_| !texts) {
                let message = format!("`{key}` means nothing for values that are no texts");
                self.say(Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message));
            }
        }
        if let Some((choices, name)) = node.get("choices").and_then(|n| Some((n, n.text()?))) {
            let (_, ty) = self.read_ref(choices, &Here::at(Spot::Preflight));
            if ty.element().is_none() {
                let message = format!("choices are a list, `{name}` is {ty}");
                self.say(Raw::new(FindingKind::NotAList, choices.at.clone(), message));
            }
        }
    }

    fn default(&mut self, node: &Node, place: usize, parameter: &Parameter) -> Tree {
        let here = Here::at(Spot::Default(place));
        if let Is::Scalar(Value::String(_)) = node.kind {
            let (tree, ty) = self.text_tree(node, &here);
            if let Tree::Text(_) = &tree {
                if let Err(why) = ty.fits(&parameter.kind.as_type()) {
                    let raw = Raw::new(FindingKind::ParameterValue, self.whole(node), why);
                    self.say(raw.expected(parameter.kind.words()));
                }
                return tree;
            }
        }
        let tree = self.tree(node, &here);
        if let Tree::Plain(_) = &tree {
            self.check_value(node, &parameter.kind, Some(parameter));
        }
        tree
    }

    /// A literal of the file against a type, and against the rules of a parameter.
    fn check_value(&mut self, node: &Node, kind: &ParameterKind, rules: Option<&Parameter>) {
        if node.is_bad() {
            return;
        }
        let wrong = match (kind, &node.kind) {
            (ParameterKind::List(of), Is::List(nodes)) => {
                for node in nodes {
                    self.check_value(node, of, rules);
                }
                None
            }
            (ParameterKind::Map(of), Is::Map(entries)) => {
                for entry in entries {
                    self.check_value(&entry.value, of, None);
                }
                None
            }
            (ParameterKind::Record(fields), Is::Map(entries)) => {
                let missing = fields.iter().find(|(name, _)| node.get(name).is_none());
                let unknown = entries.iter().find(|e| !fields.iter().any(|(name, _)| *name == e.key));
                for (name, kind) in fields {
                    if let Some(value) = node.get(name) {
                        self.check_value(value, kind, None);
                    }
                }
                missing
                    .map(|(name, _)| format!("`{name}` is missing"))
                    .or(unknown.map(|entry| format!("the record has no `{}`", entry.key)))
            }
            (kind, Is::Scalar(value)) => kind.misfit(value).or_else(|| rules.and_then(|p| p.refuses(value))),
            _ => Some(format!("this is {}, not {}", node.word(), kind.words())),
        };
        if let Some(message) = wrong {
            self.say(Raw::new(FindingKind::ParameterValue, node.at.clone(), message));
        }
    }
}

fn scalar_kind(word: &str) -> ParameterKind {
    match word {
        "integer" => ParameterKind::Integer,
        "boolean" => ParameterKind::Boolean,
        "timestamp" => ParameterKind::Timestamp,
        "duration" => ParameterKind::Duration,
        "list" => ParameterKind::List(Box::new(ParameterKind::Text)),
        "map" => ParameterKind::Map(Box::new(ParameterKind::Text)),
        _ => PARAMETER_TYPES
            .iter()
            .find(|known| **known == word && word.starts_with("aws."))
            .map_or(ParameterKind::Text, |name| ParameterKind::Picker(name)),
    }
}

fn element_kind(node: &Node) -> ParameterKind {
    match &node.kind {
        Is::Map(entries) => {
            ParameterKind::Record(entries.iter().map(|e| (e.key.clone(), element_kind(&e.value))).collect())
        }
        Is::List(nodes) => {
            ParameterKind::List(Box::new(nodes.first().map_or(ParameterKind::Text, element_kind)))
        }
        _ => node.text().map_or(ParameterKind::Text, scalar_kind),
    }
}

impl ParameterKind {
    /// What the type is, in words.
    pub fn words(&self) -> String {
        match self {
            ParameterKind::Text => "text".to_owned(),
            ParameterKind::Integer => "a whole number".to_owned(),
            ParameterKind::Boolean => "true or false".to_owned(),
            ParameterKind::Timestamp => "a timestamp with its zone, such as 2026-03-01T01:40:00Z".to_owned(),
            ParameterKind::Duration => "a duration, such as 90s, 15m, 3h or 2d".to_owned(),
            ParameterKind::List(of) => format!("a list, each element {}", of.words()),
            ParameterKind::Record(fields) => {
                let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
                format!("a record with {}", names.join(", "))
            }
            ParameterKind::Map(of) => format!("a map, each value {}", of.words()),
            ParameterKind::Picker(name) => format!("the name of an {name}"),
        }
    }

    /// The word of the format for the type: `list`, `aws.rds.instance`.
    pub fn word(&self) -> &'static str {
        match self {
            ParameterKind::Text => "string",
            ParameterKind::Integer => "integer",
            ParameterKind::Boolean => "boolean",
            ParameterKind::Timestamp => "timestamp",
            ParameterKind::Duration => "duration",
            ParameterKind::List(_) => "list",
            ParameterKind::Record(_) | ParameterKind::Map(_) => "map",
            ParameterKind::Picker(name) => name,
        }
    }

    /// What rules per element apply to.
    pub fn element(&self) -> &ParameterKind {
        match self {
            ParameterKind::List(of) => of,
            other => other,
        }
    }

    /// The type as expressions see it.
    pub(super) fn as_type(&self) -> Type {
        match self {
            ParameterKind::Text | ParameterKind::Picker(_) => Type::Text,
            ParameterKind::Integer => Type::Integer,
            ParameterKind::Boolean => Type::Boolean,
            ParameterKind::Timestamp => Type::Time,
            ParameterKind::Duration => Type::Duration,
            ParameterKind::List(of) => Type::list(of.as_type()),
            ParameterKind::Record(fields) => {
                Type::object(fields.iter().map(|(name, kind)| (name.clone(), kind.as_type())))
            }
            ParameterKind::Map(of) => Type::Map(Box::new(of.as_type())),
        }
    }

    /// Why a value is not of this type; `None` when it is. Lists, records and maps are judged whole.
    pub fn misfit(&self, value: &Value) -> Option<String> {
        let fits = match (self, value) {
            (ParameterKind::Text, Value::String(_)) | (ParameterKind::Boolean, Value::Bool(_)) => true,
            (ParameterKind::Picker(_), Value::String(name)) => !name.is_empty() && !name.starts_with("arn:"),
            (ParameterKind::Integer, Value::Number(n)) => n.is_i64() || n.is_u64(),
            (ParameterKind::Timestamp, Value::String(text)) => At::parse(text).is_some(),
            (ParameterKind::Duration, Value::String(text)) => text.parse::<Span>().is_ok(),
            (ParameterKind::List(of), Value::Array(values)) => {
                return values.iter().find_map(|v| of.misfit(v));
            }
            (ParameterKind::Map(of), Value::Object(map)) => return map.values().find_map(|v| of.misfit(v)),
            (ParameterKind::Record(fields), Value::Object(map)) => {
                let fits = |(name, kind): &(String, ParameterKind)| {
                    map.get(name).map_or(Some(format!("`{name}` is missing")), |value| kind.misfit(value))
                };
                return fields.iter().find_map(fits).or_else(|| {
                    let unknown = map.keys().find(|key| !fields.iter().any(|(name, _)| name == *key))?;
                    Some(format!("the record has no `{unknown}`"))
                });
            }
            _ => false,
        };
        (!fits).then(|| format!("`{}` is not {}", plain(value), self.words()))
    }
}

impl Parameter {
    /// Why the rules of the parameter refuse one value (of a list: one element); `None` when they do not.
    pub fn refuses(&self, value: &Value) -> Option<String> {
        if !self.allowed_values.is_empty() && !self.allowed_values.contains(value) {
            let allowed: Vec<_> = self.allowed_values.iter().map(plain).collect();
            return Some(format!("`{}` is none of {}", plain(value), allowed.join(", ")));
        }
        let text = value.as_str()?;
        if let Some(pattern) = self.allowed_pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            return Some(format!("`{text}` does not match {}", pattern.as_str()));
        }
        let longest = self.max_length.filter(|longest| text.chars().count() > *longest)?;
        Some(format!("`{text}` has more than {longest} characters"))
    }

    /// Why a value given for this parameter is refused: type first, then rules, per element for lists.
    pub fn misfit(&self, value: &Value) -> Option<String> {
        self.kind.misfit(value).or_else(|| match (&self.kind, value) {
            (ParameterKind::List(_), Value::Array(values)) => values.iter().find_map(|v| self.refuses(v)),
            _ => self.refuses(value),
        })
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
