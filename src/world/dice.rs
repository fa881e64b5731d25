//! Chance that depends on a seed and a name only: no draw moves another one.

use crate::ids::Span;

/// The chance of one world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice { seed }
    }

    /// A number that belongs to `key`: FNV-1a over it, then the finisher of `SplitMix64`.
    pub fn number(&self, key: &str) -> u64 {
        let start = 0xCBF2_9CE4_8422_2325 ^ self.seed;
        let hash = key.bytes().fold(start, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3));
        let z = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A duration between `low` and `high`, to the second.
    pub fn within(&self, key: &str, low: Span, high: Span) -> Span {
        let seconds = high.0.saturating_sub(low.0) / 1000;
        Span(low.0 + self.number(key) % (seconds + 1) * 1000)
    }

    /// True in `percent` of a hundred keys.
    pub fn percent(&self, key: &str, percent: u64) -> bool {
        self.number(key) % 100 < percent
    }

    /// Capital letters and digits, as in the resource ids of RDS.
    pub fn letters(&self, key: &str, n: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let one = |i: usize| {
            let number = self.number(&format!("{key}#{i}")) % 32;
            char::from(LETTERS[usize::try_from(number).unwrap_or(0)])
        };
        (0..n).map(one).collect()
    }
}
