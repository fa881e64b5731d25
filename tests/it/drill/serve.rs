//! The server: whole answers, broken ones, and an end that leaves nothing hanging.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ripcord::drill::serve::{ABOUT, Reply, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::canned::Canned;

const LIST: &str =
    "POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\n";

/// No test here waits longer, whatever goes wrong.
const SOON: Duration = Duration::from_secs(20);

fn tables() -> Value {
    json!({"TableNames": ["a", "b"]})
}

async fn serving(reply: Reply) -> Server {
    Canned::new([("ListTables", reply)]).served().await
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.unwrap()
}

/// Everything until the server closes. A reset after data is an end too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(n) = tokio::time::timeout(SOON, stream.read(&mut chunk)).await.expect("the server closes") {
        if n == 0 {
            break;
        }
        bytes.extend_from_slice(&chunk[..n]);
    }
    String::from_utf8(bytes).unwrap()
}

/// Asks on a connection of its own, and reads until it is closed.
async fn ask(server: &Server, head: &str, body: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await.unwrap();
    rest(&mut stream).await
}

/// Asks on a connection that stays open; returns when the whole answer is there.
async fn ask_and_stay(stream: &mut TcpStream) {
    stream.write_all(format!("{LIST}\r\n{{}}").as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.contains(&tables().to_string()) {
        let mut chunk = [0; 1024];
        let n = stream.read(&mut chunk).await.unwrap();
        assert!(n > 0, "{seen}");
        seen.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
    }
}

#[tokio::test]
async fn an_answer_arrives_whole_with_an_id_and_the_date_of_the_wall() {
    let server = serving(Reply::Answer(Ok(tables()))).await;
    assert!(server.address().ip().is_loopback());
    let text = ask(&server, LIST, "{}").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(head.contains("content-type: application/x-amz-json-1.0"), "{head}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), tables());
    let date = head.lines().find_map(|l| l.strip_prefix("date: ")).unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    let now = jiff::Timestamp::now();
    assert!((now.as_second() - date.as_second()).abs() < 60, "{date} is not {now}");
    server.stop().await;
}

#[tokio::test]
async fn a_dropped_call_gets_no_byte() {
    let server = serving(Reply::Drop).await;
    assert_eq!(ask(&server, LIST, "{}").await, "");
    server.stop().await;
}

#[tokio::test]
async fn half_a_body_announces_the_whole() {
    let server = serving(Reply::HalfBody(Ok(tables()))).await;
    let text = ask(&server, LIST, "{}").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let whole = tables().to_string();
    assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
    assert_eq!(body, &whole[..whole.len() / 2]);
    server.stop().await;
}

#[tokio::test]
async fn a_page_comes_where_an_answer_should_be() {
    let server = serving(Reply::Html(502)).await;
    let text = ask(&server, LIST, "{}").await;
    assert!(text.starts_with("HTTP/1.1 502 "), "{text}");
    assert!(text.contains("content-type: text/html") && text.contains("<!DOCTYPE html>"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_reply_can_be_late() {
    let late = Duration::from_millis(120);
    let server = serving(Reply::Delay(late, Box::new(Reply::Answer(Ok(tables()))))).await;
    let began = Instant::now();
    assert!(ask(&server, LIST, "{}").await.contains("TableNames"));
    assert!(began.elapsed() >= late);
    server.stop().await;
}

#[tokio::test]
async fn the_endpoint_says_what_it_is() {
    let server = serving(Reply::Drop).await;
    let text = ask(&server, &format!("GET {ABOUT} HTTP/1.1\r\nhost: h\r\n"), "").await;
    let body = text.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!({"drill": true, "nonce": "n-1"}));
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_call_is_refused_and_told_to_the_backend() {
    let backend = Canned::new([]);
    let server = backend.served().await;
    let text = ask(&server, "GET /nowhere HTTP/1.1\r\nhost: h\r\n", "").await;
    assert!(text.starts_with("HTTP/1.1 404 "), "{text}");
    assert_eq!(backend.take_misread()[0].refused.code, "UnknownOperationException");
    assert!(backend.take().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_body_beyond_all_measure_is_not_read() {
    let server = serving(Reply::Drop).await;
    let head = LIST.replace("content-length: 2", "content-length: 99999999999");
    assert!(ask(&server, &head, "").await.starts_with("HTTP/1.1 413 "));
    let chunked = LIST.replace("content-length: 2", "transfer-encoding: chunked");
    let mut stream = connect(&server).await;
    stream.write_all(format!("{chunked}\r\n").as_bytes()).await.unwrap();
    let chunk = format!("40000\r\n{}\r\n", " ".repeat(0x40000));
    // The server may close before the last of it is written.
    for _ in 0..5 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let text = rest(&mut stream).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 413 "), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_leaves_no_connection_and_frees_its_port() {
    let server = serving(Reply::Answer(Ok(tables()))).await;
    let port = server.address().port();
    let mut idle = connect(&server).await;
    let mut used = connect(&server).await;
    ask_and_stay(&mut used).await;
    tokio::time::timeout(SOON, server.stop()).await.expect("nothing is waited for");
    assert_eq!((rest(&mut idle).await, rest(&mut used).await), (String::new(), String::new()));
    let again = Server::start(Some(port), Canned::new([])).await.unwrap();
    assert_eq!(again.address().port(), port);
    let taken = Server::start(Some(port), Canned::new([])).await;
    assert!(taken.is_err());
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_late_replies() {
    let hour = Duration::from_hours(1);
    let backend = Canned::new([("ListTables", Reply::Delay(hour, Box::new(Reply::Answer(Ok(tables())))))]);
    let server = backend.served().await;
    let mut stream = connect(&server).await;
    stream.write_all(format!("{LIST}\r\n{{}}").as_bytes()).await.unwrap();
    while backend.take().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(SOON, server.stop()).await.expect("nothing is waited for");
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let server = serving(Reply::Answer(Ok(tables()))).await;
    let mut stream = connect(&server).await;
    ask_and_stay(&mut stream).await;
    drop(server);
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn calls_of_one_connection_are_answered_one_after_the_other() {
    let backend = Canned::new([("ListTables", Reply::Answer(Ok(tables())))]);
    let server = Server::start(None, Arc::clone(&backend) as _).await.unwrap();
    let mut stream = connect(&server).await;
    for _ in 0..3 {
        ask_and_stay(&mut stream).await;
    }
    let ids: std::collections::BTreeSet<String> = backend.take().into_iter().map(|a| a.request_id).collect();
    assert_eq!(ids.len(), 3);
    server.stop().await;
}
