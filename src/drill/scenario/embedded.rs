//! The scenarios that the binary carries.

/// Runbook, scenario and text of every scenario that is shipped.
pub fn embedded() -> &'static [(&'static str, &'static str, &'static str)] {
    &[]
}
