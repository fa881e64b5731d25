//! A debrief in lines, for a terminal of 80 columns: numbers under each other, what went wrong beside its name.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::debrief::{Debrief, Goal};
use crate::ids::{RunId, Span};

/// Cells of a line: what a sheet of the console holds on 80 columns.
const WIDE: usize = 76;
/// Cells before what is said: two blanks and a name.
const NAMES: usize = 20;
/// Cells of a number.
const NUMBERS: usize = 8;

impl Debrief {
    /// The debrief of a drill that is over.
    pub fn text(&self) -> String {
        let mut out = Lines::default();
        out.gap();
        out.beside("Debrief: ", &format!("{} ({}, seed {})", self.title, self.scenario, self.seed));
        out.gap();
        self.outcome(&mut out);
        out.gap();
        self.times(&mut out);
        out.gap();
        self.counts(&mut out);
        self.story(&mut out);
        out.prose("What it teaches", &self.teaches);
        out.0
    }

    /// What is said of a drill that was left before its end. What it teaches, and what goes wrong in it, is not told.
    pub fn left(&self, run: &RunId) -> String {
        let mut out = Lines::default();
        out.gap();
        out.beside("", &format!("Drill of {} left: no verdict before its end.", self.runbook));
        out.gap();
        out.number("deciding", &self.deciding_ms.human(), "");
        out.number("waiting for AWS", &self.waiting_ms.human(), "");
        out.number("wrong phrases", &self.wrong_phrases.to_string(), "");
        out.number("hints", &self.hints.to_string(), "");
        out.gap();
        out.beside("  ", "It goes on in the same world, as it stands there:");
        out.beside("    ", &format!("ripcord resume {run}"));
        out.0
    }

    fn outcome(&self, out: &mut Lines) {
        let verdict = if self.good { "PASS" } else { "FAIL" };
        let head = format!("  {:<width$}{verdict}  ", "outcome", width = NAMES - 2);
        out.beside(&head, &self.outcome.replace('_', " "));
        for finding in &self.findings {
            let word = if finding.holds { "OK  " } else { "FAIL" };
            let name = finding.name.replace('_', " ");
            let why = if finding.holds || finding.message.is_empty() {
                String::new()
            } else {
                format!(": {}", finding.message)
            };
            out.beside(&format!("{:NAMES$}{word}  ", ""), &format!("{name}{why}"));
        }
    }

    fn times(&self, out: &mut Lines) {
        out.number("RTO", &reached(&self.rto), &compared(&self.rto));
        out.number("RPO", &reached(&self.rpo), &compared(&self.rpo));
        let took = self.took_ms.map_or_else(|| "-".to_owned(), Span::human);
        out.number("from Start to end", &took, "");
        out.number("deciding", &self.deciding_ms.human(), "at gates, questions and manual steps");
        out.number("waiting for AWS", &self.waiting_ms.human(), "");
    }

    fn counts(&self, out: &mut Lines) {
        out.number("wrong phrases", &self.wrong_phrases.to_string(), "");
        let hints = format!("of {}", self.hints_offered);
        out.number("hints", &self.hints.to_string(), if self.hints_offered > 0 { &hints } else { "" });
        for (name, list) in [
            ("skipped checks", &self.skipped_checks),
            ("unsafe actions", &self.unsafe_actions),
            ("duplicate calls", &self.duplicate_calls),
        ] {
            out.number(name, &list.len().to_string(), &list.join(", "));
        }
    }

    fn story(&self, out: &mut Lines) {
        if self.story.is_empty() {
            return;
        }
        out.gap();
        out.beside("", "What others did meanwhile");
        for told in &self.story {
            out.beside(&format!("  {}Z  ", told.at), &told.what);
        }
    }
}

fn reached(goal: &Goal) -> String {
    goal.reached_ms.map_or_else(|| "-".to_owned(), Span::human)
}

fn compared(goal: &Goal) -> String {
    match (goal.reached_ms, goal.objective_ms) {
        (None, None) => "not reached".into(),
        (None, Some(goal)) => format!("not reached, objective {}", goal.human()),
        (Some(_), None) => "no objective".into(),
        (Some(reached), Some(goal)) if reached <= goal => format!("met, objective {}", goal.human()),
        (Some(_), Some(goal)) => format!("MISSED, objective {}", goal.human()),
    }
}

/// Lines being written.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn gap(&mut self) {
        self.0.push('\n');
    }

    /// A number under the others, and what is to be said of it.
    fn number(&mut self, name: &str, number: &str, said: &str) {
        let head = format!("  {name:<width$}{number:>NUMBERS$}", width = NAMES - 2);
        if said.is_empty() {
            return self.beside(&head, "");
        }
        self.beside(&format!("{head}  "), said);
    }

    fn prose(&mut self, title: &str, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.gap();
        self.beside("", title);
        for paragraph in text.split("\n\n") {
            self.beside("  ", paragraph);
        }
    }

    /// A text behind its head; what does not fit goes on below where it began.
    fn beside(&mut self, head: &str, text: &str) {
        let mut line = head.to_owned();
        let indent = " ".repeat(head.width());
        let mut fresh = true;
        for word in text.split_whitespace() {
            if !fresh && line.width() + 1 + word.width() > WIDE {
                writeln!(self.0, "{}", line.trim_end()).ok();
                (line, fresh) = (indent.clone(), true);
            }
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
            fresh = false;
        }
        writeln!(self.0, "{}", line.trim_end()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::debrief::{FindingRow, Told};

    fn debrief() -> Debrief {
        let finding = |name: &str, holds, message: &str| FindingRow {
            name: name.into(),
            holds,
            message: message.into(),
        };
        Debrief {
            schema_version: 1,
            runbook: "ecs-rds-snapshot-restore".into(),
            scenario: "plain".into(),
            title:
                "A deploy has spoiled the orders, and nothing else goes wrong in all the time that follows"
                    .into(),
            seed: 7,
            outcome: "recovered",
            good: false,
            findings: vec![
                finding("ended_as_documented", true, "recovered"),
                finding(
                    "old_database_kept",
                    false,
                    "The damaged database is gone, and with it the only copy of what was written after the snapshot.",
                ),
            ],
            took_ms: Some(Span::mins(61)),
            deciding_ms: Span::secs(41),
            waiting_ms: Span::mins(48),
            rto: Goal { objective_ms: Some(Span::mins(90)), reached_ms: Some(Span::mins(72)) },
            rpo: Goal { objective_ms: Some(Span::mins(30)), reached_ms: Some(Span::mins(91)) },
            wrong_phrases: 2,
            hints: 1,
            hints_offered: 3,
            skipped_checks: vec!["check_counts".into()],
            unsafe_actions: vec![],
            duplicate_calls: vec![],
            story: vec![Told {
                at: "03:12:00".into(),
                what: "Somebody scales `api` up again from another terminal, for the customers' sake.".into(),
            }],
            teaches: "The newest snapshot is not\nthe right one.\n".into(),
        }
    }

    /// A line of the numbers.
    fn number(name: &str, number: &str, said: &str) -> String {
        format!("  {name:<18}{number:>8}  {said}").trim_end().to_owned()
    }

    #[test]
    fn a_debrief_aligns_its_numbers_and_fits_80_columns() {
        let text = debrief().text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.width() <= WIDE), "{text}");
        for line in [
            "  outcome           FAIL  recovered".to_owned(),
            "                    OK    ended as documented".to_owned(),
            number("RTO", "1h 12m", "met, objective 1h 30m"),
            number("RPO", "1h 31m", "MISSED, objective 30m 00s"),
            number("from Start to end", "1h 01m", ""),
            number("waiting for AWS", "48m 00s", ""),
            number("wrong phrases", "2", ""),
            number("hints", "1", "of 3"),
            number("skipped checks", "1", "check_counts"),
            number("unsafe actions", "0", ""),
            "What it teaches".to_owned(),
            "  The newest snapshot is not the right one.".to_owned(),
        ] {
            assert!(lines.contains(&line.as_str()), "{line}\n{text}");
        }
        // What does not fit goes on where it began.
        let gone = lines.iter().position(|l| l.contains("FAIL  old database kept: The damaged")).unwrap();
        assert!(lines[gone + 1].starts_with(&" ".repeat(26)), "{text}");
    }

    #[test]
    fn what_was_left_has_no_verdict_and_tells_nothing_of_the_scenario() {
        let text = debrief().left(&RunId("0195-4a7c".into()));
        for secret in ["PASS", "FAIL", "spoiled", "plain", "newest", "damaged"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.lines().any(|line| line == number("wrong phrases", "2", "")), "{text}");
        assert!(text.ends_with("    ripcord resume 0195-4a7c\n"), "{text}");
    }
}
