//! Restore jobs: `PENDING` → `RUNNING` → `COMPLETED` with what was made, or `FAILED` with why.

use serde_json::{Map, Value, json};

use super::{Backup, Due, Reach, between, has, invalid, missing, needed, source};
use crate::ids::Span;
use crate::world::given::map;
use crate::world::{Due as Happening, Moment, Refused, pages};

/// How often a job looks whether what it makes is there.
const LOOK: Span = Span::secs(30);
/// What AWS expects of a restore, in minutes.
const EXPECTED: u64 = 45;

/// A restore job.
#[derive(Clone, Debug)]
pub struct RestoreJob {
    /// As `DescribeRestoreJob` gives it.
    pub doc: Map<String, Value>,
    metadata: Value,
    /// What it makes; told when it is there.
    making: Option<String>,
}

impl RestoreJob {
    pub fn id(&self) -> &str {
        self.doc["RestoreJobId"].as_str().unwrap_or_default()
    }

    fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.doc.insert(member.to_owned(), value.into());
    }

    fn finish(&mut self, status: &str, message: &str, moment: &Moment<'_>) {
        self.set("Status", status);
        self.set("CompletionDate", moment.now.rfc3339());
        if !message.is_empty() {
            self.set("StatusMessage", message);
        }
    }
}

impl Backup {
    pub(super) fn start_restore(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let point = self.point(needed(parameters, "RecoveryPointArn")?)?.clone();
        source::check_metadata(point.kin(), &parameters["Metadata"])?;
        if let Some(kind) = parameters["ResourceType"].as_str().filter(|k| *k != point.kin().word()) {
            return Err(invalid(format!("Resource type {kind} does not match the recovery point")));
        }
        if !matches!(point.status(), "COMPLETED" | "AVAILABLE" | "PARTIAL") {
            let message = format!("Recovery point is in state {} and cannot be restored.", point.status());
            return Err(Refused::new("InvalidRequestException", message));
        }
        if let Some(role) = parameters["IamRoleArn"].as_str() {
            self.role_exists(role, moment)?;
        }
        if let Some(id) = self.again("StartRestoreJob", parameters, moment.now)? {
            return Ok(json!({ "RestoreJobId": id }));
        }
        let id = self.new_id("restore", moment);
        self.restores.push(RestoreJob {
            doc: document(&id, &point.doc, parameters, moment),
            metadata: parameters["Metadata"].clone(),
            making: None,
        });
        self.remember("StartRestoreJob", parameters, &id, moment.now);
        let pause = moment.within(&format!("restore-pending/{id}"), Span::secs(20), Span::secs(90));
        moment.later(pause, Happening::Backup(Due::Restore { id: id.clone() }));
        Ok(json!({ "RestoreJobId": id }))
    }

    pub(super) fn restore_step(&mut self, id: &str, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let Some(at) = self.restores.iter().position(|r| r.id() == id) else { return };
        let status = self.restores[at].doc["Status"].clone();
        match status.as_str() {
            Some("PENDING") => self.begin_restore(at, reach, moment),
            Some("RUNNING") => self.look_at_restore(at, reach, moment),
            _ => return,
        }
        if self.restores[at].doc["Status"] == "RUNNING" {
            moment.later(LOOK, Happening::Backup(Due::Restore { id: id.to_owned() }));
        }
    }

    fn begin_restore(&mut self, at: usize, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let job = &self.restores[at];
        let arn = job.doc["RecoveryPointArn"].as_str().unwrap_or_default().to_owned();
        let metadata = job.metadata.clone();
        let made = match self.point(&arn) {
            Ok(point) => reach.restore((&arn, &point.content), &metadata, moment),
            Err(gone) => Err(gone),
        };
        let job = &mut self.restores[at];
        match made {
            Ok(arn) => {
                job.set("Status", "RUNNING");
                job.making = Some(arn);
            }
            Err(refused) => job.finish("FAILED", &refused.message, moment),
        }
    }

    fn look_at_restore(&mut self, at: usize, reach: &Reach<'_>, moment: &mut Moment<'_>) {
        let job = &mut self.restores[at];
        let arn = job.making.clone().unwrap_or_default();
        let status = reach.status(&arn);
        match status {
            None | Some("deleting" | "DELETING") => {
                job.finish("FAILED", "The restored resource was deleted before it was available.", moment);
            }
            Some("available" | "ACTIVE") => {
                job.set("CreatedResourceArn", arn);
                job.set("PercentDone", "100.0");
                job.finish("COMPLETED", "", moment);
                let point = job.doc["RecoveryPointArn"].clone();
                if let Some(point) = self.points.iter_mut().find(|p| point == p.arn()) {
                    point.doc.insert("LastRestoreTime".into(), moment.now.rfc3339().into());
                }
            }
            Some(dead) if dead == "failed" || dead.starts_with("incompatible") || dead == "restore-error" => {
                let message = format!("The restored resource is in state {dead}.");
                job.finish("FAILED", &message, moment);
            }
            Some(_) => job.set("PercentDone", "50.0"),
        }
    }

    fn restore_job(&self, id: &str) -> Result<&RestoreJob, Refused> {
        self.restores.iter().find(|r| r.id() == id).ok_or_else(|| missing(&format!("Restore job {id}")))
    }

    pub(super) fn describe_restore(&self, parameters: &Value) -> Result<Value, Refused> {
        Ok(Value::Object(self.restore_job(needed(parameters, "RestoreJobId")?)?.doc.clone()))
    }

    /// Newest first.
    pub(super) fn list_restores(&self, parameters: &Value) -> Result<Value, Refused> {
        const BY: &[(&str, &str)] =
            &[("ByAccountId", "AccountId"), ("ByResourceType", "ResourceType"), ("ByStatus", "Status")];
        let is_asked = |r: &&RestoreJob| {
            has(&r.doc, parameters, BY)
                && parameters["ByParentJobId"].is_null()
                && parameters["ByRestoreTestingPlanArn"].is_null()
                && between(&r.doc, "CreationDate", parameters, ("ByCreatedAfter", "ByCreatedBefore"))
                && between(&r.doc, "CompletionDate", parameters, ("ByCompleteAfter", "ByCompleteBefore"))
        };
        let rows = self.restores.iter().rev().filter(is_asked).map(|r| Value::Object(r.doc.clone()));
        pages::BACKUP.page("RestoreJobs", rows.collect(), parameters)
    }
}

fn document(
    id: &str,
    point: &Map<String, Value>,
    parameters: &Value,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    map(json!({
        "AccountId": moment.site.account,
        "RestoreJobId": id,
        "RecoveryPointArn": point["RecoveryPointArn"],
        "SourceResourceArn": point["ResourceArn"],
        "BackupVaultArn": point["BackupVaultArn"],
        "CreationDate": moment.now.rfc3339(),
        "Status": "PENDING",
        "PercentDone": "0.0",
        "BackupSizeInBytes": point["BackupSizeInBytes"],
        "IamRoleArn": parameters["IamRoleArn"].as_str().map_or(point["IamRoleArn"].clone(), Value::from),
        "ExpectedCompletionTimeMinutes": EXPECTED,
        "ResourceType": point["ResourceType"],
        "RecoveryPointCreationDate": point["CreationDate"],
        "IsParent": false,
    }))
}
