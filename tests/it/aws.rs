//! The AWS module on real sockets: moto, the `aws` CLI, and a scripted peer that answers badly.

mod backup;
mod documents;
mod environment;
mod once;
mod peer;
mod readonly;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

use ripcord::aws::{Aws, Credentials, Mode, ReadError, Settings};
use ripcord::catalogue;
use ripcord::ids::Place;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> PathBuf {
    let python = root().join("target/venv/bin/python");
    assert!(python.exists(), "no {}: run `tests/run peers`", python.display());
    python
}

/// A connection with made-up keys that reads nothing of this machine's configuration.
async fn connect(url: &str, mode: Mode) -> Aws {
    connect_as("drill", url, mode).await
}

/// The same with this access key id.
async fn connect_as(key: &str, url: &str, mode: Mode) -> Aws {
    let settings = Settings {
        profile: None,
        region: Some("eu-west-1".into()),
        endpoint_url: Some(url.into()),
        mode,
        credentials: Credentials::Dummy { key: key.into() },
    };
    Aws::connect(settings).await.unwrap()
}

fn place() -> Place {
    Place { target: "main".into(), region: "eu-west-1".into(), ..Place::default() }
}

/// Who the credentials belong to, asked of STS.
async fn identity(aws: &Aws, place: &Place) -> Result<Value, ReadError> {
    let answer = aws.read(place, "sts", "GetCallerIdentity", &json!({})).await?;
    Ok(answer.value)
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_catalogue_and_the_sdk_module_hold_the_same_operations() {
    let mut sent: Vec<_> = ripcord::aws::operations().collect();
    let mut listed: Vec<_> = catalogue::all().map(|o| (o.service, o.name)).collect();
    sent.sort_unstable();
    listed.sort_unstable();
    assert_eq!(sent, listed);
}

#[test]
fn the_shape_table_is_what_the_models_say() {
    succeeds(Command::new(python()).arg(root().join("tests/scripts/trim_models.py")).arg("--check"));
}

#[test]
fn the_typed_inputs_are_what_the_shape_table_says() {
    succeeds(Command::new("python3").arg(root().join("tests/scripts/generate_inputs.py")).arg("--check"));
}
