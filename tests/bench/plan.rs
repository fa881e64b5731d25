//! The flagship's preflight and readings on a peer that answers at once: what ripcord adds to the network.

use std::sync::Arc;

use ripcord::ids::{At, EffectName};
use ripcord::journal::{EndpointKind, LocalDisk, Shelf};
use ripcord::run::{Call, Outcome, Perform, Performing};
use ripcord::runner::{RunClock, World};
use ripcord::watch::{Question, Unread};
use serde_json::{Map, Value, json};

use crate::{Figures, Times};

/// Answers every question of the flagship at once.
struct Peer;

impl Perform for Peer {
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        Box::pin(async move { Ok(Arc::new(answer(question))) })
    }

    fn send<'a>(&'a self, _: &'a EffectName, _: &'a Call) -> Performing<'a, Outcome> {
        Box::pin(async { Outcome::Unclear { why: "a bench sends nothing".into() } })
    }
}

fn answer(question: &Question) -> Value {
    match question.operation.as_str() {
        "GetCallerIdentity" => {
            json!({"Account": "111122223333", "Arn": "arn:aws:iam::1:user/b", "UserId": "b"})
        }
        "DescribeServices" => json!({"failures": [], "services": [service("api"), service("worker")]}),
        "DescribeDBInstances" => json!({"DBInstances": [{"DBInstanceIdentifier": "orders",
            "DbiResourceId": "db-A", "DBInstanceStatus": "available", "Engine": "postgres",
            "DBSubnetGroup": {"DBSubnetGroupName": "g", "VpcId": "vpc-1"},
            "DBParameterGroups": [{"DBParameterGroupName": "p", "ParameterApplyStatus": "in-sync"}]}]}),
        "DescribeDBSnapshots" => {
            let snapshots: Vec<Value> = (0..50).map(snapshot).collect();
            json!({ "DBSnapshots": snapshots })
        }
        _ => json!({}),
    }
}

fn snapshot(n: usize) -> Value {
    json!({"DBSnapshotIdentifier": format!("s{n}"), "Status": "available", "SnapshotType": "manual",
        "SnapshotCreateTime": "2026-01-01T00:00:00.000Z", "EngineVersion": "15.4"})
}

fn service(name: &str) -> Value {
    json!({"serviceName": name, "status": "ACTIVE", "schedulingStrategy": "REPLICA",
        "desiredCount": 2, "runningCount": 2, "pendingCount": 0})
}

pub fn run(figures: &mut Figures) {
    let (name, text) = ripcord::runbook::embedded()[0];
    let book = Arc::new(ripcord::runbook::load(name, text.as_bytes()).ok().unwrap());
    let given = json!({"cluster": "prod", "services": "api,worker", "db": "orders",
        "incident_time": "2026-03-01T01:40:00Z"});
    let given: Map<String, Value> = serde_json::from_value(given).unwrap();
    let world = World {
        perform: Arc::new(Peer),
        clock: RunClock::starting_after(At::default()),
        endpoint: EndpointKind::Live,
        loopback: false,
        region: "eu-west-1".into(),
        shelf: Shelf::at(LocalDisk, "/nowhere"),
        operator: "ana".into(),
        read_only: true,
        pace: 1,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let times = Times::of(50, || {
        let checked = runtime.block_on(world.check(&book, &given)).ok().unwrap();
        assert!(checked.preflight.len() > 10);
    });
    figures.add("the flagship's reads and checks, beyond the network", &times, 0.95, 20.0);
}
