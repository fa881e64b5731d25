//! One database instance: its document, what it holds, and the steps of its life.
//!
//! `base` is the full set of members, `restore` and `create` make instances, `modify`, `delete` and `reboot`
//! change them.

mod base;
mod create;
mod delete;
mod modify;
mod pitr;
mod reboot;
mod restore;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::life::Life;
use super::{Due, Rds, number, of};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment};

pub(super) use base::{base, insights, keep, populated, role, settle};
pub(super) use pitr::point;

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The document as `DescribeDBInstances` gives it, but for what depends on the time.
    pub doc: Map<String, Value>,
    pub data: Data,
    /// Between two names: it can be found by its resource id only.
    pub nameless: bool,
    /// Since when it can be restored to a point in time; `None` until its first backup.
    pub backed_up: Option<At>,
    /// The entry of [`Rds::dead_ends`] that its restore went by.
    pub(super) ends: Option<String>,
    pub(super) life: Life<Step>,
}

/// One step of an instance's life.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Status(Cow<'static, str>),
    /// Settings that were accepted take effect; the instance is available again.
    Apply(Map<String, Value>),
    /// The old name is gone, the new one is not there yet.
    LoseName,
    TakeName(String),
    /// A reboot is over: parameters are live.
    Rebooted,
    /// Its first backup is there.
    BackedUp,
    /// It can be reached and counts as restored.
    Available,
    Gone,
}

impl Step {
    pub(super) fn status(status: impl Into<Cow<'static, str>>) -> Step {
        Step::Status(status.into())
    }
}

impl Instance {
    pub(super) fn new(doc: Map<String, Value>, data: Data) -> Instance {
        Instance { doc, data, nameless: false, backed_up: None, ends: None, life: Life::default() }
    }

    pub fn id(&self) -> &str {
        of(&self.doc, "DBInstanceIdentifier")
    }

    /// The id that a rename does not move.
    pub fn resource(&self) -> &str {
        of(&self.doc, "DbiResourceId")
    }

    pub fn status(&self) -> &str {
        of(&self.doc, "DBInstanceStatus")
    }

    /// The cluster it is a member of.
    pub fn cluster(&self) -> Option<&str> {
        self.doc.get("DBClusterIdentifier").and_then(Value::as_str)
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.doc.insert(name.to_owned(), value.into());
    }

    /// What waits, by member.
    pub fn pending(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.doc.get("PendingModifiedValues").and_then(Value::as_object).unwrap_or(&NONE)
    }

    /// What it can be restored to at `now`, where backups are kept and the first one is there.
    pub fn window(&self, now: At) -> Option<(At, At)> {
        let days = number(&self.doc, "BackupRetentionPeriod");
        let since = self.backed_up.filter(|_| days > 0 && self.cluster().is_none())?;
        Some(restorable(since, days, self.resource(), now))
    }

    /// The document at `now`.
    pub(in crate::world) fn document(&self, now: At) -> Value {
        let mut doc = self.doc.clone();
        if let Some((_, latest)) = self.window(now).filter(|_| self.status() != "deleting") {
            doc.insert("LatestRestorableTime".into(), latest.rfc3339().into());
        }
        Value::Object(doc)
    }
}

/// From the first backup, at most so many days ago, to the last logs in S3: they go there every five minutes
/// (RDS user guide, "Restoring a DB instance to a specified time").
pub(super) fn restorable(since: At, days: u64, resource: &str, now: At) -> (At, At) {
    let kept = i64::try_from(Span::mins(days * 24 * 60).0).unwrap_or(i64::MAX);
    let every = 300_000;
    let shift: i64 = resource.bytes().map(i64::from).sum::<i64>() * 7_000 % every;
    let latest = At(now.0 - (now.0 - shift).rem_euclid(every)).max(since);
    (since.max(At(now.0.saturating_sub(kept))), latest)
}

impl Rds {
    /// Steps after all that is ahead of an instance.
    pub(super) fn plan(
        &mut self,
        at: usize,
        steps: impl IntoIterator<Item = (Span, Step)>,
        moment: &mut Moment<'_>,
    ) {
        self.instances[at].life.add(steps);
        self.arm(at, moment);
    }

    fn arm(&mut self, at: usize, moment: &mut Moment<'_>) {
        let instance = &self.instances[at];
        let phase = if instance.nameless { "nameless" } else { instance.status() };
        let stays = self.stay([instance.id(), instance.resource()], phase);
        let resource = instance.resource().to_owned();
        if let Some(wake) = self.instances[at].life.arm(moment.now, stays) {
            moment.later(wake.since(moment.now), Happening::Rds(Due::Instance { resource }));
        }
    }

    pub(super) fn instance_step(&mut self, resource: &str, moment: &mut Moment<'_>) {
        let by_resource = |rds: &Rds| rds.instances.iter().position(|i| i.resource() == resource);
        let Some(at) = by_resource(self) else { return };
        let Some(step) = self.instances[at].life.due(moment.now) else { return };
        self.take(at, step, moment);
        if let Some(at) = by_resource(self) {
            self.arm(at, moment);
        }
    }

    fn take(&mut self, at: usize, step: Step, moment: &mut Moment<'_>) {
        match step {
            Step::Status(status) => self.instances[at].move_to(&status, moment),
            Step::Apply(settings) => self.apply(at, &settings, moment),
            Step::LoseName => self.instances[at].nameless = true,
            Step::TakeName(name) => self.take_name(at, &name, moment),
            Step::Rebooted => self.rebooted(at, moment),
            Step::BackedUp => {
                self.instances[at].backed_up.get_or_insert(moment.now);
                self.tell(at, "backup", "Finished DB instance backup", moment);
            }
            Step::Available => self.available(at, moment),
            Step::Gone => self.gone(at, moment),
        }
    }

    /// An event of an instance.
    pub(super) fn tell(&mut self, at: usize, category: &'static str, message: &str, moment: &Moment<'_>) {
        let id = self.instances[at].id().to_owned();
        self.note("db-instance", &id, category, message, moment.now);
    }

    /// Available, unless its key is lost.
    pub(super) fn available(&mut self, at: usize, moment: &Moment<'_>) {
        if self.is_locked(&self.instances[at].doc) {
            self.instances[at].move_to("inaccessible-encryption-credentials-recoverable", moment);
            return;
        }
        self.instances[at].move_to("available", moment);
        self.tell(at, "availability", "DB instance is available", moment);
    }

    fn apply(&mut self, at: usize, settings: &Map<String, Value>, moment: &Moment<'_>) {
        let instance = &mut self.instances[at];
        let mut pending = instance.pending().clone();
        for (name, value) in settings {
            pending.remove(pending_name(name));
            if name != "MasterUserPassword" {
                instance.doc.insert(name.clone(), value.clone());
            }
        }
        instance.set("PendingModifiedValues", pending);
        instance.doc.retain(|_, value| !value.is_null());
        // Turning backups off ends what could be restored; turned on again, they begin with a backup of now.
        let kept = number(&instance.doc, "BackupRetentionPeriod") > 0;
        instance.backed_up = Some(instance.backed_up.unwrap_or(moment.now)).filter(|_| kept);
        if settings.contains_key("DbInstancePort") {
            let id = instance.id().to_owned();
            instance.set_address(&id, moment);
        }
        settle(&mut instance.doc, moment);
        let message = "Finished applying modification to DB instance settings";
        self.tell(at, "configuration change", message, moment);
        self.available(at, moment);
    }

    /// Tags, snapshots, replicas and the resource id stay; ARN and endpoint follow the name (`aws.md` §2).
    fn take_name(&mut self, at: usize, name: &str, moment: &Moment<'_>) {
        let instance = &mut self.instances[at];
        let before = instance.id().to_owned();
        instance.nameless = false;
        instance.set("DBInstanceIdentifier", name);
        instance.set("DBInstanceArn", moment.arn("rds", &format!("db:{name}")));
        instance.set_address(name, moment);
        let mut pending = instance.pending().clone();
        pending.remove("DBInstanceIdentifier");
        instance.set("PendingModifiedValues", pending);
        let message = format!("Renamed instance from {before} to {name}");
        self.tell(at, "configuration change", &message, moment);
    }

    fn gone(&mut self, at: usize, moment: &Moment<'_>) {
        self.tell(at, "deletion", "DB instance deleted", moment);
        let gone = self.instances.remove(at);
        for cluster in &mut self.clusters {
            cluster.members.retain(|m| m.resource != gone.resource());
        }
    }
}

/// Where a member of the document waits in `PendingModifiedValues`.
pub(super) fn pending_name(member: &str) -> &str {
    if member == "DbInstancePort" { "Port" } else { member }
}

impl Instance {
    /// An instance has an address when its making got so far; in a dead end it has none.
    pub(super) fn move_to(&mut self, status: &str, moment: &Moment<'_>) {
        let lives = matches!(status, "available" | "backing-up") || status.starts_with("configuring");
        if self.doc.get("Endpoint").is_none() && lives {
            let id = self.id().to_owned();
            self.set_address(&id, moment);
        }
        self.set("DBInstanceStatus", status);
    }

    /// The DNS name of an instance: its own name, the account's part, the region.
    pub(super) fn set_address(&mut self, name: &str, moment: &Moment<'_>) {
        let address = format!("{name}.{}", domain(moment));
        let port = number(&self.doc, "DbInstancePort");
        self.set("Endpoint", json!({"Address": address, "Port": port, "HostedZoneId": HOSTED_ZONE}));
    }
}

/// The zone of the service in a region.
pub(super) const HOSTED_ZONE: &str = "Z1TTGA775OQIYO";

/// What stands behind the first label of every address of a site.
pub(super) fn domain(moment: &Moment<'_>) -> String {
    let account = moment.dice.letters(&format!("dns/{}", moment.site.account), 12).to_lowercase();
    format!("{account}.{}.rds.amazonaws.com", moment.site.region)
}
