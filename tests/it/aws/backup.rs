//! AWS Backup speaks REST-JSON: method and path name the operation, members travel in path, query string and body.

use ripcord::aws::{Aws, Mode, ReadErrorKind, Sent, UnsentKind};
use serde_json::{Value, json};

use super::peer::{Peer, Reaction};
use super::{connect, connect_as, place};

const STARTED: &str = r#"{"BackupJobId":"J-1","CreationDate":1772329200.25,"RecoveryPointArn":"arn:p"}"#;
const DATABASE: &str = "arn:aws:rds:eu-west-1:111122223333:db:orders";

fn backup() -> Value {
    json!({"BackupVaultName": "Default", "ResourceArn": DATABASE, "IamRoleArn": "arn:aws:iam::111122223333:role/b",
           "IdempotencyToken": "run-7-back_up", "RecoveryPointTags": {"ripcord-run": "run-7"}})
}

async fn start(aws: &Aws, call: &Value) -> Sent {
    aws.send(&place(), "backup", "StartBackupJob", call).await
}

#[tokio::test]
async fn a_read_is_asked_by_its_path_and_its_answer_is_a_document() {
    let peer = Peer::start(|n, _| {
        let job = |id: &str| {
            json!({"BackupJobId": id, "State": "RUNNING", "PercentDone": "12.5",
            "CreationDate": 1_772_329_200.25, "BackupSizeInBytes": 7, "ChildJobsInState": null, "BrandNew": [1]})
        };
        let next = (n == 0).then_some("page 2");
        Reaction::Answer(200, json!({"BackupJobs": [job(&format!("J-{n}"))], "NextToken": next}).to_string())
    });
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    let call = json!({"ByResourceArn": DATABASE, "ByCreatedAfter": "2026-03-01T01:39:00.000Z"});
    let jobs = aws.read(&place(), "backup", "ListBackupJobs", &call).await.unwrap().value;
    let job = |id: &str| {
        json!({"BackupJobId": id, "State": "RUNNING", "PercentDone": "12.5",
        "CreationDate": "2026-03-01T01:40:00.250Z", "BackupSizeInBytes": 7, "BrandNew": [1]})
    };
    assert_eq!(jobs, json!({"BackupJobs": [job("J-0"), job("J-1")]}));
    let lines: Vec<String> = peer.requests().into_iter().map(|r| r.line).collect();
    let arn = DATABASE.replace(':', "%3A");
    assert!(lines[0].starts_with("GET /backup-jobs"), "{}", lines[0]);
    assert!(lines[0].contains(&format!("resourceArn={arn}")), "{}", lines[0]);
    assert!(lines[0].contains("createdAfter=2026-03-01T01%3A39%3A00Z"), "{}", lines[0]);
    assert!(lines[1].contains("nextToken=page%202"), "{}", lines[1]);
}

#[tokio::test]
async fn an_arn_in_a_path_is_one_part_of_it() {
    let metadata = r#"{"RestoreMetadata":{"DBInstanceIdentifier":"orders"},"ResourceType":"RDS"}"#;
    let peer = Peer::start(move |_, _| Reaction::Answer(200, metadata.into()));
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    let call = json!({"BackupVaultName": "Default", "RecoveryPointArn": "arn:aws:dynamodb:::t/b"});
    let read = aws.read(&place(), "backup", "GetRecoveryPointRestoreMetadata", &call).await.unwrap().value;
    assert_eq!(read["RestoreMetadata"], json!({"DBInstanceIdentifier": "orders"}));
    assert_eq!(
        peer.requests()[0].line,
        "GET /backup-vaults/Default/recovery-points/arn%3Aaws%3Adynamodb%3A%3A%3At%2Fb/restore-metadata HTTP/1.1"
    );
}

#[tokio::test]
async fn a_backup_is_started_once_with_the_token_of_the_run() {
    for (reaction, executed) in [
        (Reaction::Answer(200, STARTED.into()), true),
        (Reaction::Drop, false),
        (Reaction::Half, false),
        (Reaction::Headed(500, "x-amzn-errortype: ServiceUnavailableException", "{}".into()), false),
    ] {
        let reaction = std::sync::Mutex::new(Some(reaction));
        let peer = Peer::start(move |_, _| reaction.lock().unwrap().take().expect("sent once"));
        let sent = start(&connect(&peer.url, Mode::Full).await, &backup()).await;
        match &sent {
            Sent::Executed { answer, .. } if executed => {
                assert_eq!(answer["CreationDate"], "2026-03-01T01:40:00.250Z");
            }
            Sent::Unknown { .. } if !executed => {}
            _ => panic!("{sent:?}"),
        }
        let requests = peer.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].line, "PUT /backup-jobs HTTP/1.1");
        assert_eq!(serde_json::from_str::<Value>(&requests[0].body).unwrap(), backup());
    }
}

#[tokio::test]
async fn a_job_without_a_token_of_ours_is_not_started() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, STARTED.into()));
    let aws = connect(&peer.url, Mode::Full).await;
    for token in [Value::Null, json!({"IdempotencyToken": null})] {
        let mut call = backup();
        call.as_object_mut().unwrap().shift_remove("IdempotencyToken");
        call.as_object_mut().unwrap().extend(token.as_object().cloned().unwrap_or_default());
        let Sent::Refused(unsent) = start(&aws, &call).await else { panic!("the SDK made one up") };
        assert_eq!(unsent.kind, UnsentKind::Invalid, "{}", unsent.message);
        assert!(unsent.message.contains("IdempotencyToken"), "{}", unsent.message);
    }
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn the_code_of_an_error_stands_in_its_header() {
    // As AWS Backup answers: the code in the body is a number for its support.
    let body = r#"{"Code":"ERROR_2603","Context":null,"Message":"no such job","Type":null}"#;
    let peer = Peer::start(move |n, _| {
        let headers = [
            "x-amzn-errortype: ResourceNotFoundException:http://internal.amazon.com/",
            "x-amzn-errortype: LimitExceededException",
            "x-amzn-errortype: SomethingNew",
        ];
        Reaction::Headed(400, headers[n], body.into())
    });
    let aws = connect(&peer.url, Mode::Full).await;
    let job = json!({"BackupJobId": "J"});
    let error = aws.read(&place(), "backup", "DescribeBackupJob", &job).await.unwrap_err();
    let wanted = (ReadErrorKind::Answer, Some("ResourceNotFoundException"));
    assert_eq!((error.kind, error.code.as_deref()), wanted);
    assert_eq!(error.message, "ResourceNotFoundException: no such job");
    let sent = start(&aws, &backup()).await;
    assert!(matches!(&sent, Sent::Rejected { code, .. } if code == "LimitExceededException"), "{sent:?}");
    let sent = start(&aws, &backup()).await;
    assert!(matches!(&sent, Sent::Unknown { code: Some(code), .. } if code == "SomethingNew"), "{sent:?}");
}

#[tokio::test]
async fn made_up_keys_bear_the_id_they_were_given() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, r#"{"BackupVaultList":[]}"#.into()));
    for key in ["AKIDRILL1", "AKIDRILL2"] {
        let aws = connect_as(key, &peer.url, Mode::ReadOnly).await;
        aws.read(&place(), "backup", "ListBackupVaults", &json!({})).await.unwrap();
        let head = peer.requests().pop().unwrap().head;
        assert!(head.contains(&format!("credential={}/", key.to_lowercase())), "{head}");
        assert!(head.contains("/eu-west-1/backup/aws4_request"), "{head}");
    }
}
