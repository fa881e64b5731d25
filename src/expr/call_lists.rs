//! The functions on lists and maps.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Number;

use super::EvalError;
use super::ast::Node;
use super::call::{Call, Result};
use super::functions::{Function, Want};
use super::value::{self, Seen, Val};

/// What a list is ordered by: all of one sort.
enum Keys {
    Numbers(Vec<Number>),
    Times(Vec<jiff::Timestamp>),
    Texts(Vec<String>),
}

impl Keys {
    fn compare(&self, i: usize, j: usize) -> Ordering {
        match self {
            Keys::Numbers(k) => value::compare(&k[i], &k[j]),
            Keys::Times(k) => k[i].cmp(&k[j]),
            Keys::Texts(k) => k[i].cmp(&k[j]),
        }
    }
}

impl<'a> Call<'_, 'a> {
    pub fn contains(&self) -> Result<Val<'a>> {
        let wanted = &self.args[1];
        if let Seen::Text(text) = self.args[0].seen() {
            let Seen::Text(part) = wanted.seen() else {
                return Err(self.wrong(1, Want::Text, wanted));
            };
            self.spend(text.len() / 64)?;
            return Ok(Val::Bool(text.contains(part)));
        }
        for item in self.items(0).iter() {
            if self.eval.same(&item, wanted, self.span)? {
                return Ok(Val::Bool(true));
            }
        }
        Ok(Val::Bool(false))
    }

    pub fn map(&self) -> Result<Val<'a>> {
        let each = self.reference(0);
        let made = self.items(1).iter().map(|item| self.eval.value(each, &item));
        made.collect::<Result<Vec<_>>>().map(Val::list)
    }

    pub fn to_array(&self) -> Val<'a> {
        match self.args[0].seen() {
            Seen::List(_) => self.args[0].clone(),
            _ => Val::list(vec![self.args[0].clone()]),
        }
    }

    pub fn entry_list(&self, pick: fn((Cow<'a, str>, Val<'a>)) -> Val<'a>) -> Result<Val<'a>> {
        let Some(entries) = self.entries(0) else { return Ok(Val::NULL) };
        self.spend(entries.len())?;
        Ok(Val::list(entries.iter().map(pick).collect()))
    }

    /// Later maps win; a key keeps the place where it first stood.
    pub fn merge(&self) -> Result<Val<'a>> {
        let mut places = BTreeMap::new();
        let mut out = Vec::new();
        for n in 0..self.args.len() {
            let Some(entries) = self.entries(n) else { continue };
            self.spend(entries.len())?;
            for (key, value) in entries.iter() {
                let place = *places.entry(key.clone()).or_insert(out.len());
                if place == out.len() {
                    out.push((key, value));
                } else {
                    out[place].1 = value;
                }
            }
        }
        Ok(Val::map(out))
    }

    pub fn group_by(&self) -> Result<Val<'a>> {
        let mut groups: BTreeMap<String, Vec<Val<'a>>> = BTreeMap::new();
        for item in self.items(0).iter() {
            let key = self.eval.value(self.reference(1), &item)?;
            let Seen::Text(text) = key.seen() else {
                return Err(self.bad_key(&key, "text"));
            };
            self.spend(1 + text.len() / 16)?;
            groups.entry(text.to_owned()).or_default().push(item);
        }
        Ok(Val::map(groups.into_iter().map(|(k, v)| (k.into(), Val::list(v))).collect()))
    }

    fn bad_key(&self, key: &Val<'a>, want: &str) -> EvalError {
        let node = self.reference(1);
        let error = EvalError::types(
            &node.span,
            format!(
                "{} wants {want} to go by: {} is {}",
                self.function.name(),
                self.eval.written(&node.span),
                key.shown()
            ),
        );
        if key.is_null() { error.hint("leave out first what has none: list[?key]") } else { error }
    }

    /// The keys of a list, itself or by `&key`, when all are of one sort. Times go by the moment they name.
    fn keys(&self, by: Option<&'a Node>) -> Result<Keys> {
        let items = self.items(0);
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for item in items.iter() {
            let key = match by {
                Some(node) => self.eval.value(node, &item)?,
                None => item,
            };
            match key.seen() {
                Seen::Number(n) if texts.is_empty() => numbers.push(n.clone()),
                Seen::Text(s) if numbers.is_empty() => {
                    self.spend(1 + s.len() / 16)?;
                    texts.push(s.to_owned());
                }
                _ => return Err(self.bad_key(&key, "only numbers or only text")),
            }
        }
        // Each comparison counts; sorting makes about n log n of them.
        self.spend(items.len() * items.len().max(1).ilog2() as usize)?;
        if !numbers.is_empty() {
            return Ok(Keys::Numbers(numbers));
        }
        let times: Option<Vec<_>> = texts.iter().map(|t| value::instant(t)).collect();
        match times {
            Some(times) => Ok(Keys::Times(times)),
            None if self.function == Function::NewestBy => {
                let odd = texts.iter().find(|t| value::instant(t).is_none());
                Err(self.bad_key(&Val::text(odd.map_or("", |t| t)), "a time"))
            }
            None => Ok(Keys::Texts(texts)),
        }
    }

    pub fn sorted(&self, by: Option<&'a Node>) -> Result<Val<'a>> {
        let keys = self.keys(by)?;
        let mut places: Vec<usize> = (0..self.items(0).len()).collect();
        places.sort_by(|i, j| keys.compare(*i, *j));
        Ok(Val::list(places.into_iter().filter_map(|i| self.items(0).get(i)).collect()))
    }

    /// The first of the greatest (or least) elements; null for an empty list.
    pub fn extreme(&self, by: Option<&'a Node>) -> Result<Val<'a>> {
        let keys = self.keys(by)?;
        if let (Keys::Numbers(_), Function::NewestBy) = (&keys, self.function) {
            let key =
                self.items(0).get(0).map_or(Ok(Val::NULL), |v| self.eval.value(self.reference(1), &v))?;
            return Err(self.bad_key(&key, "a time"));
        }
        let least = matches!(self.function, Function::Min | Function::MinBy);
        let mut best = 0;
        for i in 1..self.items(0).len() {
            let order = keys.compare(i, best);
            if if least { order.is_lt() } else { order.is_gt() } {
                best = i;
            }
        }
        Ok(self.items(0).get(best).unwrap_or(Val::NULL))
    }
}
