//! What is seen of AWS Backup at which time, and what it does to RDS and `DynamoDB`.

use serde_json::{Value, json};

use crate::ids::{At, Span};
use crate::world::{Refused, Site, World};

/// 2026-03-01T01:40:00Z, a Sunday.
const START: At = At(1_772_329_200_000);
const ROLE: &str = "arn:aws:iam::111122223333:role/service-role/AWSBackupDefaultServiceRole";
const DB: &str = "arn:aws:rds:eu-west-1:111122223333:db:orders";
const CARTS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/carts";

struct Desk {
    world: World,
    site: Site,
    now: At,
}

impl Desk {
    /// A vault, a plan, the database `orders` and the table `carts`.
    fn new() -> Desk {
        let site = Site { account: "111122223333".into(), region: "eu-west-1".into() };
        let mut world = World::new(7, START);
        world.furnish(&site, |services, moment| {
            let rds = &mut services.rds;
            for name in ["default", "shop-db"] {
                let group = json!({"DBSubnetGroupName": name, "VpcId": "vpc-shop"});
                rds.place_subnet_group(&group, moment).unwrap();
            }
            let group = json!({"DBParameterGroupName": "shop-pg16", "DBParameterGroupFamily": "postgres16"});
            rds.place_parameter_group(&group, moment).unwrap();
            rds.security_groups =
                vec![("sg-default".into(), "vpc-shop".into()), ("sg-db".into(), "vpc-shop".into())];
            rds.place_instance(&instance(), moment).unwrap();
            let shop = json!({"DBClusterIdentifier": "shop", "Engine": "aurora-postgresql", "DBSubnetGroup": "shop-db",
                "PreferredBackupWindow": "05:00-05:30", "PreferredMaintenanceWindow": "tue:03:00-tue:03:30"});
            rds.place_cluster(&shop, moment).unwrap();
            services.dynamodb.place_table(&json!({"TableName": "carts"}), moment).unwrap();
            services.backup.place_vault(&json!({"BackupVaultName": "safe"}), moment).unwrap();
            let plan = json!({"BackupPlanName": "nightly", "Rules": [{"RuleName": "all"}],
                "selections": [{"SelectionName": "dbs", "Resources": [DB]}]});
            services.backup.place_plan(&plan, moment).unwrap();
        });
        Desk { world, site, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn of(&mut self, service: &str, operation: &str, parameters: Value) -> Result<Value, Refused> {
        self.world.call(&self.site, (service, operation), &parameters, self.now)
    }

    fn call(&mut self, operation: &str, parameters: Value) -> Value {
        self.of("backup", operation, parameters).unwrap()
    }

    fn code(&mut self, operation: &str, parameters: Value) -> String {
        self.of("backup", operation, parameters).unwrap_err().code
    }

    fn start(&mut self, arn: &str) -> String {
        self.call("StartBackupJob", job_of(arn))["BackupJobId"].as_str().unwrap().to_owned()
    }

    fn job(&mut self, id: &str) -> Value {
        self.call("DescribeBackupJob", json!({"BackupJobId": id}))
    }

    fn state(&mut self, id: &str) -> String {
        self.job(id)["State"].as_str().unwrap().to_owned()
    }

    fn snapshots(&mut self) -> Vec<Value> {
        let asked = json!({"SnapshotType": "awsbackup"});
        self.of("rds", "DescribeDBSnapshots", asked).unwrap()["DBSnapshots"].as_array().unwrap().clone()
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn restore(&mut self, point: &str, metadata: Value) -> String {
        let call = json!({"RecoveryPointArn": point, "Metadata": metadata, "IamRoleArn": ROLE});
        self.call("StartRestoreJob", call)["RestoreJobId"].as_str().unwrap().to_owned()
    }

    fn restored(&mut self, id: &str) -> Value {
        self.call("DescribeRestoreJob", json!({"RestoreJobId": id}))
    }

    fn pass(&mut self, span: Span) -> &mut Desk {
        self.now = self.now.plus(span);
        self
    }

    fn film(&mut self, span: Span, mut see: impl FnMut(&mut Desk) -> String) -> Vec<String> {
        let (mut seen, end) = (vec![see(self)], self.now.plus(span));
        while self.now < end {
            self.pass(Span::secs(5));
            let now = see(self);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        seen
    }
}

fn instance() -> Value {
    json!({
        "DBInstanceIdentifier": "orders", "DBInstanceClass": "db.r6g.large", "Engine": "postgres",
        "EngineVersion": "16.3", "AllocatedStorage": 100, "BackupRetentionPeriod": 14, "MultiAZ": true,
        "PreferredBackupWindow": "05:00-05:30", "PreferredMaintenanceWindow": "tue:03:00-tue:03:30",
        "DBSubnetGroup": {"DBSubnetGroupName": "shop-db"},
        "DBParameterGroups": [{"DBParameterGroupName": "shop-pg16", "ParameterApplyStatus": "in-sync"}],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db", "Status": "active"}],
    })
}

fn job_of(arn: &str) -> Value {
    json!({"BackupVaultName": "safe", "ResourceArn": arn, "IamRoleArn": ROLE})
}

#[test]
fn a_job_goes_its_way_and_makes_a_snapshot_that_rds_shows() {
    let mut desk = Desk::new();
    let id = desk.start(DB);
    let seen = desk.film(Span::mins(20), |d| d.state(&id));
    assert_eq!(seen, ["CREATED", "PENDING", "RUNNING", "COMPLETED"]);
    let job = desk.job(&id);
    assert_eq!((&job["PercentDone"], &job["MessageCategory"]), (&json!("100.0"), &json!("SUCCESS")));
    let snapshots = desk.snapshots();
    let name = format!("awsbackup:job-{}", id.to_lowercase());
    assert_eq!(
        (&snapshots[0]["DBSnapshotIdentifier"], &snapshots[0]["Status"]),
        (&json!(name), &json!("available"))
    );
    assert_eq!(snapshots[0]["DBSnapshotArn"], job["RecoveryPointArn"]);
    let manual = desk.of("rds", "DescribeDBSnapshots", json!({})).unwrap();
    assert_eq!(manual["DBSnapshots"], json!([]), "only by its type");
}

#[test]
fn how_far_a_job_is_is_a_text_and_the_snapshot_is_as_far() {
    let mut desk = Desk::new();
    let id = desk.start(DB);
    let seen = desk.film(Span::mins(20), |d| {
        let percent = d.job(&id)["PercentDone"].as_str().unwrap().to_owned();
        let snapshot = d.snapshots().first().map_or(Value::Null, |s| s["PercentProgress"].clone());
        format!("{percent} {snapshot}")
    });
    assert_eq!(seen, ["0.0 null", "0.0 0", "10.0 10", "45.0 45", "80.0 80", "100.0 100"]);
}

#[test]
fn a_job_near_a_window_of_rds_fails_within_minutes() {
    for at in ["2026-03-01T04:00:00Z", "2026-03-03T02:20:00Z"] {
        let mut desk = Desk::new();
        desk.now = At::parse(at).unwrap();
        let id = desk.start(DB);
        desk.pass(Span::mins(5));
        let job = desk.job(&id);
        assert_eq!(job["State"], "FAILED", "{at}");
        assert!(job["StatusMessage"].as_str().unwrap().contains("too close to the"), "{job}");
    }
}

#[test]
fn a_resource_is_backed_up_once_at_a_time_and_a_job_that_never_begins_expires() {
    let mut desk = Desk::new();
    let first = desk.start(CARTS);
    let second = desk.start(CARTS);
    desk.film(Span::mins(3), |d| d.state(&first));
    let seen = desk.film(Span::mins(40), |d| format!("{} {}", d.state(&first), d.state(&second)));
    assert!(!seen.iter().any(|s| s == "RUNNING RUNNING" || s == "RUNNING PENDING"), "{seen:?}");
    assert_eq!(seen.last().unwrap(), "COMPLETED COMPLETED");
    // One that works on for ever keeps the next from beginning.
    let held = desk.start(CARTS);
    desk.pass(Span::secs(1));
    let site = desk.site.clone();
    desk.world.furnish(&site, |s, _| {
        let job = s.backup.jobs.iter_mut().find(|j| j.id() == held).unwrap();
        job.doc.insert("State".into(), "RUNNING".into());
    });
    let mut call = job_of(CARTS);
    call["StartWindowMinutes"] = 60.into();
    let late = desk.call("StartBackupJob", call)["BackupJobId"].as_str().unwrap().to_owned();
    desk.pass(Span::mins(80));
    assert_eq!(desk.state(&late), "EXPIRED");
}

#[test]
fn a_job_that_does_not_end_well_ends_as_the_scenario_says() {
    for (state, category, point) in [
        ("FAILED", "AccessDenied", false),
        ("PARTIAL", "SUCCESS", true),
        ("COMPLETED", "InvalidParameters", true),
    ] {
        let mut desk = Desk::new();
        let ending =
            json!({"ResourceArn": DB, "State": state, "StatusMessage": "so", "MessageCategory": category});
        let site = desk.site.clone();
        desk.world.furnish(&site, |s, _| s.backup.place_ending(&ending)).unwrap();
        let id = desk.start(DB);
        desk.pass(Span::mins(20));
        let job = desk.job(&id);
        assert_eq!((&job["State"], &job["MessageCategory"]), (&json!(state), &json!(category)));
        assert_eq!(desk.snapshots().len(), usize::from(point), "{state}");
    }
}

#[test]
fn the_same_token_gives_the_same_job_for_an_hour() {
    let mut desk = Desk::new();
    let mut call = job_of(CARTS);
    call["IdempotencyToken"] = "run-1".into();
    let first = desk.call("StartBackupJob", call.clone())["BackupJobId"].clone();
    desk.pass(Span::mins(59));
    assert_eq!(desk.call("StartBackupJob", call.clone())["BackupJobId"], first);
    let mut other = call.clone();
    other["ResourceArn"] = DB.into();
    assert_eq!(desk.code("StartBackupJob", other), "InvalidParameterValueException");
    desk.pass(Span::mins(2));
    assert_ne!(desk.call("StartBackupJob", call)["BackupJobId"], first);
    let (a, b) = (desk.start(CARTS), desk.start(CARTS));
    assert_ne!(a, b, "without a token each call is a job");
}

#[test]
fn a_job_of_a_table_is_stopped_and_one_of_rds_is_not() {
    let mut desk = Desk::new();
    let (table, db) = (desk.start(CARTS), desk.start(DB));
    assert_eq!(desk.code("StopBackupJob", json!({"BackupJobId": db})), "InvalidRequestException");
    desk.call("StopBackupJob", json!({"BackupJobId": table}));
    let seen = desk.film(Span::mins(10), |d| d.state(&table));
    assert_eq!(seen, ["ABORTING", "ABORTED"]);
    assert_eq!(desk.code("StopBackupJob", json!({"BackupJobId": table})), "InvalidRequestException");
    let points = desk.call("ListRecoveryPointsByResource", json!({"ResourceArn": CARTS}));
    assert_eq!(points["RecoveryPoints"], json!([]));
}

#[test]
fn a_database_is_restored_from_its_metadata_of_texts() {
    let mut desk = Desk::new();
    let id = desk.start(DB);
    desk.pass(Span::mins(20));
    let point = desk.job(&id)["RecoveryPointArn"].as_str().unwrap().to_owned();
    let asked = json!({"BackupVaultName": "safe", "RecoveryPointArn": point});
    let mut metadata = desk.call("GetRecoveryPointRestoreMetadata", asked)["RestoreMetadata"].clone();
    assert_eq!(
        (&metadata["VpcSecurityGroupIds"], &metadata["MultiAZ"]),
        (&json!("[\"sg-db\"]"), &json!("true"))
    );
    assert_eq!(metadata["DBSubnetGroupName"], "shop-db");
    metadata["DBInstanceIdentifier"] = "orders2".into();
    let job = desk.restore(&point, metadata);
    let seen = desk.film(Span::mins(40), |d| d.restored(&job)["Status"].as_str().unwrap().to_owned());
    assert_eq!(seen, ["PENDING", "RUNNING", "COMPLETED"]);
    let done = desk.restored(&job);
    assert_eq!(done["CreatedResourceArn"], "arn:aws:rds:eu-west-1:111122223333:db:orders2");
    let made = desk.of("rds", "DescribeDBInstances", json!({"DBInstanceIdentifier": "orders2"})).unwrap();
    let made = &made["DBInstances"][0];
    assert_eq!(
        (&made["MultiAZ"], &made["VpcSecurityGroups"][0]["VpcSecurityGroupId"]),
        (&json!(true), &json!("sg-db"))
    );
    let point =
        desk.call("DescribeRecoveryPoint", json!({"BackupVaultName": "safe", "RecoveryPointArn": point}));
    assert!(point["LastRestoreTime"].is_string(), "{point}");
}

#[test]
fn a_restore_that_the_service_refuses_is_a_failed_job_with_its_words() {
    let mut desk = Desk::new();
    let id = desk.start(DB);
    desk.pass(Span::mins(20));
    let point = desk.job(&id)["RecoveryPointArn"].as_str().unwrap().to_owned();
    let job = desk.restore(&point, json!({"DBInstanceIdentifier": "orders", "DBSubnetGroupName": "shop-db"}));
    desk.pass(Span::mins(5));
    let done = desk.restored(&job);
    assert_eq!((&done["Status"], &done["CreatedResourceArn"]), (&json!("FAILED"), &Value::Null));
    assert!(done["StatusMessage"].as_str().unwrap().contains("already exists"), "{done}");
}

#[test]
fn a_table_is_restored_with_the_writes_of_the_point() {
    let mut desk = Desk::new();
    let site = desk.site.clone();
    let place = json!({"name": "past", "ResourceArn": CARTS, "BackupVaultName": "safe", "CreationDate": At(START.0 - 3_600_000).rfc3339()});
    let point = desk.world.furnish(&site, |s, m| s.place_recovery_point(&place, m)).unwrap();
    assert_eq!(point, format!("{CARTS}/backup/past"));
    let job = desk.restore(&point, json!({"targetTableName": "carts2"}));
    let seen = desk.film(Span::mins(60), |d| d.restored(&job)["Status"].as_str().unwrap().to_owned());
    assert_eq!(seen, ["PENDING", "RUNNING", "COMPLETED"]);
    let table = desk.world.site(&desk.site).unwrap().dynamodb.named("carts2").unwrap();
    assert_eq!(table.data.holds_until("carts"), Some(At(START.0 - 3_600_000)));
    assert_eq!(table.doc["RestoreSummary"]["SourceBackupArn"], point);
    let backups = desk.of("dynamodb", "ListBackups", json!({"BackupType": "ALL"})).unwrap();
    assert_eq!(backups["BackupSummaries"], json!([]), "those of AWS Backup are not told there");
}

#[test]
fn a_point_is_kept_as_long_as_its_lifecycle_says() {
    let mut desk = Desk::new();
    let mut call = job_of(DB);
    call["Lifecycle"] = json!({"DeleteAfterDays": 2});
    desk.call("StartBackupJob", call);
    desk.pass(Span::mins(20));
    let listed = json!({"BackupVaultName": "safe"});
    let rows = desk.call("ListRecoveryPointsByBackupVault", listed.clone());
    assert!(rows["RecoveryPoints"][0]["CalculatedLifecycle"]["DeleteAt"].is_string(), "{rows}");
    desk.pass(Span::mins(2 * 24 * 60));
    assert_eq!(desk.call("ListRecoveryPointsByBackupVault", listed)["RecoveryPoints"], json!([]));
    assert!(desk.snapshots().is_empty());
}

#[test]
fn lists_are_asked_by_their_members_and_come_in_pages() {
    let mut desk = Desk::new();
    let first = desk.start(CARTS);
    desk.pass(Span::mins(30));
    let second = desk.start(DB);
    desk.pass(Span::mins(30));
    for (by, count) in [
        (json!({}), 2),
        (json!({"ByResourceArn": DB}), 1),
        (json!({"ByState": "FAILED"}), 0),
        (json!({"ByResourceType": "DynamoDB", "ByBackupVaultName": "safe"}), 1),
        (json!({"ByCreatedAfter": START.plus(Span::mins(1)).rfc3339()}), 1),
        (json!({"ByAccountId": "444455556666"}), 0),
    ] {
        let rows = desk.call("ListBackupJobs", by.clone());
        assert_eq!(rows["BackupJobs"].as_array().unwrap().len(), count, "{by}");
    }
    let page = desk.call("ListBackupJobs", json!({"MaxResults": 1}));
    assert_eq!(page["BackupJobs"][0]["BackupJobId"], second, "newest first");
    let rest = desk.call("ListBackupJobs", json!({"MaxResults": 1, "NextToken": page["NextToken"]}));
    assert_eq!((&rest["BackupJobs"][0]["BackupJobId"], &rest["NextToken"]), (&json!(first), &Value::Null));
    let protected = desk.call("ListProtectedResources", json!({}));
    let arns: Vec<&Value> =
        protected["Results"].as_array().unwrap().iter().map(|r| &r["ResourceArn"]).collect();
    assert_eq!(arns, [DB, CARTS]);
    let vaults = desk.call("ListBackupVaults", json!({}));
    assert_eq!(vaults["BackupVaultList"][0]["NumberOfRecoveryPoints"], 2);
}

#[test]
fn plans_and_selections_are_read_by_their_ids() {
    let mut desk = Desk::new();
    let plans = desk.call("ListBackupPlans", json!({}));
    let plan = &plans["BackupPlansList"][0];
    assert_eq!(plan["BackupPlanName"], "nightly");
    let id = json!({"BackupPlanId": plan["BackupPlanId"]});
    assert_eq!(desk.call("GetBackupPlan", id.clone())["BackupPlan"]["Rules"][0]["RuleName"], "all");
    let rows = desk.call("ListBackupSelections", id.clone())["BackupSelectionsList"].clone();
    assert_eq!(rows[0]["SelectionName"], "dbs");
    let asked = json!({"BackupPlanId": id["BackupPlanId"], "SelectionId": rows[0]["SelectionId"]});
    assert_eq!(desk.call("GetBackupSelection", asked)["BackupSelection"]["Resources"], json!([DB]));
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    let mut desk = Desk::new();
    let with = |member: &str, value: Value| {
        let mut call = job_of(DB);
        call[member] = value;
        call
    };
    let site = desk.site.clone();
    let place = json!({"name": "past", "ResourceArn": DB, "BackupVaultName": "safe"});
    let point = desk.world.furnish(&site, |s, m| s.place_recovery_point(&place, m)).unwrap();
    let restore = |more: Value| {
        let mut call = json!({"RecoveryPointArn": point, "Metadata": {"DBInstanceIdentifier": "x"}});
        call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        call
    };
    for (operation, parameters, code) in [
        ("StartBackupJob", with("BackupVaultName", "none".into()), "ResourceNotFoundException"),
        (
            "StartBackupJob",
            with("ResourceArn", "arn:aws:rds:eu-west-1:111122223333:db:none".into()),
            "ResourceNotFoundException",
        ),
        (
            "StartBackupJob",
            with("ResourceArn", "arn:aws:s3:::bucket".into()),
            "InvalidParameterValueException",
        ),
        (
            "StartBackupJob",
            with("IamRoleArn", "arn:aws:iam::111122223333:role/none".into()),
            "AccessDeniedException",
        ),
        ("StartBackupJob", with("IamRoleArn", Value::Null), "MissingParameterValueException"),
        ("StartBackupJob", with("StartWindowMinutes", 59.into()), "InvalidParameterValueException"),
        ("StartBackupJob", with("CompleteWindowMinutes", 100.into()), "InvalidParameterValueException"),
        (
            "StartBackupJob",
            with("Lifecycle", json!({"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 90})),
            "InvalidParameterValueException",
        ),
        ("DescribeBackupJob", json!({"BackupJobId": "none"}), "ResourceNotFoundException"),
        ("DescribeBackupJob", json!({}), "MissingParameterValueException"),
        ("DescribeBackupVault", json!({"BackupVaultName": "none"}), "ResourceNotFoundException"),
        ("ListBackupJobs", json!({"NextToken": "x"}), "InvalidParameterValueException"),
        ("ListBackupJobs", json!({"MaxResults": 1001}), "InvalidParameterValueException"),
        ("GetBackupPlan", json!({"BackupPlanId": "none"}), "ResourceNotFoundException"),
        ("StopBackupJob", json!({"BackupJobId": "none"}), "ResourceNotFoundException"),
        ("DescribeRestoreJob", json!({"RestoreJobId": "none"}), "ResourceNotFoundException"),
        ("StartRestoreJob", restore(json!({"RecoveryPointArn": "arn:none"})), "ResourceNotFoundException"),
        ("StartRestoreJob", restore(json!({"Metadata": null})), "MissingParameterValueException"),
        ("StartRestoreJob", restore(json!({"Metadata": {}})), "InvalidParameterValueException"),
        (
            "StartRestoreJob",
            restore(json!({"Metadata": {"DBInstanceIdentifier": "x", "MultiAZ": "perhaps"}})),
            "InvalidParameterValueException",
        ),
        ("StartRestoreJob", restore(json!({"ResourceType": "DynamoDB"})), "InvalidParameterValueException"),
        ("StartRestoreJob", restore(json!({"IamRoleArn": "arn:none"})), "AccessDeniedException"),
    ] {
        assert_eq!(desk.code(operation, parameters.clone()), code, "{operation} {parameters}");
    }
    desk.world.furnish(&site, |s, _| s.backup.jobs_at_a_time = 0);
    assert_eq!(desk.code("StartBackupJob", job_of(DB)), "LimitExceededException");
}

#[test]
fn a_point_that_is_being_made_is_not_restored() {
    let mut desk = Desk::new();
    let id = desk.start(DB);
    while desk.state(&id) != "RUNNING" {
        assert!(desk.now < START.plus(Span::mins(10)), "it never runs");
        desk.pass(Span::secs(5));
    }
    let point = desk.job(&id)["RecoveryPointArn"].clone();
    let call = json!({"RecoveryPointArn": point, "Metadata": {"DBInstanceIdentifier": "x"}});
    assert_eq!(desk.code("StartRestoreJob", call), "InvalidRequestException");
}

#[test]
fn a_cluster_is_backed_up_and_restored_without_members() {
    let mut desk = Desk::new();
    let arn = "arn:aws:rds:eu-west-1:111122223333:cluster:shop";
    let id = desk.start(arn);
    desk.pass(Span::mins(20));
    let job = desk.job(&id);
    assert_eq!((&job["State"], &job["ResourceType"]), (&json!("COMPLETED"), &json!("Aurora")), "{job}");
    let asked = json!({"SnapshotType": "awsbackup"});
    let rows = desk.of("rds", "DescribeDBClusterSnapshots", asked).unwrap()["DBClusterSnapshots"].clone();
    assert_eq!(
        (&rows[0]["DBClusterSnapshotArn"], &rows[0]["Status"]),
        (&job["RecoveryPointArn"], &json!("available"))
    );
    let point = job["RecoveryPointArn"].as_str().unwrap().to_owned();
    let asked = json!({"BackupVaultName": "safe", "RecoveryPointArn": point});
    let mut metadata = desk.call("GetRecoveryPointRestoreMetadata", asked)["RestoreMetadata"].clone();
    metadata["DBClusterIdentifier"] = "shop2".into();
    let job = desk.restore(&point, metadata);
    desk.film(Span::mins(120), |d| d.restored(&job)["Status"].as_str().unwrap().to_owned());
    let done = desk.restored(&job);
    assert_eq!(done["CreatedResourceArn"], "arn:aws:rds:eu-west-1:111122223333:cluster:shop2", "{done}");
}
