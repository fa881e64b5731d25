//! `ListServiceDeployments` and `DescribeServiceDeployments`: how the rollouts of a service went.

use serde_json::{Value, json};

use super::describe::{missing, names};
use super::show::service_arn;
use super::{Cluster, Deployment, Ecs, Rollout, Service, last_part};
use crate::ids::At;
use crate::world::{Moment, Refused, pages};

/// ARNs that one `DescribeServiceDeployments` takes (API reference).
const MOST: usize = 20;

impl Ecs {
    pub(super) fn list_service_deployments(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let cluster = &self.clusters[self.cluster(parameters)?];
        let name = last_part(parameters["service"].as_str().unwrap_or_default());
        let missing = || Refused::new("ServiceNotFoundException", "Service not found.");
        let service = cluster.service(name).ok_or_else(missing)?;
        // Only deployments that ECS itself controls are told (API reference).
        if service.settings["deploymentController"]["type"] != "ECS" {
            let message = "The service uses a deployment controller that is not supported.";
            return Err(Refused::new("UnsupportedFeatureException", message));
        }
        let wanted = parameters["status"].as_array();
        let bound = |name: &str| parameters["createdAt"][name].as_str().and_then(At::parse);
        let is_asked = |d: &&Deployment| {
            d.rolls_back.is_none()
                && wanted.is_none_or(|w| w.iter().any(|s| *s == service.status_of(d)))
                && bound("after").is_none_or(|at| d.created > at)
                && bound("before").is_none_or(|at| d.created < at)
        };
        let asked = service.deployments.iter().filter(is_asked);
        let rows = asked.map(|d| service.brief(cluster, d, moment)).collect();
        pages::ECS.page("serviceDeployments", rows, parameters)
    }

    pub(super) fn describe_service_deployments(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in names(parameters, "serviceDeploymentArns", MOST)? {
            match self.rollout(&arn, moment) {
                Some(document) => found.push(document),
                None => failures.push(missing(&arn)),
            }
        }
        Ok(json!({"serviceDeployments": found, "failures": failures}))
    }

    fn rollout(&self, arn: &str, moment: &Moment<'_>) -> Option<Value> {
        self.clusters.iter().find_map(|cluster| {
            cluster.services.iter().find_map(|service| {
                let is =
                    |d: &&Deployment| d.rolls_back.is_none() && d.arn(cluster, &service.name, moment) == arn;
                let found = service.deployments.iter().find(is)?;
                Some(service.whole(cluster, found, moment))
            })
        })
    }
}

impl Service {
    fn way_back(&self, of: &Deployment) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.rolls_back == Some(of.number))
    }

    /// The status of a service deployment; one that was overtaken is `STOPPED`.
    fn status_of(&self, d: &Deployment) -> &'static str {
        match (d.rollout, self.way_back(d).map(|b| b.rollout)) {
            (Rollout::Completed, _) => "SUCCESSFUL",
            (Rollout::InProgress, _) if d.number == self.primary().number => "IN_PROGRESS",
            (Rollout::InProgress, _) | (Rollout::Failed, None) => "STOPPED",
            (Rollout::Failed, Some(Rollout::InProgress)) => "ROLLBACK_IN_PROGRESS",
            (Rollout::Failed, Some(Rollout::Completed)) => "ROLLBACK_SUCCESSFUL",
            (Rollout::Failed, Some(Rollout::Failed)) => "ROLLBACK_FAILED",
        }
    }

    fn brief(&self, cluster: &Cluster, d: &Deployment, moment: &Moment<'_>) -> Value {
        let mut doc = json!({
            "serviceDeploymentArn": d.arn(cluster, &self.name, moment),
            "serviceArn": service_arn(cluster, &self.name, moment),
            "clusterArn": moment.arn("ecs", &format!("cluster/{}", cluster.name)),
            "startedAt": d.created.rfc3339(),
            "createdAt": d.created.rfc3339(),
            "targetServiceRevisionArn": d.revision_arn(cluster, &self.name, moment),
            "status": self.status_of(d),
            "statusReason": d.reason,
        });
        if let Some(at) = d.finished {
            doc["finishedAt"] = at.rfc3339().into();
        }
        doc
    }

    fn whole(&self, cluster: &Cluster, d: &Deployment, moment: &Moment<'_>) -> Value {
        let mut doc = self.brief(cluster, d, moment);
        if let Some(map) = doc.as_object_mut() {
            map.shift_remove("targetServiceRevisionArn");
        }
        let of = |state: fn(&super::Task) -> bool| {
            let own = |t: &&super::Task| t.deployment == Some(d.number) && state(t);
            cluster.tasks_of(&self.name).filter(own).count()
        };
        let before = self.deployments.iter().skip_while(|o| o.number != d.number).nth(1);
        doc["updatedAt"] = d.updated.rfc3339().into();
        doc["sourceServiceRevisions"] = before
            .map(|o| {
                json!({"arn": o.revision_arn(cluster, &self.name, moment), "requestedTaskCount": 0,
                "runningTaskCount": 0, "pendingTaskCount": 0})
            })
            .into_iter()
            .collect();
        doc["targetServiceRevision"] = json!({
            "arn": d.revision_arn(cluster, &self.name, moment),
            "requestedTaskCount": self.desired,
            "runningTaskCount": of(super::Task::runs),
            "pendingTaskCount": of(super::Task::is_pending),
            "requestedTestTrafficWeight": 0.0,
            "requestedProductionTrafficWeight": 100.0,
        });
        doc["deploymentConfiguration"] = self.settings["deploymentConfiguration"].clone();
        doc["deploymentCircuitBreaker"] = self.breaker(d);
        if let Some(back) = self.way_back(d) {
            doc["rollback"] = json!({"reason": back.reason, "startedAt": back.created.rfc3339(),
                "serviceRevisionArn": back.revision_arn(cluster, &self.name, moment)});
        }
        doc
    }

    fn breaker(&self, d: &Deployment) -> Value {
        let on = self.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] == true;
        let status = match (on, d.rollout) {
            (false, _) => "DISABLED",
            (true, Rollout::InProgress) => "MONITORING",
            (true, Rollout::Completed) => "MONITORING_COMPLETE",
            (true, Rollout::Failed) => "TRIGGERED",
        };
        json!({"status": status, "failureCount": d.failed, "threshold": self.threshold()})
    }
}
