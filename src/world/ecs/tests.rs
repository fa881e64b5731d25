//! What is seen of ECS and its scaling at which time.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Refused, Service, Site, World};

const START: At = At(1_772_329_200_000);

struct Table {
    world: World,
    site: Site,
    now: At,
}

impl Table {
    /// `prod` with `api` (3 tasks behind a load balancer) and `worker` (2, not).
    fn new() -> Table {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut world = World::new(7, START);
        world.furnish(&site, |services, moment| {
            services.ecs.furnish("prod", Service::new("api", 3, "api:7", START), moment);
            let worker = Service { balanced: false, ..Service::new("worker", 2, "worker:3", START) };
            services.ecs.furnish("prod", worker, moment);
        });
        Table { world, site, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn of(&mut self, service: &str, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, (service, operation), &parameters, self.now)
    }

    fn call(&mut self, operation: &str, mut parameters: Value) -> Value {
        parameters["cluster"] = "prod".into();
        self.of("ecs", operation, parameters).unwrap()
    }

    /// Desired, running, pending.
    fn counts(&mut self, name: &str) -> [u64; 3] {
        let answer = self.call("DescribeServices", json!({"services": [name]}));
        let service = &answer["services"][0];
        ["desiredCount", "runningCount", "pendingCount"].map(|n| service[n].as_u64().unwrap())
    }

    fn scale(&mut self, name: &str, count: u64) -> Value {
        self.call("UpdateService", json!({"service": name, "desiredCount": count}))["service"].clone()
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn register(&mut self, name: &str, more: Value) -> Result<Value, Refused> {
        let mut call = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/prod/{name}"),
            "ScalableDimension": "ecs:service:DesiredCount"});
        call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        self.of("application-autoscaling", "RegisterScalableTarget", call)
    }

    fn film<T: PartialEq>(&mut self, span: Span, mut see: impl FnMut(&mut Table) -> T) -> Vec<T> {
        let (mut seen, end) = (vec![see(self)], self.now.plus(span));
        while self.now < end {
            self.now = self.now.plus(Span::secs(1));
            let now = see(self);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        seen
    }
}

#[test]
fn the_answer_to_a_count_has_the_old_running_count_and_no_new_deployment() {
    let mut table = Table::new();
    let before = table.call("DescribeServices", json!({"services": ["api"]}))["services"][0].clone();
    let answer = table.scale("api", 0);
    assert_eq!((&answer["desiredCount"], &answer["runningCount"]), (&json!(0), &json!(3)));
    assert_eq!(answer["deployments"][0]["id"], before["deployments"][0]["id"]);
}

#[test]
fn tasks_that_were_told_to_stop_are_not_listed_although_they_run() {
    let mut table = Table::new();
    table.scale("api", 0);
    table.now = table.now.plus(Span::secs(3));
    assert_eq!(table.call("ListTasks", json!({"serviceName": "api"}))["taskArns"], json!([]));
    assert_eq!(table.counts("api"), [0, 3, 0]);
    let stopping = table.call("ListTasks", json!({"serviceName": "api", "desiredStatus": "STOPPED"}));
    let tasks = table.call("DescribeTasks", json!({"tasks": stopping["taskArns"]}));
    assert!(tasks["tasks"].as_array().unwrap().iter().all(|t| t["lastStatus"] != "STOPPED"));
}

#[test]
fn a_task_behind_a_load_balancer_is_drained_before_it_stops_and_another_is_not() {
    for (service, wanted) in [
        ("api", &["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"][..]),
        ("worker", &["RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"]),
    ] {
        let mut table = Table::new();
        let arns = table.call("ListTasks", json!({"serviceName": service}))["taskArns"].clone();
        table.scale(service, 0);
        let seen = table.film(Span::mins(10), |t| {
            t.call("DescribeTasks", json!({"tasks": [arns[0]]}))["tasks"][0]["lastStatus"]
                .as_str()
                .unwrap()
                .to_owned()
        });
        assert_eq!(seen, wanted);
        assert_eq!(table.counts(service), [0, 0, 0]);
    }
}

#[test]
fn a_service_comes_up_to_its_count_and_says_when_it_is_steady() {
    let mut table = Table::new();
    table.scale("worker", 0);
    table.film(Span::mins(10), |t| t.counts("worker"));
    table.scale("worker", 2);
    let seen = table.film(Span::mins(10), |t| t.counts("worker"));
    assert_eq!((seen[0], *seen.last().unwrap()), ([2, 0, 0], [2, 2, 0]));
    assert!(seen.contains(&[2, 0, 2]), "{seen:?}");
    let events =
        table.call("DescribeServices", json!({"services": ["worker"]}))["services"][0]["events"].clone();
    assert!(events[0]["message"].as_str().unwrap().contains("has reached a steady state"), "{events}");
}

#[test]
fn what_is_missing_is_named_in_failures_and_a_missing_cluster_is_an_error() {
    let mut table = Table::new();
    let answer = table.call("DescribeServices", json!({"services": ["api", "nosuch"]}));
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let error =
        table.of("ecs", "DescribeServices", json!({"cluster": "none", "services": ["api"]})).unwrap_err();
    assert_eq!(error.code, "ClusterNotFoundException");
    let many: Vec<String> = (0..11).map(|n| format!("s{n}")).collect();
    let error =
        table.of("ecs", "DescribeServices", json!({"cluster": "prod", "services": many})).unwrap_err();
    assert_eq!(error.code, "InvalidParameterException");
}

#[test]
fn a_task_that_is_stopped_by_hand_is_replaced() {
    let mut table = Table::new();
    let arn = table.call("ListTasks", json!({"serviceName": "worker"}))["taskArns"][0].clone();
    let answer = table.call("StopTask", json!({"task": arn, "reason": "it hangs"}));
    assert_eq!(answer["task"]["stopCode"], "UserInitiated");
    table.film(Span::mins(10), |t| t.counts("worker"));
    assert_eq!(table.counts("worker"), [2, 2, 0]);
    assert!(
        !table.call("ListTasks", json!({"serviceName": "worker"}))["taskArns"]
            .as_array()
            .unwrap()
            .contains(&arn)
    );
}

#[test]
fn registering_a_target_moves_a_service_into_its_bounds() {
    let mut table = Table::new();
    let error = table.register("api", json!({"MinCapacity": 2})).unwrap_err();
    assert_eq!(error.code, "ValidationException", "a new target names both bounds");
    table.register("api", json!({"MinCapacity": 2, "MaxCapacity": 6})).unwrap();
    assert_eq!(table.counts("api")[0], 3);
    table.scale("api", 0);
    let suspend = json!({"SuspendedState": {"DynamicScalingOutSuspended": true}});
    table.register("api", suspend).unwrap();
    assert_eq!(table.counts("api")[0], 2, "whatever the call was for");
    let targets = table
        .of("application-autoscaling", "DescribeScalableTargets", json!({"ServiceNamespace": "ecs"}))
        .unwrap();
    assert_eq!(targets["ScalableTargets"][0]["SuspendedState"]["DynamicScalingOutSuspended"], true);
    assert_eq!(targets["ScalableTargets"][0]["SuspendedState"]["ScheduledScalingSuspended"], false);
    assert_eq!(table.register("nosuch", json!({})).unwrap_err().code, "ValidationException");
}

#[test]
fn stopped_tasks_are_seen_for_an_hour() {
    let mut table = Table::new();
    table.scale("worker", 0);
    table.film(Span::mins(10), |t| t.counts("worker"));
    let stopped = json!({"serviceName": "worker", "desiredStatus": "STOPPED"});
    assert_eq!(table.call("ListTasks", stopped.clone())["taskArns"].as_array().unwrap().len(), 2);
    table.now = table.now.plus(Span::mins(61));
    assert_eq!(table.call("ListTasks", stopped)["taskArns"], json!([]));
}

#[test]
fn lists_of_services_come_in_pages_of_ten() {
    let mut table = Table::new();
    let site = table.site.clone();
    table.world.furnish(&site, |services, moment| {
        for n in 0..12 {
            services.ecs.furnish("prod", Service::new(&format!("s{n}"), 0, "s:1", START), moment);
        }
    });
    let first = table.call("ListServices", json!({}));
    assert_eq!(first["serviceArns"].as_array().unwrap().len(), 10);
    let rest = table.call("ListServices", json!({"nextToken": first["nextToken"]}));
    assert_eq!((rest["serviceArns"].as_array().unwrap().len(), &rest["nextToken"]), (4, &Value::Null));
}
