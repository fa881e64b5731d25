//! Which operation of which service a request means, and who signed it.
//!
//! The service is the fourth field of the credential scope of the signature; without one, that of the prefix of
//! `X-Amz-Target`, of the form's `Action`, or of method and path (`aws.md` §7).

use super::model::{self, Model};
use super::{Request, form};
use crate::catalogue::{self, Protocol};
use crate::world::Refused;

/// How a request is answered whose protocol cannot be told.
pub(super) const UNKNOWN: Protocol = Protocol::Json { json: "1.0", target: "" };

/// What the signature says; `Signature Version 4`, in the header or presigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub access_key: Option<String>,
    pub region: Option<String>,
    pub service: Option<String>,
}

/// What a request asks for, whether it is answered or not.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub protocol: Protocol,
    pub service: Option<&'static str>,
    pub operation: Option<String>,
    pub scope: Scope,
}

/// Finds out what a request asks for.
pub(super) fn find(request: &Request) -> Route {
    let scope = Scope::of(request);
    let signed = known(&scope);
    if let Some(target) = request.header("x-amz-target") {
        return by_target(target, scope);
    }
    match form::action(request).filter(|_| signed.is_none_or(is_query)) {
        Some(action) => by_action(action, signed, scope),
        None => by_path(request, signed, scope),
    }
}

fn by_action(action: String, signed: Option<&'static str>, scope: Scope) -> Route {
    let has = |service: &&str| is_query(service) && model::find(service, &action).is_some();
    let service = signed.or_else(|| catalogue::services().iter().copied().find(has));
    let protocol = service.and_then(model::protocol).unwrap_or(Protocol::Query { namespace: "" });
    Route { protocol, service, operation: Some(action), scope }
}

fn by_path(request: &Request, signed: Option<&'static str>, scope: Scope) -> Route {
    let to = |service| catalogue::route(service, &request.method, &request.path);
    let is_rest = |service: &&str| model::protocol(service) == Some(Protocol::RestJson);
    let service =
        signed.or_else(|| catalogue::services().iter().copied().filter(is_rest).find(|s| to(s).is_some()));
    let operation = service.filter(is_rest).and_then(to).map(|r| r.operation.to_owned());
    // Whoever asks for a path nobody has is likeliest to understand REST.
    let protocol = service.and_then(model::protocol).unwrap_or(Protocol::RestJson);
    Route { protocol, service, operation, scope }
}

fn by_target(target: &str, scope: Scope) -> Route {
    let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
    let speaks = |m: &Model| matches!(m.protocol(), Protocol::Json { target, .. } if target == prefix);
    let found = model::all().find(speaks);
    // Signed for another service than the target names: neither has that operation.
    let agreed = found.filter(|m| scope.service.as_deref().is_none_or(|signed| signed == m.service));
    Route {
        protocol: found.map_or(UNKNOWN, |m| m.protocol()),
        service: agreed.map(|m| m.service),
        operation: Some(operation.to_owned()),
        scope,
    }
}

fn known(scope: &Scope) -> Option<&'static str> {
    let signed = scope.service.as_deref()?;
    catalogue::services().iter().copied().find(|s| *s == signed)
}

fn is_query(service: &str) -> bool {
    matches!(model::protocol(service), Some(Protocol::Query { .. }))
}

impl Route {
    /// The operation, if it is one that is answered.
    pub fn model(&self, request: &Request) -> Result<Model, Refused> {
        let Some(operation) = &self.operation else { return Err(self.nameless(request)) };
        let found = self.service.and_then(|service| model::find(service, operation));
        found.ok_or_else(|| self.unknown(operation))
    }

    fn nameless(&self, request: &Request) -> Refused {
        match self.protocol {
            Protocol::Query { .. } => {
                Refused::new("MissingAction", "The request must contain the parameter Action")
            }
            Protocol::Json { .. } | Protocol::RestJson => Refused::not_found(
                "UnknownOperationException",
                format!("{} {} is no operation of the drill cloud", request.method, request.path),
            ),
        }
    }

    fn unknown(&self, operation: &str) -> Refused {
        let service = self.service.or(self.scope.service.as_deref()).unwrap_or("any service");
        let real = self.service.is_some_and(|s| catalogue::model_operations(s).contains(&operation));
        let why = if real { "The drill cloud does not answer" } else { "Could not find operation" };
        let message = format!("{why} {operation} of {service}");
        let query = matches!(self.protocol, Protocol::Query { .. });
        Refused::new(if query { "InvalidAction" } else { "UnknownOperationException" }, message)
    }
}

impl Scope {
    fn of(request: &Request) -> Scope {
        let header = request.header("authorization").and_then(|text| {
            let after = text.split_once("Credential=")?.1;
            Some(after.split([',', ' ']).next().unwrap_or(after).to_owned())
        });
        let presigned = || form::pairs(&request.query).find(|(k, _)| k == "X-Amz-Credential").map(|(_, v)| v);
        header.or_else(presigned).map_or_else(Scope::default, |text| Scope::parse(&text))
    }

    /// `AKID/20260301/eu-west-1/rds/aws4_request`; a key id may hold a slash, so it is read from the end.
    fn parse(credential: &str) -> Scope {
        let mut fields = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(_date)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Scope { access_key: Some(credential.to_owned()), ..Scope::default() };
        };
        Scope {
            access_key: fields.next().map(str::to_owned),
            region: Some(region.to_owned()),
            service: Some(service.to_owned()),
        }
    }
}
