//! `UpdateTable`: one change at a time, and the table is `UPDATING` meanwhile.

use serde_json::{Value, json};

use super::{Due, DynamoDb, Table, invalid};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment, Refused};

/// Capacity may be lowered so often at any time of a UTC day; after that once an hour (`DynamoDB` quotas).
const LOWERED: usize = 4;
const READS: &str = "ReadCapacityUnits";
const WRITES: &str = "WriteCapacityUnits";

impl DynamoDb {
    pub(super) fn update_table(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let table = &mut self.tables[at];
        table.can_change(parameters, moment.now)?;
        let long = table.change_indexes(&parameters["GlobalSecondaryIndexUpdates"])?;
        for (name, value) in parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
            table.change(name, value, moment);
        }
        table.set("TableStatus", "UPDATING");
        let (id, answer) = (table.id().to_owned(), table.doc.clone());
        let (low, high) =
            if long { (Span::mins(3), Span::mins(10)) } else { (Span::secs(5), Span::secs(60)) };
        let lasts = moment.within(&format!("update/{id}/{}", moment.now), low, high);
        moment.later(lasts, Happening::DynamoDb(Due::Active { id }));
        Ok(json!({ "TableDescription": answer }))
    }

    /// The provisioned capacity of a table or of one of its indexes; none where there is no such thing.
    pub(in crate::world) fn capacity(&self, table: &str, index: Option<&str>, reads: bool) -> Option<u64> {
        let table = self.named(table)?;
        let throughput = match index {
            None => table.doc.get("ProvisionedThroughput")?,
            Some(name) => &table.index(name)?["ProvisionedThroughput"],
        };
        throughput[if reads { READS } else { WRITES }].as_u64()
    }

    /// Sets one half of the capacity, as Application Auto Scaling does.
    pub(in crate::world) fn set_capacity(
        &mut self,
        (table, index): (&str, Option<&str>),
        reads: bool,
        n: u64,
        moment: &mut Moment<'_>,
    ) -> Result<(), Refused> {
        let now = |reads: bool| self.capacity(table, index, reads).unwrap_or(0);
        let throughput =
            if reads { json!({READS: n, WRITES: now(false)}) } else { json!({READS: now(true), WRITES: n}) };
        let call = match index {
            None => json!({"TableName": table, "ProvisionedThroughput": throughput}),
            Some(index) => json!({"TableName": table, "GlobalSecondaryIndexUpdates":
                [{"Update": {"IndexName": index, "ProvisionedThroughput": throughput}}]}),
        };
        self.update_table(&call, moment).map(drop)
    }
}

impl Table {
    fn can_change(&self, parameters: &Value, now: At) -> Result<(), Refused> {
        if self.status() != "ACTIVE" {
            let message = format!(
                "Attempt to change a resource which is still in use: Table is being updated: {}",
                self.name()
            );
            return Err(Refused::new("ResourceInUseException", message));
        }
        let asked = parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
        if asked.filter(|(name, _)| *name != "TableName").count() == 0 {
            return Err(invalid(
                "At least one of ProvisionedThroughput, BillingMode, StreamSpecification, GlobalSecondaryIndexUpdates or SSESpecification is required",
            ));
        }
        self.can_take_throughput(parameters, now)?;
        let streams = self.doc.contains_key("StreamSpecification");
        match parameters["StreamSpecification"]["StreamEnabled"].as_bool() {
            Some(true) if streams => {
                Err(invalid(format!("Table already has an enabled stream: TableName: {}", self.name())))
            }
            Some(false) if !streams => {
                Err(invalid(format!("Table does not have a stream: TableName: {}", self.name())))
            }
            _ => Ok(()),
        }
    }

    fn can_take_throughput(&self, parameters: &Value, now: At) -> Result<(), Refused> {
        let wanted = &parameters["ProvisionedThroughput"];
        let mode = parameters["BillingMode"].as_str();
        let on_demand = mode.map_or(self.on_demand(), |m| m == "PAY_PER_REQUEST");
        if wanted.is_null() {
            return if mode == Some("PROVISIONED") && self.on_demand() {
                Err(invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED"))
            } else {
                Ok(())
            };
        }
        if on_demand {
            return Err(invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            ));
        }
        let own = &self.doc["ProvisionedThroughput"];
        if mode.is_none() && wanted[READS] == own[READS] && wanted[WRITES] == own[WRITES] {
            let message = format!(
                "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: {}. Requested ReadCapacityUnits: {}. Current WriteCapacityUnits provisioned for the table: {}. Requested WriteCapacityUnits: {}.",
                own[READS], wanted[READS], own[WRITES], wanted[WRITES]
            );
            return Err(invalid(message));
        }
        let recent = self.lowered.last().is_some_and(|at| now.since(*at) < Span::mins(60));
        if lowers(own, wanted) && self.lowered_today(now) >= LOWERED && recent {
            let message = "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds.";
            return Err(Refused::new("LimitExceededException", message));
        }
        Ok(())
    }

    fn lowered_today(&self, now: At) -> usize {
        let day = |at: At| at.0.div_euclid(86_400_000);
        self.lowered.iter().filter(|at| day(**at) == day(now)).count()
    }

    fn change(&mut self, name: &str, value: &Value, moment: &Moment<'_>) {
        let now = moment.now.rfc3339();
        match name {
            "TableName" | "GlobalSecondaryIndexUpdates" => {}
            "BillingMode" => self.change_mode(value, &now),
            "ProvisionedThroughput" => {
                if lowers(&self.doc["ProvisionedThroughput"], value) {
                    self.lowered.push(moment.now);
                }
                self.throughput = Some(value.clone());
            }
            "TableClass" => {
                self.set("TableClassSummary", json!({"TableClass": value, "LastUpdateDateTime": now}));
            }
            "StreamSpecification" => self.set_stream(value, moment.now),
            "SSESpecification" => self.set_encryption(value, moment),
            "WarmThroughput" => {
                let mut warm = value.clone();
                warm["Status"] = "ACTIVE".into();
                self.set(name, warm);
            }
            "ReplicaUpdates" => self.change_replicas(value, moment),
            other => self.set(other, value.clone()),
        }
    }

    fn change_mode(&mut self, mode: &Value, now: &str) {
        if mode == "PAY_PER_REQUEST" {
            let summary = json!({"BillingMode": mode, "LastUpdateToPayPerRequestDateTime": now});
            self.set("BillingModeSummary", summary);
            self.throughput = Some(json!({READS: 0, WRITES: 0}));
        } else {
            self.set("BillingModeSummary", json!({ "BillingMode": mode }));
        }
    }

    /// The units and when they were last raised and lowered.
    pub(super) fn take_throughput(&mut self, wanted: &Value, now: At) {
        let mut own = self.doc.get("ProvisionedThroughput").cloned().unwrap_or_else(|| json!({}));
        let more = |name: &str| wanted[name].as_u64() > own[name].as_u64();
        let moved = [
            ("LastIncreaseDateTime", more(READS) || more(WRITES)),
            ("LastDecreaseDateTime", lowers(&own, wanted)),
        ];
        for (member, _) in moved.into_iter().filter(|(_, is)| *is) {
            own[member] = now.rfc3339().into();
        }
        (own[READS], own[WRITES]) = (wanted[READS].clone(), wanted[WRITES].clone());
        own["NumberOfDecreasesToday"] = self.lowered_today(now).into();
        self.set("ProvisionedThroughput", own);
    }

    /// A stream that is turned on again is another one, with another ARN.
    pub(super) fn set_stream(&mut self, wanted: &Value, now: At) {
        if wanted["StreamEnabled"] != true {
            self.doc.shift_remove("StreamSpecification");
            return;
        }
        let label = now.rfc3339().replace('Z', "");
        let arn = format!("{}/stream/{label}", self.arn());
        self.set("StreamSpecification", wanted.clone());
        self.set("LatestStreamLabel", label);
        self.set("LatestStreamArn", arn);
    }

    /// Off is the key that AWS owns, which is not told.
    pub(super) fn set_encryption(&mut self, wanted: &Value, moment: &Moment<'_>) {
        if wanted["Enabled"] == false {
            self.doc.shift_remove("SSEDescription");
            return;
        }
        let key = match wanted["KMSMasterKeyId"].as_str() {
            Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
            Some(id) => moment.arn("kms", &format!("key/{id}")),
            None => moment.arn("kms", "alias/aws/dynamodb"),
        };
        self.set("SSEDescription", json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}));
    }

    fn change_replicas(&mut self, updates: &Value, moment: &Moment<'_>) {
        let mut rows = self.doc.get("Replicas").and_then(Value::as_array).cloned().unwrap_or_default();
        for update in updates.as_array().into_iter().flatten() {
            if let Some(region) = update["Create"]["RegionName"].as_str() {
                let arn = self.arn().replace(&moment.site.region, region);
                rows.push(json!({"RegionName": region, "ReplicaStatus": "CREATING", "ReplicaArn": arn}));
            }
            let gone = &update["Delete"]["RegionName"];
            for row in rows.iter_mut().filter(|row| row["RegionName"] == *gone) {
                row["ReplicaStatus"] = "DELETING".into();
            }
        }
        self.set("Replicas", rows);
        self.set("GlobalTableVersion", "2019.11.21");
    }
}

fn lowers(own: &Value, wanted: &Value) -> bool {
    [READS, WRITES].iter().any(|name| wanted[*name].as_u64() < own[*name].as_u64())
}
