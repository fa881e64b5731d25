use super::*;
use crate::catalogue::{all, find};

fn of(service: &str, operation: &str) -> &'static Facts {
    facts(service, operation).unwrap_or_else(|| panic!("{service} {operation}"))
}

#[test]
fn a_rest_call_knows_its_path_and_where_each_member_travels() {
    let list = of("backup", "ListRecoveryPointsByBackupVault");
    assert_eq!(list.wire.protocol, Protocol::RestJson);
    assert_eq!(
        (list.wire.method, list.wire.path),
        ("GET", "/backup-vaults/{backupVaultName}/recovery-points/")
    );
    let member = |name: &str| list.input.unwrap().member(name).map(|m| (m.location, m.wire)).unwrap();
    assert_eq!(member("BackupVaultName"), (Location::Path, "backupVaultName"));
    assert_eq!(member("ByCreatedAfter"), (Location::Query, "createdAfter"));
    let start = of("backup", "StartBackupJob");
    assert_eq!((start.wire.method, start.wire.path), ("PUT", "/backup-jobs"));
    assert!(start.input.unwrap().members().all(|(name, m)| (m.location, m.wire) == (Location::Body, name)));
    let query = of("rds", "DescribeDBInstances").wire;
    assert_eq!((query.method, query.path), ("POST", "/"));
}

#[test]
fn every_label_of_a_path_is_a_member_and_the_other_way_round() {
    for operation in all() {
        let members = operation.input().into_iter().flat_map(Shape::members);
        let mut named: Vec<String> = members
            .filter(|(_, m)| m.location == Location::Path)
            .map(|(_, m)| format!("{{{}}}", m.wire))
            .collect();
        let path = operation.wire().path;
        let mut labels: Vec<&str> = path.split('/').filter(|s| s.starts_with('{')).collect();
        named.sort_unstable();
        labels.sort_unstable();
        assert_eq!(named, labels, "{}", operation.name);
    }
}

/// The decoder of answers reads bodies: an entry whose answer has members in headers or in the status needs more.
#[test]
fn every_answer_travels_in_its_body() {
    for operation in all() {
        let mut members = operation.output().into_iter().flat_map(Shape::members);
        assert!(members.all(|(_, m)| m.location == Location::Body), "{}", operation.name);
    }
}

#[test]
fn a_token_is_needed_although_the_service_does_not_require_it() {
    let input = of("backup", "StartBackupJob").input.unwrap();
    let token = input.member("IdempotencyToken").unwrap();
    assert!(token.token && token.needed() && !token.required);
    let window = input.member("StartWindowMinutes").unwrap();
    assert!(!window.token && !window.needed());
}

#[test]
fn what_is_served_only_is_no_entry() {
    let names: Vec<&str> = served("sts").filter(|(_, f)| f.served_only).map(|(name, _)| name).collect();
    assert_eq!(names, ["AssumeRole"]);
    assert!(find("sts", "AssumeRole").is_none());
    let answer = of("sts", "AssumeRole").output.unwrap();
    let Some(keys) = answer.member("Credentials") else { panic!("no Credentials") };
    assert!(keys.shape.member("SecretAccessKey").unwrap().shape.sensitive());
    assert!(all().all(|o| !of(o.service, o.name).served_only));
}

#[test]
fn each_error_code_has_its_status() {
    for (service, operation, code, status) in [
        ("rds", "DescribeDBInstances", "DBInstanceNotFound", 404),
        ("rds", "RestoreDBClusterFromSnapshot", "DBClusterQuotaExceededFault", 403),
        ("rds", "RestoreDBInstanceFromDBSnapshot", "DBInstanceAlreadyExists", 400),
        ("rds", "DescribeDBInstances", "Throttling", 400),
        ("rds", "DescribeDBInstances", "ExpiredToken", 403),
        ("rds", "DescribeDBInstances", "InternalFailure", 500),
        ("sts", "AssumeRole", "AccessDenied", 403),
        ("dynamodb", "DescribeTable", "ResourceNotFoundException", 400),
        ("dynamodb", "DescribeTable", "ExpiredTokenException", 400),
        ("dynamodb", "DescribeTable", "InternalServerError", 500),
        ("ecs", "UpdateService", "AccessDeniedException", 400),
        ("ecs", "UpdateService", "ServerException", 500),
        ("backup", "DescribeBackupJob", "ResourceNotFoundException", 400),
        ("backup", "DescribeBackupJob", "AccessDeniedException", 403),
        ("backup", "DescribeBackupJob", "ServiceUnavailableException", 500),
        ("backup", "DescribeBackupJob", "Nonsense", 400),
    ] {
        assert_eq!(of(service, operation).status(code), status, "{service} {operation} {code}");
    }
}
