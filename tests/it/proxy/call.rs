//! A request as AWS means it: service, operation and parameters, whatever the protocol.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::wire::{Answer, Request, percent_decoded, percent_encoded};
use super::xml::Xml;

/// How a service puts calls on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out: RDS, STS, EC2.
    Query,
    /// JSON both ways, the operation in `X-Amz-Target`: ECS, Application Auto Scaling, `DynamoDB`.
    Json,
}

/// What became of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Place in the order of all calls at which it was executed; `None` if it never was.
    pub executed: Option<u64>,
    /// Status the client got; `None` if it got no answer.
    pub status: Option<u16>,
    /// AWS's error code in the answer the client got.
    pub code: Option<String>,
    /// The fault that was played on it.
    pub fault: Option<&'static str>,
}

/// One call that reached the proxy.
#[derive(Clone, Debug)]
pub struct Call {
    /// Place in the order of all calls, from 1.
    pub seq: u64,
    /// Which call of this operation it is, from 1.
    pub nth: u64,
    pub protocol: Protocol,
    /// As in the scope of the signature: `rds`, `ecs`, `application-autoscaling`, `sts`.
    pub service: String,
    pub operation: String,
    /// Names as the API spells them; lists are lists. In the query protocol every value is a string.
    pub parameters: Value,
    pub mutating: bool,
    /// Which attempt of the SDK it is, by its own count; 0 where the client does not say.
    pub attempt: u32,
    pub at: Instant,
    pub outcome: Outcome,
}

impl Call {
    pub fn is(&self, operation: &str) -> bool {
        self.operation == operation
    }

    /// A parameter that is one text.
    pub fn text(&self, parameter: &str) -> Option<&str> {
        self.parameters.get(parameter).and_then(Value::as_str)
    }

    /// A parameter that is a list of texts.
    pub fn list(&self, parameter: &str) -> Vec<String> {
        let values = self.parameters.get(parameter).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// One line for messages: `#12 ModifyDBInstance {…} → 200`.
    pub fn line(&self) -> String {
        let answered = self.outcome.status.map_or("no answer".to_owned(), |status| status.to_string());
        format!("#{} {} {} → {answered}", self.seq, self.operation, self.parameters)
    }

    /// A success of this call in its own protocol: for queries `result` is put into the result element.
    pub fn success_xml(&self, result: Vec<Xml>) -> Answer {
        let result = Xml::node(&format!("{}Result", self.operation), result);
        let metadata = Xml::node("ResponseMetadata", vec![Xml::leaf("RequestId", "proxy")]);
        let root = Xml::node(&format!("{}Response", self.operation), vec![result, metadata]);
        Answer::new(200, "text/xml", root.to_string())
    }

    pub fn success_json(result: &Value) -> Answer {
        Answer::new(200, "application/x-amz-json-1.1", result.to_string())
    }

    /// An error as AWS would answer it to this call.
    pub fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        match self.protocol {
            Protocol::Query => {
                let kind = if status < 500 { "Sender" } else { "Receiver" };
                let fields =
                    vec![Xml::leaf("Type", kind), Xml::leaf("Code", code), Xml::leaf("Message", message)];
                let parts = vec![Xml::node("Error", fields), Xml::leaf("RequestId", "proxy")];
                Answer::new(status, "text/xml", Xml::node("ErrorResponse", parts).to_string())
            }
            // The JSON services answer every refusal with 400.
            Protocol::Json => {
                let status = if status < 500 { 400 } else { status };
                let body = json!({"__type": code, "message": message});
                Answer::new(status, "application/x-amz-json-1.1", body.to_string())
            }
        }
    }

    /// AWS's code in an error answer to this call.
    pub fn error_code(&self, answer: &Answer) -> Option<String> {
        if answer.is_success() {
            return None;
        }
        match self.protocol {
            Protocol::Query => Some(Xml::parse(&answer.text())?.at("Error/Code")?.to_owned()),
            Protocol::Json => {
                let body: Value = serde_json::from_slice(&answer.message.body).ok()?;
                body["__type"].as_str()?.rsplit('#').next().map(str::to_owned)
            }
        }
    }
}

/// What a request asks for: service, operation, parameters and its protocol.
pub fn decode(request: &Request) -> (String, String, Value, Protocol) {
    let service = scope(request).unwrap_or_default();
    if let Some(target) = request.message.header("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
        let parameters = serde_json::from_slice(&request.message.body).unwrap_or(Value::Null);
        return (service, operation, parameters, Protocol::Json);
    }
    let mut form = form_values(&String::from_utf8_lossy(&request.message.body));
    let operation = form.remove("Action").unwrap_or_else(|| request.path.clone());
    form.remove("Version");
    (service, operation, tree(form), Protocol::Query)
}

/// Every operation that is not known to read counts as mutating.
pub fn is_mutating(operation: &str) -> bool {
    !["Describe", "List", "Get", "AssumeRole"].iter().any(|prefix| operation.starts_with(prefix))
}

/// Service in the scope of the signature: `Credential=AKID/date/region/SERVICE/aws4_request`.
fn scope(request: &Request) -> Option<String> {
    let header = request.message.header("authorization")?;
    let credential = header.split_once("Credential=")?.1;
    credential.split('/').nth(3).map(str::to_owned)
}

fn form_values(body: &str) -> BTreeMap<String, String> {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (percent_decoded(key), percent_decoded(value)))
        .collect()
}

/// `Tags.Tag.1.Key=a` as `{"Tags": [{"Key": "a"}]}`.
fn tree(form: BTreeMap<String, String>) -> Value {
    let mut root = Map::new();
    for (key, value) in form {
        let mut node = &mut root;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                node.insert(part.to_owned(), Value::String(value.clone()));
                break;
            }
            let next = node.entry(part).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else { break };
            node = next;
        }
    }
    root.into_iter().map(|(key, value)| (key, folded(value))).collect()
}

/// Turns maps with the keys 1, 2, 3 into lists, and drops the item names above them.
fn folded(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    if map.len() == 1
        && let Some(items) = map.values().next().and_then(numbered)
    {
        return items;
    }
    map.into_iter().map(|(key, item)| (key, folded(item))).collect()
}

/// A map with the keys 1, 2, 3 as a list.
fn numbered(value: &Value) -> Option<Value> {
    let map = value.as_object()?;
    let items: Option<BTreeMap<usize, &Value>> =
        map.iter().map(|(key, item)| Some((key.parse().ok()?, item))).collect();
    Some(items?.into_values().map(|item| folded(item.clone())).collect())
}

/// Parameters as a form, for the calls that scripts make themselves. Lists are written as `NAME.member.1`.
pub fn form(operation: &str, version: &str, parameters: &Value) -> String {
    let mut pairs = vec![format!("Action={operation}"), format!("Version={version}")];
    for (key, value) in parameters.as_object().into_iter().flatten() {
        flatten(key, value, &mut pairs);
    }
    pairs.join("&")
}

fn flatten(key: &str, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{key}.member.{}", index + 1), item, pairs);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                flatten(&format!("{key}.{name}"), item, pairs);
            }
        }
        Value::String(text) => pairs.push(format!("{key}={}", percent_encoded(text))),
        other => pairs.push(format!("{key}={other}")),
    }
}

#[test]
fn forms_become_trees_with_lists() {
    let body = "Action=X&Version=1&Tags.Tag.1.Key=a%20b&Tags.Tag.1.Value=c&Tags.Tag.2.Key=d\
                &Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v&Port=5433\
                &Config.EnableLogTypes.member.1=x&Config.DisableLogTypes.member.1=y";
    let request = Request {
        message: super::wire::Message { body: body.into(), ..Default::default() },
        ..Default::default()
    };
    let (_, operation, parameters, protocol) = decode(&request);
    assert_eq!((operation.as_str(), protocol), ("X", Protocol::Query));
    assert_eq!(
        parameters,
        json!({
            "Tags": [{"Key": "a b", "Value": "c"}, {"Key": "d"}],
            "Filters": [{"Name": "n", "Values": ["v"]}],
            "Port": "5433",
            "Config": {"EnableLogTypes": ["x"], "DisableLogTypes": ["y"]},
        })
    );
}
