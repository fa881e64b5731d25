//! What a scenario does to RDS: lost keys, held steps, ends that are none.

use super::{Due, Rds, of};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment};

const RECOVERABLE: &str = "inaccessible-encryption-credentials-recoverable";
const LOST: &str = "inaccessible-encryption-credentials";

impl Rds {
    /// A key is disabled, or its grant revoked: nothing can be restored with it from now on, and the stores under
    /// it are seen to be lost within the half hour. After seven days without it they are (RDS user guide,
    /// "Encrypting Amazon RDS resources").
    pub fn disable_key(&mut self, key: &str, moment: &mut Moment<'_>) {
        self.kms_disabled.push(key.to_owned());
        let seen = moment.within(&format!("key/{key}"), Span::mins(5), Span::mins(30));
        for (after, lost) in [(seen, false), (seen.plus(Span::mins(7 * 24 * 60)), true)] {
            moment.later(after, Happening::Rds(Due::Key { key: key.to_owned(), lost }));
        }
    }

    /// The key can be used again: what it held is started and available at once, unless the seven days are over.
    pub fn enable_key(&mut self, key: &str, moment: &Moment<'_>) {
        self.kms_disabled.retain(|disabled| disabled != key);
        for at in 0..self.instances.len() {
            if of(&self.instances[at].doc, "KmsKeyId") == key && self.instances[at].status() == RECOVERABLE {
                self.available(at, moment);
            }
        }
        for at in 0..self.clusters.len() {
            if of(&self.clusters[at].doc, "KmsKeyId") == key && self.clusters[at].status() == RECOVERABLE {
                self.cluster_available(at, moment);
            }
        }
    }

    /// First recoverable, a week later lost. What was found to be recoverable before, such as at the end of its
    /// reboot, stays so until then.
    pub(super) fn key_is_missed(&mut self, key: &str, lost: bool, moment: &Moment<'_>) {
        if !self.kms_disabled.iter().any(|disabled| disabled == key) {
            return;
        }
        let next = |status: &str| match status {
            "available" | RECOVERABLE if lost => Some(LOST),
            "available" => Some(RECOVERABLE),
            _ => None,
        };
        for at in 0..self.instances.len() {
            let instance = &mut self.instances[at];
            if let Some(status) = next(instance.status()).filter(|_| of(&instance.doc, "KmsKeyId") == key) {
                instance.move_to(status, moment);
                self.tell(at, "failure", "The KMS key of the DB instance can't be accessed", moment);
            }
        }
        for at in 0..self.clusters.len() {
            let cluster = &mut self.clusters[at];
            if let Some(status) = next(cluster.status()).filter(|_| of(&cluster.doc, "KmsKeyId") == key) {
                cluster.set("Status", status);
                self.tell_cluster(at, "failure", "The KMS key of the DB cluster can't be accessed", moment);
            }
        }
    }

    /// A store (by its identifier or resource id) stays where it is until then, whatever was ahead of it. False
    /// when nothing was, or there is no such store.
    pub fn hold(&mut self, id: &str, until: At, moment: &mut Moment<'_>) -> bool {
        let is = |name: &str, resource: &str| name.eq_ignore_ascii_case(id) || resource == id;
        let held = if let Some(instance) = self.instances.iter_mut().find(|i| is(i.id(), i.resource())) {
            let resource = instance.resource().to_owned();
            instance.life.hold(until).map(|wake| (wake, Due::Instance { resource }))
        } else if let Some(cluster) = self.clusters.iter_mut().find(|c| is(c.id(), c.resource())) {
            let resource = cluster.resource().to_owned();
            cluster.life.hold(until).map(|wake| (wake, Due::Cluster { resource }))
        } else {
            None
        };
        let Some((wake, due)) = held else { return false };
        moment.later(wake.since(moment.now), Happening::Rds(due));
        true
    }

    /// How long a store stays in a status from now on, in place of what chance says; `nameless` is the time
    /// between two names.
    pub fn stays_in(&mut self, id: &str, status: &str, span: Span) {
        self.stays.entry(id.to_owned()).or_default().insert(status.to_owned(), span);
    }
}
