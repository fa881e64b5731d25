//! What holds of the whole world: every operation of the catalogue is answered, with all its members.

mod fields;
mod operations;

use serde_json::{Value, json};

use super::{Site, World};
use crate::ids::{At, Span};

const START: At = At(1_772_329_200_000);

fn site() -> Site {
    Site { account: "111122223333".into(), region: "eu-west-1".into() }
}

/// A world in which something of each kind was placed, and things have happened.
struct Furnished {
    world: World,
    now: At,
}

impl Furnished {
    fn new() -> Furnished {
        let mut world = World::new(7, START);
        for (kind, thing) in [
            ("ecs.cluster", json!({"clusterName": "prod"})),
            ("ecs.service", json!({"cluster": "prod", "serviceName": "api", "desiredCount": 2})),
            ("scaling.target", json!({"ResourceId": "service/prod/api", "MinCapacity": 1, "MaxCapacity": 4})),
            ("scaling.policy", json!({"ResourceId": "service/prod/api", "PolicyName": "cpu"})),
            ("scaling.pressure", json!({"ResourceId": "service/prod/api", "story": [{"wants": 3}]})),
            ("dynamodb.table", table()),
            ("backup.vault", json!({"BackupVaultName": "safe"})),
            ("backup.plan", json!({"BackupPlanName": "nightly", "selections": [{"SelectionName": "all"}]})),
        ] {
            world.place(&site(), kind, &thing).unwrap();
        }
        Furnished { world, now: START }
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them in place")]
    fn call(&mut self, service: &str, operation: &str, parameters: Value) -> Value {
        let answer = self.world.call(&site(), (service, operation), &parameters, self.now);
        answer.unwrap_or_else(|refused| panic!("{operation}: {refused}"))
    }

    fn pass(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }
}

fn table() -> Value {
    json!({
        "TableName": "carts",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        "GlobalSecondaryIndexes": [{"IndexName": "by-day"}],
        "LocalSecondaryIndexes": [{"IndexName": "by-size"}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"},
        "TableClassSummary": {"TableClass": "STANDARD"},
        "point_in_time_recovery": 35,
        "time_to_live": "expires",
        "contributor_insights": {"ContributorInsightsStatus": "ENABLED"},
    })
}
