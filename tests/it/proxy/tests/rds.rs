//! Renames, restores, changes and deletions take time.

use serde_json::{Value, json};

use crate::proxy::aws_backup;
use crate::proxy::xml::Xml;
use crate::world::World;

fn instance(world: &World, name: &str) -> Result<Value, String> {
    let answer = world.try_aws(&["rds", "describe-db-instances", "--db-instance-identifier", name])?;
    Ok(answer["DBInstances"][0].clone())
}

/// Name and status of every instance, as one reading sees them.
fn seen(world: &World) -> Vec<String> {
    let answer = world.rds("DescribeDBInstances", &json!({})).unwrap();
    let member = |db: &Xml, name| db.at(name).unwrap().to_owned();
    let show = |db| format!("{} {}", member(db, "DBInstanceIdentifier"), member(db, "DBInstanceStatus"));
    let mut all: Vec<String> = answer.find("DBInstances").unwrap().children.iter().map(show).collect();
    all.sort();
    all
}

/// Status of one instance, as one reading sees it.
fn status(world: &World, name: &str) -> Option<String> {
    let answer = world.rds("DescribeDBInstances", &json!({"DBInstanceIdentifier": name}))?;
    Some(answer.find("DBInstanceStatus")?.text.clone())
}

fn rename(world: &World, from: &str, to: &str) -> Result<Value, String> {
    world.try_aws(&[
        "rds",
        "modify-db-instance",
        "--apply-immediately",
        "--db-instance-identifier",
        from,
        "--new-db-instance-identifier",
        to,
    ])
}

fn restore(world: &World) -> Result<Value, String> {
    let group = world.seed.security_groups[0].as_str();
    world.try_aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "orders-before",
        "--db-parameter-group-name",
        &world.seed.parameter_group,
        "--db-subnet-group-name",
        &world.seed.subnet_group,
        "--vpc-security-group-ids",
        group,
        "--no-multi-az",
    ])
}

/// Reads until the instances look like this.
fn read_until(world: &World, wanted: &[&str]) {
    for _ in 0..20 {
        if seen(world) == wanted {
            return;
        }
    }
    panic!("never saw {wanted:?}");
}

#[test]
fn a_rename_holds_the_old_name_then_shows_none_then_the_new_one() {
    let world = World::start();
    let answer = rename(&world, "orders", "orders-parked").unwrap();
    assert_eq!(answer["DBInstance"]["DBInstanceIdentifier"], "orders", "the answer still has the old name");
    assert_eq!(
        answer["DBInstance"]["PendingModifiedValues"],
        json!({"DBInstanceIdentifier": "orders-parked"})
    );

    assert_eq!(seen(&world), ["orders available"]);
    assert!(restore(&world).unwrap_err().contains("DBInstanceAlreadyExists"), "the old name is still held");
    assert_eq!(seen(&world), ["orders renaming"]);
    assert_eq!(seen(&world), ["orders renaming"]);
    assert!(instance(&world, "orders").unwrap_err().contains("DBInstanceNotFound"));
    assert!(instance(&world, "orders-parked").unwrap_err().contains("DBInstanceNotFound"));
    assert_eq!(seen(&world), ["orders-parked rebooting"]);
    assert!(rename(&world, "orders-parked", "orders").unwrap_err().contains("InvalidDBInstanceState"));
    assert_eq!(seen(&world), ["orders-parked rebooting"]);
    assert_eq!(world.proxy.waits()[0].ended, None);
    assert_eq!(seen(&world), ["orders-parked available"]);

    let db = instance(&world, "orders-parked").unwrap();
    assert_eq!(db["DbiResourceId"], world.seed.resource_id.as_str());
    assert_eq!(db["PendingModifiedValues"], json!({}));
    assert!(db["DBInstanceArn"].as_str().unwrap().ends_with(":orders-parked"));
    let wait = &world.proxy.waits()[0];
    assert_eq!(wait.what, "rename orders to orders-parked");
    let readings = world.proxy.log().iter().filter(|call| call.is("DescribeDBInstances")).count();
    assert!(wait.ended.is_some() && readings == 9, "{wait:?}, {readings} readings");
    let early = world.proxy.too_early();
    assert_eq!(early.len(), 2, "the restore and the second rename did not wait: {early:?}");
}

#[test]
fn a_restore_is_a_new_barer_instance_that_needs_a_reboot() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    restore(&world).unwrap();
    for wanted in ["creating", "creating", "creating", "available", "backing-up", "backing-up", "available"] {
        assert_eq!(status(&world, "orders").unwrap(), wanted);
    }

    let new = instance(&world, "orders").unwrap();
    let old = instance(&world, "orders-parked").unwrap();
    assert_ne!(new["DbiResourceId"], old["DbiResourceId"]);
    assert_eq!(new["VpcSecurityGroups"].as_array().unwrap().len(), 1, "only the group that was passed");
    for (member, before, after) in [
        ("DeletionProtection", json!(true), json!(false)),
        ("MultiAZ", json!(true), json!(false)),
        ("MonitoringInterval", json!(60), json!(0)),
        ("PerformanceInsightsEnabled", json!(true), json!(false)),
        ("MaxAllocatedStorage", json!(500), Value::Null),
        ("CopyTagsToSnapshot", json!(true), json!(false)),
    ] {
        assert_eq!((&old[member], &new[member]), (&before, &after), "{member}");
    }
    let by_id = world.aws(&[
        "rds",
        "describe-db-instances",
        "--filters",
        &format!("Name=dbi-resource-id,Values={}", new["DbiResourceId"].as_str().unwrap()),
    ]);
    assert_eq!(by_id["DBInstances"][0]["DBInstanceIdentifier"], "orders");
    let snapshots =
        world.aws(&["rds", "describe-db-snapshots", "--dbi-resource-id", &world.seed.resource_id]);
    let ids: Vec<_> =
        snapshots["DBSnapshots"].as_array().unwrap().iter().map(|s| &s["DBSnapshotIdentifier"]).collect();
    assert_eq!(ids.len(), 3, "those of the old instance only: {ids:?}");

    assert_eq!(new["DBParameterGroups"][0]["DBParameterGroupName"], world.seed.parameter_group.as_str());
    assert_eq!(new["DBParameterGroups"][0]["ParameterApplyStatus"], "pending-reboot");
    world.aws(&["rds", "reboot-db-instance", "--db-instance-identifier", "orders"]);
    let statuses: Vec<_> = (0..4).map(|_| status(&world, "orders").unwrap()).collect();
    assert_eq!(statuses, ["available", "rebooting", "rebooting", "available"]);
    assert_eq!(
        instance(&world, "orders").unwrap()["DBParameterGroups"][0]["ParameterApplyStatus"],
        "in-sync"
    );
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
    assert!(world.proxy.waits().iter().all(|wait| wait.ended.is_some()));
}

#[test]
fn a_restore_carries_what_is_passed() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    let old = instance(&world, "orders-parked").unwrap();
    let groups = &world.seed.security_groups;
    world.aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "orders-before",
        "--db-instance-class",
        "db.m6g.large",
        "--port",
        "5433",
        "--db-subnet-group-name",
        &world.seed.subnet_group,
        "--vpc-security-group-ids",
        &groups[0],
        &groups[1],
        "--db-parameter-group-name",
        &world.seed.parameter_group,
        "--multi-az",
        "--no-publicly-accessible",
        "--no-deletion-protection",
        "--copy-tags-to-snapshot",
        "--auto-minor-version-upgrade",
        "--no-enable-iam-database-authentication",
        "--enable-cloudwatch-logs-exports",
        "postgresql",
        "upgrade",
        "--backup-retention-period",
        "14",
        "--preferred-backup-window",
        "02:00-02:30",
        "--ca-certificate-identifier",
        "rds-ca-default",
        "--network-type",
        "IPV4",
        "--engine-lifecycle-support",
        "open-source-rds-extended-support",
        "--no-dedicated-log-volume",
        "--storage-type",
        "gp3",
        "--tags",
        "Key=service,Value=orders",
        "Key=owner,Value=payments",
        "Key=ripcord-run,Value=r1",
    ]);
    assert_eq!(status(&world, "orders").unwrap(), "creating");
    read_until(&world, &["orders backing-up", "orders-parked available"]);
    let new = instance(&world, "orders").unwrap();
    let mut differ: Vec<_> = old.as_object().unwrap().keys().filter(|key| old[*key] != new[*key]).collect();
    differ.sort();
    assert_eq!(
        differ,
        [
            "AssociatedRoles",
            "DBInstanceArn",
            "DBInstanceIdentifier",
            "DBInstanceStatus",
            "DBParameterGroups",
            "DbiResourceId",
            "DeletionProtection",
            "Endpoint",
            "InstanceCreateTime",
            "LatestRestorableTime",
            "MaxAllocatedStorage",
            "MonitoringInterval",
            "MonitoringRoleArn",
            "PerformanceInsightsEnabled",
            "PerformanceInsightsKMSKeyId",
            "PerformanceInsightsRetentionPeriod",
            "PreferredMaintenanceWindow",
            "TagList",
        ]
    );
}

#[test]
fn a_snapshot_of_aws_backup_is_listed_by_its_type_and_can_be_restored() {
    let world = World::start();
    let list = |args: &[&str]| {
        let args = [&["rds", "describe-db-snapshots", "--db-instance-identifier", "orders"], args].concat();
        let answer = world.aws(&args);
        let rows = answer["DBSnapshots"].as_array().unwrap().clone();
        rows.iter().map(|row| row["DBSnapshotIdentifier"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&["--snapshot-type", "awsbackup"]), [aws_backup::ID]);
    assert!(!list(&[]).contains(&aws_backup::ID.to_owned()), "only when it is asked for");
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    world.aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        aws_backup::ID,
    ]);
    assert_eq!(status(&world, "orders").unwrap(), "creating");
    assert_eq!(world.proxy.mutations()[1].text("DBSnapshotIdentifier"), Some(aws_backup::ID));
}

#[test]
fn a_modification_shows_the_old_value_first() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    restore(&world).unwrap();
    // Once before the first backup, once after it.
    read_until(&world, &["orders available", "orders-parked available"]);
    read_until(&world, &["orders backing-up", "orders-parked available"]);
    read_until(&world, &["orders available", "orders-parked available"]);
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--apply-immediately",
        "--deletion-protection",
        "--monitoring-interval",
        "60",
        "--enable-performance-insights",
        "--cloudwatch-logs-export-configuration",
        r#"{"EnableLogTypes":["postgresql"]}"#,
    ]);
    let first = instance(&world, "orders").unwrap();
    assert_eq!(
        (&first["DBInstanceStatus"], &first["DeletionProtection"]),
        (&json!("available"), &json!(false))
    );
    assert_eq!(status(&world, "orders").unwrap(), "modifying");
    assert_eq!(status(&world, "orders").unwrap(), "modifying");
    let last = instance(&world, "orders").unwrap();
    assert_eq!(last["DBInstanceStatus"], "available");
    assert_eq!(last["DeletionProtection"], true);
    assert_eq!(last["MonitoringInterval"], 60);
    assert_eq!(last["PerformanceInsightsEnabled"], true);
    assert_eq!(last["EnabledCloudwatchLogsExports"], json!(["postgresql"]));
}

#[test]
fn a_role_is_pending_at_first() {
    let world = World::start();
    let role = "arn:aws:iam::1:role/import";
    world.aws(&[
        "rds",
        "add-role-to-db-instance",
        "--db-instance-identifier",
        "orders",
        "--role-arn",
        role,
        "--feature-name",
        "s3Import",
    ]);
    for status in ["PENDING", "ACTIVE"] {
        let db = world.rds("DescribeDBInstances", &json!({})).unwrap();
        let roles = &db.find("AssociatedRoles").unwrap().children;
        assert_eq!((roles[1].at("RoleArn"), roles[1].at("Status")), (Some(role), Some(status)));
    }
    assert!(world.proxy.waits()[0].ended.is_some());
}

#[test]
fn without_apply_immediately_a_change_stays_pending_until_the_next_that_has_it() {
    let world = World::start();
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--db-instance-class",
        "db.m6g.xlarge",
    ]);
    let db = instance(&world, "orders").unwrap();
    assert_eq!(db["DBInstanceClass"], "db.m6g.large");
    assert_eq!(db["PendingModifiedValues"], json!({"DBInstanceClass": "db.m6g.xlarge"}));
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    let db = instance(&world, "orders-parked").unwrap();
    assert_eq!((&db["DBInstanceClass"], &db["PendingModifiedValues"]), (&json!("db.m6g.xlarge"), &json!({})));
}

#[test]
fn a_deleted_instance_holds_its_name_for_a_while() {
    let world = World::start();
    let delete = ["rds", "delete-db-instance", "--db-instance-identifier", "orders", "--skip-final-snapshot"];
    assert!(world.try_aws(&delete).unwrap_err().contains("InvalidParameterCombination"), "it is protected");
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--apply-immediately",
        "--no-deletion-protection",
    ]);
    read_until(&world, &["orders modifying"]);
    read_until(&world, &["orders available"]);
    world.aws(&delete);
    assert!(restore(&world).unwrap_err().contains("DBInstanceAlreadyExists"));
    assert_eq!(seen(&world), ["orders deleting"]);
    assert_eq!(seen(&world), ["orders deleting"]);
    assert!(instance(&world, "orders").unwrap_err().contains("DBInstanceNotFound"));
}
