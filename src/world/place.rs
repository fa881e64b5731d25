//! The starting world of a scenario and what its story changes by hand, thing by thing: kind and description in, the
//! rest is filled in.
//!
//! Things are described by the members of the API (`rds.instance`), what no API tells by members of our own
//! (`rds.dead_end`), which are refused by name when they are not known.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::rds::Quotas;
use super::{Moment, Rds, Services, Site, World, given};
use crate::ids::Span;

/// Every kind of thing, and the member that names one.
const KINDS: &[(&str, &str)] = &[
    ("rds.subnet_group", "DBSubnetGroupName"),
    ("rds.parameter_group", "DBParameterGroupName"),
    ("rds.cluster_parameter_group", "DBClusterParameterGroupName"),
    ("rds.security_group", "id"),
    ("rds.cluster", "DBClusterIdentifier"),
    ("rds.instance", "DBInstanceIdentifier"),
    ("rds.snapshot", "DBSnapshotIdentifier"),
    ("rds.cluster_snapshot", "DBClusterSnapshotIdentifier"),
    ("rds.quotas", ""),
    ("rds.key", "id"),
    ("rds.scarce", "class"),
    ("rds.dead_end", "of"),
    ("rds.stay", "of"),
    ("rds.hold", "of"),
    ("rds.default_version", "engine"),
    ("rds.maintenance", "of"),
    ("rds.static_parameters", "of"),
    ("ecs.cluster", "clusterName"),
    ("ecs.task_definition", "family"),
    ("ecs.service", "serviceName"),
    ("ecs.task", "taskArn"),
    ("ecs.task_failure", "serviceName"),
    ("scaling.target", "ResourceId"),
    ("scaling.policy", "PolicyName"),
    ("scaling.pressure", "ResourceId"),
    ("scaling.scheduled_action", "ScheduledActionName"),
    ("dynamodb.table", "TableName"),
    ("dynamodb.backup", "BackupName"),
    ("dynamodb.limits", ""),
    ("backup.role", "RoleArn"),
    ("backup.vault", "BackupVaultName"),
    ("backup.plan", "BackupPlanName"),
    ("backup.recovery_point", "name"),
    ("backup.ending", "ResourceArn"),
];

/// The member that names a thing of this kind.
pub fn name_member(kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, member)| *member)
}

/// A security group and its VPC.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecurityGroup {
    id: String,
    vpc: String,
}

/// What the account may have; what is not said stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotasSaid {
    instances: Option<u64>,
    clusters: Option<u64>,
    storage: Option<u64>,
    manual_snapshots: Option<u64>,
    manual_cluster_snapshots: Option<u64>,
}

/// What an account may do with tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    restores_at_a_time: usize,
}

/// A KMS key and whether RDS can use it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: String,
    enabled: bool,
}

/// An instance class of which the region has none left, or has some again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scarce {
    class: String,
    #[serde(default)]
    over: bool,
}

/// The status in which restores of, or to, a name end; none: they end well again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadEnd {
    of: String,
    status: Option<String>,
}

/// How long a store stays in a status.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stay {
    of: String,
    status: String,
    #[serde(deserialize_with = "duration")]
    lasts: Span,
}

/// A store stays where it is for so long from now, whatever is ahead of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    of: String,
    #[serde(deserialize_with = "duration")]
    lasts: Span,
}

/// The version that a new store of an engine has where a call names none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultVersion {
    engine: String,
    version: String,
}

/// A name whose parameter group sets what only a reboot applies: restores to it come up `pending-reboot`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StaticParameters {
    of: String,
}

/// Maintenance that waits for the window of a store.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maintenance {
    of: String,
    action: String,
}

impl World {
    /// Every kind of thing that can be placed.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// Puts a thing into a site; what is not said of it is filled in.
    ///
    /// # Errors
    /// What is wrong with its description.
    pub fn place(&mut self, site: &Site, kind: &str, thing: &Value) -> Result<(), String> {
        self.furnish(site, |services, moment| match kind.split_once('.') {
            Some(("rds", kind)) => in_rds(&mut services.rds, kind, thing, moment),
            Some(("ecs", kind)) => in_ecs(services, kind, thing, moment),
            Some(("scaling", kind)) => in_scaling(services, kind, thing, moment),
            Some(("dynamodb", kind)) => in_dynamodb(services, kind, thing, moment),
            Some(("backup", kind)) => in_backup(services, kind, thing, moment),
            _ => Err(unknown(kind)),
        })
    }
}

fn in_rds(rds: &mut Rds, kind: &str, thing: &Value, moment: &mut Moment<'_>) -> Result<(), String> {
    match kind {
        "subnet_group" => said(rds.place_subnet_group(thing, moment)),
        "parameter_group" => said(rds.place_parameter_group(thing, moment)),
        "cluster_parameter_group" => said(rds.place_cluster_parameter_group(thing, moment)),
        "security_group" => {
            let SecurityGroup { id, vpc } = own(thing)?;
            rds.security_groups.push((id, vpc));
            Ok(())
        }
        "cluster" => said(rds.place_cluster(thing, moment)),
        "instance" => said(rds.place_instance(thing, moment)),
        "snapshot" => said(rds.place_snapshot(thing, moment)),
        "cluster_snapshot" => said(rds.place_cluster_snapshot(thing, moment)),
        _ => rule_rds(rds, kind, thing, moment),
    }
}

/// What a scenario does to RDS beside placing things in it.
fn rule_rds(rds: &mut Rds, kind: &str, thing: &Value, moment: &mut Moment<'_>) -> Result<(), String> {
    match kind {
        "quotas" => rds.quotas = quotas(rds.quotas, &own(thing)?),
        "key" => match own(thing)? {
            Key { id, enabled: true } => rds.enable_key(&id, moment),
            Key { id, enabled: false } => rds.disable_key(&id, moment),
        },
        "scarce" => {
            let Scarce { class, over } = own(thing)?;
            rds.scarce.retain(|other| *other != class);
            if !over {
                rds.scarce.push(class);
            }
        }
        "dead_end" => match own(thing)? {
            DeadEnd { of, status: Some(status) } => drop(rds.dead_ends.insert(of, status)),
            DeadEnd { of, status: None } => drop(rds.dead_ends.remove(&of)),
        },
        "stay" => {
            let Stay { of, status, lasts } = own(thing)?;
            rds.stays_in(&of, &status, lasts);
        }
        "hold" => {
            let Hold { of, lasts } = own(thing)?;
            if !rds.hold(&of, moment.now.plus(lasts), moment) {
                return Err(format!("{of} is on no way on which it could be held"));
            }
        }
        "default_version" => {
            let DefaultVersion { engine, version } = own(thing)?;
            rds.default_versions.insert(engine, version);
        }
        "static_parameters" => drop(rds.static_parameters.insert(own::<StaticParameters>(thing)?.of)),
        "maintenance" => {
            let Maintenance { of, action } = own(thing)?;
            rds.maintenance.entry(of).or_default().push(action);
        }
        _ => return Err(unknown(kind)),
    }
    Ok(())
}

fn quotas(now: Quotas, said: &QuotasSaid) -> Quotas {
    Quotas {
        instances: said.instances.unwrap_or(now.instances),
        clusters: said.clusters.unwrap_or(now.clusters),
        storage: said.storage.unwrap_or(now.storage),
        manual_snapshots: said.manual_snapshots.unwrap_or(now.manual_snapshots),
        manual_cluster_snapshots: said.manual_cluster_snapshots.unwrap_or(now.manual_cluster_snapshots),
    }
}

fn in_ecs(services: &mut Services, kind: &str, thing: &Value, moment: &mut Moment<'_>) -> Result<(), String> {
    let ecs = &mut services.ecs;
    match kind {
        "cluster" => said(ecs.place_cluster(thing, moment)),
        "task_definition" => said(ecs.place_task_definition(thing, moment)),
        "service" => said(ecs.place_service(thing, moment)),
        "task" => said(ecs.place_standalone_task(thing, moment).map(drop)),
        "task_failure" => said(ecs.place_task_failure(thing, moment)),
        _ => Err(unknown(kind)),
    }
}

fn in_scaling(
    services: &mut Services,
    kind: &str,
    thing: &Value,
    moment: &mut Moment<'_>,
) -> Result<(), String> {
    let scaling = &mut services.scaling;
    match kind {
        "target" => said(scaling.place_target(thing, moment)),
        "policy" => said(scaling.place_policy(thing, moment)),
        "pressure" => said(scaling.place_pressure(thing, moment)),
        "scheduled_action" => said(scaling.place_scheduled_action(thing, moment)),
        _ => Err(unknown(kind)),
    }
}

fn in_dynamodb(
    services: &mut Services,
    kind: &str,
    thing: &Value,
    moment: &mut Moment<'_>,
) -> Result<(), String> {
    match kind {
        "table" => return said(services.dynamodb.place_table(thing, moment)),
        "backup" => return said(services.dynamodb.place_backup(thing, moment)),
        "limits" => services.dynamodb.restores_at_a_time = own::<Limits>(thing)?.restores_at_a_time,
        _ => return Err(unknown(kind)),
    }
    Ok(())
}

fn in_backup(
    services: &mut Services,
    kind: &str,
    thing: &Value,
    moment: &mut Moment<'_>,
) -> Result<(), String> {
    match kind {
        "role" => said(services.backup.place_role(thing, moment)),
        "vault" => said(services.backup.place_vault(thing, moment)),
        "plan" => said(services.backup.place_plan(thing, moment)),
        "recovery_point" => said(services.place_recovery_point(thing, moment).map(drop)),
        "ending" => said(services.backup.place_ending(thing)),
        _ => Err(unknown(kind)),
    }
}

/// `8m`, or seconds.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    let value = Value::deserialize(from)?;
    let missing = || serde::de::Error::custom("a duration such as 8m is needed");
    given::span(&value).map_err(serde::de::Error::custom)?.ok_or_else(missing)
}

/// A description by members of our own.
fn own<T: DeserializeOwned>(thing: &Value) -> Result<T, String> {
    said(serde_json::from_value(thing.clone()))
}

fn said<T, E: Display>(placed: Result<T, E>) -> Result<T, String> {
    placed.map_err(|why| why.to_string())
}

fn unknown(kind: &str) -> String {
    format!("the world has no `{kind}`")
}
