//! Documents are those of the real `aws` CLI, asked by the command lines of the catalogue.

use std::process::Command;

use ripcord::aws::{Aws, EndpointKind, Mode, ReadErrorKind, Sent};
use ripcord::catalogue::{self, CliPlace, HIDDEN};
use ripcord::ids::{At, Place};
use serde_json::{Value, json};

use super::{connect, identity, place, root};
use crate::moto::{Moto, aws_cli};

/// What the CLI prints for a call.
fn cli(moto: &Moto, service: &str, operation: &str, call: &Value) -> Value {
    let place = CliPlace {
        region: Some("eu-west-1".into()),
        endpoint_url: Some(moto.url().to_owned()),
        dummy_key: Some("drill".into()),
        profile: None,
    };
    let line = catalogue::find(service, operation).unwrap().cli(call, &place);
    let path = format!("{}:{}", root().join("target/venv/bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", &line]).env("PATH", path).env("AWS_CONFIG_FILE", "/dev/null");
    command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("AWS_DEFAULT_OUTPUT", "json");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(json!({}))
}

/// Differences between our document and the CLI's, which writes times as it got them.
fn differences(path: &str, ours: &Value, cli: &Value, out: &mut Vec<String>) {
    match (ours, cli) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k)));
            for name in names {
                let (ours, cli) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                differences(&format!("{path}.{name}"), ours, cli, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (ours, cli)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{n}]"), ours, cli, out);
            }
        }
        // It is made up anew for each question.
        _ if path.ends_with(".LatestRestorableTime") && ours.is_string() == cli.is_string() => {}
        _ if ours == cli || ours == HIDDEN || same_moment(ours, cli) => {}
        _ => out.push(format!("{path}: {ours}, the CLI says {cli}")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a time of this century in milliseconds")]
fn same_moment(ours: &Value, cli: &Value) -> bool {
    let Some(at) = ours.as_str().filter(|s| s.ends_with('Z')).and_then(At::parse) else { return false };
    match cli {
        Value::Number(n) => n.as_f64().is_some_and(|s| (s * 1000.0).round() as i64 == at.0),
        Value::String(s) => At::parse(s) == Some(at),
        _ => false,
    }
}

async fn same_as_the_cli(moto: &Moto, aws: &Aws, service: &str, operation: &str, call: Value) -> Value {
    let ours = aws.read(&place(), service, operation, &call).await.unwrap().value;
    let cli = cli(moto, service, operation, &call);
    let mut found = Vec::new();
    differences("", &ours, &cli, &mut found);
    assert!(found.is_empty(), "{operation}: {found:#?}");
    ours
}

#[tokio::test]
async fn documents_are_those_of_the_aws_cli() {
    let moto = Moto::start();
    moto.seed(&[]);
    let aws = connect(moto.url(), Mode::ReadOnly).await;
    assert!(matches!(&aws.endpoint().kind, EndpointKind::Custom { loopback: true, .. }));
    let cases = [
        ("sts", "GetCallerIdentity", json!({})),
        ("ecs", "ListClusters", json!({})),
        ("ecs", "DescribeClusters", json!({"clusters": ["prod"]})),
        ("ecs", "ListServices", json!({"cluster": "prod"})),
        ("ecs", "DescribeServices", json!({"cluster": "prod", "services": ["api", "worker"]})),
        ("ecs", "ListTasks", json!({"cluster": "prod", "desiredStatus": "RUNNING"})),
        ("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "api"})),
        ("application-autoscaling", "DescribeScalableTargets", json!({"ServiceNamespace": "ecs"})),
        ("application-autoscaling", "DescribeScalingPolicies", json!({"ServiceNamespace": "ecs"})),
        ("rds", "DescribeDBInstances", json!({})),
        ("rds", "DescribeDBInstances", json!({"DBInstanceIdentifier": "orders"})),
        ("rds", "DescribeDBSnapshots", json!({"DBInstanceIdentifier": "orders"})),
        ("rds", "DescribeDBSubnetGroups", json!({})),
        ("rds", "DescribeDBParameterGroups", json!({})),
        ("rds", "DescribeDBClusters", json!({})),
        ("rds", "DescribeEvents", json!({"SourceType": "db-instance", "Duration": 60})),
        ("dynamodb", "ListTables", json!({})),
    ];
    for (service, operation, call) in cases {
        same_as_the_cli(&moto, &aws, service, operation, call).await;
    }
    let arn = aws.read(&place(), "rds", "DescribeDBInstances", &json!({})).await.unwrap().value;
    let arn = arn["DBInstances"][0]["DBInstanceArn"].clone();
    let tags = same_as_the_cli(&moto, &aws, "rds", "ListTagsForResource", json!({"ResourceName": arn})).await;
    assert!(!tags["TagList"].as_array().unwrap().is_empty());

    assert_eq!(identity(&aws, &place()).await.unwrap()["Account"], "123456789012");
    a_role_is_taken_on(&aws).await;
    errors_say_what_they_are(&aws).await;
    changes_are_seen_by_the_cli(&moto).await;
}

async fn a_role_is_taken_on(aws: &Aws) {
    let role_arn = Some("arn:aws:iam::210987654321:role/recovery".to_owned());
    let taken_on = identity(aws, &Place { role_arn, ..place() }).await.unwrap();
    assert_eq!(taken_on["Arn"], "arn:aws:sts::210987654321:assumed-role/recovery/ripcord");
}

#[tokio::test]
async fn tables_and_clusters_read_as_the_cli_prints_them() {
    let moto = Moto::start();
    let table = "dynamodb create-table --table-name granules --billing-mode PAY_PER_REQUEST \
        --attribute-definitions AttributeName=id,AttributeType=S --key-schema AttributeName=id,KeyType=HASH \
        --tags Key=team,Value=data";
    let item = r#"{"id":{"S":"1"},"n":{"N":"7"},"b":{"B":"YmxvYg=="},"l":{"L":[{"BOOL":true},{"M":{"x":{"NULL":true}}}]}}"#;
    let cluster = "rds create-db-cluster --db-cluster-identifier lake --engine aurora-postgresql \
        --master-username admin1 --master-user-password hunter2hunter2";
    for line in [table, cluster] {
        aws_cli(moto.url(), &line.split_whitespace().collect::<Vec<_>>());
    }
    aws_cli(moto.url(), &["dynamodb", "put-item", "--table-name", "granules", "--item", item]);

    let aws = connect(moto.url(), Mode::Full).await;
    let backup = json!({"TableName": "granules", "BackupName": "ripcord-1"});
    let sent = aws.send(&place(), "dynamodb", "CreateBackup", &backup).await;
    let Sent::Executed { answer, .. } = sent else { panic!("{sent:?}") };
    let arn = answer["BackupDetails"]["BackupArn"].clone();
    let restore = json!({"TargetTableName": "restored", "BackupArn": arn});
    let sent = aws.send(&place(), "dynamodb", "RestoreTableFromBackup", &restore).await;
    assert!(matches!(sent, Sent::Executed { .. }), "{sent:?}");
    let restore = json!({"DBClusterIdentifier": "lake-2", "SourceDBClusterIdentifier": "lake",
                         "UseLatestRestorableTime": true});
    let sent = aws.send(&place(), "rds", "RestoreDBClusterToPointInTime", &restore).await;
    assert!(matches!(sent, Sent::Executed { .. }), "{sent:?}");

    for (service, operation, call) in [
        ("dynamodb", "ListTables", json!({})),
        ("dynamodb", "DescribeTable", json!({"TableName": "granules"})),
        ("dynamodb", "DescribeTable", json!({"TableName": "restored"})),
        ("dynamodb", "ListBackups", json!({"TableName": "granules"})),
        ("dynamodb", "DescribeBackup", json!({"BackupArn": arn})),
        ("dynamodb", "DescribeContinuousBackups", json!({"TableName": "granules"})),
        ("dynamodb", "DescribeTimeToLive", json!({"TableName": "granules"})),
        ("dynamodb", "Scan", json!({"TableName": "granules"})),
        ("rds", "DescribeDBClusters", json!({})),
        ("rds", "DescribeDBClusters", json!({"DBClusterIdentifier": "lake-2"})),
    ] {
        same_as_the_cli(&moto, &aws, service, operation, call).await;
    }
    let tables = aws.read(&place(), "dynamodb", "ListTables", &json!({"Limit": 1})).await.unwrap();
    assert_eq!(tables.value, json!({"TableNames": ["granules", "restored"]}));
}

#[tokio::test]
async fn vaults_plans_and_policies_read_as_the_cli_prints_them() {
    let moto = Moto::start();
    let line = |words: &[&str]| aws_cli(moto.url(), words);
    line(&[
        "backup",
        "create-backup-vault",
        "--backup-vault-name",
        "night",
        "--backup-vault-tags",
        "team=shop",
    ]);
    let plan = r#"{"BackupPlanName":"daily","Rules":[{"RuleName":"r","TargetBackupVaultName":"night",
        "ScheduleExpression":"cron(0 5 * * ? *)","Lifecycle":{"DeleteAfterDays":35}}]}"#;
    line(&["backup", "create-backup-plan", "--backup-plan", plan]);
    moto.seed(&[]);

    let aws = connect(moto.url(), Mode::ReadOnly).await;
    let plans = same_as_the_cli(&moto, &aws, "backup", "ListBackupPlans", json!({})).await;
    let plan = plans["BackupPlansList"][0]["BackupPlanId"].clone();
    assert!(plan.is_string(), "{plans}");
    for (service, operation, call) in [
        ("backup", "ListBackupVaults", json!({})),
        ("backup", "DescribeBackupVault", json!({"BackupVaultName": "night"})),
        ("backup", "GetBackupPlan", json!({"BackupPlanId": plan})),
        ("rds", "DescribeDBInstanceAutomatedBackups", json!({})),
    ] {
        same_as_the_cli(&moto, &aws, service, operation, call).await;
    }
    let unknown = json!({"BackupVaultName": "no-such"});
    let error = aws.read(&place(), "backup", "DescribeBackupVault", &unknown).await.unwrap_err();
    let wanted = (ReadErrorKind::Answer, Some("ResourceNotFoundException"));
    assert_eq!((error.kind, error.code.as_deref()), wanted, "{}", error.message);
}

async fn errors_say_what_they_are(aws: &Aws) {
    let error = |service, operation, call| async move {
        let error = aws.read(&place(), service, operation, &call).await.unwrap_err();
        (error.kind, error.code)
    };
    let unknown = json!({"DBInstanceIdentifier": "no-such"});
    let (kind, code) = error("rds", "DescribeDBInstances", unknown).await;
    assert_eq!((kind, code.as_deref()), (ReadErrorKind::Answer, Some("DBInstanceNotFound")));
    let missing = json!({"cluster": "prod", "services": ["api", "gone"]});
    let (kind, code) = error("ecs", "DescribeServices", missing).await;
    assert_eq!((kind, code.as_deref()), (ReadErrorKind::Answer, Some("MISSING")));
    // moto does not have it, and answers with a web page.
    let (kind, code) = error("rds", "DescribeAccountAttributes", json!({})).await;
    assert_eq!((kind, code), (ReadErrorKind::Unsupported, None));
    let (kind, _) = error("rds", "DescribeDBInstances", json!({"DBInstanceIdentifer": "x"})).await;
    assert_eq!(kind, ReadErrorKind::Invalid);
}

async fn changes_are_seen_by_the_cli(moto: &Moto) {
    let aws = connect(moto.url(), Mode::Full).await;
    let count = json!({"cluster": "prod", "service": "api", "desiredCount": 1});
    let sent = aws.send(&place(), "ecs", "UpdateService", &count).await;
    assert!(
        matches!(&sent, Sent::Executed { answer, .. } if answer["service"]["desiredCount"] == 1),
        "{sent:?}"
    );
    let seen = cli(moto, "ecs", "DescribeServices", &json!({"cluster": "prod", "services": ["api"]}));
    assert_eq!(seen["services"][0]["desiredCount"], 1);

    let again = json!({"DBSnapshotIdentifier": "twice", "DBInstanceIdentifier": "orders"});
    let sent = aws.send(&place(), "rds", "CreateDBSnapshot", &again).await;
    assert!(matches!(sent, Sent::Executed { request_id: Some(_), .. }), "{sent:?}");
    let sent = aws.send(&place(), "rds", "CreateDBSnapshot", &again).await;
    assert!(matches!(&sent, Sent::Rejected { code, .. } if code == "DBSnapshotAlreadyExists"), "{sent:?}");
}
