//! The runbooks that the binary carries.

/// File name and text of every runbook that is shipped.
pub fn embedded() -> &'static [(&'static str, &'static str)] {
    &[
        ("ecs-rds-snapshot-restore.yaml", include_str!("../../runbooks/ecs-rds-snapshot-restore.yaml")),
        ("aurora-pitr.yaml", include_str!("../../runbooks/aurora-pitr.yaml")),
        ("aws-backup-on-demand.yaml", include_str!("../../runbooks/aws-backup-on-demand.yaml")),
        ("dynamodb-table-restore.yaml", include_str!("../../runbooks/dynamodb-table-restore.yaml")),
        ("rds-instance-pitr.yaml", include_str!("../../runbooks/rds-instance-pitr.yaml")),
    ]
}
