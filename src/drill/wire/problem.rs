//! What is wrong with a value that is of the right type, and how each service says so.

use super::model::Model;
use crate::catalogue::Protocol;
use crate::world::Refused;

/// One part of the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Member(&'static str),
    /// Counts from 1.
    Item(usize),
    Key(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Missing,
    NotOneOf { value: String, allowed: &'static [&'static str] },
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub at: Vec<Part>,
    pub what: What,
}

/// The error for the findings of one call, of which there is at least one.
///
/// `DynamoDB`, Application Auto Scaling and STS list all in one sentence; the others complain of the first. Sources:
/// "Common errors" and the declared errors of each API reference; the sentences of ECS and Backup are from reports
/// of their users and may differ in wording from operation to operation.
pub(super) fn refused(model: &Model, problems: &[Problem]) -> Refused {
    match model.service {
        "rds" => problems[0].rds(),
        "ecs" => problems[0].ecs(model.operation),
        "backup" => problems[0].backup(),
        _ => all(model, problems),
    }
}

fn all(model: &Model, problems: &[Problem]) -> Refused {
    let query = matches!(model.protocol(), Protocol::Query { .. });
    let code = if query { "ValidationError" } else { "ValidationException" };
    let sentences: Vec<String> = problems.iter().map(Problem::sentence).collect();
    let errors = if problems.len() == 1 { "error" } else { "errors" };
    let message = format!("{} validation {errors} detected: {}", problems.len(), sentences.join("; "));
    Refused::new(code, message)
}

impl Problem {
    fn sentence(&self) -> String {
        let at = self.way(true);
        match &self.what {
            What::Missing => {
                format!("Value null at '{at}' failed to satisfy constraint: Member must not be null")
            }
            What::NotOneOf { value, allowed } => format!(
                "Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                allowed.join(", ")
            ),
        }
    }

    fn rds(&self) -> Refused {
        let name = self.way(false);
        match &self.what {
            What::Missing => {
                Refused::new("MissingParameter", format!("The request must contain the parameter {name}"))
            }
            What::NotOneOf { value, allowed } => Refused::new(
                "InvalidParameterValue",
                format!("Invalid value {value} for {name}. Must be one of: {}", allowed.join(", ")),
            ),
        }
    }

    /// The operations on task definitions answer `ClientException`, the others `InvalidParameterException`.
    fn ecs(&self, operation: &str) -> Refused {
        let definition = operation.contains("TaskDefinition");
        let code = if definition { "ClientException" } else { "InvalidParameterException" };
        let name = upper_first(&self.way(false));
        let message = match &self.what {
            What::Missing => format!("{name} cannot be empty."),
            What::NotOneOf { value, allowed } => {
                format!("{name} must be one of {}, but was {value}.", allowed.join(", "))
            }
        };
        Refused::new(code, message)
    }

    fn backup(&self) -> Refused {
        let name = self.way(false);
        match &self.what {
            What::Missing => {
                Refused::new("MissingParameterValueException", format!("Required parameter missing: {name}"))
            }
            What::NotOneOf { value, allowed } => Refused::new(
                "InvalidParameterValueException",
                format!("Invalid value {value} for {name}: {}", allowed.join(", ")),
            ),
        }
    }

    /// `tags.1.member.key` as AWS's common front end spells it, or `Tags.1.Key`.
    fn way(&self, common: bool) -> String {
        let part = |part: &Part| match part {
            Part::Member(name) if common => lower_first(name),
            Part::Member(name) => (*name).to_owned(),
            Part::Item(n) if common => format!("{n}.member"),
            Part::Item(n) => n.to_string(),
            Part::Key(key) if common => format!("{key}.member"),
            Part::Key(key) => key.clone(),
        };
        self.at.iter().map(part).collect::<Vec<_>>().join(".")
    }
}

fn lower_first(name: &str) -> String {
    first(name, char::to_ascii_lowercase)
}

fn upper_first(name: &str) -> String {
    first(name, char::to_ascii_uppercase)
}

fn first(name: &str, change: fn(&char) -> char) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| change(&c)).into_iter().chain(chars).collect()
}
