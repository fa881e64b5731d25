//! The `aws` command line of a call: one line, quoted for a POSIX shell, ready to be pasted.

use std::fmt::Write as _;

use serde_json::Value;

use super::entry::Operation;
use super::secret::hide;
use super::table::{Kind, Shape};

/// Where a pasted command line is to act.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct CliPlace {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    /// Puts made-up keys in front, this access key id: a drill endpoint tells accounts apart by it, and real keys
    /// must not go there.
    pub dummy_key: Option<String>,
}

impl Operation {
    /// `aws rds modify-db-instance --db-instance-identifier orders … --region eu-west-1`. Null parameters
    /// are left out; what the model does not know is left out too (the loader refuses it). Secrets are hidden:
    /// whoever pastes the line puts them in.
    pub fn cli(&self, parameters: &Value, place: &CliPlace) -> String {
        let mut line = String::new();
        if let Some(key) = &place.dummy_key {
            write!(line, "AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=drill ", quoted(key)).ok();
        }
        write!(line, "aws {} {}", self.service, command(self.name)).ok();
        let input = self.input();
        let parameters = &input.map_or(Value::Null, |shape| hide(shape, parameters));
        let members = input.into_iter().flat_map(Shape::members);
        for ((name, member), flag) in members.zip(self.flags()) {
            if let Some(value) = parameters.get(name).filter(|v| !v.is_null()) {
                line += &option(self.service, flag, value, member.shape);
            }
        }
        for (flag, value) in
            [("region", &place.region), ("profile", &place.profile), ("endpoint-url", &place.endpoint_url)]
        {
            if let Some(value) = value {
                write!(line, " --{flag} {}", quoted(value)).ok();
            }
        }
        line
    }
}

/// `DescribeDBInstances` is `describe-db-instances`: the rule of botocore's `xform_name`.
fn command(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let after_word = i > 0 && !chars[i - 1].is_ascii_uppercase();
        let before_word = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if i > 0 && c.is_ascii_uppercase() && (after_word || before_word) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn option(service: &str, flag: &str, value: &Value, shape: Shape) -> String {
    match (value, shape.kind()) {
        (Value::Bool(true), Kind::Boolean) => format!(" --{flag}"),
        (Value::Bool(false), Kind::Boolean) => format!(" --{}", negative(service, flag)),
        (Value::Array(list), Kind::List(_)) if list.iter().all(bare) && !list.is_empty() => {
            list.iter().fold(format!(" --{flag}"), |line, v| format!("{line} {}", quoted(&text(v))))
        }
        (Value::Array(_) | Value::Object(_), _) => format!(" --{flag} {}", quoted(&value.to_string())),
        _ => match text(value) {
            // The argument parser of the CLI takes a value that starts with a dash for an option.
            t if t.starts_with('-') => format!(" --{flag}={}", quoted(&t)),
            t => format!(" --{flag} {}", quoted(&t)),
        },
    }
}

/// The CLI renames one negative (awscli, `argrename.py`).
fn negative(service: &str, flag: &str) -> String {
    match (service, flag) {
        ("ecs", "enable-execute-command") => "disable-execute-command".to_owned(),
        _ => format!("no-{flag}"),
    }
}

/// Whether a list element can stand alone on the line: a scalar that the CLI does not read as something else.
fn bare(value: &Value) -> bool {
    match value {
        Value::String(s) => !s.starts_with(['-', '[', '{']) && !s.is_empty(),
        Value::Number(_) => true,
        _ => false,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Quotes for a POSIX shell; control characters in the `$'…'` form, so that the line stays one line.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out += r"\n",
            c if c.is_control() => {
                write!(out, "\\u{:04x}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out + "'"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    fn cli(service: &str, operation: &str, parameters: &Value) -> String {
        find(service, operation).unwrap().cli(parameters, &CliPlace::default())
    }

    #[test]
    fn lines_are_spelled_as_the_aws_cli_spells_them() {
        let lines = [
            ("sts", "GetCallerIdentity", json!({}), "aws sts get-caller-identity"),
            (
                "rds",
                "ModifyDBInstance",
                json!({"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": "orders-old",
                       "MultiAZ": false, "ApplyImmediately": true, "EngineVersion": null}),
                "aws rds modify-db-instance --db-instance-identifier orders --apply-immediately --no-multi-az \
                 --new-db-instance-identifier orders-old",
            ),
            (
                "rds",
                "ModifyDBInstance",
                json!({"DBInstanceIdentifier": "orders", "CACertificateIdentifier": "rds-ca-rsa2048-g1",
                       "EnableIAMDatabaseAuthentication": true, "VpcSecurityGroupIds": ["sg-1", "sg-2"]}),
                "aws rds modify-db-instance --db-instance-identifier orders --vpc-security-group-ids sg-1 sg-2 \
                 --ca-certificate-identifier rds-ca-rsa2048-g1 --enable-iam-database-authentication",
            ),
            (
                "rds",
                "DescribeDBInstances",
                json!({"Filters": [{"Name": "dbi-resource-id", "Values": ["db-X"]}]}),
                r#"aws rds describe-db-instances --filters '[{"Name":"dbi-resource-id","Values":["db-X"]}]'"#,
            ),
            (
                "rds",
                "CreateDBSnapshot",
                json!({"DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "orders",
                       "Tags": [{"Key": "who", "Value": "it's me"}]}),
                r#"aws rds create-db-snapshot --db-snapshot-identifier s --db-instance-identifier orders --tags '[{"Key":"who","Value":"it'\''s me"}]'"#,
            ),
            (
                "rds",
                "DeleteDBInstance",
                json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true,
                       "DeleteAutomatedBackups": false}),
                "aws rds delete-db-instance --db-instance-identifier orders --skip-final-snapshot \
                 --no-delete-automated-backups",
            ),
            (
                "rds",
                "RestoreDBInstanceFromDBSnapshot",
                json!({"DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "rds:orders-2026-03-01-01-40"}),
                "aws rds restore-db-instance-from-db-snapshot --db-instance-identifier orders \
                 --db-snapshot-identifier rds:orders-2026-03-01-01-40",
            ),
            (
                "ecs",
                "UpdateService",
                json!({"cluster": "shop", "service": "web", "desiredCount": 0, "enableExecuteCommand": false}),
                "aws ecs update-service --cluster shop --service web --desired-count 0 \
                 --disable-execute-command",
            ),
            (
                "ecs",
                "StopTask",
                json!({"cluster": "shop", "task": "abc", "reason": "-drain\nnow"}),
                r"aws ecs stop-task --cluster shop --task abc --reason=$'-drain\nnow'",
            ),
            (
                "application-autoscaling",
                "RegisterScalableTarget",
                json!({"ServiceNamespace": "ecs", "ResourceId": "service/shop/web",
                       "ScalableDimension": "ecs:service:DesiredCount",
                       "SuspendedState": {"DynamicScalingInSuspended": true}}),
                "aws application-autoscaling register-scalable-target --service-namespace ecs \
                 --resource-id service/shop/web --scalable-dimension ecs:service:DesiredCount \
                 --suspended-state '{\"DynamicScalingInSuspended\":true}'",
            ),
            (
                "dynamodb",
                "RestoreTableFromBackup",
                json!({"TargetTableName": "p-Granules", "BackupArn": "arn:aws:dynamodb:eu-west-1:1:table/t/backup/0"}),
                "aws dynamodb restore-table-from-backup --target-table-name p-Granules \
                 --backup-arn arn:aws:dynamodb:eu-west-1:1:table/t/backup/0",
            ),
            (
                "dynamodb",
                "UpdateTimeToLive",
                json!({"TableName": "t", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "ttl"}}),
                r#"aws dynamodb update-time-to-live --table-name t --time-to-live-specification '{"Enabled":true,"AttributeName":"ttl"}'"#,
            ),
            (
                "dynamodb",
                "DescribeTimeToLive",
                json!({"TableName": "t"}),
                "aws dynamodb describe-time-to-live --table-name t",
            ),
        ];
        for (service, operation, parameters, line) in lines {
            assert_eq!(cli(service, operation, &parameters), line, "{operation}");
        }
    }

    #[test]
    fn backups_are_spelled_so_too() {
        let lines = [
            (
                "StartBackupJob",
                json!({"BackupVaultName": "Default", "IdempotencyToken": "run-1-backup",
                       "ResourceArn": "arn:aws:rds:eu-west-1:1:db:orders",
                       "IamRoleArn": "arn:aws:iam::1:role/backup", "StartWindowMinutes": 60,
                       "RecoveryPointTags": {"team": "shop"}}),
                "aws backup start-backup-job --backup-vault-name Default \
                 --resource-arn arn:aws:rds:eu-west-1:1:db:orders --iam-role-arn arn:aws:iam::1:role/backup \
                 --idempotency-token run-1-backup --start-window-minutes 60 \
                 --recovery-point-tags '{\"team\":\"shop\"}'",
            ),
            (
                "ListRecoveryPointsByResource",
                json!({"ResourceArn": "arn:aws:rds:eu-west-1:1:db:orders", "ManagedByAWSBackupOnly": true}),
                "aws backup list-recovery-points-by-resource \
                 --resource-arn arn:aws:rds:eu-west-1:1:db:orders --managed-by-aws-backup-only",
            ),
            (
                "ListBackupJobs",
                json!({"ByState": "RUNNING", "ByCreatedAfter": "2026-03-01T01:40:00.000Z"}),
                "aws backup list-backup-jobs --by-state RUNNING --by-created-after 2026-03-01T01:40:00.000Z",
            ),
        ];
        for (operation, parameters, line) in lines {
            assert_eq!(cli("backup", operation, &parameters), line, "{operation}");
        }
    }

    #[test]
    fn a_password_is_not_on_the_line() {
        let line = cli("rds", "ModifyDBInstance", &json!({"MasterUserPassword": "hunter2"}));
        assert_eq!(line, "aws rds modify-db-instance --master-user-password '(sensitive)'");
    }

    #[test]
    fn the_place_stands_at_the_end_and_drills_get_dummy_keys() {
        let place = CliPlace {
            region: Some("eu-west-1".into()),
            profile: Some("prod admin".into()),
            endpoint_url: Some("http://127.0.0.1:5000".into()),
            dummy_key: Some("AKIDRILL".into()),
        };
        assert_eq!(
            find("ecs", "ListClusters").unwrap().cli(&json!({}), &place),
            "AWS_ACCESS_KEY_ID=AKIDRILL AWS_SECRET_ACCESS_KEY=drill aws ecs list-clusters --region eu-west-1 \
             --profile 'prod admin' --endpoint-url http://127.0.0.1:5000"
        );
    }

    #[test]
    fn nothing_in_a_value_can_leave_its_quotes() {
        for hostile in ["a b", "$(reboot)", "`x`", "a'b", "a\u{1b}[31m", "", "~", "a\\'b\n"] {
            let line = cli("ecs", "StopTask", &json!({"task": hostile}));
            assert!(!line.chars().any(char::is_control), "{line:?}");
            let word = line.strip_prefix("aws ecs stop-task --task ").unwrap();
            assert!(word.starts_with('\'') || word.starts_with("$'"), "{word}");
        }
    }
}
