//! What the user's environment says is heard: profiles, proxies, a CA bundle, endpoints.
//!
//! The environment of a process belongs to the whole process, so each case runs in a child: this test binary
//! again, with the one test that looks at the variable `CASE`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use ripcord::aws::{Aws, ConnectError, Credentials, EndpointKind, Mode, ReadError, ReadErrorKind, Settings};

use serde_json::Value;

use super::peer::{Peer, Reaction};
use super::{identity as identity_of, place, python, root};

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>\
    <UserId>U</UserId><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

fn settings() -> Settings {
    Settings {
        profile: std::env::var("FLAG_PROFILE").ok(),
        region: None,
        endpoint_url: None,
        mode: Mode::ReadOnly,
        credentials: Credentials::Configured,
    }
}

async fn connected() -> Aws {
    Aws::connect(settings()).await.unwrap()
}

async fn identity() -> Result<Value, ReadError> {
    identity_of(&connected().await, &place()).await
}

/// What a child does; not a test of its own.
#[tokio::test]
async fn child() {
    let Ok(case) = std::env::var("CASE") else { return };
    match case.as_str() {
        "identity" => assert_eq!(identity().await.unwrap()["Account"], "1"),
        "distrust" => assert_eq!(identity().await.unwrap_err().kind, ReadErrorKind::Transport),
        "bundle" => {
            let error = Aws::connect(settings()).await.err().unwrap();
            assert!(matches!(error, ConnectError::CaBundle(_)) && error.to_string().contains("nowhere.pem"));
        }
        "profile" => {
            let error = Aws::connect(settings()).await.err().unwrap();
            let ConnectError::UnknownProfile { name, known } = &error else { panic!("{error}") };
            assert_eq!((name.as_str(), known.join(" ").as_str()), ("nope", "other prod"));
            assert_eq!(error.advice(), "Known profiles: other, prod.");
        }
        "live" => {
            let aws = connected().await;
            assert_eq!(aws.endpoint().kind, EndpointKind::Live);
            assert_eq!(aws.region().as_deref(), Some("eu-north-1"));
        }
        "one service" => {
            let kind = connected().await.endpoint().kind.clone();
            assert_eq!(kind, EndpointKind::Custom { host: "127.0.0.1:1".into(), loopback: false });
        }
        "reload" => {
            let file = std::env::var("AWS_SHARED_CREDENTIALS_FILE").unwrap();
            let aws = connected().await;
            assert_eq!(identity_of(&aws, &place()).await.unwrap_err().kind, ReadErrorKind::NoCredentials);
            std::fs::write(&file, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n").unwrap();
            aws.reload().await.unwrap();
            assert_eq!(identity_of(&aws, &place()).await.unwrap()["Account"], "1");
            std::fs::write(std::env::var("AWS_CONFIG_FILE").unwrap(), "[default]\n").unwrap();
            let error = aws.reload().await.unwrap_err();
            assert!(matches!(error, ConnectError::EndpointChanged(_)), "{error}");
            assert_eq!(identity_of(&aws, &place()).await.unwrap()["Account"], "1");
        }
        "no credentials" => assert_eq!(identity().await.unwrap_err().kind, ReadErrorKind::NoCredentials),
        "sso" => {
            let error = identity().await.unwrap_err();
            assert!(
                matches!(error.kind, ReadErrorKind::NoCredentials | ReadErrorKind::Expired),
                "{:?} {}",
                error.kind,
                error.message
            );
        }
        other => panic!("no case {other}"),
    }
}

/// Runs one case in a child that has these variables and no other AWS configuration.
fn run(case: &str, variables: &[(&str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["aws::environment::child", "--exact", "--nocapture"]).env_clear();
    child.env("CASE", case).env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    child.envs([("AWS_REGION", "eu-west-1")]);
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{case}: {text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{case} did not run: {text}");
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];

fn with_keys<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&KEYS[..], more].concat()
}

#[test]
fn a_proxy_is_used_and_no_proxy_is_heeded() {
    let proxy = Peer::start(|_, _| Reaction::Answer(200, IDENTITY.into()));
    let aws = ("AWS_ENDPOINT_URL", "http://sts.example.test");
    run("identity", &with_keys(&[aws, ("HTTP_PROXY", &proxy.url)]));
    let requests = proxy.requests();
    assert!(requests[0].line.starts_with("POST http://sts.example.test/"), "{}", requests[0].line);

    let direct = Peer::start(|_, _| Reaction::Answer(200, IDENTITY.into()));
    let here = ("AWS_ENDPOINT_URL", direct.url.as_str());
    run("identity", &with_keys(&[here, ("HTTP_PROXY", &proxy.url), ("NO_PROXY", "127.0.0.1")]));
    assert_eq!((proxy.requests().len(), direct.requests().len()), (1, 1));
}

#[test]
fn https_goes_through_a_proxy_by_connect() {
    let proxy = Peer::start(|_, _| Reaction::Answer(502, String::new()));
    run("distrust", &with_keys(&[("HTTPS_PROXY", &proxy.url)]));
    let line = &proxy.requests()[0].line;
    assert!(line.starts_with("CONNECT sts.eu-west-1.amazonaws.com:443"), "{line}");
}

#[test]
fn a_ca_bundle_is_trusted_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(python())
        .arg(root().join("tests/scripts/tls_server.py"))
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let endpoint = ("AWS_ENDPOINT_URL", url.trim());
    let bundle = folder.path().join("ca.pem");
    run("identity", &with_keys(&[endpoint, ("AWS_CA_BUNDLE", bundle.to_str().unwrap())]));
    run("distrust", &with_keys(&[endpoint]));
    drop(server.stdin.take());
    server.wait().unwrap();
    run("bundle", &with_keys(&[("AWS_CA_BUNDLE", "/nowhere.pem")]));
}

#[test]
fn profiles_and_endpoints_come_from_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = "[profile prod]\nregion = eu-north-1\nservices = s\n[services s]\n\
        rds =\n  endpoint_url = http://127.0.0.1:1\n\
        [profile other]\nregion = eu-north-1\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\n\
        [sso-session x]\nsso_region = eu-west-1\nsso_start_url = https://example.test/start\n";
    std::fs::write(&config, text).unwrap();
    let file = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    run("profile", &[file, ("AWS_PROFILE", "nope")]);
    run("one service", &[file, ("AWS_PROFILE", "prod")]);
    run("sso", &[file, ("AWS_PROFILE", "other")]);
    run("no credentials", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    run("live", &[file, ("AWS_PROFILE", "prod"), ignored, ("AWS_REGION", "eu-north-1")]);
}

#[test]
fn new_keys_are_taken_over_in_place_and_another_endpoint_is_not() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, IDENTITY.into()));
    let folder = tempfile::tempdir().unwrap();
    let (config, keys) = (folder.path().join("config"), folder.path().join("credentials"));
    std::fs::write(&config, format!("[default]\nendpoint_url = {}\n", peer.url)).unwrap();
    std::fs::write(&keys, "[default]\n").unwrap();
    let files = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap()),
    ];
    run("reload", &files);
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn a_profile_of_the_command_line_wins_over_keys_in_the_environment() {
    let peer = Peer::start(|_, _| Reaction::Answer(200, IDENTITY.into()));
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("credentials");
    std::fs::write(&keys, "[prod]\naws_access_key_id = ofprod\naws_secret_access_key = b\n").unwrap();
    let file = ("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap());
    let signed_by = |name: &str, key: &str| {
        run("identity", &with_keys(&[("AWS_ENDPOINT_URL", &peer.url), file, (name, "prod")]));
        let head = peer.requests().last().unwrap().head.clone();
        assert!(head.contains(&format!("credential={key}/")), "{name}: {head}");
    };
    signed_by("FLAG_PROFILE", "ofprod");
    // As the `aws` CLI has it: a profile that is only in the environment loses to keys beside it.
    signed_by("AWS_PROFILE", "a");
}
