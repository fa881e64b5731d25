//! Reading and folding a journal of 100,000 records: chain checked, facts read, run folded.

use std::path::Path;
use std::sync::Arc;

use ripcord::ids::{At, Life, Place, RunId, StepPath};
use ripcord::journal::memory::MemoryDisk;
use ripcord::journal::{Digest, EndpointKind, Header, Journal, RunbookRef, Stamp, kind};
use ripcord::run::{Fact, Run, RunInfo, StepState};
use ripcord::runner::{Decision, facts};

use crate::{Figures, Times};

const RECORDS: usize = 100_000;

pub fn run(figures: &mut Figures) {
    let text = crate::check::runbook(500);
    let book = Arc::new(ripcord::runbook::load("long.yaml", text.as_bytes()).ok().unwrap());
    let disk = MemoryDisk::new();
    let dir = Path::new("/state/runs/bench");
    disk.mkdirs(dir.parent().unwrap());
    write_journal(&disk, dir, text.as_bytes());
    let times = Times::of(5, || {
        let follow = Journal::follow(disk.clone(), dir).unwrap();
        let past = facts(&follow.records).unwrap();
        let mut run = Run::new(Arc::clone(&book), RunInfo::default());
        past.iter().flat_map(|d| &d.facts).for_each(|f| run.apply(f));
        assert!(run.started.is_some() && past.len() > RECORDS - 3);
    });
    figures.add("fold of a journal of 100,000 records", &times, 1.0, 500.0);
}

fn write_journal(disk: &MemoryDisk, dir: &Path, runbook: &[u8]) {
    let stamp = Stamp { wall: At(1), m: 1, boot: "bench".into() };
    let mut journal = Journal::create(disk.clone(), dir, &header(runbook), runbook, &stamp).unwrap();
    let mut append = |facts: Vec<Fact>| {
        let decision = Decision { cause: serde_json::Value::Null, facts };
        journal.append(kind::DECISION, true, &decision, &stamp).unwrap();
    };
    append(vec![Fact::Opened { life: Life(1), by: "ana".into(), at: At(1) }]);
    let started =
        Fact::Started { at: At(2), parameters: serde_json::Map::new(), places: vec![], preflight: vec![] };
    append(vec![started]);
    for n in 0..RECORDS - 2 {
        append(one(n));
    }
}

/// What a long run writes: steps begin, hold, give outputs and end, people leave notes.
fn one(n: usize) -> Vec<Fact> {
    let at = At(i64::try_from(n).unwrap_or_default() + 3);
    let path = StepPath::top(&format!("step_{}", n / 4 % 500));
    match n % 4 {
        0 => vec![Fact::Began { path, at }],
        1 => {
            let outputs = serde_json::from_value(serde_json::json!({"id": "db-ABCDEFGHIJKLMNOP"})).unwrap();
            vec![Fact::Met { path: path.clone(), asked: at, at }, Fact::Gave { path, outputs }]
        }
        2 => vec![Fact::Noted { path: Some(path), text: "seen by both of us".into(), by: "ana".into(), at }],
        _ => vec![Fact::Ended { path, state: StepState::Success, why: String::new(), by: None, at }],
    }
}

fn header(runbook: &[u8]) -> Header {
    Header {
        format: 1,
        run: RunId("bench".into()),
        runbook: RunbookRef {
            id: "long".into(),
            title: "Many steps".into(),
            version: "1.0.0".into(),
            digest: Digest::of(runbook),
        },
        app_version: "0".into(),
        endpoint: EndpointKind::Live,
        places: vec![Place::default()],
        settle_ms: 1,
        pace: 1,
        started: At(1),
        operator: "ana".into(),
        resources: vec![],
        plan: None,
        read_only: false,
    }
}
