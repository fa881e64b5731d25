//! The shape table: what goes into an operation and what comes out, as facts of the public service models.
//!
//! Parsed once, when first asked for, without copying a string: every name borrows from the embedded file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

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
    pub required: bool,
}

/// How a service speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// Form in, XML out: RDS and STS.
    Query { namespace: &'static str },
    /// JSON both ways: `json` is the version in the content type, `target` the prefix of `X-Amz-Target`.
    Json { json: &'static str, target: &'static str },
}

/// What the wire needs to know about one operation beyond its shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wire {
    pub protocol: Protocol,
    /// API version, `2014-10-31`.
    pub version: &'static str,
    /// The element around the answer, where the protocol has one (`DescribeDBInstancesResult`).
    pub wrapper: Option<&'static str>,
}

/// The model's facts about one operation; reached through `Operation`.
pub(super) struct Facts {
    pub input: Option<Shape>,
    pub output: Option<Shape>,
    pub wire: Wire,
    /// `aws` CLI option per input member, in the order of the members.
    pub flags: Vec<&'static str>,
    /// Declared errors that are the caller's: the call did not execute.
    pub errors: Vec<&'static str>,
    /// Declared errors that are the server's: they prove nothing.
    pub faults: Vec<&'static str>,
    pub pages: Option<Pages<'static>>,
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

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({})", self.name())
    }
}

pub(super) fn facts(service: &str, operation: &str) -> Option<&'static Facts> {
    TABLE.operations.get(service)?.get(operation)
}

pub(super) fn names(service: &str) -> &'static [&'static str] {
    MODEL_NAMES.services.get(service).map_or(&[], Vec::as_slice)
}

struct Entry {
    name: &'static str,
    kind: Kind,
    members: Vec<(&'static str, Member)>,
    sensitive: bool,
    union: bool,
    item: Option<&'static str>,
}

struct Table {
    shapes: Vec<Entry>,
    by_name: BTreeMap<&'static str, BTreeMap<&'static str, Shape>>,
    operations: BTreeMap<&'static str, BTreeMap<&'static str, Facts>>,
}

impl Table {
    fn load() -> Table {
        let file: File<'static> =
            serde_json::from_str(SHAPES).expect("assets/shapes.json is written by a script and tested");
        let mut table = Table { shapes: Vec::new(), by_name: BTreeMap::new(), operations: BTreeMap::new() };
        for (name, service) in file.services.0 {
            table.add(name, service);
        }
        table
    }

    fn add(&mut self, name: &'static str, service: Service<'static>) {
        let first = self.shapes.len();
        let handle = |n: usize| Shape(u16::try_from(first + n).expect("the table has a few hundred shapes"));
        let names: BTreeMap<_, _> =
            service.shapes.0.iter().enumerate().map(|(n, (shape, _))| (*shape, handle(n))).collect();
        let operations =
            service.operations.0.iter().map(|(op, o)| (*op, facts_of(o, &service, &names))).collect();
        let entries = service.shapes.0.into_iter().map(|(shape, raw)| entry(shape, raw, &names));
        self.shapes.extend(entries);
        self.by_name.insert(name, names);
        self.operations.insert(name, operations);
    }
}

type ByName = BTreeMap<&'static str, Shape>;

fn facts_of(o: &RawOperation<'static>, service: &Service<'static>, names: &ByName) -> Facts {
    let protocol = match (service.json, service.target) {
        (Some(json), Some(target)) => Protocol::Json { json, target },
        _ => Protocol::Query { namespace: service.namespace.unwrap_or_default() },
    };
    Facts {
        input: o.input.map(|n| names[n]),
        output: o.output.map(|n| names[n]),
        wire: Wire { protocol, version: service.version, wrapper: o.wrapper },
        flags: o.flags.split_whitespace().collect(),
        errors: o.errors.clone(),
        faults: o.faults.clone(),
        pages: o.pages.clone(),
    }
}

fn entry(name: &'static str, raw: RawShape<'static>, names: &ByName) -> Entry {
    let members = raw.members.unwrap_or_default().0;
    let members = members.into_iter().map(|(n, at)| (n, member(n, at, &raw.required, names))).collect();
    let kind = match (raw.list, raw.value, raw.kind) {
        (Some(of), _, _) => Kind::List(names[of]),
        (_, Some(of), _) => Kind::Map(names[of]),
        (_, _, Some(scalar)) => scalar_kind(scalar, raw.enumeration),
        _ => Kind::Structure,
    };
    let item = (!raw.flattened).then_some(raw.item.unwrap_or("member"));
    Entry { name, kind, members, sensitive: raw.sensitive, union: raw.union, item }
}

fn member(name: &'static str, at: &'static str, required: &[&str], names: &ByName) -> Member {
    let (shape, wire) = at.split_once(' ').unwrap_or((at, name));
    Member { shape: names[shape], wire, required: required.contains(&name) }
}

fn scalar_kind(scalar: &str, enumeration: Vec<&'static str>) -> Kind {
    match scalar {
        "integer" | "long" => Kind::Integer,
        "float" | "double" => Kind::Float,
        "boolean" => Kind::Boolean,
        "timestamp" => Kind::Timestamp,
        "blob" => Kind::Blob,
        // The table lives as long as the process.
        _ => Kind::Text { enumeration: enumeration.leak() },
    }
}

// The file as it is written by tests/scripts/trim_models.py.

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    services: Pairs<'a, Service<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    services: BTreeMap<&'a str, Vec<&'a str>>,
}

#[derive(Deserialize)]
struct Service<'a> {
    version: &'a str,
    json: Option<&'a str>,
    target: Option<&'a str>,
    namespace: Option<&'a str>,
    #[serde(borrow)]
    operations: Pairs<'a, RawOperation<'a>>,
    #[serde(borrow)]
    shapes: Pairs<'a, RawShape<'a>>,
}

#[derive(Deserialize)]
struct RawOperation<'a> {
    input: Option<&'a str>,
    output: Option<&'a str>,
    wrapper: Option<&'a str>,
    flags: &'a str,
    #[serde(borrow, default)]
    errors: Vec<&'a str>,
    #[serde(borrow, default)]
    faults: Vec<&'a str>,
    #[serde(borrow)]
    pages: Option<Pages<'a>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Pages<'a> {
    pub input: &'a str,
    pub output: &'a str,
    #[serde(borrow)]
    pub lists: Vec<&'a str>,
    pub limit: Option<&'a str>,
}

#[derive(Deserialize)]
struct RawShape<'a> {
    #[serde(borrow)]
    members: Option<Pairs<'a, &'a str>>,
    #[serde(borrow, default)]
    required: Vec<&'a str>,
    #[serde(default)]
    union: bool,
    list: Option<&'a str>,
    item: Option<&'a str>,
    #[serde(default)]
    flattened: bool,
    value: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    #[serde(borrow, default, rename = "enum")]
    enumeration: Vec<&'a str>,
    #[serde(default)]
    sensitive: bool,
}

/// A JSON object in the order of the file.
struct Pairs<'a, T>(Vec<(&'a str, T)>);

impl<T> Default for Pairs<'_, T> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct InOrder<'a, T>(std::marker::PhantomData<(&'a (), T)>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for InOrder<'a, T> {
            type Value = Pairs<'a, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(pair) = map.next_entry::<&'de str, T>()? {
                    pairs.push((pair.0 as &'a str, pair.1));
                }
                Ok(Pairs(pairs))
            }
        }
        d.deserialize_map(InOrder(std::marker::PhantomData))
    }
}
