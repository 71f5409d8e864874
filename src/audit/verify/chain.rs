//! Puts the stretches of a log together, and where one does not follow another finds what was done:
//! the least that explains it, so that one tampered record is one break.
use std::collections::VecDeque;

use super::{
    explain::{Explained, describe, explain, record},
    mark::{Mark, Place},
    part::{Foreign, Piece, Records},
    verdict::{Bounded, Break, End, Kind, Note, Told},
};

/// So many stretches are looked at together.
const WINDOW: usize = 16;

/// A file that begins with half a record tells of it by this line: the one that goes on from another
/// file comes first, and maybe one that says that the log was replaced.
const TELLS_OF_TORN: u64 = 4;

/// What was put together so far.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Stretches that are not judged yet.
    ahead: VecDeque<Piece>,
    /// The record that the next must follow.
    last: Option<Mark>,
    /// Something before could not be read, so anything may come next.
    is_beyond_hole: bool,
    /// Where, near the start of a file, it is said that so many bytes of a line were cut off.
    recovered: Vec<(Place, u64)>,
    pub(super) breaks: Bounded<Break>,
    pub(super) notes: Bounded<Note>,
}

impl Chain {
    pub(super) fn push(&mut self, piece: Piece) {
        match (self.ahead.back_mut(), piece) {
            (Some(Piece::Records(before)), Piece::Records(next))
                if next.first.follows(&before.last) =>
            {
                before.last = next.last;
            }
            (Some(Piece::Foreign(before)), Piece::Foreign(next))
                if before.at.file == next.at.file =>
            {
                before.extend(next);
            }
            (_, piece) => self.ahead.push_back(piece),
        }
        while self.ahead.len() > WINDOW {
            self.step();
        }
    }

    /// The record there says so of a line. It comes before the stretch that it stands in.
    pub(super) fn note_recovered(&mut self, at: Place, torn_bytes: u64) {
        if at.line <= TELLS_OF_TORN {
            self.recovered.push((at, torn_bytes));
        }
    }

    /// Something that follows could not be read.
    pub(super) fn hole(&mut self) {
        self.settle();
        self.last = None;
        self.is_beyond_hole = true;
    }

    /// Judges the rest: nothing follows.
    pub(super) fn finish(&mut self) -> Option<End> {
        self.settle();
        let last = self.last.take().filter(|last| last.seq > 0)?;
        let is_told = self.breaks.list.iter().any(|told| told.at == last.at);
        if !last.is_sound && !is_told {
            let found = "a line that is shaped as a record and is none".to_owned();
            self.found(last.at, Kind::Changed, 1, record(last.seq), found);
        }
        Some(End {
            at: last.at,
            seq: last.seq,
            hash: last.hash,
        })
    }

    fn settle(&mut self) {
        while !self.ahead.is_empty() {
            self.step();
        }
    }

    /// Judges the next stretch, and maybe some behind it.
    fn step(&mut self) {
        let Some(last) = self.last.take().or_else(|| self.begin()) else {
            return;
        };
        match self.ahead.iter().position(|piece| follows(piece, &last)) {
            Some(0) | None => match self.ahead.pop_front() {
                Some(Piece::Records(records)) => self.judge_records(&records, &last),
                Some(Piece::Foreign(foreign)) => self.judge_foreign(foreign, last),
                None => self.last = Some(last),
            },
            Some(1) if self.begins_torn() => {
                self.take_torn();
                self.last = Some(last);
            }
            Some(at) => self.judge_before(at, last),
        }
    }

    /// What the first stretch of all has to follow. `None` where that stretch was judged here.
    fn begin(&mut self) -> Option<Mark> {
        let front = self.ahead.front()?.clone();
        if self.is_beyond_hole {
            return self.begin_again(&front);
        }
        if self.begins_torn() {
            self.take_torn();
            return self.begin();
        }
        let next = self.ahead.get(1).and_then(Piece::records).cloned();
        let next = next.map(|next| next.first);
        let is_origin = |piece: &Piece| piece.records().is_some_and(|it| it.first.is_origin());
        let stands_for_first = match (&front, &next) {
            (Piece::Records(first), Some(next)) => first.lines() == 1 && next.seq == 2,
            (Piece::Foreign(first), Some(next)) => next.seq == first.lines + 1,
            (Piece::Foreign(_), None) => true,
            (Piece::Records(_), None) => false,
        };
        if stands_for_first || self.ahead.iter().any(is_origin) {
            return Some(Mark::origin(front.at().file));
        }
        if let Piece::Records(records) = &front {
            let first = &records.first;
            if first.is_rotated() {
                let (seq, after) = (first.seq, first.previous_file().map(str::to_owned));
                self.note(first.at, Told::Begins { seq, after });
                return Some(first.before());
            }
            // A single one may be what was changed, and no more; the next one tells.
            if records.lines() > 1 || next.is_none() {
                let expected = "record 1, or one that names the file before".to_owned();
                self.found(first.at, Kind::NoBeginning, 1, expected, record(first.seq));
                return Some(first.before());
            }
        }
        let next = next?;
        let kind = if next.is_rotated() {
            Kind::Inserted
        } else {
            Kind::Changed
        };
        let expected = format!("what stands before record {}", next.seq);
        self.found(front.at(), kind, front.lines(), expected, front.describe());
        self.ahead.pop_front();
        Some(next.before())
    }

    fn begin_again(&mut self, front: &Piece) -> Option<Mark> {
        match front {
            Piece::Records(records) => {
                self.is_beyond_hole = false;
                Some(records.first.before())
            }
            Piece::Foreign(foreign) => {
                self.ahead.pop_front();
                self.judge_end(*foreign, "a record");
                None
            }
        }
    }

    /// Whether the first line of a file was cut off, and the server has begun the file again then and
    /// told of it: nothing else speaks for that line.
    fn begins_torn(&self) -> bool {
        let Some(Piece::Foreign(torn)) = self.ahead.front() else {
            return false;
        };
        let next = self.ahead.get(1).and_then(Piece::records);
        let is_of_it = |(at, bytes): &(Place, u64)| (at.file, *bytes) == (torn.at.file, torn.bytes);
        (torn.at.line, torn.lines, torn.are_first_parts) == (1, 1, true)
            && next.is_some_and(|next| next.first.is_rotated())
            && self.recovered.iter().any(is_of_it)
    }

    fn take_torn(&mut self) {
        if let Some(Piece::Foreign(torn)) = self.ahead.pop_front() {
            let bytes = torn.bytes;
            self.note(torn.at, Told::Torn { bytes });
        }
    }

    /// Stretches before the one that follows: of those, some may follow it.
    fn judge_before(&mut self, at: usize, last: Mark) {
        let mut order = vec![at];
        let mut end = last.clone();
        while let Some(records) = order.last().and_then(|it| self.ahead[*it].records()) {
            end = records.last.clone();
            let rest = (0..at).filter(|piece| !order.contains(piece));
            match rest.into_iter().find(|it| follows(&self.ahead[*it], &end)) {
                Some(piece) => order.push(piece),
                None => break,
            }
        }
        let is_all = order.len() == at + 1;
        let judged = self.ahead.drain(..at + usize::from(is_all));
        let judged: Vec<_> = judged.collect();
        let lines = judged.iter().map(Piece::lines).sum();
        let kind = if is_all {
            Kind::Reordered
        } else {
            Kind::Inserted
        };
        let (expected, found) = (record(last.seq + 1), judged[0].describe());
        self.found(judged[0].at(), kind, lines, expected, found);
        self.last = Some(if is_all { end } else { last });
    }

    fn judge_foreign(&mut self, foreign: Foreign, last: Mark) {
        let Some(Piece::Records(next)) = self.ahead.front() else {
            self.judge_end(foreign, &record(last.seq + 1));
            self.last = Some(last);
            return;
        };
        let (next, seq) = (next.clone(), last.seq + 1);
        let is_adopted = next.first.seq == seq && foreign.hash == Some(next.first.prev);
        if is_adopted && foreign.are_first_parts && next.first.is_after_torn() {
            let bytes = foreign.bytes;
            self.note(foreign.last, Told::Torn { bytes });
        } else {
            let why = foreign.why.as_str();
            let (kind, count, found) = if next.first.seq == seq {
                (Kind::Inserted, foreign.lines, why.to_owned())
            } else if next.first.seq == seq + foreign.lines {
                (Kind::Changed, foreign.lines, why.to_owned())
            } else if foreign.are_first_parts && next.first.is_displaced() && next.first.seq > seq {
                let found = format!("half of one, and then {}", describe(&next.first));
                (Kind::Missing, next.first.seq - seq, found)
            } else {
                let found = format!("{why}, and then record {}", next.first.seq);
                (Kind::Changed, foreign.lines, found)
            };
            self.found(foreign.at, kind, count, record(seq), found);
        }
        self.ahead.pop_front();
        self.last = Some(next.last);
    }

    /// Judges lines behind which there is no record.
    fn judge_end(&mut self, foreign: Foreign, expected: &str) {
        let Foreign { at, lines, .. } = foreign;
        let is_end = self.ahead.is_empty();
        if is_end && foreign.is_unended && foreign.are_first_parts && lines == 1 {
            let bytes = foreign.bytes;
            self.note(at, Told::Unended { bytes });
        } else {
            let expected = format!("{expected}, or the end");
            let found = foreign.why.as_str().to_owned();
            self.found(at, Kind::NoRecord, lines, expected, found);
        }
    }

    fn judge_records(&mut self, records: &Records, last: &Mark) {
        self.last = Some(records.last.clone());
        // Where a server begins a chain because the log was gone, nothing is before it, and is missed.
        let is_after_nothing = last.seq == 0 && records.first.is_displaced();
        if records.first.follows(last) && !is_after_nothing {
            return;
        }
        let next = self.ahead.front().and_then(Piece::records);
        match explain(records, last, next) {
            Explained::Note(note) => self.notes.push(note),
            Explained::Break(found) => self.breaks.push(found),
            Explained::ChangedOne(found) => {
                self.breaks.push(found);
                if let Some(Piece::Records(next)) = self.ahead.pop_front() {
                    self.last = Some(next.last);
                }
            }
        }
    }

    fn found(&mut self, at: Place, kind: Kind, count: u64, expected: String, found: String) {
        self.breaks.push(Break {
            at,
            kind,
            count,
            expected,
            found,
        });
    }

    pub(super) fn note(&mut self, at: Place, what: Told) {
        self.notes.push(Note { at, what });
    }
}

fn follows(piece: &Piece, last: &Mark) -> bool {
    piece.records().is_some_and(|it| it.first.follows(last))
}
