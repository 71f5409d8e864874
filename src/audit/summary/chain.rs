//! Whether each record has the number after that of the record before, over all pieces of a log.
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
    /// Only between records of which the second is counted is a break one of the summary.
    pub(super) counted: bool,
}

/// What one reader has seen.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pieces: Vec<Numbers>,
    breaks: u64,
    told: Vec<(usize, u64, Record)>,
}

impl Chain {
    /// Notes the next record of a piece.
    pub(super) fn note(&mut self, piece: usize, record: Record) {
        match self.pieces.last_mut() {
            Some(numbers) if numbers.piece == piece => {
                let before = numbers.last.seq;
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

    fn step(&mut self, piece: usize, before: u64, record: Record) {
        // With 1 a chain of its own begins: the log says why, and `verify` whether it may.
        if record.seq == before.wrapping_add(1) || record.seq == 1 || !record.counted {
            return;
        }
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

    /// How many breaks there are, and the first of them.
    pub(super) fn finish(mut self, files: &[String]) -> (u64, Vec<Break>) {
        sort::by_key(&mut self.pieces, |numbers| numbers.piece);
        let told = std::mem::take(&mut self.told);
        for pair in std::mem::take(&mut self.pieces).windows(2) {
            self.step(pair[1].piece, pair[0].last.seq, pair[1].first);
        }
        self.told.extend(told);
        sort::by_key(&mut self.told, |(piece, _, record)| (*piece, record.offset));
        let told = self.told.iter().take(TOLD);
        let told = told.map(|(_, after, record)| Break {
            file: files.get(record.source).cloned().unwrap_or_default(),
            offset: record.offset,
            time: DateTime::from_timestamp_millis(record.millis).unwrap_or_default(),
            after: *after,
            found: record.seq,
        });
        (self.breaks, told.collect())
    }
}
