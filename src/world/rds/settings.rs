//! What the parameters of a call mean for a document: their names there, and what follows from them.

use serde_json::{Map, Value, json};

use super::of;
use crate::catalogue::Shape;
use crate::world::Moment;

/// Parameters of instances and clusters whose members have another name.
const RENAMED: &[(&str, &str)] = &[
    ("NewDBInstanceIdentifier", "DBInstanceIdentifier"),
    ("NewDBClusterIdentifier", "DBClusterIdentifier"),
    ("VpcSecurityGroupIds", "VpcSecurityGroups"),
    ("DBParameterGroupName", "DBParameterGroups"),
    ("DBClusterParameterGroupName", "DBClusterParameterGroup"),
    ("OptionGroupName", "OptionGroupMemberships"),
    ("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled"),
    ("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
    ("EnableCustomerOwnedIp", "CustomerOwnedIpEnabled"),
    ("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports"),
    ("CloudwatchLogsExportConfiguration", "EnabledCloudwatchLogsExports"),
    ("DBPortNumber", "DbInstancePort"),
    ("ScalingConfiguration", "ScalingConfigurationInfo"),
    ("ManageMasterUserPassword", "MasterUserSecret"),
    ("EnableHttpEndpoint", "HttpEndpointEnabled"),
    ("Domain", "DomainMemberships"),
    ("Tags", "TagList"),
];
/// Parameters that name something and set nothing.
const NAMES: &[&str] =
    &["DBInstanceIdentifier", "DBClusterIdentifier", "DBSubnetGroupName", "AwsBackupRecoveryPointArn"];

/// Whose document it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Instance,
    Cluster,
}

impl Kind {
    fn shape(self) -> &'static str {
        match self {
            Kind::Instance => "DBInstance",
            Kind::Cluster => "DBCluster",
        }
    }
}

/// What a call sets, under the names of the document; `group` is the status of a parameter group it names.
pub(super) fn of_call(
    kind: Kind,
    before: &Map<String, Value>,
    parameters: &Value,
    group: &str,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let given = parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
    let mut out = Map::new();
    for (parameter, value) in given.filter(|(name, _)| !NAMES.contains(&name.as_str())) {
        let member = member_of(kind, parameter);
        let known = Shape::named("rds", kind.shape()).is_some_and(|s| s.member(member).is_some());
        if known || member == "MasterUserPassword" {
            out.insert(member.to_owned(), value_of(kind, before, (parameter, value), group, moment));
        }
    }
    out
}

fn member_of(kind: Kind, parameter: &str) -> &str {
    match (kind, parameter) {
        (Kind::Instance, "Port") => "DbInstancePort",
        _ => RENAMED.iter().find(|(name, _)| *name == parameter).map_or(parameter, |(_, member)| member),
    }
}

fn value_of(
    kind: Kind,
    before: &Map<String, Value>,
    (parameter, value): (&str, &Value),
    group: &str,
    moment: &Moment<'_>,
) -> Value {
    match parameter {
        "NewDBInstanceIdentifier" | "NewDBClusterIdentifier" | "DBClusterParameterGroupName" => lower(value),
        "VpcSecurityGroupIds" => security_groups(value),
        "DBParameterGroupName" => parameter_group(value, group),
        "OptionGroupName" => option_group(value),
        "CloudwatchLogsExportConfiguration" => exports(before, value),
        "ManageMasterUserPassword" if *value == true => secret(kind, before, moment),
        "ManageMasterUserPassword" => Value::Null,
        "MasterUserPassword" => "****".into(),
        "Domain" => json!([{"Domain": value, "Status": "joined"}]),
        "AssociatedRoles" => roles(value),
        "ServerlessV2ScalingConfiguration" | "ScalingConfiguration" => merged(before, parameter, value),
        _ => value.clone(),
    }
}

/// A part of a configuration leaves the rest as it was.
fn merged(before: &Map<String, Value>, parameter: &str, value: &Value) -> Value {
    let member = member_of(Kind::Cluster, parameter);
    let mut whole = before.get(member).and_then(Value::as_object).cloned().unwrap_or_default();
    let given = value.as_object().cloned().unwrap_or_default();
    whole.extend(given.into_iter().filter(|(_, v)| !v.is_null()));
    if parameter == "ServerlessV2ScalingConfiguration" {
        // Shown only where the store may pause (API reference).
        let pauses = whole.get("MinCapacity").and_then(Value::as_f64) == Some(0.0);
        whole.retain(|name, _| pauses || name != "SecondsUntilAutoPause");
    }
    Value::Object(whole)
}

pub(super) fn lower(value: &Value) -> Value {
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

fn roles(value: &Value) -> Value {
    let with_status = |role: &Value| {
        let mut role = role.clone();
        role["Status"] = "ACTIVE".into();
        role
    };
    value.as_array().into_iter().flatten().map(with_status).collect()
}

/// A secret that RDS manages for a master password; a new one each time it takes over (`aws.md` §3).
fn secret(kind: Kind, before: &Map<String, Value>, moment: &Moment<'_>) -> Value {
    let (name, id) = match kind {
        Kind::Instance => ("db", of(before, "DbiResourceId")),
        Kind::Cluster => ("cluster", of(before, "DbClusterResourceId")),
    };
    let key = format!("secret/{id}/{}", moment.now);
    let suffix = moment.dice.letters(&key, 6);
    let number = moment.dice.number(&key);
    let uuid = format!("{:08x}-{:04x}-{:04x}", number >> 32, (number >> 16) & 0xFFFF, number & 0xFFFF);
    json!({
        "SecretArn": moment.arn("secretsmanager", &format!("secret:rds!{name}-{uuid}-{suffix}")),
        "SecretStatus": "active",
        "KmsKeyId": moment.arn("kms", "key/aws-secretsmanager"),
    })
}

fn exports(before: &Map<String, Value>, change: &Value) -> Value {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let mut now = before.get("EnabledCloudwatchLogsExports").map(list).unwrap_or_default();
    let off = list(&change["DisableLogTypes"]);
    now.retain(|kind| !off.contains(kind));
    now.extend(
        list(&change["EnableLogTypes"]).into_iter().filter(|kind| !now.contains(kind)).collect::<Vec<_>>(),
    );
    now.into()
}
