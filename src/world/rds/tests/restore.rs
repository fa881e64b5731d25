//! Instances from snapshots, and snapshots themselves.

use serde_json::{Value, json};

use super::{Table, restore, status, with};

#[test]
fn a_restore_is_created_backed_up_and_available_with_an_identity_of_its_own() {
    let mut table = Table::new();
    let answer = table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    assert_eq!(answer["DBInstance"]["Endpoint"], Value::Null);
    let seen = table.film(|t| {
        let db = t.by_name("orders2").unwrap();
        (status(&db), db["Endpoint"]["Port"].as_u64(), db["LatestRestorableTime"].is_string())
    });
    let statuses: Vec<&str> = seen.iter().map(|(status, ..)| status.as_str()).collect();
    assert_eq!(statuses[..2], ["creating", "backing-up"]);
    assert!(statuses.contains(&"configuring-log-exports") || statuses.contains(&"available"));
    assert_eq!(seen[0], ("creating".into(), None, false));
    assert_eq!(seen.last().unwrap(), &("available".into(), Some(5432), true));
    assert_ne!(answer["DBInstance"]["DbiResourceId"], "db-ORDERS");
    assert!(table.events("db-instance", "orders2").contains(&"Restored from snapshot nightly".to_owned()));
}

#[test]
fn a_restore_leaves_behind_what_the_call_does_not_name() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    table.film(|t| t.now);
    let (was, is) = (table.by_name("orders").unwrap(), table.by_name("orders2").unwrap());
    for (member, wanted) in [
        ("MultiAZ", json!(false)),
        ("DeletionProtection", json!(false)),
        ("IAMDatabaseAuthenticationEnabled", json!(false)),
        ("CopyTagsToSnapshot", json!(false)),
        ("PerformanceInsightsEnabled", json!(false)),
        ("MonitoringInterval", json!(0)),
        ("MonitoringRoleArn", Value::Null),
        ("MaxAllocatedStorage", Value::Null),
        ("EnabledCloudwatchLogsExports", Value::Null),
        ("AssociatedRoles", json!([])),
        ("VpcSecurityGroups", json!([{"VpcSecurityGroupId": "sg-default", "Status": "active"}])),
        (
            "DBParameterGroups",
            json!([{"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}]),
        ),
    ] {
        assert_eq!(is[member], wanted, "{member}");
        assert_ne!(was[member], wanted, "{member} of the source");
    }
    for member in [
        "DBInstanceClass",
        "EngineVersion",
        "AllocatedStorage",
        "KmsKeyId",
        "BackupRetentionPeriod",
        "TagList",
    ] {
        assert_eq!(is[member], was[member], "{member}");
    }
}

#[test]
fn what_a_restore_names_is_there_afterwards() {
    let mut table = Table::new();
    let mut call = restore("orders2");
    let given = json!({
        "MultiAZ": true, "DeletionProtection": true, "DBParameterGroupName": "shop-pg16", "Port": 6000,
        "VpcSecurityGroupIds": ["sg-db"], "EnableCloudwatchLogsExports": ["postgresql"], "StorageType": "io1",
        "Iops": 4000, "Tags": [{"Key": "runbook-run", "Value": "r1"}],
    });
    call.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    table.call("RestoreDBInstanceFromDBSnapshot", call).unwrap();
    let seen = table.film(|t| status(&t.by_name("orders2").unwrap()));
    assert!(seen.contains(&"configuring-log-exports".to_owned()), "{seen:?}");
    let db = table.by_name("orders2").unwrap();
    assert_eq!((&db["MultiAZ"], &db["DeletionProtection"]), (&json!(true), &json!(true)));
    assert_eq!(db["Endpoint"]["Port"], 6000);
    assert_eq!(db["DBParameterGroups"][0]["DBParameterGroupName"], "shop-pg16");
    assert_eq!((&db["Iops"], &db["StorageThroughput"]), (&json!(4000), &Value::Null));
    assert_eq!(db["TagList"], json!([{"Key": "runbook-run", "Value": "r1"}]));
    assert_eq!(db["SecondaryAvailabilityZone"], "eu-west-1b");
}

#[test]
fn a_snapshot_is_restored_only_when_it_is_available() {
    let mut table = Table::new();
    let create = json!({"DBSnapshotIdentifier": "before", "DBInstanceIdentifier": "orders", "Tags": [{"Key": "why", "Value": "drill"}]});
    table.call("CreateDBSnapshot", create).unwrap();
    let call = with(restore("orders2"), "DBSnapshotIdentifier", json!("before"));
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", call.clone()), "InvalidDBSnapshotState");
    let seen = table.film(|t| {
        let one = t.call("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "before"})).unwrap();
        one["DBSnapshots"][0]["PercentProgress"].as_u64()
    });
    assert_eq!(seen, [Some(0), Some(10), Some(45), Some(80), Some(100)]);
    let one = table.call("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "before"})).unwrap();
    let tags = json!([{"Key": "why", "Value": "drill"}, {"Key": "team", "Value": "shop"}]);
    assert_eq!(one["DBSnapshots"][0]["TagList"], tags, "its own, and those that the instance copies");
    table.call("RestoreDBInstanceFromDBSnapshot", call).unwrap();
}

#[test]
fn snapshots_are_found_by_type_by_source_and_by_arn() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        for id in ["rds:orders-2026-03-01-00-10", "awsbackup:job-1f0c"] {
            let doc = json!({"DBSnapshotIdentifier": id, "DBInstanceIdentifier": "orders"});
            rds.place_snapshot(&doc, moment).unwrap();
        }
    });
    let ids = |t: &mut Table, call: Value| {
        let answer = t.call("DescribeDBSnapshots", call).unwrap();
        let rows = answer["DBSnapshots"].as_array().unwrap().clone();
        rows.iter().map(|r| r["DBSnapshotIdentifier"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut table, json!({})), ["nightly", "rds:orders-2026-03-01-00-10"]);
    assert_eq!(ids(&mut table, json!({"SnapshotType": "awsbackup"})), ["awsbackup:job-1f0c"]);
    assert_eq!(ids(&mut table, json!({"SnapshotType": "automated"})), ["rds:orders-2026-03-01-00-10"]);
    assert_eq!(ids(&mut table, json!({"DbiResourceId": "db-ORDERS", "SnapshotType": "manual"})), ["nightly"]);
    let arn = "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:orders-2026-03-01-00-10";
    assert_eq!(ids(&mut table, json!({"DBSnapshotIdentifier": arn})), ["rds:orders-2026-03-01-00-10"]);
    table
        .call("RestoreDBInstanceFromDBSnapshot", with(restore("o2"), "DBSnapshotIdentifier", json!(arn)))
        .unwrap();
}
