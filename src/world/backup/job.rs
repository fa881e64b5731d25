//! Backup jobs: the calls that start, stop and show them.

use serde_json::{Map, Value, json};

use super::life::Step;
use super::source::{self, Kin};
use super::{Backup, Due, Reach, between, has, invalid, missing, needed, without};
use crate::ids::{At, Span};
use crate::world::given::map;
use crate::world::{Due as Happening, Moment, Refused, pages};

/// A job waits so long for its start where nothing is said, and at least (API reference, `StartWindowMinutes`).
const START_WINDOW: u64 = 8 * 60;
const LEAST_WINDOW: u64 = 60;
/// A backup is cancelled after so long where nothing is said: 7 days.
const COMPLETE_WINDOW: u64 = 7 * 24 * 60;
/// What is moved to cold storage stays there so many days at least (API reference, `Lifecycle`).
const COLD_DAYS: u64 = 90;

/// A backup job.
#[derive(Clone, Debug)]
pub struct Job {
    /// As `DescribeBackupJob` gives it.
    pub doc: Map<String, Value>,
    pub(super) start_by: At,
    pub(super) complete_by: At,
    /// As it was asked for.
    pub(super) lifecycle: Value,
}

/// How a job ends that does not end well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// `FAILED`, `PARTIAL`, or `COMPLETED` with issues.
    pub state: String,
    pub message: String,
    /// `MessageCategory`; a completed job whose category is not `SUCCESS` has issues.
    pub category: String,
}

impl Job {
    pub fn id(&self) -> &str {
        self.doc["BackupJobId"].as_str().unwrap_or_default()
    }

    pub fn state(&self) -> &str {
        self.doc["State"].as_str().unwrap_or_default()
    }

    pub fn resource(&self) -> &str {
        self.doc["ResourceArn"].as_str().unwrap_or_default()
    }

    pub(super) fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.doc.insert(member.to_owned(), value.into());
    }

    /// Whether it works on its resource.
    pub(super) fn works(&self) -> bool {
        matches!(self.state(), "PENDING" | "RUNNING" | "ABORTING")
    }
}

impl Backup {
    pub(super) fn start_job(
        &mut self,
        parameters: &Value,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let vault = self.vault(needed(parameters, "BackupVaultName")?)?.clone();
        let arn = needed(parameters, "ResourceArn")?;
        let role = needed(parameters, "IamRoleArn")?;
        let (kin, resource) = (Kin::of(arn)?, reach.document(arn)?);
        self.role_exists(role, moment)?;
        let windows = windows(parameters)?;
        check_lifecycle(&parameters["Lifecycle"])?;
        if let Some(id) = self.again("StartBackupJob", parameters, moment.now)? {
            return self.job(&id).map(answer);
        }
        let open = |j: &&Job| j.works() || j.state() == "CREATED";
        if self.jobs.iter().filter(open).count() >= self.jobs_at_a_time {
            return Err(Refused::new(
                "LimitExceededException",
                "A limit in the request has been exceeded: concurrent backup jobs",
            ));
        }
        let id = self.new_id("job", moment);
        let mut job = Job {
            doc: document(&id, &vault, parameters, kin, moment),
            start_by: moment.now.plus(windows.0),
            complete_by: moment.now.plus(windows.1),
            lifecycle: parameters["Lifecycle"].clone(),
        };
        job.set("BackupSizeInBytes", source::size(resource));
        job.set("StartBy", job.start_by.rfc3339());
        let answer = answer(&job);
        self.jobs.push(job);
        self.remember("StartBackupJob", parameters, &id, moment.now);
        // A job on demand stands in CREATED for minutes (`aws.md` §2).
        let pause = moment.within(&format!("backup-created/{id}"), Span::mins(1), Span::mins(4));
        moment.later(pause, Happening::Backup(Due::Job { id, step: Step::Try }));
        Ok(answer)
    }

    /// Jobs of RDS cannot be stopped (API reference, `StopBackupJob`).
    pub(super) fn stop_job(&mut self, parameters: &Value, moment: &mut Moment<'_>) -> Result<Value, Refused> {
        let id = needed(parameters, "BackupJobId")?.to_owned();
        let refuse = |message: String| Err(Refused::new("InvalidRequestException", message));
        let at = self.jobs.iter().position(|j| j.id() == id);
        let job = &mut self.jobs[at.ok_or_else(|| missing(&format!("Backup job {id}")))?];
        if job.doc["ResourceType"] != "DynamoDB" {
            return refuse(format!(
                "Stopping a backup job is not supported for {}.",
                job.doc["ResourceType"]
            ));
        }
        if !matches!(job.state(), "CREATED" | "PENDING" | "RUNNING") {
            return refuse(format!("Backup job {id} is in state {} and cannot be stopped.", job.state()));
        }
        job.set("State", "ABORTING");
        moment.later(Span::secs(20), Happening::Backup(Due::Job { id, step: Step::Abort }));
        Ok(json!({}))
    }

    pub(super) fn job(&self, id: &str) -> Result<&Job, Refused> {
        self.jobs.iter().find(|j| j.id() == id).ok_or_else(|| missing(&format!("Backup job {id}")))
    }

    pub(super) fn describe_job(&self, parameters: &Value) -> Result<Value, Refused> {
        Ok(Value::Object(self.job(needed(parameters, "BackupJobId")?)?.doc.clone()))
    }

    /// Newest first.
    pub(super) fn list_jobs(&self, parameters: &Value) -> Result<Value, Refused> {
        const BY: &[(&str, &str)] = &[
            ("ByResourceArn", "ResourceArn"),
            ("ByState", "State"),
            ("ByBackupVaultName", "BackupVaultName"),
            ("ByResourceType", "ResourceType"),
            ("ByMessageCategory", "MessageCategory"),
        ];
        let is_asked = |job: &&Job| {
            has(&job.doc, parameters, BY)
                && parameters["ByParentJobId"].is_null()
                && parameters["ByAccountId"].as_str().is_none_or(|a| a == "*" || job.doc["AccountId"] == a)
                && between(&job.doc, "CreationDate", parameters, ("ByCreatedAfter", "ByCreatedBefore"))
                && between(&job.doc, "CompletionDate", parameters, ("ByCompleteAfter", "ByCompleteBefore"))
        };
        let rows = self.jobs.iter().rev().filter(is_asked);
        let rows = rows.map(|j| without(&j.doc, &["NumberOfChildJobs", "ChildJobsInState"])).collect();
        pages::BACKUP.page("BackupJobs", rows, parameters)
    }
}

fn answer(job: &Job) -> Value {
    let mut answer = json!({
        "BackupJobId": job.doc["BackupJobId"],
        "CreationDate": job.doc["CreationDate"],
        "IsParent": false,
    });
    // Told at once only of resources with advanced features.
    if let Some(arn) = job.doc.get("RecoveryPointArn").filter(|_| job.doc["ResourceType"] == "DynamoDB") {
        answer["RecoveryPointArn"] = arn.clone();
    }
    answer
}

pub(super) fn document(
    id: &str,
    vault: &Map<String, Value>,
    parameters: &Value,
    kin: Kin,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let arn = parameters["ResourceArn"].as_str().unwrap_or_default();
    map(json!({
        "AccountId": moment.site.account,
        "BackupJobId": id,
        "BackupVaultName": vault["BackupVaultName"],
        "BackupVaultArn": vault["BackupVaultArn"],
        "VaultType": vault["VaultType"],
        "RecoveryPointLifecycle": lifecycle(&parameters["Lifecycle"]),
        "EncryptionKeyArn": vault["EncryptionKeyArn"],
        "IsEncrypted": true,
        "ResourceArn": arn,
        "CreationDate": moment.now.rfc3339(),
        "InitiationDate": moment.now.rfc3339(),
        "State": "CREATED",
        "PercentDone": "0.0",
        "IamRoleArn": parameters["IamRoleArn"],
        "ResourceType": kin.word(),
        "BackupOptions": if parameters["BackupOptions"].is_object() { &parameters["BackupOptions"] } else { &Value::Null },
        "BackupType": "SNAPSHOT",
        "IsParent": false,
        "NumberOfChildJobs": 0,
        "ChildJobsInState": {},
        "ResourceName": source::name(arn),
    }))
    .into_iter()
    .filter(|(_, v)| !v.is_null())
    .collect()
}

/// What is kept forever is told as an empty lifecycle.
pub(super) fn lifecycle(asked: &Value) -> Value {
    if asked.is_object() { asked.clone() } else { json!({}) }
}

fn windows(parameters: &Value) -> Result<(Span, Span), Refused> {
    let minutes = |name: &str, default: u64| match &parameters[name] {
        Value::Null => Ok(default),
        given => given.as_u64().ok_or_else(|| invalid(format!("{name} cannot be {given}"))),
    };
    let start = minutes("StartWindowMinutes", START_WINDOW)?;
    if start < LEAST_WINDOW {
        return Err(invalid(format!("StartWindowMinutes must be at least {LEAST_WINDOW}")));
    }
    let complete = minutes("CompleteWindowMinutes", COMPLETE_WINDOW.max(start + LEAST_WINDOW))?;
    if complete < start + LEAST_WINDOW {
        return Err(invalid(
            "CompleteWindowMinutes must be at least 60 minutes greater than StartWindowMinutes",
        ));
    }
    Ok((Span::mins(start), Span::mins(complete)))
}

fn check_lifecycle(lifecycle: &Value) -> Result<(), Refused> {
    let days = |name: &str| lifecycle[name].as_u64();
    match (days("MoveToColdStorageAfterDays"), days("DeleteAfterDays")) {
        (Some(cold), Some(delete)) if delete < cold + COLD_DAYS => Err(invalid(format!(
            "Invalid lifecycle. DeleteAfterDays must be at least {COLD_DAYS} days greater than MoveToColdStorageAfterDays"
        ))),
        (_, Some(0)) => Err(invalid("Invalid lifecycle. DeleteAfterDays must be at least 1")),
        _ => Ok(()),
    }
}
