//! A pretend AWS account with the flagship's world in it, and ripcord to run against it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::moto::{DUMMY, Moto, REGION, Seed, aws_cli, dummy_credentials, try_aws_cli};
use crate::proxy::aws_backup::AwsBackup;
use crate::proxy::ecs::{self, Ecs};
use crate::proxy::rds::{self, Rds};
use crate::proxy::unsupported::Unsupported;
use crate::proxy::xml::Xml;
use crate::proxy::{Proxy, Script, Upstream};

/// One account of the shared moto, a proxy that plays AWS's real behaviour in front of it, and a state directory.
pub struct World {
    pub seed: Seed,
    pub proxy: Proxy,
    state: TempDir,
}

/// How this world behaves. The default is AWS with short stages.
#[derive(Default)]
pub struct Options {
    pub rds: rds::Timing,
    pub ecs: ecs::Timing,
    /// Families of tasks that belong to no service.
    pub standalone: Vec<&'static str>,
    /// Answers what moto does not know; `None` leaves those operations unsupported (500).
    pub unsupported: Option<Unsupported>,
    /// Scripts asked before the ones above.
    pub scripts: Vec<Box<dyn Script>>,
}

impl World {
    /// A world that answers everything.
    pub fn start() -> World {
        World::with(Options { unsupported: Some(Unsupported::default()), ..Options::default() })
    }

    pub fn with(options: Options) -> World {
        let moto = Moto::shared();
        let seed = moto.take_world();
        let mut scripts = options.scripts;
        scripts.push(Box::new(Rds::new(options.rds)));
        scripts.push(Box::new(Ecs::new(&seed.account, &seed.cluster, options.ecs, &options.standalone)));
        scripts.push(Box::new(AwsBackup { stands_in: seed.snapshots[0].clone() }));
        if let Some(unsupported) = options.unsupported {
            scripts.push(Box::new(unsupported));
        }
        let proxy = Proxy::start(moto.url(), &seed.account, scripts);
        World { seed, proxy, state: TempDir::new().expect("a temporary directory") }
    }

    /// Where ripcord and the `aws` CLI find this world.
    pub fn url(&self) -> &str {
        self.proxy.url()
    }

    /// The directory ripcord keeps its runs in.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// Everything ripcord needs from the environment, for processes that are started some other way.
    pub fn env(&self) -> Vec<(String, String)> {
        let own = [
            ("AWS_ENDPOINT_URL", self.url()),
            ("RIPCORD_STATE_DIR", self.state_dir().to_str().expect("a path that is text")),
        ];
        DUMMY.iter().chain(&own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// ripcord, ready to be started on this world, without a terminal.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        dummy_credentials(&mut command);
        command.args(args).envs(self.env()).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
        command
    }

    /// Runs ripcord to its end.
    pub fn ripcord(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("ripcord starts")
    }

    /// The real `aws` CLI on this world, through the proxy.
    pub fn aws(&self, args: &[&str]) -> Value {
        aws_cli(self.url(), args)
    }

    pub fn try_aws(&self, args: &[&str]) -> Result<Value, String> {
        try_aws_cli(self.url(), args)
    }

    /// A call of RDS through the proxy without the CLI, which takes half a second to start; `None` when refused.
    pub fn rds(&self, operation: &str, parameters: &Value) -> Option<Xml> {
        Upstream::new(self.url(), &self.seed.account).query(operation, parameters)
    }

    /// The same for ECS.
    pub fn ecs(&self, operation: &str, parameters: &Value) -> Option<Value> {
        Upstream::new(self.url(), &self.seed.account).json("ecs", operation, parameters)
    }

    /// A proxy without scripts: what moto itself holds for this account.
    pub fn bare(&self) -> Proxy {
        Proxy::start(Moto::shared().url(), &self.seed.account, Vec::new())
    }
}

#[test]
fn a_world_holds_what_the_flagship_needs() {
    let world = World::start();
    let identity = world.aws(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Account"], world.seed.account.as_str());
    assert_eq!(world.seed.region, REGION);

    let services = world.aws(&[
        "ecs",
        "describe-services",
        "--cluster",
        &world.seed.cluster,
        "--services",
        "api",
        "worker",
    ]);
    for (index, (name, count)) in world.seed.services.iter().enumerate() {
        assert_eq!(services["services"][index]["serviceName"], name.as_str());
        assert_eq!(services["services"][index]["runningCount"], *count);
    }

    let instances = world.aws(&["rds", "describe-db-instances"]);
    let db = &instances["DBInstances"][0];
    assert_eq!(db["DBInstanceIdentifier"], world.seed.db.as_str());
    assert_eq!(db["DbiResourceId"], world.seed.resource_id.as_str());
    assert_eq!(db["DBParameterGroups"][0]["DBParameterGroupName"], world.seed.parameter_group.as_str());
    assert_eq!(db["DBSubnetGroup"]["DBSubnetGroupName"], world.seed.subnet_group.as_str());
    assert_eq!(db["VpcSecurityGroups"].as_array().unwrap().len(), world.seed.security_groups.len());
    assert_eq!(db["PendingModifiedValues"], serde_json::json!({}));

    let snapshots = world.aws(&["rds", "describe-db-snapshots", "--snapshot-type", "manual"]);
    let time_of = |id: &str| {
        let list = snapshots["DBSnapshots"].as_array().unwrap();
        let found = list.iter().find(|snapshot| snapshot["DBSnapshotIdentifier"] == id).unwrap();
        found["SnapshotCreateTime"].as_str().unwrap().to_owned()
    };
    assert!(time_of(&world.seed.snapshots[0]) < world.seed.incident_time);
    assert!(time_of(&world.seed.snapshots[1]) > world.seed.incident_time);

    let quota = world.aws(&["rds", "describe-account-attributes"]);
    assert_eq!(quota["AccountQuotas"][0]["AccountQuotaName"], "DBInstances");
    assert!(world.proxy.mutations().is_empty());
}

#[test]
fn two_worlds_do_not_see_each_other() {
    let (one, other) = (World::start(), World::start());
    assert_ne!(one.seed.account, other.seed.account);
    one.aws(&[
        "rds",
        "create-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "mine",
    ]);
    let find = ["rds", "describe-db-snapshots", "--db-snapshot-identifier", "mine"];
    assert_eq!(one.aws(&find)["DBSnapshots"][0]["DBSnapshotIdentifier"], "mine");
    assert!(other.try_aws(&find).unwrap_err().contains("DBSnapshotNotFound"));
}

#[test]
fn ripcord_runs_in_a_world() {
    let world = World::start();
    let output = world.ripcord(&["--help"]);
    assert!(output.status.code().is_some(), "ended by a signal: {output:?}");
}
