//! Drills through the binary: nothing real is read, and other programs see the same world.

use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// ripcord where everything of AWS that is configured would fail if it were read.
fn ripcord(state: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    command
        .args(args)
        .env("RIPCORD_STATE_DIR", state.path())
        .env("AWS_PROFILE", "there-is-none")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-that-is-real")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    command
}

#[test]
fn a_drill_reads_no_credentials_and_ends_as_documented() {
    let state = TempDir::new().unwrap();
    let ran = ripcord(&state, &["drill", "--no-input", "--json"]).output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&ran.stderr));
    let debrief: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&debrief["outcome"], &debrief["good"]), (&"recovered".into(), &true.into()), "{debrief:#}");
    assert_eq!(debrief["duplicate_calls"], serde_json::json!([]));
    for file in walk(state.path()) {
        let text = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("AKIAREAL") && !text.contains("that-is-real"), "{}", file.display());
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[test]
fn a_drill_that_was_left_is_rolled_back_in_its_own_cloud() {
    let state = TempDir::new().unwrap();
    let ran = ripcord(&state, &["drill", "--no-input", "--stop-before", "park_db"]).output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(6), "{out}{}", String::from_utf8_lossy(&ran.stderr));
    let run = out.lines().find_map(|line| line.strip_prefix("resume it with: ripcord resume ")).unwrap();
    let mut back = ripcord(&state, &["rollback", run, "--to", "stop_services", "--no-input"]);
    for item in ["api", "worker"] {
        back.args(["--confirm", &format!("stop_services[{item}]/to_zero/undo/back_to_count=y")]);
    }
    let ran = back.output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&ran.stderr));
    // Only the cloud that remembers that they were stopped can bring them up.
    assert!(out.contains("stop_services[api]/to_zero/undo/wait_back holds"), "{out}");
}

#[test]
fn a_drill_takes_no_profile_and_no_endpoint() {
    let state = TempDir::new().unwrap();
    for flag in [["--profile", "prod"], ["--endpoint-url", "http://127.0.0.1:9"]] {
        let ran = ripcord(&state, &["drill", "--no-input", flag[0], flag[1]]).output().unwrap();
        assert_eq!(ran.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&ran.stderr).contains("means nothing in a drill"));
    }
}

#[test]
fn scenarios_are_listed_and_checked() {
    let state = TempDir::new().unwrap();
    let listed = ripcord(&state, &["drill", "list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let rows = listed["scenarios"].as_array().unwrap();
    assert_eq!(rows.len(), ripcord::drill::embedded().len());
    assert!(rows.iter().all(|row| row["last_drilled"].is_null()), "{listed:#}");

    let bad = state.path().join("bad.yaml");
    let text = std::fs::read_to_string("runbooks/drills/ecs-rds-snapshot-restore/plain.yaml").unwrap();
    std::fs::write(
        &bad,
        text.replace("id: plain", "id: bad").replace("choose_snapshot:", "choose_snapshit:"),
    )
    .unwrap();
    let ran = ripcord(&state, &["validate", bad.to_str().unwrap()]).output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(3), "{out}");
    assert!(out.contains("did you mean `choose_snapshot`?"), "{out}");
}

/// `drill serve`, stopped when it goes.
#[cfg(feature = "aws")]
struct Served(std::process::Child, Vec<(String, String)>);

#[cfg(feature = "aws")]
impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(feature = "aws")]
fn served(state: &TempDir) -> Served {
    use std::io::{BufRead as _, BufReader};
    let mut child =
        ripcord(state, &["drill", "serve", "--speed", "3600"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.into_iter().find(|line| line.contains("AWS_ENDPOINT_URL=")).unwrap();
    let words = line.split_whitespace().filter_map(|word| word.split_once('='));
    let environment = words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Served(child, environment)
}

#[cfg(feature = "aws")]
#[test]
fn aws_in_another_terminal_sees_and_changes_the_world() {
    let state = TempDir::new().unwrap();
    let served = served(&state);
    let aws = |args: &[&str]| -> Value {
        let mut command = crate::moto::aws_program();
        command.args(args).env_clear().envs(served.1.iter().map(|(n, v)| (n, v)));
        let ran = command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        serde_json::from_slice(&ran.stdout).unwrap()
    };
    let db = aws(&["rds", "describe-db-instances", "--db-instance-identifier", "orders"]);
    assert_eq!(db["DBInstances"][0]["DBInstanceStatus"], "available");
    let scaled =
        aws(&["ecs", "update-service", "--cluster", "prod", "--service", "api", "--desired-count", "1"]);
    assert_eq!(scaled["service"]["desiredCount"], 1);
    let seen = aws(&["ecs", "describe-services", "--cluster", "prod", "--services", "api"]);
    assert_eq!(seen["services"][0]["desiredCount"], 1);
}
