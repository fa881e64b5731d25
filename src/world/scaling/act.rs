//! The autoscaler: follows a story of load that a scenario tells, acts on schedules, and writes down what it did.
//!
//! There are no metrics here. The story says what the load wants; a target that is registered, has a policy and
//! is not suspended goes there within its bounds, as often as somebody else moves it away.

use serde_json::{Value, json};

use super::{Due, Key, Reach, Scaling, namespace};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment, Refused, pages};

/// Alarms of one-minute metrics are evaluated so often.
const LOOK: Span = Span::mins(1);
/// Activities of the past six weeks are told (API reference).
const KEPT: Span = Span::mins(6 * 7 * 24 * 60);

/// One scaling activity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    pub id: String,
    pub key: Key,
    pub description: String,
    pub cause: String,
    pub start: At,
    pub end: Option<At>,
    pub status: &'static str,
    pub message: String,
}

/// A scheduled action: at a moment, other bounds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scheduled {
    pub key: Key,
    pub name: String,
    pub at: At,
    pub least: Option<u64>,
    pub most: Option<u64>,
}

impl Scaling {
    /// The load changes.
    pub(super) fn feel(
        &mut self,
        key: &Key,
        wants: Option<u64>,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) {
        let Some(target) = self.targets.iter_mut().find(|t| t.key == *key) else { return };
        let looks_already = target.pressure.is_some();
        target.pressure = wants;
        self.follow(key, reach, moment);
        if !looks_already {
            self.look_again(key, moment);
        }
    }

    pub(super) fn look(&mut self, key: &Key, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        self.follow(key, reach, moment);
        self.look_again(key, moment);
    }

    fn look_again(&self, key: &Key, moment: &mut Moment<'_>) {
        if self.target(key).is_some_and(|t| t.pressure.is_some()) {
            moment.later(LOOK, Happening::Scaling(Due::Look { key: key.clone() }));
        }
    }

    /// Goes where the load wants it, within the bounds. What stands below the minimum is not scaled in further,
    /// and is brought up to it by an alarm (ECS developer guide, "Service auto scaling").
    fn follow(&mut self, key: &Key, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let Some(target) = self.target(key) else { return };
        let Some(policy) = self.policies.iter().find(|p| p.key == *key) else { return };
        let (Some(wants), Ok(current)) = (target.pressure, key.current(reach)) else { return };
        let to = wants.clamp(target.least, target.most);
        let [suspended_in, suspended_out, _] = target.suspended;
        let acts = match to.cmp(&current) {
            std::cmp::Ordering::Equal => false,
            std::cmp::Ordering::Greater => !suspended_out,
            std::cmp::Ordering::Less => !suspended_in && policy.scales_in(),
        };
        if acts {
            let (alarm, name) = (policy.alarm(to > current), policy.name());
            let cause = format!("monitor alarm {alarm} in state ALARM triggered policy {name}");
            self.bring(key, to, &cause, reach, moment);
        }
    }

    /// Takes the bounds of a scheduled action, unless scheduled scaling is suspended.
    pub(super) fn act_on_schedule(
        &mut self,
        key: &Key,
        name: &str,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) {
        let Some(at) = self.scheduled.iter().position(|s| s.key == *key && s.name == name) else { return };
        let action = self.scheduled.remove(at);
        let Some(target) = self.targets.iter_mut().find(|t| t.key == *key) else { return };
        if target.suspended[2] {
            return;
        }
        target.least = action.least.unwrap_or(target.least);
        target.most = action.most.unwrap_or(target.most).max(target.least);
        let (least, most) = (target.least, target.most);
        let Ok(current) = key.current(reach) else { return };
        let to = current.clamp(least, most);
        if to != current {
            self.bring(key, to, &format!("scheduled action name {name} was triggered"), reach, moment);
        }
    }

    /// Sets a capacity, and writes it down.
    pub(super) fn bring(
        &mut self,
        key: &Key,
        to: u64,
        cause: &str,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) {
        self.made += 1;
        let id = moment.uuid(&format!("activity/{}", self.made));
        let noun = key.noun();
        let (status, message, end) = match key.set(to, reach, moment) {
            Ok(()) => {
                let done = Due::Done { activity: id.clone() };
                moment.later(Span::secs(45), Happening::Scaling(done));
                let message = format!(
                    "Successfully set {noun} to {to}. Waiting for change to be fulfilled by {}.",
                    key.namespace
                );
                ("InProgress", message, None)
            }
            Err(refused) => (
                "Failed",
                format!("Failed to set {noun} to {to}. Reason: {}", refused.message),
                Some(moment.now),
            ),
        };
        let activity = Activity {
            id,
            key: key.clone(),
            description: format!("Setting {noun} to {to}."),
            cause: cause.to_owned(),
            start: moment.now,
            end,
            status,
            message,
        };
        self.activities.insert(0, activity);
    }

    pub(super) fn activity_done(&mut self, id: &str, now: At) {
        self.activities.retain(|a| now.since(a.start) < KEPT);
        if let Some(activity) = self.activities.iter_mut().find(|a| a.id == id) {
            (activity.status, activity.end) = ("Successful", Some(now));
            activity.message = activity.message.replace("Waiting for change to be", "Change successfully");
        }
    }

    pub(super) fn describe_activities(&self, parameters: &Value) -> Result<Value, Refused> {
        namespace(parameters)?;
        let asked = self.activities.iter().filter(|a| a.key.is_asked(parameters));
        pages::SCALING.page("ScalingActivities", asked.map(Activity::document).collect(), parameters)
    }
}

impl Activity {
    fn document(&self) -> Value {
        let mut doc = json!({
            "ActivityId": self.id,
            "ServiceNamespace": self.key.namespace,
            "ResourceId": self.key.resource,
            "ScalableDimension": self.key.dimension,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.start.rfc3339(),
            "StatusCode": self.status,
            "StatusMessage": self.message,
        });
        if let Some(end) = self.end {
            doc["EndTime"] = end.rfc3339().into();
        }
        doc
    }
}
