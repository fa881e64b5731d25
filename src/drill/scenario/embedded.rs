//! The scenarios that the binary carries.

/// Runbook, scenario and text of each: `runbooks/drills/RUNBOOK/SCENARIO.yaml`.
macro_rules! carried {
    ($($book:literal: [$($id:literal),+ $(,)?]),+ $(,)?) => {
        &[$($((
            $book,
            $id,
            include_str!(concat!("../../../runbooks/drills/", $book, "/", $id, ".yaml")),
        )),+),+]
    };
}

type Carried = &'static [(&'static str, &'static str, &'static str)];

static CARRIED: Carried = carried! {
    "aurora-pitr": [
        "plain",
        "colleague",
        "empty-cluster",
        "local-time",
        "lost-answers",
        "no-capacity",
        "past-window",
        "rename",
        "wrong-data",
    ],
    "aws-backup-on-demand": [
        "plain",
        "backup-window",
        "issues",
        "lost-answer",
        "maintenance-window",
        "one-at-a-time",
        "role-missing",
    ],
    "dynamodb-table-restore": [
        "plain",
        "from-backup",
        "from-backup-no-go",
        "lost-answers",
        "name-taken",
        "nine-tables",
        "recovery-off",
        "scaling-refused",
        "wrong-data",
    ],
    "ecs-rds-snapshot-restore": [
        "plain",
        "autoscaler-fights",
        "colleague-starts-worker",
        "dead-end-roll-back",
        "expired-credentials",
        "incompatible-restore",
        "key-disabled",
        "lost-answer-rename",
        "lost-answer-restore",
        "name-taken",
        "no-go",
        "pending-meanwhile",
        "pending-surprise",
        "pipeline-deploys",
        "quota-roll-back",
        "quota-taken",
        "rename-race",
        "resume-trap",
        "slow-drain",
        "snapshot-not-ready",
        "stale-reads",
        "stand-alone-task",
        "tasks-die",
        "throttle-storm",
        "worker-wanted-back",
        "wrong-groups",
        "wrong-snapshot",
        "wrong-vpc",
    ],
    "rds-instance-pitr": [
        "plain",
        "incompatible-parameters",
        "key-disabled",
        "local-time",
        "lost-answer",
        "quota",
        "rename",
        "window-behind",
        "wrong-data",
    ],
};

/// Runbook, scenario and text of every scenario that is shipped.
pub fn embedded() -> Carried {
    CARRIED
}
