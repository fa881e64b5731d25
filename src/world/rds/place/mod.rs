//! The starting world of RDS, from descriptions: members of the API that are given win, the rest is filled in as a
//! careful production has it, what the API does not know is refused by its name.
//!
//! Order: groups first, then clusters, then instances (members of a cluster name it), then snapshots (of a store
//! that is there, or of one that is gone).

mod group;
mod snapshot;

use serde_json::{Map, Value, json};

use super::{Cluster, Instance, Rds, bare, cluster, instance, number, of};
use crate::catalogue::Shape;
use crate::ids::{At, Span};
use crate::world::given::{Given, Misplaced};
use crate::world::{Data, Moment};

/// How old a store is whose description does not say it.
const AGE: Span = Span::mins(400 * 24 * 60);
impl Rds {
    /// An instance, available and in use. With `DBClusterIdentifier` it is a member of that cluster; the first one
    /// is its writer.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind; a name that is taken; a cluster that is not there.
    pub fn place_instance(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("rds", "DBInstance");
        let given = Given::new(("instance", "DBInstanceIdentifier"), description, shape, &[])?;
        let id = given.needed("DBInstanceIdentifier")?.to_ascii_lowercase();
        if self.instances.iter().any(|i| i.id() == id) {
            return Err(given.refuse("it is there already"));
        }
        let mut instance = match given.text("DBClusterIdentifier") {
            Some(cluster) => self.placed_member(&id, cluster, &given, moment)?,
            None => self.placed_instance(&id, &given, moment),
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

    fn placed_instance(&mut self, id: &str, given: &Given<'_>, moment: &Moment<'_>) -> Instance {
        let group = self.group_in(given.get("DBSubnetGroup"));
        let resource = self.given_id(given, "DbiResourceId", "db", moment);
        let mut doc = instance::base(id, &resource, group.clone(), moment);
        doc.extend(instance::populated(given.text("Engine").unwrap_or("postgres"), moment));
        doc.insert("VpcSecurityGroups".into(), self.default_security_group(&group["VpcId"]));
        used(&mut doc, "DBInstanceStatus", "InstanceCreateTime", moment.now);
        let mut doc = given.over(doc, &[]);
        doc.insert("DBInstanceIdentifier".into(), id.into());
        doc.insert("DBSubnetGroup".into(), group);
        instance::settle(&mut doc, moment);
        Instance::new(doc, Data::original(id, moment.now))
    }

    fn placed_member(
        &mut self,
        id: &str,
        cluster: &str,
        given: &Given<'_>,
        moment: &Moment<'_>,
    ) -> Result<Instance, Misplaced> {
        let missing = || given.refuse(format!("there is no cluster `{cluster}`"));
        let at = self.named_cluster(cluster).map_err(|_| missing())?;
        let made = self.member_doc(at, id, &Value::Null, moment);
        let mut doc = made.map_err(|refused| given.refuse(refused.message))?;
        let of_it = self.clusters[at].doc.clone();
        if of_it.contains_key("ServerlessV2ScalingConfiguration") {
            doc.insert("DBInstanceClass".into(), "db.serverless".into());
        }
        for name in ["PerformanceInsightsEnabled", "MonitoringInterval", "MonitoringRoleArn", "TagList"] {
            if let Some(value) = of_it.get(name) {
                doc.insert(name.to_owned(), value.clone());
            }
        }
        used(&mut doc, "DBInstanceStatus", "InstanceCreateTime", moment.now);
        let group = doc["DBSubnetGroup"].clone();
        let mut doc = given.over(doc, &[]);
        doc.insert("DBInstanceIdentifier".into(), id.into());
        doc.insert("DBClusterIdentifier".into(), of(&of_it, "DBClusterIdentifier").into());
        doc.insert("DBSubnetGroup".into(), group);
        instance::settle(&mut doc, moment);
        Ok(Instance::new(doc, Data::default()))
    }

    /// A cluster, available and in use; its members are placed after it.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind; a name that is taken.
    pub fn place_cluster(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("rds", "DBCluster");
        let given = Given::new(("cluster", "DBClusterIdentifier"), description, shape, &[])?;
        given.without(&["DBClusterMembers", "Endpoint", "ReaderEndpoint", "DBClusterArn", "MultiAZ"])?;
        let id = given.needed("DBClusterIdentifier")?.to_ascii_lowercase();
        if self.clusters.iter().any(|c| c.id() == id) {
            return Err(given.refuse("it is there already"));
        }
        let group = given.text("DBSubnetGroup").unwrap_or("default");
        let vpc = self.group_in(&json!({ "DBSubnetGroupName": group }))["VpcId"].clone();
        let resource = self.given_id(&given, "DbClusterResourceId", "cluster", moment);
        let mut doc = cluster::base(&id, &resource, group, moment);
        doc.extend(cluster::populated(given.text("Engine").unwrap_or("aurora-postgresql"), moment));
        doc.insert("VpcSecurityGroups".into(), self.default_security_group(&vpc));
        used(&mut doc, "Status", "ClusterCreateTime", moment.now);
        let mut doc = given.over(doc, &[]);
        doc.insert("DBClusterIdentifier".into(), id.as_str().into());
        cluster::settle(&mut doc, moment);
        let created = time(&doc, "ClusterCreateTime", moment.now);
        let mut cluster = Cluster::new(doc, Data::original(&id, moment.now));
        cluster.backed_up = Some(created);
        self.clusters.push(cluster);
        Ok(())
    }

    /// The subnet group that a description names, with what it says itself on top.
    fn group_in(&self, given: &Value) -> Value {
        let name = given["DBSubnetGroupName"].as_str().unwrap_or("default");
        let placed = self.subnet_groups.iter().find(|g| g["DBSubnetGroupName"] == name).cloned();
        let mut group = placed.unwrap_or_else(|| json!({ "DBSubnetGroupName": name }));
        if let (Some(group), Some(given)) = (group.as_object_mut(), given.as_object()) {
            group.extend(given.clone());
        }
        group
    }

    fn given_id(&mut self, given: &Given<'_>, member: &str, kind: &str, moment: &Moment<'_>) -> String {
        given.text(member).map_or_else(|| self.resource_id(kind, moment), |id| bare(id).to_owned())
    }
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
