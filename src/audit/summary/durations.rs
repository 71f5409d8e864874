//! How durations are spread, in little memory: exact below 64, within 1/32 above.
use super::pruned::Count;

/// How many of each length there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    buckets: Vec<u32>,
    all: u64,
    longest: u64,
}

impl Durations {
    pub(super) fn note(&mut self, millis: u64) {
        let bucket = bucket(millis);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.all += 1;
        self.longest = millis.max(self.longest);
    }

    pub(super) fn longest(&self) -> Option<u64> {
        (self.all > 0).then_some(self.longest)
    }

    /// As long, or hardly shorter, is `share` percent of all.
    pub(super) fn percentile(&self, share: u64) -> Option<u64> {
        let rank = (self.all * share).div_ceil(100).max(1);
        let mut seen = 0;
        let at = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        Some(longest_in(at).min(self.longest))
    }
}

impl Count for Durations {
    fn add(&mut self, other: Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (count, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *count += theirs;
        }
        self.all += other.all;
        self.longest = self.longest.max(other.longest);
    }
}

/// 64 buckets of one, then 32 for each further doubling; all above 2^32 are one.
fn bucket(millis: u64) -> usize {
    let millis = millis.min(u64::from(u32::MAX));
    let doublings = (64 - millis.leading_zeros()).saturating_sub(6);
    let within = usize::try_from(millis >> doublings).expect("below 64");
    32 * doublings as usize + within
}

/// The longest duration that is counted in this bucket.
fn longest_in(bucket: usize) -> u64 {
    let doublings = (bucket / 32).saturating_sub(1);
    let within = (bucket - 32 * doublings) as u64;
    ((within + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_at_most_a_thirtieth_too_high(times in proptest::collection::vec(prop_oneof![0_u64..100, 0_u64..100_000, any::<u32>().prop_map(u64::from)], 1..200), share in 1_u64..=100) {
            let mut halves = [Durations::default(), Durations::default()];
            for (at, time) in times.iter().enumerate() {
                halves[at % 2].note(*time);
            }
            let [mut all, other] = halves;
            all.add(other);
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let rank = usize::try_from((sorted.len() as u64 * share).div_ceil(100)).expect("small");
            let exact = sorted[rank - 1];
            let told = all.percentile(share).expect("there are some");
            prop_assert!(exact <= told && told <= exact + exact / 32, "{told} for {exact}");
            prop_assert_eq!(all.longest(), sorted.last().copied());
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Durations::default().percentile(50), None);
    }
}
