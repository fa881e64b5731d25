//! One record is one line: the envelope of format version 1, written and checked.
//!
//! ```text
//! {"v":1,"n":7,"t":"decision","c":true,"w":"2026-03-01T01:40:05.007Z","m":81234,"boot":"1f0c9a2e",
//!  "d":{…},"p":"<64 hex>","h":"<64 hex>"}                             (one line, no spaces, at most 64 KiB)
//! ```
//!
//! `v` format, `n` number from 0, `t` kind, `c` only when critical (a reader that does not know the kind must
//! not write), `w` wall time (for people), `m` milliseconds of the clock that runs through suspend, `boot`
//! which boot `m` counts from, `d` payload, `p` hash of the line before (64 zeros in the first), `h` this
//! line's hash: the SHA-256 of the 64 characters of `p`, then of the exact bytes before `,"h":`. Nothing is ever
//! serialised again to check it. Where `d` would make the line too long, `"out":"<digest>"` stands in its place
//! and the payload lies in `out/`. Members and their order are fixed within a version: what is added later goes
//! into `d`. `v` and the rule for `h` stay in every version, so that an older reader can tell newer from broken.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::ids::At;

/// The format version this build writes, and the newest it reads.
pub const VERSION: u32 = 1;
/// Longest line in bytes, its newline included.
pub const LONGEST: usize = 64 * 1024;

/// The kinds of record this build knows; an unknown critical kind makes a run read-only.
pub mod kind {
    /// The first line of every journal.
    pub const HEADER: &str = "header";
    /// A decision of the kernel.
    pub const DECISION: &str = "decision";
    /// A decision after which the run is over: the shelf counts a run as finished while this is its newest decision.
    pub const END: &str = "end";
    /// A torn tail was cut; written by the journal itself.
    pub const REPAIR: &str = "repair";
    /// Something that changes no state.
    pub const NOTE: &str = "note";

    pub(crate) const KNOWN: [&str; 5] = [HEADER, DECISION, END, REPAIR, NOTE];
}

/// The number of a record in its journal; the header is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// The clocks at one moment, read by the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Wall time, for people.
    pub wall: At,
    /// Milliseconds of a clock that runs through suspend (`CLOCK_BOOTTIME`).
    pub m: u64,
    /// First characters of the boot id; anything but ASCII letters, digits and `-` is dropped when written.
    pub boot: String,
}

/// One record, as read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub n: Seq,
    pub kind: Cow<'static, str>,
    pub critical: bool,
    pub wall: At,
    pub m: u64,
    pub boot: Arc<str>,
    pub(super) d: Box<str>,
    pub(super) out: Option<Digest>,
    /// Where its line starts in the file.
    pub(super) at: u64,
}

impl Record {
    /// The payload's JSON.
    pub fn d(&self) -> &str {
        &self.d
    }

    /// The payload as a type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.d)
    }
}

/// Where a line carries its payload.
#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    Here(&'a str),
    Out(Digest),
}

/// A record before it has a hash.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    pub n: Seq,
    pub kind: &'a str,
    pub critical: bool,
    pub stamp: &'a Stamp,
    pub payload: Payload<'a>,
    pub prev: Digest,
}

const P: &str = ",\"p\":\"";
const H: &str = ",\"h\":\"";
/// Bytes of `,"h":"<64>"}` and of `,"p":"<64>"`.
const H_LEN: usize = H.len() + 64 + 2;
const P_LEN: usize = P.len() + 64 + 1;

/// Writes a draft as a line with its newline, and gives the hash that the next line continues.
pub(super) fn encode(draft: &Draft) -> (Vec<u8>, Digest) {
    let Draft { n: Seq(n), kind, stamp, prev, .. } = draft;
    let critical = if draft.critical { ",\"c\":true" } else { "" };
    let boot: String = stamp.boot.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let (wall, m) = (stamp.wall.rfc3339(), stamp.m);
    let mut line =
        format!(r#"{{"v":{VERSION},"n":{n},"t":"{kind}"{critical},"w":"{wall}","m":{m},"boot":"{boot}","#);
    match draft.payload {
        Payload::Here(d) => {
            line.push_str("\"d\":");
            line.push_str(d);
        }
        Payload::Out(digest) => {
            line.push_str("\"out\":\"");
            line.push_str(digest.as_str());
            line.push('"');
        }
    }
    line.push_str(P);
    line.push_str(prev.as_str());
    line.push('"');
    let hash = Digest::of_both(prev.bytes(), line.as_bytes());
    line.push_str(H);
    line.push_str(hash.as_str());
    line.push_str("\"}\n");
    (line.into_bytes(), hash)
}

/// Why a line is not the next record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// Not a line of ours, or not the one that belongs here.
    Broken(String),
    /// Sound, but written by a newer version.
    Newer(String),
}

/// A line whose own hash is right: it was written like this, here or elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'a> {
    front: &'a [u8],
    pub prev: Digest,
    pub hash: Digest,
}

/// Checks a line, without its newline, against its own hash.
pub(super) fn unseal(line: &[u8]) -> Result<Sealed<'_>, &'static str> {
    if line.len() >= LONGEST {
        return Err("it is longer than a record can be");
    }
    let (body, tail) = line.len().checked_sub(H_LEN).map(|n| line.split_at(n)).ok_or("it is cut short")?;
    let hash = between(tail, H, "\"}").ok_or("it does not end in a hash")?;
    let (front, before) = body.len().checked_sub(P_LEN).map(|n| body.split_at(n)).ok_or("it is cut short")?;
    let prev = between(before, P, "\"").ok_or("it does not name the record before it")?;
    if Digest::of_both(prev.bytes(), body) != hash {
        return Err("its hash does not match its text");
    }
    Ok(Sealed { front, prev, hash })
}

fn between(bytes: &[u8], before: &str, after: &str) -> Option<Digest> {
    Digest::parse(bytes.strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())?)
}

impl Sealed<'_> {
    /// Reads the front of the line. `boot` is used again where it is the same.
    pub(super) fn open(&self, boot: &Arc<str>) -> Result<Record, Fault> {
        let broken = |what: &str| Fault::Broken(what.to_owned());
        let front = std::str::from_utf8(self.front).map_err(|_| broken("it is not UTF-8"))?;
        let (version, rest) = number(front, "{\"v\":").ok_or_else(|| broken("it names no version"))?;
        if version > u64::from(VERSION) {
            return Err(Fault::Newer(format!("format version {version}")));
        }
        let record = envelope(rest, boot).ok_or_else(|| broken("its members are not those of a record"))?;
        if record.critical && matches!(record.kind, Cow::Owned(_)) {
            return Err(Fault::Newer(format!("the unknown record kind `{}`", record.kind)));
        }
        Ok(record)
    }
}

fn envelope(rest: &str, boot: &Arc<str>) -> Option<Record> {
    let (n, rest) = number(rest, ",\"n\":")?;
    let (kind, rest) = text(rest, ",\"t\":\"")?;
    let (critical, rest) = rest.strip_prefix(",\"c\":true").map_or((false, rest), |rest| (true, rest));
    let (wall, rest) = text(rest, ",\"w\":\"")?;
    let (m, rest) = number(rest, ",\"m\":")?;
    let (from, rest) = text(rest, ",\"boot\":\"")?;
    let (d, out) = match rest.strip_prefix(",\"d\":") {
        Some(d) => (d, None),
        None => ("", Some(between(rest.as_bytes(), ",\"out\":\"", "\"")?)),
    };
    let kind = kind::KNOWN
        .iter()
        .find(|known| **known == kind)
        .map_or_else(|| Cow::Owned(kind.to_owned()), |known| Cow::Borrowed(*known));
    let boot = if **boot == *from { Arc::clone(boot) } else { from.into() };
    Some(Record { n: Seq(n), kind, critical, wall: moment(wall)?, m, boot, d: d.into(), out, at: 0 })
}

fn number<'a>(text: &'a str, label: &str) -> Option<(u64, &'a str)> {
    let text = text.strip_prefix(label)?;
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn text<'a>(text: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(label)?.split_once('"')
}

/// [`At::rfc3339`] read back; a moment outside the calendar is written in plain milliseconds.
fn moment(text: &str) -> Option<At> {
    At::parse(text).or_else(|| text.strip_suffix("ms")?.parse().ok().map(At))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamp() -> Stamp {
        Stamp { wall: At(1_772_329_205_007), m: 81_234, boot: "1f0c9a2e".to_owned() }
    }

    fn draft<'a>(stamp: &'a Stamp, kind: &'a str, d: &'a str) -> Draft<'a> {
        let prev = Digest::of(b"before");
        Draft { n: Seq(7), kind, critical: true, stamp, payload: Payload::Here(d), prev }
    }

    fn reread(line: &[u8]) -> Result<Record, Fault> {
        let line = line.strip_suffix(b"\n").unwrap();
        unseal(line).map_err(|why| Fault::Broken(why.to_owned()))?.open(&"".into())
    }

    #[test]
    fn a_line_is_spelled_exactly_so() {
        let (line, hash) = encode(&draft(&stamp(), kind::DECISION, r#"{"a":1}"#));
        let text = String::from_utf8(line).unwrap();
        let front = concat!(
            r#"{"v":1,"n":7,"t":"decision","c":true,"w":"2026-03-01T01:40:05.007Z","m":81234,"#,
            r#""boot":"1f0c9a2e","d":{"a":1},"p":""#
        );
        let prev = Digest::of(b"before");
        let body = format!("{front}{prev}\"");
        assert_eq!(hash, Digest::of(format!("{prev}{body}").as_bytes()));
        assert_eq!(text, format!("{body},\"h\":\"{hash}\"}}\n"));
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn a_newer_format_and_an_unknown_critical_kind_are_not_called_damage() {
        let (line, _) = encode(&draft(&stamp(), "ballot", "{}"));
        assert_eq!(reread(&line), Err(Fault::Newer("the unknown record kind `ballot`".to_owned())));
        let stamp = stamp();
        let mild = Draft { critical: false, ..draft(&stamp, "ballot", "{}") };
        assert_eq!(reread(&encode(&mild).0).unwrap().kind, "ballot");

        let text = String::from_utf8(line).unwrap().replace("\"v\":1", "\"v\":2");
        let body = text.rsplit_once(H).unwrap().0;
        let hash = Digest::of_both(Digest::of(b"before").bytes(), body.as_bytes());
        let newer = format!("{body}{H}{hash}\"}}\n");
        assert_eq!(reread(newer.as_bytes()), Err(Fault::Newer("format version 2".to_owned())));
    }

    proptest! {
        #[test]
        fn a_record_survives_its_line(n: u64, m: u64, wall: i64, critical: bool, d: Vec<String>, out: bool) {
            let stamp = Stamp { wall: At(wall), m, boot: "b0-t".to_owned() };
            let d = serde_json::to_string(&d).unwrap();
            let payload = if out { Payload::Out(Digest::of(d.as_bytes())) } else { Payload::Here(&d) };
            let draft = Draft { n: Seq(n), critical, payload, ..draft(&stamp, kind::NOTE, "") };
            let (line, _) = encode(&draft);
            prop_assume!(line.len() <= LONGEST);
            let record = reread(&line).unwrap();
            prop_assert_eq!((record.n, record.m, record.wall), (Seq(n), m, At(wall)));
            prop_assert_eq!((record.critical, &*record.boot, &*record.kind), (critical, "b0-t", kind::NOTE));
            prop_assert_eq!((record.d(), record.out.is_some()), (if out { "" } else { d.as_str() }, out));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            unseal(&bytes).ok();
        }
    }
}
