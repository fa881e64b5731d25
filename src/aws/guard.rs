//! What may leave this process, by name: a deny-by-default allow-list.
//!
//! It stands twice: as an interceptor in every client, before a request is even written, and once more at the
//! HTTP connector, which also sees what the SDK sends on its own to get credentials. Both ask the same pure
//! function; what cannot be named is refused.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::catalogue::{self, Effect, Protocol};

/// What this process may do to AWS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    ReadOnly,
    Full,
}

/// The guard's answer about one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Allowed,
    /// It changes something, and the mode is read-only.
    ReadOnly,
    /// The catalogue does not have it: refused in every mode.
    NotListed,
}

/// Whether an operation may be sent; the service spelled as the `aws` CLI spells it.
pub fn verdict(mode: Mode, service: &str, operation: &str) -> Verdict {
    match (catalogue::find(service, operation).map(catalogue::Operation::effect), mode) {
        (None, _) => Verdict::NotListed,
        (Some(Effect::Read), _) | (Some(_), Mode::Full) => Verdict::Allowed,
        (Some(_), Mode::ReadOnly) => Verdict::ReadOnly,
    }
}

/// A request that the guard kept from being sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} was not sent: {}", match .verdict {
    Verdict::ReadOnly => "it changes something, and this process is read-only",
    _ => "it is not an operation of the catalogue",
})]
pub struct Refusal {
    pub what: String,
    pub verdict: Verdict,
}

/// The first net: sits in every client.
#[derive(Debug)]
pub(super) struct Guard(pub Mode);

#[dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "ripcord guard"
    }

    // Earlier hooks of client-level interceptors run before the operation has put its name into the bag.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) =
            cfg.load::<Metadata>().map_or(("", ""), |m| (service_of(m.service()), m.name()));
        pass(verdict(self.0, service, operation), || format!("{service} {operation}")).map_err(Into::into)
    }
}

/// The second net: judges a request by what is written in it.
pub(super) fn judge(mode: Mode, request: &HttpRequest) -> Result<(), Refusal> {
    // The path first: a body of ours may hold any text, and `action` reads bodies.
    let named = rest(request).or_else(|| target(request)).or_else(|| action(request));
    let verdict = match &named {
        Some((service, operation)) if mints_credentials(service, operation) => Verdict::Allowed,
        Some((service, operation)) => verdict(mode, service, operation),
        None if scope(request).is_none() && fetches_credentials(request) => Verdict::Allowed,
        None => Verdict::NotListed,
    };
    let what = || match named {
        Some((service, operation)) => format!("{service} {operation}"),
        None => format!("a request without an operation ({})", request.method()),
    };
    pass(verdict, what)
}

fn pass(verdict: Verdict, what: impl FnOnce() -> String) -> Result<(), Refusal> {
    match verdict {
        Verdict::Allowed => Ok(()),
        refused => Err(Refusal { what: what(), verdict: refused }),
    }
}

/// The SDK's name of a service, as the catalogue spells it.
pub(super) fn service_of(sdk: &str) -> &'static str {
    match sdk {
        "RDS" => "rds",
        "ECS" => "ecs",
        "DynamoDB" => "dynamodb",
        "STS" => "sts",
        "Application Auto Scaling" => "application-autoscaling",
        "Backup" => "backup",
        _ => "",
    }
}

/// The service a request is signed for: `Credential=AKID/20260301/eu-west-1/backup/aws4_request`.
fn scope(request: &HttpRequest) -> Option<&str> {
    let (_, scope) = request.headers().get("authorization")?.split_once("Credential=")?;
    scope.split(',').next()?.split('/').nth(3)
}

/// `PUT /backup-jobs`, signed for a service that speaks so. The name is empty where no operation has this path.
fn rest(request: &HttpRequest) -> Option<(&'static str, String)> {
    let signed = scope(request)?;
    let service = catalogue::services().iter().copied().find(|s| *s == signed)?;
    let first = catalogue::of(service).next()?;
    if first.wire().protocol != Protocol::RestJson {
        return None;
    }
    let (_, path) = host_and_path(request.uri());
    let named = catalogue::route(service, request.method(), path).map_or("", |route| route.operation);
    Some((service, named.to_owned()))
}

/// `X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListTasks`
fn target(request: &HttpRequest) -> Option<(&'static str, String)> {
    let (prefix, operation) = request.headers().get("x-amz-target")?.split_once('.')?;
    let speaks = |service: &&str| {
        catalogue::of(service)
            .next()
            .is_some_and(|o| matches!(o.wire().protocol, Protocol::Json { target, .. } if target == prefix))
    };
    let service = catalogue::services().iter().copied().find(speaks).unwrap_or("");
    Some((service, operation.to_owned()))
}

/// `Action=DescribeDBInstances&Version=2014-10-31`
fn action(request: &HttpRequest) -> Option<(&'static str, String)> {
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    let field = |name: &str| {
        body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let (operation, version) = (field("Action")?, field("Version")?);
    let service = catalogue::services().iter().copied().find(|s| {
        catalogue::of(s).next().is_some_and(|o| {
            matches!(o.wire().protocol, Protocol::Query { .. }) && o.wire().version == version
        })
    });
    Some((service.unwrap_or(""), operation))
}

/// The path without its query.
fn host_and_path(uri: &str) -> (&str, &str) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (host, path.split('?').next().unwrap_or_default())
}

/// The calls by which the SDK takes on a role; they create no resource.
fn mints_credentials(service: &str, operation: &str) -> bool {
    service == "sts" && matches!(operation, "AssumeRole" | "AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML")
}

/// SSO portal and container endpoints are read by GET; tokens are refreshed at two well-known paths, and the
/// instance metadata service wants a PUT for its session.
fn fetches_credentials(request: &HttpRequest) -> bool {
    let (host, path) = host_and_path(request.uri());
    match request.method() {
        "GET" => true,
        "PUT" => path == "/latest/api/token" && (host == "169.254.169.254" || host == "[fd00:ec2::254]"),
        "POST" => match path {
            "/token" => host.starts_with("oidc.") && host.contains(".amazonaws.com"),
            "/v1/token" => host.contains("signin") && host.ends_with(".aws.amazon.com"),
            _ => false,
        },
        _ => false,
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::ReadOnly => "read-only",
            Mode::Full => "full",
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn request(method: &str, uri: &str, target: Option<&'static str>, body: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).unwrap();
        request.set_uri(uri.to_owned()).unwrap();
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target);
        }
        request
    }

    #[test]
    fn the_connector_reads_the_operation_from_the_request() {
        let rds = |body| request("POST", "https://rds.eu-west-1.amazonaws.com/", None, body);
        let describe = rds("Action=DescribeDBInstances&Version=2014-10-31");
        let delete = rds("Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=x");
        let create = rds("Action=CreateDBProxy&Version=2014-10-31");
        assert_eq!(judge(Mode::ReadOnly, &describe), Ok(()));
        assert_eq!(judge(Mode::ReadOnly, &delete).unwrap_err().verdict, Verdict::ReadOnly);
        assert_eq!(judge(Mode::Full, &delete), Ok(()));
        assert_eq!(judge(Mode::Full, &create).unwrap_err().verdict, Verdict::NotListed);

        let ecs = |target| request("POST", "https://ecs.eu-west-1.amazonaws.com/", Some(target), "{}");
        let list = ecs("AmazonEC2ContainerServiceV20141113.ListTasks");
        let stop = ecs("AmazonEC2ContainerServiceV20141113.StopTask");
        assert_eq!(judge(Mode::ReadOnly, &list), Ok(()));
        assert_eq!(judge(Mode::ReadOnly, &stop).unwrap_err().verdict, Verdict::ReadOnly);
        assert!(judge(Mode::Full, &ecs("SomeOther.ListTasks")).is_err());
    }

    #[test]
    fn a_rest_request_is_named_by_its_signature_its_method_and_its_path() {
        let signed = |service: &str, method: &str, path: &str, body: &'static str| {
            let mut request = request(method, &format!("http://127.0.0.1:5000{path}"), None, body);
            let scope =
                format!("Credential=AK/20260301/eu-west-1/{service}/aws4_request, SignedHeaders=host");
            request.headers_mut().insert("authorization", format!("AWS4-HMAC-SHA256 {scope}"));
            request
        };
        let backup = |method: &str, path: &str| signed("backup", method, path, "{}");
        let list = backup("GET", "/backup-jobs/?resourceArn=arn%3Aaws%3Ards");
        let (start, stop) = (backup("PUT", "/backup-jobs"), backup("POST", "/backup-jobs/J"));
        assert_eq!(judge(Mode::ReadOnly, &list), Ok(()));
        assert_eq!(judge(Mode::Full, &start), Ok(()));
        for change in [&start, &stop] {
            assert_eq!(judge(Mode::ReadOnly, change).unwrap_err().verdict, Verdict::ReadOnly);
        }
        let refused = |request: &HttpRequest| judge(Mode::Full, request).unwrap_err().verdict;
        for (method, path) in
            [("DELETE", "/backup-vaults/v"), ("GET", "/backup-vaults/v/access-policy"), ("GET", "/")]
        {
            assert_eq!(refused(&backup(method, path)), Verdict::NotListed, "{method} {path}");
        }
        // What is signed is a call: it is named or refused, and its body names nothing.
        assert_eq!(refused(&signed("s3", "GET", "/bucket/key", "")), Verdict::NotListed);
        let body = "x&Action=DescribeDBInstances&Version=2014-10-31";
        let disguised = signed("backup", "PUT", "/backup-jobs", body);
        assert_eq!(judge(Mode::ReadOnly, &disguised).unwrap_err().verdict, Verdict::ReadOnly);
    }

    #[test]
    fn credentials_may_be_fetched_and_nothing_else_without_a_name() {
        let sts = "Action=AssumeRole&Version=2011-06-15&RoleArn=x";
        let allowed = [
            request("POST", "https://sts.eu-west-1.amazonaws.com/", None, sts),
            request("GET", "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?x=1", None, ""),
            request("POST", "https://oidc.eu-west-1.amazonaws.com/token", None, "{}"),
            request("PUT", "http://169.254.169.254/latest/api/token", None, ""),
        ];
        for request in allowed {
            assert_eq!(judge(Mode::ReadOnly, &request), Ok(()), "{}", request.uri());
        }
        let refused = [
            request("POST", "https://sts.amazonaws.com/", None, "Action=GetSessionToken&Version=2011-06-15"),
            request("POST", "https://backup.eu-west-1.amazonaws.com/token", None, ""),
            request("PUT", "https://backup.eu-west-1.amazonaws.com/backup-jobs", None, ""),
            request("DELETE", "https://x.amazonaws.com/latest/api/token", None, ""),
        ];
        for request in refused {
            assert!(judge(Mode::Full, &request).is_err(), "{}", request.uri());
        }
    }
}
