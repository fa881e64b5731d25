//! The cloud behind the endpoint: what a request on the wire asks of it, and how its answer goes back.

use serde_json::Value;

use super::cloud::{Answered, Call, Cloud};
use super::serve::{Backend, Reply};
use super::wire::Asked;
use crate::world::Site;

impl Backend for Cloud {
    fn answer(&self, asked: &Asked) -> Reply {
        let (by, account) = self.who(asked.access_key.as_deref().unwrap_or_default());
        let region = asked.region.clone().unwrap_or_else(|| self.scenario().place.region.clone());
        let site = Site { account, region };
        let Asked { service, operation, parameters, .. } = asked;
        reply(self.call(&Call { site: &site, by, service, operation, parameters }))
    }

    fn about(&self) -> Value {
        Cloud::about(self)
    }
}

fn reply(answered: Answered) -> Reply {
    match answered {
        Answered::Said(said) => Reply::Answer(said),
        Answered::Nothing => Reply::Drop,
        Answered::Half(answer) => Reply::HalfBody(Ok(answer)),
        Answered::Html => Reply::Html(500),
        Answered::Late(span, later) => Reply::Delay(span.std(), Box::new(reply(*later))),
    }
}
