//! Changes of an instance: at once, soon, or in its maintenance window.

use serde_json::{Map, Value, json};

use super::{Step, pending_name};
use crate::ids::Span;
use crate::world::rds::settings::{self, Kind};
use crate::world::rds::{Due, Rds, engine, needed, number, of, text, window};
use crate::world::{Due as Happening, Moment, Refused};

/// Settings that are there with the answer, whatever `ApplyImmediately` says (RDS API reference, `ModifyDBInstance`).
const AT_ONCE: &[&str] = &[
    "VpcSecurityGroups",
    "DBParameterGroups",
    "PubliclyAccessible",
    "DeletionProtection",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "CopyTagsToSnapshot",
    "AutoMinorVersionUpgrade",
    "MaxAllocatedStorage",
    "PromotionTier",
    "EngineLifecycleSupport",
];
/// Settings that wait for the maintenance window, in `PendingModifiedValues`, unless they are to apply immediately.
const WAITS: &[&str] = &[
    "DBInstanceIdentifier",
    "DBInstanceClass",
    "AllocatedStorage",
    "Iops",
    "StorageThroughput",
    "StorageType",
    "EngineVersion",
    "MultiAZ",
    "CACertificateIdentifier",
    "LicenseModel",
    "BackupRetentionPeriod",
    "DedicatedLogVolume",
];
/// Members that a storage change sets; the next one waits until the volume is optimised.
const STORAGE: &[&str] = &["AllocatedStorage", "Iops", "StorageThroughput", "StorageType"];

impl Rds {
    pub(in crate::world::rds) fn modify_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.must_be_available(at)?;
        let doc = &self.instances[at].doc;
        let settings = settings::of_call(Kind::Instance, doc, parameters, "pending-reboot", moment);
        self.may_change(at, parameters, &settings)?;
        let soon = self.accept(at, settings, parameters["ApplyImmediately"] == true);
        let answer = self.instances[at].document(moment.now);
        if !soon.is_empty() {
            let steps = steps_of(soon, self.instances[at].resource(), moment);
            self.plan(at, steps, moment);
        }
        self.expect_window(at, moment);
        Ok(json!({ "DBInstance": answer }))
    }

    /// Sorts what was accepted: set now, put to what waits, or given back to come about soon.
    fn accept(&mut self, at: usize, settings: Map<String, Value>, now: bool) -> Map<String, Value> {
        let instance = &mut self.instances[at];
        let mut pending = instance.pending().clone();
        let mut soon = Map::new();
        for (name, value) in settings {
            if AT_ONCE.contains(&name.as_str()) {
                instance.set(&name, value);
            } else if instance.doc.get(&name) == Some(&value) {
                pending.remove(pending_name(&name));
            } else if WAITS.contains(&name.as_str()) {
                pending.insert(name, value);
            } else {
                if matches!(name.as_str(), "MasterUserPassword" | "DbInstancePort") {
                    pending.insert(pending_name(&name).to_owned(), value.clone());
                }
                soon.insert(name, value);
            }
        }
        instance.set("PendingModifiedValues", pending.clone());
        if now {
            // Everything that waits is applied with it: that is the trap of an immediate rename.
            pending.retain(|name, _| WAITS.contains(&name.as_str()));
            soon.extend(pending);
        }
        soon
    }

    pub(super) fn must_be_available(&self, at: usize) -> Result<(), Refused> {
        let instance = &self.instances[at];
        if matches!(instance.status(), "available" | "storage-optimization") {
            return Ok(());
        }
        let message = format!("Database instance {} is not in available state.", instance.id());
        Err(Refused::new("InvalidDBInstanceState", message))
    }

    fn may_change(
        &self,
        at: usize,
        parameters: &Value,
        settings: &Map<String, Value>,
    ) -> Result<(), Refused> {
        let instance = &self.instances[at];
        if let Some(name) = text(parameters, "NewDBInstanceIdentifier")
            && !instance.id().eq_ignore_ascii_case(name)
        {
            self.free_name("NewDBInstanceIdentifier", name)?;
        }
        self.has_keys(parameters, &instance.doc)?;
        if let Some(class) = text(parameters, "DBInstanceClass") {
            self.has_capacity(class)?;
        }
        self.may_grow(at, settings)?;
        let version = text(parameters, "EngineVersion").unwrap_or(of(&instance.doc, "EngineVersion"));
        let family = engine::family(of(&instance.doc, "Engine"), version);
        self.groups_exist(parameters, &family, instance.doc["DBSubnetGroup"]["VpcId"].as_str())
    }

    /// Storage only grows, by a tenth at least, within the quota, and not while the last change is settling.
    fn may_grow(&self, at: usize, settings: &Map<String, Value>) -> Result<(), Refused> {
        let instance = &self.instances[at];
        let refused = |message: &str| Err(Refused::new("InvalidParameterCombination", message));
        let changes =
            |name: &&&str| settings.get(**name).is_some_and(|v| instance.doc.get(**name) != Some(v));
        if STORAGE.iter().any(|name| changes(&name)) && instance.status() == "storage-optimization" {
            return refused(
                "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.",
            );
        }
        let (has, wants) = (number(&instance.doc, "AllocatedStorage"), number(settings, "AllocatedStorage"));
        if wants == 0 || wants == has {
            return Ok(());
        }
        if wants * 10 < has * 11 {
            return refused("The allocated storage must be increased by at least 10 percent.");
        }
        self.has_storage(wants - has)
    }

    /// What waits is looked at when the window opens.
    pub(in crate::world::rds) fn expect_window(&mut self, at: usize, moment: &mut Moment<'_>) {
        let instance = &self.instances[at];
        let opens = window::until(of(&instance.doc, "PreferredMaintenanceWindow"), moment.now);
        if let Some(span) = opens.filter(|_| !instance.pending().is_empty()) {
            let resource = instance.resource().to_owned();
            moment.later(span, Happening::Rds(Due::Window { resource }));
        }
    }

    /// Everything that waits is applied; an instance that is busy waits for the next window.
    pub(in crate::world::rds) fn window_opens(&mut self, resource: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.instances.iter().position(|i| i.resource() == resource) else {
            return self.cluster_window_opens(resource, moment);
        };
        let instance = &self.instances[at];
        let mut pending = instance.pending().clone();
        pending.retain(|name, _| WAITS.contains(&name.as_str()));
        if pending.is_empty() {
            return;
        }
        if instance.status() != "available" || instance.life.is_busy() {
            return self.expect_window(at, moment);
        }
        let steps = steps_of(pending, resource, moment);
        self.plan(at, steps, moment);
    }
}

/// How accepted settings come about. Until the status changes, the answer of a moment later still says
/// `available` (`aws.md` §0.5).
fn steps_of(mut settings: Map<String, Value>, resource: &str, moment: &Moment<'_>) -> Vec<(Span, Step)> {
    let within = |what: &str, low: u64, high: u64| {
        moment.within(&format!("{what}/{resource}/{}", moment.now), Span::secs(low), Span::secs(high))
    };
    let new_name = settings.remove("DBInstanceIdentifier").and_then(|n| n.as_str().map(str::to_owned));
    let mut steps = Vec::new();
    if !settings.is_empty() {
        let (status, low, high) = cost(&settings);
        let optimises = STORAGE.iter().any(|name| settings.contains_key(*name));
        steps.push((within("accepted", 3, 12), Step::status(status)));
        steps.push((within(status, low, high), Step::Apply(settings)));
        if optimises {
            steps.push((Span::secs(1), Step::status("storage-optimization")));
            // Up to a day (`aws.md` §3); the instance is in use meanwhile.
            steps.push((within("optimises", 1800, 21_600), Step::Available));
        }
    }
    if let Some(name) = new_name {
        // Old name held, then a gap, then the new one: 2 to 10 minutes (`aws.md` §2, rename).
        steps.push((within("renaming", 5, 20), Step::status("renaming")));
        steps.push((within("held", 60, 240), Step::LoseName));
        steps.push((within("gap", 1, 20), Step::TakeName(name)));
        steps.push((Span::secs(1), Step::status("rebooting")));
        steps.push((within("restart", 40, 180), Step::Rebooted));
    }
    steps
}

/// Status and seconds of a change, by its slowest part (`aws.md` §2, §3 and §4.21).
fn cost(settings: &Map<String, Value>) -> (&'static str, u64, u64) {
    let sets = |name: &str| settings.contains_key(name);
    if sets("EngineVersion") {
        ("upgrading", 2100, 2700)
    } else if sets("MultiAZ") {
        ("modifying", 1800, 2700)
    } else if sets("DBInstanceClass") {
        ("modifying", 360, 900)
    } else if sets("DbInstancePort") {
        ("rebooting", 60, 180)
    } else if sets("MonitoringInterval") {
        ("configuring-enhanced-monitoring", 20, 60)
    } else if sets("EnabledCloudwatchLogsExports") {
        ("configuring-log-exports", 20, 60)
    } else if sets("IAMDatabaseAuthenticationEnabled") {
        ("configuring-iam-database-auth", 20, 60)
    } else if sets("MasterUserPassword") {
        ("resetting-master-credentials", 20, 60)
    } else {
        ("modifying", 30, 90)
    }
}
