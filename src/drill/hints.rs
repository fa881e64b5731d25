//! Hints that a scenario gives: which one fits the step at hand, and how a journal remembers that it was asked for.

use std::collections::BTreeSet;

use super::scenario::{Hint, Scenario};
use crate::ids::StepPath;
use crate::run::Fact;

/// The next hint that helps at a step, with its number in the scenario, counted from 1. What was asked for already is
/// not given again; hints for this very step go before those that help anywhere.
pub fn next<'s>(
    scenario: &'s Scenario,
    step: &StepPath,
    taken: &BTreeSet<usize>,
) -> Option<(usize, &'s Hint)> {
    let step = step.unkeyed();
    let open =
        || scenario.hints.iter().enumerate().map(|(n, h)| (n + 1, h)).filter(|(n, _)| !taken.contains(n));
    open().find(|(_, hint)| helps(hint, &step)).or_else(|| open().find(|(_, hint)| hint.at.is_none()))
}

/// Whether a hint is for this step or for one that it lies in.
fn helps(hint: &Hint, step: &StepPath) -> bool {
    let at = hint.at.as_ref().and_then(|at| at.parse::<StepPath>().ok());
    at.is_some_and(|at| step.0.starts_with(&at.0))
}

/// What the journal says of a hint that was asked for.
pub fn note(number: usize, hint: &Hint) -> String {
    format!("hint {number} asked: {}", crate::text::clean(hint.text.trim()))
}

/// The numbers of the hints that were asked for, as a journal tells.
pub fn taken<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> BTreeSet<usize> {
    facts.into_iter().filter_map(number).collect()
}

fn number(fact: &Fact) -> Option<usize> {
    let Fact::Noted { text, .. } = fact else { return None };
    let (number, _) = text.strip_prefix("hint ")?.split_once(" asked")?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::At;

    fn hint(at: Option<&str>, text: &str) -> Hint {
        Hint { at: at.map(str::to_owned), text: text.into() }
    }

    fn scenario(hints: Vec<Hint>) -> Scenario {
        let book =
            crate::runbook::load("ecs-rds-snapshot-restore.yaml", crate::runbook::embedded()[0].1.as_bytes())
                .unwrap();
        let text = include_bytes!("../../runbooks/drills/ecs-rds-snapshot-restore/plain.yaml");
        let plain = super::super::load("plain.yaml", text, &book, &|_| None).unwrap();
        Scenario { hints, ..plain }
    }

    fn path(text: &str) -> StepPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_hint_fits_its_step_and_what_lies_in_it_and_is_given_once() {
        let all = scenario(vec![
            hint(None, "anywhere"),
            hint(Some("stop_services"), "there"),
            hint(Some("park"), "no"),
        ]);
        let mut taken = BTreeSet::new();
        let inside = path("stop_services[api]/to_zero");
        let mut given = Vec::new();
        while let Some((number, hint)) = next(&all, &inside, &taken) {
            taken.insert(number);
            given.push(hint.text.as_str());
        }
        assert_eq!(given, ["there", "anywhere"]);
        assert_eq!(taken, BTreeSet::from([1, 2]));
    }

    #[test]
    fn a_journal_remembers_which_hints_were_asked_for() {
        let noted = |text: &str| Fact::Noted { path: None, text: text.into(), by: "ana".into(), at: At(0) };
        let facts =
            [noted(&note(2, &hint(None, "look\nthere"))), noted("hint at the wall asked"), noted("a note")];
        assert_eq!(taken(&facts), BTreeSet::from([2]));
    }
}
