//! The port through which a run touches the world. The runner calls it; `aws` implements it, and so does the
//! adversary of the simulator.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::decide::Outcome;
use super::fact::Call;
use crate::ids::{At, EffectName, Place};
use crate::watch::{Question, Unread};

/// A boxed future, so that performers are objects.
pub type Performing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Hands and eyes of a run.
pub trait Perform: Send + Sync {
    /// Asks one question and gives the whole answer, all its pages.
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>>;

    /// Sends one mutating call, once. Whatever is not proof is [`Outcome::Unclear`].
    fn send<'a>(&'a self, name: &'a EffectName, call: &'a Call) -> Performing<'a, Outcome>;

    /// What the clock of the endpoint said in its newest answer to a question of this place, if it said so.
    fn endpoint_time(&self, _place: &Place) -> Option<At> {
        None
    }
}
