//! The starting world of ECS, from descriptions: members of the API that are given win, the rest is filled in.

use serde_json::{Map, Value, json};

use super::definition::{self, short};
use super::{Cluster, Deployment, Ecs, Failure, Rollout, Service, Task, last_part};
use crate::catalogue::Shape;
use crate::ids::Span;
use crate::world::Moment;
use crate::world::given::{Given, Misplaced, map};

const SERVICE: &[&str] = &["cluster", "drain", "stop_takes", "task_failure"];
const TASK: &[&str] = &["cluster", "taskDefinition", "drain", "stop_takes", "runs_for", "task_failure"];
/// What follows from count, deployments and tasks.
const DERIVED: &[&str] = &[
    "serviceArn",
    "clusterArn",
    "runningCount",
    "pendingCount",
    "deployments",
    "events",
    "taskSets",
    "currentServiceDeployment",
    "currentServiceRevisions",
];

impl Ecs {
    /// A cluster, by `clusterName`; one that is there takes the members given.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_cluster(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let given = Given::new(("cluster", "clusterName"), description, Shape::named("ecs", "Cluster"), &[])?;
        given.without(&["clusterArn", "runningTasksCount", "pendingTasksCount", "activeServicesCount"])?;
        let at = self.cluster_named(given.needed("clusterName")?, moment);
        let settings = std::mem::take(&mut self.clusters[at].settings);
        self.clusters[at].settings = given.over(settings, &["clusterName"]);
        Ok(())
    }

    /// A task definition, by `family` and `revision` (1 where nothing is said).
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_task_definition(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<(), Misplaced> {
        let shape = Shape::named("ecs", "TaskDefinition");
        let given = Given::new(("task definition", "family"), description, shape, &[])?;
        given.without(&["taskDefinitionArn"])?;
        let revision = given.count("revision")?.unwrap_or(1);
        let defaults = definition::defaults(given.needed("family")?, revision, moment);
        let doc = Value::Object(given.over(defaults, &[]));
        self.task_definitions.retain(|d| short(d) != short(&doc));
        self.task_definitions.push(doc);
        Ok(())
    }

    /// A service with all its tasks running, by `serviceName`, in `cluster` (`default`). `taskDefinition` may be
    /// named in any way and is filled in where it is not placed. Its own settings: `drain`, how long its target
    /// group drains a task; `stop_takes`, how long its containers work on after SIGTERM; `task_failure`, what
    /// its new tasks die of: `{stopCode, stoppedReason, after, exitCode, taskDefinition}`.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or a second service of the name.
    pub fn place_service(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("ecs", "Service");
        let given = Given::new(("service", "serviceName"), description, shape, SERVICE)?;
        given.without(DERIVED)?;
        let name = given.needed("serviceName")?;
        let at = self.cluster_named(given.text("cluster").unwrap_or("default"), moment);
        if self.clusters[at].service(name).is_some() {
            return Err(given.refuse("is there already"));
        }
        let definition = self.definition_placed(given.text("taskDefinition").unwrap_or(name), moment)?;
        let service = self.described(&given, &definition, moment)?;
        let since = given.time("createdAt")?.unwrap_or(moment.now);
        for _ in 0..service.desired {
            self.place_running(at, &service, since, moment);
        }
        self.clusters[at].services.push(service);
        Ok(())
    }

    /// A running task that belongs to no service, in `cluster`. Its own settings: those of a service, and
    /// `runs_for`, after which it ends by itself.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_standalone_task(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<String, Misplaced> {
        let given = Given::new(("task", "taskDefinition"), description, Shape::named("ecs", "Task"), TASK)?;
        let at = self.cluster_named(given.text("cluster").unwrap_or("default"), moment);
        let definition = self.definition_placed(given.needed("taskDefinition")?, moment)?;
        let id = given.text("taskArn").map_or_else(|| self.task_id(moment), |a| last_part(a).to_owned());
        let mut task = Task::new(id.clone(), None, &definition, moment.now);
        task.run_since(given.time("startedAt")?.unwrap_or(moment.now));
        task.started_by = given.text("startedBy").map(str::to_owned);
        task.group = given.text("group").map(str::to_owned);
        task.drain = given.span("drain")?;
        let timeout = self.stop_timeout(&definition);
        task.stubborn = given.span("stop_takes")?.unwrap_or(Span::secs(5)).min(timeout);
        task.doom = Failure::parse(&given, given.get("task_failure"))?;
        if let Some(after) = given.span("runs_for")? {
            task.doom = Some(Failure {
                code: "EssentialContainerExited".into(),
                reason: "Essential container in task exited".into(),
                after,
                exit: 0,
                definition: None,
            });
        }
        task.plan(&self.clusters[at].name, moment);
        self.clusters[at].tasks.push(task);
        Ok(id)
    }

    /// The cluster of a name, made where it is not there.
    fn cluster_named(&mut self, name: &str, moment: &Moment<'_>) -> usize {
        self.position(name).unwrap_or_else(|| {
            let settings = cluster_defaults(moment);
            self.clusters.push(Cluster { name: name.to_owned(), settings, ..Cluster::default() });
            self.clusters.len() - 1
        })
    }

    /// `family:revision` of a definition, which is made where it is not there.
    fn definition_placed(&mut self, named: &str, moment: &mut Moment<'_>) -> Result<String, Misplaced> {
        if let Some(found) = self.definition(named) {
            return Ok(short(found));
        }
        let name = last_part(named);
        let (family, revision) = name.split_once(':').unwrap_or((name, "1"));
        let problem = || Misplaced {
            thing: format!("task definition {named}"),
            problem: "a revision is a whole number".into(),
        };
        let revision: u64 = revision.parse().map_err(|_| problem())?;
        self.place_task_definition(&json!({"family": family, "revision": revision}), moment)?;
        Ok(format!("{family}:{revision}"))
    }

    fn described(
        &mut self,
        given: &Given<'_>,
        definition: &str,
        moment: &Moment<'_>,
    ) -> Result<Service, Misplaced> {
        let name = given.needed("serviceName")?;
        let mut settings = given.over(service_defaults(name, moment), SERVICE);
        for derived in ["serviceName", "desiredCount", "taskDefinition"] {
            settings.shift_remove(derived);
        }
        let since = given.time("createdAt")?.unwrap_or(moment.now);
        let mut deployment = Deployment::new(self.number(), definition, moment);
        deployment.created = since;
        let id = deployment.id();
        deployment.end(Rollout::Completed, format!("ECS deployment {id} completed."), since);
        Ok(Service {
            name: name.to_owned(),
            settings,
            desired: given.count("desiredCount")?.unwrap_or(1),
            deployments: vec![deployment],
            proven: definition.to_owned(),
            drain: given.span("drain")?,
            stop_takes: given.span("stop_takes")?.unwrap_or(Span::secs(5)),
            failure: Failure::parse(given, given.get("task_failure"))?,
            events: vec![(since, format!("(service {name}) has reached a steady state."))],
            steady: true,
            streak: 0,
            not_before: None,
        })
    }
}

fn cluster_defaults(moment: &Moment<'_>) -> Map<String, Value> {
    map(json!({
        "configuration": {"executeCommandConfiguration": {"logging": "DEFAULT"}},
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "statistics": [],
        "tags": [],
        "settings": [{"name": "containerInsights", "value": "disabled"}],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
        "attachments": [],
        "attachmentsStatus": "UPDATE_COMPLETE",
        "serviceConnectDefaults": {"namespace": moment.arn("servicediscovery", "namespace/ns-default")},
    }))
}

fn service_defaults(name: &str, moment: &Moment<'_>) -> Map<String, Value> {
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", moment.site.account);
    let group = format!("targetgroup/{name}/{:016x}", moment.dice.number(&format!("group/{name}")));
    map(json!({
        "loadBalancers": [{
            "targetGroupArn": moment.arn("elasticloadbalancing", &group),
            "containerName": name,
            "containerPort": 8080,
        }],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "roleArn": role("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        "createdAt": moment.now.rfc3339(),
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728"],
            "securityGroups": ["sg-0a1b2c3d4e5f60718"],
            "assignPublicIp": "DISABLED",
        }},
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "tags": [],
        "createdBy": role("deployer"),
        "enableECSManagedTags": true,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "ENABLED",
    }))
}
