//! SHA-256 as it is written: 64 lower-case hexadecimal characters.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 in its written form; names a blob, a runbook or a link of the chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 64]);

impl Digest {
    /// What stands where the first record names the one before it.
    pub(super) const ORIGIN: Digest = Digest([b'0'; 64]);

    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::of_both(&[], bytes)
    }

    /// The digest of two byte strings laid end to end.
    pub(super) fn of_both(first: &[u8], second: &[u8]) -> Digest {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let raw = Sha256::new().chain_update(first).chain_update(second).finalize();
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(raw.iter()) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Digest(text)
    }

    /// Reads the written form; nothing but 64 lower-case hexadecimal characters is one.
    pub fn parse(text: &[u8]) -> Option<Digest> {
        let text: [u8; 64] = text.try_into().ok()?;
        text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).then_some(Digest(text))
    }

    /// The 64 characters.
    #[expect(clippy::missing_panics_doc, reason = "both ways to make one leave ASCII only")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits are ASCII")
    }

    /// The first 12 characters: how a head is shown to people.
    pub fn short(&self) -> &str {
        &self.as_str()[..12]
    }

    pub(super) fn bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(d)?;
        Digest::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("not a SHA-256 in hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_sha256sum_prints() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        assert_eq!(Digest::of_both(b"ab", b"c"), Digest::of(b"abc"));
        assert_eq!(Digest::parse(empty.as_bytes()), Some(Digest::of(b"")));
        assert_eq!(Digest::parse(empty.to_uppercase().as_bytes()), None);
    }
}
