//! A run on a desk: a small runbook, a world that is a table of answers, a clock that is moved by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ripcord::ids::{At, EffectName, Life, Place, RunId, Span, StepPath};
use ripcord::run::{
    Command, Effect, Fact, Gate, Hold, Input, LookName, Outcome, Refusal, Run, RunInfo, RunState, StepState,
    What,
};
use ripcord::runbook::load;
use ripcord::watch::{Frame, Question, Reading, Unread, UnreadKind};
use serde_json::{Map, Value, json};

use crate::rounds::round;

/// Before the steps of every runbook on the desk.
const HEAD: &str = r#"schema: 1
id: desk
title: A runbook on a desk
version: 1.0.0
owner: tests
description: For tests.
use_when: In tests.
targets: {main: {}}
parameters:
  services: {type: list, items: string, required: true, description: Services}
  mode: {type: string, default: a, description: Anything}
reads:
  now:
    aws: {service: ecs, operation: DescribeServices, parameters: {cluster: shop, services: ["web"]}}
    select: "services[0]"
  all:
    aws: {service: ecs, operation: DescribeServices, parameters: {cluster: shop, services: "{{ parameters.services }}"}}
    select: services
  each:
    aws: {service: ecs, operation: DescribeServices, parameters: {cluster: shop, services: ["{{ item }}"]}}
    for_each: parameters.services
    select: "services[].{asked: {{ item }}, at: {{ index }}, runningCount: runningCount}"
  db:
    aws: {service: rds, operation: DescribeDBInstances, parameters: {DBInstanceIdentifier: orders}}
    select: "DBInstances[0]"
steps:
"#;

pub const ACCOUNT: &str = "111122223333";
pub const SETTLE: Span = Span::mins(7);

type Answer = Result<Value, Unread>;

pub struct Desk {
    pub run: Arc<Run>,
    pub now: At,
    pub me: Life,
    /// Every fact so far.
    pub facts: Vec<Fact>,
    /// Answers by operation and subject, the subject may be empty.
    answers: BTreeMap<String, Answer>,
    windows: BTreeMap<LookName, Vec<Frame>>,
    started: BTreeSet<EffectName>,
}

/// A call that writes: `web` to a count.
pub fn scale(name: &str, count: u64) -> String {
    format!(
        "  - name: {name}\n    action: aws.api\n    inputs: {{service: ecs, operation: UpdateService, parameters: {{cluster: shop, service: web, desiredCount: {count}}}}}\n    undo: {{none: a test}}\n"
    )
}

/// The same for each service.
pub fn scale_each(more: &str) -> String {
    format!(
        "  - name: each\n    for_each: {{items: parameters.services, key: item, {more}}}\n    steps:\n      - name: one\n        action: aws.api\n        inputs: {{service: ecs, operation: UpdateService, parameters: {{cluster: shop, service: \"{{{{ item }}}}\", desiredCount: 0}}}}\n        undo: {{none: a test}}\n"
    )
}

/// A step that waits for a person.
pub fn ask(name: &str) -> String {
    format!("  - name: {name}\n    action: manual\n    inputs: {{checklist: [All is well]}}\n")
}

impl Desk {
    /// A started run of these steps.
    pub fn of(steps: &str) -> Desk {
        Desk::with(steps, json!({"services": ["web", "api"]}), |_| {})
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes one in place")]
    pub fn with(steps: &str, parameters: Value, change: impl FnOnce(&mut RunInfo)) -> Desk {
        let text = format!("{HEAD}{steps}");
        let book = load("desk.yaml", text.as_bytes());
        let book =
            book.unwrap_or_else(|f| panic!("{}", f.iter().map(ToString::to_string).collect::<String>()));
        let mut info = RunInfo {
            id: RunId("desk".into()),
            operator: "ana".into(),
            settle: SETTLE,
            pace: 1,
            stop_before: None,
            read_only: false,
        };
        change(&mut info);
        let mut desk = Desk {
            run: Arc::new(Run::new(Arc::new(book), info)),
            now: At(1_772_329_200_000),
            me: Life(0),
            facts: vec![],
            answers: BTreeMap::new(),
            windows: BTreeMap::new(),
            started: BTreeSet::new(),
        };
        for name in ["web", "api", "mail"] {
            desk.service(name, 3, 3);
        }
        desk.says("DescribeDBInstances", "", json!({"DBInstances": [instance("available")]}));
        desk.says("GetCallerIdentity", "", json!({"Account": ACCOUNT, "Arn": "arn", "UserId": "u"}));
        desk.reopen();
        let place = Place {
            target: "main".into(),
            account: ACCOUNT.into(),
            region: "eu-west-1".into(),
            role_arn: None,
        };
        let mut given: Map<String, Value> = parameters.as_object().cloned().unwrap_or_default();
        given.entry("mode").or_insert(json!("a"));
        desk.input(&Input::Start { parameters: given, places: vec![place], preflight: vec![] }).unwrap();
        desk
    }

    /// What the world answers from now on.
    pub fn says(&mut self, operation: &str, subject: &str, value: Value) -> &mut Desk {
        self.answers.insert(format!("{operation} {subject}"), Ok(value));
        self
    }

    pub fn errs(&mut self, operation: &str, kind: UnreadKind, code: &str) -> &mut Desk {
        let code = (!code.is_empty()).then(|| code.to_owned());
        self.answers.retain(|k, _| !k.starts_with(operation));
        self.answers.insert(format!("{operation} "), Err(Unread { kind, code, message: "no".into() }));
        self
    }

    pub fn service(&mut self, name: &str, desired: u64, running: u64) -> &mut Desk {
        self.answers.remove("DescribeServices ");
        let value = json!({"serviceName": name, "serviceArn": format!("arn:{name}"), "status": "ACTIVE",
            "desiredCount": desired, "runningCount": running, "pendingCount": 0});
        self.says("DescribeServices", name, value)
    }

    fn read(&self, q: &Question) -> Answer {
        let place = q.parameters["cluster"].as_str().unwrap_or_default();
        if let Some(answer) = self.answers.get(&format!("{} @{place}", q.operation)) {
            return answer.clone();
        }
        if let Some(answer) = self.answers.get(&format!("{} ", q.operation)) {
            return answer.clone();
        }
        let rows = q.parameters["services"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let rows: Result<Vec<Value>, Unread> =
            rows.map(|n| self.answers[&format!("{} {n}", q.operation)].clone()).collect();
        Ok(json!({"services": rows?, "failures": []}))
    }

    pub fn input(&mut self, input: &Input) -> Result<usize, Refusal> {
        let facts = self.run.decide(input, self.now)?;
        let run = Arc::make_mut(&mut self.run);
        for fact in &facts {
            // Through JSON, as the journal does it.
            let fact: Fact = serde_json::from_str(&serde_json::to_string(fact).unwrap()).unwrap();
            run.apply(&fact);
            self.facts.push(fact);
        }
        Ok(facts.len())
    }

    pub fn advance(&mut self) {
        for _ in 0..200 {
            if self.input(&Input::Advance).unwrap() == 0 {
                return;
            }
        }
        panic!("advancing never comes to rest");
    }

    /// A new process opens the run.
    pub fn reopen(&mut self) -> &mut Desk {
        self.me = Life(self.run.life.map_or(1, |l| l.0 + 1));
        self.windows.clear();
        self.started.clear();
        self.input(&Input::Open { life: self.me, by: "ana".into() }).unwrap();
        self
    }

    pub fn pass(&mut self, span: Span) -> &mut Desk {
        self.now = self.now.plus(span);
        self
    }

    pub fn owed(&self) -> Vec<Effect> {
        self.run.owed(self.me)
    }

    pub fn looks(&self) -> Vec<LookName> {
        self.owed()
            .into_iter()
            .filter_map(|e| if let Effect::Look(name) = e { Some(name) } else { None })
            .collect()
    }

    /// One round of every look that is owed and due, a second later.
    pub fn look(&mut self) -> &mut Desk {
        self.advance();
        self.pass(Span::secs(1));
        let looks = self.looks();
        self.windows.retain(|name, _| looks.contains(name));
        let now = self.now;
        for name in looks.into_iter().filter(|n| n.since <= now) {
            let frame = self.round(&name);
            self.show(name, frame);
        }
        self.advance();
        self
    }

    /// Hands a frame to the run, behind those that came before it.
    pub fn show(&mut self, name: LookName, frame: Frame) {
        let window = self.windows.entry(name.clone()).or_default();
        window.push(frame);
        let frames = window.clone();
        self.input(&Input::Looked { name, frames }).unwrap();
    }

    pub fn round(&self, name: &LookName) -> Frame {
        let look = self.run.look(name, self.now);
        let now = self.now;
        round(&look, now, |q| Reading { asked: now, at: now, answer: self.read(q).map(Arc::new) })
    }

    /// Looks until nothing more comes of it.
    pub fn rest(&mut self) -> &mut Desk {
        for _ in 0..12 {
            let before = self.facts.len();
            self.look();
            if self.facts.len() == before {
                break;
            }
        }
        self
    }

    pub fn command(&mut self, what: What) -> Result<usize, Refusal> {
        let done = self.input(&Input::Command(Command { by: "ana".into(), reason: "a test".into(), what }));
        self.advance();
        done
    }

    pub fn gate(&self, path: &str) -> &Gate {
        self.run
            .gates
            .get(&p(path))
            .unwrap_or_else(|| panic!("no gate at {path}: {:?}", self.run.gates.keys()))
    }

    /// Confirms a gate as it is shown, and looks once more.
    pub fn confirm(&mut self, path: &str) -> &mut Desk {
        let (digest, phrase) = (self.gate(path).digest.clone(), self.gate(path).phrase.clone());
        self.command(What::Confirm { gate: p(path), digest, phrase }).unwrap();
        self
    }

    /// Up to the request: looked at, confirmed, looked at again.
    pub fn send(&mut self, path: &str) -> EffectName {
        self.rest();
        let gate = p(path).unkeyed().to_string();
        let gate = if self.run.gates.contains_key(&p(path)) { path.to_owned() } else { gate };
        self.confirm(&gate).look();
        let sent = self.new_sends();
        sent.into_iter().find(|n| n.path == p(path)).unwrap_or_else(|| panic!("{path} is not sent"))
    }

    /// The requests that are owed and were not started yet.
    pub fn new_sends(&mut self) -> Vec<EffectName> {
        let owed = self.owed();
        let names = owed
            .into_iter()
            .filter_map(|e| if let Effect::Send { name, .. } = e { Some(name) } else { None });
        names.filter(|n| self.started.insert(n.clone())).collect()
    }

    pub fn answer(&mut self, name: &EffectName, outcome: Outcome) -> usize {
        let n = self.input(&Input::Answer { name: name.clone(), outcome }).unwrap();
        self.advance();
        n
    }

    pub fn executed(&mut self, name: &EffectName) -> usize {
        self.answer(name, Outcome::Executed { answer: json!({}), request_id: Some("r".into()) })
    }

    pub fn rejected(&mut self, name: &EffectName, code: &str) -> usize {
        self.answer(name, Outcome::Rejected { code: code.into(), message: "no".into(), request_id: None })
    }

    pub fn unclear(&mut self, name: &EffectName) -> usize {
        self.answer(name, Outcome::Unclear { why: "timeout".into() })
    }

    pub fn done(&mut self, path: &str) -> &mut Desk {
        self.rest();
        self.command(What::Done { path: p(path), note: "seen".into() }).unwrap();
        self
    }

    pub fn state(&self, path: &str) -> StepState {
        self.run.state_of(&p(path))
    }

    pub fn held(&self, path: &str) -> Option<&Hold> {
        self.run.steps.get(&p(path)).and_then(|s| s.hold.as_ref())
    }

    pub fn ended(&self) -> Option<RunState> {
        self.run.ended.as_ref().map(|(state, _)| *state)
    }

    /// How often a kind of fact was decided.
    pub fn count(&self, kind: &str) -> usize {
        self.facts.iter().filter(|f| f.kind() == kind).count()
    }
}

pub fn instance(status: &str) -> Value {
    json!({"DBInstanceIdentifier": "orders", "DbiResourceId": "db-1", "DBInstanceStatus": status,
        "PendingModifiedValues": {}, "DBParameterGroups": [], "AssociatedRoles": [], "DeletionProtection": false})
}

pub fn p(text: &str) -> StepPath {
    text.parse().unwrap()
}
