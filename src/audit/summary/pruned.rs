//! Counts of many names in bounded memory: those that are many are kept, and it is known how much
//! of each may be missing. After Misra and Gries, "Finding repeated elements" (1982).
use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem};

use foldhash::fast::RandomState;

use super::distinct::Distinct;

/// What is counted of one name.
pub(super) trait Count: Default {
    fn add(&mut self, other: Self);
}

/// The most frequent names, each with what was counted of it.
#[derive(Debug)]
pub(super) struct Pruned<K, C> {
    places: HashMap<K, usize, RandomState>,
    rows: Vec<Row<C>>,
    /// So many names at most.
    room: usize,
    /// No name that is not kept was noted more often than this.
    missed: u64,
    distinct: Distinct,
}

#[derive(Debug, Default)]
struct Row<C> {
    /// How often the name was noted, less what [`Pruned::prune`] took from all.
    weight: u64,
    /// How often it may have been noted before it was kept.
    missed: u64,
    count: C,
}

impl<K: Eq + Hash, C: Count> Pruned<K, C> {
    /// A table for so many names. Only those of one hasher can be merged.
    pub(super) fn new(room: usize, hasher: &foldhash::quality::RandomState) -> Self {
        Self {
            places: HashMap::default(),
            rows: Vec::new(),
            room,
            missed: 0,
            distinct: Distinct::new(hasher),
        }
    }

    /// What is counted of a name, which is noted once more by this.
    pub(super) fn note<Q>(&mut self, name: &Q) -> &mut C
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let found = self.places.get(name).copied();
        let place = found.unwrap_or_else(|| self.keep(name.to_owned().into()));
        let row = &mut self.rows[place];
        row.weight += 1;
        &mut row.count
    }

    #[cold]
    fn keep(&mut self, name: K) -> usize {
        if self.rows.len() >= self.room {
            self.prune();
        }
        self.distinct.note(&name);
        self.places.insert(name, self.rows.len());
        self.rows.push(Row {
            missed: self.missed,
            ..Row::default()
        });
        self.rows.len() - 1
    }

    /// Takes as much from all that half of them are gone.
    fn prune(&mut self) {
        let mut weights: Vec<_> = self.rows.iter().map(|row| row.weight).collect();
        let middle = weights.len() / 2;
        let least = *weights.select_nth_unstable(middle).1;
        let rows = mem::take(&mut self.rows);
        let places = rows.into_iter().map(|mut row| {
            row.weight = row.weight.saturating_sub(least);
            (row.weight > 0).then(|| {
                self.rows.push(row);
                self.rows.len() - 1
            })
        });
        let places: Vec<_> = places.collect();
        self.places.retain(|_, place| {
            let now = places[*place];
            *place = now.unwrap_or(*place);
            now.is_some()
        });
        self.missed += least;
    }

    /// Adds what another has counted.
    pub(super) fn merge(&mut self, mut other: Self) {
        let missed = self.missed;
        for row in &mut self.rows {
            row.missed += other.missed;
        }
        for (name, place) in other.places {
            let theirs = mem::take(&mut other.rows[place]);
            let place = *self.places.entry(name).or_insert_with(|| {
                self.rows.push(Row {
                    missed: missed + other.missed,
                    ..Row::default()
                });
                self.rows.len() - 1
            });
            let row = &mut self.rows[place];
            row.weight += theirs.weight;
            row.missed = row.missed - other.missed + theirs.missed;
            row.count.add(theirs.count);
        }
        self.missed += other.missed;
        self.distinct.merge(&other.distinct);
        while self.rows.len() > self.room {
            self.prune();
        }
    }

    /// No name that is not kept was noted more often than this; where it is 0, every name is kept
    /// with all that was noted of it.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// How many names were noted, and whether that is an estimate.
    pub(super) fn distinct(&self) -> (u64, bool) {
        match self.missed {
            0 => (self.rows.len() as u64, false),
            _ => (self.distinct.estimate(), true),
        }
    }

    /// Each name that is kept, with what was counted, and how much of that may be missing.
    pub(super) fn into_rows(mut self) -> impl Iterator<Item = (K, C, u64)> {
        self.places.into_iter().map(move |(name, place)| {
            let row = mem::take(&mut self.rows[place]);
            (name, row.count, row.missed)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct Times(u64);

    impl Count for Times {
        fn add(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    proptest! {
        /// However little room there is and however many tables are merged, a count is never too
        /// high, and too low by no more than is said.
        #[test]
        fn what_may_be_missing_is_known(names in proptest::collection::vec(0_u128..40, 0..400), room in 1_usize..50, tables in 1_usize..4) {
            let hasher = foldhash::quality::RandomState::default();
            let mut truth: HashMap<u128, u64> = HashMap::new();
            let mut all: Vec<Pruned<u128, Times>> = (0..tables).map(|_| Pruned::new(room, &hasher)).collect();
            for (at, name) in names.iter().enumerate() {
                *truth.entry(*name).or_default() += 1;
                all[at % tables].note(name).0 += 1;
            }
            let mut merged = all.remove(0);
            for table in all {
                merged.merge(table);
            }
            prop_assert!(merged.rows.len() <= room);
            let missed = merged.missed();
            // As Misra and Gries promise, with half of the room.
            prop_assert!(missed <= 2 * names.len() as u64 / room as u64 + tables as u64);
            for (name, count, missed) in merged.into_rows() {
                let true_count = truth.remove(&name).unwrap_or(0);
                prop_assert!(count.0 <= true_count && true_count <= count.0 + missed);
            }
            prop_assert!(truth.values().all(|count| *count <= missed));
        }
    }
}
