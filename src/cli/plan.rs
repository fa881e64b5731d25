//! `plan`: the preflight and every step resolved, without a write call; and the comparison at Start.

use std::path::Path;

use super::args::{Global, StartArgs};
use super::{Ending, books, connect, params};
use crate::ids::Clock;
use crate::report::Plan;
use crate::runner::{Checked, Trouble, World, exit};

/// Prints the plan, or writes it for `run --plan`.
pub fn plan(global: &Global, start: &StartArgs, output: Option<&Path>, json: bool) -> Ending {
    let book = books::load(global, &start.runbook)?;
    let given = params::given(start)?;
    connect::block_on(async {
        let world = connect::world(global).await?;
        let checked = world.check(&book, &given).await?;
        let plan = resolved(&world, &checked);
        if let Some(path) = output {
            write(path, &plan)?;
        }
        if json {
            println!("{:#}", plan.json());
        } else {
            print!("{}", plan.text());
        }
        Ok(if checked.failed() { exit::PREFLIGHT } else { exit::OK })
    })?
}

fn resolved(world: &World, checked: &Checked) -> Plan {
    let run = checked.preview(world);
    Plan::of(&run, &checked.preflight, &checked.frame, world.clock.now())
}

fn write(path: &Path, plan: &Plan) -> Result<(), Trouble> {
    let text = format!("{:#}\n", plan.json());
    std::fs::write(path, text).map_err(|e| Trouble::usage(format!("{}: {e}", path.display())))
}

/// Refuses a start whose plan or observed state is not that of the file.
///
/// # Errors
/// Exit 5 when it has moved, 2 when the file is none of ours.
pub fn same(world: &World, checked: &Checked, file: &Path) -> Result<(), Trouble> {
    let text =
        std::fs::read_to_string(file).map_err(|e| Trouble::usage(format!("{}: {e}", file.display())))?;
    let wrong = || Trouble::usage(format!("{} is not a plan of `ripcord plan -o`", file.display()));
    let kept: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    let digest = kept["digest"].as_str().ok_or_else(wrong)?;
    if digest == resolved(world, checked).digest() {
        return Ok(());
    }
    Err(Trouble::new(
        exit::PREFLIGHT,
        "the plan has moved: runbook, parameters, place or what was seen are no longer those of the file",
        "what was read is not what would be done; nothing was started",
        "make the plan again, read it, and start with that",
    ))
}
