//! The starting world of AWS Backup, from descriptions: members that are given win, the rest is filled in.

use serde_json::{Map, Value, json};

use super::job::Job;
use super::point::Point;
use super::source::Kin;
use super::{Backup, Ending, Plan, Reach};
use crate::ids::{At, Span};
use crate::world::given::{Given, Misplaced, map};
use crate::world::{Moment, Services};

const VAULT: &[&str] = &[
    "BackupVaultName",
    "VaultType",
    "VaultState",
    "EncryptionKeyArn",
    "EncryptionKeyType",
    "CreationDate",
    "CreatorRequestId",
    "Locked",
    "MinRetentionDays",
    "MaxRetentionDays",
    "LockDate",
];
const PLAN: &[&str] = &[
    "BackupPlanName",
    "BackupPlanId",
    "VersionId",
    "CreationDate",
    "LastExecutionDate",
    "Rules",
    "AdvancedBackupSettings",
    "selections",
];
const SELECTION: &[&str] =
    &["SelectionName", "SelectionId", "IamRoleArn", "Resources", "ListOfTags", "NotResources", "Conditions"];
const POINT: &[&str] = &[
    "ResourceArn",
    "BackupVaultName",
    "name",
    "CreationDate",
    "Status",
    "StatusMessage",
    "Lifecycle",
    "IamRoleArn",
    "CreatedBy",
    "BackupSizeInBytes",
    "restore_metadata",
];
const ENDING: &[&str] = &["ResourceArn", "State", "StatusMessage", "MessageCategory"];

impl Backup {
    /// A vault, by `BackupVaultName`.
    ///
    /// # Errors
    /// An unknown member, or a second vault of the name.
    pub fn place_vault(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let given = Given::new(("backup vault", "BackupVaultName"), description, None, VAULT)?;
        let name = given.needed("BackupVaultName")?;
        if self.vault(name).is_ok() {
            return Err(given.refuse("is there already"));
        }
        let defaults = map(json!({
            "BackupVaultName": name,
            "BackupVaultArn": moment.arn("backup", &format!("backup-vault:{name}")),
            "VaultType": "BACKUP_VAULT",
            "VaultState": "AVAILABLE",
            "EncryptionKeyArn": moment.arn("kms", &format!("key/{}", moment.uuid("backup-key"))),
            "CreationDate": moment.now.rfc3339(),
            "CreatorRequestId": moment.uuid(&format!("vault/{name}")),
            "Locked": false,
            "EncryptionKeyType": "AWS_OWNED_KMS_KEY",
        }));
        self.vaults.push(given.over(defaults, &[]));
        Ok(())
    }

    /// A role that the service can assume, by its `RoleArn`.
    ///
    /// # Errors
    /// An unknown member.
    pub fn place_role(&mut self, description: &Value, moment: &Moment<'_>) -> Result<(), Misplaced> {
        let given = Given::new(("backup role", "RoleArn"), description, None, &["RoleArn"])?;
        let role = given.needed("RoleArn")?;
        let own = format!("arn:aws:iam::{}:role/{role}", moment.site.account);
        self.roles.push(if role.starts_with("arn:") { role.to_owned() } else { own });
        Ok(())
    }

    /// A plan, by `BackupPlanName`, with its `Rules` and its `selections` (members of `BackupSelection`).
    ///
    /// # Errors
    /// An unknown member.
    pub fn place_plan(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let given = Given::new(("backup plan", "BackupPlanName"), description, None, PLAN)?;
        let name = given.needed("BackupPlanName")?;
        let uuid = |what: &str| moment.uuid(&format!("plan/{name}/{what}"));
        let id = given.text("BackupPlanId").map_or_else(|| uuid("id"), str::to_owned);
        let rows = given.get("Rules").as_array().cloned().unwrap_or_else(|| vec![json!({})]);
        let rules = rows.iter().enumerate().map(|(n, rule)| rule_document(rule, &uuid(&format!("rule{n}"))));
        let settings = given.get("AdvancedBackupSettings").as_array().cloned().unwrap_or_default();
        let doc = map(json!({
            "BackupPlan": {
                "BackupPlanName": name,
                "Rules": rules.collect::<Vec<_>>(),
                "AdvancedBackupSettings": settings,
            },
            "BackupPlanId": id,
            "BackupPlanArn": moment.arn("backup", &format!("backup-plan:{id}")),
            "VersionId": given.text("VersionId").map_or_else(|| uuid("version"), str::to_owned),
            "CreatorRequestId": uuid("request"),
            "CreationDate": given.text("CreationDate").map_or_else(|| moment.now.rfc3339(), str::to_owned),
            "LastExecutionDate":
                given.text("LastExecutionDate").map_or_else(|| moment.now.rfc3339(), str::to_owned),
            "AdvancedBackupSettings": settings,
        }));
        let rows = given.get("selections").as_array().into_iter().flatten();
        let selections = rows.map(|row| selection_document(row, &id, moment)).collect::<Result<_, _>>()?;
        self.plans.push(Plan { doc, selections });
        Ok(())
    }

    /// How the next job of `ResourceArn` ends: `State` (`FAILED`, `PARTIAL`, or `COMPLETED` with issues),
    /// `StatusMessage`, `MessageCategory`.
    ///
    /// # Errors
    /// An unknown member, or a state that is no end.
    pub fn place_ending(&mut self, description: &Value) -> Result<(), Misplaced> {
        let given = Given::new(("end of a backup of", "ResourceArn"), description, None, ENDING)?;
        let state = given.needed("State")?;
        if !matches!(state, "FAILED" | "PARTIAL" | "COMPLETED") {
            return Err(given.refuse(format!("`State` cannot be {state}")));
        }
        let text = |name: &str, default: &str| given.text(name).unwrap_or(default).to_owned();
        let ending = Ending {
            state: state.to_owned(),
            message: text("StatusMessage", ""),
            category: text("MessageCategory", if state == "PARTIAL" { "SUCCESS" } else { "AccessDenied" }),
        };
        self.endings.push((given.needed("ResourceArn")?.to_owned(), ending));
        Ok(())
    }
}

impl Services {
    /// A recovery point of a resource that was placed before, by `ResourceArn`, in `BackupVaultName`: what the
    /// resource held at `CreationDate`. `name` is the last part of its ARN (`snapshot:awsbackup:job-NAME`,
    /// `table/TABLE/backup/NAME`), which is given back. Its own setting: `restore_metadata` (a map of texts), over what follows from
    /// the resource.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or a resource or vault that is not there.
    pub fn place_recovery_point(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<String, Misplaced> {
        let Services { rds, dynamodb, backup, .. } = self;
        let mut reach = Reach { rds, dynamodb };
        backup.place_recovery_point(description, &mut reach, moment)
    }
}

impl Backup {
    fn place_recovery_point(
        &mut self,
        description: &Value,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) -> Result<String, Misplaced> {
        let given = Given::new(("recovery point of", "ResourceArn"), description, None, POINT)?;
        let refuse = |refused: crate::world::Refused| given.refuse(refused.message);
        let resource = given.needed("ResourceArn")?;
        let vault = self.vault(given.needed("BackupVaultName")?).map_err(refuse)?.clone();
        let kin = Kin::of(resource).map_err(refuse)?;
        let source = reach.document(resource).map_err(refuse)?.clone();
        let then = given.time("CreationDate")?.unwrap_or(moment.now);
        let id = given.needed("name")?;
        let role =
            format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", moment.site.account);
        let mut past = Moment { now: then, site: moment.site, dice: moment.dice, agenda: moment.agenda };
        let (arn, mut content) = reach.begin(resource, id, &past).map_err(refuse)?;
        let arn = if kin == Kin::Table { format!("{resource}/backup/{id}") } else { arn };
        if self.point(&arn).is_ok() {
            return Err(given.refuse(format!("{id} is there already")));
        }
        reach.advance(&mut content, 100);
        let call = json!({"ResourceArn": resource, "IamRoleArn": role, "Lifecycle": given.get("Lifecycle")});
        let job = Job::of_the_past(id, &vault, &call, kin, &source, &past);
        let mut point = Point::begun(&job, &arn, content, &source, &past);
        point.complete("COMPLETED", &mut past);
        point.doc = given.over(point.doc, &["restore_metadata", "CreationDate", "name"]);
        if let Some(told) = given.get("restore_metadata").as_object() {
            point.metadata.extend(told.clone());
        }
        let arn = point.arn().to_owned();
        self.points.push(point);
        Ok(arn)
    }
}

fn rule_document(rule: &Value, id: &str) -> Value {
    let mut doc = json!({
        "RuleName": "daily",
        "TargetBackupVaultName": "Default",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10080,
        "Lifecycle": {"DeleteAfterDays": 35},
        "RecoveryPointTags": {},
        "RuleId": id,
        "CopyActions": [],
        "EnableContinuousBackup": false,
        "ScheduleExpressionTimezone": "Etc/UTC",
    });
    for (member, value) in rule.as_object().into_iter().flatten() {
        doc[member] = value.clone();
    }
    doc
}

fn selection_document(row: &Value, plan: &str, moment: &Moment<'_>) -> Result<Map<String, Value>, Misplaced> {
    let given = Given::new(("backup selection", "SelectionName"), row, None, SELECTION)?;
    let name = given.needed("SelectionName")?;
    let role = format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", moment.site.account);
    let defaults = map(json!({
        "SelectionName": name, "IamRoleArn": role, "Resources": ["*"], "ListOfTags": [], "NotResources": [],
        "Conditions": {"StringEquals": [], "StringNotEquals": [], "StringLike": [], "StringNotLike": []},
    }));
    let id = given.text("SelectionId").map_or_else(|| moment.uuid(&format!("{plan}/{name}")), str::to_owned);
    Ok(map(json!({
        "BackupSelection": given.over(defaults, &["SelectionId"]),
        "SelectionId": id,
        "BackupPlanId": plan,
        "CreationDate": moment.now.rfc3339(),
        "CreatorRequestId": moment.uuid(&format!("{plan}/{name}/request")),
    })))
}

impl Job {
    /// The job that made a point before the drill began; it is not told any more.
    fn of_the_past(
        id: &str,
        vault: &Map<String, Value>,
        call: &Value,
        kin: Kin,
        source: &Map<String, Value>,
        then: &Moment<'_>,
    ) -> Job {
        let mut job = Job {
            doc: super::job::document(id, vault, call, kin, then),
            start_by: then.now.plus(Span::mins(60)),
            complete_by: At(i64::MAX),
            lifecycle: call["Lifecycle"].clone(),
        };
        job.set("BackupSizeInBytes", super::source::size(source));
        job
    }
}
