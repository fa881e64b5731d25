//! The real kernel on a pretend AWS that answers at once: journals for reports, every fact as the kernel writes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ripcord::ids::{At, EffectName, Life, Place, RunId, Span, StepPath};
use ripcord::journal::{Digest, EndpointKind, Header, RunbookRef};
use ripcord::run::{
    Call, CheckResult, Command, Effect, Fact, Input, Look, LookName, Outcome, Refusal, Run, RunInfo, What,
};
use ripcord::runbook::{Runbook, load};
use ripcord::watch::{Frame, Question, Reading, Unread, UnreadKind};
use serde_json::{Map, Value, json};

use crate::rounds::round;

pub const PASSWORD: &str = "correct horse battery";

/// A run at work, its world and everything it wrote.
pub struct Stage {
    pub run: Arc<Run>,
    pub facts: Vec<Fact>,
    pub now: At,
    pub operator: String,
    life: Life,
    counts: BTreeMap<String, u64>,
    /// Until when stopping tasks still run.
    busy_until: At,
    /// How long tasks take to stop.
    pub busy: Span,
    pub class: &'static str,
    /// How many facts there were after each decision.
    pub cuts: Vec<usize>,
    /// How the next calls come out, if not well.
    pub next: VecDeque<Trouble>,
    started: BTreeSet<EffectName>,
    windows: BTreeMap<LookName, Vec<Frame>>,
}

/// What becomes of one call.
pub enum Trouble {
    /// It works.
    None,
    /// It works, and the answer is lost.
    Lost,
    /// It never arrives, and nobody knows.
    Swallowed,
    Refused(&'static str),
    /// The process dies before the answer, after the call has worked.
    Killed,
}

pub fn book() -> Arc<Runbook> {
    Arc::new(
        load("demo.yaml", include_bytes!("demo.yaml")).unwrap_or_else(|findings| panic!("{findings:#?}")),
    )
}

pub fn place() -> Place {
    Place {
        target: "main".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        role_arn: None,
    }
}

pub fn parameters() -> Map<String, Value> {
    let given = json!({"cluster": "shop", "services": "api,worker", "db": "orders",
        "incident_time": "2026-03-01T01:40:00Z"});
    let given = given.as_object().unwrap().clone();
    ripcord::run::params::resolve(&book(), &given, At::default()).unwrap()
}

pub fn header() -> Header {
    let book = book();
    Header {
        format: 1,
        run: RunId("0199a1b2-0000-7000-8000-000000000001".into()),
        runbook: RunbookRef {
            id: book.id.clone(),
            title: book.title.clone(),
            version: book.version.clone(),
            digest: Digest::of(book.source.as_bytes()),
        },
        app_version: "0.1.0".into(),
        endpoint: EndpointKind::Live,
        places: vec![place()],
        settle_ms: Span::mins(7).0,
        pace: 1,
        started: At::parse("2026-03-01T02:00:00Z").unwrap(),
        operator: "ana".into(),
        resources: vec![],
        plan: None,
        read_only: false,
    }
}

impl Stage {
    /// A run that has been started, at its first question.
    pub fn started() -> Stage {
        let header = header();
        let info = RunInfo {
            id: header.run.clone(),
            operator: header.operator.clone(),
            settle: Span(header.settle_ms),
            pace: 1,
            ..RunInfo::default()
        };
        let mut stage = Stage {
            run: Arc::new(Run::new(book(), info)),
            facts: Vec::new(),
            now: header.started,
            operator: header.operator.clone(),
            life: Life(0),
            counts: BTreeMap::from([("api".into(), 3), ("worker".into(), 2)]),
            busy_until: At::default(),
            busy: Span::secs(45),
            class: "db.r6g.large",
            cuts: Vec::new(),
            next: VecDeque::new(),
            started: BTreeSet::new(),
            windows: BTreeMap::new(),
        };
        stage.open();
        let preflight = stage.preflight();
        let start = Input::Start { parameters: parameters(), places: vec![place()], preflight };
        stage.input(&start).unwrap();
        stage.drive();
        stage
    }

    /// A new process opens the run.
    pub fn open(&mut self) {
        self.life = Life(self.life.0 + 1);
        self.windows.clear();
        let open = Input::Open { life: self.life, by: self.operator.clone() };
        self.input(&open).unwrap();
    }

    fn preflight(&mut self) -> Vec<CheckResult> {
        let mut preview = (*self.run).clone();
        preview.parameters = parameters();
        preview.places = vec![place()];
        let preview = Arc::new(preview);
        let look = preview.preflight_look(self.now);
        let frame = self.round(&look);
        preview.judge_preflight(&frame, self.now)
    }

    pub fn input(&mut self, input: &Input) -> Result<(), Refusal> {
        self.now = self.now.plus(Span::secs(1));
        let mut facts = self.run.decide(input, self.now)?;
        loop {
            let run = Arc::make_mut(&mut self.run);
            for fact in &facts {
                run.apply(fact);
            }
            if !facts.is_empty() {
                self.facts.append(&mut facts);
                self.cuts.push(self.facts.len());
            }
            facts = self.run.decide(&Input::Advance, self.now).unwrap();
            if facts.is_empty() {
                return Ok(());
            }
        }
    }

    pub fn command(&mut self, what: What, reason: &str) -> &mut Stage {
        let command = Command { by: self.operator.clone(), reason: reason.into(), what };
        self.input(&Input::Command(command)).unwrap();
        self.drive();
        self
    }

    /// Somebody else scales a service.
    pub fn count(&mut self, service: &str, desired: u64) {
        self.counts.insert(service.into(), desired);
    }

    /// Confirms the gate at `path`; what follows comes later.
    pub fn confirm_only(&mut self, path: &str) -> &mut Stage {
        let path: StepPath = path.parse().unwrap();
        let holds = || self.run.steps.iter().filter_map(|(p, s)| Some((p.to_string(), s.hold.clone()?)));
        let gate = self.run.gates.get(&path);
        let gate = gate.unwrap_or_else(|| panic!("no gate at {path}: {:?}", holds().collect::<Vec<_>>()));
        let (digest, phrase) = (gate.digest.clone(), gate.phrase.clone());
        self.command_only(What::Confirm { gate: path, digest, phrase });
        self
    }

    /// A command without what follows from it.
    pub fn command_only(&mut self, what: What) {
        let command = Command { by: self.operator.clone(), reason: String::new(), what };
        self.input(&Input::Command(command)).unwrap();
    }

    /// Looks until both calls of the first gate are sent; what is doubtful stays so.
    pub fn send_all(&mut self) {
        for _ in 0..20 {
            let doubtful = ripcord::run::doubted(&self.run).next().is_some();
            if doubtful {
                return;
            }
            self.turn();
        }
        panic!("nothing became doubtful");
    }

    /// Confirms the gate at `path`.
    pub fn confirm(&mut self, path: &str) -> &mut Stage {
        self.confirm_only(path).drive();
        self
    }

    /// Looks and sends until a person is needed.
    pub fn drive(&mut self) {
        for _ in 0..2000 {
            if !self.turn() {
                return;
            }
        }
        panic!("the run never comes to rest: {:?}", self.run.owed(self.life));
    }

    /// Does what is owed, up to the first thing that happens; false when nothing is owed.
    fn turn(&mut self) -> bool {
        let before = self.facts.len();
        let mut idle = true;
        for effect in self.run.owed(self.life) {
            match effect {
                Effect::Look(name) => {
                    idle = false;
                    self.look(name);
                }
                Effect::Send { name, call } if self.started.insert(name.clone()) => {
                    idle = false;
                    self.send(name, &call);
                }
                Effect::Send { .. } | Effect::Wake(_) => {}
            }
            if self.facts.len() != before {
                return true;
            }
        }
        !idle
    }

    fn look(&mut self, name: LookName) {
        self.now = self.now.max(name.since).plus(name.every);
        let look = self.run.look(&name, self.now);
        let frame = self.round(&look);
        let window = self.windows.entry(name.clone()).or_default();
        window.push(frame);
        let frames = window.clone();
        self.input(&Input::Looked { name, frames }).unwrap();
    }

    fn round(&mut self, look: &Look) -> Frame {
        round(look, self.now, |question| self.read(question))
    }

    fn read(&self, question: &Question) -> Reading {
        let answer = match question.operation.as_str() {
            "GetCallerIdentity" => Ok(json!({"Account": "111122223333"})),
            "DescribeServices" => {
                let names = question.parameters["services"].as_array().cloned().unwrap_or_default();
                Ok(
                    json!({"services": names.iter().map(|n| self.service(n.as_str().unwrap())).collect::<Vec<_>>()}),
                )
            }
            "DescribeDBInstances" => Ok(json!({"DBInstances": [{
                "DBInstanceIdentifier": "orders", "DBInstanceStatus": "available", "DbiResourceId": "db-OLD",
                "DBInstanceClass": self.class, "PendingModifiedValues": {}}]})),
            "DescribeDBSnapshots" => Ok(json!({"DBSnapshots": [
                {"DBSnapshotIdentifier": "nightly", "SnapshotCreateTime": "2026-03-01T01:00:00.000Z"}]})),
            other => Err(Unread::new(UnreadKind::NoAccess, format!("not authorized to perform rds:{other}"))),
        };
        Reading { asked: self.now, at: self.now, answer: answer.map(Arc::new) }
    }

    fn service(&self, name: &str) -> Value {
        let desired = self.counts[name];
        let running = if self.now < self.busy_until { desired + 1 } else { desired };
        json!({"serviceName": name, "serviceArn": format!("arn:aws:ecs:eu-west-1:111122223333:service/shop/{name}"),
            "status": "ACTIVE", "desiredCount": desired, "runningCount": running, "pendingCount": 0})
    }

    fn send(&mut self, name: EffectName, call: &Call) {
        let trouble = self.next.pop_front().unwrap_or(Trouble::None);
        if matches!(trouble, Trouble::None | Trouble::Lost | Trouble::Killed)
            && call.operation == "UpdateService"
        {
            let service = call.parameters["service"].as_str().unwrap().to_owned();
            self.counts.insert(service, call.parameters["desiredCount"].as_u64().unwrap());
            self.busy_until = self.now.plus(self.busy);
        }
        let request_id = Some(format!("req-{name}"));
        let outcome = match trouble {
            Trouble::None => Outcome::Executed { answer: json!({}), request_id },
            Trouble::Lost | Trouble::Swallowed => Outcome::Unclear { why: "the connection was reset".into() },
            Trouble::Refused(code) => {
                Outcome::Rejected { code: code.into(), message: "no".into(), request_id }
            }
            Trouble::Killed => return self.open(),
        };
        self.input(&Input::Answer { name, outcome }).unwrap();
    }
}
