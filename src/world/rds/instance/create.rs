//! New instances: members of a cluster, and such that stand alone.

use serde_json::{Map, Value, json};

use super::base::{keep, zone_of};
use super::{Instance, Step, base, settle};
use crate::ids::Span;
use crate::world::rds::settings::{self, Kind};
use crate::world::rds::{Rds, engine, needed, number, of, text};
use crate::world::{Data, Moment, Refused};

/// Members of a cluster that its instances show too.
const OF_CLUSTER: &[&str] = &[
    "Engine",
    "EngineVersion",
    "MasterUsername",
    "VpcSecurityGroups",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "StorageEncrypted",
    "KmsKeyId",
    "IAMDatabaseAuthenticationEnabled",
    "EnabledCloudwatchLogsExports",
    "DatabaseInsightsMode",
    "EngineLifecycleSupport",
    "NetworkType",
];

impl Rds {
    pub(in crate::world::rds) fn create_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = self.free_name("DBInstanceIdentifier", needed(parameters, "DBInstanceIdentifier")?)?;
        let class = needed(parameters, "DBInstanceClass")?;
        let cluster = text(parameters, "DBClusterIdentifier")
            .map(|name| self.cluster_for(name, parameters))
            .transpose()?;
        let storage =
            if cluster.is_some() { 0 } else { parameters["AllocatedStorage"].as_u64().unwrap_or(20) };
        self.has_room(storage)?;
        self.has_capacity(class)?;
        let doc = match cluster {
            Some(at) => self.member_doc(at, &id, parameters, moment)?,
            None => self.lone_doc(&id, parameters, moment)?,
        };
        let instance = Instance::new(doc, Data::default());
        let (resource, answer) = (instance.resource().to_owned(), instance.document(moment.now));
        let steps = creation(&instance, cluster.is_some(), moment);
        self.instances.push(instance);
        if let Some(at) = cluster {
            self.clusters[at].admit(&resource);
        }
        let at = self.instances.len() - 1;
        self.tell(at, "creation", "DB instance created", moment);
        self.plan(at, steps, moment);
        Ok(json!({ "DBInstance": answer }))
    }

    /// The cluster that a new member is for, when it can have one.
    fn cluster_for(&self, name: &str, parameters: &Value) -> Result<usize, Refused> {
        let at = self.named_cluster(name)?;
        let cluster = &self.clusters[at];
        let refused = |message: String| Err(Refused::new("InvalidDBClusterStateFault", message));
        if cluster.status() != "available" {
            return refused(format!("DB cluster {name} is not in the available state: {}", cluster.status()));
        }
        if cluster.is_serverless() {
            let message = "Instances cannot be added to Aurora Serverless clusters.";
            return Err(Refused::new("InvalidParameterValue", message));
        }
        let scales = cluster.doc.get("ServerlessV2ScalingConfiguration").is_some();
        if text(parameters, "DBInstanceClass") == Some("db.serverless") && !scales {
            return refused(
                "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance."
                    .to_owned(),
            );
        }
        let (wants, has) = (needed(parameters, "Engine")?, of(&cluster.doc, "Engine"));
        if wants == has {
            return Ok(at);
        }
        let message = format!(
            "The engine name requested ({wants}) doesn't match the engine name of the cluster ({has})."
        );
        Err(Refused::new("InvalidParameterCombination", message))
    }

    pub(in crate::world::rds) fn member_doc(
        &mut self,
        at: usize,
        id: &str,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Map<String, Value>, Refused> {
        let cluster = self.clusters[at].doc.clone();
        let name = of(&cluster, "DBSubnetGroup");
        let group = self.subnet_groups.iter().find(|g| g["DBSubnetGroupName"] == name).cloned();
        let group = group.unwrap_or_else(|| json!({ "DBSubnetGroupName": name }));
        let family = engine::family(of(&cluster, "Engine"), of(&cluster, "EngineVersion"));
        self.groups_exist(parameters, &family, group["VpcId"].as_str())?;
        let nth = self.clusters[at].members.len();
        let resource = self.resource_id("db", moment);
        let mut doc = base(id, &resource, group, moment);
        for name in OF_CLUSTER {
            if let Some(value) = cluster.get(*name) {
                doc.insert((*name).to_owned(), value.clone());
            }
        }
        doc.insert("DBClusterIdentifier".into(), of(&cluster, "DBClusterIdentifier").into());
        doc.insert("AvailabilityZone".into(), zone_of(&doc["DBSubnetGroup"].clone(), nth % 3, moment).into());
        doc.insert("DbInstancePort".into(), number(&cluster, "Port").into());
        doc.insert("StorageType".into(), "aurora".into());
        doc.insert("AllocatedStorage".into(), 1.into());
        doc.insert("PromotionTier".into(), 1.into());
        let mut given = settings::of_call(Kind::Instance, &doc, parameters, "in-sync", moment);
        given.retain(|name, _| !OF_CLUSTER.contains(&name.as_str()) || name == "VpcSecurityGroups");
        doc.extend(given);
        settle(&mut doc, moment);
        Ok(doc)
    }

    fn lone_doc(
        &mut self,
        id: &str,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Map<String, Value>, Refused> {
        self.has_keys(parameters, &Map::new())?;
        let engine = needed(parameters, "Engine")?;
        let group = self.subnet_group_of(parameters)?;
        let version =
            text(parameters, "EngineVersion").map_or_else(|| self.default_version(engine), str::to_owned);
        self.groups_exist(parameters, &engine::family(engine, &version), group["VpcId"].as_str())?;
        let vpc = group["VpcId"].clone();
        let resource = self.resource_id("db", moment);
        let mut doc = base(id, &resource, group, moment);
        doc.insert("EngineVersion".into(), version.into());
        doc.extend(settings::of_call(Kind::Instance, &doc, parameters, "in-sync", moment));
        doc.remove("MasterUserPassword");
        keep(&mut doc, "VpcSecurityGroups", || self.default_security_group(&vpc));
        settle(&mut doc, moment);
        Ok(doc)
    }

    /// The version of an engine that a call which names none gets.
    pub(in crate::world::rds) fn default_version(&self, engine: &str) -> String {
        let usual = || engine::default_version(engine).to_owned();
        self.default_versions.get(engine).cloned().unwrap_or_else(usual)
    }
}

/// 5 to 15 minutes (`aws.md` §2, Aurora); a stand-alone one is backed up first.
fn creation(instance: &Instance, member: bool, moment: &Moment<'_>) -> Vec<(Span, Step)> {
    let within = |what: &str, low: u64, high: u64| {
        moment.within(&format!("create/{what}/{}", instance.resource()), Span::secs(low), Span::secs(high))
    };
    if !member {
        return vec![
            (within("creating", 240, 720), Step::status("backing-up")),
            (within("backing-up", 60, 180), Step::BackedUp),
            (Span::secs(1), Step::Available),
        ];
    }
    let mut steps = Vec::new();
    if number(&instance.doc, "MonitoringInterval") > 0 {
        steps.push((within("creating", 240, 780), Step::status("configuring-enhanced-monitoring")));
        steps.push((within("configuring", 30, 90), Step::Available));
    } else {
        steps.push((within("creating", 270, 870), Step::Available));
    }
    steps
}
