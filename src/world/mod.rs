//! The pretend AWS: state machines that answer calls, without sockets, without a clock and without chance of
//! their own.
//!
//! A [`World`] is a pure function of its seed, of the calls it accepted and of virtual time (DESIGN §7).
//! [`World::call`] first lets everything happen that is due by then, and then judges and answers one call.
//! Answers are documents with the keys the `aws` CLI prints and RFC 3339 times; the wire is `drill`'s business,
//! and so are faults: here AWS has a good day. Durations and rules are those of `aws.md` §2 and §3, each with
//! its source where it stands.

mod agenda;
mod backup;
mod data;
mod dice;
mod dynamodb;
mod ecs;
mod given;
mod pages;
mod place;
mod rds;
mod refused;
mod scaling;
mod sts;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ids::{At, Span};
use agenda::Agenda;

pub use backup::Backup;
pub use data::Data;
pub use dice::Dice;
pub use dynamodb::{Backup as TableBackup, DynamoDb};
pub use ecs::{Ecs, Failure, Service};
pub use given::Misplaced;
pub use place::name_member;
pub use rds::{Cluster, Instance, Member, Rds, Retained, Snapshot};
pub use refused::Refused;
pub use scaling::Scaling;

/// An account in a region: what one endpoint of a service shows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Site {
    /// Twelve digits.
    pub account: String,
    pub region: String,
}

/// The services of one site.
#[derive(Clone, Debug, Default)]
pub struct Services {
    pub rds: Rds,
    pub ecs: Ecs,
    pub scaling: Scaling,
    pub dynamodb: DynamoDb,
    pub backup: Backup,
}

/// What happens by itself.
#[derive(Clone, Debug)]
enum Due {
    Rds(rds::Due),
    Ecs(ecs::Due),
    DynamoDb(dynamodb::Due),
    Scaling(scaling::Due),
    Backup(backup::Due),
}

/// Several accounts and regions on one virtual clock.
#[derive(Clone, Debug)]
pub struct World {
    now: At,
    dice: Dice,
    agenda: Agenda,
    sites: BTreeMap<Site, Services>,
}

/// Where and when something happens, and what may follow from it.
pub struct Moment<'w> {
    pub now: At,
    pub site: &'w Site,
    dice: &'w Dice,
    agenda: &'w mut Agenda,
}

impl World {
    /// An empty world. The same seed gives the same durations and identifiers.
    pub fn new(seed: u64, now: At) -> World {
        World { now, dice: Dice::new(seed), agenda: Agenda::default(), sites: BTreeMap::new() }
    }

    /// Virtual time.
    pub fn now(&self) -> At {
        self.now
    }

    /// When something happens by itself next.
    pub fn next_at(&self) -> Option<At> {
        self.agenda.next_at()
    }

    /// What a site holds.
    pub fn site(&self, site: &Site) -> Option<&Services> {
        self.sites.get(site)
    }

    /// Changes a site by hand: the starting world of a scenario, and what its story does. What `change` gives back.
    pub fn furnish<T>(&mut self, site: &Site, change: impl FnOnce(&mut Services, &mut Moment<'_>) -> T) -> T {
        let services = self.sites.entry(site.clone()).or_default();
        change(services, &mut Moment { now: self.now, site, dice: &self.dice, agenda: &mut self.agenda })
    }

    /// Lets everything happen that is due by `to`, in its order.
    pub fn advance(&mut self, to: At) {
        while let Some((at, site, due)) = self.agenda.pop(to) {
            self.now = self.now.max(at);
            let Some(services) = self.sites.get_mut(&site) else { continue };
            let mut moment =
                Moment { now: self.now, site: &site, dice: &self.dice, agenda: &mut self.agenda };
            services.happen(due, &mut moment);
        }
        self.now = self.now.max(to);
    }

    /// Answers one call of `service` (as the `aws` CLI spells it) at `now`.
    ///
    /// # Errors
    /// What AWS would answer instead, with its code and status.
    pub fn call(
        &mut self,
        site: &Site,
        (service, operation): (&str, &str),
        parameters: &Value,
        now: At,
    ) -> Result<Value, Refused> {
        self.advance(now);
        let services = self.sites.entry(site.clone()).or_default();
        let mut moment = Moment { now: self.now, site, dice: &self.dice, agenda: &mut self.agenda };
        services.call((service, operation), parameters, &mut moment)
    }
}

/// Each service with the services it reaches into.
impl Services {
    fn call(
        &mut self,
        (service, operation): (&str, &str),
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let Services { rds, ecs, scaling, dynamodb, backup } = self;
        match service {
            "rds" => rds.call(operation, parameters, moment),
            "ecs" => ecs.call(operation, parameters, moment),
            "application-autoscaling" => {
                scaling.call(operation, parameters, &mut scaling::Reach { ecs, dynamodb }, moment)
            }
            "dynamodb" => dynamodb.call(operation, parameters, moment),
            "backup" => backup.call(operation, parameters, &mut backup::Reach { rds, dynamodb }, moment),
            "sts" => sts::call(operation, moment),
            _ => Err(Refused::unknown_operation(service, operation)),
        }
    }

    fn happen(&mut self, due: Due, moment: &mut Moment<'_>) {
        let Services { rds, ecs, scaling, dynamodb, backup } = self;
        match due {
            Due::Rds(due) => rds.happen(due, moment),
            Due::Ecs(due) => ecs.happen(&due, moment),
            Due::DynamoDb(due) => dynamodb.happen(&due, moment),
            Due::Scaling(due) => scaling.happen(due, &mut scaling::Reach { ecs, dynamodb }, moment),
            Due::Backup(due) => backup.happen(&due, &mut backup::Reach { rds, dynamodb }, moment),
        }
    }
}

impl Moment<'_> {
    /// `due` happens `span` from now.
    fn later(&mut self, span: Span, due: Due) {
        self.agenda.add(self.now.plus(span), self.site, due);
    }

    /// A duration between two bounds, always the same for the same key in the same world.
    fn within(&self, key: &str, low: Span, high: Span) -> Span {
        self.dice.within(key, low, high)
    }

    /// A UUID that belongs to `key` at this site.
    fn uuid(&self, key: &str) -> String {
        let key = format!("{key}/{}/{}", self.site.account, self.site.region);
        let (a, b) = (self.dice.number(&key), self.dice.number(&format!("{key}/")));
        let hex = format!("{a:016x}{b:016x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// An ARN of this site.
    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.site.region, self.site.account)
    }
}
