//! The entries of `DynamoDB`. `CreateBackup` has no guard against repeats: a second call makes a second backup.

use serde_json::Value;

use super::entry::Operation;
use super::floor;
use super::proof::{Evidence, Look, Probe, Setting, shows, tagged};
use super::table::Shape;

const fn read(name: &'static str) -> Operation {
    Operation::read("dynamodb", name)
}

const fn change(name: &'static str, subject: &'static str) -> Operation {
    Operation::change("dynamodb", name).on(subject)
}

const fn destroy(name: &'static str, subject: &'static str) -> Operation {
    Operation::destroy("dynamodb", name).on(subject)
}

pub(super) static OPERATIONS: &[Operation] = &[
    read("ListTables"),
    read("DescribeTable"),
    read("ListBackups"),
    read("DescribeBackup"),
    read("DescribeContinuousBackups"),
    read("DescribeTimeToLive"),
    read("ListTagsOfResource"),
    read("GetResourcePolicy"),
    read("DescribeContributorInsights"),
    read("DescribeKinesisStreamingDestination"),
    // One page: reading a whole table is never what a console is for.
    read("Scan").one_page(),
    change("CreateBackup", "TableName")
        .floored(floor::t1)
        .looks(BACKUP)
        .probed(Probe { look: BACKUP, evidence: Evidence::Is("@ != `null`") }),
    change("RestoreTableFromBackup", "TargetTableName").floored(floor::t2).looks(RESTORED).probed(Probe {
        look: RESTORED,
        evidence: Evidence::Is("@ != `null` && RestoreSummary.SourceBackupArn == {{ call.BackupArn }}"),
    }),
    change("RestoreTableToPointInTime", "TargetTableName")
        .floored(floor::t2)
        .looks(RESTORED)
        .probed(Probe { look: RESTORED, evidence: Evidence::Of(restored_to_time) }),
    change("UpdateContinuousBackups", "TableName")
        .floored(floor::continuous_backups)
        .looks(CONTINUOUS)
        .probed(Probe { look: CONTINUOUS, evidence: Evidence::Of(continuous) }),
    change("UpdateTimeToLive", "TableName")
        .floored(floor::t2)
        .looks(TIME_TO_LIVE)
        .probed(Probe { look: TIME_TO_LIVE, evidence: Evidence::Of(time_to_live) }),
    change("UpdateTable", "TableName")
        .floored(floor::table)
        .looks(TABLE.members(IDENTITY).sets(SETTINGS))
        .probed(Probe { look: TABLE, evidence: Evidence::Of(table_updated) }),
    change("TagResource", "ResourceArn")
        .floored(floor::t1)
        .looks(TAGS)
        .probed(Probe { look: TAGS, evidence: Evidence::Of(|call| tagged(call, "@")) }),
    destroy("DeleteTable", "TableName")
        .looks(TABLE.members(IDENTITY))
        .probed(Probe { look: TABLE, evidence: Evidence::Is("@ == `null` || TableStatus == 'DELETING'") }),
];

const IDENTITY: &[&str] = &["TableName", "TableId", "TableStatus", "DeletionProtectionEnabled"];

const TABLE: Look = Look::at("DescribeTable", r#"{"TableName":"{{ call.TableName }}"}"#, "Table")
    .absent(&["ResourceNotFoundException"]);

const RESTORED: Look = Look::at("DescribeTable", r#"{"TableName":"{{ call.TargetTableName }}"}"#, "Table")
    .members(&["TableName", "TableId", "TableStatus", "CreationDateTime", "RestoreSummary"])
    .absent(&["ResourceNotFoundException"]);

const BACKUP: Look = Look::at(
    "ListBackups",
    r#"{"TableName":"{{ call.TableName }}"}"#,
    "BackupSummaries[?BackupName == {{ call.BackupName }}] | [0]",
)
.members(&["BackupName", "BackupArn", "TableId"]);

const CONTINUOUS: Look = Look::at(
    "DescribeContinuousBackups",
    r#"{"TableName":"{{ call.TableName }}"}"#,
    "ContinuousBackupsDescription.PointInTimeRecoveryDescription",
)
.members(&["PointInTimeRecoveryStatus", "RecoveryPeriodInDays"])
.absent(&["TableNotFoundException", "ResourceNotFoundException"]);

const TIME_TO_LIVE: Look =
    Look::at("DescribeTimeToLive", r#"{"TableName":"{{ call.TableName }}"}"#, "TimeToLiveDescription")
        .members(&["TimeToLiveStatus", "AttributeName"])
        .absent(&["ResourceNotFoundException"]);

const TAGS: Look = Look::at("ListTagsOfResource", r#"{"ResourceArn":"{{ call.ResourceArn }}"}"#, "Tags");

static SETTINGS: &[Setting] = &[
    Setting::new("TableName", "TableName", ""),
    Setting::new("BillingMode", "BillingModeSummary", "BillingModeSummary.BillingMode == $"),
    Setting::new("TableClass", "TableClassSummary", "TableClassSummary.TableClass == $"),
    Setting::new("SSESpecification", "SSEDescription", ""),
    Setting::new("AttributeDefinitions", "AttributeDefinitions", ""),
    Setting::new("GlobalSecondaryIndexUpdates", "GlobalSecondaryIndexes", ""),
    Setting::new("ReplicaUpdates", "Replicas", ""),
];

fn table_updated(call: &Value) -> Option<String> {
    shows(call, SETTINGS, Shape::named("dynamodb", "TableDescription"), None)
}

/// The table comes from the source and the moment that were asked for; it was made since the call was sent.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all evidence")]
fn restored_to_time(call: &Value) -> Option<String> {
    let source = if call["SourceTableArn"].is_null() {
        "split(RestoreSummary.SourceTableArn, '/')[1] == {{ call.SourceTableName }}"
    } else {
        "RestoreSummary.SourceTableArn == {{ call.SourceTableArn }}"
    };
    let mut all = format!(
        "@ != `null` && RestoreSummary != `null` && {source} && \
         !before(CreationDateTime, {{{{ sub(sent_at, '60s') }}}})"
    );
    if !call["RestoreDateTime"].is_null() {
        all += " && !before(RestoreSummary.RestoreDateTime, {{ call.RestoreDateTime }})";
        all += " && !before({{ call.RestoreDateTime }}, RestoreSummary.RestoreDateTime)";
    }
    Some(all)
}

fn continuous(call: &Value) -> Option<String> {
    let wanted = &call["PointInTimeRecoverySpecification"];
    let status = if wanted["PointInTimeRecoveryEnabled"].as_bool()? { "ENABLED" } else { "DISABLED" };
    let mut all = format!("PointInTimeRecoveryStatus == '{status}'");
    if !wanted["RecoveryPeriodInDays"].is_null() {
        all += " && RecoveryPeriodInDays == {{ call.PointInTimeRecoverySpecification.RecoveryPeriodInDays }}";
    }
    Some(all)
}

fn time_to_live(call: &Value) -> Option<String> {
    let on = call["TimeToLiveSpecification"]["Enabled"].as_bool()?;
    let states = if on { "['ENABLED', 'ENABLING']" } else { "['DISABLED', 'DISABLING']" };
    Some(format!("contains({states}, TimeToLiveStatus)"))
}
