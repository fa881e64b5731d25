//! The runbook on paper: a checklist in Markdown that works when nothing else does. What is not known yet
//! stands in `<angle brackets>`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::blanks::{Blanks, plain, span};
use super::model::{Action, CheckKind, Offer, Prompt, ReadRef, Runbook, Source, Step, Undo, Wait};
use crate::catalogue::{CliPlace, Effect, Operation, Tier};
use crate::text::clean_lines;

/// The runbook as a checklist in Markdown. Values of `parameters` are filled in where they are given, or
/// where the runbook has a default.
pub fn paper(runbook: &Runbook, parameters: &Map<String, Value>) -> String {
    let mut page = Page { blanks: Blanks::new(runbook, parameters), out: String::new() };
    page.head(runbook);
    page.parameters(runbook);
    page.preflight(runbook);
    page.steps(runbook);
    page.follow_ups(runbook);
    page.terms(runbook);
    page.out
}

struct Page {
    blanks: Blanks,
    out: String,
}

impl Page {
    fn line(&mut self, depth: usize, text: &str) {
        let pad = "  ".repeat(depth);
        for line in clean_lines(text).lines() {
            writeln!(self.out, "{}", format!("{pad}{line}").trim_end())
                .expect("a string takes all that is written");
        }
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    fn head(&mut self, runbook: &Runbook) {
        self.line(0, &format!("# {}", runbook.title));
        self.gap();
        let version =
            if runbook.version.is_empty() { String::new() } else { format!(" {}", runbook.version) };
        let owner =
            if runbook.owner.is_empty() { String::new() } else { format!(", kept by {}", runbook.owner) };
        self.line(0, &format!("`{}`{version}{owner}. SHA-256 {}.", runbook.id, &runbook.digest[..12]));
        self.gap();
        for (name, text) in [
            ("", &runbook.description),
            ("**Use when.** ", &runbook.use_when),
            ("**Not when.**\n", &runbook.not_when),
        ] {
            if !text.is_empty() {
                self.line(0, &format!("{name}{}", text.trim_end()));
                self.gap();
            }
        }
        let goal = |name: &str, span: Option<crate::ids::Span>| span.map(|span| format!("{name} {span}"));
        let goals: Vec<_> = [goal("RTO", runbook.objectives.rto), goal("RPO", runbook.objectives.rpo)]
            .into_iter()
            .flatten()
            .collect();
        if !goals.is_empty() {
            self.line(0, &format!("Objectives: {}.", goals.join(", ")));
            self.gap();
        }
        self.line(
            0,
            "Account ______________  Region ______________  Operator ______________  Started ______________",
        );
        self.gap();
    }

    fn parameters(&mut self, runbook: &Runbook) {
        if runbook.parameters.is_empty() {
            return;
        }
        self.line(0, "## Parameters");
        self.gap();
        for parameter in &runbook.parameters {
            let known = self.blanks.scope["parameters"].get(&parameter.name).map(plain);
            let known =
                known.filter(|value| !value.starts_with('<')).unwrap_or_else(|| "______________".to_owned());
            let must = if parameter.required { ", required" } else { "" };
            self.line(0, &format!("- [ ] `{}` ({}{must}) = {known}", parameter.name, parameter.kind.word()));
            self.line(1, &parameter.description);
        }
        self.gap();
    }

    fn preflight(&mut self, runbook: &Runbook) {
        if runbook.preflight.is_empty() {
            return;
        }
        self.line(0, "## Before Start");
        self.gap();
        for check in &runbook.preflight {
            let asked = match &check.kind {
                CheckKind::Holds { check, .. } => self.blanks.code(check),
                CheckKind::Errors(reads) => {
                    let all = reads
                        .iter()
                        .map(|(read, codes)| format!("{} answers {}", read.word(), codes.join(" or ")));
                    all.collect::<Vec<_>>().join(", ")
                }
            };
            self.line(0, &format!("- [ ] {} ({}): {asked}", check.name, check.level.word()));
            let message = self.blanks.text(&check.message);
            self.line(1, &format!("If not: {message}"));
        }
        self.gap();
    }

    fn steps(&mut self, runbook: &Runbook) {
        let mut phase = None;
        for (number, step) in runbook.steps.iter().enumerate() {
            if step.phase.is_some() && step.phase != phase {
                phase.clone_from(&step.phase);
                self.line(0, &format!("## Phase: {}", phase.as_deref().unwrap_or_default()));
                self.gap();
            }
            let title = self.blanks.text(&step.title);
            self.line(0, &format!("### {}. {title} (`{}`)", number + 1, step.name));
            self.gap();
            if step.point_of_no_return {
                self.line(0, "**Point of no return: from here on nothing is undone.**");
                self.gap();
            }
            self.body(step, 0);
            self.line(0, "- [ ] done at ____________ by ____________");
            self.gap();
        }
    }

    /// What a step does, and how it is taken back.
    fn body(&mut self, step: &Step, depth: usize) {
        if let Some(text) = &step.instructions {
            let text = self.blanks.text(text);
            self.line(depth, text.trim_end());
            self.gap();
        }
        if let Some(when) = &step.when {
            let when = self.blanks.code(when);
            self.line(depth, &format!("- Only when {when}, else skip this step."));
        }
        if step.only_by_jump {
            self.line(depth, "- Only when a step above leads here.");
        }
        self.what(step, depth);
        self.gate(step, depth);
        for (name, read) in &step.capture {
            self.line(depth, &format!("- Write down first: {name} = {} ______________", self.read(read)));
        }
        if let Some(verify) = &step.verify {
            let read = self.read(&verify.read);
            let until = self.blanks.code(&verify.until);
            self.line(depth, &format!("- Afterwards, until {until}: {read}"));
        }
        self.nested(step, depth);
        self.undo(step, depth);
    }

    fn nested(&mut self, step: &Step, depth: usize) {
        let Some(each) = &step.for_each else { return };
        let items = self.blanks.code(&each.items);
        self.line(depth, &format!("- For each of {items}, {} at a time:", each.concurrency));
        for nested in &step.steps {
            let title = self.blanks.text(&nested.title);
            self.line(depth + 1, &format!("- [ ] **{title}** (`{}`)", nested.name));
            self.body(nested, depth + 2);
        }
    }

    fn undo(&mut self, step: &Step, depth: usize) {
        match &step.undo {
            Undo::NotNeeded => {}
            Undo::None(reason) => {
                let reason = self.blanks.text(reason);
                self.line(depth, &format!("- Undo: none. {reason}"));
            }
            Undo::Steps { steps, valid_until } => {
                let until = valid_until.as_ref().map_or(String::new(), |step| format!(" (until `{step}`)"));
                self.line(depth, &format!("- Undo{until}:"));
                for undo in steps {
                    let title = self.blanks.text(&undo.title);
                    self.line(depth + 1, &format!("- [ ] {title} (`{}`)", undo.name));
                    self.body(undo, depth + 2);
                }
            }
        }
    }

    fn what(&mut self, step: &Step, depth: usize) {
        match &step.action {
            Action::AwsApi { operation, parameters } => {
                let call = self.blanks.tree(parameters);
                self.line(depth, &format!("- {}", span(&operation.cli(&call, &CliPlace::default()))));
            }
            Action::Wait(wait) => self.wait(step, wait, depth),
            Action::Assert(assert) => {
                let message = self.blanks.text(&assert.message);
                let check = self.blanks.code(&assert.check);
                self.line(depth, &format!("- Check that {check}. If not: {message}"));
            }
            Action::Prompt(prompt) => self.prompt(prompt, depth),
            Action::Manual(manual) => {
                for item in &manual.checklist {
                    let item = self.blanks.text(item);
                    self.line(depth, &format!("- [ ] {item}"));
                }
                if manual.evidence {
                    self.line(depth, "- Evidence: ______________");
                }
            }
            Action::Approve { message } => {
                let message = self.blanks.text(message);
                self.line(depth, &format!("- {message}"));
                self.line(depth, "- [ ] agreed by a second person: ______________");
            }
            Action::Diff(diff) => {
                let paths: Vec<_> = diff.expect_same.iter().map(|path| self.blanks.code(path)).collect();
                let (left, right) = (self.blanks.text(&diff.left), self.blanks.text(&diff.right));
                self.line(
                    depth,
                    &format!("- Compare {left} with {right}. Equal must be: {}", paths.join(", ")),
                );
            }
            Action::Branch { choices, default } => {
                for choice in choices {
                    let when = self.blanks.code(&choice.when);
                    self.line(depth, &format!("- If {when}, go on at `{}`.", choice.next_step));
                }
                let other = default.as_ref().map_or("the next step".to_owned(), |step| format!("`{step}`"));
                self.line(depth, &format!("- Else go on at {other}."));
            }
            Action::Undo { step } => self.line(depth, &format!("- Run the undo of `{step}`.")),
            Action::End { verdict, message } => {
                let message = self.blanks.text(message);
                self.line(depth, &format!("- Stop here ({}): {message}", verdict.word()));
            }
            Action::Each => {}
            Action::Foreign { kind, inputs } => {
                let inputs = self.blanks.tree(inputs);
                self.line(depth, &format!("- {kind}: `{inputs}`"));
            }
        }
    }

    fn wait(&mut self, step: &Step, wait: &Wait, depth: usize) {
        let usual = step.estimate.map_or(String::new(), |span| format!(", usually {span}"));
        let limit = step.timeout.map_or(String::new(), |span| format!(", at most {span}"));
        let count = wait.stable_for;
        let times = if count > 1 { format!(", {count} readings in a row") } else { String::new() };
        let until = self.blanks.code(&wait.until);
        self.line(depth, &format!("- Wait until {until}{times}{usual}{limit}."));
        if let Some(fail) = &wait.fail_when {
            let fail = self.blanks.code(fail);
            self.line(depth, &format!("- It has failed when {fail}."));
        }
        if let Some(read) = &wait.read {
            self.line(depth, &format!("- {}", self.read(&ReadRef::Inline(read.clone()))));
        }
    }

    fn prompt(&mut self, prompt: &Prompt, depth: usize) {
        let message = self.blanks.text(&prompt.message);
        self.line(depth, &format!("- {message} ______________"));
        match &prompt.offer {
            Offer::Choices(choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| self.blanks.text(choice)).collect();
                self.line(depth, &format!("- One of {}.", choices.join(", ")));
            }
            Offer::Rows(rows) => {
                let read = self.read(&rows.read);
                self.line(depth, &format!("- One of {read}"));
            }
            Offer::Free(kind) => self.line(depth, &format!("- {}.", kind.words())),
        }
    }

    fn gate(&mut self, step: &Step, depth: usize) {
        let Action::AwsApi { operation, parameters } = &step.action else {
            if step.effect() > Effect::Read && !matches!(step.action, Action::Each) {
                self.line(depth, "- Changes something: confirm first.");
            }
            return;
        };
        let call = self.blanks.tree(parameters);
        let tier = operation.floor(&call, None).max(step.confirm.tier.unwrap_or(Tier::T0));
        if tier > Tier::T0 {
            self.line(depth, &format!("- Confirm ({tier}): {}", phrase(operation, &call, tier)));
        }
        if let Some(guard) = &step.guard {
            let message = self.blanks.text(&guard.message);
            let check = self.blanks.code(&guard.check);
            self.line(depth, &format!("- Only while {check}. If not: {message}"));
        }
    }

    fn read(&self, read: &ReadRef) -> String {
        let ReadRef::Inline(read) = read else { return format!("`reads.{}`", read.word()) };
        let select = read
            .select
            .as_ref()
            .map_or(String::new(), |select| format!(", of it {}", self.blanks.code(select)));
        match &read.from {
            Source::Aws { operation, parameters } => {
                let line = operation.cli(&self.blanks.tree(parameters), &CliPlace::default());
                format!("{}{select}", span(&line))
            }
            Source::Foreign { kind, inputs } => format!("{kind} `{}`{select}", self.blanks.tree(inputs)),
        }
    }

    fn follow_ups(&mut self, runbook: &Runbook) {
        if runbook.follow_ups.is_empty() {
            return;
        }
        self.line(0, "## Afterwards");
        self.gap();
        for follow_up in &runbook.follow_ups {
            let text = self.blanks.text(&follow_up.text);
            let when =
                follow_up.when.as_ref().map_or(String::new(), |w| format!(", if {}", self.blanks.code(w)));
            self.line(0, &format!("- [ ] within {}{when}: {text}", follow_up.due));
        }
    }
}

impl Page {
    /// What the names in conditions stand for.
    fn terms(&mut self, runbook: &Runbook) {
        if !runbook.conditions.is_empty() {
            self.gap();
            self.line(0, "## Conditions");
            self.gap();
        }
        for (name, expr) in &runbook.conditions {
            let code = self.blanks.code(expr);
            self.line(0, &format!("- `{name}`: {code}"));
        }
        if !runbook.reads.is_empty() {
            self.gap();
            self.line(0, "## Readings");
            self.gap();
        }
        for read in &runbook.reads {
            let each = read
                .for_each
                .as_ref()
                .map_or(String::new(), |items| format!(", for each of {}", self.blanks.code(items)));
            let how = self.read(&ReadRef::Inline(Box::new(read.clone())));
            self.line(0, &format!("- `reads.{}`{each}: {how}", read.name));
        }
    }
}

/// What has to be typed, as far as it is known.
fn phrase(operation: &Operation, call: &Value, tier: Tier) -> String {
    let subject = operation.subject(call);
    let subject = if subject.is_empty() { "its subject".to_owned() } else { format!("`{subject}`") };
    match tier {
        Tier::T0 | Tier::T1 => "`y`".to_owned(),
        Tier::T2 => format!("type {subject}"),
        Tier::T3 => format!("type {subject} and the region"),
    }
}
