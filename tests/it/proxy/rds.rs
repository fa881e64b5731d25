//! RDS as it is: renames, restores, reboots and changes take time, and a restore is a new, barer instance.
//!
//! moto switches at once. This script keeps, per instance, what moto does not know and the stages it still has
//! to pass; each `DescribeDBInstances` is one reading and moves the stages of every instance by one.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::call::Call;
use super::rds_settings::{
    ALWAYS, Patch, deferred_by, is_storage, log_exports_after, parameter_group, restored_by, set_by,
};
use super::waits::WaitId;
use super::wire::Answer;
use super::xml::Xml;
use super::{Cx, Script};

/// How many readings each stage lasts; 0 leaves it out.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The old name still answers after a rename.
    pub old_name_held: u32,
    /// Neither name answers.
    pub no_name: u32,
    /// The new name reboots.
    pub renamed_reboots: u32,
    /// The backup window opens right after a rename.
    pub renamed_backs_up: u32,
    pub creating: u32,
    /// `available` for the first time, before the first backup.
    pub first_available: u32,
    pub backing_up: u32,
    /// Still `available` after a call that was accepted.
    pub lag: u32,
    pub rebooting: u32,
    pub modifying: u32,
    /// After a change of the storage.
    pub optimizing: u32,
    pub deleting: u32,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            old_name_held: 3,
            no_name: 2,
            renamed_reboots: 2,
            renamed_backs_up: 0,
            creating: 3,
            first_available: 1,
            backing_up: 2,
            lag: 1,
            rebooting: 2,
            modifying: 2,
            optimizing: 1000,
            deleting: 2,
        }
    }
}

/// Under which name an instance is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Own,
    As(String),
    /// Under none, while this one is not free yet.
    Nowhere(String),
}

/// What an instance looks like for some readings.
#[derive(Clone, Debug)]
struct Stage {
    readings: u32,
    shown: Shown,
    status: &'static str,
    /// Whatever was asked for is done; AWS goes on by itself.
    is_done: bool,
    /// Members that differ in this stage only.
    patches: Vec<Patch>,
    /// What stays when the stage is over.
    then: Vec<Patch>,
}

impl Stage {
    fn new(readings: u32, status: &'static str) -> Stage {
        let (patches, then) = (Vec::new(), Vec::new());
        Stage { readings, shown: Shown::Own, status, is_done: false, patches, then }
    }

    /// Goes on beside normal use.
    fn aside(readings: u32, status: &'static str) -> Stage {
        Stage { is_done: true, ..Stage::new(readings, status) }
    }
}

/// What moto does not know of an instance.
#[derive(Default)]
struct Overlay {
    patches: BTreeMap<String, Option<Xml>>,
    stages: VecDeque<Stage>,
    /// What ends when the last stage is over.
    waits: Vec<WaitId>,
}

/// An instance that moto has forgotten already.
struct Ghost {
    instance: Xml,
    readings: u32,
    wait: WaitId,
}

/// An instance as it is seen now.
struct Row {
    /// Its name in moto.
    key: String,
    shown: Shown,
    instance: Xml,
    /// No stage is left, or none that anybody has to wait for: this is its final state.
    settled: bool,
}

/// The script.
#[derive(Default)]
pub struct Rds {
    pub timing: Timing,
    overlays: BTreeMap<String, Overlay>,
    ghosts: Vec<Ghost>,
    restored: u32,
}

const AFTER_RENAME: &[&str] = &["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance", "UpdateService"];
const AFTER_RESTORE: &[&str] = &[
    "ModifyDBInstance",
    "RebootDBInstance",
    "AddRoleToDBInstance",
    "UpdateService",
    "RegisterScalableTarget",
];
const AFTER_CHANGE: &[&str] =
    &["ModifyDBInstance", "RebootDBInstance", "AddRoleToDBInstance", "UpdateService"];
const AFTER_ROLE: &[&str] = &["UpdateService"];
const AFTER_DELETE: &[&str] = &["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance"];

impl Rds {
    pub fn new(timing: Timing) -> Rds {
        Rds { timing, ..Rds::default() }
    }

    /// All instances as they are seen now. A reading moves every stage on.
    fn rows(&mut self, cx: &mut Cx, is_reading: bool) -> Vec<Row> {
        let answer = cx.upstream.query("DescribeDBInstances", &json!({}));
        let list = answer.as_ref().and_then(|answer| answer.find("DBInstances"));
        list.into_iter().flat_map(|list| &list.children).map(|moto| self.row(moto, is_reading)).collect()
    }

    fn row(&mut self, moto: &Xml, is_reading: bool) -> Row {
        let key = moto.at("DBInstanceIdentifier").unwrap_or_default().to_owned();
        let overlay = self.overlays.entry(key.clone()).or_default();
        let mut instance = moto.clone();
        for (member, value) in ALWAYS {
            if instance.child(member).is_none() {
                instance.put(Xml::leaf(member, value));
            }
        }
        apply(&mut instance, overlay.patches.iter().map(|(name, value)| (name.clone(), value.clone())));
        let Some(stage) = overlay.stages.front_mut() else {
            return Row { key, shown: Shown::Own, instance, settled: true };
        };
        instance.put(Xml::leaf("DBInstanceStatus", stage.status));
        apply(&mut instance, stage.patches.iter().cloned());
        if stage.status == "creating" {
            instance.remove("Endpoint");
        }
        let (shown, settled) = (stage.shown.clone(), stage.is_done);
        if let Shown::As(name) = &shown {
            rename(&mut instance, &key, name);
        }
        if is_reading {
            stage.readings = stage.readings.saturating_sub(1);
            if stage.readings == 0 {
                let then = overlay.stages.pop_front().map(|stage| stage.then).unwrap_or_default();
                overlay.patches.extend(then);
            }
        }
        Row { key, shown, instance, settled }
    }

    /// One instance of moto as it is seen now, for the answer of a call that changes it.
    fn seen(&mut self, key: &str, cx: &mut Cx) -> Option<Xml> {
        self.rows(cx, false).into_iter().find(|row| row.key == key).map(|row| row.instance)
    }

    fn describe(&mut self, call: &Call, cx: &mut Cx) -> Answer {
        let rows = self.rows(cx, true);
        let wanted = |instance: &Xml| {
            named(call).is_none_or(|name| instance.at("DBInstanceIdentifier") == Some(name))
                && filters(call).iter().all(|(member, values)| {
                    instance.at(member).is_some_and(|value| values.iter().any(|wanted| wanted == value))
                })
        };
        let mut found: Vec<Xml> = Vec::new();
        for row in rows.into_iter().filter(|row| !matches!(row.shown, Shown::Nowhere(_))) {
            if !wanted(&row.instance) {
                continue;
            }
            let waits = self.overlays.get_mut(&row.key).filter(|_| row.settled).map(|o| &mut o.waits);
            waits.into_iter().flat_map(|waits| waits.drain(..)).for_each(|wait| cx.end(wait));
            found.push(row.instance);
        }
        found.extend(self.ghosts(cx).into_iter().filter(|instance| wanted(instance)));
        match named(call) {
            Some(name) if found.is_empty() => not_found(call, name),
            _ => call.success_xml(vec![Xml::node("DBInstances", found)]),
        }
    }

    /// Instances on their way out. Each call is one reading of theirs.
    fn ghosts(&mut self, cx: &mut Cx) -> Vec<Xml> {
        let mut shown = Vec::new();
        self.ghosts.retain_mut(|ghost| {
            if ghost.readings == 0 {
                cx.end(ghost.wait);
                return false;
            }
            ghost.readings -= 1;
            shown.push(ghost.instance.clone());
            true
        });
        shown
    }

    /// Refuses what AWS refuses and moto does not.
    fn refusal(&mut self, call: &Call, cx: &mut Cx) -> Option<Answer> {
        let name = named(call)?;
        let rows = self.rows(cx, false);
        let is_going = self.ghosts.iter().any(|g| g.instance.at("DBInstanceIdentifier") == Some(name));
        let holder = rows.iter().find(|row| match &row.shown {
            Shown::Own => row.key == name,
            Shown::As(old) | Shown::Nowhere(old) => old == name,
        });
        if call.is("RestoreDBInstanceFromDBSnapshot") {
            let taken = holder.is_some() || is_going;
            return taken.then(|| call.error(400, "DBInstanceAlreadyExists", "DB instance already exists"));
        }
        let Some(holder) = holder.filter(|row| !matches!(row.shown, Shown::Nowhere(_))) else {
            return Some(if is_going { wrong_state(call, name) } else { not_found(call, name) });
        };
        let free = holder.shown == Shown::Own && holder.instance.at("DBInstanceStatus") == Some("available");
        if !free {
            return Some(wrong_state(call, name));
        }
        let new = call.text("NewDBInstanceIdentifier")?;
        let taken = rows.iter().any(|row| row.key == new || row.shown == Shown::As(new.to_owned()));
        taken.then(|| call.error(400, "DBInstanceAlreadyExists", "DB instance already exists"))
    }

    /// A modification that waits for the maintenance window never reaches moto, which would apply it at once.
    fn defer(&mut self, call: &Call, cx: &mut Cx) -> Option<Answer> {
        let pending = deferred_by(call);
        let name = named(call).filter(|_| call.is("ModifyDBInstance") && !pending.is_empty())?;
        let deferred: Vec<&str> = pending.iter().map(|value| value.name.as_str()).collect();
        let now = set_by(call).into_iter().filter(|(member, _)| !deferred.contains(&member.as_str()));
        let overlay = self.overlays.entry(name.to_owned()).or_default();
        overlay.patches.extend(now.collect::<Vec<_>>());
        overlay
            .patches
            .insert("PendingModifiedValues".to_owned(), Some(Xml::node("PendingModifiedValues", pending)));
        Some(call.success_xml(vec![self.seen(name, cx)?]))
    }

    fn renamed(&mut self, call: &Call, old: &str, new: &str, cx: &mut Cx) {
        let timing = self.timing;
        let mut overlay = self.overlays.remove(old).unwrap_or_default();
        let new_name = vec![Xml::leaf("DBInstanceIdentifier", new)];
        let pending =
            ("PendingModifiedValues".to_owned(), Some(Xml::node("PendingModifiedValues", new_name)));
        let held = |readings, status| Stage {
            shown: Shown::As(old.to_owned()),
            patches: vec![pending.clone()],
            ..Stage::new(readings, status)
        };
        let lag = timing.lag.min(timing.old_name_held);
        let nowhere =
            Stage { shown: Shown::Nowhere(old.to_owned()), ..Stage::new(timing.no_name, "renaming") };
        overlay.pass([
            held(lag, "available"),
            held(timing.old_name_held - lag, "renaming"),
            nowhere,
            Stage::new(timing.renamed_reboots, "rebooting"),
            Stage::aside(timing.renamed_backs_up, "backing-up"),
        ]);
        overlay.apply_pending();
        overlay.change(set_by(call));
        overlay.waits.push(cx.open(format!("rename {old} to {new}"), AFTER_RENAME));
        self.overlays.insert(new.to_owned(), overlay);
    }

    fn modified(&mut self, call: &Call, name: &str, cx: &mut Cx) {
        let timing = self.timing;
        let before = self.overlays.get(name).map(|overlay| overlay.patches.clone()).unwrap_or_default();
        let logs = self.seen(name, cx).and_then(|instance| log_exports_after(call, &instance));
        let patches: Vec<Patch> = set_by(call).into_iter().chain(logs).collect();
        let overlay = self.overlays.entry(name.to_owned()).or_default();
        // At first the old values are still to be seen: those of the overlay, or none where moto has the new ones.
        let old = patches.iter().map(|(member, _)| (member.clone(), before.get(member).cloned().flatten()));
        let lag = Stage {
            patches: old.filter(|(_, value)| value.is_some()).collect(),
            ..Stage::new(timing.lag, "available")
        };
        overlay.pass([lag, Stage::new(timing.modifying, "modifying")]);
        if patches.iter().any(|(member, _)| is_storage(member)) {
            overlay.pass([Stage::aside(timing.optimizing, "storage-optimization")]);
        }
        overlay.apply_pending();
        overlay.change(patches);
        overlay.waits.push(cx.open(format!("modify {name}"), AFTER_CHANGE));
    }

    fn restored(&mut self, call: &Call, name: &str, answer: &Xml, cx: &mut Cx) {
        let timing = self.timing;
        self.restored += 1;
        let engine = answer.find("Engine").map(|engine| engine.text.clone()).unwrap_or_default();
        let version = answer.find("EngineVersion").map(|version| version.text.clone()).unwrap_or_default();
        let mut overlay = Overlay::default();
        overlay.change(restored_by(call, &engine, &version));
        let id = format!("db-RESTORED{:0>17}", self.restored);
        overlay.change([("DbiResourceId".to_owned(), Some(Xml::leaf("DbiResourceId", &id)))]);
        overlay.pass([
            Stage::new(timing.creating, "creating"),
            Stage::new(timing.first_available, "available"),
            Stage::new(timing.backing_up, "backing-up"),
        ]);
        overlay.waits.push(cx.open(format!("restore {name}"), AFTER_RESTORE));
        self.overlays.insert(name.to_owned(), overlay);
    }

    fn rebooted(&mut self, name: &str, cx: &mut Cx) {
        let timing = self.timing;
        let seen = self.seen(name, cx);
        let group =
            seen.as_ref().and_then(|i| i.at("DBParameterGroups/DBParameterGroup/DBParameterGroupName"));
        let in_sync = group.map(|group| parameter_group(group, "in-sync"));
        let overlay = self.overlays.entry(name.to_owned()).or_default();
        let rebooting =
            Stage { then: in_sync.into_iter().collect(), ..Stage::new(timing.rebooting.max(1), "rebooting") };
        overlay.pass([Stage::new(timing.lag, "available"), rebooting]);
        overlay.waits.push(cx.open(format!("reboot {name}"), AFTER_CHANGE));
    }

    /// A role is PENDING at first.
    fn role_added(&mut self, name: &str, cx: &mut Cx) {
        let Some(mut roles) = self.seen(name, cx).and_then(|db| db.child("AssociatedRoles").cloned()) else {
            return;
        };
        if let Some(role) = roles.children.last_mut() {
            role.put(Xml::leaf("Status", "PENDING"));
        }
        let lag = self.timing.lag;
        let overlay = self.overlays.entry(name.to_owned()).or_default();
        let patches = vec![("AssociatedRoles".to_owned(), Some(roles))];
        overlay.pass([Stage { patches, ..Stage::new(lag, "available") }]);
        overlay.waits.push(cx.open(format!("attach a role to {name}"), AFTER_ROLE));
    }

    /// Snapshots as AWS lists them: by resource id too, and those of a restored instance under its own.
    fn snapshots(&mut self, call: &Call, answer: &mut Answer, cx: &mut Cx) {
        let Some(mut root) = Xml::parse(&answer.text()) else { return };
        let rows = self.rows(cx, false);
        let Some(list) = root.find_mut("DBSnapshots") else { return };
        for snapshot in &mut list.children {
            let same =
                |row: &&Row| row.instance.at("InstanceCreateTime") == snapshot.at("InstanceCreateTime");
            if let Some(id) = rows.iter().find(same).and_then(|row| row.instance.at("DbiResourceId")) {
                snapshot.put(Xml::leaf("DbiResourceId", id));
            }
        }
        if let Some(id) = call.text("DbiResourceId") {
            list.children.retain(|snapshot| snapshot.at("DbiResourceId") == Some(id));
        }
        answer.message.body = root.to_string().into_bytes();
    }
}

impl Overlay {
    /// Further stages, after those that are still to pass.
    fn pass<const N: usize>(&mut self, stages: [Stage; N]) {
        self.stages.extend(stages.into_iter().filter(|stage| stage.readings > 0));
    }

    fn change(&mut self, patches: impl IntoIterator<Item = Patch>) {
        self.patches.extend(patches);
    }

    /// Applying anything at once applies what was pending, too.
    fn apply_pending(&mut self) {
        let pending = self.patches.remove("PendingModifiedValues").flatten();
        let values = pending.map(|node| node.children).unwrap_or_default();
        self.change(values.into_iter().map(|value| (value.name.clone(), Some(value))));
    }
}

impl Script for Rds {
    fn request(&mut self, call: &Call, cx: &mut Cx) -> Option<Answer> {
        match call.operation.as_str() {
            "DescribeDBInstances" => Some(self.describe(call, cx)),
            "ModifyDBInstance" => self.refusal(call, cx).or_else(|| self.defer(call, cx)),
            "RestoreDBInstanceFromDBSnapshot"
            | "RebootDBInstance"
            | "AddRoleToDBInstance"
            | "CreateDBSnapshot" => self.refusal(call, cx),
            "DeleteDBInstance" => self.refusal(call, cx).or_else(|| self.delete(call, cx)),
            _ => None,
        }
    }

    fn answer(&mut self, call: &Call, answer: &mut Answer, cx: &mut Cx) {
        if !answer.is_success() {
            return;
        }
        let name = named(call).unwrap_or_default().to_owned();
        let mut key = name.clone();
        match call.operation.as_str() {
            "DescribeDBSnapshots" => return self.snapshots(call, answer, cx),
            "ModifyDBInstance" => match call.text("NewDBInstanceIdentifier") {
                Some(new) => {
                    self.renamed(call, &name, new, cx);
                    new.clone_into(&mut key);
                }
                None => self.modified(call, &name, cx),
            },
            "RestoreDBInstanceFromDBSnapshot" => {
                let Some(root) = Xml::parse(&answer.text()) else { return };
                self.restored(call, &name, &root, cx);
            }
            "RebootDBInstance" => self.rebooted(&name, cx),
            "AddRoleToDBInstance" => return self.role_added(&name, cx),
            _ => return,
        }
        if let Some(instance) = self.seen(&key, cx) {
            *answer = call.success_xml(vec![instance]);
        }
    }
}

impl Rds {
    /// moto forgets an instance at once; AWS shows it for a while yet.
    fn delete(&mut self, call: &Call, cx: &mut Cx) -> Option<Answer> {
        let name = named(call)?;
        let mut instance = self.seen(name, cx)?;
        if instance.at("DeletionProtection") == Some("true") {
            let why = "Cannot delete protected DB Instance";
            return Some(call.error(400, "InvalidParameterCombination", why));
        }
        // moto keeps the protection of the source, which the restored instance does not have.
        cx.upstream
            .query("ModifyDBInstance", &json!({"DBInstanceIdentifier": name, "DeletionProtection": false}));
        cx.upstream.query("DeleteDBInstance", &call.parameters)?;
        let open = self.overlays.remove(name).map(|overlay| overlay.waits).unwrap_or_default();
        for wait in open {
            cx.end(wait);
        }
        instance.put(Xml::leaf("DBInstanceStatus", "deleting"));
        let wait = cx.open(format!("delete {name}"), AFTER_DELETE);
        self.ghosts.push(Ghost { instance: instance.clone(), readings: self.timing.deleting, wait });
        Some(call.success_xml(vec![instance]))
    }
}

/// The instance a call is about, by its name.
fn named(call: &Call) -> Option<&str> {
    let name = call.text("DBInstanceIdentifier")?;
    Some(name.rsplit(':').next().unwrap_or(name))
}

/// Filters of a describe, as members and the values they may have.
fn filters(call: &Call) -> Vec<(&'static str, Vec<String>)> {
    let list = call.parameters.get("Filters").and_then(Value::as_array);
    let one = |filter: &Value| {
        let member = match filter["Name"].as_str()? {
            "db-instance-id" => "DBInstanceIdentifier",
            "dbi-resource-id" => "DbiResourceId",
            "engine" => "Engine",
            _ => return None,
        };
        let values = filter["Values"].as_array()?;
        Some((member, values.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
    };
    list.into_iter().flatten().filter_map(one).collect()
}

fn apply(instance: &mut Xml, patches: impl IntoIterator<Item = Patch>) {
    for (member, value) in patches {
        match value {
            Some(value) => instance.put(value),
            None => instance.remove(&member),
        }
    }
}

/// Shows an instance under another name, with the address and ARN of that name.
fn rename(instance: &mut Xml, from: &str, to: &str) {
    instance.put(Xml::leaf("DBInstanceIdentifier", to));
    if let Some(arn) = instance.child_mut("DBInstanceArn")
        && let Some(prefix) = arn.text.strip_suffix(from)
    {
        arn.text = format!("{prefix}{to}");
    }
    if let Some(address) = instance.child_mut("Endpoint").and_then(|endpoint| endpoint.child_mut("Address"))
        && let Some(host) = address.text.strip_prefix(from)
    {
        address.text = format!("{to}{host}");
    }
}

fn not_found(call: &Call, name: &str) -> Answer {
    call.error(404, "DBInstanceNotFound", &format!("DBInstance {name} not found."))
}

fn wrong_state(call: &Call, name: &str) -> Answer {
    call.error(400, "InvalidDBInstanceState", &format!("Instance {name} is not in available state."))
}
