//! The shape table: what goes into an operation and what comes out, as facts of the public service models.
//!
//! Parsed once, when first asked for, without copying a string: every name borrows from the embedded file.

use std::fmt;
use std::sync::LazyLock;

use file::Names;
use load::{Entry, Table};

mod file;
mod load;
mod status;

pub(super) use file::Pages;

static SHAPES: &str = include_str!("../../assets/shapes.json");
static NAMES: &str = include_str!("../../assets/operations.json");

static TABLE: LazyLock<Table> = LazyLock::new(Table::load);
static MODEL_NAMES: LazyLock<Names<'static>> =
    LazyLock::new(|| serde_json::from_str(NAMES).expect("assets/operations.json is written by a script"));

/// A handle on one shape of the table: cheap to copy, equal when it is the same shape of the same service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape(u16);

/// What a shape is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Structure,
    /// A list and its element.
    List(Shape),
    /// A map from text and its value.
    Map(Shape),
    /// Text; the values the model knows, none when any text will do. AWS may answer with newer ones.
    Text {
        enumeration: &'static [&'static str],
    },
    Integer,
    Float,
    Boolean,
    Timestamp,
    Blob,
}

/// One member of a structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    pub shape: Shape,
    /// Its name on the wire; the name in documents is the one it was asked by.
    pub wire: &'static str,
    pub location: Location,
    pub required: bool,
    /// Makes a repeated call the same call. The SDK and the CLI make up a random one where it is not given.
    pub token: bool,
}

impl Member {
    /// Whether a call of ours must have it: what the service requires, and tokens. One that the SDK made up is in
    /// no journal, so a call sent again after a crash would not be the same call.
    pub fn needed(self) -> bool {
        self.required || self.token
    }
}

/// Where a member of an input or an answer travels. A timestamp is seconds since the epoch in a JSON body, an HTTP
/// date in a header, and RFC 3339 in path, query string and XML (Smithy, `timestampFormat`; no member of ours differs).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Location {
    Body,
    /// A `{label}` of the path, percent-encoded with its slashes.
    Path,
    Query,
    Header,
    /// All headers that begin with the wire name, as a map.
    Headers,
    Status,
}

/// How a service speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// Form in, XML out: RDS and STS.
    Query { namespace: &'static str },
    /// JSON both ways: `json` is the version in the content type, `target` the prefix of `X-Amz-Target`.
    Json { json: &'static str, target: &'static str },
    /// JSON bodies; the operation is told by method and path: AWS Backup.
    RestJson,
}

/// What the wire needs to know about one operation beyond its shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wire {
    pub protocol: Protocol,
    /// API version, `2014-10-31`.
    pub version: &'static str,
    /// The element around the answer, where the protocol has one (`DescribeDBInstancesResult`).
    pub wrapper: Option<&'static str>,
    /// `POST` everywhere but in REST.
    pub method: &'static str,
    /// The path with its labels, `/backup-jobs/{backupJobId}`; `/` everywhere but in REST.
    pub path: &'static str,
}

/// The model's facts about one operation that the catalogue has or the drill cloud serves.
pub struct Facts {
    pub input: Option<Shape>,
    pub output: Option<Shape>,
    pub wire: Wire,
    /// Whether the SDK alone sends it: the catalogue has no entry, no runbook may call it.
    pub served_only: bool,
    service: &'static str,
    /// `aws` CLI option per input member, in the order of the members.
    pub(super) flags: Vec<&'static str>,
    /// Declared errors that are the caller's: the call did not execute.
    pub(super) errors: Vec<&'static str>,
    /// Declared errors that are the server's: they prove nothing.
    pub(super) faults: Vec<&'static str>,
    pub(super) pages: Option<Pages<'static>>,
}

impl Shape {
    /// A shape by its name in the model.
    pub fn named(service: &str, name: &str) -> Option<Shape> {
        TABLE.by_name.get(service)?.get(name).copied()
    }

    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// The model's name for it: `DBInstance`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The members of a structure in the order of the model (which is the order the `aws` CLI prints);
    /// nothing for other kinds.
    pub fn members(self) -> impl Iterator<Item = (&'static str, Member)> {
        self.entry().members.iter().copied()
    }

    /// One member of a structure by its name in documents.
    pub fn member(self, name: &str) -> Option<Member> {
        self.entry().members.iter().find(|(n, _)| *n == name).map(|(_, m)| *m)
    }

    /// Whether the model marks values of this shape as secret: they are neither shown nor journalled.
    pub fn sensitive(self) -> bool {
        self.entry().sensitive
    }

    /// Whether exactly one member of the structure is set (`DynamoDB`'s `AttributeValue`).
    pub fn union(self) -> bool {
        self.entry().union
    }

    /// The wire name of a list's elements; `None` when the list is flattened into its parent.
    pub fn item(self) -> Option<&'static str> {
        self.entry().item
    }

    fn entry(self) -> &'static Entry {
        &TABLE.shapes[usize::from(self.0)]
    }
}

impl Facts {
    /// The HTTP status that goes with an error code, declared or not.
    pub fn status(&self, code: &str) -> u16 {
        let declared = TABLE.statuses.get(self.service).and_then(|of| of.get(code)).copied();
        declared.unwrap_or_else(|| match self.wire.protocol {
            _ if self.faults.contains(&code) => 500,
            protocol => status::common(protocol, code),
        })
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({})", self.name())
    }
}

/// The facts of one operation, of those that are served only too.
pub fn facts(service: &str, operation: &str) -> Option<&'static Facts> {
    TABLE.operations.get(service)?.get(operation)
}

/// Every operation of a service that the drill cloud serves: those of the catalogue, and what the SDK sends on its
/// own to get credentials.
pub fn served(service: &str) -> impl Iterator<Item = (&'static str, &'static Facts)> {
    TABLE.operations.get(service).into_iter().flatten().map(|(name, facts)| (*name, facts))
}

pub(super) fn names(service: &str) -> &'static [&'static str] {
    MODEL_NAMES.services.get(service).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
