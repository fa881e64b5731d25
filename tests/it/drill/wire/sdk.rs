//! The Rust SDK as `aws/` uses it: every operation it sends, there and back, and its view of errors.

use ripcord::aws::{Aws, Credentials, Mode, Sent, Settings, operations};
use ripcord::catalogue::{self, Effect, Operation};
use ripcord::drill::serve::{Reply, Server};
use ripcord::drill::wire::{Common, refused_as};
use ripcord::ids::Place;
use ripcord::world::Refused;
use serde_json::{Value, json};

use super::canned::Canned;
use super::sample::{Call, calls, difference};

async fn connect(server: &Server) -> Aws {
    let settings = Settings {
        profile: None,
        region: Some("eu-west-1".into()),
        endpoint_url: Some(server.url()),
        mode: Mode::Full,
        credentials: Credentials::Dummy { key: "testing".into() },
    };
    Aws::connect(settings).await.unwrap()
}

fn place() -> Place {
    Place { target: "main".into(), region: "eu-west-1".into(), ..Place::default() }
}

/// The calls that the SDK module can make, without what would ask for or announce another page, and without ECS's
/// list of what it did not find, which is an error.
fn sent() -> Vec<(&'static Operation, Call)> {
    let listed: Vec<_> = operations().collect();
    let known = calls().into_iter().filter(|c| listed.contains(&(c.service, c.operation)));
    let sent: Vec<_> =
        known.map(|c| (catalogue::find(c.service, c.operation).unwrap(), c)).map(one_page).collect();
    assert_eq!(sent.len(), listed.len());
    sent
}

fn one_page((operation, mut call): (&'static Operation, Call)) -> (&'static Operation, Call) {
    let (input, output) = (call.input.as_object_mut().unwrap(), call.output.as_object_mut().unwrap());
    if let Some(paging) = operation.paging() {
        input.shift_remove(paging.input_token);
        output.shift_remove(paging.output_token);
    }
    if let Some(failures) = operation.failures() {
        output.insert(failures.to_owned(), json!([]));
    }
    (operation, call)
}

/// What `aws/` makes of the answer: the document, or what it says instead.
async fn made(aws: &Aws, operation: &Operation, call: &Call) -> Result<Value, String> {
    if operation.effect() == Effect::Read {
        let read = aws.read(&place(), call.service, call.operation, &call.input).await;
        return read.map(|document| document.value).map_err(|e| e.to_string());
    }
    match aws.send(&place(), call.service, call.operation, &call.input).await {
        Sent::Executed { answer, .. } => Ok(answer),
        other => Err(format!("{other:?}")),
    }
}

#[tokio::test]
async fn the_rust_sdk_and_the_server_understand_each_other_on_every_operation() {
    let all = sent();
    let backend = Canned::new(all.iter().map(|(_, c)| (c.operation, Reply::Answer(Ok(c.output.clone())))));
    let server = backend.served().await;
    let aws = connect(&server).await;
    let mut wrong = Vec::new();
    for (operation, call) in &all {
        let wanted = operation.output().map_or(json!({}), |shape| catalogue::hide(shape, &call.output));
        match made(&aws, operation, call).await {
            Ok(found) => wrong.extend(difference(&wanted, &found, &format!("{} answer", call.operation))),
            Err(why) => wrong.push(format!("{}: {why}", call.operation)),
        }
        let asked = backend.take();
        let found = asked.first().map_or(Value::Null, |a| a.parameters.clone());
        wrong.extend(difference(&call.input, &found, &format!("{} request", call.operation)));
        wrong.extend(
            (asked.len() != 1).then(|| format!("{} was asked {} times", call.operation, asked.len())),
        );
        wrong.extend(
            backend.take_misread().iter().map(|m| format!("{:?} refused: {}", m.operation, m.refused)),
        );
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    server.stop().await;
}

#[tokio::test]
async fn the_rust_sdk_recognises_code_and_message_of_errors() {
    let missing = Refused::not_found("DBInstanceNotFound", "DBInstance <x> & more not found.");
    let errors = [
        ("rds", "DescribeDBInstances", missing),
        ("dynamodb", "DescribeTable", Refused::new("ResourceNotFoundException", "no such table é")),
        ("ecs", "DescribeServices", Refused::new("ClusterNotFoundException", "Cluster not found.")),
        ("sts", "GetCallerIdentity", refused_as("sts", "GetCallerIdentity", Common::Expired)),
        ("dynamodb", "ListTables", refused_as("dynamodb", "ListTables", Common::Expired)),
        (
            "application-autoscaling",
            "DescribeScalableTargets",
            refused_as("application-autoscaling", "DescribeScalableTargets", Common::AccessDenied),
        ),
        ("backup", "DescribeBackupJob", Refused::new("ResourceNotFoundException", "no such job")),
        ("backup", "ListBackupVaults", refused_as("backup", "ListBackupVaults", Common::UnknownKey)),
    ];
    let backend = Canned::new(errors.iter().map(|(_, o, r)| (*o, Reply::Answer(Err(r.clone())))));
    let server = backend.served().await;
    let aws = connect(&server).await;
    let all = sent();
    for (service, operation, refused) in &errors {
        let (_, call) = all.iter().find(|(_, c)| c.operation == *operation).unwrap();
        let error = aws.read(&place(), service, operation, &call.input).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some(refused.code.as_str()));
        assert!(error.message.contains(&refused.message), "{}", error.message);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_rust_sdk_takes_a_refusal_of_a_change_for_what_it_proves() {
    let replies = [
        ("RebootDBInstance", Reply::Answer(Err(Refused::new("InvalidDBInstanceState", "not now")))),
        ("UpdateService", Reply::Answer(Err(refused_as("ecs", "UpdateService", Common::Internal)))),
        ("DeleteTable", Reply::Drop),
        ("CreateBackup", Reply::HalfBody(Ok(json!({"BackupDetails": {"BackupName": "b"}})))),
        ("UpdateTable", Reply::Html(503)),
    ];
    let backend = Canned::new(replies.clone());
    let server = backend.served().await;
    let aws = connect(&server).await;
    let all = sent();
    for (operation, _) in replies {
        let (_, call) = all.iter().find(|(_, c)| c.operation == operation).unwrap();
        let sent = aws.send(&place(), call.service, operation, &call.input).await;
        match operation {
            "RebootDBInstance" => assert!(
                matches!(&sent, Sent::Rejected { code, message, .. } if code == "InvalidDBInstanceState" && message == "not now"),
                "{sent:?}"
            ),
            _ => assert!(matches!(sent, Sent::Unknown { .. }), "{operation}: {sent:?}"),
        }
        assert_eq!(backend.take().len(), 1, "{operation} is sent once");
    }
    server.stop().await;
}
