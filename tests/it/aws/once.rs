//! A change is sent once, whatever the answer; a question is asked again.

use ripcord::aws::{Aws, Mode, ReadErrorKind, Sent, UnsentKind};
use ripcord::ids::{At, Attempt, EffectName, Place, StepPath};
use ripcord::run::{Call, Outcome, Perform};
use serde_json::{Value, json};

use super::peer::{Peer, Reaction};
use super::{connect, identity, place};

const STOPPED: &str = r#"{"task":{"taskArn":"arn","lastStatus":"STOPPED"}}"#;

async fn stop(aws: &Aws) -> Sent {
    aws.send(&place(), "ecs", "StopTask", &json!({"cluster": "c", "task": "t"})).await
}

async fn list(aws: &Aws) -> Result<Value, ReadErrorKind> {
    let read = aws.read(&place(), "ecs", "ListTasks", &json!({"cluster": "c"})).await;
    read.map(|d| d.value).map_err(|e| e.kind)
}

async fn stopped_by(reaction: fn() -> Reaction) -> (Sent, usize) {
    let peer = Peer::start(move |_, _| reaction());
    let sent = stop(&connect(&peer.url, Mode::Full).await).await;
    (sent, peer.requests().len())
}

type Case = (&'static str, fn() -> Reaction);

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_sent_once_and_unknown() {
    let cases: [Case; 5] = [
        ("dropped", || Reaction::Drop),
        ("cut off", || Reaction::Half),
        ("server error", || Reaction::Answer(500, r#"{"__type":"ServerException"}"#.into())),
        ("throttled by a proxy", || Reaction::Answer(503, "<html>busy</html>".into())),
        ("no document", || Reaction::Answer(200, "<html>hello</html>".into())),
    ];
    for (name, reaction) in cases {
        let (sent, requests) = stopped_by(reaction).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{name}: {sent:?}");
        assert_eq!(requests, 1, "{name}");
    }
}

const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>\
    <UserId>U</UserId><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

#[tokio::test]
async fn a_change_is_sent_only_with_the_credentials_whose_account_was_proven() {
    let peer = Peer::start(|_, request| {
        let answer = if request.body.contains("GetCallerIdentity") { CALLER } else { STOPPED };
        Reaction::Answer(200, answer.into())
    });
    let aws = connect(&peer.url, Mode::Full).await;
    let of = |account: &str| Place { account: account.into(), ..place() };
    let call = |account: &str| Call {
        place: of(account),
        service: "ecs".into(),
        operation: "StopTask".into(),
        parameters: json!({"cluster": "c", "task": "t"}),
    };
    let name = EffectName { path: StepPath::top("stop"), attempt: Attempt(1) };
    let stop = async |account: &str| Perform::send(&aws, &name, &call(account)).await;
    let refused =
        |outcome: &Outcome| matches!(outcome, Outcome::Rejected { code, .. } if code == "ExpiredToken");

    assert!(refused(&stop("1").await), "nobody has asked yet");
    identity(&aws, &of("1")).await.unwrap();
    assert!(refused(&stop("2").await), "the credentials are of another account");
    assert!(matches!(stop("1").await, Outcome::Executed { .. }));
    aws.reload().await.unwrap();
    assert!(refused(&stop("1").await), "the proof was of other credentials");
    identity(&aws, &of("1")).await.unwrap();
    assert!(matches!(stop("1").await, Outcome::Executed { .. }));
    let sent = peer.requests().iter().filter(|r| r.head.contains("stoptask")).count();
    assert_eq!(sent, 2);
}

#[tokio::test]
async fn the_clock_of_the_endpoint_is_that_of_its_newest_answer_errors_included() {
    let peer = Peer::start(|n, _| match n {
        0 => Reaction::Answer(200, CALLER.into()),
        n => {
            let date = if n == 1 { "date: Sun, 06 Nov 1994 08:49:37 GMT" } else { "date: whenever" };
            let error = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
            Reaction::Headed(if n == 1 { 403 } else { 200 }, date, if n == 1 { error } else { CALLER }.into())
        }
    });
    let aws = connect(&peer.url, Mode::Full).await;
    assert_eq!(aws.endpoint_time(&place()), None);
    identity(&aws, &place()).await.unwrap();
    assert_eq!(aws.endpoint_time(&place()), None);
    identity(&aws, &place()).await.unwrap_err();
    let said = At::parse("1994-11-06T08:49:37Z");
    assert_eq!(aws.endpoint_time(&place()), said);
    identity(&aws, &place()).await.unwrap();
    assert_eq!(aws.endpoint_time(&place()), said, "what is no date says nothing");
}

#[tokio::test]
async fn an_answer_that_proves_it_is_believed() {
    let (sent, requests) = stopped_by(|| Reaction::Answer(200, STOPPED.into())).await;
    let Sent::Executed { answer, request_id } = sent else { panic!("{sent:?}") };
    assert_eq!(answer, json!({"task": {"taskArn": "arn", "lastStatus": "STOPPED"}}));
    assert_eq!((request_id.as_deref(), requests), (Some("request-200"), 1));

    let throttled = || Reaction::Answer(400, r#"{"__type":"ThrottlingException","message":"slow"}"#.into());
    let (sent, requests) = stopped_by(throttled).await;
    let Sent::Rejected { code, message, .. } = sent else { panic!("{sent:?}") };
    assert_eq!((code.as_str(), message.as_str(), requests), ("ThrottlingException", "slow", 1));

    let odd = || Reaction::Answer(400, r#"{"__type":"SomethingNew"}"#.into());
    let (sent, requests) = stopped_by(odd).await;
    assert!(matches!(sent, Sent::Unknown { code: Some(_), .. }), "{sent:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_change_never_travels_on_a_connection_that_may_be_stale() {
    let peer = Peer::start(|_, _| Reaction::AnswerAndClose(200, STOPPED.into()));
    let aws = connect(&peer.url, Mode::Full).await;
    for _ in 0..4 {
        assert!(matches!(stop(&aws).await, Sent::Executed { .. }));
    }
    assert_eq!((peer.requests().len(), peer.connections()), (4, 4));
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let aws = connect(&format!("http://{free}"), Mode::Full).await;
    let Sent::Refused(unsent) = stop(&aws).await else { panic!("a closed port cannot have executed it") };
    assert_eq!(unsent.kind, UnsentKind::Unreachable, "{}", unsent.message);
    assert_eq!(list(&aws).await, Err(ReadErrorKind::Transport));
}

#[tokio::test]
async fn a_question_is_asked_again_when_its_answer_is_lost() {
    let peer = Peer::start(|n, _| match n {
        0 => Reaction::Drop,
        1 => Reaction::Answer(500, "<html>oops</html>".into()),
        _ => Reaction::Answer(200, r#"{"taskArns":["a"]}"#.into()),
    });
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    assert_eq!(list(&aws).await, Ok(json!({"taskArns": ["a"]})));
    assert_eq!(peer.requests().len(), 3);
}

#[tokio::test]
async fn all_pages_and_batches_are_read() {
    let peer = Peer::start(|_, request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let answer = if request.head.contains(".listtasks") {
            match body["nextToken"].as_str() {
                None => json!({"taskArns": ["a"], "nextToken": "2"}),
                Some(token) => json!({"taskArns": [token], "nextToken": null}),
            }
        } else {
            let named = |name: &Value| json!({"serviceName": name});
            let services: Vec<Value> = body["services"].as_array().unwrap().iter().map(named).collect();
            json!({"services": services, "failures": []})
        };
        Reaction::Answer(200, answer.to_string())
    });
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    assert_eq!(list(&aws).await, Ok(json!({"taskArns": ["a", "2"]})));
    let names: Vec<String> = (0..12).map(|n| format!("s{n}")).collect();
    let call = json!({"cluster": "c", "services": names});
    let all = aws.read(&place(), "ecs", "DescribeServices", &call).await.unwrap();
    let services: Vec<Value> = names.iter().map(|name| json!({"serviceName": name})).collect();
    assert_eq!(all.value, json!({"services": services, "failures": []}));
    assert_eq!(all.request_ids.len(), 2);
    let none = aws.read(&place(), "ecs", "DescribeServices", &json!({"services": []})).await.unwrap();
    assert_eq!(none.value, json!({"services": [], "failures": []}));
    assert_eq!(peer.requests().len(), 4);
}

#[tokio::test]
async fn a_server_that_names_the_same_page_for_ever_is_left() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, r#"{"taskArns":[],"nextToken":"1"}"#.into()));
    let aws = connect(&peer.url, Mode::ReadOnly).await;
    assert_eq!(list(&aws).await, Ok(json!({"taskArns": []})));
    assert_eq!(peer.requests().len(), 2);
}
