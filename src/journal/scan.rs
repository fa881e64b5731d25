//! Reading a chain: record by record, and the verdict on what comes after the last good one.

use std::borrow::Cow;
use std::io::BufRead as _;
use std::sync::Arc;

use super::Digest;
use super::line::{Fault, LONGEST, Record, Sealed, Seq, kind, unseal};

/// What reading a journal to its end showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Every line continues the one before it.
    Intact { records: u64, head: Digest },
    /// The last append did not finish: from `byte` on there are `bytes` bytes that hold no complete record.
    /// A reader without the lock sees this too while a line is being written.
    Torn { records: u64, head: Digest, byte: u64, bytes: u64, unended: bool },
    /// The line (from 1) that starts at `byte` is not the record that belongs there.
    Damaged { line: u64, byte: u64, why: String },
    /// The line is sound but means something this build does not know.
    Newer { line: u64, byte: u64, what: String },
}

/// The state of a chain after the records read so far.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub next: Seq,
    pub head: Digest,
    /// Where the next line starts.
    pub at: u64,
    boot: Arc<str>,
}

impl Chain {
    pub(super) fn new() -> Chain {
        Chain { next: Seq(0), head: Digest::ORIGIN, at: 0, boot: "".into() }
    }

    /// Reads on. `bytes` is the rest of the file from [`Chain::at`]; only whole lines are taken.
    pub(super) fn read(&mut self, bytes: &[u8], mut take: impl FnMut(Record)) -> Verdict {
        let mut rest = bytes;
        loop {
            let (line, ended) = first_line(rest);
            if line.is_empty() && rest.is_empty() {
                return Verdict::Intact { records: self.next.0, head: self.head };
            }
            match self.check(line) {
                Ok((mut record, hash)) if ended => {
                    record.at = self.at;
                    self.next.0 += 1;
                    self.head = hash;
                    self.at += line.len() as u64 + 1;
                    self.boot = Arc::clone(&record.boot);
                    rest = &rest[line.len() + 1..];
                    take(record);
                }
                Ok(_) => return self.torn(rest, true),
                Err(Fault::Newer(what)) => {
                    return Verdict::Newer { line: self.next.0 + 1, byte: self.at, what };
                }
                Err(Fault::Broken(_)) if is_torn(self.at, rest) => return self.torn(rest, false),
                Err(Fault::Broken(why)) => {
                    return Verdict::Damaged { line: self.next.0 + 1, byte: self.at, why };
                }
            }
        }
    }

    fn torn(&self, rest: &[u8], unended: bool) -> Verdict {
        let (records, head) = (self.next.0, self.head);
        Verdict::Torn { records, head, byte: self.at, bytes: rest.len() as u64, unended }
    }

    fn check(&self, line: &[u8]) -> Result<(Record, Digest), Fault> {
        let sealed = unseal(line).map_err(|why| Fault::Broken(why.to_owned()))?;
        let Sealed { prev, hash, .. } = sealed;
        if prev != self.head {
            return Err(Fault::Broken("it does not continue the record before it".to_owned()));
        }
        let record = sealed.open(&self.boot)?;
        if record.n != self.next {
            let (is, due) = (record.n.0, self.next.0);
            return Err(Fault::Broken(format!("its number is {is} where {due} belongs")));
        }
        let header = record.kind == Cow::Borrowed(kind::HEADER);
        if header != (record.n == Seq(0)) {
            return Err(Fault::Broken("a header is the first record and no other".to_owned()));
        }
        Ok((record, hash))
    }
}

/// The first line without its newline, and whether it has one. Zeros after the last line are padding that a
/// crash may leave behind, not part of it.
fn first_line(bytes: &[u8]) -> (&[u8], bool) {
    let mut rest = bytes;
    let n = rest.skip_until(b'\n').expect("a slice can always be read");
    match bytes[..n].strip_suffix(b"\n") {
        Some(line) => (line, true),
        None => (without_padding(bytes), false),
    }
}

fn without_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Whether these bytes, which start at `at` in the file, can be what an interrupted append of one line leaves:
/// the beginning of the line, or all of it with zeros in the blocks that were never written. A finished line
/// with a wrong byte is not: that record was durable once, so cutting it is not ours to decide.
fn is_torn(at: u64, rest: &[u8]) -> bool {
    let written = without_padding(rest);
    let shape = match written.iter().position(|b| *b == b'\n') {
        None => true,
        Some(newline) => newline + 1 == written.len() && only_blocks_of_zeros(at, written),
    };
    rest.len() <= LONGEST && shape && !holds_record(rest)
}

/// Whether there are zeros and every run of them begins or ends where a disk block does.
fn only_blocks_of_zeros(at: u64, bytes: &[u8]) -> bool {
    const BLOCK: u64 = 512;
    let mut place = at;
    let mut runs = bytes.chunk_by(|a, b| (*a == 0) == (*b == 0)).filter_map(|run| {
        let (from, to) = (place, place + run.len() as u64);
        place = to;
        (run[0] == 0).then_some(from % BLOCK == 0 || to % BLOCK == 0)
    });
    runs.next().is_some_and(|first| first && runs.all(|whole| whole))
}

/// Whether a complete record lies anywhere in these bytes, wherever it belongs. Payloads may hold the same
/// characters as records do; looking at a few dozen places is enough and bounds the work.
fn holds_record(rest: &[u8]) -> bool {
    rest.split(|b| matches!(b, b'\n' | 0)).any(|piece| {
        let ends: Vec<usize> = places(piece, b"\"}").map(|end| end + 2).collect();
        places(piece, b"{\"v\":").take(32).any(|start| {
            let mut after = ends.iter().rev().filter(|end| **end > start).take(32);
            after.any(|end| unseal(&piece[start..*end]).is_ok())
        })
    })
}

fn places<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(wanted.len()).enumerate().filter(move |(_, w)| *w == wanted).map(|(at, _)| at)
}
