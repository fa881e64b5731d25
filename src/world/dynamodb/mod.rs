//! `DynamoDB`: tables, their continuous backups and their backups.
//!
//! `table` is a table and its end, `update` and `index` what changes it, `recovery` its continuous backups,
//! `feature` what stands beside it (time to live, policy, insights, streams out, tags), `backup` copies on demand
//! and those of deleted tables, `restore` makes tables anew, `place` the starting world. Rules and durations as in
//! `aws.md` §2 and §3.

mod backup;
mod feature;
mod index;
mod place;
mod recovery;
mod restore;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod update;

use serde_json::{Value, json};

use super::{Moment, Refused};

pub use backup::Backup;
pub use recovery::Recovery;
pub use table::Table;

/// Tables and backups of one site.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    pub tables: Vec<Table>,
    pub backups: Vec<Backup>,
    /// Restores that may run at a time; 50 in an account (`aws.md` §0.10).
    pub restores_at_a_time: usize,
    /// Tables and backups ever made; their ids come from it.
    made: u64,
}

impl Default for DynamoDb {
    fn default() -> DynamoDb {
        DynamoDb { tables: Vec::new(), backups: Vec::new(), restores_at_a_time: 50, made: 0 }
    }
}

/// What happens to `DynamoDB` by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// A table that is created, restored or updated becomes active.
    Active { id: String },
    /// A table that is deleted is gone.
    Gone { id: String },
    /// A time to live that is switched over is what it was told to be.
    TimeToLive { id: String },
    /// A backup can be restored.
    Backup { arn: String },
    /// A backup of a deleted table is kept no longer.
    Expired { arn: String },
}

impl DynamoDb {
    /// Answers one call.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "ListTables" => self.list_tables(parameters),
            "DescribeTable" => self.describe_table(parameters),
            "DescribeContinuousBackups" => self.describe_continuous_backups(parameters, moment),
            "UpdateContinuousBackups" => self.update_continuous_backups(parameters, moment),
            "DescribeTimeToLive" => self.describe_time_to_live(parameters),
            "UpdateTimeToLive" => self.update_time_to_live(parameters, moment),
            "ListTagsOfResource" => self.tags(parameters),
            "TagResource" => self.add_tags(parameters),
            "UpdateTable" => self.update_table(parameters, moment),
            "DeleteTable" => self.delete_table(parameters, moment),
            "CreateBackup" => self.create_backup(parameters, moment),
            "DescribeBackup" => self.describe_backup(parameters),
            "ListBackups" => self.list_backups(parameters),
            "GetResourcePolicy" => self.resource_policy(parameters),
            "DescribeContributorInsights" => self.contributor_insights(parameters),
            "DescribeKinesisStreamingDestination" => self.kinesis_destinations(parameters),
            "Scan" => self.scan(parameters),
            "RestoreTableFromBackup" => self.restore_from_backup(parameters, moment),
            "RestoreTableToPointInTime" => self.restore_to_point_in_time(parameters, moment),
            _ => Err(Refused::unknown_operation("dynamodb", operation)),
        }
    }

    pub(super) fn happen(&mut self, due: &Due, moment: &mut Moment<'_>) {
        match due {
            Due::Active { id } => self.with(id, |table| table.activate(moment.now)),
            Due::TimeToLive { id } => self.with(id, Table::switch_over),
            Due::Gone { id } => self.gone(id, moment),
            Due::Backup { arn } => self.backup_done(arn),
            Due::Expired { arn } => self.backups.retain(|b| b.arn() != arn),
        }
    }

    fn with(&mut self, id: &str, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.iter_mut().find(|t| t.id() == id) {
            change(table);
        }
    }

    /// The table of a call, by name or ARN; `code` is what this operation says where there is none.
    fn table(&self, parameters: &Value, code: &str) -> Result<usize, Refused> {
        let name = needed(parameters, "TableName")?;
        self.position(name).ok_or_else(|| {
            Refused::new(code, format!("Requested resource not found: Table: {name} not found"))
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name = name.rsplit("table/").next().unwrap_or(name);
        self.tables.iter().position(|t| t.name() == name)
    }

    fn by_arn(&mut self, parameters: &Value) -> Result<&mut Table, Refused> {
        let arn = needed(parameters, "ResourceArn")?;
        let missing = || {
            Refused::new(
                "ResourceNotFoundException",
                format!("Requested resource not found: ResourceArn: {arn} not found"),
            )
        };
        self.tables.iter_mut().find(|t| t.doc["TableArn"] == arn).ok_or_else(missing)
    }

    /// The table of a name, where there is one.
    pub fn named(&self, name: &str) -> Option<&Table> {
        self.position(name).map(|at| &self.tables[at])
    }

    /// A write at `at` by whoever reaches a table under `name`; nothing is written where it is not active.
    pub fn write(&mut self, name: &str, at: crate::ids::At) -> bool {
        let Some(position) = self.position(name) else { return false };
        let table = &mut self.tables[position];
        let takes = matches!(table.status(), "ACTIVE" | "UPDATING");
        if takes {
            table.data.write(name, at);
        }
        takes
    }

    /// An id that nothing else of this site has.
    fn new_id(&mut self, what: &str, moment: &Moment<'_>) -> String {
        self.made += 1;
        moment.uuid(&format!("{what}/{}", self.made))
    }

    /// By name, a hundred at a time.
    fn list_tables(&self, parameters: &Value) -> Result<Value, Refused> {
        let most = match parameters["Limit"].as_u64() {
            None => 100,
            Some(n @ 1..=100) => usize::try_from(n).unwrap_or(100),
            Some(n) => {
                let message = format!("Value '{n}' at 'limit' failed to satisfy constraint");
                return Err(invalid(message));
            }
        };
        let mut names: Vec<&str> = self.tables.iter().map(Table::name).collect();
        names.sort_unstable();
        let after = parameters["ExclusiveStartTableName"].as_str().unwrap_or_default();
        names.retain(|name| *name > after);
        let more = names.len() > most;
        names.truncate(most);
        let mut answer = json!({ "TableNames": names });
        if let Some(last) = names.last().filter(|_| more) {
            answer["LastEvaluatedTableName"] = (*last).into();
        }
        Ok(answer)
    }
}

fn needed<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, Refused> {
    parameters[name].as_str().ok_or_else(|| {
        invalid(format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

fn invalid(message: impl AsRef<str>) -> Refused {
    Refused::new("ValidationException", format!("1 validation error detected: {}", message.as_ref()))
}
