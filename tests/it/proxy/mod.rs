//! A proxy between a client of AWS and moto, which plays what moto leaves out.
//!
//! It reads each call as AWS means it, writes a log, and asks its [`Script`]s: they answer in moto's place or
//! change what moto answered, so that renames take time, tasks stop slowly and a restore loses settings
//! ([`rds`], [`ecs`]). [`Fault`]s hit single calls: dropped, late, throttled, garbled. What a script makes
//! wait is recorded with its true end ([`Wait`]), so a test can tell who did not wait.
//!
//! Calls of one proxy are executed one at a time, in the order of their numbers.

pub mod aws_backup;
pub mod call;
pub mod ecs;
mod faults;
pub mod rds;
mod rds_settings;
#[cfg(test)]
mod tests;
pub mod unsupported;
mod upstream;
mod waits;
mod wire;
pub mod xml;

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use call::Call;
pub use faults::Fault;
pub use upstream::Upstream;
pub use waits::Wait;
pub use wire::{Answer, Request};

use call::{Outcome, decode, is_mutating};
use faults::Faults;
use waits::{WaitId, Waits, too_early};

/// How AWS behaves where moto does not.
pub trait Script: Send {
    /// Answers a call in moto's place; `None` lets it through.
    fn request(&mut self, _call: &Call, _cx: &mut Cx) -> Option<Answer> {
        None
    }

    /// Changes what moto is asked.
    fn rewrite(&mut self, _call: &Call, _request: &mut Request) {}

    /// Changes what moto answered, and notes what the call has started.
    fn answer(&mut self, _call: &Call, _answer: &mut Answer, _cx: &mut Cx) {}
}

/// What a script may use while it looks at a call.
pub struct Cx<'a> {
    pub upstream: &'a mut Upstream,
    waits: &'a mut Waits,
    notes: &'a mut Vec<String>,
    seq: u64,
}

impl Cx<'_> {
    /// Opens a wait at the present call.
    pub fn open(&mut self, what: String, blocks: &'static [&'static str]) -> WaitId {
        self.waits.open(what, self.seq, blocks)
    }

    /// Ends a wait at the present call: its answer shows the final state.
    pub fn end(&mut self, id: WaitId) {
        self.waits.end(id, self.seq);
    }

    /// Notes something that AWS did of its own accord.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }
}

/// A running proxy; dropped, it stops.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    sockets: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

struct State {
    log: Vec<Call>,
    /// Calls executed so far: the order of execution, which faults can make differ from that of arrival.
    executed: u64,
    upstream: Upstream,
    scripts: Vec<Box<dyn Script>>,
    faults: Faults,
    waits: Waits,
    notes: Vec<String>,
    previous: BTreeMap<String, Answer>,
    /// Calls that a fault holds back at the moment.
    held: Vec<u64>,
    /// Held calls up to this number may go on.
    released: u64,
}

/// What goes back to the client.
enum Reply {
    Whole(Answer),
    Half(Answer),
    Hangup,
}

impl Proxy {
    /// Starts a proxy on a free loopback port, in front of `upstream`, in an account of moto.
    pub fn start(upstream: &str, account: &str, scripts: Vec<Box<dyn Script>>) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let state = State {
            log: Vec::new(),
            executed: 0,
            upstream: Upstream::new(upstream, account),
            scripts,
            faults: Faults::default(),
            waits: Waits::default(),
            notes: Vec::new(),
            previous: BTreeMap::new(),
            held: Vec::new(),
            released: 0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            sockets: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &serving));
        Proxy { url, shared }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every call so far, in the order of arrival.
    pub fn log(&self) -> Vec<Call> {
        self.shared.lock().log.clone()
    }

    /// The calls that change something, those refused or lost included.
    pub fn mutations(&self) -> Vec<Call> {
        self.log().into_iter().filter(|call| call.mutating).collect()
    }

    /// Mutating calls with the same operation and parameters that arrived more than once.
    pub fn repeated(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for call in self.mutations() {
            seen.entry(format!("{} {}", call.operation, call.parameters)).or_default().push(call.seq);
        }
        seen.into_iter().filter(|(_, at)| at.len() > 1).map(|(what, at)| format!("{what}: {at:?}")).collect()
    }

    /// Waits that scripts opened, with their true ends.
    pub fn waits(&self) -> Vec<Wait> {
        self.shared.lock().waits.all().to_vec()
    }

    /// Mutating calls that did not wait for the end of what they depend on.
    pub fn too_early(&self) -> Vec<String> {
        let state = self.shared.lock();
        too_early(state.waits.all(), &state.log)
    }

    /// What AWS did of its own accord, such as a scaling that lifted a service to its minimum.
    pub fn notes(&self) -> Vec<String> {
        self.shared.lock().notes.clone()
    }

    /// Plays a fault on the `nth` call of an operation, counted from the start of the proxy.
    pub fn inject(&self, operation: &str, nth: u64, fault: Fault) {
        self.shared.lock().faults.add(operation, nth, nth, fault);
    }

    /// Plays a fault on every further call of an operation (`*`: of any), until [`Proxy::heal`].
    pub fn inject_from_now(&self, operation: &str, fault: Fault) {
        let mut state = self.shared.lock();
        let of_operation = |call: &&Call| operation == "*" || call.is(operation);
        let so_far = state.log.iter().filter(of_operation).count() as u64;
        state.faults.add(operation, so_far + 1, u64::MAX, fault);
    }

    /// No more faults.
    pub fn heal(&self) {
        self.shared.lock().faults.clear();
    }

    /// Asks moto anew, after a test has changed it behind the proxy's back.
    pub fn forget(&self) {
        self.shared.lock().upstream.forget();
    }

    /// Waits until a call is held back by [`Fault::HoldBefore`] or [`Fault::HoldAfter`].
    pub fn wait_held(&self, deadline: Duration) -> Call {
        let state = self.shared.wait("a held call", deadline, |state| !state.held.is_empty());
        let seq = state.held[0];
        state.log[usize::try_from(seq).expect("a small number") - 1].clone()
    }

    /// Lets every call go on that is held back now.
    pub fn release(&self) {
        let mut state = self.shared.lock();
        state.released = state.log.len() as u64;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until the log satisfies `done`; panics with the log when it does not in time.
    pub fn wait_for(&self, what: &str, deadline: Duration, mut done: impl FnMut(&[Call]) -> bool) {
        drop(self.shared.wait(what, deadline, |state| done(&state.log)));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.release();
        for socket in self.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            socket.shutdown(Shutdown::Both).ok();
        }
        // Wakes the thread that accepts, which then sees that it is over.
        TcpStream::connect(self.url.trim_start_matches("http://")).ok();
    }
}

impl Shared {
    /// A script that panicked has failed its test already; the others go on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(
        &self,
        what: &str,
        deadline: Duration,
        mut done: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let end = Instant::now() + deadline;
        let mut state = self.lock();
        while !done(&state) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let log: Vec<_> = state.log.iter().map(Call::line).collect();
                drop(state);
                panic!("no {what} within {deadline:?}; calls so far:\n{}", log.join("\n"));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// Puts a request into the log, and says which fault hits it.
    fn record(&self, request: &Request) -> (u64, Option<Fault>) {
        let (service, operation, parameters, protocol) = decode(request);
        let mut state = self.lock();
        let seq = state.log.len() as u64 + 1;
        let nth = state.log.iter().filter(|call| call.is(&operation)).count() as u64 + 1;
        let fault = state.faults.for_call(&operation, nth, seq);
        let outcome = Outcome { fault: fault.as_ref().map(Fault::name), ..Outcome::default() };
        let mutating = is_mutating(&operation);
        let attempt = attempt(request);
        let at = Instant::now();
        state.log.push(Call {
            seq,
            nth,
            protocol,
            service,
            operation,
            parameters,
            mutating,
            attempt,
            at,
            outcome,
        });
        drop(state);
        self.changed.notify_all();
        (seq, fault)
    }

    /// Executes a call: by a script, or by moto with the scripts looking at its answer.
    fn execute(&self, seq: u64, request: &Request) -> Answer {
        let mut state = self.lock();
        let state = &mut *state;
        let index = usize::try_from(seq - 1).expect("a small number");
        let call = state.log[index].clone();
        let mut cx =
            Cx { upstream: &mut state.upstream, waits: &mut state.waits, notes: &mut state.notes, seq };
        let scripted = state.scripts.iter_mut().find_map(|script| script.request(&call, &mut cx));
        let answer = scripted.unwrap_or_else(|| {
            let mut request = request.clone();
            for script in &mut state.scripts {
                script.rewrite(&call, &mut request);
            }
            let mut answer = cx.upstream.forward(&request, call.mutating);
            for script in &mut state.scripts {
                script.answer(&call, &mut answer, &mut cx);
            }
            answer
        });
        state.executed += 1;
        state.log[index].outcome.executed = Some(state.executed);
        state.previous.insert(call.operation, answer.clone());
        self.changed.notify_all();
        answer
    }

    fn note_answer(&self, seq: u64, answer: &Answer) {
        let mut state = self.lock();
        let call = &mut state.log[usize::try_from(seq - 1).expect("a small number")];
        call.outcome.status = Some(answer.status);
        call.outcome.code = call.error_code(answer);
        drop(state);
        self.changed.notify_all();
    }

    fn hold(&self, seq: u64) {
        let mut state = self.lock();
        state.held.push(seq);
        self.changed.notify_all();
        while state.released < seq && !self.stopped.load(Ordering::SeqCst) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.held.retain(|held| *held != seq);
    }

    fn refusal(&self, seq: u64, fault: &Fault) -> Answer {
        let call = self.lock().log[usize::try_from(seq - 1).expect("a small number")].clone();
        let Fault::Refuse { status, query_code, json_code } = fault else {
            return call.error(500, "InternalFailure", "the call was executed, its answer lost");
        };
        let code = if call.protocol == call::Protocol::Json { json_code } else { query_code };
        call.error(*status, code, "refused by the test")
    }

    fn stale(&self, seq: u64) -> Option<Answer> {
        let state = self.lock();
        let call = &state.log[usize::try_from(seq - 1).expect("a small number")];
        state.previous.get(&call.operation).cloned()
    }
}

/// `attempt=2; max=3` in the header of the SDKs.
fn attempt(request: &Request) -> u32 {
    let header = request.message.header("amz-sdk-request").unwrap_or_default();
    let mut parts = header.split(';').filter_map(|part| part.trim().strip_prefix("attempt="));
    parts.find_map(|count| count.parse().ok()).unwrap_or(0)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(copy) = stream.try_clone() {
            shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || serve(&stream, &shared));
    }
}

/// One connection of a client, until either side ends it.
fn serve(stream: &TcpStream, shared: &Arc<Shared>) {
    stream.set_nodelay(true).ok();
    let mut reader = BufReader::new(stream);
    while let Ok(Some(request)) = wire::read_request(&mut reader) {
        let mut out: &TcpStream = stream;
        let sent = match reply(request, shared) {
            Reply::Whole(answer) => out.write_all(&answer.bytes()).is_ok(),
            Reply::Half(answer) => {
                let bytes = answer.bytes();
                out.write_all(&bytes[..bytes.len() - answer.message.body.len() / 2 - 1]).ok();
                false
            }
            Reply::Hangup => false,
        };
        if !sent {
            break;
        }
    }
    stream.shutdown(Shutdown::Both).ok();
}

fn reply(request: Request, shared: &Arc<Shared>) -> Reply {
    let (seq, fault) = shared.record(&request);
    let Some(fault) = fault else { return answered(shared, seq, shared.execute(seq, &request)) };
    match &fault {
        Fault::DropBefore => Reply::Hangup,
        Fault::ApplyThenDrop => {
            shared.execute(seq, &request);
            Reply::Hangup
        }
        Fault::ApplyThenFail => {
            shared.execute(seq, &request);
            answered(shared, seq, shared.refusal(seq, &fault))
        }
        Fault::Late(after) => {
            execute_later(*after, seq, request, shared);
            Reply::Hangup
        }
        Fault::Delay(time) => {
            thread::sleep(*time);
            answered(shared, seq, shared.execute(seq, &request))
        }
        Fault::HoldBefore => {
            shared.hold(seq);
            answered(shared, seq, shared.execute(seq, &request))
        }
        Fault::HoldAfter => {
            let answer = shared.execute(seq, &request);
            shared.hold(seq);
            answered(shared, seq, answer)
        }
        Fault::Refuse { .. } => answered(shared, seq, shared.refusal(seq, &fault)),
        Fault::Stale => {
            let answer = shared.stale(seq).unwrap_or_else(|| shared.execute(seq, &request));
            answered(shared, seq, answer)
        }
        Fault::Html(status) => {
            shared.execute(seq, &request);
            let page = "<!doctype html><html><body><h1>Service Unavailable</h1></body></html>";
            answered(shared, seq, Answer::new(*status, "text/html", page))
        }
        Fault::HalfBody => Reply::Half(shared.execute(seq, &request)),
    }
}

fn answered(shared: &Shared, seq: u64, answer: Answer) -> Reply {
    shared.note_answer(seq, &answer);
    Reply::Whole(answer)
}

/// The call that arrives when nobody waits for it any more.
fn execute_later(after: Duration, seq: u64, request: Request, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        thread::sleep(after);
        if !shared.stopped.load(Ordering::SeqCst) {
            shared.execute(seq, &request);
        }
    });
}
