//! The operations that are answered: those of the catalogue, and what an SDK sends on its own.

use crate::catalogue::{self, Facts, Protocol};

/// One operation that is answered.
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub service: &'static str,
    pub operation: &'static str,
    pub facts: &'static Facts,
}

impl Model {
    pub fn protocol(&self) -> Protocol {
        self.facts.wire.protocol
    }
}

/// An operation by its names; `None` when the drill cloud does not answer it.
pub(super) fn find(service: &str, operation: &str) -> Option<Model> {
    of(service).find(|m| m.operation == operation)
}

/// Every operation that is answered.
pub(super) fn all() -> impl Iterator<Item = Model> {
    catalogue::services().iter().flat_map(|service| of(service))
}

/// How a service speaks; `None` for one that is not known.
pub(super) fn protocol(service: &str) -> Option<Protocol> {
    of(service).next().map(|m| m.protocol())
}

/// The operations of one service.
pub(super) fn of(service: &str) -> impl Iterator<Item = Model> {
    let known = catalogue::services().iter().copied().find(|s| *s == service);
    known.into_iter().flat_map(|service| {
        catalogue::served(service).map(move |(operation, facts)| Model { service, operation, facts })
    })
}
