//! `list` and `show`.

use serde_json::{Map, Value, json};

use super::args::Global;
use super::{Ending, books, say};
use crate::runbook::{self, Parameter, ParameterKind, Runbook};
use crate::runner::exit;
use crate::text::{clean, clean_whole_lines, fit, written};

/// Lists what can be found by id; a file with findings is listed as such.
pub fn list(global: &Global, as_json: bool) -> u8 {
    let rows: Vec<(String, String, Result<Runbook, usize>)> = books::all(global)
        .into_iter()
        .map(|(id, found)| {
            let loaded = runbook::load(&found.from, &found.source).map_err(|f| f.len());
            (id, found.from, loaded)
        })
        .collect();
    if as_json {
        let runbooks: Vec<_> = rows
            .iter()
            .map(|(id, from, book)| match book {
                Ok(book) => json!({"id": id, "title": book.title, "version": book.version, "from": from, "findings": 0}),
                Err(n) => json!({"id": id, "from": from, "findings": n}),
            })
            .collect();
        say::line(format_args!("{:#}", json!({"schema_version": 1, "runbooks": runbooks})));
        return exit::OK;
    }
    for (id, from, book) in &rows {
        match book {
            Ok(book) => {
                say::line(format_args!("{:32} {:8} {}", clean(id), clean(&book.version), clean(&book.title)));
            }
            Err(n) => say::line(format_args!(
                "{:32} {:8} {n} findings: ripcord validate {}",
                clean(id),
                "-",
                clean(from)
            )),
        }
    }
    exit::OK
}

/// Shows one runbook.
pub fn show(global: &Global, name: &str, given: &Map<String, Value>, paper: bool, as_json: bool) -> Ending {
    let book = books::load(global, name)?;
    if paper {
        say::block(runbook::paper(&book, given));
    } else if as_json {
        say::line(format_args!("{:#}", runbook::summary(&book)));
    } else {
        say::block(format_args!("{}", page(&book)));
    }
    Ok(exit::OK)
}

fn page(book: &Runbook) -> String {
    let mut out =
        vec![format!("{}  {}", book.title, book.version), String::new(), book.description.trim().to_owned()];
    let when = [("Use when", &book.use_when), ("Not when", &book.not_when)];
    for (title, text) in when.iter().filter(|(_, t)| !t.trim().is_empty()) {
        out.extend([String::new(), format!("{title}:"), indented(text)]);
    }
    out.extend([String::new(), "Parameters:".into()]);
    out.extend(book.parameters.iter().map(parameter));
    out.extend([String::new(), "Steps:".into()]);
    for (i, step) in book.steps.iter().enumerate() {
        let phase = step.phase.as_deref().unwrap_or("");
        out.push(format!("  {:2}  {:10} {:24} {}", i + 1, phase, step.name, step.title.source()));
    }
    out.push(String::new());
    clean_whole_lines(&out.join("\n"))
}

fn parameter(p: &Parameter) -> String {
    let need = match (&p.default, p.required) {
        (Some(default), _) => format!("default {}", written(&default.written())),
        (None, true) => "required".into(),
        (None, false) => "optional".into(),
    };
    format!("  {:16} {:20} {:12} {}", p.name, kind(&p.kind), fit(&need, 40), p.description)
}

fn indented(text: &str) -> String {
    text.trim().lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}

/// The type of a parameter as it is written in a runbook.
fn kind(kind: &ParameterKind) -> String {
    match kind {
        ParameterKind::Text => "string".into(),
        ParameterKind::Integer => "integer".into(),
        ParameterKind::Boolean => "boolean".into(),
        ParameterKind::Timestamp => "timestamp".into(),
        ParameterKind::Duration => "duration".into(),
        ParameterKind::List(inner) => format!("list of {}", self::kind(inner)),
        ParameterKind::Record(_) => "record".into(),
        ParameterKind::Map(_) => "map".into(),
        ParameterKind::Picker(name) => (*name).into(),
    }
}
