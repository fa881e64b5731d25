//! Reboots, and the roles of an instance.

use serde_json::{Value, json};

use super::Step;
use crate::ids::Span;
use crate::world::rds::{Rds, needed};
use crate::world::{Moment, Refused};

impl Rds {
    /// Parameters that waited are live after it. An instance whose parameters are incompatible can be rebooted
    /// and deleted, nothing else (RDS user guide, "incompatible-parameters").
    pub(in crate::world::rds) fn reboot_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        if self.instances[at].status() != "incompatible-parameters" {
            self.must_be_available(at)?;
        }
        self.has_keys(&Value::Null, &self.instances[at].doc)?;
        let instance = &mut self.instances[at];
        instance.set("DBInstanceStatus", "rebooting");
        let answer = instance.document(moment.now);
        let key = format!("reboot/{}/{}", instance.resource(), moment.now);
        let lasts = moment.within(&key, Span::secs(40), Span::secs(150));
        self.plan(at, [(lasts, Step::Rebooted)], moment);
        Ok(json!({ "DBInstance": answer }))
    }

    pub(super) fn rebooted(&mut self, at: usize, moment: &Moment<'_>) {
        self.tell(at, "availability", "DB instance restarted", moment);
        let end = self.instances[at].ends.as_ref().and_then(|name| self.dead_ends.get(name)).cloned();
        if let Some(end) = end.filter(|end| end == "incompatible-parameters") {
            return self.instances[at].move_to(&end, moment);
        }
        let instance = &mut self.instances[at];
        let groups = instance.doc.get_mut("DBParameterGroups").and_then(Value::as_array_mut);
        for group in groups.into_iter().flatten() {
            group["ParameterApplyStatus"] = "in-sync".into();
        }
        let resource = instance.resource().to_owned();
        self.member_rebooted(&resource);
        self.available(at, moment);
    }

    pub(in crate::world::rds) fn add_role(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.must_be_available(at)?;
        let (role, feature) = (needed(parameters, "RoleArn")?, needed(parameters, "FeatureName")?);
        let instance = &mut self.instances[at];
        let mut roles =
            instance.doc.get("AssociatedRoles").and_then(Value::as_array).cloned().unwrap_or_default();
        if roles.iter().any(|r| r["FeatureName"] == feature) {
            let message =
                format!("The role for the feature {feature} is already associated with the DB instance.");
            return Err(Refused::new("DBInstanceRoleAlreadyExists", message));
        }
        roles.push(json!({"RoleArn": role, "FeatureName": feature, "Status": "ACTIVE"}));
        instance.set("AssociatedRoles", roles);
        Ok(json!({}))
    }
}
