//! `plan`: the preflight and every step resolved, without a write call; and the comparison at Start.

use std::path::Path;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::args::{Global, StartArgs};
use super::{Ending, books, connect, params, say};
use crate::catalogue::{CliPlace, HIDDEN};
use crate::ids::{At, Clock};
use crate::report::plan::{Plan, Planning, digest_in, moved, observed, targets};
use crate::run::Run;
use crate::runbook::Runbook;
use crate::runner::{Checked, Trouble, World, exit};

/// Prints the plan, or writes it for `run --plan`.
pub fn plan(global: &Global, start: &StartArgs, output: Option<&Path>, json: bool) -> Ending {
    let book = books::load(global, &start.runbook)?;
    let given = params::given(start)?;
    connect::block_on(async {
        let world = connect::world(global).await?;
        let checked = world.check(&book, &given).await?;
        let plan = resolved(global, &world, &checked).await;
        if let Some(path) = output {
            std::fs::write(path, plan.json()).map_err(|e| not_written(path, &e))?;
        }
        say::block(if json { plan.json() } else { plan.text() });
        Ok(if checked.failed() { exit::PREFLIGHT } else { exit::OK })
    })?
}

async fn resolved(global: &Global, world: &World, checked: &Checked) -> Plan {
    let run = checked.preview(world);
    let now = world.clock.now();
    Plan::of(&Planning {
        run: &run,
        identity: &checked.identity.arn,
        preflight: &checked.preflight,
        cli: CliPlace {
            profile: global.shown_profile(),
            endpoint_url: global.endpoint_url.clone(),
            ..CliPlace::default()
        },
        observed: Some(seen(world, &run, now).await),
        now,
    })
}

/// What the targets of the plan look like now.
async fn seen(world: &World, run: &Run, now: At) -> Value {
    let (reader, targets) = (world.reader(), targets(run, now));
    let readings = join_all(targets.iter().map(|t| reader.ask(&t.question, now))).await;
    observed(targets.iter().zip(&readings).map(|(t, r)| (t, r.answer.as_ref().map(AsRef::as_ref))))
}

fn not_written(path: &Path, why: &std::io::Error) -> Trouble {
    Trouble::new(
        exit::USAGE,
        format!("{}: {why}", path.display()),
        "the plan was made and not written; nothing was started",
        "give -o a file that can be written",
    )
}

/// A plan that was written, and read by a person.
pub struct Agreed {
    pub digest: String,
    plan: Value,
}

impl Agreed {
    /// # Errors
    /// Exit 2 when the file is none of ours.
    pub fn read(file: &Path) -> Result<Agreed, Trouble> {
        let text = std::fs::read_to_string(file).map_err(|e| Trouble::file(file, e))?;
        let (digest, plan) = digest_in(&text).map_err(|e| Trouble::file(file, e))?;
        Ok(Agreed { digest, plan })
    }

    /// Adds the parameters that are not given: a default that uses the clock has moved since.
    pub fn fill(&self, book: &Runbook, given: &mut Map<String, Value>) {
        if self.plan["runbook"]["digest"] != book.digest.as_str() {
            return;
        }
        for (name, value) in self.plan["parameters"].as_object().into_iter().flatten() {
            if !given.contains_key(name) && exact(value) {
                given.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Whether a value of a plan is the value itself: neither hidden nor escaped for showing.
fn exact(value: &Value) -> bool {
    let text = value.to_string();
    !value.is_null() && !text.contains(HIDDEN) && !text.contains(r"\\u{")
}

/// Refuses a start whose plan or observed state is not that which was read.
///
/// # Errors
/// Exit 5 when it has moved.
pub async fn same(global: &Global, world: &World, checked: &Checked, agreed: &Agreed) -> Result<(), Trouble> {
    let now = resolved(global, world, checked).await;
    if agreed.digest == now.digest {
        return Ok(());
    }
    Err(Trouble::new(
        exit::PREFLIGHT,
        format!("the plan has moved:\n{}", moved(&agreed.plan, &now.to_value()).join("\n")),
        "what was read is not what would be done; nothing was started",
        "make the plan again, read it, and start with that",
    ))
}
