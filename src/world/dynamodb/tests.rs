//! What is seen of `DynamoDB` at which time.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Refused, Site, World};

const START: At = At(1_772_329_200_000);

struct Desk {
    world: World,
    site: Site,
    now: At,
}

impl Desk {
    /// `orders`, a day old, with point-in-time recovery, a stream, a time to live and protection.
    fn new() -> Desk {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut world = World::new(7, START);
        let orders = json!({
            "TableName": "orders", "TableId": "id-orders",
            "CreationDateTime": At(START.0 - 86_400_000).rfc3339(), "DeletionProtectionEnabled": true,
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            "GlobalSecondaryIndexes": [{"IndexName": "by-day"}],
            "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            "tags": {"team": "shop"}, "time_to_live": "expires",
            "point_in_time_recovery": {"days": 35, "since": At(START.0 - 3_600_000).rfc3339()},
            "items": [{"id": {"S": "a"}}, {"id": {"S": "b"}}, {"id": {"S": "c"}}],
        });
        world.furnish(&site, |services, moment| services.dynamodb.place_table(&orders, moment)).unwrap();
        Desk { world, site, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, ("dynamodb", operation), &parameters, self.now)
    }

    fn code(&mut self, operation: &str, parameters: Value) -> String {
        self.call(operation, parameters).unwrap_err().code
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn place(&mut self, description: Value) -> Result<(), String> {
        let place = self.world.furnish(&self.site, |s, m| s.dynamodb.place_table(&description, m));
        place.map_err(|e| e.to_string())
    }

    fn set(&mut self, change: impl FnOnce(&mut super::DynamoDb)) {
        self.world.furnish(&self.site, |s, _| change(&mut s.dynamodb));
    }

    fn table(&mut self, name: &str) -> Value {
        self.call("DescribeTable", json!({"TableName": name})).map_or(Value::Null, |t| t["Table"].clone())
    }

    fn pass(&mut self, span: Span) -> &mut Desk {
        self.now = self.now.plus(span);
        self
    }
}

fn to_point(at: At) -> Value {
    json!({"SourceTableName": "orders", "TargetTableName": "orders2", "RestoreDateTime": at.rfc3339()})
}

#[test]
fn a_restore_takes_twenty_minutes_at_least_and_says_that_it_is_in_progress() {
    let mut desk = Desk::new();
    let at = At(START.0 - 1_800_000);
    let answer = desk.call("RestoreTableToPointInTime", to_point(at)).unwrap();
    assert_eq!(answer["TableDescription"]["RestoreSummary"]["RestoreInProgress"], true);
    desk.pass(Span::mins(19));
    assert_eq!(desk.table("orders2")["TableStatus"], "CREATING");
    desk.pass(Span::mins(41));
    let table = desk.table("orders2");
    assert_eq!(
        (&table["TableStatus"], &table["RestoreSummary"]["RestoreInProgress"]),
        (&json!("ACTIVE"), &json!(false))
    );
    assert_eq!(table["RestoreSummary"]["RestoreDateTime"], at.rfc3339());
}

#[test]
fn a_restored_table_lacks_what_does_not_come_back() {
    let mut desk = Desk::new();
    desk.call("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))).unwrap();
    desk.pass(Span::mins(60));
    let table = desk.table("orders2");
    assert_eq!(
        (&table["StreamSpecification"], &table["DeletionProtectionEnabled"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(table["GlobalSecondaryIndexes"][0]["IndexName"], "by-day");
    assert_ne!(table["TableId"], "id-orders");
    let name = json!({"TableName": "orders2"});
    let recovery = desk.call("DescribeContinuousBackups", name.clone()).unwrap();
    let recovery = &recovery["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(recovery["PointInTimeRecoveryStatus"], "DISABLED");
    let ttl = desk.call("DescribeTimeToLive", name).unwrap();
    assert_eq!(ttl["TimeToLiveDescription"]["TimeToLiveStatus"], "DISABLED");
    let tags = desk.call("ListTagsOfResource", json!({"ResourceArn": table["TableArn"]})).unwrap();
    assert_eq!(tags["Tags"], json!([]));
}

#[test]
fn the_window_runs_from_the_enabling_to_five_minutes_ago_and_starts_anew_when_switched() {
    let mut desk = Desk::new();
    assert_eq!(desk.code("RestoreTableToPointInTime", to_point(START)), "InvalidRestoreTimeException");
    assert_eq!(
        desk.code("RestoreTableToPointInTime", to_point(At(START.0 - 7_200_000))),
        "InvalidRestoreTimeException"
    );
    for on in [false, true] {
        let wanted = json!({"TableName": "orders", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": on}});
        desk.call("UpdateContinuousBackups", wanted).unwrap();
    }
    let seen = desk.call("DescribeContinuousBackups", json!({"TableName": "orders"})).unwrap();
    let seen = &seen["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(seen["EarliestRestorableDateTime"], START.rfc3339());
    assert_eq!(
        desk.code("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))),
        "InvalidRestoreTimeException"
    );
}

#[test]
fn a_moment_holds_the_writes_until_then() {
    let mut desk = Desk::new();
    let at = At(START.0 - 1_800_000);
    desk.call("RestoreTableToPointInTime", to_point(at)).unwrap();
    let tables = &desk.world.site(&desk.site).unwrap().dynamodb.tables;
    assert_eq!(tables[1].data.holds_until("orders"), Some(at));
}

#[test]
fn backups_of_one_name_are_as_many_as_calls_and_are_restored_when_available() {
    let mut desk = Desk::new();
    let create = json!({"TableName": "orders", "BackupName": "before"});
    let first = desk.call("CreateBackup", create.clone()).unwrap()["BackupDetails"]["BackupArn"].clone();
    let second = desk.call("CreateBackup", create).unwrap()["BackupDetails"]["BackupArn"].clone();
    assert_ne!(first, second);
    let list = desk.call("ListBackups", json!({"TableName": "orders"})).unwrap();
    assert_eq!(list["BackupSummaries"].as_array().unwrap().len(), 2);
    let restore = json!({"TargetTableName": "orders2", "BackupArn": first});
    assert_eq!(desk.code("RestoreTableFromBackup", restore.clone()), "BackupInUseException");
    desk.pass(Span::mins(6));
    let answer = desk.call("RestoreTableFromBackup", restore.clone()).unwrap();
    assert_eq!(answer["TableDescription"]["RestoreSummary"]["SourceBackupArn"], first);
    assert_eq!(desk.code("RestoreTableFromBackup", restore.clone()), "TableInUseException");
    desk.pass(Span::mins(60));
    assert_eq!(desk.code("RestoreTableFromBackup", restore), "TableAlreadyExistsException");
}

#[test]
fn a_deleted_table_leaves_a_backup_of_its_last_moment_where_recovery_was_on() {
    let mut desk = Desk::new();
    let name = json!({"TableName": "orders"});
    assert_eq!(desk.code("DeleteTable", name.clone()), "ValidationException", "it is protected");
    desk.call("UpdateTable", json!({"TableName": "orders", "DeletionProtectionEnabled": false})).unwrap();
    assert_eq!(desk.code("DeleteTable", name.clone()), "ResourceInUseException", "it is being updated");
    desk.pass(Span::mins(2));
    desk.call("DeleteTable", name).unwrap();
    assert_eq!(desk.table("orders")["TableStatus"], "DELETING");
    desk.pass(Span::mins(5));
    assert_eq!(desk.table("orders"), Value::Null);
    assert_eq!(desk.call("ListBackups", json!({})).unwrap()["BackupSummaries"], json!([]));
    let system = desk.call("ListBackups", json!({"BackupType": "SYSTEM"})).unwrap();
    assert_eq!(system["BackupSummaries"][0]["BackupName"], "orders$DeletedTableBackup");
    let described =
        desk.call("DescribeBackup", json!({"BackupArn": system["BackupSummaries"][0]["BackupArn"]})).unwrap();
    let features = &described["BackupDescription"]["SourceTableFeatureDetails"];
    assert_eq!(features["TimeToLiveDescription"]["AttributeName"], "expires");
}

#[test]
fn a_time_to_live_takes_its_time_and_is_not_set_twice() {
    let mut desk = Desk::new();
    let set = |on: bool| json!({"TableName": "orders", "TimeToLiveSpecification": {"Enabled": on, "AttributeName": "expires"}});
    let status = |d: &mut Desk| {
        d.call("DescribeTimeToLive", json!({"TableName": "orders"})).unwrap()["TimeToLiveDescription"]["TimeToLiveStatus"].clone()
    };
    assert_eq!(desk.code("UpdateTimeToLive", set(true)), "ValidationException");
    desk.call("UpdateTimeToLive", set(false)).unwrap();
    assert_eq!(status(&mut desk), "DISABLING");
    assert_eq!(desk.code("UpdateTimeToLive", set(true)), "ValidationException");
    desk.pass(Span::mins(61));
    assert_eq!(status(&mut desk), "DISABLED");
}

#[test]
fn a_stream_that_is_turned_on_again_is_another_one() {
    let mut desk = Desk::new();
    for on in [false, true] {
        let stream = json!({"TableName": "orders", "StreamSpecification": {"StreamEnabled": on, "StreamViewType": "NEW_IMAGE"}});
        desk.call("UpdateTable", stream).unwrap();
        desk.pass(Span::mins(2));
    }
    let arn = desk.table("orders")["LatestStreamArn"].as_str().unwrap().to_owned();
    assert!(arn.contains(":table/orders/stream/2026-"), "{arn}");
}

#[test]
fn tables_are_listed_by_name_in_pages() {
    let mut desk = Desk::new();
    for n in 0..3 {
        let mut call = to_point(At(START.0 - 1_800_000));
        call["TargetTableName"] = format!("t{n}").into();
        desk.call("RestoreTableToPointInTime", call).unwrap();
    }
    let first = desk.call("ListTables", json!({"Limit": 3})).unwrap();
    assert_eq!(first["TableNames"], json!(["orders", "t0", "t1"]));
    let rest =
        desk.call("ListTables", json!({"ExclusiveStartTableName": first["LastEvaluatedTableName"]})).unwrap();
    assert_eq!(rest, json!({"TableNames": ["t2"]}));
}

#[test]
fn a_restored_table_is_standard_and_its_indexes_and_items_are_its_own() {
    let mut desk = Desk::new();
    let without = json!({"SourceTableName": "orders", "TargetTableName": "bare", "UseLatestRestorableTime": true,
        "GlobalSecondaryIndexOverride": [], "BillingModeOverride": "PROVISIONED",
        "ProvisionedThroughputOverride": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}});
    desk.call("RestoreTableToPointInTime", without).unwrap();
    desk.call("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))).unwrap();
    desk.pass(Span::mins(60));
    let table = desk.table("orders2");
    assert_eq!(table["TableClassSummary"], json!({"TableClass": "STANDARD"}));
    let index = &table["GlobalSecondaryIndexes"][0];
    assert!(index["IndexArn"].as_str().unwrap().ends_with("table/orders2/index/by-day"), "{index}");
    assert_eq!(index["IndexStatus"], "ACTIVE");
    assert_eq!(desk.call("Scan", json!({"TableName": "orders2"})).unwrap()["Count"], 3);
    let bare = desk.table("bare");
    assert_eq!(
        (&bare["GlobalSecondaryIndexes"], &bare["BillingModeSummary"]["BillingMode"]),
        (&Value::Null, &json!("PROVISIONED"))
    );
    assert_eq!(bare["ProvisionedThroughput"]["WriteCapacityUnits"], 6);
}

#[test]
fn a_fresh_table_has_no_continuous_backups_for_a_while() {
    let mut desk = Desk::new();
    desk.call("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))).unwrap();
    desk.pass(Span::mins(51));
    assert_eq!(desk.table("orders2")["TableStatus"], "ACTIVE");
    let on = json!({"TableName": "orders2", "PointInTimeRecoverySpecification":
        {"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 7}});
    desk.place(json!({"TableName": "new", "fresh_for": "1h"})).unwrap();
    let mut other = on.clone();
    other["TableName"] = "new".into();
    assert_eq!(desk.code("UpdateContinuousBackups", other), "ContinuousBackupsUnavailableException");
    let backup = json!({"TableName": "new", "BackupName": "first"});
    assert_eq!(desk.code("CreateBackup", backup), "ContinuousBackupsUnavailableException");
    desk.pass(Span::mins(60));
    let answer = desk.call("UpdateContinuousBackups", on).unwrap();
    let recovery = &answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(
        (&recovery["PointInTimeRecoveryStatus"], &recovery["RecoveryPeriodInDays"]),
        (&json!("ENABLED"), &json!(7))
    );
}

#[test]
fn a_window_reaches_back_as_many_days_as_were_set() {
    let mut desk = Desk::new();
    desk.place(json!({"TableName": "week", "point_in_time_recovery": 7})).unwrap();
    let seen = desk.call("DescribeContinuousBackups", json!({"TableName": "week"})).unwrap();
    let seen = &seen["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(seen["EarliestRestorableDateTime"], At(START.0 - 7 * 86_400_000).rfc3339());
    assert_eq!(seen["LatestRestorableDateTime"], At(START.0 - 300_000).rfc3339());
    for days in [0, 36] {
        let call = json!({"TableName": "week", "PointInTimeRecoverySpecification":
            {"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": days}});
        assert_eq!(desk.code("UpdateContinuousBackups", call), "ValidationException");
    }
}

#[test]
fn too_many_restores_at_a_time_are_refused_until_one_is_done() {
    let mut desk = Desk::new();
    desk.set(|db| db.restores_at_a_time = 2);
    let start = |d: &mut Desk, n: u64| {
        let mut call = to_point(At(START.0 - 1_800_000));
        call["TargetTableName"] = format!("t{n}").into();
        d.call("RestoreTableToPointInTime", call).map(drop).map_err(|e| e.code)
    };
    assert_eq!((start(&mut desk, 0), start(&mut desk, 1)), (Ok(()), Ok(())));
    assert_eq!(start(&mut desk, 2), Err("LimitExceededException".into()));
    desk.pass(Span::mins(60));
    assert_eq!(start(&mut desk, 2), Ok(()));
}

#[test]
fn a_window_that_is_missed_is_told_with_its_bounds() {
    let mut desk = Desk::new();
    let refused = desk.call("RestoreTableToPointInTime", to_point(START)).unwrap_err();
    for bound in [At(START.0 - 3_600_000), At(START.0 - 300_000)] {
        assert!(refused.message.contains(&bound.rfc3339()), "{refused}");
    }
}

#[test]
fn capacity_changes_when_the_update_is_done_and_equal_capacity_is_refused() {
    let mut desk = Desk::new();
    desk.place(json!({"TableName": "busy", "ProvisionedThroughput": {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}}))
        .unwrap();
    let set = |reads: u64| {
        json!({"TableName": "busy", "ProvisionedThroughput":
        {"ReadCapacityUnits": reads, "WriteCapacityUnits": 10}})
    };
    assert_eq!(desk.code("UpdateTable", set(10)), "ValidationException");
    desk.call("UpdateTable", set(20)).unwrap();
    assert_eq!(desk.code("UpdateTable", set(30)), "ResourceInUseException");
    assert_eq!(desk.table("busy")["ProvisionedThroughput"]["ReadCapacityUnits"], 10);
    desk.pass(Span::mins(2));
    let throughput = desk.table("busy")["ProvisionedThroughput"].clone();
    assert_eq!(throughput["ReadCapacityUnits"], 20);
    assert!(throughput["LastIncreaseDateTime"].is_string(), "{throughput}");
    for reads in [19, 18, 17, 16] {
        desk.call("UpdateTable", set(reads)).unwrap();
        desk.pass(Span::mins(2));
    }
    assert_eq!(desk.table("busy")["ProvisionedThroughput"]["NumberOfDecreasesToday"], 4);
    assert_eq!(desk.code("UpdateTable", set(15)), "LimitExceededException");
    desk.pass(Span::mins(61));
    desk.call("UpdateTable", set(15)).unwrap();
}

#[test]
fn an_index_is_made_and_deleted_one_at_a_time() {
    let mut desk = Desk::new();
    let create = |name: &str| {
        json!({"Create": {"IndexName": name, "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"}}})
    };
    let update = |changes: &[Value]| json!({"TableName": "orders", "GlobalSecondaryIndexUpdates": changes});
    assert_eq!(desk.code("UpdateTable", update(&[create("x"), create("y")])), "LimitExceededException");
    assert_eq!(desk.code("UpdateTable", update(&[create("by-day")])), "ValidationException");
    desk.call("UpdateTable", update(&[create("x")])).unwrap();
    let made = desk.table("orders")["GlobalSecondaryIndexes"][1].clone();
    assert_eq!((&made["IndexStatus"], &made["Backfilling"]), (&json!("CREATING"), &json!(true)));
    desk.pass(Span::mins(11));
    assert_eq!(desk.table("orders")["GlobalSecondaryIndexes"][1]["IndexStatus"], "ACTIVE");
    desk.call("UpdateTable", update(&[json!({"Delete": {"IndexName": "x"}})])).unwrap();
    desk.pass(Span::mins(11));
    assert_eq!(desk.table("orders")["GlobalSecondaryIndexes"].as_array().unwrap().len(), 1);
}

#[test]
fn the_backup_of_a_deleted_table_is_kept_for_35_days() {
    let mut desk = Desk::new();
    desk.place(json!({"TableName": "old", "point_in_time_recovery": true})).unwrap();
    desk.call("DeleteTable", json!({"TableName": "old"})).unwrap();
    let listed = |d: &mut Desk| {
        let rows = d.call("ListBackups", json!({"BackupType": "SYSTEM"})).unwrap();
        rows["BackupSummaries"].as_array().unwrap().len()
    };
    desk.pass(Span::mins(10));
    assert_eq!(listed(&mut desk), 1);
    desk.pass(Span::mins(35 * 24 * 60));
    assert_eq!(listed(&mut desk), 0);
}

#[test]
fn backups_and_items_come_in_pages() {
    let mut desk = Desk::new();
    for n in 0..3 {
        desk.call("CreateBackup", json!({"TableName": "orders", "BackupName": format!("b{n}")})).unwrap();
    }
    let first = desk.call("ListBackups", json!({"Limit": 2})).unwrap();
    assert_eq!(first["BackupSummaries"].as_array().unwrap().len(), 2);
    let rest = desk
        .call("ListBackups", json!({"ExclusiveStartBackupArn": first["LastEvaluatedBackupArn"]}))
        .unwrap();
    assert_eq!(
        (&rest["BackupSummaries"][0]["BackupName"], &rest["LastEvaluatedBackupArn"]),
        (&json!("b2"), &Value::Null)
    );
    let page = desk.call("Scan", json!({"TableName": "orders", "Limit": 2})).unwrap();
    assert_eq!((&page["Count"], &page["LastEvaluatedKey"]), (&json!(2), &json!({"id": {"S": "b"}})));
    let rest = desk
        .call("Scan", json!({"TableName": "orders", "ExclusiveStartKey": page["LastEvaluatedKey"]}))
        .unwrap();
    assert_eq!((&rest["Items"], &rest["LastEvaluatedKey"]), (&json!([{"id": {"S": "c"}}]), &Value::Null));
}

#[test]
fn what_stands_beside_a_table_is_told() {
    let mut desk = Desk::new();
    let arn = desk.table("orders")["TableArn"].clone();
    assert_eq!(desk.code("GetResourcePolicy", json!({"ResourceArn": arn})), "PolicyNotFoundException");
    desk.place(json!({"TableName": "wide", "resource_policy": {"Version": "2012-10-17"},
        "contributor_insights": {"ContributorInsightsStatus": "ENABLED"},
        "kinesis_destinations": [{"StreamArn": "arn:stream", "DestinationStatus": "ACTIVE"}]}))
        .unwrap();
    let arn = desk.table("wide")["TableArn"].clone();
    let policy = desk.call("GetResourcePolicy", json!({"ResourceArn": arn})).unwrap();
    assert_eq!(policy["Policy"], r#"{"Version":"2012-10-17"}"#);
    let name = json!({"TableName": "wide"});
    let insights = desk.call("DescribeContributorInsights", name.clone()).unwrap();
    assert_eq!(insights["ContributorInsightsStatus"], "ENABLED");
    let streams = desk.call("DescribeKinesisStreamingDestination", name).unwrap();
    assert_eq!(streams["KinesisDataStreamDestinations"][0]["DestinationStatus"], "ACTIVE");
}

#[test]
fn a_table_is_written_by_its_name_while_it_takes_writes() {
    let mut desk = Desk::new();
    let later = START.plus(Span::mins(5));
    desk.set(|db| {
        assert!(db.write("orders", later));
        assert!(!db.write("nosuch", later));
    });
    desk.call("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))).unwrap();
    desk.set(|db| assert!(!db.write("orders2", later), "it is being restored"));
    let tables = &desk.world.site(&desk.site).unwrap().dynamodb;
    assert_eq!(tables.named("orders").unwrap().data.holds_until("orders"), Some(later));
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    let mut desk = Desk::new();
    desk.call("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000))).unwrap();
    desk.place(json!({"TableName": "plain"})).unwrap();
    let arn = desk.table("orders2")["TableArn"].clone();
    let nosuch = json!({"TableName": "nosuch"});
    for (operation, parameters, code) in [
        ("DescribeTable", nosuch.clone(), "ResourceNotFoundException"),
        ("DescribeContinuousBackups", nosuch.clone(), "TableNotFoundException"),
        ("DescribeTimeToLive", nosuch.clone(), "ResourceNotFoundException"),
        ("Scan", nosuch, "ResourceNotFoundException"),
        ("Scan", json!({"TableName": "orders", "FilterExpression": "a = b"}), "ValidationException"),
        ("CreateBackup", json!({"TableName": "nosuch", "BackupName": "b"}), "TableNotFoundException"),
        ("CreateBackup", json!({"TableName": "orders2", "BackupName": "b"}), "TableInUseException"),
        ("DescribeBackup", json!({"BackupArn": "arn:none"}), "BackupNotFoundException"),
        (
            "RestoreTableFromBackup",
            json!({"BackupArn": "arn:none", "TargetTableName": "t"}),
            "BackupNotFoundException",
        ),
        ("RestoreTableToPointInTime", to_point(At(START.0 - 1_800_000)), "TableInUseException"),
        (
            "RestoreTableToPointInTime",
            json!({"SourceTableName": "orders", "TargetTableName": "plain",
            "UseLatestRestorableTime": true}),
            "TableAlreadyExistsException",
        ),
        (
            "RestoreTableToPointInTime",
            json!({"SourceTableName": "nosuch", "TargetTableName": "t",
            "UseLatestRestorableTime": true}),
            "TableNotFoundException",
        ),
        (
            "RestoreTableToPointInTime",
            json!({"SourceTableName": "plain", "TargetTableName": "t",
            "UseLatestRestorableTime": true}),
            "PointInTimeRecoveryUnavailableException",
        ),
        (
            "RestoreTableToPointInTime",
            json!({"SourceTableName": "orders", "TargetTableName": "t"}),
            "ValidationException",
        ),
        ("TagResource", json!({"ResourceArn": arn, "Tags": []}), "ResourceInUseException"),
        ("UpdateTable", json!({"TableName": "orders"}), "ValidationException"),
        (
            "UpdateTable",
            json!({"TableName": "orders", "StreamSpecification": {"StreamEnabled": true}}),
            "ValidationException",
        ),
        ("DeleteTable", json!({"TableName": "orders2"}), "ResourceInUseException"),
        ("ListTables", json!({"Limit": 0}), "ValidationException"),
    ] {
        assert_eq!(desk.code(operation, parameters.clone()), code, "{operation} {parameters}");
    }
}

#[test]
fn a_description_of_a_table_is_judged() {
    let mut desk = Desk::new();
    for (description, said) in [
        (json!({"TableName": "orders"}), "table orders: is there already"),
        (
            json!({"TableName": "t", "time_to_life": "x"}),
            "table t: unknown member `time_to_life` (did you mean `time_to_live`?)",
        ),
        (
            json!({"TableName": "t", "point_in_time_recovery": 36}),
            "table t: `point_in_time_recovery` is 1 to 35 days",
        ),
        (json!({"TableName": "t", "TableStatus": 1}), "table t: `TableStatus` cannot be 1: it is text"),
    ] {
        assert_eq!(desk.place(description).unwrap_err(), said);
    }
}

#[test]
fn a_backup_of_the_past_holds_the_table_of_then() {
    let mut desk = Desk::new();
    let then = At(START.0 - 1_800_000);
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/backup/01772327400000-5f2b1c3d";
    let mut place = |doc: Value| desk.world.place(&desk.site, "dynamodb.backup", &doc);
    place(json!({"TableName": "orders", "BackupName": "nightly", "BackupArn": arn,
        "BackupCreationDateTime": then.rfc3339()}))
    .unwrap();
    assert!(place(json!({"TableName": "none", "BackupName": "x"})).unwrap_err().contains("no table none"));
    assert!(place(json!({"TableName": "orders"})).unwrap_err().contains("BackupName"));
    let rows = desk.call("ListBackups", json!({"TableName": "orders"})).unwrap()["BackupSummaries"].clone();
    let row = &rows[0];
    assert_eq!((row["BackupStatus"].as_str(), row["BackupArn"].as_str()), (Some("AVAILABLE"), Some(arn)));
    desk.call("RestoreTableFromBackup", json!({"TargetTableName": "copy", "BackupArn": arn})).unwrap();
    let view = desk.world.view(&desk.site);
    let tables = &view["dynamodb"]["tables"];
    assert_eq!(tables[1]["data"]["orders"], then.rfc3339());
    assert_eq!(
        ["recovery_days", "time_to_live", "tags"].map(|beside| tables[0][beside].clone()),
        [json!(35), json!("expires"), json!([{"Key": "team", "Value": "shop"}])]
    );
    assert_eq!(
        ["recovery_days", "time_to_live"].map(|beside| tables[1][beside].clone()),
        [json!(null), json!(null)]
    );
}

#[test]
fn a_scenario_may_let_few_tables_be_made_at_a_time() {
    let mut desk = Desk::new();
    desk.world.place(&desk.site, "dynamodb.limits", &json!({"restores_at_a_time": 1})).unwrap();
    let restore = |name: &str| json!({"SourceTableName": "orders", "TargetTableName": name, "UseLatestRestorableTime": true});
    desk.call("RestoreTableToPointInTime", restore("one")).unwrap();
    assert_eq!(desk.code("RestoreTableToPointInTime", restore("two")), "LimitExceededException");
    desk.pass(Span::mins(60));
    desk.call("RestoreTableToPointInTime", restore("two")).unwrap();
}
