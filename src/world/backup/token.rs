//! `IdempotencyToken`: the same call again gives the same job, for about an hour (`aws.md` §5).

use serde_json::Value;

use super::{Backup, invalid};
use crate::ids::{At, Span};
use crate::world::Refused;

/// How long a token is remembered.
const REMEMBERED: Span = Span::mins(60);

/// What was called with a token, when, and the id of the job it gave.
#[derive(Clone, Debug)]
pub(super) struct Token {
    operation: &'static str,
    request: Value,
    job: String,
    at: At,
}

impl Backup {
    /// The job that the same call with the same token gave; another call with the token is refused.
    pub(super) fn again(
        &mut self,
        operation: &'static str,
        request: &Value,
        now: At,
    ) -> Result<Option<String>, Refused> {
        self.tokens.retain(|t| now.since(t.at) < REMEMBERED);
        let Some(token) = request["IdempotencyToken"].as_str() else { return Ok(None) };
        let same = |t: &&Token| t.operation == operation && t.request["IdempotencyToken"] == token;
        match self.tokens.iter().find(same) {
            None => Ok(None),
            Some(known) if known.request == *request => Ok(Some(known.job.clone())),
            Some(_) => Err(invalid(format!("The idempotency token {token} was used with other parameters."))),
        }
    }

    pub(super) fn remember(&mut self, operation: &'static str, request: &Value, job: &str, at: At) {
        if request["IdempotencyToken"].is_string() {
            self.tokens.push(Token { operation, request: request.clone(), job: job.to_owned(), at });
        }
    }
}
