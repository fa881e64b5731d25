//! What `show --json` prints: a runbook in short.

use serde_json::{Map, Value, json};

use super::blanks::Blanks;
use super::model::{Runbook, Step};
use super::words::effect_word;

/// What `show --json` prints.
pub fn summary(runbook: &Runbook) -> Value {
    let blanks = Blanks::new(runbook, &Map::new());
    let parameters = runbook.parameters.iter().map(|p| {
        let default = p.default.as_ref().map(|tree| blanks.tree(tree));
        json!({
            "name": p.name,
            "type": p.kind.word(),
            "required": p.required,
            "default": default,
            "description": p.description,
        })
    });
    let checks = runbook.preflight.iter().map(|check| {
        json!({"name": check.name, "level": check.level.word(), "message": blanks.text(&check.message)})
    });
    let phases: Vec<_> = runbook.phases.iter().collect();
    json!({
        "schema_version": 1,
        "id": runbook.id,
        "title": runbook.title,
        "version": runbook.version,
        "owner": runbook.owner,
        "tags": runbook.tags,
        "description": runbook.description,
        "use_when": runbook.use_when,
        "not_when": runbook.not_when,
        "digest": runbook.digest,
        "objectives": {
            "rto": runbook.objectives.rto.map(|span| span.to_string()),
            "rpo": runbook.objectives.rpo.map(|span| span.to_string()),
        },
        "parameters": parameters.collect::<Vec<_>>(),
        "preflight": checks.collect::<Vec<_>>(),
        "phases": phases,
        "steps": runbook.steps.iter().map(|step| step_summary(step, &blanks)).collect::<Vec<_>>(),
    })
}

fn step_summary(step: &Step, blanks: &Blanks) -> Value {
    let mut summary = json!({
        "name": step.name,
        "title": blanks.text(&step.title),
        "phase": step.phase,
        "action": step.action.word(),
        "effect": effect_word(step.effect()),
    });
    if !step.steps.is_empty() {
        summary["steps"] = step.steps.iter().map(|step| step_summary(step, blanks)).collect();
    }
    summary
}
