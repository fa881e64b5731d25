//! A starting world of plain descriptions: what is given stands, the rest is filled in as a well-kept
//! production has it, and what the API does not know is refused by name.
//!
//! Order: groups first, then clusters, then instances (members of a cluster name it), then snapshots (of a store
//! that is there, or of one that is gone).

use serde_json::{Map, Value, json};

use super::fits::{Unfit, fits};
use super::{
    Cluster, Instance, Rds, Snapshot, bare, cluster, engine, instance, members, number, of, snapshot,
};
use crate::ids::{At, Span};
use crate::world::{Data, Moment};

/// How old a store is whose description does not say it.
const AGE: Span = Span::mins(400 * 24 * 60);

impl Rds {
    /// An instance, available and in use, as `DescribeDBInstances` shows it. With `DBClusterIdentifier` it is a
    /// member of that cluster; the first one is its writer.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind; a name that is taken; a cluster that is not there.
    pub fn place_instance(&mut self, doc: &Value, moment: &mut Moment<'_>) -> Result<(), Unfit> {
        fits("DBInstance", doc)?;
        let id = name_of(doc, "DBInstanceIdentifier")?;
        if self.instances.iter().any(|i| i.id() == id) {
            return Err(Unfit::new("DBInstanceIdentifier", format!("{id} is there already")));
        }
        let mut instance = match doc["DBClusterIdentifier"].as_str() {
            Some(cluster) => self.placed_member(&id, cluster, doc, moment)?,
            None => self.placed_instance(&id, doc, moment),
        };
        let status = of(&instance.doc, "DBInstanceStatus").to_owned();
        instance.move_to(&status, moment);
        let kept = number(&instance.doc, "BackupRetentionPeriod") > 0;
        instance.backed_up = Some(time(&instance.doc, "InstanceCreateTime", moment.now)).filter(|_| kept);
        let resource = instance.resource().to_owned();
        let cluster = instance.cluster().map(str::to_owned);
        self.instances.push(instance);
        if let Some(at) = cluster.and_then(|name| self.named_cluster(&name).ok()) {
            self.clusters[at].admit(&resource);
        }
        self.expect_window(self.instances.len() - 1, moment);
        Ok(())
    }

    fn placed_instance(&mut self, id: &str, doc: &Value, moment: &Moment<'_>) -> Instance {
        let group = self.group_in(&doc["DBSubnetGroup"]);
        let resource = self.given_id(doc, "DbiResourceId", "db", moment);
        let mut whole = instance::base(id, &resource, group.clone(), moment);
        whole.extend(instance::populated(doc["Engine"].as_str().unwrap_or("postgres"), moment));
        whole.insert("VpcSecurityGroups".into(), self.default_security_group(&group["VpcId"]));
        used(&mut whole, "DBInstanceStatus", "InstanceCreateTime", moment.now);
        whole.extend(without(doc, &["DBInstanceIdentifier", "DBSubnetGroup"]));
        instance::settle(&mut whole, moment);
        Instance::new(whole, Data::original(id, moment.now))
    }

    fn placed_member(
        &mut self,
        id: &str,
        cluster: &str,
        doc: &Value,
        moment: &Moment<'_>,
    ) -> Result<Instance, Unfit> {
        let missing = |what: String| Unfit::new("DBClusterIdentifier", what);
        let at =
            self.named_cluster(cluster).map_err(|_| missing(format!("there is no cluster {cluster}")))?;
        let made = self.member_doc(at, id, &Value::Null, moment);
        let mut whole = made.map_err(|refused| missing(refused.message))?;
        if self.clusters[at].doc.contains_key("ServerlessV2ScalingConfiguration") {
            whole.insert("DBInstanceClass".into(), "db.serverless".into());
        }
        for name in ["PerformanceInsightsEnabled", "MonitoringInterval", "MonitoringRoleArn", "TagList"] {
            if let Some(value) = self.clusters[at].doc.get(name) {
                whole.insert(name.to_owned(), value.clone());
            }
        }
        used(&mut whole, "DBInstanceStatus", "InstanceCreateTime", moment.now);
        whole.extend(without(doc, &["DBInstanceIdentifier", "DBClusterIdentifier", "DBSubnetGroup"]));
        instance::settle(&mut whole, moment);
        Ok(Instance::new(whole, Data::default()))
    }

    /// A cluster, available and in use, as `DescribeDBClusters` shows it; its members are placed after it.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind; a name that is taken; members given here.
    pub fn place_cluster(&mut self, doc: &Value, moment: &mut Moment<'_>) -> Result<(), Unfit> {
        fits("DBCluster", doc)?;
        let id = name_of(doc, "DBClusterIdentifier")?;
        if self.clusters.iter().any(|c| c.id() == id) {
            return Err(Unfit::new("DBClusterIdentifier", format!("{id} is there already")));
        }
        if !doc["DBClusterMembers"].is_null() {
            return Err(Unfit::new("DBClusterMembers", "follows from the instances that name the cluster"));
        }
        let group = doc["DBSubnetGroup"].as_str().unwrap_or("default");
        let vpc = self.group_in(&json!({ "DBSubnetGroupName": group }))["VpcId"].clone();
        let resource = self.given_id(doc, "DbClusterResourceId", "cluster", moment);
        let mut whole = cluster::base(&id, &resource, group, moment);
        whole.extend(cluster::populated(doc["Engine"].as_str().unwrap_or("aurora-postgresql"), moment));
        whole.insert("VpcSecurityGroups".into(), self.default_security_group(&vpc));
        used(&mut whole, "Status", "ClusterCreateTime", moment.now);
        whole.extend(without(doc, &["DBClusterIdentifier"]));
        cluster::settle(&mut whole, moment);
        let created = time(&whole, "ClusterCreateTime", moment.now);
        let mut cluster = Cluster::new(whole, Data::original(&id, moment.now));
        cluster.backed_up = Some(created);
        self.clusters.push(cluster);
        Ok(())
    }

    /// A finished snapshot of an instance: of one that is placed, by `DBInstanceIdentifier` or `DbiResourceId`, or
    /// of one that is gone, from what the description says alone.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind; a name that is taken.
    pub fn place_snapshot(&mut self, doc: &Value, moment: &mut Moment<'_>) -> Result<(), Unfit> {
        fits("DBSnapshot", doc)?;
        let id = name_of(doc, "DBSnapshotIdentifier")?;
        if self.snapshots.iter().any(|s| of(&s.doc, "DBSnapshotIdentifier") == id) {
            return Err(Unfit::new("DBSnapshotIdentifier", format!("{id} is there already")));
        }
        let taken = doc["SnapshotCreateTime"].as_str().and_then(At::parse).unwrap_or(moment.now);
        let by = |i: &Instance| {
            same(doc, "DbiResourceId", i.resource()) || same(doc, "DBInstanceIdentifier", i.id())
        };
        let (source, data) = match self.instances.iter().find(|i| by(i)) {
            Some(there) => (there.doc.clone(), there.data.as_of(taken)),
            None => self.gone_instance(doc, taken, moment),
        };
        let mut whole = snapshot::document(&source, &id, "manual", moment);
        whole.insert(
            "FullSnapshotSizeInBytes".into(),
            (number(&whole, "AllocatedStorage") * 644_245_094).into(),
        );
        dated(
            &mut whole,
            taken,
            &["SnapshotCreateTime", "OriginalSnapshotCreateTime", "SnapshotDatabaseTime"],
        );
        whole.extend(without(doc, &["DBSnapshotIdentifier"]));
        kind(&mut whole, doc, &id);
        self.snapshots.push(Snapshot { doc: whole, data, source });
        Ok(())
    }

    fn gone_instance(&mut self, doc: &Value, taken: At, moment: &Moment<'_>) -> (Map<String, Value>, Data) {
        let name = doc["DBInstanceIdentifier"].as_str().unwrap_or("deleted").to_owned();
        let shown = [
            "Engine",
            "EngineVersion",
            "AllocatedStorage",
            "KmsKeyId",
            "MasterUsername",
            "DbiResourceId",
            "LicenseModel",
        ];
        let mut like = members([("DBInstanceIdentifier", name.as_str().into())]);
        like.extend(shown.iter().filter_map(|n| doc.get(*n).map(|v| ((*n).to_owned(), v.clone()))));
        if let Some(port) = doc.get("Port") {
            like.insert("DbInstancePort".into(), port.clone());
        }
        let instance = self.placed_instance(&name, &Value::Object(like), moment);
        (instance.doc, Data::original(&name, taken).as_of(taken))
    }

    /// A finished snapshot of a cluster: of one that is placed, by `DBClusterIdentifier` or `DbClusterResourceId`.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind; a name that is taken; a cluster that is not there.
    pub fn place_cluster_snapshot(&mut self, doc: &Value, moment: &mut Moment<'_>) -> Result<(), Unfit> {
        fits("DBClusterSnapshot", doc)?;
        let id = name_of(doc, "DBClusterSnapshotIdentifier")?;
        if self.cluster_snapshots.iter().any(|s| of(&s.doc, "DBClusterSnapshotIdentifier") == id) {
            return Err(Unfit::new("DBClusterSnapshotIdentifier", format!("{id} is there already")));
        }
        let by = |c: &Cluster| {
            same(doc, "DbClusterResourceId", c.resource()) || same(doc, "DBClusterIdentifier", c.id())
        };
        let Some(at) = self.clusters.iter().position(by) else {
            return Err(Unfit::new("DBClusterIdentifier", "names no cluster of this world"));
        };
        let taken = doc["SnapshotCreateTime"].as_str().and_then(At::parse).unwrap_or(moment.now);
        let mut snapshot = self.cluster_snapshot_of(at, &id, "manual", moment);
        snapshot.data = self.clusters[at].data.as_of(taken);
        dated(&mut snapshot.doc, taken, &["SnapshotCreateTime"]);
        snapshot.doc.extend(without(doc, &["DBClusterSnapshotIdentifier"]));
        kind(&mut snapshot.doc, doc, &id);
        self.cluster_snapshots.push(snapshot);
        Ok(())
    }

    /// A subnet group in a VPC, with a subnet in each of three zones unless it is said.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind.
    pub fn place_subnet_group(&mut self, doc: &Value, moment: &Moment<'_>) -> Result<(), Unfit> {
        fits("DBSubnetGroup", doc)?;
        let name = name_of(doc, "DBSubnetGroupName")?;
        let subnet = |zone: &str| {
            json!({
                "SubnetIdentifier": format!("subnet-{:08x}{zone}", moment.dice.number(&name) >> 32),
                "SubnetAvailabilityZone": {"Name": format!("{}{zone}", moment.site.region)},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            })
        };
        let mut whole = members([
            ("DBSubnetGroupName", name.as_str().into()),
            ("DBSubnetGroupDescription", format!("Subnets of {name}").into()),
            ("VpcId", "vpc-default".into()),
            ("SubnetGroupStatus", "Complete".into()),
            ("Subnets", json!(["a", "b", "c"].map(subnet))),
            ("DBSubnetGroupArn", moment.arn("rds", &format!("subgrp:{name}")).into()),
            ("SupportedNetworkTypes", json!(["IPV4"])),
        ]);
        whole.extend(without(doc, &["DBSubnetGroupName"]));
        self.subnet_groups.push(whole.into());
        Ok(())
    }

    /// A parameter group of instances; of the `postgres` family of the usual version unless it is said.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind.
    pub fn place_parameter_group(&mut self, doc: &Value, moment: &Moment<'_>) -> Result<(), Unfit> {
        let group = group(doc, "DBParameterGroup", "pg", "postgres", moment)?;
        self.parameter_groups.push(group);
        Ok(())
    }

    /// A parameter group of clusters; of the `aurora-postgresql` family of the usual version unless it is said.
    ///
    /// # Errors
    /// A member that is unknown, missing or of another kind.
    pub fn place_cluster_parameter_group(&mut self, doc: &Value, moment: &Moment<'_>) -> Result<(), Unfit> {
        let group = group(doc, "DBClusterParameterGroup", "cluster-pg", "aurora-postgresql", moment)?;
        self.cluster_parameter_groups.push(group);
        Ok(())
    }

    /// The subnet group that a description names, with what it says itself on top.
    fn group_in(&self, given: &Value) -> Value {
        let name = given["DBSubnetGroupName"].as_str().unwrap_or("default");
        let placed = self.subnet_groups.iter().find(|g| g["DBSubnetGroupName"] == name).cloned();
        let mut group = placed.unwrap_or_else(|| json!({"DBSubnetGroupName": name}));
        if let (Some(group), Some(given)) = (group.as_object_mut(), given.as_object()) {
            group.extend(given.clone());
        }
        group
    }

    fn given_id(&mut self, doc: &Value, member: &str, kind: &str, moment: &Moment<'_>) -> String {
        doc[member].as_str().map_or_else(|| self.resource_id(kind, moment), str::to_owned)
    }
}

fn group(doc: &Value, shape: &str, arn: &str, usual: &str, moment: &Moment<'_>) -> Result<Value, Unfit> {
    fits(shape, doc)?;
    let member = format!("{shape}Name");
    let name = name_of(doc, &member)?;
    let mut whole = Map::new();
    whole.insert(member.clone(), name.as_str().into());
    whole.insert(
        "DBParameterGroupFamily".into(),
        engine::family(usual, engine::default_version(usual)).into(),
    );
    whole.insert("Description".into(), format!("Parameters of {name}").into());
    whole.insert(format!("{shape}Arn"), moment.arn("rds", &format!("{arn}:{name}")).into());
    whole.extend(without(doc, &[&member]));
    Ok(whole.into())
}

fn name_of(doc: &Value, member: &str) -> Result<String, Unfit> {
    let name = doc[member].as_str().ok_or_else(|| Unfit::new(member, "is missing"))?;
    Ok(bare(name).to_ascii_lowercase())
}

fn same(doc: &Value, member: &str, wanted: &str) -> bool {
    doc[member].as_str().is_some_and(|v| v.eq_ignore_ascii_case(wanted))
}

fn without(doc: &Value, names: &[&str]) -> Map<String, Value> {
    let mut given = doc.as_object().cloned().unwrap_or_default();
    given.retain(|name, _| !names.contains(&name.as_str()));
    given
}

/// In use, and older than the drill.
fn used(doc: &mut Map<String, Value>, status: &str, created: &str, now: At) {
    doc.insert(status.to_owned(), "available".into());
    let at = At(now.0 - i64::try_from(AGE.0).unwrap_or(0));
    doc.insert(created.to_owned(), at.rfc3339().into());
}

fn time(doc: &Map<String, Value>, member: &str, now: At) -> At {
    At::parse(of(doc, member)).unwrap_or(now)
}

fn dated(doc: &mut Map<String, Value>, at: At, names: &[&str]) {
    for name in names {
        doc.insert((*name).to_owned(), at.rfc3339().into());
    }
}

/// Automated snapshots and those of AWS Backup are known by their names (`aws.md` §2).
fn kind(whole: &mut Map<String, Value>, doc: &Value, id: &str) {
    if doc["SnapshotType"].is_null() {
        let kind = match id {
            id if id.starts_with("rds:") => "automated",
            id if id.starts_with("awsbackup:") => "awsbackup",
            _ => "manual",
        };
        whole.insert("SnapshotType".into(), kind.into());
    }
}
