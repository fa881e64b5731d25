//! The report as JSON.

use super::model::Report;

/// The report as indented JSON with a line break at its end.
#[expect(clippy::missing_panics_doc, reason = "it holds texts, numbers and lists only")]
pub fn json(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report).expect("a report holds texts, numbers and lists only");
    text + "\n"
}
