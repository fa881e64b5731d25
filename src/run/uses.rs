//! Which step outputs a step uses, be it through reads and conditions. Decides where a redone plan continues.

use std::collections::BTreeSet;

use super::look::roots_of;
use super::scope::{read_name, root_name};
use super::state::Run;
use crate::expr::{Expr, Root, Template, Tree};
use crate::runbook::{Action, Offer, Prompt, Read, ReadRef, RowsBound, RowsRule, Step, Undo};

/// Whether anything in a step, its nested or undo steps uses the outputs of the step `name`. A guard only says
/// whether a call may be made: of a step that `stands` it asks for nothing any more.
pub(super) fn mentions(run: &Run, step: &Step, name: &str, stands: bool) -> bool {
    let mut uses = Uses { run, name, guards: !stands, found: false, seen: BTreeSet::new() };
    uses.step(step);
    uses.found
}

struct Uses<'r> {
    run: &'r Run,
    name: &'r str,
    guards: bool,
    found: bool,
    /// Reads and conditions that were followed.
    seen: BTreeSet<String>,
}

impl Uses<'_> {
    fn step(&mut self, step: &Step) {
        self.template(&step.title);
        self.exprs(&step.when);
        self.exprs(step.outputs.iter().map(|o| &o.selector));
        if let Some(each) = &step.for_each {
            self.exprs([&each.items, &each.key]);
        }
        if let Some(guard) = step.guard.as_ref().filter(|_| self.guards) {
            self.exprs([&guard.check]);
            self.rows(&guard.rows);
        }
        step.capture.iter().for_each(|(_, read)| self.read_ref(read));
        if let Some(probe) = &step.probe {
            self.read_ref(&probe.read);
            self.exprs([&probe.executed_when]);
        }
        if let Some(verify) = &step.verify {
            self.read_ref(&verify.read);
            self.exprs([&verify.until]);
        }
        self.action(&step.action);
        for nested in &step.steps {
            self.step(nested);
        }
        if let Undo::Steps { steps, .. } = &step.undo {
            for undo in steps {
                self.step(undo);
            }
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::AwsApi { parameters: tree, .. } | Action::Foreign { inputs: tree, .. } => self.tree(tree),
            Action::Wait(wait) => {
                wait.read.iter().for_each(|read| self.read(read));
                self.exprs(
                    [Some(&wait.until), wait.fail_when.as_ref(), wait.must_leave.as_ref()]
                        .into_iter()
                        .flatten(),
                );
                self.rows(&wait.rows);
            }
            Action::Assert(assert) => {
                assert.read.iter().for_each(|read| self.read(read));
                self.exprs([&assert.check]);
                self.rows(&assert.rows);
            }
            Action::Branch { choices, .. } => self.exprs(choices.iter().map(|c| &c.when)),
            Action::Diff(diff) => {
                self.template(&diff.left);
                self.template(&diff.right);
                self.exprs(&diff.expect_same);
            }
            Action::Prompt(prompt) => self.prompt(prompt),
            Action::Manual(manual) => {
                manual.checklist.iter().for_each(|line| self.template(line));
                manual.show.iter().for_each(|name| self.named(name));
            }
            Action::Approve { message } | Action::End { message, .. } => self.template(message),
            Action::Undo { .. } | Action::Each => {}
        }
    }

    fn prompt(&mut self, prompt: &Prompt) {
        self.template(&prompt.message);
        if let Offer::Rows(offer) = &prompt.offer {
            self.read_ref(&offer.read);
            self.exprs(offer.warn_when.iter().chain(&offer.rows).chain([&offer.value]));
        }
    }

    fn rows(&mut self, rules: &[RowsRule]) {
        for rule in rules {
            self.named(&rule.read);
            let (RowsBound::Exactly(tree) | RowsBound::AtLeast(tree)) = &rule.bound;
            self.tree(tree);
        }
    }

    fn tree(&mut self, tree: &Tree) {
        tree.roots().into_iter().for_each(|root| self.root(root));
    }

    fn template(&mut self, template: &Template) {
        template.roots().for_each(|root| self.root(root));
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            expr.roots().iter().chain(expr.slot_roots()).for_each(|root| self.root(root));
        }
    }

    fn read_ref(&mut self, read: &ReadRef) {
        match read {
            ReadRef::Named(name) => self.named(name),
            ReadRef::Inline(read) => self.read(read),
        }
    }

    fn read(&mut self, read: &Read) {
        for root in &roots_of(read) {
            self.root(root);
        }
    }

    fn named(&mut self, name: &str) {
        let run = self.run;
        if let Some(read) = run.plan.read(name).filter(|_| self.seen.insert(format!("reads.{name}"))) {
            self.read(read);
        }
    }

    fn root(&mut self, root: &Root) {
        let of = root_name(root);
        self.found |= of == self.name;
        if let Some(read) = read_name(root) {
            self.named(read);
            return;
        }
        let condition = self.run.book().conditions.iter().find(|(name, _)| name == of);
        if let Some((_, condition)) = condition.filter(|_| self.seen.insert(of.to_owned())) {
            self.exprs([condition]);
        }
    }
}
