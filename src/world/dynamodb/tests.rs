//! What is seen of `DynamoDB` at which time.

use serde_json::{Map, Value, json};

use crate::ids::{At, Span};
use crate::world::{Data, Refused, Site, World};

use super::Table;

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
        world.furnish(&site, |services, _| {
            let doc = json!({
                "TableName": "orders", "TableId": "id-orders", "TableStatus": "ACTIVE",
                "TableArn": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
                "CreationDateTime": At(START.0 - 86_400_000).rfc3339(), "ItemCount": 1000, "TableSizeBytes": 5000,
                "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "DeletionProtectionEnabled": true,
                "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                "LatestStreamArn": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/old",
                "GlobalSecondaryIndexes": [{"IndexName": "by-day"}],
            });
            services.dynamodb.tables.push(Table {
                doc: doc.as_object().cloned().unwrap_or_else(Map::new),
                data: Data::original("orders", START),
                tags: vec![json!({"Key": "team", "Value": "shop"})],
                recovery: Some(super::table::Recovery { since: At(START.0 - 3_600_000), days: 35 }),
                time_to_live: Some(("expires".into(), true)),
                switching: false,
            });
        });
        Desk { world, site, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, ("dynamodb", operation), &parameters, self.now)
    }

    fn code(&mut self, operation: &str, parameters: Value) -> String {
        self.call(operation, parameters).unwrap_err().code
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
