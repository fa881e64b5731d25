//! Faults at work: which call is done wrong, and how.
//!
//! A fault counts the calls it is about; chance hangs on the seed, the fault and the question, never on the order in
//! which questions come in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scenario::{Fault, Wrong};
use crate::ids::{At, Span};
use crate::world::Dice;

/// The faults of one drill.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    start: At,
    dice: Dice,
    armed: Vec<Armed>,
}

#[derive(Clone, Debug)]
struct Armed {
    fault: Fault,
    /// Calls it was about so far.
    seen: u64,
    /// The same by question, for chance.
    asked: BTreeMap<String, u64>,
    /// When the call it waits for was accepted.
    since: Option<At>,
}

/// One call, as faults see it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'c> {
    pub service: &'c str,
    pub operation: &'c str,
    pub parameters: &'c Value,
    pub now: At,
}

impl Faults {
    pub fn new(faults: &[Fault], start: At, dice: Dice) -> Faults {
        let arm = |fault: &Fault| Armed {
            fault: fault.clone(),
            seen: 0,
            asked: BTreeMap::new(),
            since: fault.after.is_none().then_some(start),
        };
        Faults { start, dice, armed: faults.iter().map(arm).collect() }
    }

    /// What goes wrong with this call; the first fault that is about it counts.
    pub fn strike(&mut self, call: Seen<'_>) -> Option<Wrong> {
        let (start, dice) = (self.start, self.dice);
        let mut struck = None;
        // Every fault counts the call, whichever strikes.
        for (index, armed) in self.armed.iter_mut().enumerate() {
            let strikes = armed.counts(call, start) && armed.by_chance(index, call, dice);
            if strikes && struck.is_none() {
                struck = Some(armed.fault.does.clone());
            }
        }
        struck
    }

    /// A call was accepted: some faults wait for one.
    pub fn accepted(&mut self, call: Seen<'_>) {
        for armed in self.armed.iter_mut().filter(|a| a.since.is_none()) {
            let waits = armed.fault.after.as_ref();
            if waits.is_some_and(|calls| calls.meets(call.service, call.operation, call.parameters, call.now))
            {
                armed.since = Some(call.now);
            }
        }
    }

    /// How far back an answer may have to reach, if it may.
    pub fn stalest(&self) -> Option<Span> {
        let stale = |a: &Armed| if let Wrong::Stale(span) = a.fault.does { Some(span) } else { None };
        self.armed.iter().filter_map(stale).max()
    }
}

impl Armed {
    /// Whether the fault is about this call, now, and it is one of those that count.
    fn counts(&mut self, call: Seen<'_>, start: At) -> bool {
        let Some(since) = self.since else { return false };
        let fault = &self.fault;
        let elapsed = call.now.since(start);
        let in_time = fault.from.is_none_or(|from| elapsed >= from)
            && fault.until.is_none_or(|until| elapsed < until)
            && fault.lasts.is_none_or(|lasts| call.now.since(since) < lasts);
        if !in_time || !fault.on.meets(call.service, call.operation, call.parameters, call.now) {
            return false;
        }
        self.seen += 1;
        fault.nth.is_empty() || fault.nth.contains(&self.seen)
    }

    fn by_chance(&mut self, index: usize, call: Seen<'_>, dice: Dice) -> bool {
        let Some(chance) = self.fault.chance else { return true };
        let question = format!("{} {} {}", call.service, call.operation, call.parameters);
        let asked = self.asked.entry(question.clone()).or_default();
        *asked += 1;
        dice.percent(&format!("fault/{index}/{question}/{asked}"), chance)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scenario::Calls;
    use super::*;

    fn fault(does: Wrong) -> Fault {
        let on = Calls { service: Some("rds".into()), operation: Some("Describe*".into()), condition: None };
        Fault { on, nth: vec![], chance: None, from: None, until: None, after: None, lasts: None, does }
    }

    fn seen(operation: &str, secs: u64, parameters: &Value) -> (String, At, Value) {
        (operation.to_owned(), At(0).plus(Span::secs(secs)), parameters.clone())
    }

    fn strike(faults: &mut Faults, (operation, now, parameters): &(String, At, Value)) -> bool {
        faults.strike(Seen { service: "rds", operation, parameters, now: *now }).is_some()
    }

    #[test]
    fn only_the_calls_that_count_are_struck() {
        let fault = Fault { nth: vec![2], ..fault(Wrong::Throttle) };
        let mut faults = Faults::new(&[fault], At(0), Dice::new(1));
        let call = seen("DescribeDBInstances", 1, &json!({}));
        let other = seen("ModifyDBInstance", 1, &json!({}));
        let struck: Vec<bool> =
            [&call, &other, &call, &call].into_iter().map(|c| strike(&mut faults, c)).collect();
        assert_eq!(struck, [false, false, true, false]);
    }

    #[test]
    fn a_fault_waits_for_its_call_and_ends() {
        let rename = Calls { service: None, operation: Some("ModifyDBInstance".into()), condition: None };
        let fault = Fault { after: Some(rename), lasts: Some(Span::secs(20)), ..fault(Wrong::Throttle) };
        let mut faults = Faults::new(&[fault], At(0), Dice::new(1));
        assert!(!strike(&mut faults, &seen("DescribeDBInstances", 1, &json!({}))));
        let now = At(0).plus(Span::secs(5));
        faults.accepted(Seen {
            service: "rds",
            operation: "ModifyDBInstance",
            parameters: &Value::Null,
            now,
        });
        assert!(strike(&mut faults, &seen("DescribeDBInstances", 6, &json!({}))));
        assert!(!strike(&mut faults, &seen("DescribeDBInstances", 30, &json!({}))));
    }

    #[test]
    fn chance_does_not_hang_on_the_order_of_questions() {
        let fault = Fault { chance: Some(50), ..fault(Wrong::Throttle) };
        let calls: Vec<_> = (0..40).map(|n| seen("DescribeDBInstances", n, &json!({"n": n}))).collect();
        let run = |order: Vec<&(String, At, Value)>| {
            let mut faults = Faults::new(std::slice::from_ref(&fault), At(0), Dice::new(7));
            let mut struck: Vec<_> =
                order.into_iter().filter(|c| strike(&mut faults, c)).map(|c| c.1).collect();
            struck.sort();
            struck
        };
        let forth = run(calls.iter().collect());
        assert_eq!(forth, run(calls.iter().rev().collect()));
        assert!(forth.len() > 5 && forth.len() < 35, "{}", forth.len());
    }
}
