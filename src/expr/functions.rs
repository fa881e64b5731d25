//! The functions of the language: names, and what each wants. How they work is in `call`.

use std::fmt;

/// A function that expressions may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    Abs,
    Ago,
    Add,
    At,
    Avg,
    Before,
    Ceil,
    Contains,
    EndsWith,
    Floor,
    GroupBy,
    Join,
    Keys,
    Length,
    Map,
    Max,
    MaxBy,
    Merge,
    Min,
    MinBy,
    NewestBy,
    NotNull,
    Reverse,
    SecondsBetween,
    Sort,
    SortBy,
    Split,
    StartsWith,
    Sub,
    Sum,
    ToArray,
    ToNumber,
    ToString,
    Type,
    Values,
}

/// What one argument has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Want {
    Any,
    Number,
    Text,
    List,
    Numbers,
    Texts,
    /// A list of numbers or a list of texts.
    Sortable,
    ListOrText,
    Countable,
    Map,
    Time,
    Span,
    NumberOrTime,
    NumberOrSpan,
    /// `&expression`, evaluated for each element.
    Reference,
}

/// Name, arguments, and whether the last argument may be repeated.
pub(super) struct Signature {
    pub name: &'static str,
    pub function: Function,
    pub wants: &'static [Want],
    pub variadic: bool,
}

const fn fixed(name: &'static str, function: Function, wants: &'static [Want]) -> Signature {
    Signature { name, function, wants, variadic: false }
}

/// Every function there is, by name. `omit_null` is not here: it is part of a template, not of an expression.
pub(super) const SIGNATURES: &[Signature] = &[
    fixed("abs", Function::Abs, &[Want::Number]),
    fixed("add", Function::Add, &[Want::NumberOrTime, Want::NumberOrSpan]),
    fixed("ago", Function::Ago, &[Want::Span]),
    fixed("at", Function::At, &[Want::Map, Want::Text]),
    fixed("avg", Function::Avg, &[Want::Numbers]),
    fixed("before", Function::Before, &[Want::Time, Want::Time]),
    fixed("ceil", Function::Ceil, &[Want::Number]),
    fixed("contains", Function::Contains, &[Want::ListOrText, Want::Any]),
    fixed("ends_with", Function::EndsWith, &[Want::Text, Want::Text]),
    fixed("floor", Function::Floor, &[Want::Number]),
    fixed("group_by", Function::GroupBy, &[Want::List, Want::Reference]),
    fixed("join", Function::Join, &[Want::Text, Want::Texts]),
    fixed("keys", Function::Keys, &[Want::Map]),
    fixed("length", Function::Length, &[Want::Countable]),
    fixed("map", Function::Map, &[Want::Reference, Want::List]),
    fixed("max", Function::Max, &[Want::Sortable]),
    fixed("max_by", Function::MaxBy, &[Want::List, Want::Reference]),
    Signature { name: "merge", function: Function::Merge, wants: &[Want::Map], variadic: true },
    fixed("min", Function::Min, &[Want::Sortable]),
    fixed("min_by", Function::MinBy, &[Want::List, Want::Reference]),
    fixed("newest_by", Function::NewestBy, &[Want::List, Want::Reference]),
    Signature { name: "not_null", function: Function::NotNull, wants: &[Want::Any], variadic: true },
    fixed("reverse", Function::Reverse, &[Want::ListOrText]),
    fixed("seconds_between", Function::SecondsBetween, &[Want::Time, Want::Time]),
    fixed("sort", Function::Sort, &[Want::Sortable]),
    fixed("sort_by", Function::SortBy, &[Want::List, Want::Reference]),
    fixed("split", Function::Split, &[Want::Text, Want::Text]),
    fixed("starts_with", Function::StartsWith, &[Want::Text, Want::Text]),
    fixed("sub", Function::Sub, &[Want::NumberOrTime, Want::NumberOrSpan]),
    fixed("sum", Function::Sum, &[Want::Numbers]),
    fixed("to_array", Function::ToArray, &[Want::Any]),
    fixed("to_number", Function::ToNumber, &[Want::Any]),
    fixed("to_string", Function::ToString, &[Want::Any]),
    fixed("type", Function::Type, &[Want::Any]),
    fixed("values", Function::Values, &[Want::Map]),
];

impl Function {
    /// The function of this name.
    pub fn named(name: &str) -> Option<Function> {
        SIGNATURES.iter().find(|s| s.name == name).map(|s| s.function)
    }

    pub fn signature(self) -> &'static Signature {
        SIGNATURES.iter().find(|s| s.function == self).expect("every function has a signature (tested)")
    }

    pub fn name(self) -> &'static str {
        self.signature().name
    }
}

impl Signature {
    /// What the n-th argument has to be.
    pub fn want(&self, n: usize) -> Want {
        self.wants.get(n).or(self.wants.last()).copied().unwrap_or(Want::Any)
    }

    /// Whether the function can be called with this many arguments.
    pub fn takes(&self, n: usize) -> bool {
        n == self.wants.len() || self.variadic && n >= self.wants.len()
    }

    /// `sort_by(list, &key)`: how the call looks.
    pub fn usage(&self) -> String {
        let args: Vec<_> = self.wants.iter().map(|w| w.example()).collect();
        format!("{}({}{})", self.name, args.join(", "), if self.variadic { ", …" } else { "" })
    }
}

impl Want {
    fn example(self) -> &'static str {
        match self {
            Want::Any => "value",
            Want::Number => "number",
            Want::Text => "text",
            Want::List | Want::Countable | Want::ListOrText | Want::Sortable => "list",
            Want::Numbers => "numbers",
            Want::Texts => "texts",
            Want::Map => "map",
            Want::Time => "time",
            Want::Span => "duration",
            Want::NumberOrTime => "number or time",
            Want::NumberOrSpan => "number or duration",
            Want::Reference => "&expression",
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Want::Any => "any value",
            Want::Number => "a number",
            Want::Text => "text",
            Want::List => "a list",
            Want::Numbers => "a list of numbers",
            Want::Texts => "a list of texts",
            Want::Sortable => "a list of numbers or of texts",
            Want::ListOrText => "a list or text",
            Want::Countable => "a list, a map or text",
            Want::Map => "a map",
            Want::Time => "a time with its zone, such as 2026-03-01T01:40:00Z",
            Want::Span => "a duration, such as 90s, 15m, 3h or 2d",
            Want::NumberOrTime => "a number or a time",
            Want::NumberOrSpan => "a number or a duration",
            Want::Reference => "&expression",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_one_signature_under_its_own_name() {
        let mut names: Vec<_> = SIGNATURES.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SIGNATURES.len());
        for s in SIGNATURES {
            assert_eq!(s.function.name(), s.name);
            assert_eq!(Function::named(s.name), Some(s.function));
        }
        // The last variant of the enum: one signature for each variant before it.
        assert_eq!(Function::Values as usize + 1, SIGNATURES.len());
    }
}
