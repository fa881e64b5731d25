//! What binds a run to the plan a person has read.
//!
//! The digest covers what would be done: runbook, places, parameters, steps and the observed state. It does not
//! cover how it is shown: the `aws` command lines name the profile of one person's machine.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::diff;
use crate::text::clean;
use crate::watch::canonical;

/// Why a plan file does not bind anything.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Altered {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("it is not a plan written by `ripcord plan`")]
    NotAPlan,
    #[error("it was changed after it was written: its content does not have the digest it states")]
    Changed,
}

/// The digest of a plan in its JSON form.
pub(super) fn of(plan: &Value) -> String {
    let covered = json!({
        "runbook": plan["runbook"]["digest"],
        "place": plan["place"],
        "other_places": plan["other_places"],
        "parameters": plan["parameters"],
        "steps": without_cli(&plan["steps"]),
        "observed": plan["observed"],
    });
    let hash = Sha256::digest(canonical(&covered).as_bytes());
    hash.iter().fold(String::with_capacity(64), |mut out, byte| {
        write!(out, "{byte:02x}").ok();
        out
    })
}

fn without_cli(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "cli");
            Value::Object(kept.map(|(name, value)| (name.clone(), without_cli(value))).collect())
        }
        Value::Array(list) => list.iter().map(without_cli).collect(),
        plain => plain.clone(),
    }
}

/// The digest a plan file states, after its content was held against it, and the plan itself.
pub fn digest_in(text: &str) -> Result<(String, Value), Altered> {
    let plan: Value = serde_json::from_str(text).map_err(|e| Altered::NotJson(e.to_string()))?;
    let stated = plan["digest"].as_str().filter(|_| plan["steps"].is_array()).ok_or(Altered::NotAPlan)?;
    if stated != of(&plan) {
        return Err(Altered::Changed);
    }
    Ok((stated.to_owned(), plan))
}

/// What differs between a plan that was read and the one of now, for people; nothing when nothing would be
/// done otherwise.
pub fn moved(before: &Value, now: &Value) -> Vec<String> {
    let rows = diff::rows(&by_path(before), &by_path(now));
    let say = |value: &Value| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    rows.iter()
        .map(|row| {
            clean(&format!("{} was {}, is {}", row.path, say(&row.left), say(&row.right))).into_owned()
        })
        .collect()
}

/// Steps by their paths, so that one new step does not move all that follow.
fn by_path(plan: &Value) -> Value {
    let steps = plan["steps"].as_array().into_iter().flatten();
    let steps: Map<String, Value> =
        steps.map(|step| (step["path"].as_str().unwrap_or_default().to_owned(), without_cli(step))).collect();
    json!({
        "runbook": plan["runbook"]["digest"],
        "place": plan["place"],
        "other_places": plan["other_places"],
        "parameters": plan["parameters"],
        "steps": steps,
        "observed": plan["observed"],
    })
}
