//! What a confirmation is bound to and what settles an unknown outcome: [`Look`] and [`Probe`].
//!
//! Both are reads of the same service. Templates in them see `call` (the parameters of the call), a probe's
//! also `observed` (what the look read at the gate) and `sent_at` (when the call was sent, a timestamp).
//! The result of a probe's `select` has the same form as that of the look, so that its condition can be
//! judged on the observed state too: what was true before the call is no evidence of it.

use serde_json::{Map, Value};

use super::table::{Kind, Shape};

/// A read that shows what a call is about to change.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// An operation of the same service.
    pub operation: &'static str,
    /// Its parameters as JSON text with templates: `{"TableName":"{{ call.TableName }}"}`.
    pub parameters: &'static str,
    /// `JMESPath` over the answer; null when the thing does not exist.
    pub select: &'static str,
    /// The members of the selected object that always count; all of it when there are none and nothing is set.
    pub members: &'static [&'static str],
    /// Whether the members that the call sets count too.
    pub sets: bool,
    /// Error codes (or ECS failure reasons) that mean "does not exist": the selected value is then null.
    pub absent: &'static [&'static str],
    pub(super) settings: &'static [Setting],
}

impl Look {
    pub(super) const fn at(operation: &'static str, parameters: &'static str, select: &'static str) -> Look {
        Look { operation, parameters, select, members: &[], sets: false, absent: &[], settings: &[] }
    }

    pub(super) const fn absent(self, absent: &'static [&'static str]) -> Look {
        Look { absent, ..self }
    }

    pub(super) const fn members(self, members: &'static [&'static str]) -> Look {
        Look { members, ..self }
    }

    pub(super) const fn sets(self, settings: &'static [Setting]) -> Look {
        Look { sets: true, settings, ..self }
    }

    /// The part of a selected value that a confirmation is bound to: its `members` and the members the
    /// call sets, under the names they have in the answer. Null, and what is no object, stays as it is.
    pub fn project(&self, call: &Value, selected: &Value) -> Value {
        let Value::Object(all) = selected else { return selected.clone() };
        if self.members.is_empty() && !self.sets {
            return selected.clone();
        }
        let mut kept = Map::new();
        let set = call.as_object().into_iter().flatten().map(|(name, _)| self.answers(name));
        for name in self.members.iter().copied().chain(set.filter(|_| self.sets)) {
            if let Some(value) = all.get(name) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(kept)
    }

    /// The member of the answer that shows a parameter.
    fn answers<'a>(&self, parameter: &'a str) -> &'a str {
        self.settings.iter().find(|s| s.parameter == parameter).map_or(parameter, |s| s.member)
    }
}

/// A read that settles whether a call was executed.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub look: Look,
    pub(super) evidence: Evidence,
}

impl Probe {
    /// The condition over the selected value that is true once the call was executed. `None` when these
    /// parameters leave no trace that can be read (a password): only a human can tell.
    pub fn executed_when(&self, call: &Value) -> Option<String> {
        match self.evidence {
            Evidence::Is(condition) => Some(condition.to_owned()),
            Evidence::Of(conditions) => conditions(call),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Evidence {
    Is(&'static str),
    /// A condition that depends on which parameters the call has.
    Of(fn(&Value) -> Option<String>),
}

/// How a parameter shows in the answer when it does not show under its own name and as its own value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub parameter: &'static str,
    pub member: &'static str,
    /// The condition, `$` for the parameter and `%` for it in lower case; empty when it proves nothing.
    pub shows: &'static str,
}

impl Setting {
    pub(super) const fn new(parameter: &'static str, member: &'static str, shows: &'static str) -> Setting {
        Setting { parameter, member, shows }
    }
}

/// A call is executed as a whole, so a part of its traces will do: more would pass the bound of an expression.
const MOST_TRACES: usize = 10;

/// The condition that what `call` sets shows in `answer`, in place or under `pending`.
/// Parameters that do not show are left out; `None` when none is left.
pub(super) fn shows(
    call: &Value,
    settings: &[Setting],
    answer: Option<Shape>,
    pending: Option<(&str, Shape)>,
) -> Option<String> {
    let answer = answer?;
    let mut all = Vec::new();
    for (name, value) in call.as_object()?.iter().filter(|(_, v)| !v.is_null()) {
        if let Some(setting) = settings.iter().find(|s| s.parameter == name) {
            all.extend(setting_shows(setting, value));
            continue;
        }
        let Some(member) = answer.member(name) else { continue };
        let mut leaves = Vec::new();
        leaves_of(value, name, member.shape, &mut leaves);
        let pending = pending.filter(|(_, shape)| shape.member(name).is_some());
        all.extend(leaves.into_iter().map(|(path, shape)| leaf_shows(&path, shape, pending.map(|p| p.0))));
    }
    all.truncate(MOST_TRACES);
    (!all.is_empty()).then(|| all.join(" && "))
}

fn setting_shows(setting: &Setting, value: &Value) -> Option<String> {
    let slot = format!("{{{{ call.{} }}}}", setting.parameter);
    let lower = lowered(value).unwrap_or_else(|| slot.clone());
    (!setting.shows.is_empty())
        .then(|| format!("({})", setting.shows.replace('$', &slot).replace('%', &lower)))
}

/// RDS keeps names and windows in lower case. A plain value becomes a literal, a template stays one.
fn lowered(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_' | '.'));
    plain.then(|| format!("'{}'", text.to_ascii_lowercase()))
}

fn leaves_of(value: &Value, path: &str, shape: Shape, out: &mut Vec<(String, Shape)>) {
    match (value, shape.kind()) {
        (Value::Object(members), Kind::Structure) => {
            for (name, inner) in members.iter().filter(|(_, v)| !v.is_null()) {
                if let Some(member) = shape.member(name) {
                    leaves_of(inner, &format!("{path}.{name}"), member.shape, out);
                }
            }
        }
        // Lists of structures differ in form between call and answer.
        (_, Kind::List(of)) if !matches!(of.kind(), Kind::Text { .. }) => {}
        (_, Kind::Structure | Kind::Map(_) | Kind::Blob) => {}
        _ => out.push((path.to_owned(), shape)),
    }
}

fn leaf_shows(path: &str, shape: Shape, pending: Option<&str>) -> String {
    let slot = format!("{{{{ call.{path} }}}}");
    // A boolean that AWS leaves out of an answer is off; the order of a list says nothing.
    let now = match shape.kind() {
        Kind::List(_) => format!("sort({path}) == sort({slot})"),
        Kind::Boolean => format!("not_null({path}, `false`) == {slot}"),
        _ => format!("{path} == {slot}"),
    };
    match pending.filter(|_| !matches!(shape.kind(), Kind::List(_))) {
        Some(member) => format!("({now} || {member}.{path} == {slot})"),
        None => now,
    }
}

/// The tag that ripcord puts on what it creates; its value is the run.
pub(super) const RUN_TAG: &str = "ripcord-run";

/// The condition that a thing created by this call exists: it carries the tag of our run, and it was not created
/// before the call was sent (60 s for clocks that differ). `None` for a call without the tag: anybody may have
/// made a thing of this name.
pub(super) fn created(call: &Value, created_at: &str) -> Option<String> {
    let mut tags = call["Tags"].as_array()?.iter();
    let n = tags.position(|tag| tag["Key"] == RUN_TAG)?;
    Some(format!(
        "@ != `null` && ({created_at} == `null` || !before({created_at}, {{{{ sub(sent_at, '60s') }}}})) && \
         contains(not_null(TagList, `[]`)[?Key == '{RUN_TAG}'].Value, {{{{ call.Tags[{n}].Value }}}})"
    ))
}

/// The condition that a list of tags holds all tags of the call.
pub(super) fn tagged(call: &Value, list: &str) -> Option<String> {
    let tags = call["Tags"].as_array()?;
    let tag = |n: usize| {
        format!(
            "contains(not_null({list}, `[]`)[?Key == {{{{ call.Tags[{n}].Key }}}}].Value, {{{{ call.Tags[{n}].Value }}}})"
        )
    };
    let with_value = tags.iter().enumerate().filter(|(_, t)| !t["Value"].is_null());
    let all: Vec<String> = with_value.map(|(n, _)| tag(n)).collect();
    (!all.is_empty()).then(|| all.join(" && "))
}
