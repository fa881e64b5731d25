//! An application that writes: where its writes arrive is where its data is.

use super::{Instance, Rds};
use crate::ids::At;
use crate::world::Data;

impl Rds {
    /// A write at `at` by an application that connects to the instance of that name, or else to the cluster of that
    /// name. The line of history it went to, for [`crate::world::Data::holds`]; `None` when nobody could be reached.
    pub fn write(&mut self, name: &str, at: At) -> Option<String> {
        match self.instances.iter().position(|i| !i.nameless && i.id().eq_ignore_ascii_case(name)) {
            Some(found) => self.write_at(found, at),
            None => self.write_to_cluster(name, at),
        }
    }

    /// A write by an application that has the address of an instance from before, whatever that is called now.
    pub fn write_to(&mut self, resource: &str, at: At) -> Option<String> {
        let found = self.instances.iter().position(|i| i.resource() == resource)?;
        self.write_at(found, at)
    }

    /// A write to the endpoint of a cluster: its writer takes it, a serverless v1 cluster itself.
    pub fn write_to_cluster(&mut self, name: &str, at: At) -> Option<String> {
        let found = self.clusters.iter().position(|c| !c.nameless && c.id().eq_ignore_ascii_case(name))?;
        let cluster = &self.clusters[found];
        let open = cluster.is_serverless() && cluster.status() == "available";
        if !open && !self.writer(cluster).is_some_and(Instance::takes_writes) {
            return None;
        }
        let line = line(cluster.id(), cluster.resource(), &cluster.data);
        self.clusters[found].data.write(&line, at);
        Some(line)
    }

    fn write_at(&mut self, found: usize, at: At) -> Option<String> {
        let instance = &self.instances[found];
        if !instance.takes_writes() {
            return None;
        }
        if let Some(cluster) = instance.cluster() {
            let named = self.clusters.iter().find(|c| c.id() == cluster)?;
            let is_writer = named.members.iter().any(|m| m.writer && m.resource == instance.resource());
            let cluster = cluster.to_owned();
            return if is_writer { self.write_to_cluster(&cluster, at) } else { None };
        }
        let line = line(instance.id(), instance.resource(), &instance.data);
        self.instances[found].data.write(&line, at);
        Some(line)
    }
}

impl Instance {
    /// Whether an application gets through to it.
    fn takes_writes(&self) -> bool {
        let status = self.status();
        matches!(status, "available" | "backing-up" | "modifying" | "storage-optimization")
            || status.starts_with("configuring")
    }
}

/// A store that was there from the beginning calls its lines by its names. One that was made since adds its resource
/// id: two stores may bear one name, one after the other.
fn line(name: &str, resource: &str, data: &Data) -> String {
    let first = data.lines().next().filter(|_| !data.is_copy());
    let from_the_beginning = first.is_some_and(|(line, _)| !line.contains('@'));
    if from_the_beginning { name.to_owned() } else { format!("{name}@{resource}") }
}
