//! ECS as it is: tasks stop and start one by one, and a task that is told to stop can work on for minutes.
//!
//! In moto services own no tasks and jump to their count. This script keeps the tasks. Each `DescribeServices`
//! lets one task per service start or begin to leave; each `DescribeTasks` brings the leaving ones a step on.
//! So `runningCount` is 0 before the last task is STOPPED, as in AWS. Application Auto Scaling belongs here,
//! because registering a target lifts a service to its minimum.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::waits::WaitId;
use super::wire::Answer;
use super::{Cx, Script};

/// How slowly tasks come and go.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// `DescribeServices` readings before a new count shows any effect.
    pub lag: u32,
    /// `DescribeTasks` readings that a task spends in each of DEACTIVATING, STOPPING and DEPROVISIONING.
    pub leaving: u32,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { lag: 1, leaving: 1 }
    }
}

/// The life of a task after it was told to stop.
const LEAVING: &[&str] = &["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Running,
    /// Index into [`LEAVING`], and readings left in it.
    Leaving(usize, u32),
}

#[derive(Clone, Debug)]
struct Task {
    id: String,
    group: String,
    phase: Phase,
    /// Told to stop, though it may still be running.
    is_unwanted: bool,
}

impl Task {
    fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Leaving(step, _) if step + 1 == LEAVING.len())
    }

    fn last_status(&self) -> &'static str {
        match self.phase {
            Phase::Pending => "PENDING",
            Phase::Running => "RUNNING",
            Phase::Leaving(step, _) => LEAVING[step],
        }
    }

    fn desired_status(&self) -> &'static str {
        if self.is_unwanted { "STOPPED" } else { "RUNNING" }
    }
}

#[derive(Debug, Default)]
struct Service {
    desired: usize,
    /// Above zero while a new count shows no effect yet.
    lag: u32,
    tasks: Vec<Task>,
    /// Newest first.
    events: Vec<Value>,
    is_draining: bool,
    wait: Option<WaitId>,
}

impl Service {
    fn count(&self, phase: Phase) -> usize {
        self.tasks.iter().filter(|task| task.phase == phase).count()
    }

    /// The final state: the count is reached and, when draining, whatever was told to stop has stopped.
    fn is_settled(&self) -> bool {
        self.lag == 0
            && self.count(Phase::Running) == self.desired
            && self.count(Phase::Pending) == 0
            && (!self.is_draining || self.tasks.iter().all(|task| !task.is_unwanted || task.is_stopped()))
    }
}

/// The script.
#[derive(Default)]
pub struct Ecs {
    timing: Timing,
    services: BTreeMap<String, Service>,
    /// Tasks that belong to no service.
    standalone: Vec<Task>,
    cluster: String,
    account: String,
    next_task: u64,
}

const AFTER_DRAIN: &[&str] = &["ModifyDBInstance", "RestoreDBInstanceFromDBSnapshot"];
const AFTER_CLIMB: &[&str] = &["RegisterScalableTarget"];

impl Ecs {
    /// The services of one cluster, and a stand-alone task of each of these families.
    pub fn new(account: &str, cluster: &str, timing: Timing, standalone: &[&str]) -> Ecs {
        let mut ecs =
            Ecs { timing, cluster: cluster.to_owned(), account: account.to_owned(), ..Ecs::default() };
        for family in standalone {
            let task = ecs.task(&format!("family:{family}"), Phase::Running);
            ecs.standalone.push(task);
        }
        ecs
    }

    fn task(&mut self, group: &str, phase: Phase) -> Task {
        self.next_task += 1;
        Task { id: format!("{:032x}", self.next_task), group: group.to_owned(), phase, is_unwanted: false }
    }

    fn arn(&self, task: &Task) -> String {
        format!("arn:aws:ecs:eu-west-1:{}:task/{}/{}", self.account, self.cluster, task.id)
    }

    /// Takes a service up as moto has it, with its tasks running. Says whether it exists.
    fn take_up(&mut self, name: &str, cx: &mut Cx) -> bool {
        if self.services.contains_key(name) {
            return true;
        }
        let asked = json!({"cluster": self.cluster, "services": [name]});
        let answer = cx.upstream.json("ecs", "DescribeServices", &asked);
        let Some(desired) = answer.and_then(|answer| answer["services"][0]["desiredCount"].as_u64()) else {
            return false;
        };
        let desired = usize::try_from(desired).expect("a small count");
        let group = format!("service:{name}");
        let tasks = (0..desired).map(|_| self.task(&group, Phase::Running)).collect();
        self.services.insert(name.to_owned(), Service { desired, tasks, ..Service::default() });
        true
    }

    /// A new count: excess tasks are told to stop, missing ones are asked for.
    fn set_count(&mut self, name: &str, desired: usize, cx: &mut Cx) {
        let lag = self.timing.lag;
        let Some(mut service) = self.services.remove(name) else { return };
        if let Some(open) = service.wait.take() {
            cx.end(open);
        }
        let wanted = service.tasks.iter().filter(|task| !task.is_unwanted).count();
        for task in service.tasks.iter_mut().filter(|task| !task.is_unwanted).skip(desired) {
            task.is_unwanted = true;
        }
        let group = format!("service:{name}");
        service.tasks.extend((wanted..desired).map(|_| self.task(&group, Phase::Pending)));
        if desired != wanted {
            service.is_draining = desired < wanted;
            let (what, blocks) =
                if service.is_draining { ("drain", AFTER_DRAIN) } else { ("start", AFTER_CLIMB) };
            service.wait = Some(cx.open(format!("{what} {name}"), blocks));
            service.lag = lag + 1;
        }
        service.desired = desired;
        self.services.insert(name.to_owned(), service);
    }

    /// One `DescribeServices` reading: a task starts, a task begins to leave.
    fn step_service(&mut self, name: &str) {
        let leaving = self.timing.leaving;
        let Some(service) = self.services.get_mut(name) else { return };
        service.lag = service.lag.saturating_sub(1);
        if service.lag > 0 {
            return;
        }
        if let Some(task) = service.tasks.iter_mut().find(|task| task.is_unwanted && !is_leaving(task)) {
            task.phase = Phase::Leaving(0, leaving);
            let id = task.id.clone();
            service.event(&format!("(service {name}) has stopped 1 running tasks: (task {id})."));
        } else if let Some(task) = service.tasks.iter_mut().find(|task| task.phase == Phase::Pending) {
            task.phase = Phase::Running;
            if service.count(Phase::Pending) == 0 {
                service.event(&format!("(service {name}) has reached a steady state."));
            }
        }
    }

    /// One `DescribeTasks` reading of a task.
    fn step_task(&mut self, id: &str) {
        let leaving = self.timing.leaving;
        for task in self.all_tasks_mut().filter(|task| task.id == id) {
            if let Phase::Leaving(step, left) = task.phase
                && !task.is_stopped()
            {
                task.phase =
                    if left > 1 { Phase::Leaving(step, left - 1) } else { Phase::Leaving(step + 1, leaving) };
            }
        }
    }

    fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        self.services.values().flat_map(|service| &service.tasks).chain(&self.standalone)
    }

    fn all_tasks_mut(&mut self) -> impl Iterator<Item = &mut Task> {
        self.services.values_mut().flat_map(|service| &mut service.tasks).chain(&mut self.standalone)
    }

    fn end_settled(&mut self, cx: &mut Cx) {
        for service in self.services.values_mut() {
            if service.is_settled()
                && let Some(wait) = service.wait.take()
            {
                cx.end(wait);
            }
        }
    }

    /// What moto says of services, with the counts and events that go with their tasks.
    fn describe_services(&mut self, answer: &mut Answer, cx: &mut Cx) {
        let Ok(mut body) = serde_json::from_slice::<Value>(&answer.message.body) else { return };
        for service in body["services"].as_array_mut().into_iter().flatten() {
            let Some(name) = service["serviceName"].as_str().map(str::to_owned) else { continue };
            self.take_up(&name, cx);
            self.step_service(&name);
            self.show_service(&name, service);
        }
        self.end_settled(cx);
        answer.message.body = body.to_string().into_bytes();
    }

    fn show_service(&self, name: &str, shown: &mut Value) {
        let Some(service) = self.services.get(name) else { return };
        // A service that is told to start does not count its tasks before they are placed.
        let pending = if service.lag > 0 { 0 } else { service.count(Phase::Pending) };
        let counts = json!({
            "desiredCount": service.desired,
            "runningCount": service.count(Phase::Running),
            "pendingCount": pending,
        });
        for (key, value) in counts.as_object().into_iter().flatten() {
            shown[key] = value.clone();
            shown["deployments"][0][key] = value.clone();
        }
        shown["deployments"][0]["rolloutState"] = json!("COMPLETED");
        shown["events"] = Value::Array(service.events.clone());
    }

    fn list_tasks(&mut self, call: &Call, cx: &mut Cx) -> Answer {
        let service = call.text("serviceName").map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        match &service {
            Some(name) if !self.take_up(name, cx) => {
                return call.error(400, "ServiceNotFoundException", "Service not found.");
            }
            Some(_) => {}
            None => self.take_up_all(cx),
        }
        let status = call.text("desiredStatus").unwrap_or("RUNNING");
        let of_service = |task: &&Task| {
            service.as_ref().is_none_or(|name| task.group == format!("service:{name}"))
                && task.desired_status() == status
        };
        let arns: Vec<String> = self.all_tasks().filter(of_service).map(|task| self.arn(task)).collect();
        Call::success_json(&json!({"taskArns": arns}))
    }

    fn take_up_all(&mut self, cx: &mut Cx) {
        let asked = json!({"cluster": self.cluster, "maxResults": 100});
        let answer = cx.upstream.json("ecs", "ListServices", &asked).unwrap_or_default();
        for arn in answer["serviceArns"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.take_up(arn.rsplit('/').next().unwrap_or(arn), cx);
        }
    }

    fn describe_tasks(&mut self, call: &Call, cx: &mut Cx) -> Answer {
        let mut tasks = Vec::new();
        let mut failures = Vec::new();
        for asked in call.list("tasks") {
            let id = asked.rsplit('/').next().unwrap_or(&asked).to_owned();
            self.step_task(&id);
            match self.all_tasks().find(|task| task.id == id) {
                Some(task) => tasks.push(self.describe_task(task)),
                None => failures.push(json!({"arn": asked, "reason": "MISSING"})),
            }
        }
        self.end_settled(cx);
        Call::success_json(&json!({"tasks": tasks, "failures": failures}))
    }

    fn describe_task(&self, task: &Task) -> Value {
        let owner = task.group.split_once(':').map_or("", |(_, name)| name);
        let mut shown = json!({
            "taskArn": self.arn(task),
            "clusterArn": format!("arn:aws:ecs:eu-west-1:{}:cluster/{}", self.account, self.cluster),
            "taskDefinitionArn": format!("arn:aws:ecs:eu-west-1:{}:task-definition/{owner}:1", self.account),
            "group": task.group,
            "lastStatus": task.last_status(),
            "desiredStatus": task.desired_status(),
            "launchType": "FARGATE",
            "startedAt": epoch_seconds(),
        });
        if task.group.starts_with("service:") {
            shown["startedBy"] = json!("ecs-svc/0000000000000000001");
        }
        if task.is_unwanted {
            shown["stoppedReason"] = json!("Scaling activity initiated by the service scheduler");
            shown["stopCode"] = json!("ServiceSchedulerInitiated");
        }
        if task.is_stopped() {
            shown["stoppedAt"] = json!(epoch_seconds());
        }
        shown
    }

    /// moto has no such task. A service starts another one in its place.
    fn stop_task(&mut self, call: &Call) -> Answer {
        let asked = call.text("task").unwrap_or_default();
        let id = asked.rsplit('/').next().unwrap_or(asked).to_owned();
        let leaving = self.timing.leaving;
        let Some(task) = self.all_tasks_mut().find(|task| task.id == id) else {
            return call.error(400, "InvalidParameterException", "The referenced task was not found.");
        };
        if !is_leaving(task) {
            task.phase = Phase::Leaving(0, leaving);
        }
        let was_wanted = !std::mem::replace(&mut task.is_unwanted, true);
        let task = task.clone();
        if let Some(name) = task.group.strip_prefix("service:").filter(|_| was_wanted) {
            let replacement = self.task(&task.group, Phase::Pending);
            self.services.entry(name.to_owned()).or_default().tasks.push(replacement);
        }
        Call::success_json(&json!({"task": self.describe_task(&task)}))
    }

    /// Registering a target, even only to suspend or resume it, lifts the service to the minimum.
    fn lift_to_minimum(&mut self, call: &Call, cx: &mut Cx) {
        let resource = call.text("ResourceId").unwrap_or_default().to_owned();
        let Some(name) = resource.strip_prefix(&format!("service/{}/", self.cluster)) else { return };
        let asked = json!({"ServiceNamespace": "ecs", "ResourceIds": [resource]});
        let targets = cx.upstream.json("application-autoscaling", "DescribeScalableTargets", &asked);
        let least =
            targets.and_then(|targets| targets["ScalableTargets"][0]["MinCapacity"].as_u64()).unwrap_or(0);
        let least = usize::try_from(least).expect("a small count");
        self.take_up(name, cx);
        let below = self.services.get(name).filter(|service| service.desired < least).map(|s| s.desired);
        if let Some(desired) = below {
            let update = json!({"cluster": self.cluster, "service": name, "desiredCount": least});
            cx.upstream.json("ecs", "UpdateService", &update);
            self.set_count(name, least, cx);
            cx.note(format!("scaling lifted {name} from {desired} to {least}"));
        }
    }
}

impl Service {
    fn event(&mut self, message: &str) {
        let id = format!("00000000-0000-0000-0000-{:012}", self.events.len());
        self.events.insert(0, json!({"id": id, "createdAt": epoch_seconds(), "message": message}));
        self.events.truncate(100);
    }
}

impl Script for Ecs {
    fn request(&mut self, call: &Call, cx: &mut Cx) -> Option<Answer> {
        match call.operation.as_str() {
            "ListTasks" => Some(self.list_tasks(call, cx)),
            "DescribeTasks" if call.list("tasks").is_empty() => {
                Some(call.error(400, "InvalidParameterException", "Tasks cannot be empty."))
            }
            "DescribeTasks" => Some(self.describe_tasks(call, cx)),
            "StopTask" => Some(self.stop_task(call)),
            "DescribeServices" if call.list("services").len() > 10 => Some(call.error(
                400,
                "InvalidParameterException",
                "Services cannot have more than 10 elements.",
            )),
            "UpdateService" => {
                // Its state before the call is what its tasks are counted from.
                self.take_up(service_of(call), cx);
                None
            }
            _ => None,
        }
    }

    fn answer(&mut self, call: &Call, answer: &mut Answer, cx: &mut Cx) {
        if !answer.is_success() {
            return;
        }
        match call.operation.as_str() {
            "DescribeServices" => self.describe_services(answer, cx),
            "UpdateService" => {
                if let Some(count) = call.parameters["desiredCount"].as_u64() {
                    self.set_count(service_of(call), usize::try_from(count).expect("a small count"), cx);
                }
                let Ok(mut body) = serde_json::from_slice::<Value>(&answer.message.body) else { return };
                self.show_service(service_of(call), &mut body["service"]);
                answer.message.body = body.to_string().into_bytes();
            }
            "RegisterScalableTarget" => self.lift_to_minimum(call, cx),
            "DescribeScalableTargets" => complete_targets(answer),
            _ => {}
        }
    }
}

/// AWS sends no nulls, and always names the three flags; moto says null until somebody has set them.
fn complete_targets(answer: &mut Answer) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.message.body) else { return };
    for target in body["ScalableTargets"].as_array_mut().into_iter().flatten() {
        if let Some(members) = target.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        if target.get("SuspendedState").is_none() {
            target["SuspendedState"] = json!({
                "DynamicScalingInSuspended": false,
                "DynamicScalingOutSuspended": false,
                "ScheduledScalingSuspended": false,
            });
        }
    }
    if let Some(body) = body.as_object_mut() {
        body.retain(|_, value| !value.is_null());
    }
    answer.message.body = body.to_string().into_bytes();
}

fn service_of(call: &Call) -> &str {
    let name = call.text("service").unwrap_or_default();
    name.rsplit('/').next().unwrap_or(name)
}

fn is_leaving(task: &Task) -> bool {
    matches!(task.phase, Phase::Leaving(..))
}

fn epoch_seconds() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |time| time.as_secs_f64())
}
