//! The endpoint: HTTP/1.1 on loopback, in front of a [`Backend`].
//!
//! It moves bytes and breaks off where the backend says so; what a call means is the business of [`super::wire`],
//! what it does that of the backend. The `Date` header is wall time whatever the drill's clock says: AWS clients
//! measure their clock skew by it (`aws.md` §7).

mod body;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::wire::{self, Answer, Asked, Misread, Request};
use crate::world::Refused;
use body::Body;

/// Where the endpoint proves that it is a drill cloud: GET answers [`Backend::about`].
pub const ABOUT: &str = "/.ripcord/drill";

/// The longest request body; AWS takes no more of the calls we know.
const LONGEST: usize = 1 << 20;
/// How long answers on their way may take once the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What answers the calls. It is called from several connections at once.
pub trait Backend: Send + Sync + 'static {
    /// Answers one call. Applies it first, or not at all, where the reply is one that does not arrive.
    fn answer(&self, asked: &Asked) -> Reply;

    /// What `GET /.ripcord/drill` answers.
    fn about(&self) -> Value;

    /// A request that is no call was refused by the wire.
    fn misread(&self, _misread: &Misread) {}
}

/// What goes back for one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Answer(Result<Value, Refused>),
    /// Nothing: the connection closes.
    Drop,
    /// The head and half of the body, then the connection closes.
    HalfBody(Result<Value, Refused>),
    /// A web page with this status, as a load balancer in trouble sends it.
    Html(u16),
    /// The reply, later. A client may have gone by then.
    Delay(Duration, Box<Reply>),
}

/// A running endpoint. Dropped, it stops: connections that wait for nothing close at once, answers on their way
/// get a moment.
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    tracker: TaskTracker,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on a port of 127.0.0.1, a free one by default.
    ///
    /// # Errors
    /// The port is taken, or not ours to take.
    pub async fn start(port: Option<u16>, backend: Arc<dyn Backend>) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?;
        let address = listener.local_addr()?;
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let site = Site { backend, stop: stop.clone() };
        let accepting = tokio::spawn(accept(listener, site, tracker.clone()));
        Ok(Server { address, stop, tracker, accepting })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops, and waits until every connection is closed.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // It ends by the token; a panic of it is told where it happened.
        let _ended = (&mut self.accepting).await;
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Site {
    backend: Arc<dyn Backend>,
    stop: CancellationToken,
}

/// The connection is closed without an answer, or in the middle of one.
#[derive(Debug, thiserror::Error)]
#[error("broken off, as the drill wants it")]
struct BrokenOff;

async fn accept(listener: TcpListener, site: Site, tracker: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = site.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tracker.spawn(connection(stream, site.clone()));
            }
            // Out of file descriptors, mostly: others get time to close theirs.
            Err(e) => {
                tracing::warn!("the drill cloud cannot accept a connection: {e}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, site: Site) {
    // Small answers must not wait for the client's acknowledgement; a socket that refuses this still works.
    let _slower = stream.set_nodelay(true);
    let stop = site.stop.clone();
    let service = service_fn(move |request| answer(request, site.clone()));
    // No timeout for idle connections: one that closes under a call would look like a lost answer.
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::time::timeout(FAREWELL, served).await.unwrap_or(Ok(()))
        }
    };
    if let Err(e) = ended {
        tracing::debug!("a connection to the drill cloud ended: {e}");
    }
}

async fn answer(request: hyper::Request<Incoming>, site: Site) -> Result<Response<Body>, BrokenOff> {
    let (head, body) = request.into_parts();
    if head.uri.path() == ABOUT {
        return Ok(json(&site.backend.about()));
    }
    if body.size_hint().lower() > LONGEST as u64 {
        return Ok(page(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        return Ok(page(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request_id = Uuid::now_v7().to_string();
    match wire::read(&as_request(&head, &body.to_bytes()), &request_id) {
        Ok(asked) => {
            let reply = site.backend.answer(&asked);
            respond(&asked, reply, &site.stop).await
        }
        Err(misread) => {
            site.backend.misread(&misread);
            Ok(whole(misread.answer))
        }
    }
}

fn as_request(head: &Parts, body: &Bytes) -> Request {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.to_vec(),
    }
}

async fn respond(asked: &Asked, reply: Reply, stop: &CancellationToken) -> Result<Response<Body>, BrokenOff> {
    let mut reply = reply;
    loop {
        return match reply {
            Reply::Delay(time, then) => {
                tokio::select! {
                    () = tokio::time::sleep(time) => {}
                    () = stop.cancelled() => return Err(BrokenOff),
                }
                reply = *then;
                continue;
            }
            Reply::Answer(result) => Ok(whole(wire::answer(asked, &result))),
            Reply::HalfBody(result) => Ok(half(wire::answer(asked, &result))),
            Reply::Html(status) => Ok(page(StatusCode::from_u16(status).unwrap_or_default())),
            Reply::Drop => Err(BrokenOff),
        };
    }
}

fn whole(answer: Answer) -> Response<Body> {
    let body = Body::whole(answer.body);
    head(answer.status, &answer.headers, body)
}

/// Announces all of the body and sends half of it.
fn half(answer: Answer) -> Response<Body> {
    let length = HeaderValue::from(answer.body.len());
    let mut response = head(answer.status, &answer.headers, Body::half(answer.body));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

fn head(status: u16, headers: &[(&'static str, String)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        // What a header cannot hold stays unsaid.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn json(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::whole(value.to_string().into_bytes()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn page(status: StatusCode) -> Response<Body> {
    let text = format!(
        "<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    let mut response = Response::new(Body::whole(text.into_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
