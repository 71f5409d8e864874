//! Which part of a file may hold the records of some days: found by the times in it, which are
//! almost sorted. Where they are not at the places that are looked at, it is the whole file.
use std::{fs::File, ops::Range};

use super::{Line, read_at};
use crate::sort;

/// How near to the place it is looked for, and how far records may be out of order.
const NEAR: u64 = 256 * 1024;
/// Below this a search is not worth it.
const SMALL: u64 = 8 * NEAR;
/// As many places are looked at to know whether a file is sorted, and its end.
const PLACES: u64 = 32;
/// How much is looked at in one place, and how many records of it.
const LOOK: usize = 16 * 1024;
const RECORDS: usize = 15;
/// How far times may be out of order, in milliseconds.
const SLACK: i64 = 60_000;

/// The part of a file of `length` bytes that may hold records from `from` on, before `until`.
pub(super) fn part(file: &File, length: u64, from: i64, until: i64) -> Range<u64> {
    let whole = 0..length;
    if length < SMALL {
        return whole;
    }
    let search = Search { file, length };
    search.part(from, until).unwrap_or(whole)
}

struct Search<'f> {
    file: &'f File,
    length: u64,
}

/// A place in a file and the time there.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    millis: i64,
}

impl Search<'_> {
    /// `None` where the times do not say.
    fn part(&self, from: i64, until: i64) -> Option<Range<u64>> {
        let step = self.length / PLACES;
        let mut places = Vec::new();
        let end = self.length - LOOK as u64;
        for offset in (0..PLACES).map(|at| at * step).chain([end]) {
            let place = self.look(offset)?;
            if let Some(Place { millis, .. }) = places.last()
                && place.millis < millis - SLACK
            {
                return None;
            }
            places.push(place);
        }
        let start = self.last_before(&places, from.saturating_sub(SLACK))?;
        let end = self.last_before(&places, until.saturating_add(SLACK))?;
        Some(start.saturating_sub(NEAR)..self.length.min(end + 3 * NEAR))
    }

    /// A place before the first record of that time, and not far from it.
    fn last_before(&self, places: &[Place], millis: i64) -> Option<u64> {
        let after = places.partition_point(|place| place.millis < millis);
        let Some(mut low) = after.checked_sub(1).map(|at| places[at]) else {
            return Some(0);
        };
        let mut high = places.get(after).copied().unwrap_or(Place {
            offset: self.length,
            millis: i64::MAX,
        });
        while high.offset - low.offset > NEAR {
            let middle = self.look(low.offset.midpoint(high.offset))?;
            let between = low.millis.saturating_sub(SLACK)..=high.millis.saturating_add(SLACK);
            if !between.contains(&middle.millis) {
                return None;
            }
            if middle.millis < millis {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low.offset)
    }

    /// The time at a place: the middle one of some records, so that a single wrong one says nothing.
    fn look(&self, offset: u64) -> Option<Place> {
        let mut bytes = vec![0; LOOK];
        let read = read_at(self.file, &mut bytes, offset).ok()?;
        let lines = bytes[..read].split(|byte| *byte == b'\n');
        let records = lines
            .skip(usize::from(offset > 0))
            .filter_map(|line| Line::read(line).ok());
        let mut times: Vec<_> = records.map(|line| line.millis).take(RECORDS).collect();
        sort::by_key(&mut times, |time| *time);
        let millis = *times.get(times.len() / 2)?;
        Some(Place { offset, millis })
    }
}
