//! What AWS checks of every call before its service looks at it: required members and enumerations.
//!
//! Lengths, patterns and ranges are not in the shape table; the world judges those that matter to it.

use serde_json::Value;

use super::model::Model;
use super::problem::{Part, Problem, What, refused};
use crate::catalogue::{Kind, Shape};
use crate::world::Refused;

/// As many findings as one sentence lists.
const MOST: usize = 10;

/// Checks the parameters of a call, which are of the right types.
pub(super) fn check(model: &Model, document: &Value) -> Result<(), Refused> {
    let mut look = Look { at: Vec::new(), problems: Vec::new() };
    if let Some(shape) = model.facts.input {
        look.value(shape, document);
    }
    look.problems.truncate(MOST);
    if look.problems.is_empty() { Ok(()) } else { Err(refused(model, &look.problems)) }
}

struct Look {
    at: Vec<Part>,
    problems: Vec<Problem>,
}

impl Look {
    fn value(&mut self, shape: Shape, value: &Value) {
        match (shape.kind(), value) {
            (_, Value::Null) => self.found(What::Missing),
            (Kind::Structure, Value::Object(_)) => self.structure(shape, value),
            (Kind::List(of), Value::Array(all)) => {
                for (n, item) in all.iter().enumerate() {
                    self.below(Part::Item(n + 1), of, item);
                }
            }
            (Kind::Map(of), Value::Object(all)) => {
                for (key, item) in all {
                    self.below(Part::Key(key.clone()), of, item);
                }
            }
            (Kind::Text { enumeration }, Value::String(text))
                if !enumeration.is_empty() && !enumeration.contains(&text.as_str()) =>
            {
                self.found(What::NotOneOf { value: text.clone(), allowed: enumeration });
            }
            _ => {}
        }
    }

    fn structure(&mut self, shape: Shape, value: &Value) {
        for (name, member) in shape.members() {
            match value.get(name) {
                Some(below) => self.below(Part::Member(name), member.shape, below),
                None if member.required => self.below(Part::Member(name), member.shape, &Value::Null),
                None => {}
            }
        }
    }

    fn below(&mut self, part: Part, shape: Shape, value: &Value) {
        self.at.push(part);
        self.value(shape, value);
        self.at.pop();
    }

    fn found(&mut self, what: What) {
        self.problems.push(Problem { at: self.at.clone(), what });
    }
}
