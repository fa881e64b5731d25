//! Operations that moto does not know: answered as AWS would for an account with room.

use super::call::Call;
use super::wire::Answer;
use super::xml::Xml;
use super::{Cx, Script};

/// Answers `DescribeAccountAttributes` and `DescribePendingMaintenanceActions`.
pub struct Unsupported {
    /// DB instances in use and allowed.
    pub instances: (u32, u32),
    /// Storage in use and allowed, in GiB; `None` lists no such quota.
    pub storage: Option<(u32, u32)>,
    /// Maintenance waiting, such as `system-update`.
    pub maintenance: Vec<&'static str>,
}

impl Default for Unsupported {
    fn default() -> Unsupported {
        Unsupported { instances: (1, 40), storage: Some((100, 100_000)), maintenance: Vec::new() }
    }
}

impl Script for Unsupported {
    fn request(&mut self, call: &Call, _cx: &mut Cx) -> Option<Answer> {
        match call.operation.as_str() {
            "DescribeAccountAttributes" if call.service == "rds" => Some(self.quotas(call)),
            "DescribePendingMaintenanceActions" => Some(self.actions(call)),
            _ => None,
        }
    }
}

impl Unsupported {
    fn quotas(&self, call: &Call) -> Answer {
        let quota = |name: &str, used: u32, max: u32| {
            let fields = vec![
                Xml::leaf("AccountQuotaName", name),
                Xml::leaf("Used", &used.to_string()),
                Xml::leaf("Max", &max.to_string()),
            ];
            Xml::node("AccountQuota", fields)
        };
        let instances = quota("DBInstances", self.instances.0, self.instances.1);
        let storage = self.storage.map(|(used, max)| quota("AllocatedStorage", used, max));
        let quotas = [instances, quota("ManualSnapshots", 2, 100)].into_iter().chain(storage).collect();
        call.success_xml(vec![Xml::node("AccountQuotas", quotas)])
    }

    fn actions(&self, call: &Call) -> Answer {
        let action = |name: &&str| Xml::node("PendingMaintenanceAction", vec![Xml::leaf("Action", name)]);
        let details =
            Xml::node("PendingMaintenanceActionDetails", self.maintenance.iter().map(action).collect());
        let resource = Xml::leaf("ResourceIdentifier", call.text("ResourceIdentifier").unwrap_or_default());
        let one = Xml::node("ResourcePendingMaintenanceActions", vec![resource, details]);
        let list = if self.maintenance.is_empty() { Vec::new() } else { vec![one] };
        call.success_xml(vec![Xml::node("PendingMaintenanceActions", list)])
    }
}
