//! The flagship's world for `tests/run demo`: moto, seeded, behind the proxy that plays AWS's real behaviour.
//!
//! Prints `ENDPOINT`, then what the world holds as JSON, and serves until its stdin is closed. The tests use
//! the same modules; this is their only other user, so not all of what they offer is needed here.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "modules of the test binary, of which the demo needs a part"
)]

#[path = "it/moto.rs"]
mod moto;
#[path = "it/proxy/mod.rs"]
mod proxy;

use std::io::{Read, stdin};

use proxy::aws_backup::AwsBackup;
use proxy::ecs::{self, Ecs};
use proxy::rds::{self, Rds};
use proxy::unsupported::Unsupported;
use proxy::{Proxy, Script};

fn main() {
    let moto = moto::Moto::start();
    let seed = moto.seed(&["123456789012".to_owned()]).remove(0);
    let scripts: Vec<Box<dyn Script>> = vec![
        Box::new(Rds::new(rds::Timing::default())),
        Box::new(Ecs::new(&seed.account, &seed.cluster, ecs::Timing::default(), &["nightly-export"])),
        Box::new(AwsBackup { stands_in: seed.snapshots[0].clone() }),
        Box::new(Unsupported::default()),
    ];
    let proxy = Proxy::start(moto.url(), &seed.account, scripts);
    println!("{}", proxy.url());
    println!("{}", serde_json::to_string(&seed).expect("plain data"));
    stdin().read_to_end(&mut Vec::new()).expect("stdin ends");
}
