//! New instances from snapshots and backups: what they take over, and what a restore does not bring back
//! (`aws.md` §3).

use serde_json::{Map, Value, json};

use super::{Instance, Step, base, settle};
use crate::ids::Span;
use crate::world::rds::settings::{self, Kind};
use crate::world::rds::{Rds, Snapshot, bare, engine, members, needed, number, of};
use crate::world::{Data, Moment, Refused};

/// Members that a restored instance takes over from its source, unless the call says otherwise.
const KEPT: &[&str] = &[
    "DBInstanceClass",
    "Engine",
    "EngineVersion",
    "LicenseModel",
    "MasterUsername",
    "DBName",
    "AllocatedStorage",
    "StorageEncrypted",
    "KmsKeyId",
    "DbInstancePort",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "BackupTarget",
    "TagList",
];

/// What a new instance is made from.
pub(super) struct Source {
    /// The document of the instance as it was.
    pub settings: Map<String, Value>,
    pub data: Data,
    /// What [`Rds::dead_ends`] may name beside the new instance.
    pub name: String,
    /// How long the log replay lasts at least and at most, in seconds.
    pub replay: (u64, u64),
    pub event: String,
}

impl Rds {
    pub(in crate::world::rds) fn restore_from_snapshot(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = needed(parameters, "DBInstanceIdentifier")?;
        let id = self.free_name("DBInstanceIdentifier", id)?;
        let snapshot = self.restorable(needed(parameters, "DBSnapshotIdentifier")?)?;
        let name = of(&snapshot.doc, "DBSnapshotIdentifier").to_owned();
        let mut settings = snapshot.source.clone();
        settings.insert("AllocatedStorage".into(), number(&snapshot.doc, "AllocatedStorage").into());
        let event = format!("Restored from snapshot {name}");
        let source = Source { settings, data: snapshot.data.as_of(moment.now), name, replay: (0, 0), event };
        self.bring_up(&id, source, parameters, moment)
    }

    fn restorable(&self, id: &str) -> Result<&Snapshot, Refused> {
        let is = |s: &&Snapshot| of(&s.doc, "DBSnapshotIdentifier").eq_ignore_ascii_case(bare(id));
        let found = self.snapshots.iter().find(is);
        let snapshot = found
            .ok_or_else(|| Refused::not_found("DBSnapshotNotFound", format!("DBSnapshot not found: {id}")))?;
        if of(&snapshot.doc, "Status") == "available" {
            return Ok(snapshot);
        }
        let message = format!("Snapshot {id} is not available: its status is {}", snapshot.doc["Status"]);
        Err(Refused::new("InvalidDBSnapshotState", message))
    }

    /// A new instance of a source, when nothing stands against it.
    pub(super) fn bring_up(
        &mut self,
        id: &str,
        source: Source,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let wanted = parameters["AllocatedStorage"].as_u64();
        self.has_room(wanted.unwrap_or(number(&source.settings, "AllocatedStorage")))?;
        self.has_keys(parameters, &source.settings)?;
        self.has_capacity(
            parameters["DBInstanceClass"].as_str().unwrap_or(of(&source.settings, "DBInstanceClass")),
        )?;
        let group = self.subnet_group_of(parameters)?;
        let family = engine::family(of(&source.settings, "Engine"), of(&source.settings, "EngineVersion"));
        self.groups_exist(parameters, &family, group["VpcId"].as_str())?;
        let resource = self.resource_id("db", moment);
        let doc = self.restored(id, &resource, &source.settings, group, parameters, moment);
        let mut instance = Instance::new(doc, source.data);
        instance.ends = [id, source.name.as_str()]
            .iter()
            .find(|n| self.dead_ends.contains_key(**n))
            .map(ToString::to_string);
        let steps = self.restore_steps(&instance, source.replay, moment);
        let answer = instance.document(moment.now);
        self.instances.push(instance);
        let at = self.instances.len() - 1;
        self.tell(at, "creation", &source.event, moment);
        self.plan(at, steps, moment);
        Ok(json!({ "DBInstance": answer }))
    }

    fn restored(
        &self,
        id: &str,
        resource: &str,
        source: &Map<String, Value>,
        group: Value,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Map<String, Value> {
        let vpc = group["VpcId"].clone();
        let mut doc = base(id, resource, group, moment);
        doc.insert("VpcSecurityGroups".into(), self.default_security_group(&vpc));
        for name in KEPT {
            if let Some(value) = source.get(*name) {
                doc.insert((*name).to_owned(), value.clone());
            }
        }
        let applied = if self.static_parameters.contains(id) { "applying" } else { "in-sync" };
        let given = settings::of_call(Kind::Instance, &doc, parameters, applied, moment);
        if given.contains_key("Iops") && !given.contains_key("StorageType") {
            doc.insert("StorageType".into(), "io1".into());
        }
        doc.extend(given);
        settle(&mut doc, moment);
        doc
    }

    /// `creating`, `backing-up`, `available`: 5 to 20 minutes for a small instance, longer into two zones; and
    /// away from `available` once more shortly after, as it is seen in the field (`aws.md` §2).
    fn restore_steps(
        &self,
        instance: &Instance,
        replay: (u64, u64),
        moment: &Moment<'_>,
    ) -> Vec<(Span, Step)> {
        let resource = instance.resource();
        let within = |what: &str, low: u64, high: u64| {
            moment.within(&format!("restore/{what}/{resource}"), Span::secs(low), Span::secs(high))
        };
        let zones =
            if instance.doc["MultiAZ"] == true { within("zones", 600, 1200) } else { Span::default() };
        let creating = within("creating", 240, 900).plus(within("replay", replay.0, replay.1)).plus(zones);
        if let Some(end) = instance.ends.as_ref().and_then(|name| self.dead_ends.get(name)) {
            return vec![(creating, Step::status(end.clone()))];
        }
        let mut steps = vec![(creating, Step::status("backing-up"))];
        steps.push((within("backing-up", 60, 240), Step::BackedUp));
        let logs = instance.doc.get("EnabledCloudwatchLogsExports").and_then(Value::as_array);
        if logs.is_some_and(|logs| !logs.is_empty()) {
            steps.push((Span::secs(1), Step::status("configuring-log-exports")));
            steps.push((within("logs", 20, 60), Step::Available));
        } else {
            steps.push((Span::secs(1), Step::Available));
        }
        if moment.dice.percent(&format!("restore/again/{resource}"), 50) {
            steps.push((within("seen", 20, 60), Step::status("modifying")));
            steps.push((within("again", 20, 60), Step::Available));
        }
        if self.static_parameters.contains(instance.id()) {
            // That they want a reboot is known only some time after the instance is in use.
            let mut groups = instance.doc["DBParameterGroups"].clone();
            groups[0]["ParameterApplyStatus"] = "pending-reboot".into();
            steps.push((Span::secs(90), Step::Apply(members([("DBParameterGroups", groups)]))));
        }
        steps
    }
}
