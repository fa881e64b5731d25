//! Services and tasks as documents, with all members that one on Fargate has.

use serde_json::{Value, json};

use super::definition::short;
use super::task::{self, State};
use super::{Cluster, Deployment, Ecs, Service, Task};
use crate::ids::At;
use crate::world::Moment;

impl Ecs {
    pub(super) fn service_document(&self, at: usize, name: &str, moment: &Moment<'_>) -> Value {
        let cluster = &self.clusters[at];
        let Some(service) = cluster.service(name) else { return Value::Null };
        let counts = |deployment: Option<u64>| {
            let of =
                || cluster.tasks_of(name).filter(move |t| deployment.is_none() || t.deployment == deployment);
            (of().filter(|t| t.is_counted()).count() as u64, of().filter(|t| t.is_pending()).count() as u64)
        };
        let live = |d: &&Deployment| d.live;
        let deployments = service.deployments.iter().filter(live);
        let deployments: Vec<Value> =
            deployments.map(|d| d.document(service, counts(Some(d.number)), moment)).collect();
        let mut doc = service.settings.clone();
        let (running, pending) = counts(None);
        let mut set = |name: &str, value: Value| doc.insert(name.to_owned(), value);
        set("serviceName", name.into());
        set("serviceArn", service_arn(cluster, name, moment).into());
        set("clusterArn", moment.arn("ecs", &format!("cluster/{}", cluster.name)).into());
        set("desiredCount", service.desired.into());
        set("runningCount", running.into());
        set("pendingCount", pending.into());
        let definition = &service.primary().definition;
        set("taskDefinition", moment.arn("ecs", &format!("task-definition/{definition}")).into());
        set("deployments", deployments.into());
        set("events", service.events(moment).into());
        set("currentServiceDeployment", service.primary().arn(cluster, name, moment).into());
        set("currentServiceRevisions", service.revisions(cluster, counts, moment).into());
        Value::Object(doc)
    }

    pub(super) fn task_document(&self, at: usize, task: &Task, moment: &Moment<'_>) -> Value {
        let cluster = &self.clusters[at];
        let definition = self.definition(&task.definition).cloned().unwrap_or_default();
        let mut doc = task.basics(cluster, moment);
        doc["containers"] = task.containers(&cluster.name, &definition, moment);
        for (member, default) in [("cpu", "512"), ("memory", "1024")] {
            doc[member] = definition[member].as_str().unwrap_or(default).into();
        }
        doc["ephemeralStorage"] = json!({"sizeInGiB": 20});
        doc["fargateEphemeralStorage"] = json!({"sizeInGiB": 20});
        task.tell_times(&mut doc);
        doc
    }

    pub(super) fn cluster_document(&self, at: usize, moment: &Moment<'_>) -> Value {
        let cluster = &self.clusters[at];
        let mut doc = cluster.settings.clone();
        let mut set = |name: &str, value: Value| doc.insert(name.to_owned(), value);
        set("clusterArn", moment.arn("ecs", &format!("cluster/{}", cluster.name)).into());
        set("clusterName", cluster.name.as_str().into());
        set("runningTasksCount", cluster.tasks.iter().filter(|t| t.is_counted()).count().into());
        set("pendingTasksCount", cluster.tasks.iter().filter(|t| t.is_pending()).count().into());
        set("activeServicesCount", cluster.services.len().into());
        Value::Object(doc)
    }
}

pub(super) fn service_arn(cluster: &Cluster, name: &str, moment: &Moment<'_>) -> String {
    moment.arn("ecs", &format!("service/{}/{name}", cluster.name))
}

impl Service {
    fn events(&self, moment: &Moment<'_>) -> Vec<Value> {
        let total = self.events.len();
        let row = |(n, (when, what)): (usize, &(At, String))| {
            let id = moment.uuid(&format!("event/{}/{when}/{}/{what}", self.name, total - n));
            json!({"id": id, "createdAt": when.rfc3339(), "message": what})
        };
        self.events.iter().enumerate().map(row).collect()
    }

    fn revisions(
        &self,
        cluster: &Cluster,
        counts: impl Fn(Option<u64>) -> (u64, u64),
        moment: &Moment<'_>,
    ) -> Vec<Value> {
        let row = |d: &Deployment| {
            let (running, pending) = counts(Some(d.number));
            json!({
                "arn": d.revision_arn(cluster, &self.name, moment),
                "requestedTaskCount": if d.number == self.primary().number { self.desired } else { 0 },
                "runningTaskCount": running,
                "pendingTaskCount": pending,
            })
        };
        self.deployments.iter().filter(|d| d.live).map(row).collect()
    }
}

impl Deployment {
    pub(super) fn arn(&self, cluster: &Cluster, service: &str, moment: &Moment<'_>) -> String {
        let id = moment.uuid(&format!("service-deployment/{}", self.number)).replace('-', "");
        let id = &id[..21];
        moment.arn("ecs", &format!("service-deployment/{}/{service}/{id}", cluster.name))
    }

    pub(super) fn revision_arn(&self, cluster: &Cluster, service: &str, moment: &Moment<'_>) -> String {
        moment.arn("ecs", &format!("service-revision/{}/{service}/{}", cluster.name, self.number))
    }
}

impl Task {
    fn basics(&self, cluster: &Cluster, moment: &Moment<'_>) -> Value {
        let family = self.definition.split(':').next().unwrap_or_default();
        let group = match (&self.service, &self.group) {
            (Some(service), _) => format!("service:{service}"),
            (None, Some(group)) => group.clone(),
            (None, None) => format!("family:{family}"),
        };
        let attached = if self.stopped.is_some() { "DELETED" } else { "ATTACHED" };
        let mut doc = json!({
            "attachments": [{
                "id": moment.uuid(&format!("attachment/{}", self.id)),
                "type": "ElasticNetworkInterface",
                "status": if self.state < State::Pending { "PRECREATED" } else { attached },
                "details": [
                    {"name": "subnetId", "value": "subnet-0a1b2c3d4e5f60718"},
                    {"name": "networkInterfaceId", "value": self.interface(moment)},
                    {"name": "privateIPv4Address", "value": self.address(moment)},
                ],
            }],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": format!("{}a", moment.site.region),
            "clusterArn": moment.arn("ecs", &format!("cluster/{}", cluster.name)),
            "desiredStatus": if self.stopping { "STOPPED" } else { "RUNNING" },
            "enableExecuteCommand": false,
            "group": group,
            "healthStatus": self.health(),
            "inferenceAccelerators": [],
            "lastStatus": self.state.word(),
            "launchType": "FARGATE",
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "tags": [],
            "taskArn": task::arn(&cluster.name, &self.id, moment),
            "taskDefinitionArn": moment.arn("ecs", &format!("task-definition/{}", self.definition)),
            "version": self.state as u8 + 1,
        });
        let by = self.started_by();
        if !by.is_empty() {
            doc["startedBy"] = by.into();
        }
        doc
    }

    /// The deployment, or who started a task that stands alone.
    pub(super) fn started_by(&self) -> String {
        let deployment = self.deployment.map(|n| format!("ecs-svc/{n}"));
        deployment.or(self.started_by.clone()).unwrap_or_default()
    }

    /// Times and reasons are there from when they are known.
    fn tell_times(&self, doc: &mut Value) {
        let times = [
            ("createdAt", Some(self.created)),
            ("connectivityAt", self.pulled.0),
            ("pullStartedAt", self.pulled.0),
            ("pullStoppedAt", self.pulled.1),
            ("startedAt", self.started),
            ("stoppingAt", self.told_to_stop),
            ("executionStoppedAt", self.execution_stopped),
            ("stoppedAt", self.stopped),
        ];
        for (name, at) in times {
            if let Some(at) = at {
                doc[name] = at.rfc3339().into();
            }
        }
        if self.pulled.0.is_some() {
            doc["connectivity"] = "CONNECTED".into();
        }
        if let Some((code, reason)) = &self.reason {
            doc["stopCode"] = code.as_str().into();
            doc["stoppedReason"] = reason.as_str().into();
        }
    }

    fn health(&self) -> &'static str {
        if self.state == State::Running { "HEALTHY" } else { "UNKNOWN" }
    }

    fn containers(&self, cluster: &str, definition: &Value, moment: &Moment<'_>) -> Value {
        let all = definition["containerDefinitions"].as_array().into_iter().flatten();
        all.map(|container| self.container(cluster, &short(definition), container, moment)).collect()
    }

    fn container(&self, cluster: &str, definition: &str, of: &Value, moment: &Moment<'_>) -> Value {
        let name = of["name"].as_str().unwrap_or_default();
        let id = moment.uuid(&format!("container/{}/{name}", self.id));
        let status = match self.state {
            State::Provisioning | State::Pending | State::Activating => "PENDING",
            State::Running | State::Deactivating | State::Stopping => "RUNNING",
            State::Deprovisioning | State::Stopped => "STOPPED",
        };
        let digest = format!("{0:016x}{0:016x}{0:016x}{0:016x}", moment.dice.number(definition));
        let text = |member: &str| of[member].as_u64().map_or(String::from("0"), |n| n.to_string());
        let mut doc = json!({
            "containerArn": moment.arn("ecs", &format!("container/{cluster}/{}/{id}", self.id)),
            "taskArn": task::arn(cluster, &self.id, moment),
            "name": name,
            "image": of["image"],
            "imageDigest": format!("sha256:{digest}"),
            "runtimeId": format!("{}-{}", self.id, moment.dice.number(&id) % 10_000_000_000),
            "lastStatus": status,
            "networkBindings": [],
            "networkInterfaces": [{
                "attachmentId": moment.uuid(&format!("attachment/{}", self.id)),
                "privateIpv4Address": self.address(moment),
            }],
            "healthStatus": self.health(),
            "managedAgents": [],
            "cpu": text("cpu"),
            "memory": text("memory"),
        });
        if let Some(exit) = self.exit.filter(|_| self.execution_stopped.is_some()) {
            doc["exitCode"] = exit.into();
        }
        doc
    }

    fn interface(&self, moment: &Moment<'_>) -> String {
        format!("eni-{:017x}", moment.dice.number(&format!("eni/{}", self.id)))
    }

    fn address(&self, moment: &Moment<'_>) -> String {
        let n = moment.dice.number(&format!("ip/{}", self.id));
        format!("10.0.{}.{}", n % 250, n / 250 % 250 + 4)
    }
}
