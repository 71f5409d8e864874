//! Whether each record has the number after that of the record before, over all pieces of a log.
use std::{cmp::Ordering, collections::HashSet, path::Path};

use chrono::DateTime;

use super::Break;
use crate::sort;

/// So many breaks are told with their place.
const TOLD: usize = 20;

/// The numbers in one piece, as far as the pieces beside it need to know.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    piece: usize,
    first: Record,
    last: Record,
}

/// A record with a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) seq: u64,
    pub(super) source: usize,
    pub(super) offset: u64,
    pub(super) millis: i64,
    /// It says that its file goes on where another ended.
    pub(super) rotated: bool,
    /// Whether it is before the window, in it, or after it.
    pub(super) side: Ordering,
}

/// A file, as far as its numbers depend on those of others.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    /// The same of all files that are one log.
    pub(super) family: &'a Path,
    /// It is read from its first line on.
    pub(super) is_from_start: bool,
    /// And to its last.
    pub(super) is_to_end: bool,
}

/// What one reader has seen.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pieces: Vec<Numbers>,
    breaks: u64,
    told: Vec<(usize, u64, Record)>,
}

/// Whether what is missing between two records may be of the window: unless both are on one side.
fn is_of_window(before: Record, record: Record) -> bool {
    before.side != record.side || record.side == Ordering::Equal
}

impl Chain {
    /// Notes the next record of a piece.
    pub(super) fn note(&mut self, piece: usize, record: Record) {
        match self.pieces.last_mut() {
            Some(numbers) if numbers.piece == piece => {
                let before = numbers.last;
                numbers.last = record;
                self.step(piece, before, record);
            }
            _ => self.pieces.push(Numbers {
                piece,
                first: record,
                last: record,
            }),
        }
    }

    /// Notes what follows in the same file.
    fn step(&mut self, piece: usize, before: Record, record: Record) {
        let follows = record.seq == before.seq.wrapping_add(1);
        // With 1 a chain of its own begins: the log says why, and `verify` whether it may. But no time
        // runs back within a file, so an earlier one stands there again.
        let begins = record.seq == 1 && record.millis >= before.millis;
        if !follows && !begins && is_of_window(before, record) {
            self.tell(piece, before.seq, record);
        }
    }

    fn tell(&mut self, piece: usize, before: u64, record: Record) {
        self.breaks += 1;
        if self.told.len() < TOLD {
            self.told.push((piece, before, record));
        }
    }

    /// Adds what another reader has seen of other pieces.
    pub(super) fn merge(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.breaks += other.breaks;
        self.told.extend(other.told);
    }

    /// How many breaks there are, and the first of them. Files of several logs may stand in one row:
    /// a file follows one of its log that ended with the record before its first, and the first of a
    /// log may follow any. No two files follow the same one, and none begins as another of its log.
    pub(super) fn finish(mut self, files: &[File<'_>]) -> (u64, Vec<Break>) {
        sort::by_key(&mut self.pieces, |numbers| numbers.piece);
        let told = std::mem::take(&mut self.told);
        let mut ends: Vec<(&Path, Record)> = Vec::new();
        let (mut families, mut beginnings) = (HashSet::new(), HashSet::new());
        let mut before: Option<Record> = None;
        for Numbers { piece, first, last } in std::mem::take(&mut self.pieces) {
            let file = &files[first.source];
            let Some(before) = before.replace(last) else {
                families.insert(file.family);
                beginnings.insert((file.family, first.seq, first.millis));
                continue;
            };
            if before.source == first.source {
                self.step(piece, before, first);
                continue;
            }
            ends.push((files[before.source].family, before));
            let is_of_new_log = families.insert(file.family);
            let is_before = |(family, end): &(&Path, Record)| {
                end.seq == first.seq.wrapping_sub(1) && (is_of_new_log || *family == file.family)
            };
            let followed = ends.iter().position(is_before);
            followed.map(|at| ends.remove(at));
            // What stood before it may have been removed.
            let is_beginning = is_of_new_log && first.rotated;
            let is_copy = !beginnings.insert((file.family, first.seq, first.millis));
            let is_unfollowed = file.is_from_start && followed.is_none() && !is_beginning;
            // With 1 a chain of its own begins.
            let own = ends.iter().rfind(|(family, _)| *family == file.family);
            let own = own.map(|(_, end)| *end);
            // Where nothing between the two was left out.
            let is_next = |end: &Record| {
                let mut between = files[end.source..first.source].iter();
                between.all(|it| it.family != file.family || it.is_to_end)
            };
            let end = own.filter(is_next).unwrap_or(first);
            if is_copy || (is_unfollowed && first.seq != 1 && is_of_window(end, first)) {
                self.tell(piece, own.unwrap_or(before).seq, first);
            }
        }
        self.told.extend(told);
        sort::by_key(&mut self.told, |(piece, _, record)| (*piece, record.offset));
        let told = self.told.iter().take(TOLD);
        let told = told.map(|(_, after, record)| Break {
            file: files[record.source].path.to_owned(),
            offset: record.offset,
            time: DateTime::from_timestamp_millis(record.millis).unwrap_or_default(),
            after: *after,
            found: record.seq,
        });
        (self.breaks, told.collect())
    }
}
