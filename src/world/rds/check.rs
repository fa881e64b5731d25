//! What a call must stand up to: names, groups, quotas, keys, capacity. Codes as in `aws.md` §1.

use serde_json::{Map, Value, json};

use super::{Rds, bare, number, of, text};
use crate::world::Refused;

/// A name that a store can have (API reference: 1 to 63 letters, digits and hyphens, a letter first).
pub(super) fn identifier(parameter: &str, name: &str) -> Result<String, Refused> {
    let most = if parameter == "DBSnapshotIdentifier" { 255 } else { 63 };
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.len() <= most
        && !name.ends_with('-')
        && !name.contains("--");
    if good {
        return Ok(name.to_ascii_lowercase());
    }
    let message = format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain \
         only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
    );
    Err(Refused::new("InvalidParameterValue", message))
}

impl Rds {
    /// The instance that bears a name now (or its ARN); names are the same in either case.
    pub(super) fn named(&self, name: &str) -> Result<usize, Refused> {
        let name = bare(name);
        let found = self.instances.iter().position(|i| !i.nameless && i.id().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Refused::not_found("DBInstanceNotFound", format!("DBInstance {name} not found.")))
    }

    /// A name for a new instance: nobody bears it, be it one that is just losing it.
    pub(super) fn free_name(&self, parameter: &str, name: &str) -> Result<String, Refused> {
        let name = identifier(parameter, name)?;
        if self.instances.iter().any(|i| i.id() == name) {
            return Err(Refused::new(
                "DBInstanceAlreadyExists",
                format!("DB instance {name} already exists"),
            ));
        }
        Ok(name)
    }

    pub(super) fn has_room(&self, storage: u64) -> Result<(), Refused> {
        if self.instances.len() as u64 >= self.quotas.instances {
            let message = "Request would result in exceeding the allotted quota for DB instances.";
            return Err(Refused::new("InstanceQuotaExceeded", message));
        }
        self.has_storage(storage)
    }

    pub(super) fn has_storage(&self, more: u64) -> Result<(), Refused> {
        if self.storage_used() + more > self.quotas.storage {
            let message = "Request would result in exceeding the allotted amount of storage.";
            return Err(Refused::new("StorageQuotaExceeded", message));
        }
        Ok(())
    }

    /// GiB of all instances that have storage of their own; the volume of a cluster does not count.
    pub(super) fn storage_used(&self) -> u64 {
        let own = self.instances.iter().filter(|i| i.doc.get("DBClusterIdentifier").is_none());
        own.map(|i| number(&i.doc, "AllocatedStorage")).sum()
    }

    /// Whether a document lies under a key that RDS cannot use.
    pub(super) fn is_locked(&self, doc: &Map<String, Value>) -> bool {
        let key = of(doc, "KmsKeyId");
        !key.is_empty() && self.kms_disabled.iter().any(|k| k == key)
    }

    /// The keys that a call uses: its own, else the source's.
    pub(super) fn has_keys(&self, parameters: &Value, source: &Map<String, Value>) -> Result<(), Refused> {
        let given =
            text(parameters, "KmsKeyId").is_some_and(|key| self.kms_disabled.iter().any(|k| k == key));
        if !given && !self.is_locked(source) {
            return Ok(());
        }
        let key = text(parameters, "KmsKeyId").filter(|_| given).unwrap_or(of(source, "KmsKeyId"));
        let message = format!(
            "The specified KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it."
        );
        Err(Refused::new("KMSKeyNotAccessibleFault", message))
    }

    pub(super) fn has_capacity(&self, class: &str) -> Result<(), Refused> {
        if !self.scarce.iter().any(|scarce| scarce == class) {
            return Ok(());
        }
        let message =
            format!("We currently do not have sufficient {class} capacity in the zones you requested.");
        Err(Refused::new("InsufficientDBInstanceCapacity", message))
    }

    /// The subnet group of a call, the default one where it names none, in a state that can be used.
    pub(super) fn subnet_group_of(&self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "DBSubnetGroupName").unwrap_or("default");
        let is = |g: &&Value| g["DBSubnetGroupName"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
        let missing = || {
            Refused::not_found(
                "DBSubnetGroupNotFoundFault",
                format!("DB subnet group '{name}' does not exist."),
            )
        };
        let group = self.subnet_groups.iter().find(is).cloned().ok_or_else(missing)?;
        usable(&group, parameters["MultiAZ"] == true)?;
        Ok(group)
    }

    /// Groups that a call names must be there and fit the engine, and its security groups must be in the VPC.
    pub(super) fn groups_exist(
        &self,
        parameters: &Value,
        family: &str,
        vpc: Option<&str>,
    ) -> Result<(), Refused> {
        if let Some(name) = text(parameters, "DBParameterGroupName") {
            fits(&self.parameter_groups, "DBParameterGroupName", name, family)?;
        }
        if let Some(name) = text(parameters, "DBClusterParameterGroupName") {
            fits(&self.cluster_parameter_groups, "DBClusterParameterGroupName", name, family)?;
        }
        let ids = parameters["VpcSecurityGroupIds"].as_array().into_iter().flatten();
        for id in ids.filter_map(Value::as_str) {
            self.is_in(id, vpc)?;
        }
        Ok(())
    }

    fn is_in(&self, id: &str, vpc: Option<&str>) -> Result<(), Refused> {
        let Some((_, of)) = self.security_groups.iter().find(|(group, _)| group == id) else {
            let message = format!("Invalid security group , groupId= {id}, groupName=.");
            return Err(Refused::new("InvalidParameterValue", message));
        };
        if vpc.is_none_or(|vpc| vpc == of) {
            return Ok(());
        }
        let message = "The DB instance and EC2 security group are in different VPCs.";
        Err(Refused::new("InvalidParameterCombination", message))
    }

    /// The default security group of a VPC, as a new store gets it.
    pub(super) fn default_security_group(&self, vpc: &Value) -> Value {
        let default =
            self.security_groups.iter().find(|(id, of)| *vpc == of.as_str() && id.contains("default"));
        let id = default.map_or("sg-default", |(id, _)| id.as_str());
        super::settings::security_groups(&json!([id]))
    }
}

/// A parameter group must be there, unless it is a default one, and of the family of the engine.
fn fits(groups: &[Value], member: &str, name: &str, family: &str) -> Result<(), Refused> {
    let found = groups.iter().find(|g| g[member].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)));
    let Some(group) = found else {
        if name.starts_with("default.") {
            return Ok(());
        }
        let code = format!("{}NotFound", member.trim_end_matches("Name"));
        return Err(Refused::not_found(
            &code,
            format!("{} not found: {name}", member.trim_end_matches("Name")),
        ));
    };
    match group["DBParameterGroupFamily"].as_str() {
        Some(its) if its != family => {
            let message = format!(
                "The Parameter Group {name} with DBParameterGroupFamily {its} cannot be used for this instance. \
                 Please use a Parameter Group with DBParameterGroupFamily {family}"
            );
            Err(Refused::new("InvalidParameterCombination", message))
        }
        _ => Ok(()),
    }
}

/// A group whose subnets are there, are whole, and lie in zones enough.
fn usable(group: &Value, in_two_zones: bool) -> Result<(), Refused> {
    let name = group["DBSubnetGroupName"].as_str().unwrap_or_default();
    if group["SubnetGroupStatus"].as_str().is_some_and(|status| status != "Complete") {
        let message = format!("DB subnet group {name} does not cover all Availability Zones any more.");
        return Err(Refused::new("InvalidVPCNetworkStateFault", message));
    }
    let subnets = || group["Subnets"].as_array().into_iter().flatten();
    if let Some(gone) =
        subnets().find(|s| s["SubnetStatus"].as_str().is_some_and(|status| status != "Active"))
    {
        let message = format!("The requested subnet {} is invalid.", gone["SubnetIdentifier"]);
        return Err(Refused::new("InvalidSubnet", message));
    }
    let mut zones: Vec<&str> =
        subnets().filter_map(|s| s["SubnetAvailabilityZone"]["Name"].as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    if in_two_zones && zones.len() == 1 {
        let message = format!("DB subnet group {name} should cover at least two Availability Zones.");
        return Err(Refused::new("DBSubnetGroupDoesNotCoverEnoughAZs", message));
    }
    if group["VpcId"].is_null() {
        let message = "Cannot restore from VPC backup to non-VPC DB instance.";
        return Err(Refused::new("InvalidRestoreFault", message));
    }
    Ok(())
}
