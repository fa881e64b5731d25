//! A run without a screen: phrases and answers come from the command line, lines go to standard output.
//!
//! It is a front end like the console: it sees scenes and sends commands, and decides nothing. What it would
//! have to ask and cannot is said all at once before anything is sent (`needs`).

mod ask;
mod needs;
mod play;
mod rehearse;
mod script;

use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use crate::drill::{Occasion, Player};
use crate::ids::{At, Span, StepPath};
use crate::run::{Command, Gate, Hold, LookName, Offered, Run, Scene, Stage, StepRun, What};
use crate::runbook::Action;
use crate::runner::{Handle, Reader, exit};
use crate::text::{clean_whole, written};
use crate::watch::UnreadKind;

use ask::{Lines, Typed};
pub use needs::{Missing, missing, missing_back};
pub use rehearse::{Rehearsed, rehearse};
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
    lines: Lines,
    silent: Option<Silence>,
    player: Option<&'a Player>,
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
            lines: Lines::default(),
            silent: None,
            player: None,
        }
    }

    /// Driven by the operator of a scenario, in a drill that nobody sits at.
    #[must_use]
    pub fn played_by(self, player: &'a Player) -> Driver<'a> {
        Driver { player: Some(player), ..self }
    }

    /// Runs until the end or the first open question; gives the exit code.
    pub async fn drive(mut self) -> u8 {
        let stop = loop {
            let scene = self.handle.scene();
            self.write_lines(&scene);
            if let Some(stop) = self.step(&scene).await {
                break stop;
            }
            if self.player.is_some_and(Player::hangs) {
                break Stop::Needs { code: exit::TIMEOUT, why: "the drill does not come to an end".into() };
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
            return match self.responded(scene).await {
                Some(responded) => responded,
                None if self.lifted(scene).await => None,
                None => Some(stop),
            };
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
        if let Some(done) = self.before_phrase(run, path, gate).await {
            return done;
        }
        if self.player.is_none() && !self.script.has_phrase(path, &gate.phrase) {
            match self.typed(run, path, gate).await {
                Typed::Line(_) => {}
                Typed::Void => return None,
                Typed::Left => return Some(self.left(wants(path, gate))),
            }
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
            let still = |run: &Run| held(run, path).is_some_and(|other| other.at == hold.at);
            let line = match self.line(still).await {
                Typed::Line(line) => line,
                Typed::Left => return false,
                Typed::Void => return true,
            };
            let Some((what, reason)) = ask::order(path, &line) else { continue };
            match self.order(what, reason).await {
                None => {
                    self.held.push(name);
                    return true;
                }
                Some(Stop::Needs { why, .. }) => {
                    writeln!(self.out, "{}", clean_whole(&why)).ok();
                }
                Some(Stop::Ended) => return false,
            }
        }
    }

    /// The phrase, typed by a person at the terminal; an empty line leaves.
    async fn typed(&mut self, run: &Run, path: &StepPath, gate: &Gate) -> Typed {
        if !self.script.interactive {
            return Typed::Left;
        }
        loop {
            let question = ask::gate(run, path, gate, self.handle.now());
            self.out.write_all(question.as_bytes()).and_then(|()| self.out.flush()).ok();
            let still = |run: &Run| run.gates.get(path).is_some_and(|other| other.opened == gate.opened);
            match self.line(still).await {
                Typed::Line(line) if line != gate.phrase => {
                    writeln!(self.out, "That is not the phrase.").ok();
                }
                other => return other,
            }
        }
    }

    /// A typed line, unless the session ends or the question is void before it comes.
    async fn line(&mut self, still: impl Fn(&Run) -> bool) -> Typed {
        // A watcher of its own: what it sees is news to the loop, which looks again.
        let mut watcher = self.handle.clone();
        self.lines.forget();
        loop {
            tokio::select! {
                biased;
                more = watcher.changed() => {
                    if !more {
                        return Typed::Left;
                    }
                    if !still(&watcher.scene().run) {
                        writeln!(self.out, "\nThat is no longer asked.").ok();
                        return Typed::Void;
                    }
                }
                line = self.lines.next() => {
                    let said = line.filter(|line| !line.trim().is_empty());
                    return said.map_or(Typed::Left, Typed::Line);
                }
            }
        }
    }

    /// Why driving stops when nothing was typed: a session that has ended needs nothing.
    fn left(&self, why: String) -> Stop {
        if self.handle.closed() { Stop::Ended } else { Stop::Needs { code: exit::UNFINISHED, why } }
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
        let played = match self.respond(&scene.run, path, Occasion::Asked, "").await {
            Some(done) => return done,
            None => self.player.and_then(|player| player.answer(path)),
        };
        let answer = match self.script.answer(path).or(played.as_ref()) {
            Some(given) => given.clone(),
            None => match self.asked_for(scene, path).await {
                Typed::Line(line) => line,
                Typed::Void => {
                    self.asked.pop();
                    return None;
                }
                Typed::Left => {
                    let why = format!("{path} needs an answer; give it with --answer '{path}=VALUE'");
                    return Some(self.left(why));
                }
            },
        };
        match self.reply(scene, path, &answer).await {
            Ok(what) => self.send(what).await,
            Err(why) => Some(Stop::Needs { code: exit::UNFINISHED, why: format!("{path}: {why}") }),
        }
    }

    async fn asked_for(&mut self, scene: &Scene, path: &StepPath) -> Typed {
        if !self.script.interactive {
            return Typed::Left;
        }
        let offered = self.offered(scene, path).await.unwrap_or_default();
        let values: Vec<String> = offered.iter().map(|o| written(&o.value)).collect();
        ask::show_question(&scene.run, path, &values, self.out);
        let open = |run: &Run| run.steps.get(path).map(|s| (s.began, s.hold.is_none(), s.ended.is_none()));
        let before = open(&scene.run);
        self.line(|run| open(run) == before).await
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
        let chosen = offered.iter().find(|o| written(&o.value) == answer);
        match chosen {
            Some(o) => {
                let (value, row) = (o.value.clone(), Some(o.row.clone()));
                Ok(What::Answer { path: path.clone(), value, row, typed: true })
            }
            None if offered.is_empty() => {
                Ok(What::Answer { path: path.clone(), value: json!(answer), row: None, typed: true })
            }
            None => {
                let all: Vec<String> = offered.iter().map(|o| written(&o.value)).collect();
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
        // It may repeat what AWS said.
        let why = clean_whole(&why);
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
    let wanted = scene.run.stopped_before()?;
    Some(Stop::Needs { code: exit::UNFINISHED, why: format!("stopped before {wanted}") })
}

fn wants(path: &StepPath, gate: &Gate) -> String {
    let Gate { tier, phrase, .. } = gate;
    format!("the gate {path} ({tier}) wants the phrase `{phrase}`; give it with --confirm '{path}={phrase}'")
}

fn held<'r>(run: &'r Run, path: &StepPath) -> Option<&'r Hold> {
    run.steps.get(path)?.hold.as_ref()
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
    // A doubt that is held is still looked into, for ever: nobody waits for that.
    let awaited = |look: &LookName| held(&scene.run, &look.path).is_none();
    let busy = scene.run.looks().iter().any(awaited)
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
