//! A run of the small runbook, played by its facts to each of the moments that the console shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use ripcord::catalogue::Tier;
use ripcord::ids::{At, Attempt, EffectName, Life, Place, RunId, Span, StepPath};
use ripcord::run::{
    Call, CheckResult, CheckVerdict, Fact, GateCall, HoldKind, Item, LogLine, PROBE, PaneRow, PaneView, Run,
    RunInfo, RunState, Scene, StepState, line,
};
use ripcord::runbook::{Runbook, load};
use ripcord::tui::{Facts, Model};
use ripcord::watch::{Frame, Reading, Unread, UnreadKind};
use serde_json::{Map, Value, json};

pub const START: At = At(1_772_330_000_000);
pub const PHRASE: &str = "orders-prod";

pub fn book() -> Arc<Runbook> {
    let source = include_bytes!("orders-restore.yaml");
    Arc::new(load("orders-restore.yaml", source).unwrap_or_else(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    }))
}

pub fn facts() -> Facts {
    Facts {
        read_only: false,
        endpoint: "CUSTOM 127.0.0.1:5000".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        role: "DRExecutor/j.lind".into(),
        operator: "j.lind".into(),
        profile: None,
        endpoint_url: Some("http://127.0.0.1:5000".into()),
        pace: 1,
        drill: None,
    }
}

pub fn path(text: &str) -> StepPath {
    text.parse().unwrap()
}

/// A run being played.
pub struct Play {
    pub run: Run,
    pub now: At,
    looks: BTreeMap<StepPath, Arc<Frame>>,
    panes: Vec<PaneView>,
    log: Vec<LogLine>,
}

impl Play {
    /// Opened and started.
    pub fn started() -> Play {
        let info = RunInfo {
            id: RunId("0195-4a7c-test".into()),
            operator: "j.lind".into(),
            settle: Span::mins(7),
            pace: 1,
            ..RunInfo::default()
        };
        let run = Run::new(book(), info);
        let mut play = Play { run, now: START, looks: BTreeMap::new(), panes: vec![], log: vec![] };
        play.fact(Fact::Opened { life: Life(1), by: "j.lind".into(), at: START });
        let parameters = parameters();
        let places = vec![place()];
        play.fact(Fact::Started { at: START, parameters, places, preflight: vec![check()] });
        play
    }

    #[expect(clippy::needless_pass_by_value, reason = "facts are written in place")]
    pub fn fact(&mut self, fact: Fact) {
        self.run.apply(&fact);
        if let Some((at, text)) = line(&fact) {
            let n = self.log.len() as u64;
            self.log.push(LogLine { n, at, kind: fact.kind(), text });
        }
    }

    pub fn after(mut self, seconds: i64) -> Play {
        self.now = At(self.now.0 + seconds * 1000);
        self
    }

    pub fn begin(mut self, at: &str) -> Play {
        let now = self.now;
        self.fact(Fact::Began { path: path(at), at: now });
        self
    }

    pub fn end(mut self, at: &str, state: StepState, why: &str) -> Play {
        let now = self.now;
        self.fact(Fact::Ended { path: path(at), state, why: why.into(), by: None, at: now });
        self
    }

    pub fn done(self, at: &str) -> Play {
        self.begin(at).after(12).end(at, StepState::Success, "")
    }

    pub fn gave(mut self, at: &str, outputs: &Value) -> Play {
        let outputs = outputs.as_object().unwrap().clone();
        self.fact(Fact::Gave { path: path(at), outputs });
        self
    }

    pub fn held(mut self, at: &str, kind: HoldKind, why: &str) -> Play {
        let now = self.now;
        self.fact(Fact::Held { path: path(at), kind, why: why.into(), at: now });
        self
    }

    /// Prepared and shown at a gate.
    pub fn gate(mut self, gate: &str, tier: Tier, phrase: &str, calls: Vec<GateCall>) -> Play {
        let paths = calls.iter().map(|c| c.path.clone()).collect();
        for call in calls {
            self.fact(Fact::Prepared { call, tier });
        }
        let (gate, phrase, at) = (path(gate), phrase.to_owned(), self.now);
        self.fact(Fact::GateOpened { gate, digest: "d1g3st".into(), tier, phrase, paths, at });
        self
    }

    /// Confirmed and sent; nobody knows what became of it.
    pub fn doubted(mut self, gate: &str, call: &GateCall) -> Play {
        let at = self.now;
        let name = EffectName { path: call.path.clone(), attempt: Attempt(1) };
        self.fact(Fact::Confirmed { gate: path(gate), digest: "d1g3st".into(), by: "j.lind".into(), at });
        let (call, observed) = (call.call.clone(), call.observed.clone());
        self.fact(Fact::Intent { name: name.clone(), call, observed, already: false, at });
        self = self.after(60);
        let at = self.now;
        self.fact(Fact::Doubted { name, why: "connection reset".into(), at });
        self
    }

    pub fn looked(mut self, at: &str, readings: &[(&str, Result<Value, Unread>)]) -> Play {
        let now = self.now;
        let reading = |answer: &Result<Value, Unread>| Reading {
            asked: now,
            at: now,
            answer: answer.clone().map(Arc::new),
        };
        let readings = readings.iter().map(|(n, a)| ((*n).to_owned(), reading(a))).collect();
        self.looks.insert(path(at), Arc::new(Frame { asked: now, at: now, readings }));
        self
    }

    pub fn panes(mut self) -> Play {
        let now = self.now;
        let text = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        self.panes = vec![
            PaneView {
                title: "Services".into(),
                columns: text(&["serviceName", "desiredCount", "runningCount", "pendingCount", "status"]),
                rows: vec![
                    PaneRow { cells: text(&["api", "0", "1", "0", "ACTIVE"]), healthy: Some(false) },
                    PaneRow { cells: text(&["worker", "0", "0", "0", "ACTIVE"]), healthy: Some(true) },
                ],
                asked: Some(At(now.0 - 3000)),
                trouble: None,
                every: Span::default(),
            },
            PaneView {
                title: "Database".into(),
                columns: text(&["DBInstanceIdentifier", "DBInstanceStatus", "EngineVersion"]),
                rows: vec![PaneRow {
                    cells: text(&["orders-prod", "available", "16.3"]),
                    healthy: Some(true),
                }],
                asked: Some(At(now.0 - 48_000)),
                trouble: Some(Unread {
                    kind: UnreadKind::NoAccess,
                    code: Some("AccessDenied".into()),
                    message: "not authorized to perform rds:DescribeDBInstances".into(),
                }),
                every: Span::default(),
            },
        ];
        self
    }

    pub fn scene(&self) -> Arc<Scene> {
        let mut scene = Scene::of(Arc::new(self.run.clone()));
        scene.looks.clone_from(&self.looks);
        if !self.panes.is_empty() {
            scene.panes = self.panes.iter().cloned().map(Arc::new).collect();
        }
        scene.log.clone_from(&self.log);
        scene.head = "8f1e77c0aa".into();
        Arc::new(scene)
    }

    /// The console on this run, two seconds later.
    pub fn model(&self, size: (u16, u16)) -> Model {
        Model::on_run(facts(), self.scene(), At(self.now.0 + 2000), size)
    }
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
    let parameters = json!({"cluster": "shop", "services": ["api", "worker"], "db": "orders-prod",
        "incident_time": "2026-03-01T01:40:00.000Z"});
    parameters.as_object().unwrap().clone()
}

fn check() -> CheckResult {
    CheckResult { name: "db_available".into(), verdict: CheckVerdict::Ok, message: String::new() }
}

fn gate_call(
    at: &str,
    (service, operation): (&str, &str),
    subject: &str,
    parameters: Value,
    observed: Value,
    now: At,
) -> GateCall {
    let call = Call { place: place(), service: service.into(), operation: operation.into(), parameters };
    GateCall { path: path(at), call, subject: subject.into(), observed, seen: now }
}

pub fn to_zero(service: &str, now: At) -> GateCall {
    gate_call(
        &format!("stop_services[{service}]/to_zero"),
        ("ecs", "UpdateService"),
        service,
        json!({"cluster": "shop", "service": service, "desiredCount": 0}),
        json!({"status": "ACTIVE", "desiredCount": 2}),
        now,
    )
}

pub fn rename(now: At) -> GateCall {
    gate_call(
        "park_db",
        ("rds", "ModifyDBInstance"),
        "orders-prod",
        json!({"DBInstanceIdentifier": "orders-prod", "NewDBInstanceIdentifier": "orders-prod-parked", "ApplyImmediately": true}),
        json!({"DbiResourceId": "db-ABC123", "DBInstanceStatus": "available", "PendingModifiedValues": {}}),
        now,
    )
}

pub fn delete(now: At) -> GateCall {
    gate_call(
        "drop_old",
        ("rds", "DeleteDBInstance"),
        "orders-prod-parked",
        json!({"DBInstanceIdentifier": "orders-prod-parked", "SkipFinalSnapshot": true}),
        json!({"DbiResourceId": "db-ABC123", "DBInstanceStatus": "available"}),
        now,
    )
}

fn prepared() -> Play {
    Play::started().after(5).done("baseline").gave("baseline", &json!({"resource_id": "db-ABC123"}))
}

/// The prompt is open.
pub fn choosing() -> Play {
    prepared().begin("choose_snapshot")
}

/// The rows behind the prompt: the first one was made after the damage began.
pub fn snapshots(now: At) -> Frame {
    let rows = json!([
        {"id": "orders-2026-03-01-02-10", "data_of": "2026-03-01T02:10:00.000Z", "engine": "16.3"},
        {"id": "orders-2026-03-01-00-10", "data_of": "2026-03-01T00:10:00.000Z", "engine": "16.3"},
    ]);
    let reading = Reading { asked: now, at: now, answer: Ok(Arc::new(rows)) };
    Frame { asked: now, at: now, readings: [("@read".to_owned(), reading)].into() }
}

/// What is shown beside the checklist.
pub fn services(now: At) -> Frame {
    let rows = json!([{"serviceName": "api", "status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "pendingCount": 0}]);
    let reading = Reading { asked: now, at: now, answer: Ok(Arc::new(rows)) };
    Frame { asked: now, at: now, readings: [("services_now".to_owned(), reading)].into() }
}

fn chosen() -> Play {
    let mut play = choosing().after(20);
    let (value, at) = (json!("orders-2026-03-01-00-10"), play.now);
    play.fact(Fact::Answered {
        path: path("choose_snapshot"),
        value: value.clone(),
        by: "j.lind".into(),
        at,
    });
    play.gave("choose_snapshot", &json!({"snapshot": value})).end("choose_snapshot", StepState::Success, "")
}

/// The checklist is open.
pub fn checking() -> Play {
    chosen().after(3).begin("ready")
}

/// The second person is asked.
pub fn approving() -> Play {
    chosen().done("ready").begin("go")
}

/// One gate over both services.
pub fn stopping() -> Play {
    let mut play = chosen().done("ready").done("go").begin("stop_services");
    let item = |key: &str| Item { key: key.into(), item: json!(key) };
    play.fact(Fact::Expanded { path: path("stop_services"), items: vec![item("api"), item("worker")] });
    let play = play.begin("stop_services[api]/to_zero").begin("stop_services[worker]/to_zero").after(2);
    let now = play.now;
    play.gate(
        "stop_services/to_zero",
        Tier::T2,
        "api,worker",
        vec![to_zero("api", now), to_zero("worker", now)],
    )
}

fn stopped() -> Play {
    let mut play = chosen().done("ready").done("go").begin("stop_services");
    let item = |key: &str| Item { key: key.into(), item: json!(key) };
    play.fact(Fact::Expanded { path: path("stop_services"), items: vec![item("api"), item("worker")] });
    play.done("stop_services[api]/to_zero").done("stop_services[worker]/to_zero").end(
        "stop_services",
        StepState::Success,
        "",
    )
}

/// A wait at work.
pub fn waiting() -> Play {
    stopped().begin("drained").after(95).panes().looked(
        "drained",
        &[(
            "services_now",
            Ok(json!([
                {"serviceName": "api", "status": "ACTIVE", "desiredCount": 0, "runningCount": 1, "pendingCount": 0},
                {"serviceName": "worker", "status": "ACTIVE", "desiredCount": 0, "runningCount": 0, "pendingCount": 0},
            ])),
        )],
    )
}

/// A wait that took too long.
pub fn late() -> Play {
    waiting().after(1200).held("drained", HoldKind::TimedOut, "not done within 20m")
}

/// A T2 gate on one instance.
pub fn parking() -> Play {
    let play = stopped()
        .begin("drained")
        .after(200)
        .end("drained", StepState::Success, "")
        .begin("park_db")
        .after(1)
        .panes();
    let now = play.now;
    play.gate("park_db", Tier::T2, PHRASE, vec![rename(now)])
}

/// The rename was sent and nobody knows what became of it.
pub fn unknown() -> Play {
    let play = parking().after(9);
    let call = rename(play.now);
    play.doubted("park_db", &call).after(71).looked(
        "park_db",
        &[(PROBE, Ok(json!({"DBInstanceIdentifier": "orders-prod", "DBInstanceStatus": "available"})))],
    )
}

/// A T3 gate, the point of no return.
pub fn dropping() -> Play {
    let play = stopped().done("drained").done("park_db").begin("drop_old").after(1);
    let now = play.now;
    play.gate("drop_old", Tier::T3, "orders-prod-parked eu-west-1", vec![delete(now)])
}

/// It is over.
pub fn over() -> Play {
    let mut play = stopped().done("drained").done("park_db").done("drop_old");
    let at = play.now;
    play.fact(Fact::Finished { state: RunState::Success, why: String::new(), at });
    play
}
