//! Read-only is structural: by name over everything AWS has, and by bytes over everything we can send.

use std::collections::BTreeSet;

use ripcord::aws::{Mode, ReadErrorKind, Sent, UnsentKind, Verdict, verdict};
use ripcord::catalogue::{self, Effect};

use super::peer::{Peer, Reaction};
use super::{connect, place, wire};

/// Written by hand: what read-only mode may send, of all operations of the six services.
const READS: &[(&str, &str)] = &[
    ("rds", "DescribeDBInstances"),
    ("rds", "DescribeDBClusters"),
    ("rds", "DescribeDBSnapshots"),
    ("rds", "DescribeDBClusterSnapshots"),
    ("rds", "DescribeDBInstanceAutomatedBackups"),
    ("rds", "DescribeDBClusterAutomatedBackups"),
    ("rds", "DescribeDBSubnetGroups"),
    ("rds", "DescribeDBParameterGroups"),
    ("rds", "DescribeDBClusterParameterGroups"),
    ("rds", "DescribeEvents"),
    ("rds", "DescribeAccountAttributes"),
    ("rds", "DescribePendingMaintenanceActions"),
    ("rds", "ListTagsForResource"),
    ("ecs", "ListClusters"),
    ("ecs", "DescribeClusters"),
    ("ecs", "ListServices"),
    ("ecs", "DescribeServices"),
    ("ecs", "ListTasks"),
    ("ecs", "DescribeTasks"),
    ("ecs", "DescribeTaskDefinition"),
    ("ecs", "ListServiceDeployments"),
    ("ecs", "DescribeServiceDeployments"),
    ("dynamodb", "ListTables"),
    ("dynamodb", "DescribeTable"),
    ("dynamodb", "ListBackups"),
    ("dynamodb", "DescribeBackup"),
    ("dynamodb", "DescribeContinuousBackups"),
    ("dynamodb", "DescribeTimeToLive"),
    ("dynamodb", "ListTagsOfResource"),
    ("dynamodb", "GetResourcePolicy"),
    ("dynamodb", "DescribeContributorInsights"),
    ("dynamodb", "DescribeKinesisStreamingDestination"),
    ("dynamodb", "Scan"),
    ("sts", "GetCallerIdentity"),
    ("application-autoscaling", "DescribeScalableTargets"),
    ("application-autoscaling", "DescribeScalingPolicies"),
    ("application-autoscaling", "DescribeScalingActivities"),
    ("backup", "ListBackupVaults"),
    ("backup", "DescribeBackupVault"),
    ("backup", "ListBackupPlans"),
    ("backup", "GetBackupPlan"),
    ("backup", "ListBackupSelections"),
    ("backup", "GetBackupSelection"),
    ("backup", "ListBackupJobs"),
    ("backup", "DescribeBackupJob"),
    ("backup", "ListProtectedResources"),
    ("backup", "ListRecoveryPointsByBackupVault"),
    ("backup", "ListRecoveryPointsByResource"),
    ("backup", "DescribeRecoveryPoint"),
    ("backup", "GetRecoveryPointRestoreMetadata"),
    ("backup", "ListRestoreJobs"),
    ("backup", "DescribeRestoreJob"),
];

#[test]
fn of_all_operations_of_six_services_only_the_read_list_passes() {
    let mut passed = BTreeSet::new();
    let mut total = 0;
    for service in catalogue::services() {
        for name in catalogue::model_operations(service) {
            total += 1;
            if verdict(Mode::ReadOnly, service, name) == Verdict::Allowed {
                passed.insert((*service, *name));
            }
        }
    }
    assert!(total > 440, "{total} operations");
    assert_eq!(passed, READS.iter().copied().collect());
}

#[test]
fn full_mode_sends_what_the_catalogue_has_and_nothing_else() {
    for service in catalogue::services() {
        for name in catalogue::model_operations(service) {
            let listed = catalogue::find(service, name).is_some();
            assert_eq!(verdict(Mode::Full, service, name) == Verdict::Allowed, listed, "{service} {name}");
        }
    }
    assert_eq!(verdict(Mode::Full, "", ""), Verdict::NotListed);
    assert_eq!(verdict(Mode::Full, "backup", "DeleteRecoveryPoint"), Verdict::NotListed);
    assert_eq!(
        verdict(Mode::Full, "sts", "AssumeRole"),
        Verdict::NotListed,
        "served by a drill, never called"
    );
}

#[tokio::test]
async fn in_read_only_mode_no_change_sends_a_byte() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, String::new()));
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    for operation in catalogue::all().filter(|o| o.effect() != Effect::Read) {
        let call = wire::full_call(operation);
        let sent = aws.send(&place(), operation.service, operation.name, &call).await;
        let Sent::Refused(unsent) = sent else { panic!("{}: {sent:?}", operation.name) };
        assert_eq!(unsent.kind, UnsentKind::ReadOnly, "{}: {}", operation.name, unsent.message);
        let read = aws.read(&place(), operation.service, operation.name, &call).await;
        assert_eq!(read.unwrap_err().kind, ReadErrorKind::Refused);
    }
    assert_eq!(peer.connections(), 0);

    // The same call does leave the process in full mode: the silence above was the guard's.
    let full = connect(&peer.url, Mode::Full).await;
    let stop = catalogue::find("ecs", "StopTask").unwrap();
    full.send(&place(), "ecs", "StopTask", &wire::full_call(stop)).await;
    assert_eq!(peer.requests().len(), 1);
}
