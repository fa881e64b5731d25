//! `assets/shapes.json` and `assets/operations.json` as `tests/scripts/trim_models.py` writes them. What the words
//! mean is said in the module above; nothing else reads these types.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

#[derive(Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub services: Pairs<'a, Service<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Names<'a> {
    #[serde(borrow)]
    pub services: BTreeMap<&'a str, Vec<&'a str>>,
}

#[derive(Deserialize)]
pub(super) struct Service<'a> {
    pub version: &'a str,
    pub json: Option<&'a str>,
    pub target: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub protocol: &'a str,
    #[serde(borrow, default)]
    pub statuses: BTreeMap<&'a str, u16>,
    #[serde(borrow)]
    pub operations: Pairs<'a, RawOperation<'a>>,
    #[serde(borrow)]
    pub shapes: Pairs<'a, RawShape<'a>>,
}

#[derive(Deserialize)]
pub(super) struct RawOperation<'a> {
    pub input: Option<&'a str>,
    pub output: Option<&'a str>,
    pub wrapper: Option<&'a str>,
    /// Method and path, where they are not `POST /`.
    pub http: Option<&'a str>,
    #[serde(default)]
    pub served_only: bool,
    pub flags: &'a str,
    #[serde(borrow, default)]
    pub errors: Vec<&'a str>,
    #[serde(borrow, default)]
    pub faults: Vec<&'a str>,
    #[serde(borrow)]
    pub pages: Option<Pages<'a>>,
}

#[derive(Clone, Deserialize)]
pub(in crate::catalogue) struct Pages<'a> {
    pub input: &'a str,
    pub output: &'a str,
    #[serde(borrow)]
    pub lists: Vec<&'a str>,
    pub limit: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct RawShape<'a> {
    #[serde(borrow)]
    pub members: Option<Pairs<'a, &'a str>>,
    #[serde(borrow, default)]
    pub required: Vec<&'a str>,
    #[serde(borrow, default)]
    pub tokens: Vec<&'a str>,
    #[serde(default)]
    pub union: bool,
    pub list: Option<&'a str>,
    pub item: Option<&'a str>,
    #[serde(default)]
    pub flattened: bool,
    pub value: Option<&'a str>,
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
    #[serde(borrow, default, rename = "enum")]
    pub enumeration: Vec<&'a str>,
    #[serde(default)]
    pub sensitive: bool,
}

/// A JSON object in the order of the file.
pub(super) struct Pairs<'a, T>(pub Vec<(&'a str, T)>);

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
