//! The runbook on paper: a checklist in Markdown that works when nothing else does, and the summary that
//! `show --json` prints. What is not known yet stands in `<angle brackets>`.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::model::{
    Action, CheckKind, Level, Offer, ParameterKind, Prompt, ReadRef, Runbook, Source, Step, Undo, Wait,
};
use super::words::effect_word;
use crate::catalogue::{CliPlace, Effect, Operation, Tier};
use crate::expr::{Filled, Template, Tree};
use crate::ids::At;
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
        json!({"name": check.name, "level": level(check.level), "message": blanks.text(&check.message)})
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

/// Fills in what depends on parameters only; the rest becomes `<from step.output>`.
struct Blanks {
    scope: Value,
}

impl Blanks {
    fn new(runbook: &Runbook, given: &Map<String, Value>) -> Blanks {
        let mut blanks = Blanks { scope: json!({"parameters": given}) };
        for parameter in &runbook.parameters {
            let known = given.get(&parameter.name).cloned();
            let value = known.or_else(|| parameter.default.as_ref().map(|tree| blanks.tree(tree)));
            let value = value.unwrap_or_else(|| json!(format!("<{}>", parameter.name)));
            // Text where a list is wanted would not evaluate; such a parameter stays a blank of its own.
            if !matches!(parameter.kind, ParameterKind::List(_) | ParameterKind::Map(_)) || !value.is_string()
            {
                blanks.scope["parameters"][&parameter.name] = value;
            }
        }
        blanks
    }

    fn expression(&self, expr: &crate::expr::Expr) -> Value {
        let own = |root: &crate::expr::Root| match root.path.as_slice() {
            [first, name] => first == "parameters" && self.scope["parameters"].get(name).is_some(),
            _ => false,
        };
        let known = expr.roots().iter().chain(expr.slot_roots()).all(own);
        match expr.eval(&self.scope, &self.scope, At(0)) {
            Ok(value) if known && !value.is_null() => value,
            _ => json!(blank(expr.source())),
        }
    }

    fn text(&self, template: &Template) -> String {
        let (mut out, mut rest) = (String::new(), template.source());
        for expr in template.exprs() {
            let written = format!("{{{{{}}}}}", expr.source());
            let Some((before, after)) = rest.split_once(&written) else { break };
            out += before;
            out += &plain(&self.expression(expr));
            rest = after;
        }
        out + rest
    }

    fn tree(&self, tree: &Tree) -> Value {
        match tree {
            Tree::Plain(value) => value.clone(),
            Tree::Text(template) => match (template.whole(), template.eval(&self.scope, At(0))) {
                (Some(expr), _) => self.expression(expr),
                (None, Ok(Filled::Value(value))) => value,
                (None, _) => json!(self.text(template)),
            },
            Tree::List(items) => items.iter().map(|item| self.tree(item)).collect(),
            Tree::Map(entries) => {
                Value::Object(entries.iter().map(|(key, tree)| (key.clone(), self.tree(tree))).collect())
            }
        }
    }
}

impl Blanks {
    /// An expression as code, its templates filled in.
    fn code(&self, expr: &crate::expr::Expr) -> String {
        let source = expr.source().trim();
        let text =
            Template::parse(source).map_or_else(|_| source.to_owned(), |template| self.text(&template));
        span(&text)
    }
}

/// A code span of Markdown.
fn span(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// `<db>` for a parameter, `<from choose.snapshot>` for anything else.
fn blank(source: &str) -> String {
    let source = source.trim();
    let inner = source.strip_prefix("omit_null(").and_then(|s| s.strip_suffix(')')).unwrap_or(source);
    let path = inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let own =
        ["item", "index", "captured", "now", "run"].iter().any(|root| inner.split('.').next() == Some(root));
    match inner.strip_prefix("parameters.") {
        Some(parameter) if path => format!("<{parameter}>"),
        _ if path && own => format!("<{inner}>"),
        _ => format!("<from {inner}>"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
            self.line(0, &format!("- [ ] {} ({}): {asked}", check.name, level(check.level)));
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

fn level(level: Level) -> &'static str {
    match level {
        Level::Fail => "fail",
        Level::Warn => "warn",
    }
}
