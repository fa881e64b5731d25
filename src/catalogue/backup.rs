//! The entries of AWS Backup: vaults, plans, jobs, recovery points. Job states as in the AWS Backup API reference
//! 2018-11-15; no job can be found by the token of the call that started it.

use serde_json::Value;

use super::entry::Operation;
use super::floor;
use super::proof::{Evidence, Look, Probe};

const fn read(name: &'static str) -> Operation {
    Operation::read("backup", name)
}

const fn change(name: &'static str, subject: &'static str) -> Operation {
    Operation::change("backup", name).on(subject)
}

pub(super) static OPERATIONS: &[Operation] = &[
    read("ListBackupVaults"),
    read("DescribeBackupVault"),
    read("ListBackupPlans"),
    read("GetBackupPlan"),
    read("ListBackupSelections"),
    read("GetBackupSelection"),
    read("ListBackupJobs"),
    read("DescribeBackupJob"),
    read("ListProtectedResources"),
    read("ListRecoveryPointsByBackupVault"),
    read("ListRecoveryPointsByResource"),
    read("DescribeRecoveryPoint"),
    read("GetRecoveryPointRestoreMetadata"),
    read("ListRestoreJobs"),
    read("DescribeRestoreJob"),
    change("StartBackupJob", "ResourceArn")
        .floored(floor::t1)
        .looks(NEWEST_BACKUP)
        .probed(Probe { look: NEWEST_BACKUP, evidence: Evidence::Is(BACKUP_STARTED) }),
    change("StopBackupJob", "BackupJobId")
        .floored(floor::t2)
        .looks(BACKUP_JOB)
        .probed(Probe { look: BACKUP_JOB, evidence: Evidence::Is(BACKUP_STOPPED) }),
    change("StartRestoreJob", "RecoveryPointArn")
        .floored(floor::t2)
        .looks(NEWEST_RESTORE)
        .probed(Probe { look: NEWEST_RESTORE, evidence: Evidence::Of(restore_started) }),
];

/// The state of a job is left out: jobs end by themselves.
const NEWEST_BACKUP: Look = Look::at(
    "ListBackupJobs",
    r#"{"ByResourceArn":"{{ call.ResourceArn }}","ByBackupVaultName":"{{ call.BackupVaultName }}"}"#,
    "BackupJobs[?CreationDate] | newest_by(@, &CreationDate)",
)
.members(&["BackupJobId", "ResourceArn", "BackupVaultName", "CreationDate"]);

const BACKUP_JOB: Look = Look::at("DescribeBackupJob", r#"{"BackupJobId":"{{ call.BackupJobId }}"}"#, "@")
    .members(&["BackupJobId", "ResourceArn", "BackupVaultName", "State"])
    .absent(&["ResourceNotFoundException"]);

const NEWEST_RESTORE: Look = Look::at(
    "ListRestoreJobs",
    "{}",
    "RestoreJobs[?CreationDate && RecoveryPointArn == {{ call.RecoveryPointArn }}] | newest_by(@, &CreationDate)",
)
.members(&["RestoreJobId", "RecoveryPointArn", "CreationDate"]);

/// A job that a plan started is none of ours.
const BACKUP_STARTED: &str = "@ != `null` && !before(CreationDate, {{ sub(sent_at, '60s') }}) && \
    IamRoleArn == {{ call.IamRoleArn }} && CreatedBy.BackupPlanId == `null`";

const BACKUP_STOPPED: &str = "contains(['ABORTING', 'ABORTED'], State)";

#[expect(clippy::unnecessary_wraps, reason = "the signature of all evidence")]
fn restore_started(call: &Value) -> Option<String> {
    let role = if call["IamRoleArn"].is_null() { "" } else { " && IamRoleArn == {{ call.IamRoleArn }}" };
    Some(format!(
        "@ != `null` && !before(CreationDate, {{{{ sub(sent_at, '60s') }}}}) && \
         CreatedBy.RestoreTestingPlanArn == `null`{role}"
    ))
}
