//! The performer of a drill that needs no sockets: questions and calls go straight to the [`Cloud`].
//!
//! It does what the clients do on the wire: pages, batches, three attempts at a read, and outcomes that claim no
//! more than the answer proves.

use std::sync::Arc;

use serde_json::Value;

use super::cloud::{Answered, Call as CloudCall, Caller, Cloud};
use crate::catalogue::{self, Meaning, Operation, pages};
use crate::ids::{At, EffectName, Place};
use crate::run::{Call, Outcome, Perform, Performing};
use crate::runner::DrillClock;
use crate::watch::{Question, Unread, UnreadKind};
use crate::world::{Refused, Site};

/// Attempts at a read, as the SDK makes them.
const ATTEMPTS: u32 = 3;
/// Most pages of one read.
const MOST_PAGES: u32 = 500;

/// Hands and eyes of a drill in this process.
pub struct Direct(pub Arc<Cloud>);

impl Perform for Direct {
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        Box::pin(async move { self.ask(question).map(Arc::new) })
    }

    fn send<'a>(&'a self, _name: &'a EffectName, call: &'a Call) -> Performing<'a, Outcome> {
        Box::pin(async move { self.act(call) })
    }
}

impl Direct {
    fn ask(&self, question: &Question) -> Result<Value, Unread> {
        let Some(operation) = catalogue::find(&question.service, &question.operation) else {
            return Err(Unread::new(UnreadKind::Unsupported, "the catalogue does not have this operation"));
        };
        let mut all = pages::nothing(operation);
        for (n, batch) in pages::batches(operation, &question.parameters).into_iter().enumerate() {
            let part = self.pages(operation, &question.place, batch)?;
            if n == 0 { all = part } else { pages::join(&mut all, part) }
        }
        match pages::failures(operation, &all) {
            None => Ok(all),
            Some((code, message)) => Err(Unread { kind: UnreadKind::Answer, code, message }),
        }
    }

    fn pages(&self, operation: &Operation, place: &Place, mut parameters: Value) -> Result<Value, Unread> {
        let mut all: Option<Value> = None;
        for _ in 0..MOST_PAGES {
            let mut page = self.read_once(operation, place, &parameters)?;
            let next = pages::next_page(operation, &mut page);
            match &mut all {
                Some(all) => pages::join(all, page),
                None => all = Some(page),
            }
            let Some((parameter, token)) = next else { break };
            parameters[parameter] = token;
        }
        Ok(all.unwrap_or_default())
    }

    fn read_once(&self, operation: &Operation, place: &Place, parameters: &Value) -> Result<Value, Unread> {
        let mut last = Unread::new(UnreadKind::Transport, "no answer");
        for _ in 0..ATTEMPTS {
            last = match self.answer(operation.service, operation.name, place, parameters) {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(refused)) => unread(&refused),
                Err(why) => Unread::new(UnreadKind::Transport, why),
            };
            if !matches!(last.kind, UnreadKind::Throttled | UnreadKind::Transport) {
                break;
            }
        }
        Err(last)
    }

    /// What came back, or why nothing did.
    fn answer(
        &self,
        service: &str,
        operation: &str,
        place: &Place,
        parameters: &Value,
    ) -> Result<Result<Value, Refused>, &'static str> {
        let account = place.role_arn.as_deref().and_then(|role| role.split(':').nth(4));
        let account = account.or(Some(place.account.as_str()).filter(|a| !a.is_empty()));
        let site = Site {
            account: account.unwrap_or(&self.0.scenario().place.account).to_owned(),
            region: place.region.clone(),
        };
        let call = CloudCall { site: &site, by: Caller::Console, service, operation, parameters };
        let mut answered = self.0.call(&call);
        while let Answered::Late(_, later) = answered {
            answered = *later;
        }
        match answered {
            Answered::Said(said) => Ok(said),
            Answered::Half(_) => Err("the connection broke in the middle of the answer"),
            Answered::Html => Err("the endpoint does not answer this operation (HTTP 500)"),
            Answered::Nothing | Answered::Late(..) => Err("the connection was closed"),
        }
    }

    fn act(&self, call: &Call) -> Outcome {
        let Call { place, service, operation, parameters } = call;
        match self.answer(service, operation, place, parameters) {
            Ok(Ok(answer)) => Outcome::Executed { answer, request_id: None },
            Ok(Err(refused)) => {
                let listed = catalogue::find(service, operation);
                if refused.status < 500 && listed.is_some_and(|o| o.not_executed(&refused.code)) {
                    Outcome::Rejected { code: refused.code, message: refused.message, request_id: None }
                } else {
                    let why = format!("HTTP {} {} {}", refused.status, refused.code, refused.message);
                    Outcome::Unclear { why }
                }
            }
            Err(why) => Outcome::Unclear { why: why.to_owned() },
        }
    }
}

fn unread(refused: &Refused) -> Unread {
    let kind = match Meaning::of(&refused.code) {
        Some(Meaning::NoAccess) => UnreadKind::NoAccess,
        Some(Meaning::Expired | Meaning::Unknown) => UnreadKind::Credentials,
        Some(Meaning::Throttled) => UnreadKind::Throttled,
        Some(Meaning::Unsupported) => UnreadKind::Unsupported,
        Some(Meaning::Server) | None => UnreadKind::Transport,
        Some(Meaning::Answer) => UnreadKind::Answer,
    };
    let message = format!("{}: {}", refused.code, refused.message);
    Unread { kind, code: Some(refused.code.clone()), message }
}

/// A performer whose clock stands still while it waits for an answer.
pub struct Attended {
    pub inner: Arc<dyn Perform>,
    pub clock: Arc<DrillClock>,
}

impl Perform for Attended {
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        Box::pin(async move {
            let _busy = self.clock.busy();
            self.inner.read(question).await
        })
    }

    fn send<'a>(&'a self, name: &'a EffectName, call: &'a Call) -> Performing<'a, Outcome> {
        Box::pin(async move {
            let _busy = self.clock.busy();
            self.inner.send(name, call).await
        })
    }

    fn endpoint_time(&self, place: &Place) -> Option<At> {
        self.inner.endpoint_time(place)
    }
}
