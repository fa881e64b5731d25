//! Snapshots: finished ones, and such as are still being made.

use serde_json::{Map, Value};

use crate::catalogue::Shape;
use crate::ids::At;
use crate::world::given::{Given, Misplaced};
use crate::world::rds::{Cluster, Due, Instance, Rds, Snapshot, number, of, snapshot};
use crate::world::{Data, Moment};

impl Rds {
    /// A snapshot of an instance: of one that is placed, by `DbiResourceId` or `DBInstanceIdentifier`, or
    /// of one that is gone, from what the description says alone. It holds what was written until its
    /// `SnapshotCreateTime`. It is finished, unless its `Status` is `creating`: then it goes on from its
    /// `PercentProgress`.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind; a name that is taken.
    pub fn place_snapshot(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("rds", "DBSnapshot");
        let given = Given::new(("snapshot", "DBSnapshotIdentifier"), description, shape, &[])?;
        let id = given.needed("DBSnapshotIdentifier")?.to_owned();
        if self.snapshots.iter().any(|s| of(&s.doc, "DBSnapshotIdentifier") == id) {
            return Err(given.refuse("it is there already"));
        }
        let taken = given.time("SnapshotCreateTime")?.unwrap_or(moment.now);
        let is = |i: &&Instance| {
            same(&given, "DbiResourceId", i.resource()) || same(&given, "DBInstanceIdentifier", i.id())
        };
        let (source, data) = match self.instances.iter().find(is) {
            Some(there) => (there.doc.clone(), there.data.as_of(taken)),
            None => self.gone_instance(description, taken, moment)?,
        };
        let mut doc = snapshot::document(&source, &id, kind(&id), moment);
        dated(&mut doc, taken, &["SnapshotCreateTime", "OriginalSnapshotCreateTime", "SnapshotDatabaseTime"]);
        let mut doc = given.over(doc, &[]);
        let size = number(&doc, "AllocatedStorage") * snapshot::BYTES_PER_GIB;
        doc.entry("FullSnapshotSizeInBytes").or_insert(size.into());
        if let Some(done) = under_way(&doc) {
            let lasts = self.snapshot_lasts(&id, moment);
            snapshot::plan(done, lasts, moment, |step| Due::Snapshot { id: id.clone(), step });
        }
        self.snapshots.push(Snapshot { doc, data, source });
        Ok(())
    }

    /// What an instance was that only its snapshot tells of.
    fn gone_instance(
        &mut self,
        description: &Value,
        taken: At,
        moment: &Moment<'_>,
    ) -> Result<(Map<String, Value>, Data), Misplaced> {
        let told = description.as_object().cloned().unwrap_or_default();
        let known = |name: &str| Shape::named("rds", "DBInstance").is_some_and(|s| s.member(name).is_some());
        let mut like: Map<String, Value> = told.into_iter().filter(|(name, _)| known(name)).collect();
        like.retain(|name, _| name != "TagList" && name != "PercentProgress");
        if let Some(port) = description.get("Port") {
            like.insert("DbInstancePort".into(), port.clone());
        }
        let like = Value::Object(like);
        let shape = Shape::named("rds", "DBInstance");
        let given = Given::new(("snapshot of", "DBInstanceIdentifier"), &like, shape, &[])?;
        let name = given.text("DBInstanceIdentifier").unwrap_or("deleted").to_owned();
        let instance = self.placed_instance(&name, &given, moment);
        let data = Data::original(&name, taken).as_of(taken);
        Ok((instance.doc, data))
    }

    /// A snapshot of a cluster that is placed, by `DbClusterResourceId` or `DBClusterIdentifier`; finished or under
    /// way as those of instances.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind; a name that is taken; a cluster that is not there.
    pub fn place_cluster_snapshot(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<(), Misplaced> {
        let shape = Shape::named("rds", "DBClusterSnapshot");
        let given = Given::new(("cluster snapshot", "DBClusterSnapshotIdentifier"), description, shape, &[])?;
        let id = given.needed("DBClusterSnapshotIdentifier")?.to_owned();
        if self.cluster_snapshots.iter().any(|s| of(&s.doc, "DBClusterSnapshotIdentifier") == id) {
            return Err(given.refuse("it is there already"));
        }
        let is = |c: &Cluster| {
            same(&given, "DbClusterResourceId", c.resource()) || same(&given, "DBClusterIdentifier", c.id())
        };
        let missing = || given.refuse("the cluster that it names is not there");
        let at = self.clusters.iter().position(is).ok_or_else(missing)?;
        let taken = given.time("SnapshotCreateTime")?.unwrap_or(moment.now);
        let mut snapshot = self.cluster_snapshot_of(at, &id, kind(&id), moment);
        snapshot.data = self.clusters[at].data.as_of(taken);
        dated(&mut snapshot.doc, taken, &["SnapshotCreateTime"]);
        snapshot.doc = given.over(snapshot.doc, &[]);
        if let Some(done) = under_way(&snapshot.doc) {
            let lasts = self.snapshot_lasts(&id, moment);
            snapshot::plan(done, lasts, moment, |step| Due::ClusterSnapshot { id: id.clone(), step });
        }
        self.cluster_snapshots.push(snapshot);
        Ok(())
    }
}

/// How far a snapshot is that is still being made.
fn under_way(doc: &Map<String, Value>) -> Option<u8> {
    let done = u8::try_from(number(doc, "PercentProgress")).unwrap_or(100);
    (of(doc, "Status") == "creating").then_some(done)
}

fn same(given: &Given<'_>, member: &str, wanted: &str) -> bool {
    given.text(member).is_some_and(|v| v.eq_ignore_ascii_case(wanted))
}

fn dated(doc: &mut Map<String, Value>, at: At, names: &[&str]) {
    for name in names {
        doc.insert((*name).to_owned(), at.rfc3339().into());
    }
}

/// Automated snapshots and those of AWS Backup are known by their names (`aws.md` §2).
fn kind(id: &str) -> &'static str {
    match id {
        id if id.starts_with("rds:") => "automated",
        id if id.starts_with("awsbackup:") => "awsbackup",
        _ => "manual",
    }
}
