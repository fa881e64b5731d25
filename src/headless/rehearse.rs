//! A whole drill that nobody sits at: checks, run, judgement.

use std::io::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Driver, Script, Style};
use crate::drill::oracle::{Came, Verdict, judge};
use crate::drill::{Cloud, Player};
use crate::ids::RunId;
use crate::run::Run;
use crate::runbook::Runbook;
use crate::runner::{Checked, Trouble, World};

/// How a rehearsal went.
#[derive(Debug)]
pub struct Rehearsed {
    pub verdict: Verdict,
    /// None where it was not started.
    pub run: Option<(RunId, Arc<Run>)>,
}

/// Plays a scenario from its beginning to its verdict; `script` goes before what the scenario answers.
///
/// # Errors
/// What stops a run for reasons of this machine: the disk, a panic.
pub async fn rehearse(
    cloud: &Arc<Cloud>,
    world: &World,
    (book, given): (&Arc<Runbook>, &Map<String, Value>),
    stop_before: Option<String>,
    script: &Script,
    style: Style,
    out: &mut dyn Write,
) -> Result<Rehearsed, Trouble> {
    let player = Player::new(cloud);
    let verdict = |came: Came<'_>| {
        let (scenario, view) = (cloud.scenario(), cloud.view());
        judge(scenario, came, player.responded(), &view, &cloud.calls(), cloud.clock().now())
    };
    let checked = match world.check(book, given).await {
        Ok(checked) => checked,
        Err(trouble) => {
            return Ok(Rehearsed { verdict: verdict(Came::NotStarted { why: &trouble.what }), run: None });
        }
    };
    if checked.failed() {
        let why = failed(&checked);
        return Ok(Rehearsed { verdict: verdict(Came::NotStarted { why: &why }), run: None });
    }
    let (session, handle, id) = world.start(&checked, None, stop_before, false)?;
    let work = tokio::spawn(session.run());
    Driver::new(handle, world.reader(), script, style, out).played_by(&player).drive().await;
    let left = work.await.map_err(|_| Trouble::usage("the session of the drill failed"))?;
    match left.trouble {
        Some(error) => Err(Trouble::from(error)),
        None => Ok(Rehearsed { verdict: verdict(Came::Run(&left.run)), run: Some((id, left.run)) }),
    }
}

/// The checks that failed, by name.
fn failed(checked: &Checked) -> String {
    let failed = checked.preflight.iter().filter(|c| c.verdict == crate::run::CheckVerdict::Fail);
    failed.map(|c| format!("{}: {}", c.name, c.message)).collect::<Vec<_>>().join("; ")
}
