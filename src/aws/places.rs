//! Clients per place: one set for reads, one for calls that change something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::guard::{Guard, Mode};
use super::input::At;
use super::inputs;
use super::tap::{Failure, NotSent, Raw, Tap};
use crate::catalogue::Operation;
use crate::ids::{At as Moment, Place};

/// What tells clients apart: region and role.
type Spot = (String, Option<String>);

/// All clients made so far.
pub(super) struct Places {
    mode: Mode,
    reads: SdkConfig,
    writes: SdkConfig,
    made: Mutex<BTreeMap<Spot, Arc<OnceCell<Arc<Clients>>>>>,
    /// The account these very clients were last proven to be of. Configuration that is loaded anew starts anew.
    proven: Mutex<BTreeMap<Spot, String>>,
}

pub(super) struct Clients {
    pub reads: Services,
    pub writes: Services,
}

pub(super) struct Services {
    rds: aws_sdk_rds::Client,
    ecs: aws_sdk_ecs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    sts: aws_sdk_sts::Client,
    scaling: aws_sdk_applicationautoscaling::Client,
    backup: aws_sdk_backup::Client,
    /// What the endpoint's clock said in the newest answer.
    date: Mutex<Option<Moment>>,
}

impl Places {
    pub fn new(mode: Mode, reads: SdkConfig, writes: SdkConfig) -> Places {
        Places { mode, reads, writes, made: Mutex::default(), proven: Mutex::default() }
    }

    pub fn region(&self) -> Option<&str> {
        self.reads.region().map(Region::as_ref)
    }

    /// A place without a region is in that of the configuration.
    fn spot(&self, place: &Place) -> Option<Spot> {
        let region = Some(place.region.as_str()).filter(|r| !r.is_empty()).or(self.region())?;
        Some((region.to_owned(), place.role_arn.clone()))
    }

    /// AWS named this account to the clients of the place.
    pub fn prove(&self, place: &Place, account: &str) {
        if let Some(spot) = self.spot(place) {
            self.proven.lock().unwrap_or_else(PoisonError::into_inner).insert(spot, account.to_owned());
        }
    }

    /// Whether these very clients were proven to be of the place's account.
    pub fn proves(&self, place: &Place) -> bool {
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        self.spot(place).and_then(|spot| proven.get(&spot)).is_some_and(|account| *account == place.account)
    }

    /// What the endpoint's clock said in the newest answer to a read at this place.
    pub fn date(&self, place: &Place) -> Option<Moment> {
        let spot = self.spot(place)?;
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = made.get(&spot)?.get()?;
        *clients.reads.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clients of a place.
    pub async fn clients(&self, place: &Place) -> Result<Arc<Clients>, Failure> {
        let Some(spot) = self.spot(place) else {
            let message = "no region: give --region, AWS_REGION or one in the profile".to_owned();
            return Err(Failure::NotSent { why: NotSent::NoRegion, message });
        };
        let cell = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(spot.clone()).or_default())
        };
        Ok(Arc::clone(cell.get_or_init(|| self.make(&spot)).await))
    }

    async fn make(&self, (region, role): &Spot) -> Arc<Clients> {
        let region = Region::new(region.clone());
        let mut reads = self.reads.to_builder().region(region.clone());
        let mut writes = self.writes.to_builder().region(region.clone());
        if let Some(role) = role {
            let provider = AssumeRoleProvider::builder(role).session_name("ripcord").region(region);
            let provider = provider.configure(&self.reads).build().await;
            let provider = SharedCredentialsProvider::new(provider);
            reads = reads.credentials_provider(provider.clone());
            writes = writes.credentials_provider(provider);
        }
        let services = |config: &SdkConfig| Services::new(self.mode, config);
        Arc::new(Clients { reads: services(&reads.build()), writes: services(&writes.build()) })
    }
}

impl Services {
    /// The one constructor of clients: none exists without its guard.
    fn new(mode: Mode, config: &SdkConfig) -> Services {
        use {aws_sdk_applicationautoscaling as scaling, aws_sdk_backup as backup};
        use {aws_sdk_dynamodb as dynamodb, aws_sdk_ecs as ecs, aws_sdk_rds as rds, aws_sdk_sts as sts};
        let guard = || Guard(mode);
        Services {
            rds: rds::Client::from_conf(rds::config::Builder::from(config).interceptor(guard()).build()),
            ecs: ecs::Client::from_conf(ecs::config::Builder::from(config).interceptor(guard()).build()),
            dynamodb: dynamodb::Client::from_conf(
                dynamodb::config::Builder::from(config).interceptor(guard()).build(),
            ),
            sts: sts::Client::from_conf(sts::config::Builder::from(config).interceptor(guard()).build()),
            scaling: scaling::Client::from_conf(
                scaling::config::Builder::from(config).interceptor(guard()).build(),
            ),
            backup: backup::Client::from_conf(
                backup::config::Builder::from(config).interceptor(guard()).build(),
            ),
            date: Mutex::default(),
        }
    }

    /// Sends one operation whose parameters have been checked.
    pub async fn call(&self, operation: &Operation, parameters: &Value) -> Result<Raw, Failure> {
        let (name, at, tap) = (operation.name, At::root(parameters), Tap::default());
        let result = match operation.service {
            "rds" => inputs::rds::send(&self.rds, name, &at, &tap).await,
            "ecs" => inputs::ecs::send(&self.ecs, name, &at, &tap).await,
            "dynamodb" => inputs::dynamodb::send(&self.dynamodb, name, &at, &tap).await,
            "sts" => inputs::sts::send(&self.sts, name, &at, &tap).await,
            "application-autoscaling" => inputs::scaling::send(&self.scaling, name, &at, &tap).await,
            "backup" => inputs::backup::send(&self.backup, name, &at, &tap).await,
            other => Err(Failure::not_listed(&format!("{other} {name}"))),
        };
        self.note_date(&result);
        result
    }

    /// An error tells the time as well as an answer: a signature may have been refused for it.
    fn note_date(&self, result: &Result<Raw, Failure>) {
        if let Ok(raw) | Err(Failure::Service { raw, .. }) = result
            && let Some(date) = raw.date
        {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
    }
}
