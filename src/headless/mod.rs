//! A run without a screen: phrases and answers come from the command line, lines go to standard output.
//!
//! It is a front end like the console: it sees scenes and sends commands, and decides nothing. What it would
//! have to ask and cannot is said all at once before anything is sent (`needs`).

mod ask;
mod needs;
mod script;

use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use crate::ids::{At, Span, StepPath};
use crate::run::{Command, Gate, Hold, Offered, Run, Scene, Stage, StepRun, What};
use crate::runbook::Action;
use crate::runner::{Handle, Reader, exit};
use crate::watch::UnreadKind;

pub use needs::{Missing, missing, missing_back};
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
    /// Gates that were answered, by when they opened: a refused phrase is not sent again, a gate that opens
    /// anew is another gate, even for the same call.
    tried: Vec<(StepPath, At)>,
    asked: Vec<(StepPath, At)>,
    held: Vec<(StepPath, At)>,
    silent: Option<Silence>,
}

/// Nothing that was asked came through: since when, the newest round, and how many there were.
#[derive(Clone, Copy)]
struct Silence {
    since: At,
    newest: At,
    rounds: u32,
}

/// How long the endpoint may be silent before the run is left as it stands, and in how many rounds at least: a
/// few that ran into their deadline say little.
const SILENCE: (Span, u32) = (Span::mins(10), 5);

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
        Driver {
            handle,
            reader,
            script,
            style,
            out,
            shown: 0,
            tried: Vec::new(),
            asked: Vec::new(),
            held: Vec::new(),
            silent: None,
        }
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
            return if self.lifted(scene).await { None } else { Some(stop) };
        }
        for (path, gate) in &scene.run.gates {
            if let Some(stop) = self.gate(&scene.run, path, gate).await {
                return Some(stop);
            }
        }
        for path in scene.run.active.iter().cloned().collect::<Vec<_>>() {
            if let Some(stop) = self.question(scene, &path).await {
                return Some(stop);
            }
        }
        stopped_before(scene).or_else(|| self.silence(scene))
    }

    /// An endpoint that cannot be reached pauses a run by itself: nobody here could see it and decide.
    fn silence(&mut self, scene: &Scene) -> Option<Stop> {
        let mut unreached = None;
        for reading in scene.looks.values().flat_map(|frame| frame.readings.values()) {
            match &reading.answer {
                Err(why) if why.kind == UnreadKind::Transport => unreached = Some(why),
                Err(why) if why.kind == UnreadKind::NotYet => {}
                _ => {
                    self.silent = None;
                    return None;
                }
            }
        }
        let (why, now) = (unreached?, self.handle.now());
        let newest = scene.looks.values().map(|frame| frame.asked).max()?;
        let silence = self.silent.get_or_insert(Silence { since: now, newest, rounds: 1 });
        if newest > silence.newest {
            (silence.newest, silence.rounds) = (newest, silence.rounds + 1);
        }
        let lasted = now.since(silence.since);
        let over = lasted >= SILENCE.0.paced(scene.run.info.pace) && silence.rounds >= SILENCE.1;
        over.then(|| Stop::Needs {
            code: exit::UNFINISHED,
            why: format!("the endpoint has not answered for {}: {}", lasted.human(), why.message),
        })
    }

    async fn gate(&mut self, run: &Run, path: &StepPath, gate: &Gate) -> Option<Stop> {
        let name = (path.clone(), gate.opened);
        if self.tried.contains(&name) {
            return None;
        }
        self.tried.push(name);
        if !self.script.has_phrase(path, &gate.phrase) && !self.typed(run, path, gate).await {
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

    /// Whether a person at the terminal lifts a hold; an empty line leaves.
    async fn lifted(&mut self, scene: &Scene) -> bool {
        let found = worst_hold(scene);
        let Some((path, hold)) = found.filter(|(_, h)| self.script.interactive && ask::liftable(h.kind))
        else {
            return false;
        };
        let name = (path.clone(), hold.at);
        if self.held.contains(&name) {
            return true;
        }
        loop {
            ask::show_hold(path, &hold.why, self.out);
            let Some(line) = ask::line().await.filter(|l| !l.trim().is_empty()) else { return false };
            let Some((what, reason)) = ask::order(path, &line) else { continue };
            match self.order(what, reason).await {
                None => {
                    self.held.push(name);
                    return true;
                }
                Some(Stop::Needs { why, .. }) => {
                    writeln!(self.out, "{}", crate::text::clean(&why)).ok();
                }
                Some(Stop::Ended) => return false,
            }
        }
    }

    /// Whether a person at the terminal types the phrase; an empty line leaves.
    async fn typed(&mut self, run: &Run, path: &StepPath, gate: &Gate) -> bool {
        if !self.script.interactive {
            return false;
        }
        loop {
            ask::show_gate(run, path, gate, self.out);
            match ask::line().await {
                Some(line) if line == gate.phrase => return true,
                Some(line) if !line.is_empty() => {
                    writeln!(self.out, "That is not the phrase.").ok();
                }
                _ => return false,
            }
        }
    }

    async fn send(&mut self, what: What) -> Option<Stop> {
        self.order(what, String::new()).await
    }

    async fn order(&mut self, what: What, reason: String) -> Option<Stop> {
        let command = Command { by: self.script.by.clone(), reason, what };
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
        let name = (path.clone(), run.began);
        if self.asked.contains(&name) {
            return None;
        }
        self.asked.push(name);
        let given = self.script.answer(path).cloned();
        let Some(answer) = (if given.is_some() { given } else { self.asked_for(scene, path).await }) else {
            let why = format!("{path} needs an answer; give it with --answer '{path}=VALUE'");
            return Some(Stop::Needs { code: exit::UNFINISHED, why });
        };
        match self.reply(scene, path, &answer).await {
            Ok(what) => self.send(what).await,
            Err(why) => Some(Stop::Needs { code: exit::UNFINISHED, why: format!("{path}: {why}") }),
        }
    }

    async fn asked_for(&mut self, scene: &Scene, path: &StepPath) -> Option<String> {
        if !self.script.interactive {
            return None;
        }
        let offered = self.offered(scene, path).await.unwrap_or_default();
        let values: Vec<String> = offered.iter().map(|o| plain(&o.value)).collect();
        ask::show_question(&scene.run, path, &values, self.out);
        ask::line().await.filter(|line| !line.trim().is_empty())
    }

    async fn offered(&self, scene: &Scene, path: &StepPath) -> Result<Vec<Offered>, String> {
        let now = self.handle.now();
        let look = scene.run.offer_look(path, now);
        let frame = self.reader.round(&look, now).await;
        scene.run.offered(path, &frame, now).map_err(|f| f.to_string())
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
        let offered = self.offered(scene, path).await?;
        let chosen = offered.iter().find(|o| plain(&o.value) == answer);
        match chosen {
            Some(o) => {
                let (value, row) = (o.value.clone(), Some(o.row.clone()));
                Ok(What::Answer { path: path.clone(), value, row, typed: true })
            }
            None if offered.is_empty() => {
                Ok(What::Answer { path: path.clone(), value: json!(answer), row: None, typed: true })
            }
            None => {
                let all: Vec<String> = offered.iter().map(|o| plain(&o.value)).collect();
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

/// A value as `--answer` takes it.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn worst_hold(scene: &Scene) -> Option<(&StepPath, &Hold)> {
    let holding = scene.run.active.iter().filter_map(|p| Some((p, scene.run.steps.get(p)?.hold.as_ref()?)));
    holding.min_by_key(|(_, hold)| exit::rank(exit::of_hold(hold.kind)))
}

/// The first hold that needs a person, worst first.
fn holds(scene: &Scene) -> Option<Stop> {
    let (path, why) = worst_hold(scene)?;
    // Other items go on (`finish_others_then_pause`): stop only when nothing else is at work.
    let sending = |s: &StepRun| matches!(s.stage, Stage::InFlight(_));
    let busy = !scene.run.looks().is_empty()
        || scene.run.active.iter().filter_map(|p| scene.run.steps.get(p)).any(sending);
    (!busy).then(|| Stop::Needs { code: exit::of_hold(why.kind), why: format!("{path} holds: {}", why.why) })
}

/// The run's own code; an open question is not in its state.
fn exit_code(scene: &Scene, stop: &Stop) -> u8 {
    match (exit::of(&scene.run), stop) {
        (exit::UNFINISHED, Stop::Needs { code, .. }) => *code,
        (code, _) => code,
    }
}
