//! What people answer when a step asks: a prompt, a manual step, an approval.

use serde_json::{Map, Value, json};

use super::command::Refusal;
use super::fact::{Fact, HoldKind};
use super::scope::{Fault, Scope};
use super::state::{Run, Stage, StepRun};
use crate::ids::{At, StepPath};
use crate::runbook::{Action, Offer, OfferRows, Prompt, Step};
use crate::watch::Frame;

/// The answer to a prompt as it was given.
pub(super) struct Given<'a> {
    pub value: &'a Value,
    pub row: Option<&'a Value>,
    /// Written out, not pointed at.
    pub typed: bool,
}

impl Run {
    fn asked(&self, path: &StepPath) -> Result<(&Step, &StepRun), Refusal> {
        let found = self.at_work(path).filter(|(_, run)| run.entered && matches!(run.stage, Stage::Fresh));
        found.ok_or_else(|| Refusal::NoSuchStep(path.to_string()))
    }

    pub(super) fn answer(
        &self,
        path: &StepPath,
        given: &Given<'_>,
        by: &str,
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        let (step, _) = self.asked(path)?;
        let Action::Prompt(prompt) = &step.action else { return Err(Refusal::NoSuchStep(path.to_string())) };
        let seen = self.given(path, prompt, given, now)?;
        let outputs = self.prompt_outputs(path, step, &seen, now).map_err(Refusal::WrongAnswer)?;
        let kept = if prompt.secret { json!("(secret)") } else { given.value.clone() };
        let answered = Fact::Answered { path: path.clone(), value: kept, by: by.to_owned(), at: now };
        Ok(vec![answered, Fact::Gave { path: path.clone(), outputs }])
    }

    /// The row an answer stands for: the selectors of the outputs look at it.
    fn given(&self, path: &StepPath, prompt: &Prompt, given: &Given<'_>, now: At) -> Result<Value, Refusal> {
        let not_offered = || Refusal::NotOffered(given.value.to_string());
        match &prompt.offer {
            Offer::Rows(offer) => {
                let row = given.row.ok_or_else(not_offered)?;
                self.chosen(path, offer, row, given, now)?;
                Ok(row.clone())
            }
            Offer::Choices(_) => {
                let offered = self.offered(path, &Frame::empty(now), now).unwrap_or_default();
                let one = offered.into_iter().find(|o| o.value == *given.value);
                one.map(|o| o.row).ok_or_else(not_offered)
            }
            Offer::Free(kind) => {
                let value = super::params::value_of(kind, given.value).map_err(Refusal::WrongAnswer)?;
                Ok(json!({ "value": value }))
            }
        }
    }

    /// The row must be the one the value names, and a warned one must have been written out.
    fn chosen(
        &self,
        path: &StepPath,
        offer: &OfferRows,
        row: &Value,
        given: &Given<'_>,
        now: At,
    ) -> Result<(), Refusal> {
        let frame = Frame::empty(now);
        let scope = Scope::bare(self, path, &frame, now);
        let wrong = |fault: Fault| Refusal::WrongAnswer(fault.to_string());
        // What looks at further readings cannot be judged here: it is the front end that had them.
        match scope.value_on(&offer.value, row) {
            Ok(value) if value != *given.value => return Err(Refusal::NotOffered(given.value.to_string())),
            Ok(_) | Err(Fault::Unread { .. }) => {}
            Err(fault) => return Err(wrong(fault)),
        }
        let warned = match offer.warn_when.as_ref().map_or(Ok(false), |warn| scope.test_on(warn, row)) {
            Err(Fault::Unread { .. }) => true,
            other => other.map_err(wrong)?,
        };
        if warned && !given.typed { Err(Refusal::Warned) } else { Ok(()) }
    }

    fn prompt_outputs(
        &self,
        path: &StepPath,
        step: &Step,
        seen: &Value,
        now: At,
    ) -> Result<Map<String, Value>, String> {
        let frame = Frame::empty(now);
        let scope = Scope::bare(self, path, &frame, now);
        let mut outputs = Map::new();
        for output in &step.outputs {
            let value = scope.value_on(&output.selector, seen).map_err(|f| f.to_string())?;
            if value.is_null() && !output.optional {
                return Err(format!("the chosen row has no `{}`", output.name));
            }
            outputs.insert(output.name.clone(), value);
        }
        Ok(outputs)
    }

    pub(super) fn done(&self, path: &StepPath, note: &str, by: &str, now: At) -> Result<Vec<Fact>, Refusal> {
        let (step, _) = self.asked(path)?;
        let Action::Manual(manual) = &step.action else { return Err(Refusal::NoSuchStep(path.to_string())) };
        if manual.evidence && note.trim().is_empty() {
            return Err(Refusal::WrongAnswer("this step asks for evidence: say what you saw".into()));
        }
        let (path, note, by) = (path.clone(), note.to_owned(), by.to_owned());
        Ok(vec![Fact::Attested { path, note, by, at: now }])
    }

    pub(super) fn approve(
        &self,
        path: &StepPath,
        approver: &str,
        accept: bool,
        by: &str,
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        let (step, _) = self.asked(path)?;
        if !matches!(step.action, Action::Approve { .. }) {
            return Err(Refusal::NoSuchStep(path.to_string()));
        }
        let name = approver.trim();
        if name.is_empty() || name.eq_ignore_ascii_case(by) || name.eq_ignore_ascii_case(&self.info.operator)
        {
            return Err(Refusal::NotASecondPerson);
        }
        let word = Fact::Approved {
            path: path.clone(),
            approver: name.to_owned(),
            accepted: accept,
            by: by.to_owned(),
            at: now,
        };
        let mut facts = vec![word];
        if !accept {
            facts.extend(self.fail(path, HoldKind::Failed, &format!("{name} refused"), now));
        }
        Ok(facts)
    }
}
