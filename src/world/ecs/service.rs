//! One service: what it wants, its settings and its events, and the call that changes it.

use serde_json::{Map, Value, json};

use super::definition::short;
use super::{Deployment, Due, Ecs, Failure, Rollout, last_part};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment, Refused};

/// Events that a service keeps (API reference: the 100 most recent).
const EVENTS: usize = 100;
/// Deployments that a service remembers.
const DEPLOYMENTS: usize = 100;

/// A service.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    pub name: String,
    /// Its document, but for what follows from its count, its deployments and its tasks.
    pub settings: Map<String, Value>,
    pub desired: u64,
    /// Newest first; the first is the primary one.
    pub deployments: Vec<Deployment>,
    /// The definition that last came to rest: a rollback goes there.
    pub proven: String,
    /// How long its target group drains a task; of chance where nothing is said.
    pub drain: Option<Span>,
    /// How long its tasks would go on after SIGTERM; they are killed after their stop timeout.
    pub stop_takes: Span,
    /// What its new tasks die of.
    pub failure: Option<Failure>,
    /// Newest first: when and what.
    pub events: Vec<(At, String)>,
    pub steady: bool,
    /// Failures since it was last steady.
    pub(super) streak: u64,
    /// No task is started before: the scheduler backs off.
    pub(super) not_before: Option<At>,
}

/// Parameters of `UpdateService` that start a deployment (API reference, `forceNewDeployment` and each member).
const DEPLOYING: &[&str] = &[
    "capacityProviderStrategy",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];
/// Those that only set something.
const SETTING: &[&str] = &[
    "availabilityZoneRebalancing",
    "deploymentConfiguration",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
];

impl Service {
    /// The deployment that counts.
    pub fn primary(&self) -> &Deployment {
        &self.deployments[0]
    }

    pub(super) fn primary_mut(&mut self) -> &mut Deployment {
        &mut self.deployments[0]
    }

    /// Behind a load balancer: tasks are drained before they stop.
    pub fn balanced(&self) -> bool {
        self.settings["loadBalancers"].as_array().is_some_and(|l| !l.is_empty())
    }

    pub(super) fn tell(&mut self, now: At, message: &str) {
        self.events.insert(0, (now, format!("(service {}) {message}", self.name)));
        self.events.truncate(EVENTS);
    }

    /// Another count, and no deployment (`aws.md` §2).
    pub(super) fn want(&mut self, count: u64) {
        if self.desired != count {
            (self.desired, self.steady) = (count, false);
        }
    }

    /// A new primary deployment; the one before it gives way.
    pub(super) fn deploy(&mut self, deployment: Deployment) {
        let primary = self.primary_mut();
        primary.updated = deployment.created;
        if primary.rollout == Rollout::InProgress {
            primary.finished = Some(deployment.created);
        }
        self.deployments.insert(0, deployment);
        self.deployments.truncate(DEPLOYMENTS);
        (self.streak, self.not_before, self.steady) = (0, None, false);
    }

    /// A percentage of the deployment configuration.
    pub(super) fn percent(&self, name: &str, default: u64) -> u64 {
        self.settings["deploymentConfiguration"][name].as_u64().unwrap_or(default)
    }

    fn take_settings(&mut self, parameters: &Value) -> bool {
        let mut deploys = parameters["forceNewDeployment"] == true;
        for name in DEPLOYING.iter().chain(SETTING).filter(|n| !parameters[**n].is_null()) {
            let value = &parameters[*name];
            deploys |= DEPLOYING.contains(name) && self.settings.get(*name) != Some(value);
            match self.settings.get_mut(*name).and_then(Value::as_object_mut).zip(value.as_object()) {
                Some((old, new)) => old.extend(new.clone()),
                None => drop(self.settings.insert((*name).to_owned(), value.clone())),
            }
        }
        deploys
    }
}

impl Ecs {
    pub(super) fn update_service(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let name = last_part(parameters["service"].as_str().unwrap_or_default()).to_owned();
        let missing = || Refused::new("ServiceNotFoundException", "Service not found.");
        let service = self.clusters[at].service(&name).ok_or_else(missing)?;
        if service.settings["status"] != "ACTIVE" {
            return Err(Refused::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let count = count(parameters)?;
        let before = service.primary().definition.clone();
        let definition = match parameters["taskDefinition"].as_str() {
            Some(given) => self.existing_definition(given)?,
            None => before.clone(),
        };
        let number = self.number();
        let cluster = self.clusters[at].name.clone();
        let Some(service) = self.service_mut(&cluster, &name) else { return Err(missing()) };
        service.want(count.unwrap_or(service.desired));
        let changed = service.take_settings(parameters);
        if changed || definition != before {
            service.deploy(Deployment::new(number, &definition, moment));
        }
        let answer = self.service_document(at, &name, moment);
        // The answer still has the old counts; the scheduler works a moment later.
        let due = Due::Scheduler { cluster, service: name };
        moment.later(Span::secs(1), Happening::Ecs(due));
        Ok(json!({ "service": answer }))
    }

    /// `family:revision` of a definition that is named by family, by both or by ARN.
    fn existing_definition(&self, given: &str) -> Result<String, Refused> {
        let message = "Unable to describe task definition.";
        let found = self.definition(given).ok_or_else(|| Refused::new("ClientException", message))?;
        if found["status"] == "INACTIVE" {
            return Err(Refused::new("ClientException", "TaskDefinition is inactive"));
        }
        Ok(short(found))
    }
}

fn count(parameters: &Value) -> Result<Option<u64>, Refused> {
    match &parameters["desiredCount"] {
        Value::Null => Ok(None),
        given => given
            .as_u64()
            .map(Some)
            .ok_or_else(|| Refused::new("InvalidParameterException", "desiredCount cannot be negative.")),
    }
}
