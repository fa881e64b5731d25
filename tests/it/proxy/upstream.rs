//! The other side of the proxy: moto, in the account of one world.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::TcpStream;

use serde_json::Value;

use super::call::form;
use super::wire::{Answer, Message, Request, read_answer, write_request};
use super::xml::Xml;

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const SCALING: &str = "AnyScaleFrontendService";

/// A kept connection to moto, and what moto answered since it last changed.
pub struct Upstream {
    address: String,
    /// moto keeps accounts apart by the header `x-moto-account-id`: one server carries many worlds.
    account: String,
    connection: Option<BufReader<TcpStream>>,
    /// moto's state moves by mutating calls only, so between two of them each question is asked once.
    known: BTreeMap<(String, Vec<u8>), Answer>,
}

/// An answer that is given again is of now: clients measure their clock by its date.
fn told_now(mut answer: Answer) -> Answer {
    let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    answer.message.set_header("Date", &now);
    answer
}

impl Upstream {
    pub fn new(url: &str, account: &str) -> Upstream {
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Upstream { address, account: account.to_owned(), connection: None, known: BTreeMap::new() }
    }

    /// Sends a request on; answers 502 when moto cannot be reached.
    pub fn forward(&mut self, request: &Request, mutating: bool) -> Answer {
        let target = request.message.header("x-amz-target").unwrap_or_default().to_owned();
        let key = (target, request.message.body.clone());
        if mutating {
            self.forget();
        } else if let Some(answer) = self.known.get(&key) {
            return told_now(answer.clone());
        }
        let answer = self.exchange(request).unwrap_or_else(|error| {
            self.connection = None;
            Answer::new(502, "text/plain", format!("the proxy cannot reach moto: {error}"))
        });
        if !mutating && answer.is_success() {
            self.known.insert(key, answer.clone());
        }
        answer
    }

    /// Asks moto anew from now on, for those who changed it behind the proxy's back.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// A call of RDS made here, such as a script's own, which is in no log; `None` when it is refused.
    pub fn query(&mut self, operation: &str, parameters: &Value) -> Option<Xml> {
        let mut request = Upstream::request("rds");
        request.message.set_header("Content-Type", "application/x-www-form-urlencoded");
        request.message.body = form(operation, "2014-10-31", parameters).into_bytes();
        let answer = self.forward(&request, super::call::is_mutating(operation));
        Xml::parse(&answer.text()).filter(|_| answer.is_success())
    }

    /// The same for ECS (`ecs`) and Application Auto Scaling (`application-autoscaling`).
    pub fn json(&mut self, service: &str, operation: &str, parameters: &Value) -> Option<Value> {
        let mut request = Upstream::request(service);
        request.message.set_header("Content-Type", "application/x-amz-json-1.1");
        let prefix = if service == "ecs" { ECS } else { SCALING };
        request.message.set_header("X-Amz-Target", &format!("{prefix}.{operation}"));
        request.message.body = parameters.to_string().into_bytes();
        let answer = self.forward(&request, super::call::is_mutating(operation));
        serde_json::from_slice(&answer.message.body).ok().filter(|_| answer.is_success())
    }

    fn request(service: &str) -> Request {
        let mut message = Message::default();
        let credential = format!("Credential=testing/20260101/eu-west-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0");
        message.set_header("Authorization", &authorization);
        Request { method: "POST".to_owned(), path: "/".to_owned(), message }
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        let mut request = request.clone();
        request.message.set_header("x-moto-account-id", &self.account);
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(&self.address)?),
        };
        stream.get_ref().set_nodelay(true)?;
        write_request(&mut stream.get_ref(), &request, &self.address)?;
        let answer = read_answer(&mut stream)?;
        if !answer.ends_connection() {
            self.connection = Some(stream);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_known_tells_the_time_of_now() {
        let mut upstream = Upstream::new("http://127.0.0.1:9", "1");
        let request = Upstream::request("sts");
        let mut answer = Answer::new(200, "text/xml", String::new());
        answer.message.set_header("Date", "Thu, 01 Jan 1970 00:00:00 GMT");
        upstream.known.insert((String::new(), Vec::new()), answer);
        let told = upstream.forward(&request, false);
        let date = told.message.header("date").unwrap();
        assert!(date.ends_with(" GMT") && !date.contains("1970"), "{date}");
        assert_eq!(date.len(), "Thu, 01 Jan 1970 00:00:00 GMT".len());
    }
}
