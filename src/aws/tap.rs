//! The tap on one call: keeps the raw answer, knows whether the request can have reached anyone, and turns
//! the SDK's errors into [`Failure`].

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::guard::Refusal;
use super::input::InputError;
use crate::ids::At;

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    pub status: u16,
    pub body: Vec<u8>,
    pub request_id: Option<String>,
    /// The clock of the endpoint: its `Date` header.
    pub date: Option<At>,
}

/// Why there is no good answer.
#[derive(Debug)]
pub(super) enum Failure {
    Invalid(InputError),
    Refused(Refusal),
    /// Nothing was sent, for certain.
    NotSent {
        why: NotSent,
        message: String,
    },
    /// The service answered with an error; the code is empty when the body named none.
    Service {
        code: String,
        message: String,
        raw: Raw,
    },
    /// The request may have arrived, its answer did not.
    Lost {
        why: Lost,
        message: String,
        request_id: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotSent {
    NoCredentials,
    ExpiredCredentials,
    /// No connection came about.
    Unreachable,
    TimedOut,
    NoRegion,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    TimedOut,
    Broken,
    Unreadable,
}

impl From<InputError> for Failure {
    fn from(e: InputError) -> Failure {
        Failure::Invalid(e)
    }
}

impl Failure {
    pub fn not_listed(operation: &str) -> Failure {
        let verdict = super::guard::Verdict::NotListed;
        Failure::Refused(Refusal { what: operation.to_owned(), verdict })
    }
}

/// One per call; clones share what was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Tap(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    handed_over: bool,
    connection: Option<CaptureSmithyConnection>,
    raw: Option<Raw>,
}

impl Tap {
    /// The connector takes the request from here on.
    pub fn handed_over(&self, connection: CaptureSmithyConnection) {
        let mut seen = self.seen();
        seen.handed_over = true;
        seen.connection = Some(connection);
    }

    /// The outcome of one SDK call.
    pub fn settle<T, E>(&self, result: Result<T, SdkError<E, HttpResponse>>) -> Result<Raw, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match result {
            Ok(_) => {
                self.raw().ok_or_else(|| lost(Lost::Unreadable, "the answer has no body in memory", None))
            }
            Err(SdkError::ServiceError(e)) => Err(self.service_error(e.err().code(), e.err().message())),
            Err(e) => {
                let timed_out = match &e {
                    SdkError::TimeoutError(_) => true,
                    SdkError::DispatchFailure(d) => d.is_timeout(),
                    _ => false,
                };
                let unreadable = matches!(e, SdkError::ResponseError(_));
                Err(self.failure(&e, timed_out, unreadable))
            }
        }
    }

    fn service_error(&self, code: Option<&str>, message: Option<&str>) -> Failure {
        Failure::Service {
            code: code.unwrap_or_default().to_owned(),
            message: message.unwrap_or_default().to_owned(),
            raw: self.raw().unwrap_or_default(),
        }
    }

    fn failure(&self, e: &(dyn Error + 'static), timed_out: bool, unreadable: bool) -> Failure {
        if let Some(refusal) = find::<Refusal>(e) {
            return Failure::Refused(refusal.clone());
        }
        let message = chain(e);
        let request_id = self.raw().and_then(|raw| raw.request_id);
        if self.may_have_arrived() || unreadable {
            let why = if timed_out { Lost::TimedOut } else { Lost::Broken };
            return lost(if unreadable { Lost::Unreadable } else { why }, &message, request_id);
        }
        let why = match find::<CredentialsError>(e) {
            Some(_) if message.to_lowercase().contains("expired") => NotSent::ExpiredCredentials,
            Some(_) => NotSent::NoCredentials,
            None if timed_out => NotSent::TimedOut,
            None if self.seen().handed_over => NotSent::Unreachable,
            None => NotSent::Other,
        };
        Failure::NotSent { why, message }
    }

    /// A request is written only on a connection that came about.
    fn may_have_arrived(&self) -> bool {
        let seen = self.seen();
        seen.handed_over && seen.connection.as_ref().is_none_or(|c| c.get().is_some())
    }

    fn raw(&self) -> Option<Raw> {
        self.seen().raw.clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(why: Lost, message: &str, request_id: Option<String>) -> Failure {
    Failure::Lost { why, message: message.to_owned(), request_id }
}

/// What an error and its causes say, each once. Never their debug form: that holds requests and answers.
pub(super) fn chain(e: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for part in std::iter::successors(Some(e), |&e| e.source()).map(ToString::to_string) {
        if !text.contains(&part) {
            text += if text.is_empty() { "" } else { ": " };
            text += &part;
        }
    }
    text
}

fn moment(date: &str) -> Option<At> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    date.to_millis().ok().map(At)
}

fn find<'a, T: Error + 'static>(e: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(e), |&e| e.source()).find_map(|e| e.downcast_ref())
}

#[dyn_dispatch_hint]
impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "ripcord tap"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().add_extension(self.clone());
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let id = ["x-amzn-requestid", "x-amz-request-id"].into_iter().find_map(|h| response.headers().get(h));
        let date = response.headers().get("date");
        self.seen().raw = Some(Raw {
            status: response.status().as_u16(),
            body: response.body().bytes().unwrap_or_default().to_vec(),
            request_id: id.map(str::to_owned),
            date: date.and_then(moment),
        });
        Ok(())
    }
}
