//! What is seen of RDS at which time: calls and a clock in, documents out.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Data, Refused, Site, World};

use super::Instance;

const START: At = At(1_772_329_200_000);

/// A world with `orders`, its groups and a finished snapshot of it.
struct Table {
    world: World,
    site: Site,
    now: At,
}

impl Table {
    fn new() -> Table {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut world = World::new(7, START);
        world.furnish(&site, |services, moment| {
            let rds = &mut services.rds;
            let group = json!({"DBSubnetGroupName": "shop-db", "VpcId": "vpc-shop", "SubnetGroupStatus": "Complete"});
            rds.subnet_groups = vec![json!({"DBSubnetGroupName": "default", "VpcId": "vpc-shop"}), group.clone()];
            rds.parameter_groups = vec![json!({"DBParameterGroupName": "shop-pg16"})];
            rds.security_groups = vec![
                ("sg-default".into(), "vpc-shop".into()),
                ("sg-db".into(), "vpc-shop".into()),
                ("sg-else".into(), "vpc-else".into()),
            ];
            let doc = json!({
                "DBInstanceIdentifier": "orders", "DbiResourceId": "db-ORDERS", "DBInstanceStatus": "available",
                "DBInstanceArn": "arn:aws:rds:eu-west-1:111122223333:db:orders", "DBInstanceClass": "db.r6g.large",
                "Engine": "postgres", "EngineVersion": "16.3", "AllocatedStorage": 100, "StorageType": "gp3",
                "BackupRetentionPeriod": 14, "MultiAZ": true, "DeletionProtection": true, "DBSubnetGroup": group,
                "DBParameterGroups": [{"DBParameterGroupName": "shop-pg16", "ParameterApplyStatus": "in-sync"}],
                "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db", "Status": "active"}],
                "OptionGroupMemberships": [{"OptionGroupName": "default:postgres-16", "Status": "in-sync"}],
                "PendingModifiedValues": {}, "TagList": [{"Key": "team", "Value": "shop"}],
            });
            let doc = doc.as_object().cloned().unwrap();
            rds.instances.push(Instance { doc, data: Data::original("orders", START), nameless: false });
            let snapshot = rds.snapshot_of(0, "nightly", "automated", moment);
            rds.snapshots.push(snapshot);
        });
        Table { world, site, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, ("rds", operation), &parameters, self.now)
    }

    fn pass(&mut self, span: Span) -> &mut Table {
        self.now = self.now.plus(span);
        self
    }

    fn code(&mut self, operation: &str, parameters: Value) -> String {
        self.call(operation, parameters).unwrap_err().code
    }

    fn by_name(&mut self, name: &str) -> Result<Value, String> {
        let answer = self.call("DescribeDBInstances", json!({"DBInstanceIdentifier": name}));
        answer.map(|a| a["DBInstances"][0].clone()).map_err(|e| e.code)
    }

    fn by_resource(&mut self, id: &str) -> Value {
        let filters = json!({"Filters": [{"Name": "dbi-resource-id", "Values": [id]}]});
        self.call("DescribeDBInstances", filters).unwrap()["DBInstances"][0].clone()
    }

    /// What `see` shows, second by second, each thing once, until nothing is due any more.
    fn film<T: PartialEq>(&mut self, mut see: impl FnMut(&mut Table) -> T) -> Vec<T> {
        let mut seen = vec![see(self)];
        while self.world.next_at().is_some() {
            self.pass(Span::secs(1));
            self.world.advance(self.now);
            let now = see(self);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        seen
    }
}

fn status(doc: &Value) -> String {
    doc["DBInstanceStatus"].as_str().unwrap_or("gone").to_owned()
}

fn rename(to: &str) -> Value {
    json!({"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": to, "ApplyImmediately": true})
}

fn restore(name: &str) -> Value {
    json!({"DBInstanceIdentifier": name, "DBSnapshotIdentifier": "nightly", "DBSubnetGroupName": "shop-db"})
}

#[test]
fn a_rename_holds_the_old_name_then_shows_none_then_the_new_one() {
    let mut table = Table::new();
    let answer = table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    assert_eq!(answer["DBInstance"]["DBInstanceIdentifier"], "orders");
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"]["DBInstanceIdentifier"], "orders-parked");
    assert_eq!(status(&answer["DBInstance"]), "available", "as it is for a moment after the call");
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("orders")), "DBInstanceAlreadyExists");
    let seen = table.film(|t| (t.by_name("orders").is_ok(), t.by_name("orders-parked").is_ok()));
    assert_eq!(seen, [(true, false), (false, false), (false, true)]);
    let parked = table.by_resource("db-ORDERS");
    assert_eq!(parked["DBInstanceIdentifier"], "orders-parked");
    assert_eq!(parked["PendingModifiedValues"], json!({}));
    assert!(parked["Endpoint"]["Address"].as_str().unwrap().starts_with("orders-parked."));
}

#[test]
fn a_rename_is_followed_by_its_resource_id_all_the_way() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    let seen = table.film(|t| status(&t.by_resource("db-ORDERS")));
    assert_eq!(seen, ["available", "renaming", "rebooting", "available"]);
}

#[test]
fn a_rename_applies_everything_else_that_waits() {
    let mut table = Table::new();
    let upgrade = json!({"DBInstanceIdentifier": "orders", "EngineVersion": "17.1"});
    table.call("ModifyDBInstance", upgrade).unwrap();
    assert_eq!(table.by_name("orders").unwrap()["EngineVersion"], "16.3", "it waits for the window");
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    let seen = table.film(|t| status(&t.by_resource("db-ORDERS")));
    assert!(seen.contains(&"upgrading".to_owned()), "{seen:?}");
    assert_eq!(table.by_resource("db-ORDERS")["EngineVersion"], "17.1");
}

#[test]
fn a_name_that_is_taken_is_refused_and_destroys_nothing() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("other")).unwrap();
    assert_eq!(table.code("ModifyDBInstance", rename("other")), "DBInstanceAlreadyExists");
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("OTHER")), "DBInstanceAlreadyExists");
}

#[test]
fn a_restore_is_created_backed_up_and_available_with_an_identity_of_its_own() {
    let mut table = Table::new();
    let answer = table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    assert_eq!(answer["DBInstance"]["Endpoint"], Value::Null);
    let seen = table.film(|t| status(&t.by_name("orders2").unwrap()));
    assert_eq!(seen[..3], ["creating", "backing-up", "available"]);
    assert_ne!(answer["DBInstance"]["DbiResourceId"], "db-ORDERS");
}

#[test]
fn a_restore_leaves_behind_what_the_call_does_not_name() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    table.film(|t| t.now);
    let db = table.by_name("orders2").unwrap();
    assert_eq!((&db["MultiAZ"], &db["DeletionProtection"]), (&json!(false), &json!(false)));
    assert_eq!(db["VpcSecurityGroups"][0]["VpcSecurityGroupId"], "sg-default");
    assert_eq!(db["DBParameterGroups"][0]["DBParameterGroupName"], "default.postgres16");
    assert_eq!((&db["DBInstanceClass"], &db["AllocatedStorage"]), (&json!("db.r6g.large"), &json!(100)));
    assert_eq!(db["TagList"][0]["Value"], "shop");
}

#[test]
fn what_a_restore_names_must_be_there() {
    let mut table = Table::new();
    let with = |name: &str, value: Value| {
        let mut call = restore("orders2");
        call[name] = value;
        call
    };
    let cases = [
        (with("DBSnapshotIdentifier", json!("none")), "DBSnapshotNotFound"),
        (with("DBSubnetGroupName", json!("none")), "DBSubnetGroupNotFoundFault"),
        (with("DBParameterGroupName", json!("none")), "DBParameterGroupNotFound"),
        (with("VpcSecurityGroupIds", json!(["sg-none"])), "InvalidParameterValue"),
        (with("VpcSecurityGroupIds", json!(["sg-else"])), "InvalidParameterCombination"),
    ];
    for (call, code) in cases {
        assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", call), code);
    }
    assert_eq!(table.by_name("orders2").unwrap_err(), "DBInstanceNotFound");
}

#[test]
fn quotas_count_the_parked_instance_too() {
    let mut table = Table::new();
    let site = table.site.clone();
    table.world.furnish(&site, |services, _| services.rds.quotas.instances = 1);
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("orders2")), "InstanceQuotaExceeded");
    table.world.furnish(&site, |services, _| {
        services.rds.quotas = super::Quotas { instances: 2, storage: 150, manual_snapshots: 1 }
    });
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("orders2")), "StorageQuotaExceeded");
}

#[test]
fn a_snapshot_is_restored_only_when_it_is_available() {
    let mut table = Table::new();
    let create = json!({"DBSnapshotIdentifier": "before", "DBInstanceIdentifier": "orders"});
    table.call("CreateDBSnapshot", create.clone()).unwrap();
    assert_eq!(table.code("CreateDBSnapshot", create), "DBSnapshotAlreadyExists");
    let mut call = restore("orders2");
    call["DBSnapshotIdentifier"] = json!("before");
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", call.clone()), "InvalidDBSnapshotState");
    let seen = table.film(|t| {
        let one = t.call("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "before"})).unwrap();
        one["DBSnapshots"][0]["PercentProgress"].as_u64()
    });
    assert_eq!(seen, [Some(0), Some(10), Some(45), Some(80), Some(100)]);
    table.call("RestoreDBInstanceFromDBSnapshot", call).unwrap();
}

#[test]
fn a_parameter_group_that_is_changed_is_live_after_a_reboot() {
    let mut table = Table::new();
    let change = json!({"DBInstanceIdentifier": "orders", "DBParameterGroupName": "shop-pg16", "ApplyImmediately": true});
    table.call("ModifyDBInstance", change).unwrap();
    let apply =
        |t: &mut Table| t.by_name("orders").unwrap()["DBParameterGroups"][0]["ParameterApplyStatus"].clone();
    assert_eq!(apply(&mut table), "pending-reboot");
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "orders"})).unwrap();
    assert_eq!(
        table.code("RebootDBInstance", json!({"DBInstanceIdentifier": "orders"})),
        "InvalidDBInstanceState"
    );
    table.film(|t| t.now);
    assert_eq!(apply(&mut table), "in-sync");
}

#[test]
fn a_protected_instance_is_not_deleted_and_another_takes_its_time() {
    let mut table = Table::new();
    let delete = json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true});
    assert_eq!(table.code("DeleteDBInstance", delete.clone()), "InvalidParameterCombination");
    let lift = json!({"DBInstanceIdentifier": "orders", "DeletionProtection": false});
    table.call("ModifyDBInstance", lift).unwrap();
    table.call("DeleteDBInstance", delete).unwrap();
    let seen = table.film(|t| t.by_name("orders").map(|d| status(&d)).unwrap_or_default());
    assert_eq!(seen, ["deleting", ""]);
}

#[test]
fn lists_come_in_pages_of_twenty_to_a_hundred() {
    let mut table = Table::new();
    for n in 0..24 {
        table.call("RestoreDBInstanceFromDBSnapshot", restore(&format!("db-{n}"))).unwrap();
    }
    assert_eq!(table.code("DescribeDBInstances", json!({"MaxRecords": 5})), "InvalidParameterValue");
    let first = table.call("DescribeDBInstances", json!({"MaxRecords": 20})).unwrap();
    assert_eq!(first["DBInstances"].as_array().unwrap().len(), 20);
    let rest =
        table.call("DescribeDBInstances", json!({"MaxRecords": 20, "Marker": first["Marker"]})).unwrap();
    assert_eq!((rest["DBInstances"].as_array().unwrap().len(), &rest["Marker"]), (5, &Value::Null));
}

#[test]
fn the_same_calls_at_the_same_times_give_the_same_world() {
    let live = || {
        let mut table = Table::new();
        table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
        table.pass(Span::mins(20));
        table.call("RestoreDBInstanceFromDBSnapshot", restore("orders")).unwrap();
        table.film(|t| t.call("DescribeDBInstances", json!({})).unwrap().to_string())
    };
    assert_eq!(live(), live());
}

#[test]
fn a_restored_store_holds_the_writes_until_its_snapshot_and_no_later_one() {
    let mut table = Table::new();
    let site = table.site.clone();
    let later = START.plus(Span::mins(30));
    table.world.furnish(&site, |services, _| services.rds.instances[0].data.write("orders", later));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders2")).unwrap();
    let rds = &table.world.site(&site).unwrap().rds;
    assert_eq!(rds.instances[1].data.holds_until("orders"), Some(START));
    assert_eq!(rds.instances[0].data.holds_until("orders"), Some(later));
}
