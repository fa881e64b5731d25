//! Error codes that the file names: a code that is nearly one of the operation's is a typing error, or the
//! name of the error's type where the wire says something shorter (`DBInstanceNotFoundFault`).

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::finding::{FindingKind, near};
use super::super::tree::{Node, Raw};
use super::Loader;
use crate::catalogue::{self, Operation};

impl Loader<'_> {
    /// The operation a read asks, if it is one.
    fn operation_of(&self, read: &Node) -> Option<&'static Operation> {
        let read = read.text().map_or(Some(read), |name| self.names.reads.get(name).copied())?;
        let call = read.get("aws")?;
        catalogue::find(call.get("service")?.text()?, call.get("operation")?.text()?)
    }

    /// The operations behind named reads.
    pub(super) fn operations_of<'n>(
        &self,
        reads: impl IntoIterator<Item = &'n str>,
    ) -> Vec<&'static Operation> {
        let nodes = reads.into_iter().filter_map(|name| self.names.reads.get(name).copied());
        nodes.filter_map(|node| self.operation_of(node)).collect()
    }

    /// Says if a code is none of the operations', but nearly one.
    pub(super) fn check_code(&mut self, code: &str, at: Range<usize>, operations: &[&'static Operation]) {
        let known: BTreeSet<&str> = operations.iter().flat_map(|operation| operation.error_codes()).collect();
        if known.contains(code) {
            return;
        }
        let bare = |name: &str| name.trim_end_matches("Exception").trim_end_matches("Fault").to_owned();
        let same = known.iter().copied().find(|name| bare(name) == bare(code));
        if let Some(meant) = same.or_else(|| near(code, known.iter().copied())) {
            let names: BTreeSet<&str> = operations.iter().map(|operation| operation.name).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let message = match names.as_slice() {
                [one] => format!("{one} does not answer with `{code}`"),
                _ => format!("none of {} answers with `{code}`", names.join(", ")),
            };
            let raw = Raw::new(FindingKind::UnknownErrorCode, at, message);
            self.say(raw.hint(format!("did you mean `{meant}`?")));
        }
    }

    /// The operation of a read by name or in place, for its codes.
    pub(super) fn codes_of(&self, read: &Node) -> Vec<&'static Operation> {
        self.operation_of(read).into_iter().collect()
    }
}
