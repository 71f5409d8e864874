//! Sorting where it is not often done, by one sort for all types: the standard library's is compiled anew
//! for each type and each key, to 8 KB of code every time.
use std::{cmp::Ordering, mem};

/// Sorts by `compare`; equals stay in their order.
pub fn by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    first_by(items, usize::MAX, compare);
}

/// The first `most` of all that are sorted so; the others are dropped.
pub fn first_by<T>(items: &mut Vec<T>, most: usize, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), most, &|one, other| {
        compare(&items[one], &items[other])
    });
    let mut taken: Vec<_> = mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|place| taken[place].take()));
}

/// Sorts by a key; equals stay in their order.
pub fn by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by a key that is dear: each is asked for once.
pub fn by_cached_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let mut keyed: Vec<_> = mem::take(items)
        .into_iter()
        .map(|item| (key(&item), item))
        .collect();
    by(&mut keyed, |one, other| one.0.cmp(&other.0));
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

/// In which order the places of a list are to be taken, the first `most` of them.
fn order(length: usize, most: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let compare = |one: &usize, other: &usize| compare(*one, *other).then(one.cmp(other));
    let mut places: Vec<_> = (0..length).collect();
    if most < length {
        places.select_nth_unstable_by(most, compare);
        places.truncate(most);
    }
    places.sort_unstable_by(compare);
    places
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_sort_is_the_standard_one(items in proptest::collection::vec((0_u8..20, any::<u16>()), 0..200), most in 0_usize..250) {
            let mut sorted = items.clone();
            sorted.sort_by_key(|item| Reverse(item.0));
            let (mut one, mut other, mut first) = (items.clone(), items.clone(), items);
            by_key(&mut one, |item| Reverse(item.0));
            by_cached_key(&mut other, |item| Reverse(item.0));
            first_by(&mut first, most, |one, other| other.0.cmp(&one.0));
            prop_assert_eq!(one, &sorted[..]);
            prop_assert_eq!(other, &sorted[..]);
            prop_assert_eq!(first, &sorted[..most.min(sorted.len())]);
        }
    }
}
