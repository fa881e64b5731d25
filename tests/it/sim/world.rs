//! The adversary's AWS: a state that calls change, readings of it that may be old, answers that may be lost.
//!
//! Everything a reading shows is derived from the state at some moment; nothing here knows the kernel. Time is
//! the true time, which the run's clock need not agree with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ripcord::catalogue;
use ripcord::ids::{At, EffectName, Life, Span};
use ripcord::run::{Call, Outcome};
use ripcord::watch::{Question, Unread, UnreadKind};
use serde_json::{Value, json};

use super::chance::Chance;

/// The account every run is pinned to, and the one that is there by mistake.
pub const ACCOUNT: &str = "111122223333";
pub const OTHER_ACCOUNT: &str = "999988887777";

/// Longest time a signed request lives in this world.
pub const REQUEST_LIFE: Span = Span::mins(5);
/// How old an ordinary reading may be.
pub const STALENESS: Span = Span::secs(45);

#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    pub desired: u64,
    pub running: u64,
    /// New deployments that were forced.
    pub deployments: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Db {
    pub name: String,
    pub resource: String,
    pub status: String,
    pub created: At,
    pub tags: Value,
    pub retention: u64,
    pub reboots: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub name: String,
    pub of: String,
    pub status: String,
    pub created: At,
    pub tags: Value,
}

/// What is true at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    pub services: BTreeMap<String, Service>,
    /// Whether scaling of a service is suspended.
    pub suspended: BTreeMap<String, bool>,
    pub dbs: Vec<Db>,
    pub snapshots: Vec<Snapshot>,
    pub account: String,
    pub expired: bool,
}

/// What happens by itself.
#[derive(Clone, PartialEq, Debug)]
enum Coming {
    Lands { name: EffectName, call: Call },
    Answer { to: Life, name: EffectName, what: What },
    Tasks { service: String },
    DbIs { resource: String, status: &'static str, name: Option<String> },
    DbGone { resource: String },
    SnapshotIs { name: String, status: &'static str },
    Account(&'static str),
    Expired(bool),
    Scaled { service: String, desired: u64 },
}

#[derive(Clone, PartialEq, Debug)]
enum What {
    /// What became of the call.
    Truth,
    Says(Outcome),
}

/// What the adversary does with one request.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fate {
    /// It takes effect this long after it was sent; never when absent.
    pub lands: Option<Span>,
    /// Its answer arrives then, and is the truth; it must not be before it lands.
    pub answered: Vec<Span>,
    /// The answer that arrives instead of the truth.
    pub says: Option<(Span, Outcome)>,
}

impl Fate {
    /// Lands and is answered as one would hope.
    pub fn smooth() -> Fate {
        Fate { lands: Some(Span(200)), answered: vec![Span(400)], says: None }
    }
}

/// A request that took effect.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    pub name: EffectName,
    pub call: Call,
    pub at: At,
    pub account: String,
}

#[derive(Clone, Debug)]
pub struct World {
    pub now: At,
    past: Vec<(At, Arc<State>)>,
    coming: BTreeMap<(At, u64), Coming>,
    turns: u64,
    pub ran: Vec<Ran>,
    results: BTreeMap<EffectName, Outcome>,
    /// When the newest request was intended, whatever became of it.
    pub intended: At,
    /// While it lasts, readings are this old.
    pub lagging: Option<(At, Span)>,
    /// Durations of this world are divided by this.
    pub haste: u64,
    /// What someone else did to a service.
    pub meddled: BTreeSet<String>,
    made: u64,
}

/// An answer that has arrived at a process.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrived {
    pub to: Life,
    pub name: EffectName,
    pub outcome: Outcome,
}

impl World {
    /// A shop with these services and an instance `orders`.
    pub fn new(now: At, services: &[(&str, u64)]) -> World {
        let state = State {
            services: services
                .iter()
                .map(|(name, n)| ((*name).to_owned(), Service { desired: *n, running: *n, deployments: 0 }))
                .collect(),
            suspended: services.iter().map(|(name, _)| ((*name).to_owned(), false)).collect(),
            dbs: vec![Db {
                name: "orders".into(),
                resource: "db-ORIGINAL".into(),
                status: "available".into(),
                created: At(now.0 - 86_400_000),
                tags: json!([]),
                retention: 7,
                reboots: 0,
            }],
            snapshots: vec![],
            account: ACCOUNT.into(),
            expired: false,
        };
        World {
            now,
            past: vec![(now, Arc::new(state))],
            coming: BTreeMap::new(),
            turns: 0,
            ran: vec![],
            results: BTreeMap::new(),
            intended: now,
            lagging: None,
            haste: 1,
            meddled: BTreeSet::new(),
            made: 0,
        }
    }

    /// What is true now.
    pub fn state(&self) -> &State {
        &self.past[self.past.len() - 1].1
    }

    /// What was true `lag` ago.
    pub fn seen(&self, lag: Span) -> Arc<State> {
        let at = At(self.now.0 - i64::try_from(lag.0).unwrap_or(0));
        let version = self.past.iter().rposition(|(from, _)| *from <= at).unwrap_or(0);
        Arc::clone(&self.past[version].1)
    }

    fn change(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = self.state().clone();
        change(&mut state);
        self.past.push((self.now, Arc::new(state)));
    }

    fn plan(&mut self, after: Span, coming: Coming) {
        self.turns += 1;
        self.coming.insert((self.now.plus(after), self.turns), coming);
    }

    /// A call is put on the wire; what becomes of it was decided by the adversary.
    pub fn send(&mut self, from: Life, name: &EffectName, call: &Call, fate: Fate) {
        if let Some(after) = fate.lands {
            self.plan(after, Coming::Lands { name: name.clone(), call: call.clone() });
        }
        for after in fate.answered {
            self.plan(after, Coming::Answer { to: from, name: name.clone(), what: What::Truth });
        }
        if let Some((after, outcome)) = fate.says {
            let what = What::Says(outcome);
            self.plan(after, Coming::Answer { to: from, name: name.clone(), what });
        }
    }

    /// Someone else changes the count of a service.
    pub fn meddle(&mut self, after: Span, service: &str, desired: u64) {
        self.plan(after, Coming::Scaled { service: service.to_owned(), desired });
    }

    /// The credentials become those of another account, and come back.
    pub fn wrong_account(&mut self, after: Span, lasts: Span) {
        self.plan(after, Coming::Account(OTHER_ACCOUNT));
        self.plan(Span(after.0 + lasts.0), Coming::Account(ACCOUNT));
    }

    /// The credentials expire, and are renewed.
    pub fn expire(&mut self, after: Span, lasts: Span) {
        self.plan(after, Coming::Expired(true));
        self.plan(Span(after.0 + lasts.0), Coming::Expired(false));
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<At> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether a request may still take effect.
    pub fn in_the_air(&self, name: &EffectName) -> bool {
        self.coming.values().any(|c| matches!(c, Coming::Lands { name: n, .. } if n == name))
    }

    /// How often the request of this name took effect.
    pub fn times(&self, name: &EffectName) -> usize {
        self.ran.iter().filter(|r| r.name == *name).count()
    }

    /// Lets the next thing happen; gives the answer if it was one.
    pub fn happen(&mut self) -> Option<Arrived> {
        let ((at, _), coming) = self.coming.pop_first()?;
        self.now = self.now.max(at);
        match coming {
            Coming::Answer { to, name, what } => {
                let outcome = match what {
                    What::Says(outcome) => outcome,
                    What::Truth => self.results.get(&name).cloned()?,
                };
                return Some(Arrived { to, name, outcome });
            }
            Coming::Lands { name, call } => self.lands(name, call),
            Coming::Tasks { service } => self.change(|s| {
                if let Some(service) = s.services.get_mut(&service) {
                    service.running = service.desired;
                }
            }),
            Coming::DbIs { resource, status, name } => self.change(|s| {
                if let Some(db) = s.dbs.iter_mut().find(|d| d.resource == resource) {
                    status.clone_into(&mut db.status);
                    if let Some(name) = name {
                        db.name = name;
                    }
                }
            }),
            Coming::DbGone { resource } => self.change(|s| s.dbs.retain(|d| d.resource != resource)),
            Coming::SnapshotIs { name, status } => self.change(|s| {
                if let Some(snapshot) = s.snapshots.iter_mut().find(|d| d.name == name) {
                    status.clone_into(&mut snapshot.status);
                }
            }),
            Coming::Account(account) => self.change(|s| account.clone_into(&mut s.account)),
            Coming::Expired(expired) => self.change(|s| s.expired = expired),
            Coming::Scaled { service, desired } => {
                self.meddled.insert(service.clone());
                self.scale(&service, desired, Span::secs(20));
            }
        }
        None
    }

    /// Lets everything happen that was on its way. Answers find nobody.
    pub fn drain(&mut self) {
        while !self.coming.is_empty() {
            self.happen();
        }
    }

    fn span(&self, seconds: u64) -> Span {
        Span(seconds * 1000 / self.haste)
    }

    fn scale(&mut self, service: &str, desired: u64, drains: Span) {
        self.change(|s| {
            if let Some(service) = s.services.get_mut(service) {
                service.desired = desired;
            }
        });
        self.plan(drains, Coming::Tasks { service: service.to_owned() });
    }

    fn lands(&mut self, name: EffectName, call: Call) {
        let outcome = match self.run(&call) {
            Ok(answer) => {
                let account = self.state().account.clone();
                self.ran.push(Ran { name: name.clone(), call, at: self.now, account });
                let request_id = Some(format!("req-{}", self.ran.len()));
                Outcome::Executed { answer, request_id }
            }
            Err(code) => refused(&call, code),
        };
        self.results.insert(name, outcome);
    }

    /// How long something takes: spread by what was done before, so that no two are alike.
    fn takes(&mut self, low: u64, high: u64) -> Span {
        self.made += 1;
        let mut chance =
            Chance::new(self.made.wrapping_mul(7919).wrapping_add(u64::try_from(self.now.0).unwrap_or(0)));
        self.span(chance.between(low, high))
    }

    fn run(&mut self, call: &Call) -> Result<Value, &'static str> {
        let p = &call.parameters;
        match call.operation.as_str() {
            "UpdateService" => self.update_service(p),
            "RegisterScalableTarget" => {
                let service = resource(p);
                let suspended = p["SuspendedState"]["DynamicScalingInSuspended"] == true;
                self.change(|s| {
                    s.suspended.insert(service, suspended);
                });
                Ok(json!({}))
            }
            "CreateDBSnapshot" => self.create_snapshot(p),
            "ModifyDBInstance" => self.modify(p),
            "RebootDBInstance" => {
                let db = self.available(p)?;
                let back = self.takes(20, 90);
                self.change(|s| {
                    if let Some(db) = s.dbs.iter_mut().find(|d| d.resource == db.resource) {
                        db.reboots += 1;
                        "rebooting".clone_into(&mut db.status);
                    }
                });
                self.plan(back, Coming::DbIs { resource: db.resource, status: "available", name: None });
                Ok(json!({}))
            }
            "RestoreDBInstanceFromDBSnapshot" => self.restore(p),
            "DeleteDBInstance" => {
                let db = self.available(p)?;
                let gone = self.takes(20, 120);
                self.change(|s| {
                    if let Some(db) = s.dbs.iter_mut().find(|d| d.resource == db.resource) {
                        "deleting".clone_into(&mut db.status);
                    }
                });
                self.plan(gone, Coming::DbGone { resource: db.resource });
                Ok(json!({}))
            }
            _ => Err("InvalidAction"),
        }
    }

    fn update_service(&mut self, p: &Value) -> Result<Value, &'static str> {
        let name = text(p, "service");
        if !self.state().services.contains_key(&name) {
            return Err("ServiceNotFoundException");
        }
        if p["forceNewDeployment"] == true {
            self.change(|s| {
                if let Some(service) = s.services.get_mut(&name) {
                    service.deployments += 1;
                }
            });
        }
        if let Some(desired) = p["desiredCount"].as_u64() {
            let drains = self.takes(5, 90);
            self.scale(&name, desired, drains);
        }
        Ok(json!({"service": service(&name, &self.state().services[&name])}))
    }

    fn available(&self, p: &Value) -> Result<Db, &'static str> {
        let name = text(p, "DBInstanceIdentifier");
        let db = self.state().dbs.iter().find(|d| d.name == name).ok_or("DBInstanceNotFound")?;
        if db.status == "available" { Ok(db.clone()) } else { Err("InvalidDBInstanceState") }
    }

    fn create_snapshot(&mut self, p: &Value) -> Result<Value, &'static str> {
        let name = text(p, "DBSnapshotIdentifier");
        if self.state().snapshots.iter().any(|s| s.name == name) {
            return Err("DBSnapshotAlreadyExists");
        }
        let db = self.available(p)?;
        let (of, created, tags) = (db.resource, self.now, p["Tags"].clone());
        let ready = self.takes(20, 200);
        let status = "creating".to_owned();
        self.change(|s| s.snapshots.push(Snapshot { name: name.clone(), of, status, created, tags }));
        self.plan(ready, Coming::SnapshotIs { name, status: "available" });
        Ok(json!({}))
    }

    fn modify(&mut self, p: &Value) -> Result<Value, &'static str> {
        let db = self.available(p)?;
        if let Some(days) = p["BackupRetentionPeriod"].as_u64() {
            self.change(|s| {
                if let Some(db) = s.dbs.iter_mut().find(|d| d.resource == db.resource) {
                    db.retention = days;
                }
            });
        }
        if let Some(new) = p["NewDBInstanceIdentifier"].as_str() {
            if self.state().dbs.iter().any(|d| d.name == new) {
                return Err("DBInstanceAlreadyExists");
            }
            let done = self.takes(30, 150);
            self.change(|s| {
                if let Some(db) = s.dbs.iter_mut().find(|d| d.resource == db.resource) {
                    "renaming".clone_into(&mut db.status);
                }
            });
            let name = Some(new.to_owned());
            self.plan(done, Coming::DbIs { resource: db.resource, status: "available", name });
        }
        Ok(json!({}))
    }

    fn restore(&mut self, p: &Value) -> Result<Value, &'static str> {
        let (name, from) = (text(p, "DBInstanceIdentifier"), text(p, "DBSnapshotIdentifier"));
        if self.state().dbs.iter().any(|d| d.name == name) {
            return Err("DBInstanceAlreadyExists");
        }
        match self.state().snapshots.iter().find(|s| s.name == from) {
            None => return Err("DBSnapshotNotFound"),
            Some(s) if s.status != "available" => return Err("InvalidDBSnapshotState"),
            Some(_) => {}
        }
        let done = self.takes(60, 300);
        let resource = format!("db-RESTORED{}", self.made);
        let (created, tags, status) = (self.now, p["Tags"].clone(), "creating".to_owned());
        let db = Db { name, resource: resource.clone(), status, created, tags, retention: 7, reboots: 0 };
        self.change(|s| s.dbs.push(db));
        self.plan(done, Coming::DbIs { resource, status: "available", name: None });
        Ok(json!({}))
    }

    /// The answer to a question from the state of `lag` ago.
    pub fn read(&self, question: &Question, lag: Span) -> Result<Arc<Value>, Unread> {
        if self.state().expired {
            return Err(coded(UnreadKind::Credentials, "ExpiredToken"));
        }
        let state = self.seen(lag);
        let p = &question.parameters;
        let answer = match question.operation.as_str() {
            "GetCallerIdentity" => {
                let account = &self.state().account;
                json!({"Account": account, "Arn": format!("arn:aws:iam::{account}:user/ana"), "UserId": "AIDA"})
            }
            "DescribeServices" => services(&state, p)?,
            "DescribeScalableTargets" => targets(&state, p),
            "DescribeDBInstances" => instances(&state, p)?,
            "DescribeDBSnapshots" => snapshots(&state, p)?,
            other => return Err(coded(UnreadKind::Unsupported, other)),
        };
        Ok(Arc::new(answer))
    }
}

/// How the program reads an error of AWS: proof that nothing happened, or nothing at all.
pub fn refused(call: &Call, code: &str) -> Outcome {
    let proof = catalogue::find(&call.service, &call.operation).is_some_and(|o| o.not_executed(code));
    if proof {
        Outcome::Rejected { code: code.into(), message: "no".into(), request_id: Some("req-no".into()) }
    } else {
        Outcome::Unclear { why: format!("{code} proves nothing") }
    }
}

fn coded(kind: UnreadKind, code: &str) -> Unread {
    Unread { kind, code: Some(code.to_owned()), message: String::new() }
}

fn text(p: &Value, name: &str) -> String {
    p[name].as_str().unwrap_or_default().to_owned()
}

/// The service behind `service/shop/NAME`.
fn resource(p: &Value) -> String {
    text(p, "ResourceId").rsplit('/').next().unwrap_or_default().to_owned()
}

fn service(name: &str, s: &Service) -> Value {
    json!({
        "serviceName": name,
        "serviceArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop/{name}"),
        "clusterArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/shop"),
        "status": "ACTIVE",
        "schedulingStrategy": "REPLICA",
        "desiredCount": s.desired,
        "runningCount": s.running,
        "pendingCount": 0,
    })
}

fn services(state: &State, p: &Value) -> Result<Value, Unread> {
    let mut found = Vec::new();
    for name in p["services"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let Some(one) = state.services.get(name) else { return Err(coded(UnreadKind::Answer, "MISSING")) };
        found.push(service(name, one));
    }
    Ok(json!({"services": found, "failures": []}))
}

fn targets(state: &State, p: &Value) -> Value {
    let wanted = p["ResourceIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rows: Vec<Value> = wanted
        .filter_map(|id| {
            let suspended = state.suspended.get(id.rsplit('/').next()?)?;
            Some(json!({
                "ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": 1, "MaxCapacity": 10,
                "SuspendedState": {"DynamicScalingInSuspended": suspended, "DynamicScalingOutSuspended": suspended,
                    "ScheduledScalingSuspended": suspended},
            }))
        })
        .collect();
    json!({ "ScalableTargets": rows })
}

fn instances(state: &State, p: &Value) -> Result<Value, Unread> {
    let by_name = p["DBInstanceIdentifier"].as_str();
    let by_resource = p["Filters"][0]["Values"][0].as_str();
    let wanted = |d: &&Db| by_name.is_none_or(|n| n == d.name) && by_resource.is_none_or(|r| r == d.resource);
    let rows: Vec<Value> = state.dbs.iter().filter(wanted).map(db).collect();
    if rows.is_empty() && by_name.is_some() {
        return Err(coded(UnreadKind::Answer, "DBInstanceNotFound"));
    }
    Ok(json!({ "DBInstances": rows }))
}

fn db(d: &Db) -> Value {
    json!({
        "DBInstanceIdentifier": d.name, "DbiResourceId": d.resource, "DBInstanceStatus": d.status,
        "InstanceCreateTime": d.created.rfc3339(), "TagList": d.tags, "BackupRetentionPeriod": d.retention,
        "PendingModifiedValues": {}, "DBParameterGroups": [], "AssociatedRoles": [], "DeletionProtection": false,
    })
}

fn snapshots(state: &State, p: &Value) -> Result<Value, Unread> {
    let name = text(p, "DBSnapshotIdentifier");
    let rows: Vec<Value> = state
        .snapshots
        .iter()
        .filter(|s| s.name == name)
        .map(|s| {
            json!({"DBSnapshotIdentifier": s.name, "DBInstanceIdentifier": "orders", "DbiResourceId": s.of,
                "Status": s.status, "SnapshotCreateTime": s.created.rfc3339(), "TagList": s.tags})
        })
        .collect();
    if rows.is_empty() {
        return Err(coded(UnreadKind::Answer, "DBSnapshotNotFound"));
    }
    Ok(json!({ "DBSnapshots": rows }))
}
