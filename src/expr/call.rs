//! How the functions work. Arguments are checked against the signature first, so that each function below
//! meets only what it wants.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Number;

use super::EvalError;
use super::ast::{Kind, Node};
use super::eval::Evaluator;
use super::functions::{Function, Want};
use super::value::{self, Entries, Items, Seen, Val};
use crate::ids::{At, Span};

type Result<T> = std::result::Result<T, EvalError>;

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

/// One call: who is called, where it is written, what it was given.
struct Call<'e, 'a> {
    eval: &'e Evaluator<'a>,
    function: Function,
    nodes: &'a [Node],
    span: &'e Range<usize>,
    args: Vec<Val<'a>>,
}

impl<'a> Evaluator<'a> {
    pub fn call(
        &self,
        function: Function,
        nodes: &'a [Node],
        node: &'a Node,
        current: &Val<'a>,
    ) -> Result<Val<'a>> {
        if function == Function::NotNull {
            return self.not_null(nodes, current);
        }
        let mut args = Vec::with_capacity(nodes.len());
        for node in nodes {
            args.push(match node.kind {
                Kind::Reference(_) => Val::NULL,
                _ => self.value(node, current)?,
            });
        }
        let call = Call { eval: self, function, nodes, span: &node.span, args };
        call.checked()?;
        call.run()
    }

    /// Stops at the first value, so that a default may be something that would fail.
    fn not_null(&self, nodes: &'a [Node], current: &Val<'a>) -> Result<Val<'a>> {
        for node in nodes {
            let value = self.value(node, current)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Val::NULL)
    }
}

impl<'a> Call<'_, 'a> {
    fn run(&self) -> Result<Val<'a>> {
        match self.function {
            Function::Abs | Function::Ceil | Function::Floor => self.rounded(),
            Function::Add | Function::Sub => self.sum_of_two(),
            Function::Ago => self.shifted(self.eval.now, self.duration(0), -1),
            Function::At => Ok(self.entries(0).and_then(|m| m.get(self.text(1))).unwrap_or(Val::NULL)),
            Function::Avg | Function::Sum => self.total(),
            Function::Before => Ok(Val::Bool(self.time(0) < self.time(1))),
            Function::Contains => self.contains(),
            Function::EndsWith => Ok(Val::Bool(self.text(0).ends_with(self.text(1)))),
            Function::StartsWith => Ok(Val::Bool(self.text(0).starts_with(self.text(1)))),
            Function::GroupBy => self.group_by(),
            Function::Join => self.join(),
            Function::Keys => self.entry_list(|(key, _)| Val::text(&key)),
            Function::Values => self.entry_list(|(_, value)| value),
            Function::Length => Ok(Val::Number(self.length().into())),
            Function::Map => self.map(),
            Function::Max | Function::Min => self.extreme(None),
            Function::MaxBy | Function::MinBy | Function::NewestBy => self.extreme(Some(self.reference(1))),
            Function::Merge => self.merge(),
            Function::NotNull => Ok(Val::NULL),
            Function::Reverse => self.reverse(),
            Function::SecondsBetween => Ok(self.seconds_between()),
            Function::Sort => self.sorted(None),
            Function::SortBy => self.sorted(Some(self.reference(1))),
            Function::Split => self.split(),
            Function::ToArray => Ok(self.to_array()),
            Function::ToNumber => Ok(self.to_number()),
            Function::ToString => self.to_string(),
            Function::Type => Ok(Val::text(json_type(&self.args[0]))),
        }
    }

    // ------------------------------------------------------------------------------------- arguments

    fn checked(&self) -> Result<()> {
        let signature = self.function.signature();
        for (n, arg) in self.args.iter().enumerate() {
            let want = signature.want(n);
            if !self.fits(want, arg)? {
                return Err(self.wrong(n, want, arg));
            }
        }
        Ok(())
    }

    fn wrong(&self, n: usize, want: Want, arg: &Val<'a>) -> EvalError {
        let node = &self.nodes[n];
        EvalError::types(
            &node.span,
            format!(
                "{} wants {want}: {} is {}",
                self.function.name(),
                self.eval.written(&node.span),
                odd_one(want, arg).unwrap_or_else(|| arg.shown())
            ),
        )
    }

    fn fits(&self, want: Want, arg: &Val<'a>) -> Result<bool> {
        let seen = arg.seen();
        if let (Want::Numbers | Want::Texts | Want::Sortable, Seen::List(items)) = (want, &seen) {
            self.eval.spend(items.len(), self.span)?;
        }
        let numbers = |items: &Items<'_, 'a>| items.iter().all(|v| matches!(v.seen(), Seen::Number(_)));
        let texts = |items: &Items<'_, 'a>| items.iter().all(|v| matches!(v.seen(), Seen::Text(_)));
        Ok(match (want, &seen) {
            (Want::Any | Want::Reference, _)
            | (Want::Number | Want::NumberOrTime | Want::NumberOrSpan, Seen::Number(_))
            | (Want::Text | Want::ListOrText | Want::Countable, Seen::Text(_))
            | (Want::List | Want::ListOrText | Want::Countable, Seen::List(_))
            | (Want::Map | Want::Countable, Seen::Map(_)) => true,
            (Want::Numbers, Seen::List(items)) => numbers(items),
            (Want::Texts, Seen::List(items)) => texts(items),
            (Want::Sortable, Seen::List(items)) => numbers(items) || texts(items),
            (Want::Time | Want::NumberOrTime, Seen::Text(s)) => value::instant(s).is_some(),
            (Want::Span | Want::NumberOrSpan, Seen::Text(s)) => s.parse::<Span>().is_ok(),
            _ => false,
        })
    }

    fn text(&self, n: usize) -> &str {
        match self.args[n].seen() {
            Seen::Text(s) => s,
            _ => "",
        }
    }

    fn number(&self, n: usize) -> Option<&Number> {
        match self.args[n].seen() {
            Seen::Number(number) => Some(number),
            _ => None,
        }
    }

    fn time(&self, n: usize) -> jiff::Timestamp {
        value::instant(self.text(n)).unwrap_or_default()
    }

    fn duration(&self, n: usize) -> Span {
        self.text(n).parse().unwrap_or_default()
    }

    fn items(&self, n: usize) -> Items<'_, 'a> {
        match self.args[n].seen() {
            Seen::List(items) => items,
            _ => Items::Made(&[]),
        }
    }

    fn entries(&self, n: usize) -> Option<Entries<'_, 'a>> {
        match self.args[n].seen() {
            Seen::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The expression behind `&`.
    fn reference(&self, n: usize) -> &'a Node {
        match &self.nodes[n].kind {
            Kind::Reference(inner) => inner,
            _ => &self.nodes[n],
        }
    }

    fn spend(&self, units: usize) -> Result<()> {
        self.eval.spend(units, self.span)
    }

    // --------------------------------------------------------------------------------------- numbers

    fn made(&self, f: f64) -> Result<Val<'a>> {
        let number = value::from_float(f).ok_or_else(|| {
            EvalError::types(self.span, format!("{} has no finite result", self.eval.written(self.span)))
        })?;
        Ok(Val::Number(number))
    }

    fn rounded(&self) -> Result<Val<'a>> {
        let Some(number) = self.number(0) else { return Ok(Val::NULL) };
        if let Some(i) = value::integer(number) {
            let i = if self.function == Function::Abs { i.abs() } else { i };
            return Ok(Val::Number(value::from_integer(i)));
        }
        let f = number.as_f64().unwrap_or_default();
        let f = match self.function {
            Function::Abs => f.abs(),
            Function::Ceil => f.ceil(),
            _ => f.floor(),
        };
        self.number_of(f)
    }

    /// A whole float becomes an integer.
    fn number_of(&self, f: f64) -> Result<Val<'a>> {
        match value::from_float(f).as_ref().and_then(value::integer) {
            Some(i) => Ok(Val::Number(value::from_integer(i))),
            None => self.made(f),
        }
    }

    fn sum_of_two(&self) -> Result<Val<'a>> {
        let sign = if self.function == Function::Add { 1 } else { -1 };
        let (Some(a), Some(b)) = (self.number(0), self.number(1)) else {
            return self.moved(sign);
        };
        if let (Some(x), Some(y)) = (value::integer(a), value::integer(b)) {
            return Ok(Val::Number(value::from_integer(x + y * i128::from(sign))));
        }
        let (x, y) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
        self.made(if sign > 0 { x + y } else { x - y })
    }

    /// `add` and `sub` of a time and a duration.
    fn moved(&self, sign: i64) -> Result<Val<'a>> {
        if self.number(0).is_some() {
            return Err(self.wrong(1, Want::Number, &self.args[1]));
        }
        if self.number(1).is_some() {
            return Err(self.wrong(1, Want::Span, &self.args[1]));
        }
        self.shifted(At(self.time(0).as_millisecond()), self.duration(1), sign)
    }

    fn shifted(&self, from: At, by: Span, sign: i64) -> Result<Val<'a>> {
        let ms = i64::try_from(by.0).unwrap_or(i64::MAX).saturating_mul(sign);
        let at = At(from.0.saturating_add(ms));
        if jiff::Timestamp::from_millisecond(at.0).is_err() {
            let written = self.eval.written(self.span);
            return Err(EvalError::types(self.span, format!("{written} lies outside the calendar")));
        }
        Ok(Val::text(&at.rfc3339()))
    }

    fn total(&self) -> Result<Val<'a>> {
        let items = self.items(0);
        let average = self.function == Function::Avg;
        if average && items.len() == 0 {
            return Ok(Val::NULL);
        }
        let (mut whole, mut float, mut exact) = (0_i128, 0.0_f64, true);
        for item in items.iter() {
            let Seen::Number(n) = item.seen() else { continue };
            float += n.as_f64().unwrap_or_default();
            match value::integer(n).and_then(|i| whole.checked_add(i)) {
                Some(sum) => whole = sum,
                None => exact = false,
            }
        }
        let count = items.len() as i128;
        match (exact, average) {
            (true, false) => Ok(Val::Number(value::from_integer(whole))),
            (true, true) if whole % count == 0 => Ok(Val::Number(value::from_integer(whole / count))),
            #[expect(clippy::cast_precision_loss, reason = "an average is a float")]
            (_, true) => self.made(float / count as f64),
            (false, false) => self.made(float),
        }
    }

    fn seconds_between(&self) -> Val<'a> {
        let ms = self.time(1).as_millisecond().saturating_sub(self.time(0).as_millisecond());
        if ms % 1000 == 0 {
            return Val::Number((ms / 1000).into());
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of any calendar date are exact in a float"
        )]
        value::from_float(ms as f64 / 1000.0).map_or(Val::NULL, Val::Number)
    }

    fn to_number(&self) -> Val<'a> {
        match self.args[0].seen() {
            Seen::Number(n) => Val::Number(n.clone()),
            Seen::Text(s) => serde_json::from_str(s).map_or(Val::NULL, Val::Number),
            _ => Val::NULL,
        }
    }

    // ------------------------------------------------------------------------------------------ text

    fn join(&self) -> Result<Val<'a>> {
        let glue = self.text(0);
        let mut out = String::new();
        for (i, item) in self.items(1).iter().enumerate() {
            let Seen::Text(s) = item.seen() else { continue };
            self.spend(1 + (s.len() + glue.len()) / 16)?;
            if i > 0 {
                out.push_str(glue);
            }
            out.push_str(s);
        }
        Ok(Val::text(&out))
    }

    fn split(&self) -> Result<Val<'a>> {
        let (text, by) = (self.text(0), self.text(1));
        if by.is_empty() {
            let span = &self.nodes[1].span;
            return Err(EvalError::types(span, "split wants a separator that is not empty".to_owned()));
        }
        self.spend(1 + text.len() / 16)?;
        let mut parts = Vec::new();
        for part in text.split(by) {
            self.spend(1)?;
            parts.push(Val::text(part));
        }
        Ok(Val::list(parts))
    }

    fn to_string(&self) -> Result<Val<'a>> {
        if let Seen::Text(_) = self.args[0].seen() {
            return Ok(self.args[0].clone());
        }
        let owned = self.eval.owned(&self.args[0], self.span, 0)?;
        let text = owned.to_string();
        self.spend(text.len() / 16)?;
        Ok(Val::text(&text))
    }

    fn length(&self) -> usize {
        match self.args[0].seen() {
            Seen::Text(s) => s.chars().count(),
            Seen::List(items) => items.len(),
            Seen::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    fn reverse(&self) -> Result<Val<'a>> {
        if let Seen::Text(s) = self.args[0].seen() {
            self.spend(s.len() / 16)?;
            return Ok(Val::text(&s.chars().rev().collect::<String>()));
        }
        self.spend(self.items(0).len())?;
        Ok(Val::list(self.items(0).iter().rev().collect()))
    }

    // ----------------------------------------------------------------------------------------- lists

    fn contains(&self) -> Result<Val<'a>> {
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

    fn map(&self) -> Result<Val<'a>> {
        let each = self.reference(0);
        let made = self.items(1).iter().map(|item| self.eval.value(each, &item));
        made.collect::<Result<Vec<_>>>().map(Val::list)
    }

    fn to_array(&self) -> Val<'a> {
        match self.args[0].seen() {
            Seen::List(_) => self.args[0].clone(),
            _ => Val::list(vec![self.args[0].clone()]),
        }
    }

    fn entry_list(&self, pick: fn((std::borrow::Cow<'a, str>, Val<'a>)) -> Val<'a>) -> Result<Val<'a>> {
        let Some(entries) = self.entries(0) else { return Ok(Val::NULL) };
        self.spend(entries.len())?;
        Ok(Val::list(entries.iter().map(pick).collect()))
    }

    /// Later maps win; a key keeps the place where it first stood.
    fn merge(&self) -> Result<Val<'a>> {
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

    fn group_by(&self) -> Result<Val<'a>> {
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

    fn sorted(&self, by: Option<&'a Node>) -> Result<Val<'a>> {
        let keys = self.keys(by)?;
        let mut places: Vec<usize> = (0..self.items(0).len()).collect();
        places.sort_by(|i, j| keys.compare(*i, *j));
        Ok(Val::list(places.into_iter().filter_map(|i| self.items(0).get(i)).collect()))
    }

    /// The first of the greatest (or least) elements; null for an empty list.
    fn extreme(&self, by: Option<&'a Node>) -> Result<Val<'a>> {
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

fn json_type(value: &Val<'_>) -> &'static str {
    match value.seen() {
        Seen::Null => "null",
        Seen::Bool(_) => "boolean",
        Seen::Number(_) => "number",
        Seen::Text(_) => "string",
        Seen::List(_) => "array",
        Seen::Map(_) => "object",
    }
}

/// For a list with wrong elements, the first of them.
fn odd_one(want: Want, arg: &Val<'_>) -> Option<String> {
    let Seen::List(items) = arg.seen() else { return None };
    let first = items.get(0)?.kind();
    let (i, odd) = items.iter().enumerate().find(|(_, v)| match want {
        Want::Numbers => !matches!(v.seen(), Seen::Number(_)),
        Want::Texts => !matches!(v.seen(), Seen::Text(_)),
        _ => v.kind() != first || !matches!(v.seen(), Seen::Number(_) | Seen::Text(_)),
    })?;
    Some(format!("a list in which element {i} is {}", odd.shown()))
}
