//! How many different ones there were, without remembering them: `HyperLogLog`, by Flajolet and
//! others (2007). Off by 0.8% as a rule.
use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;

/// As many bits of a hash say which register it is for.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;

/// A rough count of different values. Only those made of one [`RandomState`] can be merged.
#[derive(Clone, Debug)]
pub(super) struct Distinct {
    hasher: RandomState,
    /// The longest run of zeros, and one, that a hash of each register began with; none before the
    /// first value.
    registers: Vec<u8>,
}

impl Distinct {
    pub(super) fn new(hasher: &RandomState) -> Self {
        Self {
            hasher: hasher.clone(),
            registers: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, value: impl Hash) {
        let hash = self.hasher.hash_one(value);
        let register = usize::try_from(hash >> (64 - BITS)).expect("some bits");
        let run = ((hash << BITS) | (1 << (BITS - 1))).leading_zeros();
        let run = u8::try_from(run).expect("at most 64") + 1;
        self.registers.resize(REGISTERS, 0);
        let longest = &mut self.registers[register];
        *longest = run.max(*longest);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.registers
            .resize(self.registers.len().max(other.registers.len()), 0);
        for (longest, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *longest = (*theirs).max(*longest);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a count, and rough"
    )]
    pub(super) fn estimate(&self) -> u64 {
        if self.registers.is_empty() {
            return 0;
        }
        let all = f64::from(1_u32 << BITS);
        let sum: f64 = self
            .registers
            .iter()
            .map(|run| (-f64::from(*run)).exp2())
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / all) * all * all / sum;
        let empty: u32 = self.registers.iter().map(|run| u32::from(*run == 0)).sum();
        // With few values, counting the empty registers is better.
        let estimate = if raw <= 2.5 * all && empty > 0 {
            all * (all / f64::from(empty)).ln()
        } else {
            raw
        };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted_within_some_percent() {
        let hasher = RandomState::default();
        let mut halves = [Distinct::new(&hasher), Distinct::new(&hasher)];
        for (count, within) in [(0_u64, 0), (100, 2), (20_000, 1_000), (1_000_000, 50_000)] {
            for value in 0..count {
                halves[usize::from(value % 2 == 0)].note(value);
                halves[1].note(0_u64);
            }
            let mut all = halves[0].clone();
            all.merge(&halves[1]);
            let off = all.estimate().abs_diff(count);
            assert!(off <= within, "{count} is estimated {off} off");
        }
    }
}
