//! Drills with somebody at them, and the outside of runs that are opened again: in a drill its own cloud.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::args::{Bounds, DriveArgs, Global};
use super::drill::Drill;
use super::plan::{self, Agreed};
use super::start::{self, Open};
use super::{Ending, connect, drive, say};
use crate::ids::RunId;
use crate::journal::EndpointKind;
use crate::runner::{DrillClock, Handle, Stored, Trouble, World};

/// The outside of one run.
pub struct Outside {
    pub world: World,
    /// None outside of drills.
    pub drill: Option<Arc<Drill>>,
}

impl Outside {
    /// That of a run on this machine: AWS as it is configured, or the cloud of its drill, built again as it stood.
    pub async fn of(global: &Global, name: &str) -> Result<Outside, Trouble> {
        let shelf = connect::shelf(global)?;
        let stored = match shelf.find(name) {
            Ok(id) => Some(Stored::read(&shelf, &id)?),
            // Whoever opens it tells what is wrong with the name.
            Err(_) => None,
        };
        match stored.filter(|s| matches!(s.header.endpoint, EndpointKind::Drill { .. })) {
            None => Ok(Outside { world: connect::world(global).await?, drill: None }),
            Some(stored) => Outside::built(global, Drill::again(global, &stored)?).await,
        }
    }

    async fn built(global: &Global, drill: Drill) -> Result<Outside, Trouble> {
        let (world, line) = drill.world(global).await?;
        Ok(Outside { world, drill: Some(Arc::new(drill.told(line))) })
    }

    /// AWS of a drill is sped up, people are not.
    pub fn attend(&self, handle: &Handle) {
        if let Some(drill) = &self.drill {
            tokio::spawn(attend(handle.clone(), Arc::clone(drill.cloud.clock())));
        }
    }

    /// A run was left, or has ended: in a drill its debrief.
    pub fn end(&self, id: &RunId) -> Result<(), Trouble> {
        match &self.drill {
            Some(drill) => drill.ended(Some(&self.world.stored(id)?.fold()), 0),
            None => Ok(()),
        }
    }
}

/// Lets the clock of a drill go as on the wall while a person is asked.
pub async fn attend(mut handle: Handle, clock: Arc<DrillClock>) {
    loop {
        clock.ask(handle.scene().run.asks_person());
        if !handle.changed().await {
            break;
        }
    }
    clock.ask(true);
}

/// A new drill: in the console, or line by line.
pub fn play(
    global: &Global,
    drill: Drill,
    given: Map<String, Value>,
    bounds: &Bounds,
    drive: &DriveArgs,
) -> Ending {
    let runtime = connect::runtime()?;
    let outside = runtime.block_on(Outside::built(global, drill))?;
    let Some(drill) = &outside.drill else { return Err(Trouble::usage("this is no drill")) };
    let plan = bounds.plan.as_deref().map(Agreed::read).transpose()?;
    let stop_before = bounds.stop_before.as_ref().map(ToString::to_string);
    let left = if start::with_screen(drive) {
        let open = Open::Start { book: Arc::clone(&drill.book), given, plan, stop_before };
        shown(global, &runtime, &outside.world, open, drill)
    } else {
        runtime.block_on(lines(global, &outside, &given, (plan.as_ref(), stop_before), drive))
    };
    runtime.shutdown_background();
    left
}

/// The console of a drill, and its debrief.
pub fn shown(
    global: &Global,
    runtime: &Runtime,
    world: &World,
    open: Open<'_>,
    drill: &Arc<Drill>,
) -> Ending {
    start::needs_terminal()?;
    // Whoever reads the brief takes as long as it takes.
    drill.cloud.clock().ask(true);
    let left = start::shown(global, runtime, world, open, Some(drill))?;
    drill.ended(left.last.as_deref(), left.wrong_phrases)?;
    Ok(left.code)
}

async fn lines(
    global: &Global,
    outside: &Outside,
    given: &Map<String, Value>,
    (agreed, stop_before): (Option<&Agreed>, Option<String>),
    drive: &DriveArgs,
) -> Ending {
    let (world, Some(drill)) = (&outside.world, &outside.drill) else {
        return Err(Trouble::usage("this is no drill"));
    };
    if !drive.json {
        say::line(drill.story());
    }
    let script = drive::script(world, drive)?;
    let checked = world.check(&drill.book, given).await?;
    start::show_checks(&checked, drive);
    drive::complete(&checked.preview(world), &script, world)?;
    if let Some(agreed) = agreed {
        plan::same(global, world, &checked, agreed).await?;
    }
    let digest = agreed.map(|agreed| agreed.digest.clone());
    let (session, handle, id) = world.start(&checked, digest, stop_before, false)?;
    outside.attend(&handle);
    let code = drive::drive(world, session, handle, &id, &script, drive::style(drive), vec![]).await?;
    outside.end(&id)?;
    Ok(code)
}
