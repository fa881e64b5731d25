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

/// Runbook, scenario and text of every scenario that is shipped.
pub fn embedded() -> &'static [(&'static str, &'static str, &'static str)] {
    carried! {
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
    }
}
