//! What a call does, in words: what is so afterwards, what stops meanwhile, what does not come back.
//!
//! Said of the operation and its parameters alone. An author may raise the tier of a step; that makes nothing
//! destroy that does not, and a gate that cries wolf is not read the next time.

use serde_json::Value;

use crate::catalogue::{self, Effect};
use crate::run::{Call, GateCall};

/// A parameter as text; empty when it is missing.
fn text<'c>(call: &'c Call, name: &str) -> &'c str {
    call.parameters.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is(call: &Call, name: &str, wanted: impl Into<Value>) -> bool {
    call.parameters.get(name) == Some(&wanted.into())
}

/// What is so afterwards; none where the parameters already say it.
pub fn after(call: &Call) -> Option<String> {
    Some(match call.operation.as_str() {
        "ModifyDBInstance" | "ModifyDBCluster" => match new_name(call) {
            Some(new) => format!("{} is called {new}, and its endpoint changes with it", subject(call)),
            None if is(call, "ApplyImmediately", true) => "the settings above hold, at once".into(),
            None => "the settings above hold, some only after the next maintenance window".into(),
        },
        "RestoreDBInstanceFromDBSnapshot" => made(call, "instance", text(call, "DBSnapshotIdentifier")),
        "RestoreDBInstanceToPointInTime" => made(call, "instance", text(call, "SourceDBInstanceIdentifier")),
        "RestoreDBClusterFromSnapshot" => made(call, "cluster", text(call, "SnapshotIdentifier")),
        "RestoreDBClusterToPointInTime" => made(call, "cluster", text(call, "SourceDBClusterIdentifier")),
        "RestoreTableFromBackup" => made(call, "table", text(call, "BackupArn")),
        "RestoreTableToPointInTime" => made(call, "table", text(call, "SourceTableName")),
        "CreateDBInstance" => made(call, "instance", ""),
        "CreateDBSnapshot" => made(call, "snapshot", text(call, "DBInstanceIdentifier")),
        "CreateBackup" => format!("a backup {} of {} is made", text(call, "BackupName"), subject(call)),
        "CreateDBClusterSnapshot" => made(call, "cluster snapshot", text(call, "DBClusterIdentifier")),
        "StartBackupJob" => {
            format!("a backup of {} is made in the vault {}", subject(call), text(call, "BackupVaultName"))
        }
        "StopBackupJob" => "the job has stopped, and what it had copied is gone".into(),
        "StartRestoreJob" => {
            format!("something new is made of the recovery point {}; nothing else changes", subject(call))
        }
        "DeregisterScalableTarget" => {
            format!("{} keeps the count it has, whatever its load", subject(call))
        }
        "RebootDBInstance" => "the instance has restarted".into(),
        "DeleteDBInstance" | "DeleteDBCluster" | "DeleteTable" => format!("{} is gone", subject(call)),
        "UpdateService" => service(call)?,
        "StopTask" => "the task has stopped; its service may start another".into(),
        "RegisterScalableTarget" => scaling(call)?,
        _ => return None,
    })
}

fn made(call: &Call, what: &str, from: &str) -> String {
    let from = if from.is_empty() { String::new() } else { format!(" of {from}") };
    let moment = ["RestoreTime", "RestoreToTime", "RestoreDateTime"].map(|name| text(call, name));
    let moment =
        moment.iter().find(|m| !m.is_empty()).map_or_else(String::new, |m| format!(" as it was at {m}"));
    format!("a new {what} {} is made{from}{moment}; nothing else changes", subject(call))
}

fn service(call: &Call) -> Option<String> {
    let count = call.parameters.get("desiredCount")?;
    Some(match count.as_i64() {
        Some(0) => format!("service {} runs no task", subject(call)),
        _ => format!("service {} runs {count} tasks", subject(call)),
    })
}

fn scaling(call: &Call) -> Option<String> {
    let suspended = call.parameters.get("SuspendedState")?.as_object()?;
    let all = |wanted: bool| suspended.values().all(|v| *v == wanted);
    match (all(true), all(false)) {
        (true, false) => Some(format!("automatic scaling of {} is suspended", subject(call))),
        (false, true) => Some(format!("automatic scaling of {} works again", subject(call))),
        _ => None,
    }
}

/// What can be lost for good, and what stops meanwhile.
pub fn loss(call: &Call) -> String {
    let destroys =
        catalogue::find(&call.service, &call.operation).is_none_or(|o| o.effect() == Effect::Destructive);
    match call.operation.as_str() {
        "DeleteDBInstance" | "DeleteDBCluster" if is(call, "SkipFinalSnapshot", true) => {
            "this call destroys: the data goes and no final snapshot is made".into()
        }
        "DeleteDBInstance" | "DeleteDBCluster" => {
            format!("this call destroys: of the data only {} remains", final_snapshot(call))
        }
        "DeregisterScalableTarget" => {
            "this call destroys: the scaling policies and scheduled actions go with the target".into()
        }
        "DeleteTable" => "this call destroys: the table goes with all its items".into(),
        _ if destroys => "this call destroys; what it removes does not come back by undo".into(),
        "UpdateService" if is(call, "desiredCount", 0) => {
            "no data; the service serves nobody until its count is raised again".into()
        }
        "UpdateService" => "no data; tasks come and go while the service gets there".into(),
        "StopBackupJob" => "the recovery point that was being made".into(),
        "StopTask" => "no data at rest; what the task was doing is cut off".into(),
        "RebootDBInstance" => "no data; every connection drops while it restarts".into(),
        "ModifyDBInstance" | "ModifyDBCluster" => modified(call),
        "UpdateContinuousBackups" if !turned_on(call) => {
            "the point-in-time history of the table ends at once".into()
        }
        "UpdateTable" if drops(call) => "an index or a replica of the table goes".into(),
        _ => "none is known of this operation".into(),
    }
}

fn final_snapshot(call: &Call) -> &str {
    match text(call, "FinalDBSnapshotIdentifier") {
        "" => "a final snapshot",
        name => name,
    }
}

fn modified(call: &Call) -> String {
    if call.parameters.get("BackupRetentionPeriod").and_then(Value::as_i64) == Some(0) {
        "the automated backups: nothing before now can be restored by point in time".into()
    } else if is(call, "AllowMajorVersionUpgrade", true) {
        "the way back: the old engine version returns only by a restore".into()
    } else if new_name(call).is_some() {
        "no data; connections drop, and the old name answers nobody any more".into()
    } else {
        "none is known; some settings restart the database".into()
    }
}

fn turned_on(call: &Call) -> bool {
    call.parameters.pointer("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled")
        == Some(&Value::Bool(true))
}

fn drops(call: &Call) -> bool {
    let lists = ["GlobalSecondaryIndexUpdates", "ReplicaUpdates"].map(|name| call.parameters.get(name));
    let mut updates = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    updates.any(|update| update.get("Delete").is_some_and(|d| !d.is_null()))
}

fn new_name(call: &Call) -> Option<&str> {
    let names = ["NewDBInstanceIdentifier", "NewDBClusterIdentifier"].map(|name| text(call, name));
    names.into_iter().find(|name| !name.is_empty())
}

fn subject(call: &Call) -> String {
    catalogue::find(&call.service, &call.operation).map_or_else(String::new, |o| o.subject(&call.parameters))
}

/// How much is touched: counted and named.
pub fn affects(calls: &[&GateCall]) -> String {
    let kind = calls.first().map_or("target", |c| kind(&c.call));
    let plural = if calls.len() == 1 { "" } else { "s" };
    let names: Vec<&str> = calls.iter().map(|c| c.subject.as_str()).collect();
    format!("{} {kind}{plural}: {}", calls.len(), names.join(", "))
}

fn kind(call: &Call) -> &'static str {
    let operation = call.operation.as_str();
    match call.service.as_str() {
        _ if operation.contains("Tag") => "resource",
        "rds" if operation.contains("Snapshot") && operation.starts_with("Create") => "snapshot",
        "rds" if operation.contains("Cluster") => "database cluster",
        "rds" => "database instance",
        "dynamodb" => "table",
        "ecs" if operation == "StopTask" => "task",
        "ecs" => "service",
        "backup" if operation == "StopBackupJob" => "backup job",
        "backup" if operation == "StartRestoreJob" => "recovery point",
        "backup" => "resource",
        _ => "target",
    }
}
