//! A line of bars of different heights: a sparkline.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One bar a value, the largest the highest; nothing where a value is 0.
pub(super) fn sparkline(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let bar = |value: &u64| match *value {
        0 => '·',
        value => {
            BARS[usize::try_from((u128::from(value) * 8).div_ceil(u128::from(most)) - 1)
                .unwrap_or(7)]
        }
    };
    values.iter().map(bar).collect()
}

/// Values put together so that no more than `most` are left, and how many went into each.
pub(super) fn gathered(values: &[u64], most: usize) -> (Vec<u64>, usize) {
    let each = values.len().div_ceil(most).max(1);
    // The last one is whole: it is what was now.
    let ahead = (each - values.len() % each) % each;
    let padded: Vec<_> = std::iter::repeat_n(0, ahead)
        .chain(values.iter().copied())
        .collect();
    let sums = padded
        .chunks(each)
        .map(|chunk| chunk.iter().fold(0, |sum: u64, it| sum.saturating_add(*it)));
    (sums.collect(), each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_the_highest_and_nothing_is_no_bar() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(sparkline(&[0, 0]), "··");
        assert_eq!(sparkline(&[u64::MAX, 1]), "█▁");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn what_does_not_fit_is_put_together_from_its_end() {
        assert_eq!(gathered(&[1, 2, 3], 60), (vec![1, 2, 3], 1));
        assert_eq!(gathered(&[1, 2, 3, 4, 5], 3), (vec![1, 5, 9], 2));
    }
}
