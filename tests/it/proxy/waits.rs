//! How long AWS really took: each wait a script opened, when it truly ended, and who did not wait for it.

use super::call::Call;

/// Something that takes time after a mutating call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// `rename orders`, `drain prod/api`.
    pub what: String,
    /// The call that started it.
    pub opened: u64,
    /// The first call whose answer showed the final state.
    pub ended: Option<u64>,
    /// Operations that must not be called before the end.
    pub blocks: &'static [&'static str],
}

/// Names one wait of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitId(usize);

#[derive(Debug, Default)]
pub struct Waits(Vec<Wait>);

impl Waits {
    pub fn open(&mut self, what: String, opened: u64, blocks: &'static [&'static str]) -> WaitId {
        self.0.push(Wait { what, opened, ended: None, blocks });
        WaitId(self.0.len() - 1)
    }

    pub fn end(&mut self, id: WaitId, seq: u64) {
        self.0[id.0].ended.get_or_insert(seq);
    }

    pub fn all(&self) -> &[Wait] {
        &self.0
    }
}

/// Mutating calls that came while a wait that blocks them was still open.
pub fn too_early(waits: &[Wait], log: &[Call]) -> Vec<String> {
    let mut found = Vec::new();
    for wait in waits {
        let inside = |call: &&Call| {
            call.seq > wait.opened
                && wait.ended.is_none_or(|end| call.seq < end)
                && wait.blocks.contains(&call.operation.as_str())
        };
        let end = wait.ended.map_or("has not ended".to_owned(), |end| format!("ended at #{end}"));
        let about = format!("`{}`, opened at #{}, {end}", wait.what, wait.opened);
        found.extend(
            log.iter().filter(inside).map(|call| format!("{} came too early for {about}", call.line())),
        );
    }
    found
}
