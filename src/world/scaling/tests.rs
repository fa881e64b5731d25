//! What scaling does to services and tables at which time.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Misplaced, Moment, Refused, Services, Site, World};

const START: At = At(1_772_329_200_000);
const SERVICE: &str = "ecs:service:DesiredCount";
const READS: &str = "dynamodb:table:ReadCapacityUnits";

struct Table {
    world: World,
    site: Site,
    now: At,
}

impl Table {
    /// `prod/api` with 3 tasks and the provisioned table `busy` with an index, no target yet.
    fn new() -> Table {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut table = Table { world: World::new(7, START), site, now: START };
        table.place(|s, m| {
            s.ecs.place_service(&json!({"cluster": "prod", "serviceName": "api", "desiredCount": 3}), m)
        });
        let units = json!({"ReadCapacityUnits": 10, "WriteCapacityUnits": 10});
        let busy = json!({"TableName": "busy", "ProvisionedThroughput": units,
            "GlobalSecondaryIndexes": [{"IndexName": "by-day", "ProvisionedThroughput": units}]});
        table.place(|s, m| s.dynamodb.place_table(&busy, m));
        table
    }

    /// `Table::new` with a target of `prod/api` from 2 to 6 and a policy on it.
    fn scaled() -> Table {
        let mut table = Table::new();
        let target = json!({"ResourceId": "service/prod/api", "MinCapacity": 2, "MaxCapacity": 6});
        table.place(|s, m| s.scaling.place_target(&target, m));
        let policy = json!({"ResourceId": "service/prod/api", "PolicyName": "cpu"});
        table.place(|s, m| s.scaling.place_policy(&policy, m));
        table
    }

    fn place(&mut self, change: impl FnOnce(&mut Services, &mut Moment<'_>) -> Result<(), Misplaced>) {
        self.world.furnish(&self.site, change).unwrap();
    }

    fn press(&mut self, after: Span, wants: u64) {
        let change = json!({"at": START.plus(after).rfc3339(), "wants": wants});
        let story = json!({"ResourceId": "service/prod/api", "story": [change]});
        self.place(|s, m| s.scaling.place_pressure(&story, m));
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, ("application-autoscaling", operation), &parameters, self.now)
    }

    fn register(&mut self, more: Value) -> Result<Value, Refused> {
        self.call("RegisterScalableTarget", target("ecs", "service/prod/api", SERVICE, more))
    }

    fn desired(&mut self) -> u64 {
        self.world.advance(self.now);
        self.world.site(&self.site).unwrap().ecs.service("prod", "api").unwrap().desired
    }

    fn scale(&mut self, count: u64) {
        let call = json!({"cluster": "prod", "service": "api", "desiredCount": count});
        self.world.call(&self.site, ("ecs", "UpdateService"), &call, self.now).unwrap();
    }

    fn reads(&mut self) -> u64 {
        let call = json!({"TableName": "busy"});
        let answer = self.world.call(&self.site, ("dynamodb", "DescribeTable"), &call, self.now).unwrap();
        answer["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"].as_u64().unwrap()
    }

    fn activities(&mut self) -> Vec<Value> {
        let asked = json!({"ServiceNamespace": "ecs"});
        self.call("DescribeScalingActivities", asked).unwrap()["ScalingActivities"]
            .as_array()
            .unwrap()
            .clone()
    }

    fn pass(&mut self, span: Span) -> &mut Table {
        self.now = self.now.plus(span);
        self
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
fn target(namespace: &str, resource: &str, dimension: &str, more: Value) -> Value {
    let mut call =
        json!({"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension});
    call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    call
}

#[test]
fn registering_a_target_moves_a_service_into_its_bounds() {
    let mut table = Table::new();
    let error = table.register(json!({"MinCapacity": 2})).unwrap_err();
    assert_eq!(error.code, "ValidationException", "a new target names both bounds");
    table.register(json!({"MinCapacity": 2, "MaxCapacity": 6})).unwrap();
    assert_eq!(table.desired(), 3);
    table.scale(0);
    table.register(json!({"SuspendedState": {"DynamicScalingOutSuspended": true}})).unwrap();
    assert_eq!(table.desired(), 2, "whatever the call was for");
    let targets = table.call("DescribeScalableTargets", json!({"ServiceNamespace": "ecs"})).unwrap();
    let suspended = &targets["ScalableTargets"][0]["SuspendedState"];
    assert_eq!(suspended["DynamicScalingOutSuspended"], true);
    assert_eq!(suspended["ScheduledScalingSuspended"], false);
    table.register(json!({"MinCapacity": 1, "MaxCapacity": 1})).unwrap();
    assert_eq!(table.desired(), 1, "down to the maximum too");
}

#[test]
fn the_load_moves_a_service_within_its_bounds_and_it_is_written_down() {
    let mut table = Table::scaled();
    table.press(Span::mins(5), 9);
    table.press(Span::mins(10), 1);
    table.pass(Span::secs(299));
    assert_eq!(table.desired(), 3);
    table.pass(Span::secs(1));
    assert_eq!(table.desired(), 6);
    assert_eq!(table.activities()[0]["StatusCode"], "InProgress");
    table.pass(Span::mins(5));
    assert_eq!(table.desired(), 2);
    let rows = table.activities();
    let told: Vec<&Value> = rows.iter().map(|a| &a["Description"]).collect();
    assert_eq!(told, ["Setting desired count to 2.", "Setting desired count to 6."]);
    assert_eq!(rows[1]["StatusCode"], "Successful");
    assert!(rows[1]["Cause"].as_str().unwrap().contains("AlarmHigh"), "{}", rows[1]);
    assert!(rows[0]["Cause"].as_str().unwrap().ends_with("in state ALARM triggered policy cpu"));
}

#[test]
fn the_load_fights_a_service_that_was_scaled_to_nothing_unless_scaling_out_is_suspended() {
    for (suspended, wanted) in [(false, 5), (true, 0)] {
        let mut table = Table::scaled();
        table.press(Span::mins(1), 5);
        table.pass(Span::mins(2));
        let state = json!({"SuspendedState": {"DynamicScalingOutSuspended": suspended}});
        table.register(state).unwrap();
        table.scale(0);
        table.pass(Span::mins(3));
        assert_eq!(table.desired(), wanted, "suspended: {suspended}");
    }
}

#[test]
fn scaling_in_is_suspended_by_its_own_flag() {
    for (flag, wanted) in [("DynamicScalingInSuspended", 3), ("DynamicScalingOutSuspended", 2)] {
        let mut table = Table::scaled();
        table.register(json!({"SuspendedState": {flag: true}})).unwrap();
        table.press(Span::mins(1), 1);
        table.pass(Span::mins(2));
        assert_eq!(table.desired(), wanted, "{flag}");
    }
}

#[test]
fn a_scheduled_action_sets_the_bounds_unless_it_is_suspended() {
    for (suspended, wanted) in [(false, 4), (true, 3)] {
        let mut table = Table::scaled();
        let action = json!({"ScheduledActionName": "morning", "ResourceId": "service/prod/api",
            "at": START.plus(Span::mins(5)).rfc3339(), "MinCapacity": 4});
        table.place(|s, m| s.scaling.place_scheduled_action(&action, m));
        table.register(json!({"SuspendedState": {"ScheduledScalingSuspended": suspended}})).unwrap();
        table.pass(Span::mins(6));
        assert_eq!(table.desired(), wanted, "suspended: {suspended}");
    }
}

#[test]
fn the_capacity_of_a_table_is_a_target_too() {
    let mut table = Table::new();
    let bounds = json!({"MinCapacity": 20, "MaxCapacity": 40});
    table.call("RegisterScalableTarget", target("dynamodb", "table/busy", READS, bounds.clone())).unwrap();
    table.pass(Span::mins(2));
    assert_eq!(table.reads(), 20);
    let index = "dynamodb:index:WriteCapacityUnits";
    table
        .call("RegisterScalableTarget", target("dynamodb", "table/busy/index/by-day", index, bounds.clone()))
        .unwrap();
    table.pass(Span::mins(2));
    let seen = table.world.site(&table.site).unwrap().dynamodb.capacity("busy", Some("by-day"), false);
    assert_eq!(seen, Some(20));
    let activities =
        table.call("DescribeScalingActivities", json!({"ServiceNamespace": "dynamodb"})).unwrap();
    let told: Vec<&Value> =
        activities["ScalingActivities"].as_array().unwrap().iter().map(|a| &a["Description"]).collect();
    assert_eq!(told, ["Setting write capacity units to 20.", "Setting read capacity units to 20."]);
    // The target outlives its table.
    table
        .world
        .call(&table.site.clone(), ("dynamodb", "DeleteTable"), &json!({"TableName": "busy"}), table.now)
        .unwrap();
    table.pass(Span::mins(5));
    let left = table.call("DescribeScalableTargets", json!({"ServiceNamespace": "dynamodb"})).unwrap();
    assert_eq!(left["ScalableTargets"].as_array().unwrap().len(), 2);
    let again = table.call("RegisterScalableTarget", target("dynamodb", "table/busy", READS, bounds));
    assert_eq!(again.unwrap_err().code, "ValidationException");
}

#[test]
fn a_policy_needs_a_target_and_goes_with_it() {
    let mut table = Table::new();
    let policy = target(
        "ecs",
        "service/prod/api",
        SERVICE,
        json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0}}),
    );
    assert_eq!(table.call("PutScalingPolicy", policy.clone()).unwrap_err().code, "ObjectNotFoundException");
    table.register(json!({"MinCapacity": 2, "MaxCapacity": 6})).unwrap();
    let put = table.call("PutScalingPolicy", policy).unwrap();
    assert_eq!(put["Alarms"].as_array().unwrap().len(), 2);
    let step = target(
        "ecs",
        "service/prod/api",
        SERVICE,
        json!({"PolicyName": "step", "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}}),
    );
    table.call("PutScalingPolicy", step).unwrap();
    let named = json!({"ServiceNamespace": "ecs", "PolicyNames": ["cpu"]});
    let seen = table.call("DescribeScalingPolicies", named).unwrap();
    assert_eq!(seen["ScalingPolicies"].as_array().unwrap().len(), 1);
    assert_eq!(seen["ScalingPolicies"][0]["PolicyARN"], put["PolicyARN"]);
    let gone = target("ecs", "service/prod/api", SERVICE, json!({}));
    table.call("DeregisterScalableTarget", gone.clone()).unwrap();
    assert_eq!(table.call("DeregisterScalableTarget", gone).unwrap_err().code, "ObjectNotFoundException");
    let left = table.call("DescribeScalingPolicies", json!({"ServiceNamespace": "ecs"})).unwrap();
    assert_eq!(left["ScalingPolicies"], json!([]));
}

#[test]
fn a_namespace_without_targets_is_answered_with_none() {
    let mut table = Table::new();
    let asked = json!({"ServiceNamespace": "rds", "ResourceIds": ["cluster:orders"]});
    assert_eq!(table.call("DescribeScalableTargets", asked).unwrap()["ScalableTargets"], json!([]));
    let error = table.call("DescribeScalableTargets", json!({"ServiceNamespace": "db"})).unwrap_err();
    assert_eq!(error.code, "ValidationException");
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    let mut table = Table::scaled();
    let of = |more: Value| target("ecs", "service/prod/api", SERVICE, more);
    let steps: Vec<Value> = (0..21).map(|n| json!({"ScalingAdjustment": n})).collect();
    for (operation, parameters, code) in [
        ("DescribeScalableTargets", json!({}), "ValidationException"),
        ("DescribeScalableTargets", json!({"ServiceNamespace": "none"}), "ValidationException"),
        (
            "DescribeScalableTargets",
            json!({"ServiceNamespace": "ecs", "NextToken": "x"}),
            "InvalidNextTokenException",
        ),
        (
            "DescribeScalingActivities",
            json!({"ServiceNamespace": "ecs", "MaxResults": 51}),
            "ValidationException",
        ),
        (
            "DescribeScalingPolicies",
            json!({"ServiceNamespace": "ecs", "NextToken": "x"}),
            "InvalidNextTokenException",
        ),
        ("RegisterScalableTarget", of(json!({"MinCapacity": 9})), "ValidationException"),
        (
            "RegisterScalableTarget",
            target("ecs", "service/prod/none", SERVICE, json!({})),
            "ValidationException",
        ),
        (
            "RegisterScalableTarget",
            target("ecs", "service/prod/api", READS, json!({})),
            "ValidationException",
        ),
        (
            "PutScalingPolicy",
            of(json!({"PolicyName": "p", "PolicyType": "TargetTrackingScaling"})),
            "ValidationException",
        ),
        (
            "PutScalingPolicy",
            of(json!({"PolicyName": "p", "StepScalingPolicyConfiguration": {"StepAdjustments": steps}})),
            "LimitExceededException",
        ),
    ] {
        assert_eq!(
            table.call(operation, parameters.clone()).unwrap_err().code,
            code,
            "{operation} {parameters}"
        );
    }
}

#[test]
fn a_story_that_nothing_would_follow_is_refused() {
    let mut table = Table::new();
    let site = table.site.clone();
    let story = json!({"ResourceId": "service/prod/api", "story": [{"after": "5m", "wants": 5}]});
    let refused = table.world.furnish(&site, |s, m| s.scaling.place_pressure(&story, m)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "pressure on service/prod/api: there is no scalable target with a policy that would follow it"
    );
    for (description, said) in [
        (
            json!({"ResourceId": "service/prod/api", "MinCapacity": 1}),
            "scalable target service/prod/api: MaxCapacity is required for a new scalable target",
        ),
        (
            json!({"ResourceId": "table/busy", "MinCapacity": 1, "MaxCapacity": 2}),
            "scalable target table/busy: `ScalableDimension` must be given",
        ),
        (
            json!({"ResourceId": "service/prod/api", "Min": 1}),
            "scalable target service/prod/api: unknown member `Min`",
        ),
    ] {
        let refused = table.world.furnish(&site, |s, m| s.scaling.place_target(&description, m)).unwrap_err();
        assert_eq!(refused.to_string(), said);
    }
}
