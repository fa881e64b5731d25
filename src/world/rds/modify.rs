//! Calls that change an instance that is there: settings, names, reboots, tags, roles, deletion.

use serde_json::{Map, Value, json};

use super::instance::{Instance, Step};
use super::{Rds, needed, text};
use crate::ids::Span;
use crate::world::{Moment, Refused};

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
];

impl Rds {
    pub(super) fn modify_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.must_be_available(at)?;
        self.may_change(at, parameters)?;
        let now = parameters["ApplyImmediately"] == true;
        let instance = &mut self.instances[at];
        let settings = settings(instance, parameters);
        let mut pending = instance.pending().clone();
        let mut soon = Map::new();
        for (name, value) in settings {
            if AT_ONCE.contains(&name.as_str()) {
                instance.set(&name, value);
            } else if WAITS.contains(&name.as_str()) {
                pending.insert(name, value);
            } else {
                soon.insert(name, value);
            }
        }
        instance.set("PendingModifiedValues", pending.clone());
        if now {
            // Everything that waits is applied with it: that is the trap of an immediate rename.
            soon.extend(pending);
        }
        let (resource, answer) = (instance.resource().to_owned(), instance.document(moment.now));
        let steps = steps_of(soon, &resource, moment);
        Rds::plan(moment, &resource, steps);
        Ok(json!({ "DBInstance": answer }))
    }

    fn must_be_available(&self, at: usize) -> Result<(), Refused> {
        let instance = &self.instances[at];
        if matches!(instance.status(), "available" | "storage-optimization") {
            return Ok(());
        }
        let message = format!("Database instance {} is not in available state.", instance.id());
        Err(Refused::new("InvalidDBInstanceState", message))
    }

    fn may_change(&self, at: usize, parameters: &Value) -> Result<(), Refused> {
        if let Some(name) = text(parameters, "NewDBInstanceIdentifier")
            && !self.instances[at].id().eq_ignore_ascii_case(name)
            && self.taken(name)
        {
            return Err(Refused::new(
                "DBInstanceAlreadyExists",
                format!("DB instance {name} already exists"),
            ));
        }
        self.groups_exist(parameters, self.instances[at].doc["DBSubnetGroup"]["VpcId"].as_str())
    }

    /// Groups that a call names must be there, and its security groups in the VPC of the instance.
    pub(super) fn groups_exist(&self, parameters: &Value, vpc: Option<&str>) -> Result<(), Refused> {
        if let Some(name) = text(parameters, "DBParameterGroupName")
            && !name.starts_with("default.")
            && !self.parameter_groups.iter().any(|g| g["DBParameterGroupName"] == name)
        {
            let message = format!("DBParameterGroup not found: {name}");
            return Err(Refused::not_found("DBParameterGroupNotFound", message));
        }
        for id in parameters["VpcSecurityGroupIds"].as_array().into_iter().flatten().filter_map(Value::as_str)
        {
            let group = self.security_groups.iter().find(|(group, _)| group == id);
            let Some((_, of)) = group else {
                return Err(Refused::new(
                    "InvalidParameterValue",
                    format!("Invalid security group , groupId= {id}, groupName=."),
                ));
            };
            if vpc.is_some_and(|vpc| vpc != of) {
                let message = "The DB instance and EC2 security group are in different VPCs.".to_owned();
                return Err(Refused::new("InvalidParameterCombination", message));
            }
        }
        Ok(())
    }

    pub(super) fn reboot_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.must_be_available(at)?;
        let instance = &mut self.instances[at];
        instance.set("DBInstanceStatus", "rebooting");
        let (resource, answer) = (instance.resource().to_owned(), instance.document(moment.now));
        let lasts = moment.within(&format!("reboot/{resource}"), Span::secs(40), Span::secs(150));
        Rds::plan(moment, &resource, [(lasts, Step::Rebooted)]);
        Ok(json!({ "DBInstance": answer }))
    }

    pub(super) fn delete_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        let instance = &mut self.instances[at];
        if instance.doc.get("DeletionProtection") == Some(&Value::Bool(true)) {
            let message =
                "Cannot delete protected DB Instance, please disable deletion protection and try again.";
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        if instance.status() == "deleting" {
            let message = format!("Instance {} is already being deleted.", instance.id());
            return Err(Refused::new("InvalidDBInstanceState", message));
        }
        let last = text(parameters, "FinalDBSnapshotIdentifier");
        if last.is_none() && parameters["SkipFinalSnapshot"] != true {
            let message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        instance.set("DBInstanceStatus", "deleting");
        let (resource, answer) = (instance.resource().to_owned(), instance.document(moment.now));
        let lasts = moment.within(&format!("delete/{resource}"), Span::mins(3), Span::mins(7));
        Rds::plan(moment, &resource, [(lasts, Step::Gone)]);
        Ok(json!({ "DBInstance": answer }))
    }

    /// The tags of an instance or a snapshot, by its ARN.
    pub(super) fn tags(&self, parameters: &Value) -> Result<Value, Refused> {
        let arn = needed(parameters, "ResourceName")?;
        let instance = self.instances.iter().map(|i| &i.doc).find(|d| d["DBInstanceArn"] == arn);
        let doc =
            instance.or_else(|| self.snapshots.iter().map(|s| &s.doc).find(|d| d["DBSnapshotArn"] == arn));
        let doc = doc.ok_or_else(|| no_such_arn(arn))?;
        Ok(json!({ "TagList": doc.get("TagList").cloned().unwrap_or(json!([])) }))
    }

    pub(super) fn add_tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let arn = needed(parameters, "ResourceName")?.to_owned();
        let given = parameters["Tags"].as_array().cloned().unwrap_or_default();
        let instances = self.instances.iter_mut().map(|i| &mut i.doc);
        let mut docs = instances.chain(self.snapshots.iter_mut().map(|s| &mut s.doc));
        let named = |d: &&mut Map<String, Value>| {
            ["DBInstanceArn", "DBSnapshotArn"].iter().any(|n| d.get(*n).is_some_and(|v| *v == arn.as_str()))
        };
        let doc = docs.find(named).ok_or_else(|| no_such_arn(&arn))?;
        let mut tags = doc.get("TagList").and_then(Value::as_array).cloned().unwrap_or_default();
        for tag in given {
            tags.retain(|t| t["Key"] != tag["Key"]);
            tags.push(tag);
        }
        doc.insert("TagList".into(), tags.into());
        Ok(json!({}))
    }

    pub(super) fn add_role(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.must_be_available(at)?;
        let (role, feature) = (needed(parameters, "RoleArn")?, needed(parameters, "FeatureName")?);
        let instance = &mut self.instances[at];
        let mut roles =
            instance.doc.get("AssociatedRoles").and_then(Value::as_array).cloned().unwrap_or_default();
        if roles.iter().any(|r| r["FeatureName"] == feature) {
            let message =
                format!("The role for the feature {feature} is already associated with the DB instance.");
            return Err(Refused::new("DBInstanceRoleAlreadyExists", message));
        }
        roles.push(json!({"RoleArn": role, "FeatureName": feature, "Status": "ACTIVE"}));
        instance.set("AssociatedRoles", roles);
        Ok(json!({}))
    }
}

fn no_such_arn(arn: &str) -> Refused {
    Refused::not_found(
        "DBInstanceNotFound",
        format!("Could not find a DB Instance matching the resource name: '{arn}'"),
    )
}

/// What a call sets, under the names that the document has for it.
fn settings(instance: &Instance, parameters: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        let (member, value) = match name.as_str() {
            "DBInstanceIdentifier" | "ApplyImmediately" | "AllowMajorVersionUpgrade" => continue,
            "NewDBInstanceIdentifier" => ("DBInstanceIdentifier", lower(value)),
            "VpcSecurityGroupIds" => ("VpcSecurityGroups", security_groups(value)),
            "DBParameterGroupName" => ("DBParameterGroups", parameter_group(value, "pending-reboot")),
            "OptionGroupName" => ("OptionGroupMemberships", option_group(value)),
            "EnableIAMDatabaseAuthentication" => ("IAMDatabaseAuthenticationEnabled", value.clone()),
            "EnablePerformanceInsights" => ("PerformanceInsightsEnabled", value.clone()),
            "CloudwatchLogsExportConfiguration" => ("EnabledCloudwatchLogsExports", exports(instance, value)),
            "DBPortNumber" => ("DbInstancePort", value.clone()),
            other => (other, value.clone()),
        };
        out.insert(member.to_owned(), value);
    }
    out
}

fn lower(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |v| v.to_ascii_lowercase().into())
}

pub(super) fn security_groups(ids: &Value) -> Value {
    let ids = ids.as_array().into_iter().flatten();
    ids.map(|id| json!({"VpcSecurityGroupId": id, "Status": "active"})).collect()
}

pub(super) fn parameter_group(name: &Value, status: &str) -> Value {
    json!([{"DBParameterGroupName": lower(name), "ParameterApplyStatus": status}])
}

pub(super) fn option_group(name: &Value) -> Value {
    json!([{"OptionGroupName": lower(name), "Status": "in-sync"}])
}

fn exports(instance: &Instance, change: &Value) -> Value {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let mut now = instance.doc.get("EnabledCloudwatchLogsExports").map(list).unwrap_or_default();
    let off = list(&change["DisableLogTypes"]);
    now.retain(|kind| !off.contains(kind));
    now.extend(
        list(&change["EnableLogTypes"]).into_iter().filter(|kind| !now.contains(kind)).collect::<Vec<_>>(),
    );
    now.into()
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
        steps.push((within("accepted", 3, 12), Step::Status(status)));
        steps.push((within(status, low, high), Step::Apply(settings)));
    }
    if let Some(name) = new_name {
        // Old name held, then a gap, then the new one: 2 to 10 minutes (`aws.md` §2, rename).
        steps.push((within("renaming", 5, 20), Step::Status("renaming")));
        steps.push((within("held", 60, 240), Step::LoseName));
        steps.push((within("gap", 1, 20), Step::TakeName(name)));
        steps.push((Span::secs(1), Step::Status("rebooting")));
        steps.push((within("restart", 40, 180), Step::Rebooted));
    }
    steps
}

/// Status and seconds of a change, by its slowest part (`aws.md` §2 and §3).
fn cost(settings: &Map<String, Value>) -> (&'static str, u64, u64) {
    let sets = |name: &str| settings.contains_key(name);
    if sets("EngineVersion") {
        ("upgrading", 1200, 2400)
    } else if sets("MultiAZ") {
        ("modifying", 1800, 2700)
    } else if sets("DBInstanceClass") {
        ("modifying", 360, 900)
    } else if sets("MonitoringInterval") {
        ("configuring-enhanced-monitoring", 20, 60)
    } else if sets("EnabledCloudwatchLogsExports") {
        ("configuring-log-exports", 20, 60)
    } else if sets("IAMDatabaseAuthenticationEnabled") {
        ("configuring-iam-database-auth", 20, 60)
    } else {
        ("modifying", 30, 90)
    }
}
