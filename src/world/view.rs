//! The world of one site as a document for judges: what is there, and which writes it holds.

use serde_json::{Map, Value, json};

use super::dynamodb::Table;
use super::{Data, Services, Site, World};
use crate::ids::At;

impl World {
    /// Everything of a site in one document: `rds.instances[]`, `rds.snapshots[]`, `ecs.services[]`,
    /// `dynamodb.tables[]`, `backup.jobs[]` and so on, each as AWS describes it, stores with `data`: the moment
    /// until which the writes of a line of history are in it, by line.
    pub fn view(&mut self, site: &Site) -> Value {
        let now = self.now();
        let Some(services) = self.sites.get(site) else { return json!({}) };
        let services = services.clone();
        json!({
            "now": now.rfc3339(),
            "rds": rds(&services, now),
            "ecs": self.ecs_view(site, &services),
            "scaling": {"targets": self.targets(site), "policies": self.policies(site)},
            "dynamodb": {"tables": tables(&services)},
            "backup": backup(&services),
        })
    }

    /// The application that runs as `CLUSTER/SERVICE` writes to the store that bears a name now.
    /// False when it runs and nobody takes what it writes.
    pub fn write(&mut self, site: &Site, service: &str, store: &str, at: At) -> bool {
        let Some(services) = self.sites.get_mut(site) else { return true };
        let running = service.split_once('/').is_some_and(|(cluster, name)| services.ecs.runs(cluster, name));
        !running || services.rds.write(store, at).is_some() || services.dynamodb.write(store, at)
    }

    fn list(&mut self, site: &Site, service: &str, operation: &str, call: &Value, member: &str) -> Value {
        let now = self.now();
        let answer = self.call(site, (service, operation), call, now);
        answer.map_or_else(|_| json!([]), |mut answer| answer[member].take())
    }

    fn targets(&mut self, site: &Site) -> Vec<Value> {
        self.scaling(site, "DescribeScalableTargets", "ScalableTargets")
    }

    fn policies(&mut self, site: &Site) -> Vec<Value> {
        self.scaling(site, "DescribeScalingPolicies", "ScalingPolicies")
    }

    /// Of services and of tables.
    fn scaling(&mut self, site: &Site, operation: &str, member: &str) -> Vec<Value> {
        let of = |world: &mut World, namespace: &str| {
            let call = json!({ "ServiceNamespace": namespace });
            world.list(site, "application-autoscaling", operation, &call, member)
        };
        let all = ["ecs", "dynamodb"].map(|namespace| of(self, namespace));
        all.iter().filter_map(Value::as_array).flatten().cloned().collect()
    }

    fn ecs_view(&mut self, site: &Site, services: &Services) -> Value {
        let mut all = Vec::new();
        for cluster in &services.ecs.clusters {
            for service in &cluster.services {
                let call = json!({"cluster": cluster.name, "services": [service.name]});
                let mut found = self.list(site, "ecs", "DescribeServices", &call, "services");
                all.push(found[0].take());
            }
        }
        json!({"services": all})
    }
}

fn rds(services: &Services, now: At) -> Value {
    let rds = &services.rds;
    let instances = rds.instances.iter().map(|i| with(i.document(now), &i.data));
    let clusters =
        rds.clusters.iter().enumerate().map(|(at, c)| with(rds.cluster_document(at, now), &c.data));
    let snapshots = rds.snapshots.iter().map(|s| with(Value::Object(s.doc.clone()), &s.data));
    let of_clusters = rds.cluster_snapshots.iter().map(|s| with(Value::Object(s.doc.clone()), &s.data));
    let retained = rds.retained.iter().map(|r| with(Value::Object(r.doc.clone()), &r.data));
    json!({
        "instances": instances.collect::<Vec<_>>(),
        "clusters": clusters.collect::<Vec<_>>(),
        "snapshots": snapshots.collect::<Vec<_>>(),
        "cluster_snapshots": of_clusters.collect::<Vec<_>>(),
        "retained": retained.collect::<Vec<_>>(),
    })
}

fn tables(services: &Services) -> Vec<Value> {
    services.dynamodb.tables.iter().map(table).collect()
}

/// A table with what other calls tell of it: `recovery_days`, `time_to_live` (the attribute), `tags`.
fn table(table: &Table) -> Value {
    let mut doc = with(Value::Object(table.doc.clone()), &table.data);
    doc["recovery_days"] = table.recovery.map(|r| r.days).into();
    doc["time_to_live"] =
        table.time_to_live.as_ref().filter(|(_, on)| *on).map(|(name, _)| name.as_str()).into();
    doc["tags"] = table.tags.clone().into();
    doc
}

fn backup(services: &Services) -> Value {
    let backup = &services.backup;
    json!({
        "jobs": backup.jobs.iter().map(|j| &j.doc).collect::<Vec<_>>(),
        "recovery_points": backup.points.iter().map(|p| &p.doc).collect::<Vec<_>>(),
        "restore_jobs": backup.restores.iter().map(|r| &r.doc).collect::<Vec<_>>(),
    })
}

fn with(mut doc: Value, data: &Data) -> Value {
    let lines: Map<String, Value> =
        data.lines().map(|(line, at)| (line.to_owned(), at.rfc3339().into())).collect();
    doc["data"] = Value::Object(lines);
    doc
}

impl super::Ecs {
    /// Whether any task of a service still runs, be it on its way down.
    fn runs(&self, cluster: &str, service: &str) -> bool {
        let tasks = self.clusters.iter().filter(|c| c.name == cluster).flat_map(|c| &c.tasks);
        tasks.filter(|t| t.service.as_deref() == Some(service)).any(|t| up(t.state))
    }
}

/// Whether the containers of a task run.
fn up(state: super::ecs::State) -> bool {
    use super::ecs::State;
    matches!(state, State::Running | State::Deactivating | State::Stopping)
}
