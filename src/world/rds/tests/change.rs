//! Settings of an instance: at once, soon, in the window; reboots, tags, roles, deletion.

use serde_json::{Value, json};

use super::{Span, Table, restore, status, with};

fn modify(given: &Value) -> Value {
    let mut call = json!({"DBInstanceIdentifier": "orders"});
    call.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    call
}

#[test]
fn some_settings_are_there_with_the_answer_and_some_wait() {
    let mut table = Table::new();
    let call = modify(
        &json!({"DeletionProtection": false, "VpcSecurityGroupIds": ["sg-default"], "MultiAZ": false, "AllocatedStorage": 200}),
    );
    let answer = table.call("ModifyDBInstance", call).unwrap()["DBInstance"].clone();
    assert_eq!(answer["DeletionProtection"], false);
    assert_eq!(answer["VpcSecurityGroups"][0]["VpcSecurityGroupId"], "sg-default");
    assert_eq!(answer["PendingModifiedValues"], json!({"MultiAZ": false, "AllocatedStorage": 200}));
    assert_eq!((&answer["MultiAZ"], &answer["AllocatedStorage"]), (&json!(true), &json!(100)));
    let seen = table.film_for(Span::mins(240), |t| {
        let db = t.by_name("orders").unwrap();
        (
            db["AllocatedStorage"].as_u64().unwrap(),
            db["MultiAZ"].as_bool().unwrap(),
            status(&db) == "modifying",
        )
    });
    assert_eq!(seen, [(100, true, false), (100, true, true), (200, false, false)], "in the window");
}

#[test]
fn a_change_that_is_taken_back_does_not_wait_any_more() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", modify(&json!({"DBInstanceClass": "db.r6g.xlarge"}))).unwrap();
    let answer = table.call("ModifyDBInstance", modify(&json!({"DBInstanceClass": "db.r6g.large"}))).unwrap();
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"], json!({}));
}

#[test]
fn what_applies_immediately_shows_its_status_and_then_its_value() {
    for (given, wanted) in [
        (json!({"MultiAZ": false}), "modifying"),
        (json!({"EngineVersion": "16.8"}), "upgrading"),
        (json!({"MonitoringInterval": 15}), "configuring-enhanced-monitoring"),
        (json!({"EnableIAMDatabaseAuthentication": false}), "configuring-iam-database-auth"),
        (json!({"MasterUserPassword": "long enough"}), "resetting-master-credentials"),
        (json!({"DBPortNumber": 6000}), "rebooting"),
    ] {
        let mut table = Table::new();
        table.call("ModifyDBInstance", with(modify(&given), "ApplyImmediately", json!(true))).unwrap();
        let seen = table.film(|t| status(&t.by_name("orders").unwrap()));
        assert_eq!(seen, ["available", wanted, "available"], "{given}");
        let db = table.by_name("orders").unwrap();
        assert_eq!(db["PendingModifiedValues"], json!({}), "{given}");
        assert_eq!(db["MasterUserPassword"], Value::Null);
        if given.get("DBPortNumber").is_some() {
            assert_eq!(db["Endpoint"]["Port"], 6000);
        }
    }
}

#[test]
fn a_password_is_never_shown() {
    let mut table = Table::new();
    let answer =
        table.call("ModifyDBInstance", modify(&json!({"MasterUserPassword": "long enough"}))).unwrap();
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"]["MasterUserPassword"], "****");
    assert!(!answer.to_string().contains("long enough"));
}

#[test]
fn log_exports_are_added_and_taken_away() {
    let mut table = Table::new();
    let change = json!({"CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["iam-db-auth-error"], "DisableLogTypes": ["upgrade"]}});
    table.call("ModifyDBInstance", modify(&change)).unwrap();
    table.film(|t| t.now);
    let logs = table.by_name("orders").unwrap()["EnabledCloudwatchLogsExports"].clone();
    assert_eq!(logs, json!(["postgresql", "iam-db-auth-error"]));
}

#[test]
fn storage_only_grows_and_then_settles_for_hours() {
    let mut table = Table::new();
    let grow = |gib: u64| with(modify(&json!({"AllocatedStorage": gib})), "ApplyImmediately", json!(true));
    assert_eq!(table.code("ModifyDBInstance", grow(50)), "InvalidParameterCombination");
    assert_eq!(table.code("ModifyDBInstance", grow(105)), "InvalidParameterCombination", "a tenth at least");
    table.call("ModifyDBInstance", grow(200)).unwrap();
    let seen = table.film_for(Span::mins(10), |t| status(&t.by_name("orders").unwrap()));
    assert_eq!(seen, ["available", "modifying", "available", "storage-optimization"]);
    assert_eq!(table.code("ModifyDBInstance", grow(300)), "InvalidParameterCombination");
    table.call("ModifyDBInstance", modify(&json!({"DeletionProtection": false}))).unwrap();
    let seen = table.film_for(Span::mins(360), |t| status(&t.by_name("orders").unwrap()));
    assert_eq!(seen, ["storage-optimization", "available"]);
}

#[test]
fn a_parameter_group_that_is_changed_is_live_after_a_reboot() {
    let mut table = Table::new();
    let change = modify(&json!({"DBParameterGroupName": "shop-pg16", "ApplyImmediately": true}));
    table.call("ModifyDBInstance", change).unwrap();
    let apply =
        |t: &mut Table| t.by_name("orders").unwrap()["DBParameterGroups"][0]["ParameterApplyStatus"].clone();
    assert_eq!(apply(&mut table), "pending-reboot");
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "orders"})).unwrap();
    let seen = table.film(|t| (status(&t.by_name("orders").unwrap()), apply(t) == "in-sync"));
    assert_eq!(seen, [("rebooting".into(), false), ("available".into(), true)]);
}

#[test]
fn a_managed_password_has_a_secret_that_a_restore_does_not_bring_back() {
    let mut table = Table::new();
    let manage = modify(&json!({"ManageMasterUserPassword": true, "ApplyImmediately": true}));
    table.call("ModifyDBInstance", manage).unwrap();
    table.film(|t| t.now);
    let secret = table.by_name("orders").unwrap()["MasterUserSecret"]["SecretArn"].clone();
    assert!(
        secret.as_str().unwrap().starts_with("arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-")
    );
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    table.film(|t| t.now);
    assert_eq!(table.by_name("orders2").unwrap()["MasterUserSecret"], Value::Null);
}

#[test]
fn tags_are_set_and_taken_away_by_arn() {
    let mut table = Table::new();
    for arn in ["db:orders", "cluster:shop", "snapshot:nightly", "cluster-snapshot:shop-nightly"] {
        let arn = format!("arn:aws:rds:eu-west-1:111122223333:{arn}");
        let add =
            json!({"ResourceName": arn, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
        table.call("AddTagsToResource", add).unwrap();
        table.call("RemoveTagsFromResource", json!({"ResourceName": arn, "TagKeys": ["a", "none"]})).unwrap();
        let tags =
            table.call("ListTagsForResource", json!({"ResourceName": arn})).unwrap()["TagList"].clone();
        let keys: Vec<&Value> = tags.as_array().unwrap().iter().map(|t| &t["Key"]).collect();
        assert!(keys.contains(&&json!("b")) && !keys.contains(&&json!("a")), "{arn}: {tags}");
    }
}

#[test]
fn a_protected_instance_is_not_deleted_and_another_takes_its_time() {
    let mut table = Table::new();
    let delete = json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true});
    assert_eq!(table.code("DeleteDBInstance", delete.clone()), "InvalidParameterCombination");
    table.call("ModifyDBInstance", modify(&json!({"DeletionProtection": false}))).unwrap();
    table.call("DeleteDBInstance", delete).unwrap();
    let seen = table.film(|t| t.by_name("orders").map(|d| status(&d)).unwrap_or_default());
    assert_eq!(seen, ["deleting", ""]);
}

#[test]
fn a_last_snapshot_is_made_of_an_instance_that_goes() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", modify(&json!({"DeletionProtection": false}))).unwrap();
    let delete = json!({"DBInstanceIdentifier": "orders", "FinalDBSnapshotIdentifier": "orders-last"});
    table.call("DeleteDBInstance", delete).unwrap();
    table.film(|t| t.now);
    let last = table.call("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "orders-last"})).unwrap();
    assert_eq!(status(&last["DBSnapshots"][0]), "available");
    let call = with(restore("orders"), "DBSnapshotIdentifier", json!("orders-last"));
    table.call("RestoreDBInstanceFromDBSnapshot", call).unwrap();
}
