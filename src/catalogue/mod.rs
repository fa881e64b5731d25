//! Pure data about AWS operations: what each one does to the world, how it is spelled, what proves that it
//! did or did not happen. Nothing here sends anything, and nothing here knows the AWS SDK.
//!
//! Start at [`find`]. One [`Operation`] is one entry; the shapes of its input and answer come from
//! `assets/shapes.json`, trimmed from the public service models.
//!
//! # Adding an operation
//!
//! 1. Write its entry in the file of its service (`rds.rs`, `ecs.rs`, `dynamodb.rs`,
//!    `scaling.rs`, `sts.rs`, `backup.rs`): one `read("Name")`, or a `change("Name", …)` / `destroy("Name")` with
//!    its floor, subject, look and probe. That line is the only list of operations there is.
//! 2. Run `tests/scripts/trim_models.py` (the shape table) and `tests/scripts/generate_inputs.py` (the typed
//!    inputs of the SDK); commit what they write.
//!
//! The tests of this module refuse an entry that is incomplete; the guard lets a read through from then on.

mod backup;
mod cli;
mod dynamodb;
mod ecs;
mod entry;
mod floor;
mod meaning;
mod near;
pub mod pages;
mod proof;
mod rds;
mod route;
mod scaling;
mod secret;
mod sts;
mod table;

pub use cli::CliPlace;
pub use entry::{Batch, Effect, Operation, Paging, Tier};
pub use meaning::Meaning;
pub use near::{did_you_mean, distance};
pub use proof::{Look, Probe};
pub use route::{Route, route};
pub use secret::{HIDDEN, hide, holds_secret};
pub use table::{Facts, Kind, Location, Member, Protocol, Shape, Wire, facts, served};

/// The services whose operations the guard knows by name, spelled as the `aws` CLI spells them.
pub fn services() -> &'static [&'static str] {
    &["rds", "ecs", "dynamodb", "sts", "application-autoscaling", "backup"]
}

/// The entry of one operation: `find("rds", "DescribeDBInstances")`.
pub fn find(service: &str, operation: &str) -> Option<&'static Operation> {
    entries(service).iter().find(|o| o.name == operation)
}

/// All entries, service by service, in the order of [`services`].
pub fn all() -> impl Iterator<Item = &'static Operation> {
    services().iter().flat_map(|s| entries(s))
}

/// The entries of one service; none for a service that is not known.
pub fn of(service: &str) -> impl Iterator<Item = &'static Operation> {
    entries(service).iter()
}

/// Every operation name of the model of `service`, whether the catalogue has an entry for it or not.
pub fn model_operations(service: &str) -> &'static [&'static str] {
    table::names(service)
}

fn entries(service: &str) -> &'static [Operation] {
    match service {
        "rds" => rds::OPERATIONS,
        "ecs" => ecs::OPERATIONS,
        "dynamodb" => dynamodb::OPERATIONS,
        "sts" => sts::OPERATIONS,
        "application-autoscaling" => scaling::OPERATIONS,
        "backup" => backup::OPERATIONS,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
