//! Pages of a list, by the names and limits of each service.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::Refused;

/// How a service pages.
pub(super) struct Paging {
    pub limit: &'static str,
    pub limits: RangeInclusive<u64>,
    pub default: u64,
    /// Parameter and member of the answer.
    pub token: &'static str,
    /// What is said of a limit that is none.
    pub wrong: &'static str,
    /// What is said of a token that is none.
    pub wrong_token: &'static str,
}

/// RDS: 20 to 100 rows, 100 where nothing is said (API reference).
pub(super) const RDS: Paging = Paging {
    limit: "MaxRecords",
    limits: 20..=100,
    default: 100,
    token: "Marker",
    wrong: "InvalidParameterValue",
    wrong_token: "InvalidParameterValue",
};
/// ECS: 1 to 100 rows (API reference).
pub(super) const ECS: Paging = Paging {
    limit: "maxResults",
    limits: 1..=100,
    default: 100,
    token: "nextToken",
    wrong: "InvalidParameterException",
    wrong_token: "InvalidParameterException",
};
/// Application Auto Scaling: 1 to 50 rows (API reference).
pub(super) const SCALING: Paging = Paging {
    limit: "MaxResults",
    limits: 1..=50,
    default: 50,
    token: "NextToken",
    wrong: "ValidationException",
    wrong_token: "InvalidNextTokenException",
};
/// AWS Backup: 1 to 1000 rows (API reference).
pub(super) const BACKUP: Paging = Paging {
    limit: "MaxResults",
    limits: 1..=1000,
    default: 1000,
    token: "NextToken",
    wrong: "InvalidParameterValueException",
    wrong_token: "InvalidParameterValueException",
};

impl Paging {
    /// One page of `rows`, under `list`.
    pub(super) fn page(&self, list: &str, rows: Vec<Value>, parameters: &Value) -> Result<Value, Refused> {
        let wrong = |code: &str, name: &str| {
            Refused::new(code, format!("Invalid value {} for {name}", parameters[name]))
        };
        let most = match &parameters[self.limit] {
            Value::Null => self.default,
            given => given
                .as_u64()
                .filter(|n| self.limits.contains(n))
                .ok_or_else(|| wrong(self.wrong, self.limit))?,
        };
        let from: usize = match &parameters[self.token] {
            Value::Null => 0,
            given => given
                .as_str()
                .and_then(|token| token.strip_prefix("from-")?.parse().ok())
                .ok_or_else(|| wrong(self.wrong_token, self.token))?,
        };
        let to = from.saturating_add(usize::try_from(most).unwrap_or(usize::MAX));
        let mut answer = Map::new();
        if rows.len() > to {
            answer.insert(self.token.into(), format!("from-{to}").into());
        }
        answer.insert(list.into(), rows.into_iter().take(to).skip(from).collect());
        Ok(Value::Object(answer))
    }
}
