//! The first record of a journal: what is running, where, and against which kind of endpoint.

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::ids::{At, Place, RunId};

/// What a run is, fixed at Start. Members that later versions add are ignored by this one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Format of the facts in the payloads; the lines have their own.
    pub format: u32,
    pub run: RunId,
    pub runbook: RunbookRef,
    /// Version of the program that started the run.
    pub app_version: String,
    pub endpoint: EndpointKind,
    pub places: Vec<Place>,
    /// How long "it did not happen" has to wait, in milliseconds (law 2).
    pub settle_ms: u64,
    /// Divides intervals, backoff and gate locks in tests; 1 otherwise.
    pub pace: u32,
    pub started: At,
    pub operator: String,
    /// What this run works on, each spelled with its place, such as `111122223333/eu-west-1/aws.rds.instance/db`.
    /// While the run is unfinished, no other run in the same world starts on any of them.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Digest of the plan that a person read and that this run was held against at Start, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Nothing in it can have been written to AWS, so it holds no resources.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

impl Header {
    /// When the run was started on the wall. In a drill the header tells the drill's time; the id (UUID version 7)
    /// tells that of the wall.
    pub fn began_at(&self) -> At {
        let drill = matches!(self.endpoint, EndpointKind::Drill { .. });
        let on_the_wall = || {
            let id = uuid::Uuid::parse_str(&self.run.0).ok()?;
            let (seconds, nanos) = id.get_timestamp()?.to_unix();
            Some(At(i64::try_from(seconds).ok()? * 1000 + i64::from(nanos / 1_000_000)))
        };
        Some(()).filter(|()| drill).and_then(|()| on_the_wall()).unwrap_or(self.started)
    }
}

/// Which runbook a run follows; its bytes lie beside the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunbookRef {
    pub id: String,
    pub title: String,
    pub version: String,
    /// Digest of the exact bytes.
    pub digest: Digest,
}

/// The three kinds of endpoint; a journal of one kind is never resumed as another (law 9).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// AWS itself.
    Live,
    /// `--endpoint-url` or an `AWS_ENDPOINT_URL*` variable.
    Custom { host: String },
    /// The drill cloud, which proves itself by a nonce.
    Drill { scenario: String, seed: u64, speed: u32, nonce: String },
}

impl EndpointKind {
    /// Whether a resource of the same name is the same thing behind both endpoints.
    pub fn same_world(&self, other: &EndpointKind) -> bool {
        match (self, other) {
            (EndpointKind::Live, EndpointKind::Live) => true,
            (EndpointKind::Custom { host: a }, EndpointKind::Custom { host: b })
            | (EndpointKind::Drill { nonce: a, .. }, EndpointKind::Drill { nonce: b, .. }) => a == b,
            (EndpointKind::Live | EndpointKind::Custom { .. } | EndpointKind::Drill { .. }, _) => false,
        }
    }
}
