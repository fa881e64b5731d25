//! Every key of the format, once: the loader checks files against these tables and the JSON Schema is made of
//! them. What a value means is not known here.

mod action;
mod connection;
mod reading;
mod top;

pub(super) use action::{ACTIONS, SENDS, Spec, spec};
pub(super) use top::{PARAMETER_TYPES, RUNBOOK};

/// What a value may be.
#[derive(Clone, Copy)]
pub(crate) enum Want {
    /// Text without templates.
    Text,
    /// A `snake_case` name.
    Name,
    /// A `kebab-case` id.
    Id,
    /// Text that may hold templates.
    Template,
    /// A run expression: `@` is the run.
    Run,
    /// An answer expression: `@` is one answer.
    Answer,
    Duration,
    /// A whole number from `.0` to `.1`.
    Count(u64, u64),
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A regular expression in the syntax of the `regex` crate.
    Pattern,
    /// Any value; texts in it may hold templates.
    Value,
    /// A map of any keys to any values, with templates.
    Values,
    /// A list of at least `.1` values.
    List(&'static Want, usize),
    /// A map of names to values.
    Named(&'static Want),
    /// A map of any keys to values.
    Keyed(&'static Want),
    Table(&'static Table),
    /// The first one that fits the kind of the value.
    Either(&'static [Want]),
    /// The inputs of the step's action.
    Inputs,
    /// The type of a parameter.
    Type,
}

/// One key.
pub(crate) struct Key {
    pub name: &'static str,
    pub want: Want,
    pub required: bool,
    /// Shown by editors.
    pub about: &'static str,
}

/// A map with known keys.
pub(crate) struct Table {
    /// Name of its definition in the schema.
    pub name: &'static str,
    /// What a finding calls it: `a step`.
    pub what: &'static str,
    pub keys: &'static [Key],
    pub rules: &'static [Rule],
}

/// What holds between the keys of one map.
pub(crate) enum Rule {
    ExactlyOne(&'static [&'static str]),
    AtLeastOne(&'static [&'static str]),
    /// The first key means nothing without the second.
    Needs(&'static str, &'static str),
}

impl Table {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

pub(crate) const fn key(name: &'static str, want: Want, about: &'static str) -> Key {
    Key { name, want, required: false, about }
}

pub(crate) const fn must(name: &'static str, want: Want, about: &'static str) -> Key {
    Key { name, want, required: true, about }
}

pub(crate) const fn table(name: &'static str, what: &'static str, keys: &'static [Key]) -> Table {
    Table { name, what, keys, rules: &[] }
}

impl Table {
    pub(crate) const fn with(self, rules: &'static [Rule]) -> Table {
        Table { rules, ..self }
    }
}
