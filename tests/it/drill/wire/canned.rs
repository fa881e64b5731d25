//! A backend that answers every call from a table and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ripcord::drill::serve::{Backend, Reply, Server};
use ripcord::drill::wire::{Asked, Misread};
use serde_json::{Value, json};

use super::sample::Call;

/// Answers by operation; an operation that is not in the table is told so.
#[derive(Default)]
pub struct Canned {
    replies: BTreeMap<&'static str, Reply>,
    asked: Mutex<Vec<Asked>>,
    misread: Mutex<Vec<Misread>>,
}

impl Canned {
    pub fn new(replies: impl IntoIterator<Item = (&'static str, Reply)>) -> Arc<Canned> {
        Arc::new(Canned { replies: replies.into_iter().collect(), ..Canned::default() })
    }

    /// Answers each operation with its sample.
    pub fn samples(calls: &[Call]) -> Arc<Canned> {
        Canned::new(calls.iter().map(|c| (c.operation, Reply::Answer(Ok(c.output.clone())))))
    }

    pub async fn served(self: &Arc<Canned>) -> Server {
        Server::start(None, Arc::clone(self) as Arc<dyn Backend>).await.unwrap()
    }

    /// What was asked since the last time.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was refused by the wire since the last time.
    pub fn take_misread(&self) -> Vec<Misread> {
        std::mem::take(&mut *self.misread.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Backend for Canned {
    fn answer(&self, asked: &Asked) -> Reply {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        self.replies.get(asked.operation).cloned().unwrap_or(Reply::Html(599))
    }

    fn about(&self) -> Value {
        json!({"drill": true, "nonce": "n-1"})
    }

    fn misread(&self, misread: &Misread) {
        self.misread.lock().unwrap_or_else(PoisonError::into_inner).push(misread.clone());
    }
}
