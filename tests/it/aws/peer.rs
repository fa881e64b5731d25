//! A peer that answers by script: HTTP/1.1 on loopback, every request recorded.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the peer does with one request.
pub enum Reaction {
    Answer(u16, String),
    /// The same with one more header, `date: …`.
    Headed(u16, &'static str, String),
    /// Answers, and closes the connection without saying so: a stale connection for whoever kept it.
    AnswerAndClose(u16, String),
    /// Reads the request and closes the connection.
    Drop,
    /// Announces a long body and closes in the middle of it.
    Half,
}

pub struct Peer {
    pub url: String,
    address: std::net::SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    closing: AtomicUsize,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub head: String,
    pub body: String,
}

impl Peer {
    /// `script` gets the number of the request, from 0, and the request.
    pub fn start(script: impl Fn(usize, &Request) -> Reaction + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, script) = (Arc::clone(&seen), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.closing.load(Ordering::SeqCst) > 0 {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, script) = (Arc::clone(&shared), Arc::clone(&script));
                std::thread::spawn(move || serve(stream.unwrap(), &seen, &*script));
            }
        });
        Peer { url: format!("http://{address}"), address, seen }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.seen.closing.fetch_add(1, Ordering::SeqCst);
        TcpStream::connect(self.address).ok();
    }
}

fn serve(mut stream: TcpStream, seen: &Seen, script: &dyn Fn(usize, &Request) -> Reaction) {
    while let Some(request) = read(&mut stream) {
        let n = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        match script(n, &request) {
            Reaction::Answer(status, body) => answer(&mut stream, status, "", &body),
            Reaction::Headed(status, header, body) => {
                answer(&mut stream, status, &format!("{header}\r\n"), &body);
            }
            Reaction::AnswerAndClose(status, body) => {
                answer(&mut stream, status, "", &body);
                break;
            }
            Reaction::Drop => break,
            Reaction::Half => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n<Half>").ok();
                break;
            }
        }
    }
    stream.shutdown(Shutdown::Both).ok();
}

fn answer(stream: &mut TcpStream, status: u16, more: &str, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nx-amzn-requestid: request-{status}\r\n{more}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok();
    stream.write_all(body.as_bytes()).ok();
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length =
        head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
    let line = String::from_utf8_lossy(&bytes[..end]).lines().next().unwrap_or_default().to_owned();
    Some(Request { line, head, body: String::from_utf8_lossy(&bytes[end..end + length]).into_owned() })
}
