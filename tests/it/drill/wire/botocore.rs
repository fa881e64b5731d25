//! botocore as the judge: what it sends arrives as it was meant, what it reads is what was answered.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ripcord::drill::serve::Reply;
use ripcord::drill::wire::{Common, refused_as};
use ripcord::world::Refused;
use serde_json::{Value, json};

use super::canned::Canned;
use super::sample::{Call, calls, difference};
use crate::moto::dummy_credentials;

/// A program of the virtual environment, run by its Python.
pub fn python(script: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/venv/bin/python");
    assert!(python.exists(), "peer missing: no {}: run tests/run peers", python.display());
    let mut command = Command::new(python);
    command.arg(script).current_dir(root).env_remove("PYTHONPATH");
    dummy_credentials(&mut command);
    command
}

/// Makes the calls, one after the other; what botocore made of each answer.
fn made(url: &str, calls: &[Call]) -> Vec<Value> {
    let calls: Vec<Value> = calls
        .iter()
        .map(|c| json!({"service": c.service, "operation": c.operation, "input": c.input}))
        .collect();
    let mut child = python("tests/scripts/botocore_calls.py")
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(Value::from(calls).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn botocore_and_the_server_understand_each_other_on_every_operation() {
    let calls = calls();
    let backend = Canned::samples(&calls);
    let server = backend.served().await;
    let url = server.url();
    let (calls, answers) = tokio::task::spawn_blocking(move || {
        let answers = made(&url, &calls);
        (calls, answers)
    })
    .await
    .unwrap();
    let mut wrong: Vec<String> =
        backend.take_misread().iter().map(|m| format!("{:?} refused: {}", m.operation, m.refused)).collect();
    let asked = backend.take();
    for (call, answer) in calls.iter().zip(&answers) {
        let wanted = json!({"answer": call.output});
        wrong.extend(difference(&wanted, answer, &format!("{} answer", call.operation)));
        let found = asked.iter().find(|a| (a.service, a.operation) == (call.service, call.operation));
        let parameters = found.map_or(Value::Null, |a| a.parameters.clone());
        wrong.extend(difference(&call.input, &parameters, &format!("{} request", call.operation)));
        let retry = found.map(|a| (a.region.as_deref(), a.access_key.as_deref(), a.retry.attempt));
        if retry != Some((Some(crate::moto::REGION), Some("testing"), Some(1))) {
            wrong.push(format!("{}: signed and tried as {retry:?}", call.operation));
        }
    }
    assert_eq!((answers.len(), asked.len()), (calls.len(), calls.len()));
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    server.stop().await;
}

/// One read per protocol, and its error.
fn errors() -> Vec<(&'static str, Refused)> {
    vec![
        ("DescribeDBInstances", Refused::not_found("DBInstanceNotFound", "DBInstance <x> & more not found.")),
        ("GetCallerIdentity", refused_as("sts", "GetCallerIdentity", Common::Expired)),
        ("DescribeEvents", refused_as("rds", "DescribeEvents", Common::Throttled)),
        ("DescribeTable", Refused::new("ResourceNotFoundException", "Requested resource not found: é")),
        ("ListTables", refused_as("dynamodb", "ListTables", Common::Expired)),
        ("ListClusters", refused_as("ecs", "ListClusters", Common::Throttled)),
        ("ListServices", Refused::new("ClusterNotFoundException", "Cluster not found.")),
        ("DescribeScalableTargets", refused_as("application-autoscaling", "X", Common::AccessDenied)),
        ("DescribeBackupJob", Refused::new("ResourceNotFoundException", "no such job")),
        ("ListBackupJobs", refused_as("backup", "ListBackupJobs", Common::Expired)),
        ("ListBackupPlans", refused_as("backup", "ListBackupPlans", Common::Internal)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn botocore_recognises_code_message_and_status_of_errors() {
    let errors = errors();
    let backend = Canned::new(errors.iter().map(|(o, r)| (*o, Reply::Answer(Err(r.clone())))));
    let server = backend.served().await;
    let url = server.url();
    let wanted = errors.iter().map(|(operation, refused)| {
        let error = json!({"code": refused.code, "message": refused.message, "status": refused.status});
        (*operation, json!({"error": error}))
    });
    let wanted: Vec<_> = wanted.collect();
    let found = tokio::task::spawn_blocking(move || {
        let mut all = calls();
        let position = |c: &Call| errors.iter().position(|(o, _)| *o == c.operation);
        all.retain(|c| position(c).is_some());
        all.sort_by_key(position);
        made(&url, &all)
    })
    .await
    .unwrap();
    assert_eq!(found.len(), wanted.len());
    for ((operation, wanted), found) in wanted.iter().zip(&found) {
        assert_eq!(difference(wanted, found, operation), None);
    }
    server.stop().await;
}
