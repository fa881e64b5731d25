//! moto, the pretend AWS, and the `aws` CLI: both from `target/venv`, which `tests/run peers` prepares.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Region of every world.
pub const REGION: &str = "eu-west-1";

/// A running moto. It ends when it is dropped, or when this process ends in whatever way.
pub struct Moto {
    child: Child,
    url: String,
}

/// What a seeded account holds; `tests/scripts/seed_moto.py` decides.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Seed {
    pub account: String,
    pub region: String,
    pub cluster: String,
    /// Services and their counts.
    pub services: std::collections::BTreeMap<String, u64>,
    pub db: String,
    /// `DbiResourceId` of the instance.
    pub resource_id: String,
    pub snapshots: Vec<String>,
    /// Lies between the two snapshots.
    pub incident_time: String,
    pub parameter_group: String,
    pub subnet_group: String,
    pub security_groups: Vec<String>,
}

impl Moto {
    /// Starts moto on a free loopback port; what it complains of goes to a file under `target/`.
    pub fn start() -> Moto {
        let (child, url) = serving("tests/scripts/moto_server.py", &[]);
        Moto { child, url }
    }

    /// The one that tests share: each takes a world of its own from it with [`Moto::take_world`].
    pub fn shared() -> &'static Moto {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        SHARED.get_or_init(Moto::start)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Forgets every account. Not for the shared one.
    pub fn reset(&self) {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("moto listens");
        let request = format!(
            "POST /moto-api/reset HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("moto reads");
        let mut first = String::new();
        BufReader::new(stream).read_line(&mut first).expect("moto answers");
        assert!(first.contains("200"), "reset: {first}");
    }

    /// Puts the flagship's world into each of these accounts.
    pub fn seed(&self, accounts: &[String]) -> Vec<Seed> {
        let output = python("tests/scripts/seed_moto.py").arg(&self.url).args(accounts).output();
        let output = output.expect("python of target/venv starts");
        assert!(output.status.success(), "seeding failed:\n{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("text");
        lines.lines().map(|line| serde_json::from_str(line).expect("a seed")).collect()
    }

    /// A seeded account that nobody else has. They are seeded several at a time: starting Python is what takes long.
    pub fn take_world(&self) -> Seed {
        static FREE: Mutex<(u32, Vec<Seed>)> = Mutex::new((0, Vec::new()));
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.1.is_empty() {
            let first = free.0;
            free.0 += if first == 0 { 8 } else { 24 };
            let accounts: Vec<String> = (first..free.0).map(|n| format!("1000{n:08}")).collect();
            free.1 = self.seed(&accounts);
        }
        free.1.pop().expect("just seeded")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The real `aws` CLI of the virtual environment, to be given its arguments and its environment.
pub fn aws_program() -> Command {
    python(&venv("bin/aws").to_string_lossy())
}

/// Runs the real `aws` CLI with dummy credentials against an endpoint; its answer as JSON, null if it prints none.
/// Panics with what it says when it fails.
pub fn aws_cli(url: &str, args: &[&str]) -> Value {
    try_aws_cli(url, args).unwrap_or_else(|error| panic!("aws {}: {error}", args.join(" ")))
}

/// The same; what the CLI complains of is the error.
pub fn try_aws_cli(url: &str, args: &[&str]) -> Result<Value, String> {
    try_aws_cli_with(url, args, &[])
}

/// The same, with more of an environment.
pub fn try_aws_cli_with(url: &str, args: &[&str], env: &[(&str, &str)]) -> Result<Value, String> {
    let mut command = aws_program();
    command.args(args).args(["--endpoint-url", url, "--output", "json"]);
    // One attempt only: what a test injects is what it wants to see.
    let output =
        command.env("AWS_MAX_ATTEMPTS", "1").envs(env.iter().copied()).output().expect("the aws CLI starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

/// Sets what a client needs, and hides whatever the machine has configured.
pub fn dummy_credentials(command: &mut Command) {
    hide_configuration(command);
    for (name, value) in DUMMY {
        command.env(name, value);
    }
}

/// Takes away whatever this machine has configured for AWS, for ripcord and for proxies.
pub fn hide_configuration(command: &mut Command) {
    let ours = |name: &str| name.starts_with("AWS_") || name.starts_with("RIPCORD_");
    let proxy = |name: &str| name.to_ascii_lowercase().ends_with("_proxy");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name) || proxy(name)) {
        command.env_remove(name);
    }
}

/// Credentials that work nowhere.
pub const DUMMY: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "testing"),
    ("AWS_SECRET_ACCESS_KEY", "testing"),
    ("AWS_REGION", REGION),
    ("AWS_DEFAULT_REGION", REGION),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn venv(file: &str) -> PathBuf {
    root().join("target/venv").join(file)
}

/// Starts a script that prints its URL and serves until its stdin is closed, which this process holds open.
pub fn serving(script: &str, args: &[&str]) -> (Child, String) {
    let logs = root().join("target/tests");
    fs::create_dir_all(&logs).expect("a directory for logs");
    let name = Path::new(script).file_stem().expect("a script has a name").to_string_lossy().into_owned();
    let log = logs.join(format!("{name}-{}.log", std::process::id()));
    let mut child = python(script)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).expect("a log file"))
        .spawn()
        .expect("python of target/venv starts");
    let mut url = String::new();
    let out = child.stdout.take().expect("its output is a pipe");
    BufReader::new(out).read_line(&mut url).expect("the script says where it listens");
    assert!(
        url.starts_with("http"),
        "{name} did not start: {}",
        fs::read_to_string(&log).unwrap_or_default()
    );
    (child, url.trim().to_owned())
}

/// A script run by the Python of the virtual environment.
fn python(script: &str) -> Command {
    let python = venv("bin/python");
    assert!(python.exists(), "peer missing: run tests/run peers");
    let mut command = Command::new(python);
    command.arg(script).current_dir(root()).env_remove("PYTHONPATH");
    dummy_credentials(&mut command);
    command
}

#[test]
fn a_reset_empties_moto_and_a_proxy_that_is_told_asks_anew() {
    let moto = Moto::start();
    let seed = moto.seed(&["123456789012".to_owned()]).remove(0);
    let proxy = crate::proxy::Proxy::start(moto.url(), &seed.account, Vec::new());
    let clusters = || aws_cli(proxy.url(), &["ecs", "list-clusters"])["clusterArns"].clone();
    assert_eq!(clusters(), serde_json::json!(["arn:aws:ecs:eu-west-1:123456789012:cluster/prod"]));
    moto.reset();
    proxy.forget();
    assert_eq!(clusters(), serde_json::json!([]));
}
