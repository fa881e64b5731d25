//! Changes of a cluster: at once, soon, or in its maintenance window; roles and the HTTP endpoint.

use serde_json::{Map, Value, json};

use super::{Step, settle};
use crate::ids::Span;
use crate::world::rds::settings::{self, Kind};
use crate::world::rds::{Due, Rds, engine, needed, of, text, window};
use crate::world::{Due as Happening, Moment, Refused};

/// Settings that are there with the answer (Aurora user guide, "Modifying an Amazon Aurora DB cluster").
const AT_ONCE: &[&str] = &[
    "VpcSecurityGroups",
    "DBClusterParameterGroup",
    "DeletionProtection",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "CopyTagsToSnapshot",
    "AutoMinorVersionUpgrade",
    "BacktrackWindow",
    "ScalingConfigurationInfo",
    "ServerlessV2ScalingConfiguration",
    "HttpEndpointEnabled",
    "EngineLifecycleSupport",
];
/// Settings that wait for the maintenance window: the members of `ClusterPendingModifiedValues`.
const WAITS: &[&str] = &[
    "DBClusterIdentifier",
    "EngineVersion",
    "BackupRetentionPeriod",
    "StorageType",
    "IAMDatabaseAuthenticationEnabled",
];

impl Rds {
    pub(in crate::world::rds) fn modify_cluster(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named_cluster(needed(parameters, "DBClusterIdentifier")?)?;
        self.cluster_must_be_available(at)?;
        self.may_change_cluster(at, parameters)?;
        let cluster = &self.clusters[at];
        let mut settings =
            settings::of_call(Kind::Cluster, &cluster.doc, parameters, "pending-reboot", moment);
        if !cluster.is_serverless() {
            // The parameter is version 1's; others are told nothing (API reference, `EnableHttpEndpoint`).
            settings.remove("HttpEndpointEnabled");
        }
        let soon = self.accept_cluster(at, settings, parameters["ApplyImmediately"] == true, moment);
        if !soon.is_empty() {
            let steps = steps_of(soon, self.clusters[at].resource(), moment);
            self.plan_cluster(at, steps, moment);
        }
        self.expect_cluster_window(at, moment);
        Ok(json!({ "DBCluster": self.cluster_document(at, moment.now) }))
    }

    /// Sorts what was accepted: set now, put to what waits, or given back to come about soon.
    fn accept_cluster(
        &mut self,
        at: usize,
        settings: Map<String, Value>,
        now: bool,
        moment: &Moment<'_>,
    ) -> Map<String, Value> {
        let cluster = &mut self.clusters[at];
        let (mut pending, mut soon) = (cluster.pending(), Map::new());
        for (name, value) in settings {
            if AT_ONCE.contains(&name.as_str()) {
                if name == "DBClusterParameterGroup" {
                    cluster.members.iter_mut().for_each(|m| m.waits_for_reboot = true);
                }
                cluster.set(&name, value);
            } else if cluster.doc.get(&name) == Some(&value) {
                pending.remove(&name);
            } else if WAITS.contains(&name.as_str()) {
                pending.insert(name, value);
            } else {
                soon.insert(name, value);
            }
        }
        cluster.set_pending(pending.clone());
        settle(&mut cluster.doc, moment);
        self.spread(at, moment);
        if now {
            // Everything that waits is applied with it.
            soon.extend(pending);
        }
        soon
    }

    fn cluster_must_be_available(&self, at: usize) -> Result<(), Refused> {
        let cluster = &self.clusters[at];
        if cluster.status() == "available" {
            return Ok(());
        }
        let message =
            format!("DB cluster {} is not in the available state: {}", cluster.id(), cluster.status());
        Err(Refused::new("InvalidDBClusterStateFault", message))
    }

    fn may_change_cluster(&self, at: usize, parameters: &Value) -> Result<(), Refused> {
        let cluster = &self.clusters[at];
        if let Some(name) = text(parameters, "NewDBClusterIdentifier")
            && !cluster.id().eq_ignore_ascii_case(name)
        {
            self.free_cluster_name(name)?;
        }
        if !parameters["ScalingConfiguration"].is_null() && !cluster.is_serverless() {
            let message =
                "You can only modify scaling properties for DB clusters in serverless DB engine mode.";
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        self.has_keys(parameters, &cluster.doc)?;
        let version = text(parameters, "EngineVersion").unwrap_or(of(&cluster.doc, "EngineVersion"));
        let family = engine::family(of(&cluster.doc, "Engine"), version);
        self.groups_exist(parameters, &family, self.vpc_of(&cluster.doc).as_str())
    }

    fn expect_cluster_window(&mut self, at: usize, moment: &mut Moment<'_>) {
        let cluster = &self.clusters[at];
        let opens = window::until(of(&cluster.doc, "PreferredMaintenanceWindow"), moment.now);
        if let Some(span) = opens.filter(|_| !cluster.pending().is_empty()) {
            let resource = cluster.resource().to_owned();
            moment.later(span, Happening::Rds(Due::Window { resource }));
        }
    }

    pub(in crate::world::rds) fn cluster_window_opens(&mut self, resource: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.clusters.iter().position(|c| c.resource() == resource) else { return };
        let pending = self.clusters[at].pending();
        if pending.is_empty() {
            return;
        }
        if self.clusters[at].status() != "available" || self.clusters[at].life.is_busy() {
            return self.expect_cluster_window(at, moment);
        }
        self.plan_cluster(at, steps_of(pending, resource, moment), moment);
    }

    pub(super) fn apply_to_cluster(&mut self, at: usize, settings: Map<String, Value>, moment: &Moment<'_>) {
        let cluster = &mut self.clusters[at];
        let mut pending = cluster.pending();
        for (name, value) in settings {
            pending.remove(&name);
            if name != "MasterUserPassword" {
                cluster.set(&name, value);
            }
        }
        cluster.set_pending(pending);
        cluster.doc.retain(|_, value| !value.is_null());
        settle(&mut cluster.doc, moment);
        self.spread(at, moment);
        self.tell_cluster(at, "configuration change", "Finished applying modification to DB cluster", moment);
        self.cluster_available(at, moment);
    }

    /// Both endpoints and the ARN follow the name, and the instances say whose they are (`aws.md` §2).
    pub(super) fn rename_cluster(&mut self, at: usize, name: &str, moment: &Moment<'_>) {
        let cluster = &mut self.clusters[at];
        let before = cluster.id().to_owned();
        cluster.nameless = false;
        cluster.set("DBClusterIdentifier", name);
        let mut pending = cluster.pending();
        pending.remove("DBClusterIdentifier");
        cluster.set_pending(pending);
        settle(&mut cluster.doc, moment);
        self.spread(at, moment);
        let message = format!("Renamed cluster from {before} to {name}");
        self.tell_cluster(at, "notification", &message, moment);
        self.cluster_available(at, moment);
    }

    pub(in crate::world::rds) fn add_cluster_role(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let at = self.named_cluster(needed(parameters, "DBClusterIdentifier")?)?;
        self.cluster_must_be_available(at)?;
        let role = needed(parameters, "RoleArn")?;
        let cluster = &mut self.clusters[at];
        let mut roles =
            cluster.doc.get("AssociatedRoles").and_then(Value::as_array).cloned().unwrap_or_default();
        if roles.iter().any(|r| r["RoleArn"] == role && r["FeatureName"] == parameters["FeatureName"]) {
            let message = format!("Role ARN {role} is already associated with DB Cluster: {}", cluster.id());
            return Err(Refused::new("DBClusterRoleAlreadyExists", message));
        }
        let mut added = json!({"RoleArn": role, "Status": "ACTIVE"});
        if let Some(feature) = text(parameters, "FeatureName") {
            added["FeatureName"] = feature.into();
        }
        roles.push(added);
        cluster.set("AssociatedRoles", roles);
        Ok(json!({}))
    }

    /// Serverless v2 and provisioned clusters only; version 1 has a parameter of `ModifyDBCluster` for it.
    pub(in crate::world::rds) fn enable_http_endpoint(
        &mut self,
        parameters: &Value,
    ) -> Result<Value, Refused> {
        let arn = needed(parameters, "ResourceArn")?;
        let cluster = self.clusters.iter_mut().find(|c| !c.nameless && of(&c.doc, "DBClusterArn") == arn);
        let Some(cluster) = cluster else {
            return Err(Refused::not_found("ResourceNotFoundFault", format!("{arn} was not found.")));
        };
        if cluster.is_serverless() || cluster.status() != "available" {
            let message = format!("The HTTP endpoint of {arn} can't be enabled in this state.");
            return Err(Refused::new("InvalidResourceStateFault", message));
        }
        cluster.set("HttpEndpointEnabled", true);
        Ok(json!({"ResourceArn": arn, "HttpEndpointEnabled": true}))
    }
}

/// How accepted settings come about.
fn steps_of(mut settings: Map<String, Value>, resource: &str, moment: &Moment<'_>) -> Vec<(Span, Step)> {
    let within = |what: &str, low: u64, high: u64| {
        moment.within(&format!("{what}/{resource}/{}", moment.now), Span::secs(low), Span::secs(high))
    };
    let new_name = settings.remove("DBClusterIdentifier").and_then(|n| n.as_str().map(str::to_owned));
    let mut steps = Vec::new();
    if !settings.is_empty() {
        let upgrades = settings.contains_key("EngineVersion");
        let (status, low, high) = if upgrades { ("upgrading", 1200, 2400) } else { ("modifying", 20, 90) };
        steps.push((within("accepted", 3, 12), Step::status(status)));
        steps.push((within(status, low, high), Step::Apply(settings)));
    }
    if let Some(name) = new_name {
        steps.push((within("renaming", 5, 20), Step::status("renaming")));
        steps.push((within("held", 20, 90), Step::LoseName));
        steps.push((within("gap", 1, 10), Step::TakeName(name)));
    }
    steps
}
