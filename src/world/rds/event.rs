//! What RDS tells about the past: `DescribeEvents`.

use serde_json::{Value, json};

use super::{Rds, text};
use crate::ids::{At, Span};
use crate::world::{Moment, Refused, pages};

/// Events are kept for 14 days (RDS user guide, "Viewing Amazon RDS events").
const KEPT: Span = Span::mins(14 * 24 * 60);

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The identifier of its source at that time.
    pub source: String,
    /// `db-instance`, `db-cluster`, `db-snapshot` or `db-cluster-snapshot`.
    pub kind: &'static str,
    pub at: At,
    pub category: &'static str,
    pub message: String,
}

impl Rds {
    /// Events since `StartTime`, else of the last `Duration` minutes (60 where nothing is said).
    pub(super) fn describe_events(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        if text(parameters, "SourceIdentifier").is_some() && text(parameters, "SourceType").is_none() {
            let message = "Source type must be supplied when a source identifier is.";
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        let now = moment.now;
        let ago = |span: Span| At(now.0 - i64::try_from(span.0).unwrap_or(0));
        let minutes = parameters["Duration"].as_u64().unwrap_or(60);
        let start = text(parameters, "StartTime").and_then(At::parse);
        let start = start.unwrap_or_else(|| ago(Span::mins(minutes))).max(ago(KEPT));
        let end = text(parameters, "EndTime").and_then(At::parse).unwrap_or(now);
        let categories = parameters["EventCategories"].as_array();
        let is_asked = |event: &&Event| {
            (start..=end).contains(&event.at)
                && text(parameters, "SourceIdentifier")
                    .is_none_or(|id| id.eq_ignore_ascii_case(&event.source))
                && text(parameters, "SourceType").is_none_or(|kind| kind == event.kind)
                && categories.is_none_or(|all| all.iter().any(|c| *c == event.category))
        };
        let rows = self.events.iter().filter(is_asked).map(|e| e.document(moment)).collect();
        pages::RDS.page("Events", rows, parameters)
    }

    pub(super) fn note(
        &mut self,
        kind: &'static str,
        source: &str,
        category: &'static str,
        message: &str,
        at: At,
    ) {
        let (source, message) = (source.to_owned(), message.to_owned());
        self.events.push(Event { source, kind, at, category, message });
    }
}

impl Event {
    fn document(&self, moment: &Moment<'_>) -> Value {
        let kind = self.kind.trim_start_matches("db-");
        let kind = if kind == "instance" { "db" } else { kind };
        json!({
            "SourceIdentifier": self.source,
            "SourceType": self.kind,
            "Message": self.message,
            "EventCategories": [self.category],
            "Date": self.at.rfc3339(),
            "SourceArn": moment.arn("rds", &format!("{kind}:{}", self.source)),
        })
    }
}
