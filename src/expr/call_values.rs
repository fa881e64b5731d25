//! The functions on numbers, times and text.

use super::EvalError;
use super::call::{Call, Result};
use super::functions::{Function, Want};
use super::value::{self, Seen, Val};
use crate::ids::{At, Span};

impl<'a> Call<'_, 'a> {
    fn made(&self, f: f64) -> Result<Val<'a>> {
        let number = value::from_float(f).ok_or_else(|| {
            EvalError::types(self.span, format!("{} has no finite result", self.eval.written(self.span)))
        })?;
        Ok(Val::Number(number))
    }

    pub fn rounded(&self) -> Result<Val<'a>> {
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

    pub fn sum_of_two(&self) -> Result<Val<'a>> {
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

    pub fn shifted(&self, from: At, by: Span, sign: i64) -> Result<Val<'a>> {
        let ms = i64::try_from(by.0).unwrap_or(i64::MAX).saturating_mul(sign);
        let at = At(from.0.saturating_add(ms));
        if jiff::Timestamp::from_millisecond(at.0).is_err() {
            let written = self.eval.written(self.span);
            return Err(EvalError::types(self.span, format!("{written} lies outside the calendar")));
        }
        Ok(Val::text(&at.rfc3339()))
    }

    pub fn total(&self) -> Result<Val<'a>> {
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

    pub fn seconds_between(&self) -> Val<'a> {
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

    pub fn to_number(&self) -> Val<'a> {
        match self.args[0].seen() {
            Seen::Number(n) => Val::Number(n.clone()),
            Seen::Text(s) => serde_json::from_str(s).map_or(Val::NULL, Val::Number),
            _ => Val::NULL,
        }
    }

    pub fn join(&self) -> Result<Val<'a>> {
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

    pub fn split(&self) -> Result<Val<'a>> {
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

    pub fn to_string(&self) -> Result<Val<'a>> {
        if let Seen::Text(_) = self.args[0].seen() {
            return Ok(self.args[0].clone());
        }
        let owned = self.eval.owned(&self.args[0], self.span, 0)?;
        let text = owned.to_string();
        self.spend(text.len() / 16)?;
        Ok(Val::text(&text))
    }

    pub fn length(&self) -> usize {
        match self.args[0].seen() {
            Seen::Text(s) => s.chars().count(),
            Seen::List(items) => items.len(),
            Seen::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    pub fn reverse(&self) -> Result<Val<'a>> {
        if let Seen::Text(s) = self.args[0].seen() {
            self.spend(s.len() / 16)?;
            return Ok(Val::text(&s.chars().rev().collect::<String>()));
        }
        self.spend(self.items(0).len())?;
        Ok(Val::list(self.items(0).iter().rev().collect()))
    }
}
