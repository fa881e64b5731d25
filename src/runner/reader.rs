//! The shared eyes: one poller per distinct question, however many steps and panes ask it.
//!
//! Whoever asks says how old an answer may be; a question on its way, or answered recently enough, is not
//! asked again. At most [`AT_ONCE`] reads per service are on their way at a time (`aws.md` §6).

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{FutureExt as _, join_all};
use tokio::sync::{OnceCell, Semaphore};

use crate::ids::{At, Clock};
use crate::run::{Look, Perform};
use crate::watch::{Frame, Question, Reading, Unread, UnreadKind};

/// Reads of one service that may be on their way at a time.
const AT_ONCE: usize = 8;
/// Answers that are kept for sharing; older questions are forgotten first.
const KEPT: usize = 512;

/// One asking of a question; everyone who accepts its age shares the answer.
#[derive(Debug)]
struct Flight {
    asked: At,
    answer: OnceCell<Reading>,
}

/// The shared poller.
pub struct Reader {
    perform: Arc<dyn Perform>,
    clock: Arc<dyn Clock>,
    flights: Mutex<BTreeMap<String, Arc<Flight>>>,
    lanes: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Reader {
    pub fn new(perform: Arc<dyn Perform>, clock: Arc<dyn Clock>) -> Reader {
        Reader { perform, clock, flights: Mutex::default(), lanes: Mutex::default() }
    }

    /// The answer to a question, asked at or after `not_before`.
    pub async fn ask(&self, question: &Question, not_before: At) -> Reading {
        let flight = self.flight(question, not_before);
        flight.answer.get_or_init(|| self.fly(question, flight.asked)).await.clone()
    }

    fn flight(&self, question: &Question, not_before: At) -> Arc<Flight> {
        let key = question.key();
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).filter(|f| f.asked >= not_before) {
            return Arc::clone(flight);
        }
        let flight = Arc::new(Flight { asked: self.clock.now(), answer: OnceCell::new() });
        if flights.len() >= KEPT {
            forget_oldest(&mut flights);
        }
        flights.insert(key, Arc::clone(&flight));
        flight
    }

    async fn fly(&self, question: &Question, asked: At) -> Reading {
        let lane = self.lane(&question.service);
        let permit = lane.acquire().await;
        let answer = match permit {
            Ok(_held) => self.perform.read(question).await,
            Err(_) => Err(Unread::new(UnreadKind::Transport, "the session is closing")),
        };
        Reading { asked, at: self.clock.now(), answer }
    }

    fn lane(&self, service: &str) -> Arc<Semaphore> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(service.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
        Arc::clone(lane)
    }

    /// One whole round: every question of a look, chained reads after the reads they wait for. A panic in it is
    /// an error in every reading (DESIGN §8): whoever waits for them goes on.
    pub async fn round(&self, look: &Look, not_before: At) -> Frame {
        let round = AssertUnwindSafe(self.whole_round(look, not_before)).catch_unwind().await;
        round.unwrap_or_else(|_panic| {
            let why = "ripcord failed while it read; the log tells where";
            look.failed(self.clock.now(), &Unread::new(UnreadKind::Expression, why))
        })
    }

    async fn whole_round(&self, look: &Look, not_before: At) -> Frame {
        let mut frame = Frame::empty(self.clock.now().max(not_before));
        loop {
            let open = look.open(&frame);
            if open.is_empty() {
                break;
            }
            let asked =
                open.into_iter().map(|(name, asked)| self.named(look, name, asked, not_before, &frame));
            let readings = join_all(asked).await;
            frame.readings.extend(readings);
        }
        frame.at = self.clock.now();
        frame.asked = frame.readings.values().map(|r| r.asked).min().unwrap_or(frame.asked).max(not_before);
        look.close(&mut frame);
        frame
    }

    async fn named(
        &self,
        look: &Look,
        name: String,
        asked: crate::run::Asked,
        not_before: At,
        frame: &Frame,
    ) -> (String, Reading) {
        let reading = match asked {
            Ok(questions) => {
                let answers = join_all(questions.iter().map(|q| self.ask(q, not_before))).await;
                look.settle(&name, &answers, frame)
            }
            Err(why) => {
                let now = self.clock.now();
                Reading { asked: now, at: now, answer: Err(why) }
            }
        };
        (name, reading)
    }
}

fn forget_oldest(flights: &mut BTreeMap<String, Arc<Flight>>) {
    let oldest = flights.iter().filter(|(_, f)| f.answer.initialized()).min_by_key(|(_, f)| f.asked);
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        flights.remove(&key);
    }
}
