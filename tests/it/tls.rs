//! What stands between a client and AWS in a company: TLS with an authority of its own, and an HTTP proxy.

use std::io::{BufRead, BufReader, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tempfile::TempDir;

use crate::moto::serving;

/// TLS in front of a plain server; its certificate is signed by an authority that nobody knows.
pub struct Tls {
    child: Child,
    url: String,
    directory: TempDir,
}

impl Tls {
    /// In front of a plain URL on loopback.
    pub fn start(plain: &str) -> Tls {
        let directory = TempDir::new().expect("a temporary directory");
        let to = plain.trim_start_matches("http://");
        let path = directory.path().to_str().expect("a path that is text");
        let (child, url) = serving("tests/scripts/tls_front.py", &[to, path]);
        Tls { child, url, directory }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What `AWS_CA_BUNDLE` has to name.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An HTTP proxy as `HTTPS_PROXY` names one: it opens tunnels and remembers where to.
pub struct Tunnel {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub fn start() -> Tunnel {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || tunnel(client, &seen));
            }
        });
        Tunnel { url, asked }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// `HOST:PORT` of every tunnel so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `CONNECT HOST:PORT`, then bytes both ways until one side has enough.
fn tunnel(mut client: TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let to = first.strip_prefix("CONNECT ")?.split_whitespace().next()?.to_owned();
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(to.clone());
    let mut server = TcpStream::connect(to).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back, mut forth) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        copy(&mut back, &mut forth).ok();
        forth.shutdown(Shutdown::Both).ok();
    });
    copy(&mut reader, &mut server).ok();
    server.shutdown(Shutdown::Both).ok();
    Some(())
}

#[test]
fn a_client_that_knows_authority_and_proxy_gets_through() {
    let world = crate::world::World::start();
    let (tls, tunnel) = (Tls::start(world.url()), Tunnel::start());
    let ask =
        |env: &[(&str, &str)]| crate::moto::try_aws_cli_with(tls.url(), &["sts", "get-caller-identity"], env);
    let authority = tls.authority();
    let authority = authority.to_str().unwrap();
    assert!(ask(&[]).unwrap_err().contains("certificate verify failed"));
    assert_eq!(ask(&[("AWS_CA_BUNDLE", authority)]).unwrap()["Account"], world.seed.account.as_str());
    assert!(tunnel.asked().is_empty());

    let through = [("AWS_CA_BUNDLE", authority), ("HTTPS_PROXY", tunnel.url()), ("NO_PROXY", "")];
    assert_eq!(ask(&through).unwrap()["Account"], world.seed.account.as_str());
    assert_eq!(tunnel.asked(), [tls.url().trim_start_matches("https://")]);
}
