//! AWS's wire protocols from the server's side: a request becomes a document, a document becomes an answer.
//!
//! Pure: no socket, no clock, no world. The shape table decides everything; `aws.md` §7 says what the protocols
//! look like. Start at [`read`] and [`answer`].

mod check;
mod common;
mod error;
mod fit;
mod form;
mod json;
mod model;
mod problem;
mod rest;
mod retry;
mod route;
mod text;
mod xml;

use serde_json::{Map, Value};

use crate::catalogue::Protocol;
use crate::world::Refused;
use model::Model;

pub use common::{Common, refused_as};
pub use retry::Retry;

/// An HTTP request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Percent-encoded, without the query string.
    pub path: String,
    /// Without its `?`.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An HTTP answer. Framing and `Date` are the server's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// One call, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As the `aws` CLI spells it.
    pub service: &'static str,
    /// As the API spells it.
    pub operation: &'static str,
    /// From the signature; `None` when the call is not signed. The signature itself is not checked.
    pub region: Option<String>,
    pub access_key: Option<String>,
    /// A document: member names of the API, RFC 3339 times, base64 blobs. Members without a value are left out.
    pub parameters: Value,
    pub retry: Retry,
    /// The id that the answer carries.
    pub request_id: String,
}

/// A request that never became a call: AWS refuses it before its service looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Misread {
    /// What could be told about it, for a log.
    pub service: Option<&'static str>,
    pub operation: Option<String>,
    pub refused: Refused,
    pub answer: Answer,
}

/// Reads a request. `request_id` goes back with whatever is answered.
///
/// # Errors
/// No known operation, a body that is not what the protocol says, parameters that are missing, of the wrong type
/// or outside their enumeration: with the answer AWS gives to it.
pub fn read(request: &Request, request_id: &str) -> Result<Asked, Box<Misread>> {
    let route = route::find(request);
    let refuse = |refused: Refused| {
        let answer = error::answer(route.protocol, &refused, request_id);
        let operation = route.operation.clone();
        Box::new(Misread { service: route.service, operation, refused, answer })
    };
    let model = route.model(request).map_err(refuse)?;
    let parameters = parameters(&model, request).map_err(refuse)?;
    Ok(Asked {
        service: model.service,
        operation: model.operation,
        region: route.scope.region,
        access_key: route.scope.access_key,
        parameters,
        retry: Retry::of(request),
        request_id: request_id.to_owned(),
    })
}

/// Writes the answer to a call: what the world says, in the protocol of its service.
///
/// A member that the shape table does not know, or of another type than it says, is a bug of the world: a debug
/// build answers `InternalFailure` and names it, a release build leaves it out.
pub fn answer(asked: &Asked, result: &Result<Value, Refused>) -> Answer {
    let Some(model) = model::find(asked.service, asked.operation) else {
        let refused = Refused::unknown_operation(asked.service, asked.operation);
        return error::answer(route::UNKNOWN, &refused, &asked.request_id);
    };
    let written = match result {
        Ok(document) => document_answer(&model, document, &asked.request_id),
        Err(refused) => Err(refused.clone()),
    };
    written.unwrap_or_else(|refused| error::answer(model.protocol(), &refused, &asked.request_id))
}

fn parameters(model: &Model, request: &Request) -> Result<Value, Refused> {
    let Some(shape) = model.facts.input else { return Ok(Value::Object(Map::new())) };
    let document = match model.protocol() {
        Protocol::Query { .. } => form::document(shape, &form::of(request)?)?,
        Protocol::Json { .. } => json::document(shape, &request.body)?,
        Protocol::RestJson => rest::document(model, shape, request)?,
    };
    check::check(model, &document)?;
    Ok(document)
}

fn document_answer(model: &Model, document: &Value, request_id: &str) -> Result<Answer, Refused> {
    let fit = fit::fit(model.facts.output, document);
    if cfg!(debug_assertions) && !fit.strays.is_empty() {
        let message = format!("the world's answer does not fit the model: {}", fit.strays.join(", "));
        return Err(Refused { status: 500, ..Refused::new("InternalFailure", message) });
    }
    let body = || json::body(model.facts.output, &fit.document);
    Ok(match model.protocol() {
        Protocol::Query { namespace } => xml::answer(model, namespace, &fit.document, request_id),
        Protocol::Json { json: version, .. } => {
            Answer::new(200, &format!("application/x-amz-json-{version}"), request_id, body())
        }
        Protocol::RestJson => Answer::new(200, "application/json", request_id, body()),
    })
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    fn new(status: u16, content_type: &str, request_id: &str, body: impl Into<Vec<u8>>) -> Answer {
        let headers =
            vec![("content-type", content_type.to_owned()), ("x-amzn-requestid", request_id.to_owned())];
        Answer { status, headers, body: body.into() }
    }
}

#[cfg(test)]
mod tests;
