//! Every operation that a runbook can call is known to the world.

use serde_json::json;

use super::{Furnished, site};
use crate::catalogue;

/// Clusters, automated backups and what belongs to them are being built.
const RDS: &str = "not built yet";

/// Operations that the world does not answer, each with its reason.
const UNANSWERED: &[(&str, &str, &str)] = &[
    ("rds", "AddRoleToDBCluster", RDS),
    ("rds", "CreateDBClusterSnapshot", RDS),
    ("rds", "CreateDBInstance", RDS),
    ("rds", "DeleteDBCluster", RDS),
    ("rds", "DescribeDBClusterAutomatedBackups", RDS),
    ("rds", "DescribeDBClusterParameterGroups", RDS),
    ("rds", "DescribeDBClusterSnapshots", RDS),
    ("rds", "DescribeDBClusters", RDS),
    ("rds", "DescribeDBInstanceAutomatedBackups", RDS),
    ("rds", "EnableHttpEndpoint", RDS),
    ("rds", "ModifyDBCluster", RDS),
    ("rds", "RemoveTagsFromResource", RDS),
    ("rds", "RestoreDBClusterFromSnapshot", RDS),
    ("rds", "RestoreDBClusterToPointInTime", RDS),
    ("rds", "RestoreDBInstanceToPointInTime", RDS),
];

#[test]
fn every_operation_of_the_catalogue_is_known() {
    let mut furnished = Furnished::new();
    for operation in catalogue::all() {
        let answer =
            furnished.world.call(&site(), (operation.service, operation.name), &json!({}), furnished.now);
        let code = answer.err().map(|refused| refused.code).unwrap_or_default();
        let known = !matches!(code.as_str(), "InvalidAction" | "UnknownOperationException");
        let excepted = UNANSWERED.iter().any(|(s, o, _)| (*s, *o) == (operation.service, operation.name));
        assert_ne!(known, excepted, "{} {}: {code}", operation.service, operation.name);
    }
}
