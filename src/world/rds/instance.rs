//! One database instance: its document, what it holds, and the steps of its life.

use serde_json::{Map, Value, json};

use super::{Due, Rds};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment};

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The document as `DescribeDBInstances` gives it, but for what depends on the time.
    pub doc: Map<String, Value>,
    pub data: Data,
    /// Between two names: it can be found by its resource id only.
    pub nameless: bool,
}

/// One step of an instance's life.
#[derive(Clone, Debug)]
pub enum Step {
    Status(&'static str),
    /// Settings that were accepted take effect; the instance is available again.
    Apply(Map<String, Value>),
    /// The old name is gone, the new one is not there yet.
    LoseName,
    TakeName(String),
    /// A reboot is over: parameters are live.
    Rebooted,
    /// It can be reached and counts as restored.
    Available,
    Gone,
}

impl Instance {
    pub fn id(&self) -> &str {
        self.doc["DBInstanceIdentifier"].as_str().unwrap_or_default()
    }

    /// The id that a rename does not move.
    pub fn resource(&self) -> &str {
        self.doc["DbiResourceId"].as_str().unwrap_or_default()
    }

    pub fn status(&self) -> &str {
        self.doc["DBInstanceStatus"].as_str().unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.doc.insert(name.to_owned(), value.into());
    }

    /// Whether a member of `PendingModifiedValues` waits.
    pub fn pending(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.doc.get("PendingModifiedValues").and_then(Value::as_object).unwrap_or(&NONE)
    }

    /// The document at `now`: what can be restored runs five minutes behind (RDS user guide: logs go to S3 every
    /// five minutes), and only where backups are kept.
    pub(in crate::world) fn document(&self, now: At) -> Value {
        let mut doc = self.doc.clone();
        let kept = doc.get("BackupRetentionPeriod").and_then(Value::as_u64).unwrap_or(0) > 0;
        if kept && !matches!(self.status(), "creating" | "deleting") {
            let behind = At(now.0 - i64::try_from(Span::mins(5).0).unwrap_or(0));
            let rounded = At(behind.0 - behind.0.rem_euclid(60_000));
            doc.insert("LatestRestorableTime".into(), rounded.rfc3339().into());
        }
        Value::Object(doc)
    }
}

impl Rds {
    /// Plans the rest of an instance's way: each step so long after the one before it.
    pub(super) fn plan(
        moment: &mut Moment<'_>,
        resource: &str,
        steps: impl IntoIterator<Item = (Span, Step)>,
    ) {
        let mut after = Span::default();
        for (pause, step) in steps {
            after = after.plus(pause);
            moment.later(after, Happening::Rds(Due::Instance { resource: resource.to_owned(), step }));
        }
    }

    pub(super) fn instance_step(&mut self, resource: &str, step: Step, moment: &mut Moment<'_>) {
        let Some(at) = self.instances.iter().position(|i| i.resource() == resource) else { return };
        let now = moment.now;
        let id = self.instances[at].id().to_owned();
        let instance = &mut self.instances[at];
        match step {
            Step::Status(status) => instance.set("DBInstanceStatus", status),
            Step::Apply(settings) => {
                instance.apply(&settings);
                self.note(&id, now, "configuration change", "Finished updating DB instance settings");
            }
            Step::LoseName => instance.nameless = true,
            Step::TakeName(name) => {
                instance.take_name(&name, moment);
                self.note(
                    &name,
                    now,
                    "configuration change",
                    &format!("Renamed instance from {id} to {name}"),
                );
            }
            Step::Rebooted => {
                instance.reboot();
                self.note(&id, now, "availability", "DB instance restarted");
            }
            Step::Available => {
                instance.set("DBInstanceStatus", "available");
                self.note(&id, now, "availability", "DB instance is available");
            }
            Step::Gone => {
                self.instances.remove(at);
                self.note(&id, now, "deletion", "DB instance deleted");
            }
        }
    }
}

impl Instance {
    fn apply(&mut self, settings: &Map<String, Value>) {
        let mut pending = self.pending().clone();
        for (name, value) in settings {
            pending.remove(name);
            self.set(name, value.clone());
        }
        self.set("PendingModifiedValues", pending);
        self.set("DBInstanceStatus", "available");
    }

    /// Tags, snapshots, replicas and the resource id stay; ARN and endpoint follow the name (`aws.md` §2).
    fn take_name(&mut self, name: &str, moment: &Moment<'_>) {
        self.nameless = false;
        self.set("DBInstanceIdentifier", name);
        self.set("DBInstanceArn", moment.arn("rds", &format!("db:{name}")));
        self.set_address(name, moment);
        let mut pending = self.pending().clone();
        pending.remove("DBInstanceIdentifier");
        self.set("PendingModifiedValues", pending);
    }

    /// The DNS name of an instance: its own name, the account's part, the region.
    pub(super) fn set_address(&mut self, name: &str, moment: &Moment<'_>) {
        let account = moment.dice.letters(&format!("dns/{}", moment.site.account), 12).to_lowercase();
        let address = format!("{name}.{account}.{}.rds.amazonaws.com", moment.site.region);
        let port = self.doc.get("DbInstancePort").and_then(Value::as_u64).filter(|p| *p > 0).unwrap_or(5432);
        self.set("Endpoint", json!({"Address": address, "Port": port, "HostedZoneId": "Z1TTGA775OQIYO"}));
    }

    /// Parameters that waited for a reboot are live after it.
    fn reboot(&mut self) {
        self.set("DBInstanceStatus", "available");
        if let Some(groups) = self.doc.get_mut("DBParameterGroups").and_then(Value::as_array_mut) {
            for group in groups {
                group["ParameterApplyStatus"] = "in-sync".into();
            }
        }
    }
}
