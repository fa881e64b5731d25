//! The runbook on paper: a checklist in Markdown that works when nothing else does. What is not known yet
//! stands in `<angle brackets>`.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::blanks::{Blanks, plain, span};
use super::model::{
    Action, Assert, CheckKind, Column, Manual, Offer, OfferRows, Prompt, ReadRef, RowsBound, RowsRule,
    Runbook, Source, Step, Undo, Wait,
};
use crate::catalogue::{CliPlace, Effect, Kind, Operation, Tier};
use crate::expr::Tree;
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
        let blanks = "In the commands `<…>` is filled in by hand. What stands in `[…]` is left out when there is \
                      nothing to fill in; of two options with `|` between them one is taken.";
        self.line(0, blanks);
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
            if let CheckKind::Holds { read: Some(read), .. } = &check.kind {
                self.line(1, &format!("Of: {}", self.read(read)));
            }
            if let CheckKind::Holds { rows, .. } = &check.kind {
                self.rows(rows, 1, "");
            }
            self.line(1, &format!("If not: {message}"));
        }
        self.gap();
    }

    /// How many rows each list must have.
    fn rows(&mut self, rules: &[RowsRule], depth: usize, mark: &str) {
        let bound = |tree: &Tree| plain(&self.blanks.tree(tree));
        let rule = |rule: &RowsRule| match &rule.bound {
            RowsBound::Exactly(n) => format!("`{}` exactly {}", rule.read, bound(n)),
            RowsBound::AtLeast(n) => format!("`{}` at least {}", rule.read, bound(n)),
        };
        let rules: Vec<_> = rules.iter().map(rule).collect();
        if !rules.is_empty() {
            self.line(depth, &format!("{mark}Rows there must be: {}.", rules.join(", ")));
        }
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
                let line = self.command(operation, parameters);
                self.line(depth, &format!("- {}", span(&line)));
            }
            Action::Wait(wait) => self.wait(step, wait, depth),
            Action::Assert(assert) => self.assert(assert, depth),
            Action::Prompt(prompt) => self.prompt(prompt, depth),
            Action::Manual(manual) => self.manual(manual, depth),
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

    fn assert(&mut self, assert: &Assert, depth: usize) {
        let message = self.blanks.text(&assert.message);
        let check = self.blanks.code(&assert.check);
        self.line(depth, &format!("- Check that {check}. If not: {message}"));
        if let Some(read) = &assert.read {
            self.line(depth, &format!("- {}", self.read(&ReadRef::Inline(read.clone()))));
        }
        self.rows(&assert.rows, depth, "- ");
    }

    fn manual(&mut self, manual: &Manual, depth: usize) {
        if !manual.show.is_empty() {
            let shown: Vec<_> = manual.show.iter().map(|name| format!("`reads.{name}`")).collect();
            self.line(depth, &format!("- Look at {}.", shown.join(", ")));
        }
        for item in &manual.checklist {
            let item = self.blanks.text(item);
            self.line(depth, &format!("- [ ] {item}"));
        }
        if manual.evidence {
            self.line(depth, "- Evidence: ______________");
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
        self.rows(&wait.rows, depth, "- ");
        if let Some(leave) = &wait.must_leave {
            let leave = self.blanks.code(leave);
            self.line(depth, &format!("- It counts only when {leave} was seen false once since the start."));
        }
        if !wait.tolerate.is_empty() {
            let borne = wait.tolerate.iter().map(|(code, span)| format!("{code} for {span}"));
            let borne = borne.collect::<Vec<_>>().join(", ");
            self.line(depth, &format!("- Borne from the start: {borne}."));
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
            Offer::Rows(rows) => self.offer(rows, depth),
            Offer::Free(kind) => self.line(depth, &format!("- {}.", kind.words())),
        }
    }

    fn offer(&mut self, offer: &OfferRows, depth: usize) {
        let read = self.read(&offer.read);
        let rows =
            offer.rows.as_ref().map_or(String::new(), |rows| format!(", rows {}", self.blanks.code(rows)));
        self.line(depth, &format!("- One of {read}{rows}; write down {}.", self.blanks.code(&offer.value)));
        let column = |column: &Column| match self.blanks.code(&column.value) {
            value if value == span(&column.title) => value,
            value => format!("{} = {value}", column.title),
        };
        let columns: Vec<_> = offer.columns.iter().map(column).collect();
        self.line(depth, &format!("- Look at {}.", columns.join(", ")));
        if let Some(warn) = &offer.warn_when {
            let warn = self.blanks.code(warn);
            self.line(depth, &format!("- Careful with a row where {warn}."));
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
        let tier = tier(step, operation.floor(&call, None));
        if tier > Tier::T0 {
            let also = step.confirm.also.as_ref().map(|also| span(&self.blanks.text(also)));
            let also = also.map_or(String::new(), |also| format!(", and also {also}"));
            self.line(depth, &format!("- Confirm ({tier}): {}{also}", phrase(operation, &call, tier)));
        }
        if let Some(guard) = &step.guard {
            let message = self.blanks.text(&guard.message);
            let check = self.blanks.code(&guard.check);
            self.line(depth, &format!("- Only while {check}. If not: {message}"));
            self.rows(&guard.rows, depth, "- ");
        }
    }

    /// The command line of a call. What is not known yet and may be left out, or is an option without a
    /// value, stands at its end.
    fn command(&self, operation: &Operation, parameters: &Tree) -> String {
        let mut known = self.blanks.tree(parameters);
        let mut open = String::new();
        let Tree::Map(entries) = parameters else { return cli(operation, &known) };
        for (name, tree) in entries {
            let Some(blank) = known[name].as_str().filter(|text| text.starts_with('<')) else { continue };
            let Some(option) = open_option(operation, name, tree, blank) else { continue };
            open += &option;
            if let Some(known) = known.as_object_mut() {
                known.remove(name);
            }
        }
        cli(operation, &known) + &open
    }

    fn read(&self, read: &ReadRef) -> String {
        let ReadRef::Inline(read) = read else { return format!("`reads.{}`", read.word()) };
        let select = read
            .select
            .as_ref()
            .map_or(String::new(), |select| format!(", of it {}", self.blanks.code(select)));
        match &read.from {
            Source::Aws { operation, parameters } => {
                format!("{}{select}", span(&self.command(operation, parameters)))
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

fn cli(operation: &Operation, call: &Value) -> String {
    operation.cli(call, &CliPlace::default())
}

/// How a value that is not known yet is written when it may be left out, or has no value on the command line.
fn open_option(operation: &Operation, name: &str, tree: &Tree, blank: &str) -> Option<String> {
    let option = |value: Value| {
        let line = cli(operation, &json!({ name: value }));
        line.strip_prefix(&cli(operation, &json!({}))).unwrap_or_default().trim().to_owned()
    };
    let shape = operation.input()?.member(name)?.shape;
    let omitted = matches!(tree, Tree::Text(template)
        if template.whole().is_some_and(|expr| expr.source().trim().starts_with("omit_null(")));
    let written = match shape.kind() {
        Kind::Boolean => format!("{} | {}, as {blank}", option(json!(true)), option(json!(false))),
        _ if omitted => option(json!(blank)),
        _ => return None,
    };
    Some(if omitted { format!(" [{written}]") } else { format!(" ({written})") })
}

/// The lowest gate the call can have: the catalogue's, raised by what the author says.
fn tier(step: &Step, floor: Tier) -> Tier {
    let said = match step.effect {
        None | Some(Effect::Read) => Tier::T0,
        Some(Effect::Mutate) => Tier::T1,
        Some(Effect::Destructive) => Tier::T2,
    };
    floor.max(said).max(step.confirm.tier.unwrap_or(Tier::T0))
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
