//! The wire: every operation there and back, with our own reader, with botocore, the `aws` CLI and the Rust SDK.

mod botocore;
pub mod canned;
mod cli;
mod pure;
mod sample;
#[cfg(feature = "aws")]
mod sdk;
