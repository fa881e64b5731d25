//! The entries of RDS: instances, Aurora clusters, snapshots. A renamed instance is followed by its
//! resource id; statuses and codes as in the RDS API reference 2014-10-31.

use serde_json::Value;

use super::entry::Operation;
use super::floor;
use super::proof::{Evidence, Look, Probe, Setting, created, shows, tagged};
use super::table::Shape;

const fn read(name: &'static str) -> Operation {
    Operation::read("rds", name)
}

const fn change(name: &'static str, subject: &'static str) -> Operation {
    Operation::change("rds", name).on(subject)
}

const fn destroy(name: &'static str, subject: &'static str) -> Operation {
    Operation::destroy("rds", name).on(subject)
}

pub(super) static OPERATIONS: &[Operation] = &[
    read("DescribeDBInstances"),
    read("DescribeDBClusters"),
    read("DescribeDBSnapshots"),
    read("DescribeDBClusterSnapshots"),
    read("DescribeDBInstanceAutomatedBackups"),
    read("DescribeDBClusterAutomatedBackups"),
    read("DescribeDBSubnetGroups"),
    read("DescribeDBParameterGroups"),
    read("DescribeDBClusterParameterGroups"),
    read("DescribeEvents"),
    read("DescribeAccountAttributes"),
    read("DescribePendingMaintenanceActions"),
    read("ListTagsForResource"),
    change("ModifyDBInstance", "DBInstanceIdentifier")
        .floored(floor::database)
        .looks(INSTANCE.members(INSTANCE_STATE).sets(INSTANCE_SETTINGS))
        .probed(Probe { look: INSTANCE_BY_RESOURCE, evidence: Evidence::Of(instance_modified) }),
    change("ModifyDBCluster", "DBClusterIdentifier")
        .floored(floor::database)
        .looks(CLUSTER.members(CLUSTER_STATE).sets(CLUSTER_SETTINGS))
        .probed(Probe { look: CLUSTER_BY_RESOURCE, evidence: Evidence::Of(cluster_modified) }),
    change("RestoreDBInstanceFromDBSnapshot", "DBInstanceIdentifier")
        .floored(floor::t2)
        .looks(INSTANCE.members(NEW_INSTANCE))
        .probed(Probe { look: INSTANCE, evidence: Evidence::Of(instance_created) }),
    change("RestoreDBInstanceToPointInTime", "TargetDBInstanceIdentifier")
        .floored(floor::t2)
        .looks(TARGET_INSTANCE)
        .probed(Probe { look: TARGET_INSTANCE, evidence: Evidence::Of(instance_created) }),
    change("CreateDBInstance", "DBInstanceIdentifier")
        .floored(floor::t2)
        .looks(INSTANCE.members(NEW_INSTANCE))
        .probed(Probe { look: INSTANCE, evidence: Evidence::Of(instance_created) }),
    change("RestoreDBClusterToPointInTime", "DBClusterIdentifier")
        .floored(floor::t2)
        .looks(CLUSTER.members(NEW_CLUSTER))
        .probed(Probe { look: CLUSTER, evidence: Evidence::Of(cluster_created) }),
    change("RestoreDBClusterFromSnapshot", "DBClusterIdentifier")
        .floored(floor::t2)
        .looks(CLUSTER.members(NEW_CLUSTER))
        .probed(Probe { look: CLUSTER, evidence: Evidence::Of(cluster_created) }),
    change("CreateDBSnapshot", "DBSnapshotIdentifier")
        .floored(floor::t1)
        .looks(SNAPSHOT)
        .probed(Probe { look: SNAPSHOT, evidence: Evidence::Of(snapshot_created) }),
    change("CreateDBClusterSnapshot", "DBClusterSnapshotIdentifier")
        .floored(floor::t1)
        .looks(CLUSTER_SNAPSHOT)
        .probed(Probe { look: CLUSTER_SNAPSHOT, evidence: Evidence::Of(snapshot_created) }),
    change("RebootDBInstance", "DBInstanceIdentifier")
        .floored(floor::t2)
        .looks(INSTANCE.members(INSTANCE_STATE))
        .probed(Probe { look: INSTANCE_BY_RESOURCE, evidence: Evidence::Is(REBOOTED) }),
    change("AddTagsToResource", "ResourceName")
        .floored(floor::t1)
        .looks(TAGS)
        .probed(Probe { look: TAGS, evidence: Evidence::Of(|call| tagged(call, "@")) }),
    change("RemoveTagsFromResource", "ResourceName")
        .floored(floor::t1)
        .looks(TAGS)
        .probed(Probe { look: TAGS, evidence: Evidence::Is(UNTAGGED) }),
    change("AddRoleToDBInstance", "DBInstanceIdentifier")
        .floored(floor::t2)
        .looks(INSTANCE.members(INSTANCE_STATE))
        .probed(Probe { look: INSTANCE_BY_RESOURCE, evidence: Evidence::Of(role_added) }),
    change("AddRoleToDBCluster", "DBClusterIdentifier")
        .floored(floor::t2)
        .looks(CLUSTER.members(CLUSTER_STATE))
        .probed(Probe { look: CLUSTER_BY_RESOURCE, evidence: Evidence::Of(role_added) }),
    change("EnableHttpEndpoint", "ResourceArn")
        .floored(floor::t2)
        .looks(CLUSTER_BY_ARN.members(CLUSTER_STATE))
        .probed(Probe { look: CLUSTER_BY_ARN, evidence: Evidence::Is("HttpEndpointEnabled == `true`") }),
    destroy("DeleteDBInstance", "DBInstanceIdentifier")
        .looks(INSTANCE.members(INSTANCE_STATE))
        .probed(Probe { look: INSTANCE_BY_RESOURCE, evidence: Evidence::Is(INSTANCE_GONE) }),
    destroy("DeleteDBCluster", "DBClusterIdentifier")
        .looks(CLUSTER.members(CLUSTER_STATE))
        .probed(Probe { look: CLUSTER_BY_RESOURCE, evidence: Evidence::Is(CLUSTER_GONE) }),
];

// On the wire the codes lack the `Fault` of their shapes, some stored answers have it.
const NO_INSTANCE: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];
const NO_CLUSTER: &[&str] = &["DBClusterNotFoundFault", "DBClusterNotFound"];

const INSTANCE: Look = Look::at(
    "DescribeDBInstances",
    r#"{"DBInstanceIdentifier":"{{ call.DBInstanceIdentifier }}"}"#,
    "DBInstances[0]",
)
.absent(NO_INSTANCE);

/// A rename moves the identifier, never the resource id.
const INSTANCE_BY_RESOURCE: Look = Look::at(
    "DescribeDBInstances",
    r#"{"Filters":[{"Name":"dbi-resource-id","Values":["{{ observed.DbiResourceId }}"]}]}"#,
    "DBInstances[0]",
)
.absent(NO_INSTANCE);

const TARGET_INSTANCE: Look = Look::at(
    "DescribeDBInstances",
    r#"{"DBInstanceIdentifier":"{{ call.TargetDBInstanceIdentifier }}"}"#,
    "DBInstances[0]",
)
.members(NEW_INSTANCE)
.absent(NO_INSTANCE);

const CLUSTER: Look = Look::at(
    "DescribeDBClusters",
    r#"{"DBClusterIdentifier":"{{ call.DBClusterIdentifier }}"}"#,
    "DBClusters[0]",
)
.absent(NO_CLUSTER);

const CLUSTER_BY_RESOURCE: Look = Look::at(
    "DescribeDBClusters",
    r#"{"Filters":[{"Name":"db-cluster-resource-id","Values":["{{ observed.DbClusterResourceId }}"]}]}"#,
    "DBClusters[0]",
)
.absent(NO_CLUSTER);

const CLUSTER_BY_ARN: Look =
    Look::at("DescribeDBClusters", r#"{"DBClusterIdentifier":"{{ call.ResourceArn }}"}"#, "DBClusters[0]")
        .absent(NO_CLUSTER);

const SNAPSHOT: Look = Look::at(
    "DescribeDBSnapshots",
    r#"{"DBSnapshotIdentifier":"{{ call.DBSnapshotIdentifier }}"}"#,
    "DBSnapshots[0]",
)
.members(&["DBSnapshotIdentifier", "DBInstanceIdentifier", "DbiResourceId", "SnapshotCreateTime", "TagList"])
.absent(&["DBSnapshotNotFound", "DBSnapshotNotFoundFault"]);

const CLUSTER_SNAPSHOT: Look = Look::at(
    "DescribeDBClusterSnapshots",
    r#"{"DBClusterSnapshotIdentifier":"{{ call.DBClusterSnapshotIdentifier }}"}"#,
    "DBClusterSnapshots[0]",
)
.members(&[
    "DBClusterSnapshotIdentifier",
    "DBClusterIdentifier",
    "DbClusterResourceId",
    "SnapshotCreateTime",
    "TagList",
])
.absent(&["DBClusterSnapshotNotFoundFault", "DBClusterSnapshotNotFound"]);

const TAGS: Look =
    Look::at("ListTagsForResource", r#"{"ResourceName":"{{ call.ResourceName }}"}"#, "TagList");

const INSTANCE_STATE: &[&str] = &[
    "DBInstanceIdentifier",
    "DbiResourceId",
    "DBInstanceStatus",
    "PendingModifiedValues",
    "DBParameterGroups",
    "AssociatedRoles",
    "DeletionProtection",
];
const NEW_INSTANCE: &[&str] =
    &["DBInstanceIdentifier", "DbiResourceId", "DBInstanceStatus", "InstanceCreateTime", "TagList"];
const CLUSTER_STATE: &[&str] = &[
    "DBClusterIdentifier",
    "DbClusterResourceId",
    "Status",
    "PendingModifiedValues",
    "AssociatedRoles",
    "DeletionProtection",
    "HttpEndpointEnabled",
];
const NEW_CLUSTER: &[&str] =
    &["DBClusterIdentifier", "DbClusterResourceId", "Status", "ClusterCreateTime", "TagList"];

/// A reboot shows in its status and in the parameters it makes live. Where nothing was pending before, this
/// was true before too and proves nothing.
const REBOOTED: &str = "DBInstanceStatus == 'rebooting' || \
    length(not_null(DBParameterGroups, `[]`)[?ParameterApplyStatus == 'pending-reboot']) == `0`";
const INSTANCE_GONE: &str = "@ == `null` || DBInstanceStatus == 'deleting'";
const UNTAGGED: &str = "length(not_null(@, `[]`)[?contains({{ call.TagKeys }}, Key)]) == `0`";
const CLUSTER_GONE: &str = "@ == `null` || Status == 'deleting'";

static INSTANCE_SETTINGS: &[Setting] = &[
    Setting::new("DBInstanceIdentifier", "DBInstanceIdentifier", ""),
    Setting::new(
        "NewDBInstanceIdentifier",
        "DBInstanceIdentifier",
        "DBInstanceIdentifier == % || PendingModifiedValues.DBInstanceIdentifier == % || DBInstanceStatus == 'renaming'",
    ),
    Setting::new(
        "VpcSecurityGroupIds",
        "VpcSecurityGroups",
        "sort(VpcSecurityGroups[].VpcSecurityGroupId) == sort($)",
    ),
    Setting::new(
        "DBParameterGroupName",
        "DBParameterGroups",
        "contains(DBParameterGroups[].DBParameterGroupName, %)",
    ),
    Setting::new(
        "OptionGroupName",
        "OptionGroupMemberships",
        "contains(OptionGroupMemberships[].OptionGroupName, %)",
    ),
    Setting::new(
        "DBSubnetGroupName",
        "DBSubnetGroup",
        "DBSubnetGroup.DBSubnetGroupName == % || PendingModifiedValues.DBSubnetGroupName == %",
    ),
    Setting::new("DBPortNumber", "Endpoint", "Endpoint.Port == $ || PendingModifiedValues.Port == $"),
    Setting::new(
        "EnableIAMDatabaseAuthentication",
        "IAMDatabaseAuthenticationEnabled",
        "not_null(IAMDatabaseAuthenticationEnabled, `false`) == $ || PendingModifiedValues.IAMDatabaseAuthenticationEnabled == $",
    ),
    Setting::new(
        "EnablePerformanceInsights",
        "PerformanceInsightsEnabled",
        "not_null(PerformanceInsightsEnabled, `false`) == $",
    ),
    Setting::new("PreferredBackupWindow", "PreferredBackupWindow", "PreferredBackupWindow == %"),
    Setting::new(
        "PreferredMaintenanceWindow",
        "PreferredMaintenanceWindow",
        "PreferredMaintenanceWindow == %",
    ),
    // `15` in the call is `15.4` in the answer.
    Setting::new(
        "EngineVersion",
        "EngineVersion",
        "starts_with(EngineVersion, $) || starts_with(not_null(PendingModifiedValues.EngineVersion, ''), $)",
    ),
    Setting::new("CloudwatchLogsExportConfiguration", "EnabledCloudwatchLogsExports", ""),
    Setting::new("ManageMasterUserPassword", "MasterUserSecret", ""),
    // A key may be named by alias, id or ARN; the answer has the ARN.
    Setting::new("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId", ""),
    Setting::new("MasterUserSecretKmsKeyId", "MasterUserSecret", ""),
    Setting::new("ProcessorFeatures", "ProcessorFeatures", ""),
];

static CLUSTER_SETTINGS: &[Setting] = &[
    Setting::new("DBClusterIdentifier", "DBClusterIdentifier", ""),
    Setting::new(
        "NewDBClusterIdentifier",
        "DBClusterIdentifier",
        "DBClusterIdentifier == % || PendingModifiedValues.DBClusterIdentifier == % || Status == 'renaming'",
    ),
    Setting::new(
        "VpcSecurityGroupIds",
        "VpcSecurityGroups",
        "sort(VpcSecurityGroups[].VpcSecurityGroupId) == sort($)",
    ),
    Setting::new("DBClusterParameterGroupName", "DBClusterParameterGroup", "DBClusterParameterGroup == %"),
    Setting::new("EnableHttpEndpoint", "HttpEndpointEnabled", "not_null(HttpEndpointEnabled, `false`) == $"),
    Setting::new(
        "EnableIAMDatabaseAuthentication",
        "IAMDatabaseAuthenticationEnabled",
        "not_null(IAMDatabaseAuthenticationEnabled, `false`) == $ || PendingModifiedValues.IAMDatabaseAuthenticationEnabled == $",
    ),
    Setting::new(
        "EnablePerformanceInsights",
        "PerformanceInsightsEnabled",
        "not_null(PerformanceInsightsEnabled, `false`) == $",
    ),
    Setting::new("PreferredBackupWindow", "PreferredBackupWindow", "PreferredBackupWindow == %"),
    Setting::new(
        "PreferredMaintenanceWindow",
        "PreferredMaintenanceWindow",
        "PreferredMaintenanceWindow == %",
    ),
    Setting::new("EngineVersion", "EngineVersion", "starts_with(EngineVersion, $)"),
    Setting::new("ScalingConfiguration", "ScalingConfigurationInfo", ""),
    Setting::new("CloudwatchLogsExportConfiguration", "EnabledCloudwatchLogsExports", ""),
    Setting::new("ManageMasterUserPassword", "MasterUserSecret", ""),
    Setting::new("MasterUserSecretKmsKeyId", "MasterUserSecret", ""),
    Setting::new("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId", ""),
    Setting::new("OptionGroupName", "DBClusterOptionGroupMemberships", ""),
];

fn instance_modified(call: &Value) -> Option<String> {
    let pending = Shape::named("rds", "PendingModifiedValues").map(|s| ("PendingModifiedValues", s));
    shows(call, INSTANCE_SETTINGS, Shape::named("rds", "DBInstance"), pending)
}

fn cluster_modified(call: &Value) -> Option<String> {
    let pending = Shape::named("rds", "ClusterPendingModifiedValues").map(|s| ("PendingModifiedValues", s));
    shows(call, CLUSTER_SETTINGS, Shape::named("rds", "DBCluster"), pending)
}

fn instance_created(call: &Value) -> Option<String> {
    created(call, "InstanceCreateTime")
}

fn cluster_created(call: &Value) -> Option<String> {
    created(call, "ClusterCreateTime")
}

fn snapshot_created(call: &Value) -> Option<String> {
    created(call, "SnapshotCreateTime")
}

fn role_added(call: &Value) -> Option<String> {
    call["RoleArn"].as_str()?;
    let same = if call["FeatureName"].is_null() {
        "RoleArn == {{ call.RoleArn }}"
    } else {
        "RoleArn == {{ call.RoleArn }} && FeatureName == {{ call.FeatureName }}"
    };
    Some(format!("length(not_null(AssociatedRoles, `[]`)[?{same}]) > `0`"))
}
