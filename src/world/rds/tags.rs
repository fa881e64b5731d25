//! Tags of everything that has an ARN.

use serde_json::{Map, Value, json};

use super::{Rds, needed};
use crate::world::Refused;

impl Rds {
    pub(super) fn tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let doc = self.by_arn(needed(parameters, "ResourceName")?)?;
        Ok(json!({ "TagList": list(doc) }))
    }

    pub(super) fn add_tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let doc = self.by_arn(needed(parameters, "ResourceName")?)?;
        let mut tags = list(doc);
        for tag in parameters["Tags"].as_array().cloned().unwrap_or_default() {
            tags.retain(|t| t["Key"] != tag["Key"]);
            tags.push(tag);
        }
        doc.insert("TagList".into(), tags.into());
        Ok(json!({}))
    }

    /// Keys that are not there are no error.
    pub(super) fn remove_tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let doc = self.by_arn(needed(parameters, "ResourceName")?)?;
        let keys = parameters["TagKeys"].as_array().cloned().unwrap_or_default();
        let mut tags = list(doc);
        tags.retain(|t| !keys.contains(&t["Key"]));
        doc.insert("TagList".into(), tags.into());
        Ok(json!({}))
    }

    fn by_arn(&mut self, arn: &str) -> Result<&mut Map<String, Value>, Refused> {
        let instances = self.instances.iter_mut().map(|i| ("DBInstanceArn", &mut i.doc));
        let clusters = self.clusters.iter_mut().map(|c| ("DBClusterArn", &mut c.doc));
        let snapshots = self.snapshots.iter_mut().map(|s| ("DBSnapshotArn", &mut s.doc));
        let of_clusters = self.cluster_snapshots.iter_mut().map(|s| ("DBClusterSnapshotArn", &mut s.doc));
        let mut all = instances.chain(clusters).chain(snapshots).chain(of_clusters);
        let found = all.find(|(member, doc)| doc.get(*member).is_some_and(|v| *v == arn));
        found.map(|(_, doc)| doc).ok_or_else(|| missing(arn))
    }
}

fn missing(arn: &str) -> Refused {
    let (code, what) = match arn.split(':').nth(5) {
        Some("cluster") => ("DBClusterNotFoundFault", "DB cluster"),
        Some("snapshot") => ("DBSnapshotNotFound", "DB snapshot"),
        Some("cluster-snapshot") => ("DBClusterSnapshotNotFoundFault", "DB cluster snapshot"),
        _ => ("DBInstanceNotFound", "DB Instance"),
    };
    Refused::not_found(code, format!("Could not find a {what} matching the resource name: '{arn}'"))
}

fn list(doc: &Map<String, Value>) -> Vec<Value> {
    doc.get("TagList").and_then(Value::as_array).cloned().unwrap_or_default()
}
