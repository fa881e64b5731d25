//! From the file to the table: names become handles, words become kinds, locations and protocols.

use std::collections::BTreeMap;

use super::file::{File, RawOperation, RawShape, Service};
use super::{Facts, Kind, Location, Member, Protocol, SHAPES, Shape, Wire};

pub(super) struct Entry {
    pub name: &'static str,
    pub kind: Kind,
    pub members: Vec<(&'static str, Member)>,
    pub sensitive: bool,
    pub union: bool,
    pub item: Option<&'static str>,
}

#[derive(Default)]
pub(super) struct Table {
    pub shapes: Vec<Entry>,
    pub by_name: BTreeMap<&'static str, BTreeMap<&'static str, Shape>>,
    pub operations: BTreeMap<&'static str, BTreeMap<&'static str, Facts>>,
    pub statuses: BTreeMap<&'static str, BTreeMap<&'static str, u16>>,
}

impl Table {
    pub fn load() -> Table {
        let file: File<'static> =
            serde_json::from_str(SHAPES).expect("assets/shapes.json is written by a script and tested");
        let mut table = Table::default();
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
            service.operations.0.iter().map(|(op, o)| (*op, facts_of(name, o, &service, &names))).collect();
        let entries = service.shapes.0.into_iter().map(|(shape, raw)| entry(shape, raw, &names));
        self.shapes.extend(entries);
        self.by_name.insert(name, names);
        self.operations.insert(name, operations);
        self.statuses.insert(name, service.statuses);
    }
}

type ByName = BTreeMap<&'static str, Shape>;

fn facts_of(
    service: &'static str,
    o: &RawOperation<'static>,
    model: &Service<'static>,
    names: &ByName,
) -> Facts {
    let (method, path) = o.http.and_then(|http| http.split_once(' ')).unwrap_or(("POST", "/"));
    let wire = Wire { protocol: protocol(model), version: model.version, wrapper: o.wrapper, method, path };
    Facts {
        input: o.input.map(|n| names[n]),
        output: o.output.map(|n| names[n]),
        wire,
        served_only: o.served_only,
        service,
        flags: o.flags.split_whitespace().collect(),
        errors: o.errors.clone(),
        faults: o.faults.clone(),
        pages: o.pages.clone(),
    }
}

fn protocol(model: &Service<'static>) -> Protocol {
    match (model.protocol, model.json, model.target) {
        ("rest-json", _, _) => Protocol::RestJson,
        (_, Some(json), Some(target)) => Protocol::Json { json, target },
        _ => Protocol::Query { namespace: model.namespace.unwrap_or_default() },
    }
}

fn entry(name: &'static str, raw: RawShape<'static>, names: &ByName) -> Entry {
    let members = raw.members.iter().flat_map(|all| &all.0);
    let members = members.map(|(n, at)| (*n, member(n, at, &raw, names))).collect();
    let kind = match (raw.list, raw.value, raw.kind) {
        (Some(of), _, _) => Kind::List(names[of]),
        (_, Some(of), _) => Kind::Map(names[of]),
        (_, _, Some(scalar)) => scalar_kind(scalar, raw.enumeration),
        _ => Kind::Structure,
    };
    let item = (!raw.flattened).then_some(raw.item.unwrap_or("member"));
    Entry { name, kind, members, sensitive: raw.sensitive, union: raw.union, item }
}

fn member(name: &'static str, at: &'static str, raw: &RawShape<'static>, names: &ByName) -> Member {
    let mut words = at.split(' ');
    let shape = names[words.next().unwrap_or_default()];
    let wire = words.next().unwrap_or(name);
    let location = location(words.next().unwrap_or_default());
    Member {
        shape,
        wire,
        location,
        required: raw.required.contains(&name),
        token: raw.tokens.contains(&name),
    }
}

fn location(word: &str) -> Location {
    match word {
        "uri" => Location::Path,
        "querystring" => Location::Query,
        "header" => Location::Header,
        "headers" => Location::Headers,
        "statusCode" => Location::Status,
        _ => Location::Body,
    }
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
