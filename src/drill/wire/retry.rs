//! What a client says about its own retries, in the headers every AWS SDK sends.

use super::Request;

/// Facts of one request about the call it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// The same for every attempt of one call: `amz-sdk-invocation-id`.
    pub invocation: Option<String>,
    /// Counts from 1.
    pub attempt: Option<u32>,
    /// How many the client would make.
    pub most: Option<u32>,
}

impl Retry {
    /// From `amz-sdk-request: attempt=2; max=3`.
    pub(super) fn of(request: &Request) -> Retry {
        let said = request.header("amz-sdk-request").unwrap_or_default();
        let number = |name: &str| {
            let pairs = said.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
        };
        Retry {
            invocation: request.header("amz-sdk-invocation-id").map(str::to_owned),
            attempt: number("attempt"),
            most: number("max"),
        }
    }
}
