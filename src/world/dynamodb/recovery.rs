//! Continuous backups: the window in which a moment of a table can be restored.

use serde_json::{Value, json};

use super::{DynamoDb, Table, invalid};
use crate::ids::{At, Span};
use crate::world::{Moment, Refused};

/// What can be restored runs five minutes behind (`DynamoDB` developer guide, "Point-in-time recovery").
const BEHIND: Span = Span::mins(5);
/// How far back the window reaches where nothing is said, and at most.
const DAYS: u64 = 35;

/// Point-in-time recovery of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    pub since: At,
    /// 1 to 35 days.
    pub days: u64,
}

impl Recovery {
    /// The window at `now`: from when it was turned on, at most its days, to five minutes ago.
    pub fn window(self, now: At) -> (At, At) {
        let ago = |span: Span| At(now.0 - i64::try_from(span.0).unwrap_or(0));
        let earliest = self.since.max(ago(Span::mins(self.days * 24 * 60)));
        (earliest, ago(BEHIND).max(earliest))
    }
}

impl Table {
    fn continuous_backups(&self, now: At) -> Value {
        let recovery = match self.recovery {
            None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
            Some(recovery) => {
                let (earliest, latest) = recovery.window(now);
                json!({
                    "PointInTimeRecoveryStatus": "ENABLED",
                    "RecoveryPeriodInDays": recovery.days,
                    "EarliestRestorableDateTime": earliest.rfc3339(),
                    "LatestRestorableDateTime": latest.rfc3339(),
                })
            }
        };
        json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery})
    }

    /// Whether backups of it can be made yet: for a while after its making they cannot (`aws.md` §2).
    pub(super) fn backups_ready(&self, now: At) -> Result<(), Refused> {
        if self.status() != "CREATING" && self.backups_from <= now {
            return Ok(());
        }
        let message = format!("Backups are being enabled for the table: {}. Please retry later", self.name());
        Err(Refused::new("ContinuousBackupsUnavailableException", message))
    }
}

impl DynamoDb {
    pub(super) fn describe_continuous_backups(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "TableNotFoundException")?;
        Ok(json!({"ContinuousBackupsDescription": self.tables[at].continuous_backups(moment.now)}))
    }

    /// Off and on again begins the history anew (`aws.md` §2).
    pub(super) fn update_continuous_backups(
        &mut self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "TableNotFoundException")?;
        let table = &mut self.tables[at];
        table.backups_ready(moment.now)?;
        let wanted = &parameters["PointInTimeRecoverySpecification"];
        let days = days(&wanted["RecoveryPeriodInDays"])?;
        table.recovery = match (wanted["PointInTimeRecoveryEnabled"] == true, table.recovery) {
            (false, _) => None,
            (true, before) => {
                let kept = before.map_or(DAYS, |r| r.days);
                let since = before.map_or(moment.now, |r| r.since);
                Some(Recovery { since, days: days.unwrap_or(kept) })
            }
        };
        Ok(json!({"ContinuousBackupsDescription": table.continuous_backups(moment.now)}))
    }
}

fn days(given: &Value) -> Result<Option<u64>, Refused> {
    match given {
        Value::Null => Ok(None),
        given => given.as_u64().filter(|n| (1..=DAYS).contains(n)).map(Some).ok_or_else(|| {
            invalid(format!("Value '{given}' at 'recoveryPeriodInDays' failed to satisfy constraint: Member must be between 1 and {DAYS}"))
        }),
    }
}
