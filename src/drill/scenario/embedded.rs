//! The scenarios that the binary carries.

/// Runbook, scenario and text of every scenario that is shipped.
pub fn embedded() -> &'static [(&'static str, &'static str, &'static str)] {
    &[(
        "ecs-rds-snapshot-restore",
        "plain",
        include_str!("../../../runbooks/drills/ecs-rds-snapshot-restore/plain.yaml"),
    )]
}
