//! A run without a screen: phrases and answers come from the command line, lines go to standard output.
//!
//! It is a front end like the console: it sees scenes and sends commands, and decides nothing. What it would
//! have to ask and cannot is said all at once before anything is sent (`needs`).

mod needs;
mod script;

use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use crate::ids::StepPath;
use crate::run::{Command, Gate, Scene, Stage, What};
use crate::runbook::Action;
use crate::runner::{Handle, Reader, exit};

pub use needs::{Missing, missing};
pub use script::{Script, ScriptError};

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    /// `03:14:07Z  text`, append-only.
    #[default]
    Plain,
    /// JSON Lines with `schema_version`.
    Json,
}

/// Drives a session to its end or to the first question the script has no answer for.
pub struct Driver<'a> {
    handle: Handle,
    reader: Arc<Reader>,
    script: &'a Script,
    style: Style,
    out: &'a mut dyn Write,
    /// Newest line written.
    shown: u64,
    /// Gates that were answered, by digest: a refused phrase is not typed again.
    tried: Vec<String>,
    asked: Vec<(StepPath, u16)>,
}

/// Why driving stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stop {
    /// The run has ended.
    Ended,
    /// A person is needed; the run stays resumable.
    Needs { code: u8, why: String },
}

impl<'a> Driver<'a> {
    pub fn new(
        handle: Handle,
        reader: Arc<Reader>,
        script: &'a Script,
        style: Style,
        out: &'a mut dyn Write,
    ) -> Driver<'a> {
        Driver { handle, reader, script, style, out, shown: 0, tried: Vec::new(), asked: Vec::new() }
    }

    /// Runs until the end or the first open question; gives the exit code.
    pub async fn drive(mut self) -> u8 {
        let stop = loop {
            let scene = self.handle.scene();
            self.write_lines(&scene);
            if let Some(stop) = self.step(&scene).await {
                break stop;
            }
            if !self.handle.changed().await {
                break Stop::Ended;
            }
        };
        self.handle.leave();
        while self.handle.changed().await {}
        let scene = self.handle.scene();
        self.write_lines(&scene);
        self.end(&scene, &stop)
    }

    async fn step(&mut self, scene: &Scene) -> Option<Stop> {
        if scene.run.ended.is_some() || scene.trouble.is_some() {
            return Some(Stop::Ended);
        }
        if let Some(stop) = holds(scene) {
            return Some(stop);
        }
        for (path, gate) in &scene.run.gates {
            if let Some(stop) = self.gate(path, gate).await {
                return Some(stop);
            }
        }
        for path in scene.run.active.iter().cloned().collect::<Vec<_>>() {
            if let Some(stop) = self.question(scene, &path).await {
                return Some(stop);
            }
        }
        stopped_before(scene)
    }

    async fn gate(&mut self, path: &StepPath, gate: &Gate) -> Option<Stop> {
        if self.tried.contains(&gate.digest) {
            return None;
        }
        self.tried.push(gate.digest.clone());
        if !self.script.has_phrase(path, &gate.phrase) {
            let why = format!(
                "the gate {path} ({}) wants the phrase `{}`; give it with --confirm '{path}={}'",
                gate.tier, gate.phrase, gate.phrase
            );
            return Some(Stop::Needs { code: exit::UNFINISHED, why });
        }
        let what =
            What::Confirm { gate: path.clone(), digest: gate.digest.clone(), phrase: gate.phrase.clone() };
        self.send(what).await
    }

    async fn send(&mut self, what: What) -> Option<Stop> {
        let command = Command { by: self.script.by.clone(), reason: String::new(), what };
        match self.handle.command(command).await {
            Ok(Err(refusal)) => Some(Stop::Needs { code: exit::UNFINISHED, why: refusal.to_string() }),
            Ok(Ok(())) | Err(_) => None,
        }
    }

    async fn question(&mut self, scene: &Scene, path: &StepPath) -> Option<Stop> {
        let (step, run) = (scene.run.plan.step(path)?, scene.run.steps.get(path)?);
        let asks = matches!(step.action, Action::Prompt(_) | Action::Manual(_) | Action::Approve { .. });
        if !asks || !run.entered || !matches!(run.stage, Stage::Fresh) {
            return None;
        }
        let name = (path.clone(), run.attempts);
        if self.asked.contains(&name) {
            return None;
        }
        self.asked.push(name);
        let Some(answer) = self.script.answer(path).cloned() else {
            let why = format!("{path} needs an answer; give it with --answer '{path}=VALUE'");
            return Some(Stop::Needs { code: exit::UNFINISHED, why });
        };
        match self.reply(scene, path, &answer).await {
            Ok(what) => self.send(what).await,
            Err(why) => Some(Stop::Needs { code: exit::UNFINISHED, why: format!("{path}: {why}") }),
        }
    }

    async fn reply(&self, scene: &Scene, path: &StepPath, answer: &str) -> Result<What, String> {
        match scene.run.plan.step(path).map(|s| &s.action) {
            Some(Action::Manual(_)) => {
                let note =
                    script::done(answer).ok_or("the answer of a manual step is `done` or `done: note`")?;
                Ok(What::Done { path: path.clone(), note: note.to_owned() })
            }
            Some(Action::Approve { .. }) => {
                Ok(What::Approve { path: path.clone(), approver: answer.to_owned(), accept: true })
            }
            _ => self.prompt_reply(scene, path, answer).await,
        }
    }

    async fn prompt_reply(&self, scene: &Scene, path: &StepPath, answer: &str) -> Result<What, String> {
        let now = self.handle.now();
        let look = scene.run.offer_look(path, now);
        let frame = self.reader.round(&look, now).await;
        let offered = scene.run.offered(path, &frame, now).map_err(|f| f.to_string())?;
        let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let chosen = offered.iter().find(|o| text(&o.value) == answer);
        match chosen {
            Some(o) => {
                Ok(What::Answer { path: path.clone(), value: o.value.clone(), row: Some(o.row.clone()) })
            }
            None if offered.is_empty() => {
                Ok(What::Answer { path: path.clone(), value: json!(answer), row: None })
            }
            None => {
                let all: Vec<String> = offered.iter().map(|o| text(&o.value)).collect();
                Err(format!("`{answer}` is not offered; there are {}", all.join(", ")))
            }
        }
    }

    fn write_lines(&mut self, scene: &Scene) {
        for line in scene.log.iter().filter(|l| l.n > self.shown) {
            let text = match self.style {
                Style::Plain => format!("{}Z  {}", line.at.clock(), line.text),
                Style::Json => json!({"schema_version": 1, "at": line.at.rfc3339(), "kind": line.kind,
                    "text": line.text})
                .to_string(),
            };
            // A closed pipe must not end a recovery (reliability.md §4 rule 12).
            writeln!(self.out, "{text}").ok();
        }
        self.shown = scene.log.last().map_or(self.shown, |l| l.n.max(self.shown));
        self.out.flush().ok();
    }

    fn end(&mut self, scene: &Scene, stop: &Stop) -> u8 {
        let code = exit_code(scene, stop);
        let why = match stop {
            Stop::Needs { why, .. } => why.clone(),
            Stop::Ended => scene.trouble.clone().unwrap_or_default(),
        };
        let (id, state) = (&scene.run.info.id, scene.run.state().word());
        let text = match self.style {
            Style::Plain => format!(
                "run {id} is {state}{}",
                if why.is_empty() { String::new() } else { format!(": {why}") }
            ),
            Style::Json => {
                json!({"schema_version": 1, "run": id.0, "state": state, "why": why, "exit": code})
                    .to_string()
            }
        };
        writeln!(self.out, "{text}").ok();
        if self.style == Style::Plain && scene.run.ended.is_none() {
            writeln!(self.out, "resume it with: ripcord resume {id}").ok();
        }
        self.out.flush().ok();
        code
    }
}

/// `--stop-before`: the run stands right before that step.
fn stopped_before(scene: &Scene) -> Option<Stop> {
    let wanted = scene.run.info.stop_before.as_ref()?;
    let root = scene.run.lists.get(&StepPath::default())?;
    let next = scene.run.book().steps.get(root.next)?;
    (root.current.is_none() && next.name == *wanted)
        .then(|| Stop::Needs { code: exit::UNFINISHED, why: format!("stopped before {wanted}") })
}

/// The first hold that needs a person, worst first.
fn holds(scene: &Scene) -> Option<Stop> {
    let held = scene.run.active.iter().filter_map(|p| Some((p, scene.run.steps.get(p)?.hold.as_ref()?)));
    let (path, why) = held.min_by_key(|(_, hold)| exit::rank(exit::of_hold(hold.kind)))?;
    // Other items of the same list go on; stop only when nothing else is at work.
    let busy = scene.run.active.iter().any(|p| {
        scene.run.steps.get(p).is_some_and(|s| {
            s.hold.is_none()
                && matches!(s.stage, Stage::InFlight(_) | Stage::Doubt { .. } | Stage::Granted(_))
        })
    });
    (!busy).then(|| Stop::Needs { code: exit::of_hold(why.kind), why: format!("{path} holds: {}", why.why) })
}

/// The run's own code; an open question is not in its state.
fn exit_code(scene: &Scene, stop: &Stop) -> u8 {
    match (exit::of(&scene.run), stop) {
        (exit::UNFINISHED, Stop::Needs { code, .. }) => *code,
        (code, _) => code,
    }
}
