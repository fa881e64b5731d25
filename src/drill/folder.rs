//! What is kept of a drill beside its journal: the scenario as it was, the log of its cloud, the debrief.
//!
//! `drills/NONCE/` under the state directory. It serves the resuming of a drill and its history, nothing else.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of one drill.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of a drill under a state directory; nothing is touched. A nonce that could lead elsewhere is none.
    pub fn of(state: &Path, nonce: &str) -> Option<Folder> {
        let plain = !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain.then(|| Folder(state.join("drills").join(nonce)))
    }

    /// Makes the folder and keeps the scenario in it: one file per scenario it is based on, its own last.
    ///
    /// # Errors
    /// As the disk refuses.
    pub fn keep(&self, texts: &[(String, String)]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let names: Vec<&str> = texts.iter().map(|(id, _)| id.as_str()).collect();
        for (id, text) in texts {
            self.write(&format!("{id}.yaml"), text)?;
        }
        self.write("scenario", &names.join("\n"))
    }

    /// The scenario texts that were kept, in their order.
    ///
    /// # Errors
    /// As the disk refuses.
    pub fn kept(&self) -> io::Result<Vec<(String, String)>> {
        let names = fs::read_to_string(self.0.join("scenario"))?;
        let one = |id: &str| Ok((id.to_owned(), fs::read_to_string(self.0.join(format!("{id}.yaml")))?));
        names.lines().map(one).collect()
    }

    /// Where the cloud writes down what changes it.
    pub fn calls(&self) -> PathBuf {
        self.0.join("calls.jsonl")
    }

    /// Keeps the debrief, JSON.
    ///
    /// # Errors
    /// As the disk refuses.
    pub fn keep_debrief(&self, json: &str) -> io::Result<()> {
        self.write("debrief.json", json)
    }

    /// The debrief, if the drill came to its end.
    pub fn debrief(&self) -> Option<String> {
        fs::read_to_string(self.0.join("debrief.json")).ok()
    }

    /// Keeps how many phrases were sent wrong so far; journals do not hold what was refused.
    ///
    /// # Errors
    /// As the disk refuses.
    pub fn keep_wrong_phrases(&self, count: u32) -> io::Result<()> {
        self.write("wrong_phrases", &count.to_string())
    }

    /// How many phrases were sent wrong before the console was left.
    pub fn wrong_phrases(&self) -> u32 {
        let kept = fs::read_to_string(self.0.join("wrong_phrases")).ok();
        kept.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = fs::File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(self.0.join(name))?;
        file.write_all(text.as_bytes())
    }
}
