//! Which step outputs a step mentions. Used to decide where a redone plan continues.

use crate::expr::{Expr, Root, Template};
use crate::runbook::{Action, Offer, Step, Undo};

/// Whether any expression of a step, its nested or undo steps uses the outputs of the step `name`.
pub(super) fn mentions(step: &Step, name: &str) -> bool {
    let mut found = false;
    each_root(step, &mut |root| found |= super::scope::root_name(root) == name);
    found
}

fn each_root(step: &Step, see: &mut dyn FnMut(&Root)) {
    let exprs = step
        .when
        .iter()
        .chain(step.for_each.iter().flat_map(|f| [&f.items, &f.key]))
        .chain(step.guard.iter().map(|g| &g.check))
        .chain(step.verify.iter().map(|v| &v.until))
        .chain(step.outputs.iter().map(|o| &o.selector));
    for expr in exprs {
        roots(expr, see);
    }
    template(&step.title, see);
    action(&step.action, see);
    for nested in &step.steps {
        each_root(nested, see);
    }
    if let Undo::Steps { steps, .. } = &step.undo {
        for undo in steps {
            each_root(undo, see);
        }
    }
}

fn action(action: &Action, see: &mut dyn FnMut(&Root)) {
    match action {
        Action::AwsApi { parameters, .. } => parameters.roots().into_iter().for_each(see),
        Action::Wait(wait) => {
            let conditions = [Some(&wait.until), wait.fail_when.as_ref(), wait.must_leave.as_ref()];
            conditions.into_iter().flatten().for_each(|e| roots(e, see));
        }
        Action::Assert(assert) => roots(&assert.check, see),
        Action::Branch { choices, .. } => choices.iter().for_each(|c| roots(&c.when, see)),
        Action::Diff(diff) => {
            template(&diff.left, see);
            template(&diff.right, see);
        }
        Action::Prompt(prompt) => {
            if let Offer::Rows(offer) = &prompt.offer {
                offer.warn_when.iter().chain(&offer.rows).for_each(|e| roots(e, see));
            }
        }
        Action::Foreign { inputs, .. } => inputs.roots().into_iter().for_each(see),
        Action::Manual(_)
        | Action::Approve { .. }
        | Action::Undo { .. }
        | Action::End { .. }
        | Action::Each => {}
    }
}

fn roots(expr: &Expr, see: &mut dyn FnMut(&Root)) {
    expr.roots().iter().chain(expr.slot_roots()).for_each(see);
}

fn template(template: &Template, see: &mut dyn FnMut(&Root)) {
    template.roots().for_each(see);
}
