//! Counts of many names in bounded memory: those that are many are kept, and it is known how much
//! of each may be missing. After Misra and Gries, "Finding repeated elements" (1982).
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::distinct::Distinct;

/// What is counted of one name.
pub(super) trait Count: Default {
    fn add(&mut self, other: Self);
}

/// The most frequent names, each with what was counted of it.
#[derive(Debug)]
pub(super) struct Pruned<K, C> {
    rows: Vec<Row<K, C>>,
    /// Which row a name has.
    places: HashTable<u32>,
    hasher: RandomState,
    /// The row that was noted last: often that of the next name as well.
    last: usize,
    /// So many names at most.
    room: usize,
    /// No name that is not kept was noted more often than this.
    missed: u64,
    distinct: Distinct,
}

#[derive(Debug)]
struct Row<K, C> {
    name: K,
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
            rows: Vec::new(),
            places: HashTable::new(),
            hasher: RandomState::default(),
            last: 0,
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
        let is_last = |row: &Row<K, C>| row.name.borrow() == name;
        if !self.rows.get(self.last).is_some_and(is_last) {
            let found = self.find(name);
            self.last = found.unwrap_or_else(|| self.keep(name.to_owned().into()));
        }
        let row = &mut self.rows[self.last];
        row.weight += 1;
        &mut row.count
    }

    fn find<Q>(&self, name: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let is_it = |place: &u32| self.rows[*place as usize].name.borrow() == name;
        let place = self.places.find(self.hasher.hash_one(name), is_it);
        place.map(|place| *place as usize)
    }

    #[cold]
    fn keep(&mut self, name: K) -> usize {
        if self.rows.len() >= self.room {
            self.prune();
        }
        self.distinct.note(&name);
        self.push(name, self.missed)
    }

    /// A new row, for a name that has none.
    fn push(&mut self, name: K, missed: u64) -> usize {
        self.rows.push(Row {
            name,
            weight: 0,
            missed,
            count: C::default(),
        });
        let place = self.rows.len() - 1;
        self.place(place);
        place
    }

    fn place(&mut self, place: usize) {
        let hash = |place: usize| self.hasher.hash_one(&self.rows[place].name);
        let number = u32::try_from(place).expect("less than there is room for");
        let places = &mut self.places;
        places.insert_unique(hash(place), number, |other| hash(*other as usize));
    }

    /// Takes as much from all that half of them are gone.
    fn prune(&mut self) {
        let mut weights: Vec<_> = self.rows.iter().map(|row| row.weight).collect();
        let middle = weights.len() / 2;
        let least = *weights.select_nth_unstable(middle).1;
        self.rows.retain_mut(|row| {
            row.weight = row.weight.saturating_sub(least);
            row.weight > 0
        });
        self.places.clear();
        for place in 0..self.rows.len() {
            self.place(place);
        }
        self.missed += least;
    }

    /// Adds what another has counted.
    pub(super) fn merge(&mut self, other: Self) {
        let missed = self.missed;
        for row in &mut self.rows {
            row.missed += other.missed;
        }
        for theirs in other.rows {
            let found = self.find(&theirs.name);
            let place = found.unwrap_or_else(|| self.push(theirs.name, missed + other.missed));
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

    /// Each name that is kept, with what was counted.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&K, &C)> {
        self.rows.iter().map(|row| (&row.name, &row.count))
    }

    /// The same, and how much of that may be missing.
    pub(super) fn into_rows(self) -> impl Iterator<Item = (K, C, u64)> {
        let rows = self.rows.into_iter();
        rows.map(|row| (row.name, row.count, row.missed))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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
