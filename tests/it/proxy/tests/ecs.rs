//! Tasks come and go one by one.

use serde_json::{Value, json};

use crate::world::{Options, World};

/// Desired, running and pending count of the service, as one reading sees them.
pub fn counts(world: &World) -> [u64; 3] {
    let answer = world.ecs("DescribeServices", &json!({"cluster": "prod", "services": ["api"]})).unwrap();
    ["desiredCount", "runningCount", "pendingCount"].map(|key| answer["services"][0][key].as_u64().unwrap())
}

pub fn set_count(world: &World, count: u64) -> Value {
    world.ecs("UpdateService", &json!({"cluster": "prod", "service": "api", "desiredCount": count})).unwrap()
}

fn tasks(world: &World, status: &str) -> Vec<String> {
    let asked = json!({"cluster": "prod", "serviceName": "api", "desiredStatus": status});
    let answer = world.ecs("ListTasks", &asked).unwrap();
    serde_json::from_value(answer["taskArns"].clone()).unwrap()
}

fn statuses(world: &World, tasks: &[String]) -> Vec<String> {
    let answer = world.ecs("DescribeTasks", &json!({"cluster": "prod", "tasks": tasks})).unwrap();
    let list = answer["tasks"].as_array().unwrap().iter();
    list.map(|task| task["lastStatus"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn tasks_still_run_when_none_is_listed_and_stop_after_the_count_is_zero() {
    let world = World::start();
    let answer = set_count(&world, 0);
    assert_eq!(answer["service"]["runningCount"], 3, "the answer has the old running count");
    assert!(tasks(&world, "RUNNING").is_empty(), "none is wanted any more");
    assert_eq!(tasks(&world, "STOPPED").len(), 3);
    let seen: Vec<_> = (0..5).map(|_| counts(&world)).collect();
    assert_eq!(seen, [[0, 3, 0], [0, 2, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]);

    let arns = tasks(&world, "STOPPED");
    for status in ["STOPPING", "DEPROVISIONING"] {
        assert_eq!(statuses(&world, &arns), [status; 3]);
    }
    assert_eq!(world.proxy.waits()[0].ended, None, "running is 0, but the tasks have not stopped");
    assert_eq!(statuses(&world, &arns), ["STOPPED"; 3]);
    assert!(world.proxy.waits()[0].ended.is_some());
}

#[test]
fn tasks_start_one_by_one() {
    let world = World::start();
    set_count(&world, 5);
    let seen: Vec<_> = (0..4).map(|_| counts(&world)).collect();
    assert_eq!(seen, [[5, 3, 0], [5, 4, 1], [5, 5, 0], [5, 5, 0]]);
    assert_eq!(tasks(&world, "RUNNING").len(), 5);
}

#[test]
fn a_stopped_task_is_replaced_and_stand_alone_tasks_are_listed() {
    let world = World::with(Options { standalone: vec!["migrate"], ..Options::default() });
    let task = tasks(&world, "RUNNING")[0].clone();
    world.aws(&["ecs", "stop-task", "--cluster", "prod", "--task", &task]);
    assert_eq!(counts(&world), [3, 3, 0]);
    let all = world.aws(&["ecs", "list-tasks", "--cluster", "prod"]);
    let all: Vec<String> = serde_json::from_value(all["taskArns"].clone()).unwrap();
    assert_eq!(all.len(), 3 + 2 + 1, "api, worker and the stand-alone one");
    let mut args = vec!["ecs", "describe-tasks", "--cluster", "prod", "--tasks"];
    args.extend(all.iter().map(String::as_str));
    let groups = world.aws(&args);
    assert!(groups["tasks"].as_array().unwrap().iter().any(|task| task["group"] == "family:migrate"));
}

#[test]
fn registering_a_target_lifts_a_service_to_its_minimum() {
    let world = World::start();
    let suspend = |state: &str| {
        world.aws(&[
            "application-autoscaling", "register-scalable-target", "--service-namespace", "ecs", "--scalable-dimension",
            "ecs:service:DesiredCount", "--resource-id", "service/prod/api", "--suspended-state",
            &format!("DynamicScalingInSuspended={state},DynamicScalingOutSuspended={state},ScheduledScalingSuspended={state}"),
        ])
    };
    suspend("true");
    assert!(world.proxy.notes().is_empty());
    let targets =
        world.aws(&["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"]);
    let states: Vec<_> = targets["ScalableTargets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["SuspendedState"]["ScheduledScalingSuspended"])
        .collect();
    assert_eq!(states, [&json!(true), &json!(false)]);
    assert_eq!(
        (&targets["ScalableTargets"][0]["MinCapacity"], &targets["ScalableTargets"][0]["MaxCapacity"]),
        (&json!(2), &json!(6))
    );
    set_count(&world, 0);
    suspend("false");
    assert_eq!(world.proxy.notes(), ["scaling lifted api from 0 to 2"]);
    assert_eq!(counts(&world)[0], 2);
    assert_eq!(world.proxy.mutations().len(), 3, "AWS's own update is not in the log");
}
