//! A drill without a screen, from its beginning to its verdict.

use std::sync::Arc;

use super::cloud::Cloud;
use crate::journal::{EndpointKind, LocalDisk, Shelf};
use crate::run::Perform;
use crate::runner::{RunClock, World};

/// The outside of a run in a drill: nothing of it is real but the journal.
pub fn outside(
    cloud: &Arc<Cloud>,
    perform: Arc<dyn Perform>,
    shelf: Shelf<LocalDisk>,
    operator: &str,
    read_only: bool,
) -> World {
    let endpoint = EndpointKind::Drill {
        scenario: cloud.scenario().id.clone(),
        seed: cloud.seed(),
        speed: cloud.clock().speed().unwrap_or(0),
        nonce: cloud.nonce().to_owned(),
    };
    World {
        perform,
        clock: RunClock::of_drill(Arc::clone(cloud.clock())),
        endpoint,
        loopback: true,
        region: cloud.scenario().place.region.clone(),
        shelf,
        operator: operator.to_owned(),
        read_only,
        pace: 1,
    }
}
