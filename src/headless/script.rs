//! What the command line answers: phrases for gates, values for questions.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::StepPath;

/// Phrases and answers by path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// Who is recorded as having given them.
    pub by: String,
    /// What is missing is asked for, line by line.
    pub interactive: bool,
    phrases: BTreeMap<StepPath, BTreeSet<String>>,
    answers: BTreeMap<StepPath, String>,
}

/// Why a `--confirm` or `--answer` cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not PATH=TEXT, such as stop_services/to_zero=api,worker")]
pub struct ScriptError(String);

impl Script {
    /// Reads `--confirm PATH=PHRASE` and `--answer PATH=VALUE` values. One path may have several phrases: a
    /// gate that opens again for fewer items has another one.
    pub fn parse(by: &str, confirms: &[String], answers: &[String]) -> Result<Script, ScriptError> {
        let mut script = Script { by: by.to_owned(), ..Script::default() };
        for text in confirms {
            let (path, phrase) = split(text)?;
            script.phrases.entry(path).or_default().insert(phrase);
        }
        for text in answers {
            let (path, value) = split(text)?;
            script.answers.insert(path, value);
        }
        Ok(script)
    }

    /// Whether this exact phrase was given for the gate, or for the gate over all its items.
    pub fn has_phrase(&self, gate: &StepPath, phrase: &str) -> bool {
        let given = |path: &StepPath| self.phrases.get(path).is_some_and(|p| p.contains(phrase));
        given(gate) || given(&gate.unkeyed())
    }

    /// Whether any phrase was given for a gate, for one of its items or for the gate over all of them.
    pub fn confirms(&self, gate: &StepPath) -> bool {
        let over_all = gate.unkeyed();
        self.phrases.keys().any(|p| p == gate || *p == over_all || p.unkeyed() == *gate)
    }

    /// Whether any phrase was given at all.
    pub fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    /// The phrases given for a gate.
    pub fn phrases(&self, gate: &StepPath) -> impl Iterator<Item = &str> {
        self.phrases.get(gate).into_iter().flatten().map(String::as_str)
    }

    /// The answer for a step, or for its step over all items.
    pub fn answer(&self, path: &StepPath) -> Option<&String> {
        self.answers.get(path).or_else(|| self.answers.get(&path.unkeyed()))
    }

    /// Every path that was given.
    pub fn paths(&self) -> impl Iterator<Item = &StepPath> {
        self.phrases.keys().chain(self.answers.keys())
    }
}

/// The first `=` outside brackets ends the path: a key may hold one.
fn split(text: &str) -> Result<(StepPath, String), ScriptError> {
    let wrong = || ScriptError(text.to_owned());
    let mut depth = 0_u32;
    for (i, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => {
                let path = text[..i].trim().parse().map_err(|_| wrong())?;
                return Ok((path, text[i + 1..].to_owned()));
            }
            _ => {}
        }
    }
    Err(wrong())
}

/// The note of a manual step's answer: `done` or `done: note`.
pub(super) fn done(answer: &str) -> Option<&str> {
    let rest = answer.trim().strip_prefix("done")?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(':').map(str::trim) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_hold_an_equals_sign() {
        let script = Script::parse("ana", &["a[x=y]/b=z=1".into()], &[]).unwrap();
        assert!(script.has_phrase(&"a[x=y]/b".parse().unwrap(), "z=1"));
        assert!(Script::parse("ana", &["nonsense".into()], &[]).is_err());
    }

    #[test]
    fn done_takes_a_note() {
        assert_eq!(done("done"), Some(""));
        assert_eq!(done("done: newest row 01:39"), Some("newest row 01:39"));
        assert_eq!(done("yes"), None);
    }
}
