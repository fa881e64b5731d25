//! The starting world of `DynamoDB`, from descriptions: members of the API that are given win, the rest is filled
//! in.

use serde_json::{Map, Value, json};

use super::{DynamoDb, Recovery, Table};
use crate::catalogue::Shape;
use crate::ids::{At, Span};
use crate::world::given::{Given, Misplaced, map};
use crate::world::{Data, Moment};

const OWN: &[&str] = &[
    "tags",
    "items",
    "time_to_live",
    "point_in_time_recovery",
    "resource_policy",
    "contributor_insights",
    "kinesis_destinations",
    "fresh_for",
];

impl DynamoDb {
    /// A table, by `TableName`; it is active, 30 days old and on demand where nothing is said. Its own settings:
    /// `tags` (a map), `items`, `time_to_live` (an attribute), `point_in_time_recovery` (days, or `{days, since}`),
    /// `resource_policy` (a document), `contributor_insights` and `kinesis_destinations` (as they are described),
    /// `fresh_for` (how long it is too new for continuous backups).
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or a second table of the name.
    pub fn place_table(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("dynamodb", "TableDescription");
        let given = Given::new(("table", "TableName"), description, shape, OWN)?;
        given.without(&["TableArn", "LatestStreamArn", "LatestStreamLabel"])?;
        let name = given.needed("TableName")?;
        if self.named(name).is_some() {
            return Err(given.refuse("is there already"));
        }
        let id = self.new_id("table", moment);
        let born = At(moment.now.0 - 30 * 86_400_000);
        let doc = given.over(defaults(name, &id, born, moment), OWN);
        let fresh = given.span("fresh_for")?.unwrap_or(Span::default());
        let mut table = Table::new(doc, Data::original(name, moment.now), moment.now.plus(fresh));
        table.complete(born);
        table.take_own(&given, moment.now)?;
        self.tables.push(table);
        Ok(())
    }
}

impl DynamoDb {
    /// A finished backup of a table that was placed before, by `TableName` and `BackupName`: what the table held at
    /// `BackupCreationDateTime`. Its own setting: `TableName`.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or a table that is not there.
    pub fn place_backup(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("dynamodb", "BackupDetails");
        let given = Given::new(("backup", "BackupName"), description, shape, &["TableName"])?;
        let (name, table) = (given.needed("BackupName")?, given.needed("TableName")?);
        let at = self.position(table).ok_or_else(|| given.refuse(format!("there is no table {table}")))?;
        let then = given.time("BackupCreationDateTime")?.unwrap_or(moment.now);
        let past = Moment { now: then, site: moment.site, dice: moment.dice, agenda: moment.agenda };
        let mut backup = self.backup_of(at, name, "USER", &past);
        backup.details.insert("BackupStatus".into(), "AVAILABLE".into());
        backup.details = given.over(backup.details, &["TableName"]);
        self.backups.push(backup);
        Ok(())
    }
}

impl Table {
    /// What follows from the members that were given.
    fn complete(&mut self, born: At) {
        let provisioned = &self.doc["ProvisionedThroughput"];
        if provisioned["ReadCapacityUnits"].as_u64() > Some(0)
            && provisioned["NumberOfDecreasesToday"].is_null()
        {
            let units = provisioned.clone();
            self.set("BillingModeSummary", json!({"BillingMode": "PROVISIONED"}));
            self.take_throughput(&units, born);
        }
        if self.doc.get("StreamSpecification").is_some_and(|s| s["StreamEnabled"] == true) {
            self.set_stream(&self.doc["StreamSpecification"].clone(), born);
        }
        for list in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            let Some(rows) = self.doc.get(list).and_then(Value::as_array).cloned() else { continue };
            let local = list == "LocalSecondaryIndexes";
            let rows: Vec<Value> = rows.iter().map(|r| self.placed_index(r, local)).collect();
            self.set(list, rows);
        }
    }

    fn placed_index(&self, asked: &Value, local: bool) -> Value {
        let mut doc = map(self.index_document(asked, "ACTIVE"));
        if local {
            for member in ["IndexStatus", "ProvisionedThroughput", "WarmThroughput"] {
                doc.shift_remove(member);
            }
        }
        Value::Object(doc)
    }

    fn take_own(&mut self, given: &Given<'_>, now: At) -> Result<(), Misplaced> {
        self.tags = tags(given)?;
        self.items = given.get("items").as_array().cloned().unwrap_or_default();
        self.time_to_live = given.text("time_to_live").map(|a| (a.to_owned(), true));
        self.recovery = recovery(given, now)?;
        self.policy = match given.get("resource_policy") {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            document => Some(document.to_string()),
        };
        let insights = given.get("contributor_insights");
        self.insights = insights.is_object().then(|| insights.clone());
        self.destinations = given.get("kinesis_destinations").as_array().cloned().unwrap_or_default();
        Ok(())
    }
}

fn tags(given: &Given<'_>) -> Result<Vec<Value>, Misplaced> {
    match given.get("tags") {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) => Ok(map.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect()),
        _ => Err(given.refuse("`tags` is not a map")),
    }
}

fn recovery(given: &Given<'_>, now: At) -> Result<Option<Recovery>, Misplaced> {
    let told = given.get("point_in_time_recovery");
    let days = match told {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::Bool(true) => Some(35),
        Value::Number(n) => n.as_u64(),
        told => told["days"].as_u64().or(Some(35)),
    };
    let days = days.filter(|n| (1..=35).contains(n));
    let days = days.ok_or_else(|| given.refuse("`point_in_time_recovery` is 1 to 35 days"))?;
    let since = match told["since"].as_str() {
        None => At(now.0 - 40 * 86_400_000),
        Some(text) => {
            At::parse(text).ok_or_else(|| given.refuse("`point_in_time_recovery.since` is not a time"))?
        }
    };
    Ok(Some(Recovery { since, days }))
}

fn defaults(name: &str, id: &str, born: At, moment: &Moment<'_>) -> Map<String, Value> {
    map(json!({
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TableStatus": "ACTIVE",
        "CreationDateTime": born.rfc3339(),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
        },
        "TableSizeBytes": 1_048_576,
        "ItemCount": 1000,
        "TableArn": moment.arn("dynamodb", &format!("table/{name}")),
        "TableId": id,
        "BillingModeSummary": {
            "BillingMode": "PAY_PER_REQUEST",
            "LastUpdateToPayPerRequestDateTime": born.rfc3339(),
        },
        "DeletionProtectionEnabled": false,
        "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
    }))
}
