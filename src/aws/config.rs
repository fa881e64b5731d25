//! Configuration, all of it through `aws-config`: profile, region, endpoints, credentials.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::{AsyncSleep, Sleep};
use aws_smithy_http_client::tls::TlsContext;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::sdk_config::SharedTimeSource;
use aws_types::service_config::ServiceConfigKey;

use super::guard::Mode;
use super::net::{self, BadBundle, Pool, Way};
use super::tap::chain;

/// What the command line says; everything else is the user's AWS configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// That of `--profile`; `AWS_PROFILE` is left to the configuration.
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
    pub mode: Mode,
    pub credentials: Credentials,
}

/// Whose credentials are used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// Those of the user's AWS configuration.
    Configured,
    /// Made-up keys. Neither environment nor files are read: region and endpoint come from [`Settings`] alone,
    /// and nothing real can leak to a drill. `key` is the access key id, by which a drill cloud tells accounts
    /// apart; the secret is `drill`.
    Dummy { key: String },
}

/// Where calls go (DESIGN law 9).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub kind: EndpointKind,
    /// The addresses that are configured, one per service that has one; empty for AWS itself.
    pub urls: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EndpointKind {
    /// AWS hosts only.
    Live,
    /// Some service is told to talk to another host. `loopback` when all are, and none leaves this machine.
    Custom { host: String, loopback: bool },
}

/// Why no client could be made. Said in three parts.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the profile {name} is in neither the AWS config nor the credentials file")]
    UnknownProfile { name: String, known: Vec<String> },
    #[error("the AWS configuration cannot be read: {0}")]
    Configuration(String),
    #[error("the CA bundle cannot be used: {0}")]
    CaBundle(String),
    #[error("the endpoint {0} is not a URL with a host")]
    Endpoint(String),
    #[error("the endpoint of the configuration is now {}", if .0.is_empty() { "that of AWS" } else { .0 })]
    EndpointChanged(String),
}

impl ConnectError {
    /// What this means for the operator.
    pub fn means(&self) -> &'static str {
        match self {
            ConnectError::UnknownProfile { .. } => {
                "No credentials can be had under that name; nothing was sent."
            }
            ConnectError::Configuration(_) => "Credentials and region are not known; nothing was sent.",
            ConnectError::CaBundle(_) => "No TLS connection would be trusted; nothing was sent.",
            ConnectError::EndpointChanged(_) => {
                "A run stays at the endpoint it began with; nothing was sent."
            }
            ConnectError::Endpoint(_) => "It is not known where calls would go; nothing was sent.",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            ConnectError::UnknownProfile { known, .. } if known.is_empty() => {
                "Create it with `aws configure --profile NAME` or `aws configure sso`.".to_owned()
            }
            ConnectError::UnknownProfile { known, .. } => format!("Known profiles: {}.", known.join(", ")),
            ConnectError::Configuration(_) => {
                "Correct ~/.aws/config (or the file AWS_CONFIG_FILE names).".to_owned()
            }
            ConnectError::CaBundle(_) => {
                "Point AWS_CA_BUNDLE (or ca_bundle in the profile) at a PEM file, or unset it.".to_owned()
            }
            ConnectError::EndpointChanged(_) => {
                "Put the former endpoint back, or quit and resume there.".to_owned()
            }
            ConnectError::Endpoint(_) => {
                "Write it as https://host[:port] in --endpoint-url, AWS_ENDPOINT_URL* or the profile."
                    .to_owned()
            }
        }
    }
}

/// What was loaded: the shared configuration for reads, and the one for calls that change something.
pub(super) struct Loaded {
    pub reads: SdkConfig,
    pub writes: SdkConfig,
    pub endpoint: Endpoint,
}

/// The id of a service in `AWS_ENDPOINT_URL_<ID>` and in `[services]` sections.
const ENDPOINT_IDS: [&str; 6] = ["RDS", "ECS", "DynamoDB", "STS", "Application Auto Scaling", "Backup"];

pub(super) async fn load(settings: &Settings) -> Result<Loaded, ConnectError> {
    let ((reads, tls), way) = match &settings.credentials {
        Credentials::Dummy { key } => (dummy(settings, key)?, Way::Straight),
        Credentials::Configured => (configured(settings).await?, Way::Proxies),
    };
    let endpoint = endpoint(&reads, settings.endpoint_url.as_deref())?;
    let writes = writes(&reads, settings.mode, &tls, way);
    Ok(Loaded { reads, writes, endpoint })
}

async fn configured(settings: &Settings) -> Result<(SdkConfig, TlsContext), ConnectError> {
    let bundle = profile(settings).await?;
    let bundle = std::env::var_os("AWS_CA_BUNDLE").map(Into::into).or(bundle);
    let tls = trust(bundle)?;
    let mut loader = aws_config::defaults(behaviour())
        .http_client(net::client(settings.mode, &tls, Pool::Kept, Way::Proxies))
        .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS))
        .timeout_config(read_timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().build());
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    Ok((settings.profile.as_ref().map_or_else(|| config.clone(), |name| of_profile(&config, name)), tls))
}

/// A profile that is named on the command line wins over keys in the environment, as it does in the `aws` CLI;
/// one named by `AWS_PROFILE` does not.
fn of_profile(config: &SdkConfig, name: &str) -> SdkConfig {
    let mut provider = ProviderConfig::empty()
        .with_behavior_version(Some(behaviour()))
        .with_sleep_impl(TokioSleep)
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack());
    if let Some(client) = config.http_client() {
        provider = provider.with_http_client(client);
    }
    let profile = ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(name).build();
    let container = EcsCredentialsProvider::builder().configure(&provider).build();
    let machine = ImdsCredentialsProvider::builder().configure(&provider).build();
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", machine);
    config.to_builder().credentials_provider(SharedCredentialsProvider::new(chain)).build()
}

fn dummy(settings: &Settings, key: &str) -> Result<(SdkConfig, TlsContext), ConnectError> {
    let tls = trust(None)?;
    let keys = aws_credential_types::Credentials::new(key, "drill", None, None, "ripcord drill");
    let mut builder = SdkConfig::builder()
        .behavior_version(behaviour())
        .http_client(net::client(settings.mode, &tls, Pool::Kept, Way::Straight))
        .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS))
        .timeout_config(read_timeouts())
        // The loader of the configuration, which is not used here, would set these two.
        .time_source(SharedTimeSource::default())
        .sleep_impl(TokioSleep)
        .credentials_provider(SharedCredentialsProvider::new(keys));
    builder.set_region(settings.region.clone().map(Region::new));
    builder.set_endpoint_url(settings.endpoint_url.clone());
    Ok((builder.build(), tls))
}

#[derive(Debug)]
struct TokioSleep;

impl AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

/// A value, not `latest()`: an update of the SDK must not change how it behaves.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

const READ_ATTEMPTS: u32 = 3;

fn read_timeouts() -> TimeoutConfig {
    timeouts(Duration::from_secs(15), Duration::from_secs(45))
}

fn trust(bundle: Option<PathBuf>) -> Result<TlsContext, ConnectError> {
    let bundle = bundle.filter(|path| !path.as_os_str().is_empty());
    net::trust(bundle.as_deref()).map_err(|e: BadBundle| ConnectError::CaBundle(e.to_string()))
}

/// One attempt, one fresh connection, and a deadline (DESIGN law 2).
fn writes(reads: &SdkConfig, mode: Mode, tls: &TlsContext, way: Way) -> SdkConfig {
    let deadline = Duration::from_mins(1);
    let builder = reads.to_builder();
    builder
        .http_client(net::client(mode, tls, Pool::Fresh, way))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(deadline, deadline))
        .build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// The SDK takes an unknown profile for an empty one and fails at the first call; here it is an error at
/// once. Answers the profile's CA bundle.
#[expect(clippy::default_trait_access, reason = "the type lives in a crate that is not ours to name")]
async fn profile(settings: &Settings) -> Result<Option<PathBuf>, ConnectError> {
    let name =
        settings.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()).filter(|n| !n.is_empty());
    let wanted = name.clone().map(std::borrow::Cow::Owned);
    let set = aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), wanted).await;
    let set = set.map_err(|e| ConnectError::Configuration(chain(&e)))?;
    match name {
        Some(name) if set.get_profile(&name).is_none() => {
            let mut known: Vec<String> = set.profiles().map(str::to_owned).collect();
            known.sort();
            Err(ConnectError::UnknownProfile { name, known })
        }
        _ => Ok(set.get("ca_bundle").map(Into::into)),
    }
}

/// Which addresses the clients will use, asked the way they ask.
fn endpoint(config: &SdkConfig, flag: Option<&str>) -> Result<Endpoint, ConnectError> {
    let of = |id: &str| {
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let specific = key.build().ok().and_then(|key| config.service_config()?.load_config(key));
        flag.map(str::to_owned).or(specific).or_else(|| config.endpoint_url().map(str::to_owned))
    };
    let all: Vec<Option<String>> = ENDPOINT_IDS.into_iter().map(of).collect();
    let mut urls: Vec<String> = all.iter().flatten().cloned().collect();
    urls.dedup();
    let hosts: Vec<&str> = urls
        .iter()
        .map(|url| host(url).ok_or_else(|| ConnectError::Endpoint(url.clone())))
        .collect::<Result<_, _>>()?;
    let kind = match hosts.first() {
        None => EndpointKind::Live,
        Some(first) => EndpointKind::Custom {
            host: (*first).to_owned(),
            loopback: all.iter().all(Option::is_some) && hosts.iter().all(|h| is_loopback(h)),
        },
    };
    Ok(Endpoint { kind, urls })
}

/// The host and port of a URL.
fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(char::is_whitespace))
        .then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://127.0.0.1:5000", true),
            ("http://localhost/x", true),
            ("http://[::1]:80/", true),
            ("https://127.0.0.1.example.com", false),
            ("https://user:pw@127.0.0.1@evil.example", false),
            ("https://rds.eu-west-1.amazonaws.com", false),
        ] {
            assert_eq!(is_loopback(host(url).unwrap()), loopback, "{url}");
        }
    }

    #[test]
    fn an_address_without_scheme_or_host_is_refused() {
        for url in ["127.0.0.1:5000", "", "ftp://x", "http://", "http:///x", "http://a b"] {
            assert_eq!(host(url), None, "{url}");
        }
    }
}
