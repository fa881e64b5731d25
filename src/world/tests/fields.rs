//! A resource has all the members that AWS shows of one, of the right kind; what it lacks has its reason here.

use serde_json::{Value, json};

use super::Furnished;
use crate::catalogue::{self, Kind, Shape};
use crate::ids::Span;
use crate::world::given;

const CARTS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/carts";
const EXPRESS: &str = "only of services that ECS Express Mode manages";
const EC2: &str = "only on container instances, the world runs on Fargate";
const CONNECT: &str = "only where Service Connect, volumes or VPC Lattice are configured";
const CHILD: &str = "only of composite backups, which RDS and DynamoDB do not have";
const PLAN: &str = "only of jobs that a plan started; plans do not run by themselves";
const LOCKED: &str = "only of vaults with a lock, an air gap or a multi-party approval";
const INDEXED: &str = "only of backups of S3 and EBS with a search index";
const SCANNED: &str = "only where malware scans are on";
const GLOBAL: &str = "only of global tables";
const MESSAGE: &str = "only where there is something to say";

type Lacks = &'static [(&'static str, &'static str)];

/// The members that `doc` should have as `shape` and has not, but for those with a reason; and those of another
/// kind.
fn faults(doc: &Value, shape: Shape, lacks: Lacks) -> Vec<String> {
    let mut out = Vec::new();
    for (name, member) in shape.members() {
        let excused = lacks.iter().any(|(n, _)| *n == name);
        match doc.get(name) {
            None if !excused => out.push(format!("{name} is missing")),
            Some(_) if excused => out.push(format!("{name} is there, against its reason")),
            Some(value) => out.extend(given::check(name, value, member.shape).err()),
            None => {}
        }
    }
    let own = doc.as_object().into_iter().flatten();
    out.extend(own.filter(|(n, _)| shape.member(n).is_none()).map(|(n, _)| format!("{n} is no member")));
    out
}

/// The element of a list in the answer of an operation, and its shape.
fn element(service: &str, operation: &str, list: &str) -> Shape {
    let output = catalogue::find(service, operation).and_then(catalogue::Operation::output).unwrap();
    let member = output.member(list).unwrap().shape;
    match member.kind() {
        Kind::List(of) => of,
        _ => member,
    }
}

fn hold(what: &str, doc: &Value, shape: Shape, lacks: Lacks) {
    assert_eq!(faults(doc, shape, lacks), Vec::<String>::new(), "{what}: {doc:#}");
}

#[test]
fn a_document_that_lacks_a_member_or_has_another_kind_is_found() {
    let shape = Shape::named("ecs", "Cluster").unwrap();
    let found = faults(&json!({"clusterName": 1, "colour": "red"}), shape, &[("tags", "none")]);
    for said in ["clusterArn is missing", "`clusterName` cannot be 1: it is text", "colour is no member"] {
        assert!(found.iter().any(|f| f == said), "{said}: {found:?}");
    }
    assert!(!found.iter().any(|f| f.starts_with("tags")));
    let there = faults(&json!({"tags": []}), shape, &[("tags", "none")]);
    assert!(there.contains(&"tags is there, against its reason".to_owned()));
}

#[test]
fn what_ecs_shows_has_all_its_members() {
    let mut world = Furnished::new();
    let prod = json!({"cluster": "prod"});
    let cluster = world.call("ecs", "DescribeClusters", json!({"clusters": ["prod"]}))["clusters"][0].clone();
    hold("cluster", &cluster, element("ecs", "DescribeClusters", "clusters"), &[]);
    let asked = json!({"cluster": "prod", "services": ["api"]});
    let service = world.call("ecs", "DescribeServices", asked)["services"][0].clone();
    hold(
        "service",
        &service,
        element("ecs", "DescribeServices", "services"),
        &[
            ("capacityProviderStrategy", "a service has it or a launch type; ours has the type"),
            ("taskSets", "only of services with an external deployment controller"),
            ("resourceManagementType", EXPRESS),
        ],
    );
    let deployment = &service["deployments"][0];
    hold(
        "deployment",
        deployment,
        Shape::named("ecs", "Deployment").unwrap(),
        &[
            ("capacityProviderStrategy", "a deployment has it or a launch type"),
            ("serviceConnectConfiguration", CONNECT),
            ("serviceConnectResources", CONNECT),
            ("volumeConfigurations", CONNECT),
            ("vpcLatticeConfigurations", CONNECT),
            ("fargateEphemeralStorage", "only where its key is configured"),
        ],
    );
    let arn = world.call("ecs", "ListTasks", prod)["taskArns"][0].clone();
    world.call("ecs", "StopTask", json!({"cluster": "prod", "task": arn}));
    world.pass(Span::mins(10));
    let task =
        world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": [arn]}))["tasks"][0].clone();
    hold(
        "task",
        &task,
        element("ecs", "DescribeTasks", "tasks"),
        &[
            ("capacityProviderName", "a task has it or a launch type"),
            ("containerInstanceArn", EC2),
            ("trustedExecutionSummary", "only of tasks with trusted execution"),
        ],
    );
    let definition = world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "api"}));
    hold(
        "task definition",
        &definition["taskDefinition"],
        element("ecs", "DescribeTaskDefinition", "taskDefinition"),
        &[
            ("inferenceAccelerators", "AWS ended Elastic Inference"),
            ("pidMode", "only where it is set"),
            ("ipcMode", EC2),
            ("proxyConfiguration", "only with App Mesh"),
            ("deregisteredAt", "only of inactive definitions"),
            ("deleteRequestedAt", "only of definitions that are being deleted"),
            ("trustedExecutionConfiguration", "only of tasks with trusted execution"),
        ],
    );
    world.call(
        "ecs",
        "UpdateService",
        json!({"cluster": "prod", "service": "api", "forceNewDeployment": true}),
    );
    world.pass(Span::mins(15));
    let rows = world.call("ecs", "ListServiceDeployments", json!({"cluster": "prod", "service": "api"}));
    let row = &rows["serviceDeployments"][0];
    hold("service deployment", row, element("ecs", "ListServiceDeployments", "serviceDeployments"), &[]);
    let whole = json!({"serviceDeploymentArns": [row["serviceDeploymentArn"]]});
    let whole = world.call("ecs", "DescribeServiceDeployments", whole);
    let shape = element("ecs", "DescribeServiceDeployments", "serviceDeployments");
    hold(
        "service deployment",
        &whole["serviceDeployments"][0],
        shape,
        &[
            ("stoppedAt", "only of deployments that were stopped"),
            ("lifecycleStage", "only of blue/green deployments"),
            ("lifecycleHookDetails", "only with lifecycle hooks"),
            ("rollback", "only of deployments that were rolled back"),
            ("alarms", "only with deployment alarms"),
        ],
    );
}

#[test]
fn what_scaling_shows_has_all_its_members() {
    let mut world = Furnished::new();
    world.pass(Span::mins(5));
    let service = "application-autoscaling";
    let asked = json!({"ServiceNamespace": "ecs"});
    for (operation, list, lacks) in [
        (
            "DescribeScalableTargets",
            "ScalableTargets",
            &[("PredictedCapacity", "only with predictive scaling")][..],
        ),
        (
            "DescribeScalingPolicies",
            "ScalingPolicies",
            &[
                ("StepScalingPolicyConfiguration", "a policy has one configuration, ours tracks a target"),
                (
                    "PredictiveScalingPolicyConfiguration",
                    "a policy has one configuration, ours tracks a target",
                ),
            ][..],
        ),
        (
            "DescribeScalingActivities",
            "ScalingActivities",
            &[
                ("Details", "only of activities with further details"),
                ("NotScaledReasons", "only of activities that scaled nothing"),
            ][..],
        ),
    ] {
        let answer = world.call(service, operation, asked.clone());
        hold(operation, &answer[list][0], element(service, operation, list), lacks);
    }
}

#[test]
fn what_dynamodb_shows_has_all_its_members() {
    let mut world = Furnished::new();
    let service = "dynamodb";
    let backup = world.call(service, "CreateBackup", json!({"TableName": "carts", "BackupName": "b"}));
    let backup = backup["BackupDetails"]["BackupArn"].clone();
    world.pass(Span::mins(10));
    let restore =
        json!({"SourceTableName": "carts", "TargetTableName": "carts2", "UseLatestRestorableTime": true});
    world.call(service, "RestoreTableToPointInTime", restore);
    let table = world.call(service, "DescribeTable", json!({"TableName": "carts"}));
    let shape = element(service, "DescribeTable", "Table");
    hold(
        "table",
        &table["Table"],
        shape,
        &[
            ("GlobalTableVersion", GLOBAL),
            ("Replicas", GLOBAL),
            ("GlobalTableWitnesses", GLOBAL),
            ("GlobalTableSettingsReplicationMode", GLOBAL),
            ("MultiRegionConsistency", GLOBAL),
            ("DisassociationProtectionEnabled", GLOBAL),
            ("RestoreSummary", "only of restored tables"),
            ("ArchivalSummary", "only of archived tables"),
            ("OnDemandThroughput", "only of tables on demand with a limit"),
            ("VectorIndexes", "only of tables with a vector index"),
        ],
    );
    let restored = world.call(service, "DescribeTable", json!({"TableName": "carts2"}));
    let summary = &restored["Table"]["RestoreSummary"];
    hold(
        "restore summary",
        summary,
        Shape::named(service, "RestoreSummary").unwrap(),
        &[("SourceBackupArn", "only of tables from a backup")],
    );
    let index = &table["Table"]["GlobalSecondaryIndexes"][0];
    hold(
        "index",
        index,
        Shape::named(service, "GlobalSecondaryIndexDescription").unwrap(),
        &[
            ("Backfilling", "only while it is being filled"),
            ("OnDemandThroughput", "only of tables on demand with a limit"),
        ],
    );
    let local = &table["Table"]["LocalSecondaryIndexes"][0];
    hold("local index", local, Shape::named(service, "LocalSecondaryIndexDescription").unwrap(), &[]);
    let described =
        world.call(service, "DescribeBackup", json!({"BackupArn": backup}))["BackupDescription"].clone();
    hold(
        "backup",
        &described["BackupDetails"],
        Shape::named(service, "BackupDetails").unwrap(),
        &[("BackupExpiryDateTime", "only of backups of deleted tables")],
    );
    hold(
        "source table",
        &described["SourceTableDetails"],
        Shape::named(service, "SourceTableDetails").unwrap(),
        &[("OnDemandThroughput", "only of tables on demand with a limit")],
    );
    let features = &described["SourceTableFeatureDetails"];
    hold(
        "features",
        features,
        Shape::named(service, "SourceTableFeatureDetails").unwrap(),
        &[("VectorIndexes", "only of tables with a vector index")],
    );
    let listed = world.call(service, "ListBackups", json!({}))["BackupSummaries"][0].clone();
    hold(
        "summary",
        &listed,
        element(service, "ListBackups", "BackupSummaries"),
        &[("BackupExpiryDateTime", "only of backups of deleted tables")],
    );
    let window = world.call(service, "DescribeContinuousBackups", json!({"TableName": "carts"}));
    let window = &window["ContinuousBackupsDescription"];
    hold("continuous backups", window, Shape::named(service, "ContinuousBackupsDescription").unwrap(), &[]);
    let window = &window["PointInTimeRecoveryDescription"];
    hold("recovery", window, Shape::named(service, "PointInTimeRecoveryDescription").unwrap(), &[]);
}

/// `Furnished` an hour and more after a backup of its table was begun and restored; gives the point.
fn backed_up() -> (Furnished, Value) {
    let mut world = Furnished::new();
    let service = "backup";
    let role = "arn:aws:iam::111122223333:role/service-role/AWSBackupDefaultServiceRole";
    let start = json!({"BackupVaultName": "safe", "ResourceArn": CARTS, "IamRoleArn": role,
        "BackupOptions": {}, "Lifecycle": {"DeleteAfterDays": 35}});
    world.call(service, "StartBackupJob", start);
    world.pass(Span::mins(20));
    let point = world.call(service, "ListBackupJobs", json!({}))["BackupJobs"][0]["RecoveryPointArn"].clone();
    let restore =
        json!({"RecoveryPointArn": point, "Metadata": {"targetTableName": "t"}, "IamRoleArn": role});
    world.call(service, "StartRestoreJob", restore);
    world.pass(Span::mins(60));
    (world, point)
}

#[test]
fn what_backup_shows_of_jobs_and_points_has_all_its_members() {
    let (mut world, point) = backed_up();
    let service = "backup";
    let jobs = world.call(service, "ListBackupJobs", json!({}))["BackupJobs"].clone();
    let output = |operation: &str| catalogue::find(service, operation).unwrap().output().unwrap();
    let vault = world.call(service, "DescribeBackupVault", json!({"BackupVaultName": "safe"}));
    hold(
        "vault",
        &vault,
        output("DescribeBackupVault"),
        &[
            ("MinRetentionDays", LOCKED),
            ("MaxRetentionDays", LOCKED),
            ("LockDate", LOCKED),
            ("SourceBackupVaultArn", LOCKED),
            ("MpaApprovalTeamArn", LOCKED),
            ("MpaSessionArn", LOCKED),
            ("LatestMpaApprovalTeamUpdate", LOCKED),
        ],
    );
    let job = world.call(service, "DescribeBackupJob", json!({"BackupJobId": jobs[0]["BackupJobId"]}));
    hold(
        "job",
        &job,
        output("DescribeBackupJob"),
        &[
            ("VaultLockState", LOCKED),
            ("StatusMessage", MESSAGE),
            ("CreatedBy", PLAN),
            ("ParentJobId", CHILD),
        ],
    );
    hold(
        "job",
        &jobs[0],
        element(service, "ListBackupJobs", "BackupJobs"),
        &[
            ("VaultLockState", LOCKED),
            ("StatusMessage", MESSAGE),
            ("CreatedBy", PLAN),
            ("ParentJobId", CHILD),
        ],
    );
    let asked = json!({"BackupVaultName": "safe", "RecoveryPointArn": point});
    let whole = world.call(service, "DescribeRecoveryPoint", asked);
    hold(
        "point",
        &whole,
        output("DescribeRecoveryPoint"),
        &[
            ("SourceBackupVaultArn", "only of copies"),
            ("CreatedBy", PLAN),
            ("StatusMessage", MESSAGE),
            ("ParentRecoveryPointArn", CHILD),
            ("CompositeMemberIdentifier", CHILD),
            ("IndexStatus", INDEXED),
            ("IndexStatusMessage", INDEXED),
            ("ScanResults", SCANNED),
        ],
    );
    let rows = world.call(service, "ListRecoveryPointsByResource", json!({"ResourceArn": CARTS}));
    let shape = element(service, "ListRecoveryPointsByResource", "RecoveryPoints");
    hold(
        "point",
        &rows["RecoveryPoints"][0],
        shape,
        &[
            ("StatusMessage", MESSAGE),
            ("ParentRecoveryPointArn", CHILD),
            ("IndexStatus", INDEXED),
            ("IndexStatusMessage", INDEXED),
            ("AggregatedScanResult", SCANNED),
        ],
    );
}

#[test]
fn what_backup_shows_of_restores_resources_and_plans_has_all_its_members() {
    let (mut world, _) = backed_up();
    let service = "backup";
    let restores = world.call(service, "ListRestoreJobs", json!({}))["RestoreJobs"].clone();
    hold(
        "restore",
        &restores[0],
        element(service, "ListRestoreJobs", "RestoreJobs"),
        &[
            ("StatusMessage", MESSAGE),
            ("CreatedBy", "only of restore tests"),
            ("ValidationStatus", "only of restore tests"),
            ("ValidationStatusMessage", "only of restore tests"),
            ("DeletionStatus", "only of restore tests"),
            ("DeletionStatusMessage", "only of restore tests"),
            ("ParentJobId", CHILD),
        ],
    );
    let protected = world.call(service, "ListProtectedResources", json!({}))["Results"][0].clone();
    hold("resource", &protected, element(service, "ListProtectedResources", "Results"), &[]);
    let plan = world.call(service, "ListBackupPlans", json!({}))["BackupPlansList"][0].clone();
    hold(
        "plan",
        &plan,
        element(service, "ListBackupPlans", "BackupPlansList"),
        &[("DeletionDate", "only of deleted plans")],
    );
    let selections = json!({"BackupPlanId": plan["BackupPlanId"]});
    let selections =
        world.call(service, "ListBackupSelections", selections)["BackupSelectionsList"][0].clone();
    hold("selection", &selections, element(service, "ListBackupSelections", "BackupSelectionsList"), &[]);
}
