//! The entries of STS: who we are.

use super::entry::Operation;

const fn read(name: &'static str) -> Operation {
    Operation::read("sts", name)
}

pub(super) static OPERATIONS: &[Operation] = &[read("GetCallerIdentity")];
