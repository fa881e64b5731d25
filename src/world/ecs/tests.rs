//! What is seen of ECS and its scaling at which time.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Misplaced, Refused, Site, World};

use super::Failure;

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
        let world = World::new(7, START);
        let mut table = Table { world, site, now: START };
        table.place(json!({"serviceName": "api", "desiredCount": 3, "taskDefinition": "api:7"}));
        table.place(json!({"serviceName": "worker", "desiredCount": 2, "taskDefinition": "worker:3",
            "loadBalancers": []}));
        table
    }

    fn place(&mut self, mut description: Value) {
        description["cluster"] = "prod".into();
        self.world.furnish(&self.site.clone(), |s, m| s.ecs.place_service(&description, m)).unwrap();
    }

    fn define(&mut self, family: &str, revision: u64) {
        let description = json!({"family": family, "revision": revision});
        self.world.furnish(&self.site.clone(), |s, m| s.ecs.place_task_definition(&description, m)).unwrap();
    }

    fn fail(&mut self, service: &str, failure: Option<Failure>) {
        let site = self.site.clone();
        self.world.advance(self.now);
        assert!(self.world.furnish(&site, |s, m| s.ecs.set_failure(("prod", service), failure, m)));
    }

    fn service(&mut self, name: &str) -> Value {
        self.call("DescribeServices", json!({"services": [name]}))["services"][0].clone()
    }

    fn events(&mut self, name: &str) -> Vec<String> {
        let service = self.service(name);
        service["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["message"].as_str().unwrap().to_owned())
            .collect()
    }

    fn code(&mut self, operation: &str, mut parameters: Value) -> String {
        if parameters["cluster"].is_null() {
            parameters["cluster"] = "prod".into();
        }
        self.of("ecs", operation, parameters).unwrap_err().code
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
fn no_count_tells_of_a_task_whose_containers_are_still_stopping() {
    let mut table = Table::new();
    let arns = table.call("ListTasks", json!({"serviceName": "worker"}))["taskArns"].clone();
    table.scale("worker", 0);
    table.now = table.now.plus(Span::secs(4));
    let task = table.call("DescribeTasks", json!({"tasks": [arns[0]]}))["tasks"][0].clone();
    assert_eq!((&task["lastStatus"], table.counts("worker")), (&json!("STOPPING"), [0, 0, 0]));
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
    for n in 0..12 {
        table.place(json!({"serviceName": format!("s{n}"), "desiredCount": 0}));
    }
    let first = table.call("ListServices", json!({}));
    assert_eq!(first["serviceArns"].as_array().unwrap().len(), 10);
    let rest = table.call("ListServices", json!({"nextToken": first["nextToken"]}));
    assert_eq!((rest["serviceArns"].as_array().unwrap().len(), &rest["nextToken"]), (4, &Value::Null));
}

fn secret() -> Failure {
    Failure {
        code: "EssentialContainerExited".into(),
        reason: "Essential container in task exited".into(),
        after: Span::secs(20),
        exit: 1,
        definition: None,
    }
}

#[test]
fn a_forced_deployment_replaces_the_tasks_while_the_old_ones_go_on() {
    let mut table = Table::new();
    let old = table.service("api")["deployments"][0]["id"].clone();
    table.call("UpdateService", json!({"service": "api", "forceNewDeployment": true}));
    let seen = table.film(Span::mins(15), |t| {
        let service = t.service("api");
        let states = service["deployments"].as_array().unwrap().iter();
        states.map(|d| format!("{} {}", d["status"], d["rolloutState"]).replace('"', "")).collect::<Vec<_>>()
    });
    assert_eq!(seen, [vec!["PRIMARY IN_PROGRESS", "ACTIVE COMPLETED"], vec!["PRIMARY COMPLETED"]]);
    assert_ne!(table.service("api")["deployments"][0]["id"], old);
    let events = table.events("api");
    assert!(events[0].ends_with("has reached a steady state."), "{events:?}");
    assert!(events[1].ends_with("deployment completed."), "{events:?}");
}

#[test]
fn a_rolling_deployment_never_falls_below_its_count_nor_goes_above_twice_it() {
    let mut table = Table::new();
    table.define("worker", 4);
    table.call("UpdateService", json!({"service": "worker", "taskDefinition": "worker:4"}));
    let seen = table.film(Span::mins(15), |t| t.counts("worker"));
    assert!(seen.iter().all(|[_, running, pending]| *running >= 2 && running + pending <= 4), "{seen:?}");
    let arns = table.call("ListTasks", json!({"serviceName": "worker"}))["taskArns"].clone();
    let tasks = table.call("DescribeTasks", json!({"tasks": arns}));
    for task in tasks["tasks"].as_array().unwrap() {
        assert!(task["taskDefinitionArn"].as_str().unwrap().ends_with("worker:4"));
        assert_eq!(task["startedBy"], table.service("worker")["deployments"][0]["id"]);
    }
}

#[test]
fn a_setting_that_is_not_rolled_out_starts_no_deployment() {
    let mut table = Table::new();
    let id = table.service("api")["deployments"][0]["id"].clone();
    table.call("UpdateService", json!({"service": "api", "healthCheckGracePeriodSeconds": 60}));
    table.call("UpdateService", json!({"service": "api", "taskDefinition": "api:7"}));
    let service = table.service("api");
    assert_eq!(
        (&service["healthCheckGracePeriodSeconds"], &service["deployments"][0]["id"]),
        (&json!(60), &id)
    );
    table.call("UpdateService", json!({"service": "api", "platformVersion": "1.4.0"}));
    assert_ne!(table.service("api")["deployments"][0]["id"], id);
}

#[test]
fn a_deployment_whose_tasks_fail_is_stopped_and_rolled_back_by_the_circuit_breaker() {
    let mut table = Table::new();
    table.define("api", 8);
    let bad = Failure { code: "TaskFailedToStart".into(), definition: Some("api:8".into()), ..secret() };
    table.fail("api", Some(bad));
    table.call("UpdateService", json!({"service": "api", "taskDefinition": "api:8"}));
    table.film(Span::mins(20), |t| t.counts("api"));
    let service = table.service("api");
    assert!(service["taskDefinition"].as_str().unwrap().ends_with("api:7"));
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    let events = table.events("api");
    for said in
        ["deployment failed: tasks failed to start.", "rolling back to deployment", "unable to consistently"]
    {
        assert!(events.iter().any(|e| e.contains(said)), "{said}: {events:?}");
    }
    let rows = table.call("ListServiceDeployments", json!({"service": "api"}));
    let states: Vec<&Value> =
        rows["serviceDeployments"].as_array().unwrap().iter().map(|d| &d["status"]).collect();
    assert_eq!(states, ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]);
    let arn = rows["serviceDeployments"][0]["serviceDeploymentArn"].clone();
    let whole = table.call("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn, "arn:no"]}));
    let breaker = &whole["serviceDeployments"][0]["deploymentCircuitBreaker"];
    assert_eq!(breaker, &json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3}));
    assert_eq!(whole["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_deployment_that_is_not_rolled_back_stays_failed_and_starts_nothing_more() {
    let mut table = Table::new();
    table.define("worker", 4);
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false}});
    table.call("UpdateService", json!({"service": "worker", "deploymentConfiguration": breaker}));
    table.fail("worker", Some(Failure { definition: Some("worker:4".into()), ..secret() }));
    table.call("UpdateService", json!({"service": "worker", "taskDefinition": "worker:4"}));
    table.film(Span::mins(20), |t| t.counts("worker"));
    let service = table.service("worker");
    let rows = service["deployments"].as_array().unwrap().iter();
    let states: Vec<&Value> = rows.map(|d| &d["rolloutState"]).collect();
    assert_eq!(states, ["FAILED", "COMPLETED"], "the old tasks go on");
    assert_eq!(service["runningCount"], 2);
}

#[test]
fn tasks_that_die_after_their_start_leave_the_rollout_alone_and_are_told_in_events_and_reasons() {
    let mut table = Table::new();
    table.scale("worker", 0);
    table.film(Span::mins(5), |t| t.counts("worker"));
    table.fail("worker", Some(secret()));
    table.scale("worker", 2);
    let seen = table.film(Span::mins(10), |t| t.counts("worker"));
    assert!(seen.iter().any(|[_, running, _]| *running > 0), "they run before they die: {seen:?}");
    assert_eq!(table.service("worker")["deployments"][0]["rolloutState"], "COMPLETED");
    assert!(table.events("worker").iter().any(|e| e.contains("is unable to consistently start tasks")));
    let arns = table.call("ListTasks", json!({"serviceName": "worker", "desiredStatus": "STOPPED"}));
    let stopped = table.call("DescribeTasks", json!({"tasks": arns["taskArns"]}));
    let last = stopped["tasks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["stopCode"], &last["stoppedReason"], &last["containers"][0]["exitCode"]),
        (&json!("EssentialContainerExited"), &json!("Essential container in task exited"), &json!(1))
    );
    // The secret is mended: new tasks live.
    let mended = json!({"cluster": "prod", "serviceName": "worker", "mended": true});
    table.world.place(&table.site.clone(), "ecs.task_failure", &mended).unwrap();
    table.film(Span::mins(10), |t| t.counts("worker"));
    assert_eq!(table.counts("worker"), [2, 2, 0]);
    assert!(table.events("worker")[0].ends_with("has reached a steady state."));
}

#[test]
fn attempts_come_ever_later_up_to_a_quarter_of_an_hour() {
    let mut table = Table::new();
    table.scale("worker", 0);
    table.film(Span::mins(5), |t| t.counts("worker"));
    table.fail("worker", Some(secret()));
    table.scale("worker", 1);
    table.now = table.now.plus(Span::mins(120));
    let started = table.events("worker").iter().filter(|e| e.contains("has started")).count();
    assert!((8..=16).contains(&started), "{started}");
}

#[test]
fn a_slow_drain_and_a_deaf_container_hold_the_task_as_long_as_was_set() {
    let mut table = Table::new();
    table.place(json!({"serviceName": "slow", "desiredCount": 1, "drain": "8m", "stop_takes": "10m"}));
    let arn = table.call("ListTasks", json!({"serviceName": "slow"}))["taskArns"][0].clone();
    table.scale("slow", 0);
    let at = |t: &mut Table, after: Span| {
        t.now = START.plus(after);
        t.call("DescribeTasks", json!({"tasks": [arn]}))["tasks"][0].clone()
    };
    assert_eq!(at(&mut table, Span::secs(8 * 60 - 5))["lastStatus"], "DEACTIVATING");
    assert_eq!(at(&mut table, Span::secs(8 * 60 + 20))["lastStatus"], "STOPPING");
    let killed = at(&mut table, Span::secs(8 * 60 + 60));
    assert_eq!(
        (&killed["lastStatus"], &killed["containers"][0]["exitCode"]),
        (&json!("STOPPED"), &json!(137)),
        "its stop timeout is 30 s"
    );
}

#[test]
fn a_task_that_stands_alone_is_not_replaced_and_may_end_by_itself() {
    let mut table = Table::new();
    let place = |t: &mut Table, description: Value| {
        t.world.furnish(&t.site.clone(), |s, m| s.ecs.place_standalone_task(&description, m)).unwrap()
    };
    let once =
        json!({"cluster": "prod", "taskDefinition": "migrate:2", "startedBy": "ops", "runs_for": "2m"});
    let once = place(&mut table, once);
    let stays = place(&mut table, json!({"cluster": "prod", "taskDefinition": "migrate:2"}));
    let listed = table.call("ListTasks", json!({"family": "migrate"}));
    assert_eq!(listed["taskArns"].as_array().unwrap().len(), 2);
    table.now = table.now.plus(Span::mins(3));
    table.call("StopTask", json!({"task": stays}));
    table.now = table.now.plus(Span::mins(3));
    assert_eq!(table.call("ListTasks", json!({"family": "migrate"}))["taskArns"], json!([]));
    let seen = table.call("DescribeTasks", json!({"tasks": [once, stays]}));
    let codes: Vec<&Value> = seen["tasks"].as_array().unwrap().iter().map(|t| &t["stopCode"]).collect();
    assert_eq!(codes, ["EssentialContainerExited", "UserInitiated"]);
    assert_eq!(seen["tasks"][0]["group"], "family:migrate");
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    let mut table = Table::new();
    table.place(json!({"serviceName": "gone", "desiredCount": 0, "status": "INACTIVE"}));
    table.place(
        json!({"serviceName": "blue", "desiredCount": 0, "deploymentController": {"type": "CODE_DEPLOY"}}),
    );
    for (operation, parameters, code) in [
        ("UpdateService", json!({"service": "nosuch", "desiredCount": 1}), "ServiceNotFoundException"),
        ("UpdateService", json!({"service": "gone", "desiredCount": 1}), "ServiceNotActiveException"),
        ("UpdateService", json!({"service": "api", "desiredCount": -1}), "InvalidParameterException"),
        ("UpdateService", json!({"service": "api", "taskDefinition": "nosuch"}), "ClientException"),
        ("UpdateService", json!({"cluster": "none", "service": "api"}), "ClusterNotFoundException"),
        ("ListServiceDeployments", json!({"service": "nosuch"}), "ServiceNotFoundException"),
        ("ListServiceDeployments", json!({"service": "blue"}), "UnsupportedFeatureException"),
        ("DescribeTaskDefinition", json!({"taskDefinition": "nosuch"}), "ClientException"),
        ("ListTasks", json!({"serviceName": "nosuch"}), "ServiceNotFoundException"),
        ("ListServices", json!({"nextToken": "x"}), "InvalidParameterException"),
        ("StopTask", json!({"task": "nosuch"}), "InvalidParameterException"),
    ] {
        assert_eq!(table.code(operation, parameters.clone()), code, "{operation} {parameters}");
    }
}

#[test]
fn a_description_with_an_unknown_member_is_refused_by_its_name() {
    let mut table = Table::new();
    let site = table.site.clone();
    let mut place = |description: Value| -> Result<(), Misplaced> {
        table.world.furnish(&site, |s, m| s.ecs.place_service(&description, m))
    };
    for (description, said) in [
        (
            json!({"serviceName": "a", "desiredCuont": 2}),
            "service a: unknown member `desiredCuont` (did you mean `desiredCount`?)",
        ),
        (
            json!({"serviceName": "a", "desiredCount": "2"}),
            "service a: `desiredCount` cannot be \"2\": it is a whole number",
        ),
        (
            json!({"serviceName": "a", "runningCount": 2}),
            "service a: `runningCount` follows from the rest and is not told",
        ),
        (
            json!({"serviceName": "a", "drain": "soon"}),
            "service a: `drain`: \"soon\": a duration is a whole number and a unit, such as 90s, 15m, 3h or 2d",
        ),
        (
            json!({"serviceName": "a", "networkConfiguration": {"vpc": 1}}),
            "service a: unknown member `networkConfiguration.vpc`",
        ),
        (json!({"desiredCount": 1}), "service: `serviceName` must be given"),
        (
            json!({"serviceName": "a", "task_failure": {"why": 1}}),
            "service a: unknown member `task_failure.why`",
        ),
    ] {
        assert_eq!(place(description).unwrap_err().to_string(), said);
    }
}
