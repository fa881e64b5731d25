//! AWS over the wire: the only module that names the SDK.
//!
//! [`Aws`] loads the user's configuration once, keeps clients per place, and does two things with an operation
//! of the catalogue: [`Aws::read`] asks (all pages, batches, retries), [`Aws::send`] sends once and says what
//! the answer proves. A [`guard`] stands before every request. Nothing here decides anything about a run.

mod config;
pub mod document;
pub mod guard;
mod input;
mod inputs;
mod net;
mod perform;
mod places;
mod read;
mod send;
mod tap;
mod xml;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

pub use config::{ConnectError, Credentials, Endpoint, EndpointKind, Settings};
pub use guard::{Mode, Refusal, Verdict, verdict};
pub use input::{InputError, check};
pub use read::{Document, ReadError, ReadErrorKind};
pub use send::{Sent, Unsent, UnsentKind};

use crate::catalogue::{self, Effect, Operation, pages as pages_of};
use crate::ids::Place;
use places::{Places, Services};
use tap::Failure;

/// The most pages one read may have; a read that needs more is not one for a console.
const MOST_PAGES: usize = 500;

/// The connection to AWS. Cheap to clone.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    settings: Settings,
    endpoint: Endpoint,
    /// Replaced as a whole by [`Aws::reload`].
    places: RwLock<Arc<Places>>,
    /// AWS no longer accepts the credentials: the next read loads them anew.
    stale: AtomicBool,
}

impl Aws {
    /// Loads the configuration. Sends nothing, except what a credentials provider needs later.
    pub async fn connect(settings: Settings) -> Result<Aws, ConnectError> {
        let loaded = config::load(&settings).await?;
        Ok(Aws(Arc::new(Inner {
            endpoint: loaded.endpoint,
            places: RwLock::new(Arc::new(Places::new(settings.mode, loaded.reads, loaded.writes))),
            settings,
            stale: AtomicBool::new(false),
        })))
    }

    /// Reads the configuration anew: after `aws sso login`, or when new keys were written to a file. Calls in
    /// flight keep the old clients. New ones are of no proven account, and send no change until they are.
    pub async fn reload(&self) -> Result<(), ConnectError> {
        let loaded = config::load(&self.0.settings).await?;
        if loaded.endpoint != self.0.endpoint {
            return Err(ConnectError::EndpointChanged(loaded.endpoint.urls.join(", ")));
        }
        let places = Arc::new(Places::new(self.mode(), loaded.reads, loaded.writes));
        *self.0.places.write().unwrap_or_else(PoisonError::into_inner) = places;
        Ok(())
    }

    fn places(&self) -> Arc<Places> {
        Arc::clone(&self.0.places.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn mode(&self) -> Mode {
        self.0.settings.mode
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The region of flag, environment or profile.
    pub fn region(&self) -> Option<String> {
        self.places().region().map(str::to_owned)
    }

    /// Asks: every page, long name lists in batches. Parameters that are null are left out.
    pub async fn read(
        &self,
        place: &Place,
        service: &str,
        operation: &str,
        parameters: &Value,
    ) -> Result<Document, ReadError> {
        let operation = listed(service, operation)?;
        if operation.effect() != Effect::Read {
            let message = format!("{service} {} is not a read", operation.name);
            return Err(ReadError::new(ReadErrorKind::Refused, None, message));
        }
        input::check(operation.input(), parameters).map_err(Failure::from)?;
        let places = self.places();
        let clients = places.clients(place).await?;
        let mut all = Document { value: pages_of::nothing(operation), request_ids: Vec::new() };
        for (n, batch) in pages_of::batches(operation, parameters).into_iter().enumerate() {
            let part = pages(&clients.reads, operation, batch, &mut all.request_ids).await?;
            if n == 0 {
                all.value = part;
            } else {
                pages_of::join(&mut all.value, part);
            }
        }
        read::failures(operation, &all.value)?;
        if let ("GetCallerIdentity", Some(account)) = (operation.name, all.value["Account"].as_str()) {
            places.prove(place, account);
        }
        Ok(all)
    }

    /// Sends a call once: no retry, a fresh connection, a deadline of 60 s.
    pub async fn send(&self, place: &Place, service: &str, operation: &str, parameters: &Value) -> Sent {
        send_with(&self.places(), place, (service, operation), parameters).await
    }

    /// The same, with clients that were proven to be of the place's account and with no others.
    async fn send_proven(&self, place: &Place, named: (&str, &str), parameters: &Value) -> Sent {
        // One value for the proof and the send: a reload in between must not change who sends.
        let places = self.places();
        if !places.proves(place) {
            return send::unproven(&place.account);
        }
        send_with(&places, place, named, parameters).await
    }
}

async fn send_with(
    places: &Places,
    place: &Place,
    (service, operation): (&str, &str),
    parameters: &Value,
) -> Sent {
    let operation = match listed(service, operation) {
        Ok(operation) => operation,
        Err(failure) => return send::not_sent(failure),
    };
    let call = async {
        input::check(operation.input(), parameters)?;
        places.clients(place).await?.writes.call(operation, parameters).await
    };
    send::outcome(operation, call.await)
}

fn listed(service: &str, operation: &str) -> Result<&'static Operation, Failure> {
    catalogue::find(service, operation).ok_or_else(|| Failure::not_listed(&format!("{service} {operation}")))
}

/// Reads one batch to its last page. A token given by the caller asks for that page alone.
async fn pages(
    services: &Services,
    operation: &Operation,
    mut parameters: Value,
    request_ids: &mut Vec<String>,
) -> Result<Value, ReadError> {
    let one = operation.paging().is_some_and(|p| !parameters[p.input_token].is_null());
    let mut all: Option<Value> = None;
    let mut last = Value::Null;
    for _ in 0..MOST_PAGES {
        let raw = services.call(operation, &parameters).await?;
        let mut page = read::decoded(operation, &raw)?;
        request_ids.extend(raw.request_id);
        if one {
            return Ok(page);
        }
        let next = pages_of::next_page(operation, &mut page);
        match &mut all {
            Some(all) => pages_of::join(all, page),
            None => all = Some(page),
        }
        match next {
            // A server that names the same page again would be asked forever.
            Some((parameter, token)) if token != last => {
                parameters[parameter] = token.clone();
                last = token;
            }
            _ => return Ok(all.unwrap_or_default()),
        }
    }
    let message = format!("{} has more than {MOST_PAGES} pages: narrow the question", operation.name);
    Err(ReadError::new(ReadErrorKind::Answer, None, message))
}

/// Every operation this module can send, service by service; a test compares it with the catalogue.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all: [(&str, &[&str]); 6] = [
        ("rds", inputs::rds::OPERATIONS),
        ("ecs", inputs::ecs::OPERATIONS),
        ("dynamodb", inputs::dynamodb::OPERATIONS),
        ("sts", inputs::sts::OPERATIONS),
        ("application-autoscaling", inputs::scaling::OPERATIONS),
        ("backup", inputs::backup::OPERATIONS),
    ];
    all.into_iter().flat_map(|(service, names)| names.iter().map(move |name| (service, *name)))
}
