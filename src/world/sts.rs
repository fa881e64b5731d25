//! STS: who is asking.

use serde_json::{Value, json};

use super::{Moment, Refused};

pub(super) fn call(operation: &str, moment: &Moment<'_>) -> Result<Value, Refused> {
    match operation {
        "GetCallerIdentity" => {
            let account = &moment.site.account;
            let arn = format!("arn:aws:sts::{account}:assumed-role/recovery-operator/drill");
            Ok(json!({"UserId": "AROADRILLDRILLDRILL01:drill", "Account": account, "Arn": arn}))
        }
        _ => Err(Refused::unknown_operation("sts", operation)),
    }
}
