//! The starting world of a scenario, thing by thing: kind and description in, the rest is filled in.

use serde_json::Value;

use super::rds::{Instance, Quotas};
use super::{Data, Moment, Services, Site, World};

/// Every kind of thing, and the member that names one.
const KINDS: &[(&str, &str)] = &[
    ("rds.subnet_group", "DBSubnetGroupName"),
    ("rds.parameter_group", "DBParameterGroupName"),
    ("rds.security_group", "GroupId"),
    ("rds.instance", "DBInstanceIdentifier"),
    ("rds.snapshot", "DBSnapshotIdentifier"),
    ("rds.quotas", ""),
    ("ecs.cluster", "clusterName"),
    ("ecs.task_definition", "family"),
    ("ecs.service", "serviceName"),
    ("ecs.task", "taskArn"),
    ("scaling.target", "ResourceId"),
];

/// The member that names a thing of this kind.
pub fn name_member(kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, member)| *member)
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
        let mut out = Ok(());
        self.furnish(site, |services, moment| out = place(services, kind, thing, moment));
        out
    }
}

fn place(services: &mut Services, kind: &str, thing: &Value, moment: &mut Moment<'_>) -> Result<(), String> {
    let rds = &mut services.rds;
    match kind {
        "rds.subnet_group" => rds.subnet_groups.push(thing.clone()),
        "rds.parameter_group" => rds.parameter_groups.push(thing.clone()),
        "rds.security_group" => {
            let text = |name: &str| thing[name].as_str().unwrap_or_default().to_owned();
            rds.security_groups.push((text("GroupId"), text("VpcId")));
        }
        "rds.instance" => {
            let mut doc = defaults();
            doc.extend(thing.as_object().cloned().unwrap_or_default());
            let line = thing["DbiResourceId"].as_str().unwrap_or_default();
            rds.instances.push(Instance { doc, data: Data::original(line, moment.now), nameless: false });
        }
        "rds.snapshot" => {
            let name = thing["DBSnapshotIdentifier"].as_str().unwrap_or_default();
            let mut snapshot = rds.snapshot_of(0, name, "manual", moment);
            snapshot.doc.extend(thing.as_object().cloned().unwrap_or_default());
            rds.snapshots.push(snapshot);
        }
        "rds.quotas" => {
            rds.quotas = Quotas { instances: thing["instances"].as_u64().unwrap_or(40), ..rds.quotas };
        }
        "ecs.cluster" => said(services.ecs.place_cluster(thing, moment))?,
        "ecs.task_definition" => said(services.ecs.place_task_definition(thing, moment))?,
        "ecs.service" => said(services.ecs.place_service(thing, moment))?,
        "ecs.task" => said(services.ecs.place_standalone_task(thing, moment).map(drop))?,
        "scaling.target" => {
            let called = services.scaling.call("RegisterScalableTarget", thing, &mut services.ecs, moment);
            called.map_err(|refused| refused.to_string())?;
        }
        other => return Err(format!("the world has no `{other}`")),
    }
    Ok(())
}

/// What a plain instance is where nobody says otherwise.
fn defaults() -> serde_json::Map<String, Value> {
    let doc = serde_json::json!({
        "DBInstanceStatus": "available", "PendingModifiedValues": {}, "CopyTagsToSnapshot": false,
        "PubliclyAccessible": false, "AutoMinorVersionUpgrade": true, "IAMDatabaseAuthenticationEnabled": false,
        "PerformanceInsightsEnabled": false, "MonitoringInterval": 0, "PreferredBackupWindow": "01:00-01:30",
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30", "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "NetworkType": "IPV4", "StorageEncrypted": false, "LicenseModel": "postgresql-license", "TagList": [],
        "EngineLifecycleSupport": "open-source-rds-extended-support", "ReadReplicaDBInstanceIdentifiers": [],
        "EnabledCloudwatchLogsExports": [], "AssociatedRoles": [], "BackupTarget": "region",
    });
    doc.as_object().cloned().unwrap_or_default()
}

fn said<E: std::fmt::Display>(placed: Result<(), E>) -> Result<(), String> {
    placed.map_err(|why| why.to_string())
}
