//! Every operation that a runbook can call is known to the world.

use serde_json::json;

use super::{Furnished, site};
use crate::catalogue;

#[test]
fn every_operation_of_the_catalogue_is_known() {
    let mut furnished = Furnished::new();
    for operation in catalogue::all() {
        let answer =
            furnished.world.call(&site(), (operation.service, operation.name), &json!({}), furnished.now);
        let code = answer.err().map(|refused| refused.code).unwrap_or_default();
        let known = !matches!(code.as_str(), "InvalidAction" | "UnknownOperationException");
        assert!(known, "{} {}: {code}", operation.service, operation.name);
    }
}
