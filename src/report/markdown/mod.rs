//! The report as a page for people: Markdown with tables, readable raw and rendered.
//!
//! A section that has nothing to say says that; a reader must be able to tell "none" from "left out".

mod escape;
mod page;
mod sections;

use escape::{code, prose};
use page::Page;

use super::model::{Objective, Reached, Report, Utc};
use crate::ids::Span;
use crate::text::written;

/// The report as one Markdown page.
pub fn markdown(report: &Report) -> String {
    let mut page = Page::default();
    head(&mut page, report);
    attention(&mut page, report);
    objectives(&mut page, report);
    sections::all(&mut page, report);
    page.end()
}

fn head(page: &mut Page, report: &Report) {
    let run = &report.run;
    page.heading(1, &format!("{} ({})", prose(run.runbook.title.as_str()), code(run.runbook.id.as_str())));
    page.paragraph(&format!("**{}**", prose(report.verdict.sentence.as_str())));
    let places: Vec<String> = run.places.iter().map(place).collect();
    let lives: Vec<String> = run
        .lives
        .iter()
        .map(|life| format!("{} (life {}, {})", prose(life.by.as_str()), life.life, life.opened_at))
        .collect();
    let took = report.verdict.took_ms.map_or_else(String::new, |t| format!(", {}", t.human()));
    let times = format!("{} to {}{took}", moment(report.verdict.started_at), moment(report.verdict.ended_at));
    let runbook =
        format!("version {}, {}", prose(run.runbook.version.as_str()), code(run.runbook.digest.as_str()));
    let rows = [
        ("Run", code(run.id.as_str())),
        ("State", code(report.verdict.state.word())),
        ("Times (UTC)", times),
        ("Against", prose(run.endpoint.text.as_str())),
        ("Places", listed(&places, "not recorded")),
        ("Started by", prose(run.operator.as_str())),
        ("Opened by", listed(&lives, "NOT RECORDED")),
        ("Runbook", runbook),
        ("Parameters", parameters(report)),
        ("Journal head", code(report.journal.head.as_str())),
        ("Report made", format!("{} by ripcord {}", report.generated_at, env!("CARGO_PKG_VERSION"))),
    ];
    page.table("", &["", ""], rows.map(|(name, value)| vec![name.to_owned(), value]));
}

fn place(place: &super::model::PlacePart) -> String {
    let role = place.role_arn.as_ref().map_or_else(String::new, |r| format!(" as {}", code(r.as_str())));
    let (target, account) = (prose(place.target.as_str()), prose(place.account.as_str()));
    format!("{target}: {account} {}{role}", prose(place.region.as_str()))
}

fn parameters(report: &Report) -> String {
    let all: Vec<String> = report
        .run
        .parameters
        .iter()
        .map(|(name, value)| code(&format!("{name} = {}", written(value))))
        .collect();
    listed(&all, "none")
}

fn attention(page: &mut Page, report: &Report) {
    page.heading(2, "What to know first");
    if report.attention.is_empty() {
        page.line("Nothing was unknown, overridden, skipped, taken back or left out of the journal.");
    }
    for line in &report.attention {
        page.item(&prose(line.as_str()));
    }
    for exception in &report.verdict.exceptions {
        page.item(&format!("Exception: {}", prose(exception.as_str())));
    }
}

fn objectives(page: &mut Page, report: &Report) {
    page.heading(2, "Objectives");
    for (name, one) in [("RTO", &report.objectives.rto), ("RPO", &report.objectives.rpo)] {
        page.item(&objective(name, one));
    }
}

fn objective(name: &str, one: &Objective) -> String {
    let without = if one.reached == Reached::NotKnown { "not known" } else { "not reached" };
    let reached = one.reached_ms.map_or(without.to_owned(), Span::human);
    let goal = one.objective_ms.map_or("none".to_owned(), |goal| goal.to_string());
    format!("**{name}** {reached} (objective {goal}): {}", prose(one.sentence.as_str()))
}

fn moment(at: Option<Utc>) -> String {
    at.map_or_else(|| "not recorded".to_owned(), |at| at.to_string())
}

fn span(span: Option<Span>) -> String {
    span.map_or_else(|| "-".to_owned(), Span::human)
}

fn listed(items: &[String], none: &str) -> String {
    if items.is_empty() { none.to_owned() } else { items.join("; ") }
}
