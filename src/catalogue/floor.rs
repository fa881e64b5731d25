//! The lowest gate tier of a call, from its parameters and what was observed.
//!
//! The rules are those of the design: raising a count, suspending or resuming scaling and tags are T1; a
//! count lowered, to zero or from an unknown value, renames, settings, restores, reboots and stopped tasks
//! are T2; what deletes or cannot be taken back is T3, and so is everything without a rule.

use serde_json::Value;

use super::entry::Tier;

pub(super) type Floor = fn(&Value, Option<&Value>) -> Tier;

pub(super) fn t0(_: &Value, _: Option<&Value>) -> Tier {
    Tier::T0
}

pub(super) fn t1(_: &Value, _: Option<&Value>) -> Tier {
    Tier::T1
}

pub(super) fn t2(_: &Value, _: Option<&Value>) -> Tier {
    Tier::T2
}

pub(super) fn t3(_: &Value, _: Option<&Value>) -> Tier {
    Tier::T3
}

/// `UpdateService`: a count alone is judged by its direction, any other setting starts a deployment.
pub(super) fn service(call: &Value, observed: Option<&Value>) -> Tier {
    let only_count = set(call).all(|name| matches!(name, "cluster" | "service" | "desiredCount"));
    let stops = call["desiredCount"] == 0;
    if only_count && !stops { count(call, observed, "desiredCount") } else { Tier::T2 }
}

/// `RegisterScalableTarget`: suspending and resuming is T1, the bounds are counts.
pub(super) fn scalable_target(call: &Value, observed: Option<&Value>) -> Tier {
    let bounds = ["MinCapacity", "MaxCapacity"];
    let bounds = bounds.into_iter().filter(|name| is_set(call, name));
    let tier = bounds.map(|name| count(call, observed, name)).max();
    let other = if is_set(call, "RoleARN") { Tier::T2 } else { Tier::T1 };
    tier.unwrap_or(Tier::T1).max(other)
}

/// A database's settings: T2, but T3 where the call ends or shortens its point-in-time recovery, or upgrades the
/// engine past going back.
pub(super) fn database(call: &Value, observed: Option<&Value>) -> Tier {
    let upgrade = call["AllowMajorVersionUpgrade"] == true;
    let shortens = shortens(&call["BackupRetentionPeriod"], observed, "BackupRetentionPeriod");
    if shortens || upgrade { Tier::T3 } else { Tier::T2 }
}

/// `UpdateContinuousBackups`: turning it off ends the history at once, a shorter period the part before it. Where it
/// is off there is no history that a period could shorten.
pub(super) fn continuous_backups(call: &Value, observed: Option<&Value>) -> Tier {
    let wanted = &call["PointInTimeRecoverySpecification"];
    let on = wanted["PointInTimeRecoveryEnabled"] == true;
    let was_off = observed.is_some_and(|o| o["PointInTimeRecoveryStatus"] == "DISABLED");
    let shortens = !was_off && shortens(&wanted["RecoveryPeriodInDays"], observed, "RecoveryPeriodInDays");
    if on && !shortens { Tier::T1 } else { Tier::T3 }
}

/// Whether days of history go: a period below the one there was. Where that is not known, any that is set.
fn shortens(days: &Value, observed: Option<&Value>, name: &str) -> bool {
    let before = observed.and_then(|o| o[name].as_i64());
    !days.is_null() && days.as_i64().zip(before).is_none_or(|(new, old)| new < old)
}

/// `UpdateTable`: T3 where an index or a replica goes.
pub(super) fn table(call: &Value, _: Option<&Value>) -> Tier {
    let lists = ["GlobalSecondaryIndexUpdates", "ReplicaUpdates"].into_iter().map(|l| &call[l]);
    let deletes = |update: &Value| !update["Delete"].is_null();
    // A list that is still a template may hold anything.
    let gone = |l: &Value| l.as_array().map_or(!l.is_null(), |list| list.iter().any(deletes));
    if lists.into_iter().any(gone) { Tier::T3 } else { Tier::T2 }
}

fn count(call: &Value, observed: Option<&Value>, name: &str) -> Tier {
    match (call[name].as_i64(), observed.and_then(|o| o[name].as_i64())) {
        (Some(new), Some(old)) if new >= old => Tier::T1,
        _ => Tier::T2,
    }
}

fn is_set(call: &Value, name: &str) -> bool {
    !call[name].is_null()
}

fn set(call: &Value) -> impl Iterator<Item = &str> {
    call.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()).map(|(name, _)| name.as_str())
}
