//! Where everything in a report comes from: one journal, folded once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ink::{Ink, Shown};
use crate::ids::{At, Span, StepPath};
use crate::journal::Header;
use crate::run::{Fact, Run, RunInfo};
use crate::runbook::Runbook;

/// One journal and the runbook kept with it.
#[derive(Clone, Debug)]
pub struct Journalled<'a> {
    pub header: &'a Header,
    pub book: &'a Arc<Runbook>,
    /// All facts, oldest first.
    pub facts: Vec<&'a Fact>,
    /// First characters of the newest hash.
    pub head: &'a str,
}

/// A journal with what follows from it.
pub(super) struct Source<'a> {
    pub header: &'a Header,
    pub facts: &'a [&'a Fact],
    /// The fold of all facts.
    pub run: Run,
    pub ink: Ink,
    pub times: BTreeMap<&'a StepPath, Times<'a>>,
}

/// When a step instance began first and ended last.
#[derive(Clone, Copy, Default)]
pub(super) struct Times<'a> {
    pub began: Option<At>,
    pub ended: Option<At>,
    /// Who ended it, when a person did.
    pub by: Option<&'a str>,
}

impl Times<'_> {
    pub fn took(&self) -> Option<Span> {
        Some(self.ended?.since(self.began?))
    }
}

impl<'a> Source<'a> {
    pub fn new(journalled: &'a Journalled<'a>) -> Source<'a> {
        let mut run = empty_run(journalled.header, journalled.book);
        let ink = Ink::of(&journalled.facts, &run.plan);
        let mut times: BTreeMap<&StepPath, Times<'_>> = BTreeMap::new();
        for fact in &journalled.facts {
            run.apply(fact);
            match fact {
                Fact::Began { path, at } => {
                    let times = times.entry(path).or_default();
                    times.began = times.began.or(Some(*at));
                    times.ended = None;
                }
                Fact::Ended { path, at, by, .. } => {
                    let times = times.entry(path).or_default();
                    times.ended = Some(*at);
                    times.by = by.as_deref();
                }
                _ => {}
            }
        }
        Source { header: journalled.header, facts: &journalled.facts, run, ink, times }
    }

    /// The times of a step instance.
    pub fn times(&self, path: &StepPath) -> Times<'a> {
        self.times.get(path).copied().unwrap_or_default()
    }

    /// The title of a step, filled in.
    pub fn title(&self, path: &StepPath) -> Shown {
        let Some(step) = self.run.plan.step(path) else { return Shown::default() };
        self.ink.text(&self.run.text(path, &step.title, self.run.now))
    }

    /// When nothing more could happen.
    pub fn ended_at(&self) -> Option<At> {
        self.facts.iter().rev().find_map(|fact| match fact {
            Fact::Finished { at, .. } => Some(*at),
            _ => None,
        })
    }
}

/// The run of a journal before its first fact.
pub(super) fn empty_run(header: &Header, book: &Arc<Runbook>) -> Run {
    let info = RunInfo {
        id: header.run.clone(),
        operator: header.operator.clone(),
        settle: Span(header.settle_ms),
        pace: header.pace,
        ..RunInfo::default()
    };
    Run::new(Arc::clone(book), info)
}
