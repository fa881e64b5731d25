//! From flags and environment to a [`World`]: the connection to AWS, the clock, the shelf of runs.

use std::sync::Arc;

use super::args::Global;
use super::drill::Line;
use crate::drill::Cloud;
use crate::drill::serve::{ABOUT, Backend, Server};
use crate::journal::{LocalDisk, Shelf, state_dir};
use crate::run::Perform;
use crate::runner::{Trouble, World, exit};

/// Where runs live.
pub fn shelf(global: &Global) -> Result<Shelf<LocalDisk>, Trouble> {
    let root = match &global.state_dir {
        Some(dir) => dir.clone(),
        None => state_dir(|name| std::env::var_os(name)).map_err(Trouble::from)?,
    };
    Ok(Shelf::at(LocalDisk, root))
}

/// Who sits here, as recorded in journals.
pub fn operator() -> String {
    let name = ["RIPCORD_OPERATOR", "USER", "LOGNAME"]
        .iter()
        .find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    crate::text::clean(&name.unwrap_or_else(|| "operator".into())).into_owned()
}

/// The pace of tests: debug builds on loopback custom endpoints only (DESIGN §11).
#[cfg(feature = "aws")]
fn pace(loopback: bool) -> u32 {
    if !cfg!(debug_assertions) || !loopback {
        return 1;
    }
    std::env::var("RIPCORD_PACE").ok().and_then(|p| p.parse().ok()).unwrap_or(1)
}

/// Connects. Sends nothing yet.
#[cfg(feature = "aws")]
pub async fn world(global: &Global) -> Result<World, Trouble> {
    use crate::ids::At;
    use crate::journal::EndpointKind;
    use crate::runner::RunClock;

    use crate::aws::{Aws, Credentials, EndpointKind as Kind, Mode, Settings};
    let settings = Settings {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        mode: if global.read_only { Mode::ReadOnly } else { Mode::Full },
        credentials: Credentials::Configured,
    };
    let aws = Aws::connect(settings)
        .await
        .map_err(|e| Trouble::new(code(&e), e.to_string(), e.means(), e.advice()))?;
    let (endpoint, loopback) = match &aws.endpoint().kind {
        Kind::Live => (EndpointKind::Live, false),
        Kind::Custom { host, loopback } => (EndpointKind::Custom { host: host.clone() }, *loopback),
    };
    let region = aws.region().unwrap_or_default();
    Ok(World {
        perform: Arc::new(aws),
        clock: RunClock::starting_after(At::default()),
        endpoint,
        loopback,
        region,
        shelf: shelf(global)?,
        operator: operator(),
        read_only: global.read_only,
        pace: pace(loopback),
    })
}

/// Only a profile that does not exist is about credentials; the rest is what somebody wrote.
#[cfg(feature = "aws")]
fn code(error: &crate::aws::ConnectError) -> u8 {
    use crate::aws::ConnectError as E;
    match error {
        E::UnknownProfile { .. } => exit::CREDENTIALS,
        E::Configuration(_) | E::CaBundle(_) | E::Endpoint(_) | E::EndpointChanged(_) => exit::USAGE,
    }
}

/// A build without the feature `aws` has nobody to talk to.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same signature as with the feature")]
pub async fn world(_global: &Global) -> Result<World, Trouble> {
    Err(Trouble::new(
        exit::USAGE,
        "this ripcord was built without the feature `aws`",
        "it can check and show runbooks and reports, not run them",
        "build it with the default features",
    ))
}

/// The hands and eyes of a drill: the same clients as ever, on the wire of its cloud.
#[cfg(feature = "aws")]
pub async fn to_drill(global: &Global, cloud: &Arc<Cloud>) -> Result<(Arc<dyn Perform>, Line), Trouble> {
    use crate::aws::{Aws, Credentials, Mode, Settings};
    use crate::drill::Attended;
    let line = listen(cloud, None).await?;
    let place = &cloud.scenario().place;
    let settings = Settings {
        profile: None,
        region: Some(place.region.clone()),
        endpoint_url: line.url.clone(),
        mode: if global.read_only { Mode::ReadOnly } else { Mode::Full },
        credentials: Credentials::Dummy { key: Cloud::own_key(&place.account) },
    };
    let aws = Aws::connect(settings)
        .await
        .map_err(|e| Trouble::new(code(&e), e.to_string(), e.means(), e.advice()))?;
    let clock = Arc::clone(cloud.clock());
    Ok((Arc::new(Attended { inner: Arc::new(aws), clock }), line))
}

/// Without the feature `aws` calls go to the cloud without a wire; others reach it by one.
#[cfg(not(feature = "aws"))]
pub async fn to_drill(_global: &Global, cloud: &Arc<Cloud>) -> Result<(Arc<dyn Perform>, Line), Trouble> {
    let line = listen(cloud, None).await?;
    Ok((Arc::new(crate::drill::Direct(Arc::clone(cloud))), line))
}

/// Lets other programs reach the cloud of a drill, and makes sure that it is this one that is reached.
pub async fn listen(cloud: &Arc<Cloud>, port: Option<u16>) -> Result<Line, Trouble> {
    let backend: Arc<dyn Backend> = Arc::<Cloud>::clone(cloud);
    let server = Server::start(port, backend).await.map_err(|e| unheard(&e.to_string()))?;
    let nonce = nonce_at(server.address()).await.map_err(|e| unheard(&e.to_string()))?;
    if nonce != cloud.nonce() {
        return Err(unheard("somebody else answers there"));
    }
    Ok(Line { url: Some(server.url()), _server: Some(server) })
}

fn unheard(why: &str) -> Trouble {
    Trouble::new(
        exit::PREFLIGHT,
        format!("the drill cloud cannot be reached: {why}"),
        "nothing was started",
        "choose another --port, or look what listens on 127.0.0.1",
    )
}

/// The nonce that whoever listens at an address proves itself by.
async fn nonce_at(address: std::net::SocketAddr) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET {ABOUT} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    let about: serde_json::Value = answer
        .split_once("\r\n\r\n")
        .and_then(|(_, body)| serde_json::from_str(body).ok())
        .unwrap_or_default();
    Ok(about["nonce"].as_str().unwrap_or_default().to_owned())
}

/// The threads of a command that talks to AWS.
pub fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| {
        Trouble::new(
            exit::FAILED,
            format!("threads cannot be started: {e}"),
            "nothing was started",
            "check the limits (ulimit -u) of this shell",
        )
    })?;
    {
        let _inside = runtime.enter();
        survive_file_limits();
    }
    Ok(runtime)
}

/// Runs a command that talks to AWS to its end.
pub fn block_on<F: Future>(future: F) -> Result<F::Output, Trouble> {
    let runtime = runtime()?;
    let out = runtime.block_on(future);
    // Reads that are still on their way are dropped; mutating calls were waited for by their session.
    runtime.shutdown_background();
    Ok(out)
}

/// A file-size limit must be an error of the journal, not the end of the process: the default action of
/// SIGXFSZ kills, a handler turns it into EFBIG.
fn survive_file_limits() {
    const SIGXFSZ: i32 = 25;
    let kind = tokio::signal::unix::SignalKind::from_raw(SIGXFSZ);
    if let Err(error) = tokio::signal::unix::signal(kind) {
        tracing::warn!(%error, "a file-size limit would end this process");
    }
}
