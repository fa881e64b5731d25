//! The mapping from JSON parameters to typed SDK inputs, one generated file per service.

pub(super) mod backup;
pub(super) mod dynamodb;
pub(super) mod ecs;
pub(super) mod rds;
pub(super) mod scaling;
pub(super) mod sts;
