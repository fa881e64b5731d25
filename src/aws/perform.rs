//! [`Perform`] for AWS: the kernel's questions and calls through the clients, outcomes in the kernel's words.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::{Aws, ReadError, ReadErrorKind, Sent, UnsentKind};
use crate::ids::{At, EffectName, Place};
use crate::run::{Call, Outcome, Perform, Performing};
use crate::watch::{Question, Unread, UnreadKind};

impl Perform for Aws {
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        Box::pin(async move {
            let Question { place, service, operation, parameters } = question;
            self.refreshed().await;
            match Aws::read(self, place, service, operation, parameters).await {
                Ok(document) => {
                    tracing::debug!(%place, service, operation, "read");
                    Ok(Arc::new(document.value))
                }
                Err(e) => {
                    tracing::info!(%place, service, operation, kind = ?e.kind, code = e.code, "not read");
                    Err(self.unread(e))
                }
            }
        })
    }

    fn send<'a>(&'a self, name: &'a EffectName, call: &'a Call) -> Performing<'a, Outcome> {
        Box::pin(async move {
            let Call { place, service, operation, parameters } = call;
            tracing::info!(%name, %place, service, operation, "sent");
            let outcome = outcome(self.send_proven(place, (service, operation), parameters).await);
            tracing::info!(%name, became = became(&outcome), "answered");
            outcome
        })
    }

    fn endpoint_time(&self, place: &Place) -> Option<At> {
        self.places().date(place)
    }
}

impl Aws {
    /// After an answer that the credentials are no good, whoever logs in again finds them loaded anew: the run
    /// goes on in place. The identity is proven before each call that changes something anyway.
    async fn refreshed(&self) {
        if self.0.stale.swap(false, Ordering::SeqCst)
            && let Err(error) = self.reload().await
        {
            tracing::warn!(%error, "the AWS configuration could not be loaded again");
        }
    }

    fn unread(&self, error: ReadError) -> Unread {
        let kind = unread_kind(error.kind);
        if kind == UnreadKind::Credentials {
            self.0.stale.store(true, Ordering::SeqCst);
        }
        Unread { kind, code: error.code, message: error.message }
    }
}

/// One word for the log, which never holds answers.
fn became(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Executed { .. } => "executed",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Unclear { .. } => "unclear",
    }
}

fn unread_kind(kind: ReadErrorKind) -> UnreadKind {
    match kind {
        ReadErrorKind::NoAccess | ReadErrorKind::Refused => UnreadKind::NoAccess,
        ReadErrorKind::Expired | ReadErrorKind::NoCredentials => UnreadKind::Credentials,
        ReadErrorKind::Throttled => UnreadKind::Throttled,
        ReadErrorKind::Transport | ReadErrorKind::Timeout => UnreadKind::Transport,
        ReadErrorKind::Unsupported => UnreadKind::Unsupported,
        ReadErrorKind::Invalid => UnreadKind::Expression,
        ReadErrorKind::Answer => UnreadKind::Answer,
    }
}

fn outcome(sent: Sent) -> Outcome {
    match sent {
        Sent::Executed { answer, request_id } => Outcome::Executed { answer, request_id },
        Sent::Rejected { code, message, request_id } => Outcome::Rejected { code, message, request_id },
        Sent::Unknown { why, request_id: Some(id), .. } => {
            Outcome::Unclear { why: format!("{why} (request {id})") }
        }
        Sent::Unknown { why, .. } => Outcome::Unclear { why },
        // Nothing left the process: as good a proof as an answer.
        Sent::Refused(unsent) => {
            let code = match unsent.kind {
                UnsentKind::ReadOnly => "ReadOnly",
                UnsentKind::NotListed => "NotListed",
                UnsentKind::Invalid => "InvalidParameter",
                // The run pauses for its credentials; going on proves them again.
                UnsentKind::NoCredentials | UnsentKind::Expired | UnsentKind::Unproven => "ExpiredToken",
                UnsentKind::Unreachable => "Unreachable",
            };
            Outcome::Rejected { code: code.into(), message: unsent.message, request_id: None }
        }
    }
}
