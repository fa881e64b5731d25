//! What stands beside a table and does not come back with a restore: time to live, policy, insights, streams to
//! Kinesis, tags.

use serde_json::{Value, json};

use super::{Due, DynamoDb, Table, invalid, needed};
use crate::ids::Span;
use crate::world::{Due as Happening, Moment, Refused};

impl DynamoDb {
    pub(super) fn describe_time_to_live(&self, parameters: &Value) -> Result<Value, Refused> {
        let table = &self.tables[self.table(parameters, "ResourceNotFoundException")?];
        let description = match (&table.time_to_live, table.switching) {
            (None, _) => json!({"TimeToLiveStatus": "DISABLED"}),
            (Some((attribute, on)), switching) => {
                let status = match (on, switching) {
                    (true, true) => "ENABLING",
                    (true, false) => "ENABLED",
                    (false, _) => "DISABLING",
                };
                json!({"TimeToLiveStatus": status, "AttributeName": attribute})
            }
        };
        Ok(json!({ "TimeToLiveDescription": description }))
    }

    /// Up to an hour, and what is as it was asked for is refused (`aws.md` §1).
    pub(super) fn update_time_to_live(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.table(parameters, "ResourceNotFoundException")?;
        let wanted = &parameters["TimeToLiveSpecification"];
        let on = wanted["Enabled"] == true;
        let attribute = needed(wanted, "AttributeName")?;
        let table = &mut self.tables[at];
        table.can_switch(on, attribute)?;
        table.time_to_live = Some((attribute.to_owned(), on));
        table.switching = true;
        let id = table.id().to_owned();
        let lasts = moment.within(&format!("ttl/{id}/{}", moment.now), Span::mins(2), Span::mins(60));
        moment.later(lasts, Happening::DynamoDb(Due::TimeToLive { id }));
        Ok(json!({ "TimeToLiveSpecification": wanted }))
    }

    pub(super) fn resource_policy(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let table = self.by_arn(parameters)?;
        let missing = || {
            let message =
                format!("Resource-based policy not found for the provided ResourceArn: {}", table.arn());
            Refused::new("PolicyNotFoundException", message)
        };
        let policy = table.policy.as_ref().ok_or_else(missing)?;
        let revision =
            policy.bytes().fold(1_000_000_007_u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
        Ok(json!({"Policy": policy, "RevisionId": revision.to_string()}))
    }

    pub(super) fn contributor_insights(&self, parameters: &Value) -> Result<Value, Refused> {
        let table = &self.tables[self.table(parameters, "ResourceNotFoundException")?];
        let mut doc = json!({"TableName": table.name()});
        if let Some(index) = parameters["IndexName"].as_str() {
            doc["IndexName"] = index.into();
        }
        let off = json!({"ContributorInsightsRuleList": [], "ContributorInsightsStatus": "DISABLED"});
        let seen = table.insights.as_ref().unwrap_or(&off).as_object().cloned();
        if let Some(doc) = doc.as_object_mut() {
            doc.extend(seen.unwrap_or_default());
        }
        Ok(doc)
    }

    pub(super) fn kinesis_destinations(&self, parameters: &Value) -> Result<Value, Refused> {
        let table = &self.tables[self.table(parameters, "ResourceNotFoundException")?];
        Ok(json!({"TableName": table.name(), "KinesisDataStreamDestinations": table.destinations}))
    }

    pub(super) fn tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let tags = self.by_arn(parameters)?.tags.clone();
        Ok(json!({ "Tags": tags }))
    }

    /// Fifty tags at most; a table that is being made or deleted takes none.
    pub(super) fn add_tags(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let given = parameters["Tags"].as_array().cloned().unwrap_or_default();
        let table = self.by_arn(parameters)?;
        if matches!(table.status(), "CREATING" | "DELETING") {
            let message = format!("Table is being created or deleted: {}", table.name());
            return Err(Refused::new("ResourceInUseException", message));
        }
        let mut tags = table.tags.clone();
        for tag in given {
            tags.retain(|t| t["Key"] != tag["Key"]);
            tags.push(tag);
        }
        if tags.len() > 50 {
            return Err(Refused::new(
                "LimitExceededException",
                "One or more parameter values were invalid: Too many tags: 50 at most",
            ));
        }
        table.tags = tags;
        Ok(json!({}))
    }
}

impl Table {
    fn can_switch(&self, on: bool, attribute: &str) -> Result<(), Refused> {
        if self.switching {
            return Err(invalid("Time to live has been modified multiple times within a fixed interval"));
        }
        match &self.time_to_live {
            Some(_) if on => Err(invalid("TimeToLive is already enabled")),
            None if !on => Err(invalid("TimeToLive is already disabled")),
            Some((own, _)) if own != attribute => Err(invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {own}"
            ))),
            _ => Ok(()),
        }
    }
}
