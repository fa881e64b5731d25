//! The real `aws` CLI, told of the endpoint by its environment only.

use ripcord::drill::serve::Reply;
use ripcord::world::Refused;
use serde_json::{Value, json};

use super::botocore::python;
use super::canned::Canned;

/// Runs the CLI; its answer, or what it complains of.
async fn aws(url: &str, args: &'static [&'static str]) -> Result<Value, String> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut command = python("target/venv/bin/aws");
        command
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_MAX_ATTEMPTS", "1")
            .args(args)
            .args(["--output", "json"]);
        let output = command.output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_cli_works_unchanged() {
    let instance = json!({"DBInstanceIdentifier": "orders", "MultiAZ": false, "TagList": [],
                          "InstanceCreateTime": "2026-03-01T01:40:00.250Z"});
    let table =
        json!({"TableName": "orders", "ItemCount": 3, "CreationDateTime": "2026-03-01T01:40:00.250Z"});
    let job = json!({"BackupJobId": "j/1", "State": "RUNNING", "PercentDone": "12.5"});
    let backend = Canned::new([
        ("DescribeDBInstances", Reply::Answer(Ok(json!({"DBInstances": [instance]})))),
        ("DescribeTable", Reply::Answer(Ok(json!({"Table": table})))),
        ("DescribeBackupJob", Reply::Answer(Ok(job.clone()))),
        ("UpdateService", Reply::Answer(Err(Refused::new("ServiceNotActiveException", "It is gone.")))),
    ]);
    let server = backend.served().await;
    let url = server.url();

    let filters = &["rds", "describe-db-instances", "--filters", "Name=dbi-resource-id,Values=db-A,db-B"];
    let answer = aws(&url, filters).await.unwrap();
    assert_eq!(answer["DBInstances"][0]["DBInstanceIdentifier"], "orders");
    assert_eq!(answer["DBInstances"][0]["MultiAZ"], false);
    assert_eq!(answer["DBInstances"][0]["InstanceCreateTime"], "2026-03-01T01:40:00.250Z");
    let asked = backend.take();
    assert_eq!(
        asked[0].parameters,
        json!({"Filters": [{"Name": "dbi-resource-id", "Values": ["db-A", "db-B"]}]})
    );

    let answer = aws(&url, &["dynamodb", "describe-table", "--table-name", "orders"]).await.unwrap();
    assert_eq!((&answer["Table"]["ItemCount"], &answer["Table"]["TableName"]), (&json!(3), &json!("orders")));

    let answer = aws(&url, &["backup", "describe-backup-job", "--backup-job-id", "j/1"]).await.unwrap();
    assert_eq!(answer, job);
    assert_eq!(backend.take()[1].parameters, json!({"BackupJobId": "j/1"}));

    let refused = aws(&url, &["ecs", "update-service", "--service", "web", "--desired-count", "0"]).await;
    let said = refused.unwrap_err();
    assert!(said.contains("(ServiceNotActiveException)") && said.contains("It is gone."), "{said}");
    assert_eq!(backend.take()[0].parameters, json!({"service": "web", "desiredCount": 0}));

    let unknown = aws(&url, &["rds", "describe-db-engine-versions"]).await.unwrap_err();
    assert!(unknown.contains("(InvalidAction)") && unknown.contains("does not answer"), "{unknown}");
    server.stop().await;
}
