//! What is seen of RDS at which time: calls and a clock in, documents out.

mod change;
mod cluster;
mod cluster_change;
mod fields;
mod member;
mod pitr;
mod place;
mod refused;
mod rename;
mod restore;
mod trouble;
mod write;

use serde_json::{Value, json};

use super::Rds;
use crate::ids::{At, Span};
use crate::world::{Moment, Refused, Site, World};

/// 2026-03-01T01:40:00Z, a Sunday.
const START: At = At(1_772_329_200_000);
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/shop";

/// A world with an instance `orders` and a cluster `shop` of two members, their groups and a snapshot of each.
struct Table {
    world: World,
    site: Site,
    now: At,
}

impl Table {
    fn new() -> Table {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut table = Table { world: World::new(7, START), site, now: START };
        table.with(|rds, moment| {
            groups(rds, moment);
            rds.place_instance(&orders(), moment).unwrap();
            rds.place_snapshot(
                &json!({"DBSnapshotIdentifier": "nightly", "DBInstanceIdentifier": "orders"}),
                moment,
            )
            .unwrap();
            rds.place_cluster(&shop(), moment).unwrap();
            for name in ["shop-1", "shop-2"] {
                rds.place_instance(
                    &json!({"DBInstanceIdentifier": name, "DBClusterIdentifier": "shop"}),
                    moment,
                )
                .unwrap();
            }
            let nightly =
                json!({"DBClusterSnapshotIdentifier": "shop-nightly", "DBClusterIdentifier": "shop"});
            rds.place_cluster_snapshot(&nightly, moment).unwrap();
        });
        table
    }

    fn with<T>(&mut self, change: impl FnOnce(&mut Rds, &mut Moment<'_>) -> T) -> T {
        self.world.advance(self.now);
        let site = self.site.clone();
        self.world.furnish(&site, |services, moment| change(&mut services.rds, moment))
    }

    fn rds(&self) -> &Rds {
        &self.world.site(&self.site).unwrap().rds
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, ("rds", operation), &parameters, self.now)
    }

    fn place(&mut self, kind: &str, thing: &Value) {
        self.world.place(&self.site.clone(), kind, thing).unwrap();
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

    fn cluster(&mut self, name: &str) -> Result<Value, String> {
        let answer = self.call("DescribeDBClusters", json!({"DBClusterIdentifier": name}));
        answer.map(|a| a["DBClusters"][0].clone()).map_err(|e| e.code)
    }

    fn events(&mut self, kind: &str, of: &str) -> Vec<String> {
        let call = json!({"SourceType": kind, "SourceIdentifier": of, "Duration": 20_160});
        let answer = self.call("DescribeEvents", call).unwrap();
        let messages = answer["Events"].as_array().unwrap().iter();
        messages.map(|e| e["Message"].as_str().unwrap().to_owned()).collect()
    }

    /// What `see` shows, from one thing that happens to the next, each view once, for so long.
    fn film_for<T: PartialEq>(&mut self, span: Span, mut see: impl FnMut(&mut Table) -> T) -> Vec<T> {
        let (mut seen, end) = (vec![see(self)], self.now.plus(span));
        while let Some(next) = self.world.next_at().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.world.advance(self.now);
            let now = see(self);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        self.now = end;
        seen
    }

    /// A night's work.
    fn film<T: PartialEq>(&mut self, see: impl FnMut(&mut Table) -> T) -> Vec<T> {
        self.film_for(Span::mins(120), see)
    }
}

fn groups(rds: &mut Rds, moment: &mut Moment<'_>) {
    for name in ["default", "shop-db"] {
        rds.place_subnet_group(&json!({"DBSubnetGroupName": name, "VpcId": "vpc-shop"}), moment).unwrap();
    }
    let group = json!({"DBParameterGroupName": "shop-pg16", "DBParameterGroupFamily": "postgres16"});
    rds.place_parameter_group(&group, moment).unwrap();
    let group =
        json!({"DBClusterParameterGroupName": "shop-apg16", "DBParameterGroupFamily": "aurora-postgresql16"});
    rds.place_cluster_parameter_group(&group, moment).unwrap();
    rds.security_groups = vec![
        ("sg-default".into(), "vpc-shop".into()),
        ("sg-db".into(), "vpc-shop".into()),
        ("sg-else".into(), "vpc-else".into()),
    ];
}

fn orders() -> Value {
    json!({
        "DBInstanceIdentifier": "orders", "DbiResourceId": "db-ORDERS", "DBInstanceClass": "db.r6g.large",
        "Engine": "postgres", "EngineVersion": "16.3", "DBSubnetGroup": {"DBSubnetGroupName": "shop-db"},
        "DBParameterGroups": [{"DBParameterGroupName": "shop-pg16", "ParameterApplyStatus": "in-sync"}],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db", "Status": "active"}],
        "KmsKeyId": KEY, "TagList": [{"Key": "team", "Value": "shop"}],
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    })
}

fn shop() -> Value {
    json!({
        "DBClusterIdentifier": "shop", "DbClusterResourceId": "cluster-SHOP", "Engine": "aurora-postgresql",
        "EngineVersion": "16.6", "DBSubnetGroup": "shop-db", "Port": 5433, "DBClusterParameterGroup": "shop-apg16",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db", "Status": "active"}],
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0},
        "KmsKeyId": KEY, "TagList": [{"Key": "team", "Value": "shop"}],
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    })
}

fn status(doc: &Value) -> String {
    doc["DBInstanceStatus"].as_str().or(doc["Status"].as_str()).unwrap_or("gone").to_owned()
}

fn with(mut call: Value, name: &str, value: Value) -> Value {
    call[name] = value;
    call
}

fn rename(to: &str) -> Value {
    json!({"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": to, "ApplyImmediately": true})
}

fn restore(name: &str) -> Value {
    json!({"DBInstanceIdentifier": name, "DBSnapshotIdentifier": "nightly", "DBSubnetGroupName": "shop-db"})
}

fn to_point(name: &str) -> Value {
    json!({"SourceDBInstanceIdentifier": "orders", "TargetDBInstanceIdentifier": name,
        "UseLatestRestorableTime": true, "DBSubnetGroupName": "shop-db"})
}

fn restore_shop(name: &str) -> Value {
    json!({"DBClusterIdentifier": name, "SnapshotIdentifier": "shop-nightly", "Engine": "aurora-postgresql",
        "EngineVersion": "16.6", "DBSubnetGroupName": "shop-db"})
}

fn shop_to_point(name: &str) -> Value {
    json!({"DBClusterIdentifier": name, "SourceDBClusterIdentifier": "shop", "UseLatestRestorableTime": true,
        "DBSubnetGroupName": "shop-db"})
}

fn member(name: &str, cluster: &str) -> Value {
    json!({"DBInstanceIdentifier": name, "DBClusterIdentifier": cluster, "DBInstanceClass": "db.r6g.large",
        "Engine": "aurora-postgresql"})
}
