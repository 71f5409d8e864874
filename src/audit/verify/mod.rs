//! Whether a log is what was written: each record against the next, over all files in a row. Only
//! links are believed; what else a line says is shown and decides nothing. Nothing here needs more
//! memory because a log is larger or worse.
mod chain; // what follows what
mod explain; // why it does not
mod mark;
mod order; // which file comes first
mod part; // what was found
mod said; // about the log itself
mod scan;
mod seals;
mod source;
mod verdict;
mod workers;

use std::{num::NonZeroUsize, sync::atomic::AtomicU64};

use chrono::{DateTime, Utc};

use chain::Chain;
pub use mark::Place;
pub use order::{in_order, of_log};
use part::{Part, Piece, What};
use said::Said;
use seals::SealCheck;
pub use source::Source;
pub use verdict::{Bounded, Break, End, Kind, Note, Seals, Told, Verdict};

use super::seal::SealKey;
use crate::sort;
use mark::Mark;

/// What a log must hold besides an intact chain.
#[derive(Default)]
pub struct Asked {
    pub heads: Vec<Head>,
    /// The first of the keys that sealed checkpoints, or a later one.
    pub seal_key: Option<SealKey>,
    /// A log that began after this and has fewer records may be too young for a seal.
    pub unsealed: Option<(DateTime<Utc>, u64)>,
}

/// A record that was there once, and who says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// SHA-256 of its line.
    pub hash: [u8; 32],
    pub said_by: String,
    /// The log may begin right behind it.
    pub may_be_before: bool,
    /// Its number and its time, where it may have been in a file that is gone by now.
    pub may_be_gone: Option<(u64, DateTime<Utc>)>,
}

/// Reads files that are one log, the oldest first. `read` tells meanwhile how many bytes are done.
pub fn verify(
    sources: &[Source],
    asked: Asked,
    threads: NonZeroUsize,
    read: &AtomicU64,
) -> Verdict {
    let heads: Vec<_> = asked.heads.iter().map(|head| head.hash).collect();
    let mut reading = Reading {
        unsealed: asked.unsealed,
        ..Reading::new(sources.len(), heads.len(), asked.seal_key)
    };
    workers::read(sources, &heads, threads, read, |file, part| match part {
        Ok(part) => reading.take(part),
        Err(error) => {
            reading.chain.hole();
            reading.verdict.unreadable.push((file, error));
        }
    });
    reading.finish(&asked.heads)
}

/// What was put together so far.
struct Reading {
    verdict: Verdict,
    /// Of each file.
    lines: Vec<u64>,
    chain: Chain,
    seals: SealCheck,
    /// What is wrong with records about the log itself.
    said_breaks: Bounded<Break>,
    heads_seen: Vec<bool>,
    first: Option<Mark>,
    /// Some record is the first of a chain, so numbers say nothing of what comes first.
    has_origin: bool,
    /// Where it is first said that the log was taken away, and of which newest record.
    taken_away: Option<(Place, [u8; 32])>,
    unsealed: Option<(DateTime<Utc>, u64)>,
}

impl Reading {
    fn new(files: usize, heads: usize, seal_key: Option<SealKey>) -> Self {
        Self {
            verdict: Verdict {
                files: vec![None; files],
                ..Verdict::default()
            },
            lines: vec![0; files],
            chain: Chain::default(),
            seals: SealCheck::new(seal_key),
            said_breaks: Bounded::default(),
            heads_seen: vec![false; heads],
            first: None,
            has_origin: false,
            taken_away: None,
            unsealed: None,
        }
    }

    fn take(&mut self, mut part: Part) {
        let file = part.file;
        if self.verdict.unreadable.iter().any(|(bad, _)| *bad == file) {
            return;
        }
        part.move_by(self.lines[file]);
        self.lines[file] += part.lines;
        for told in part.told {
            match told.what {
                What::Head(which) => self.heads_seen[which] = true,
                What::Said(Said::Recovered { torn_bytes }) => {
                    self.chain.note_recovered(told.at, torn_bytes);
                }
                What::Said(Said::Gap { lost }) => self.chain.note(told.at, Told::Gap { lost }),
                What::Said(Said::Checkpoint { head, seal }) => {
                    self.verdict.checkpoints += 1;
                    let found = self.seals.check(told.at, told.seq, head, seal);
                    self.said_breaks.extend(found);
                }
                // With 1 a chain of its own begins, which is judged there.
                What::Said(Said::Displaced { by_nothing, expected, .. }) if told.seq > 1 => {
                    self.chain.note(told.at, Told::Displaced);
                    if let Some(expected) = expected.filter(|_| by_nothing) {
                        self.taken_away.get_or_insert((told.at, expected.hash));
                    }
                }
                What::Said(_) => {}
                What::Contradiction => self.said_breaks.push(Break {
                    at: told.at,
                    kind: Kind::Changed,
                    count: 1,
                    expected: "what a record of its kind says, and of the one before it what its own link says"
                        .to_owned(),
                    found: "something else".to_owned(),
                }),
            }
        }
        for piece in part.pieces {
            if let Piece::Records(records) = &piece {
                self.verdict.records += records.lines();
                self.first.get_or_insert_with(|| records.first.clone());
                self.has_origin |= records.first.is_origin();
                let range = &mut self.verdict.files[file];
                let first = range.map_or(records.first.seq, |(first, _)| first);
                *range = Some((first, records.last.seq));
            }
            self.chain.push(piece);
        }
    }

    fn finish(mut self, heads: &[Head]) -> Verdict {
        self.verdict.end = self.chain.finish();
        let is_whole = self.is_right_behind([0; 32]);
        self.said_breaks.extend(self.seals.finish(is_whole));
        self.said_breaks.extend(self.deleted_beginning());
        self.verdict.seals = self.seals.seals;
        self.verdict.breaks = std::mem::take(&mut self.chain.breaks);
        self.verdict.notes = std::mem::take(&mut self.chain.notes);
        let is_seal_wrong = |found: &Break| found.kind == Kind::Seal;
        let is_seal_wrong = self.said_breaks.list.iter().any(is_seal_wrong);
        // What was changed in a checkpoint is told once.
        for found in std::mem::take(&mut self.said_breaks.list) {
            self.verdict.add_unless_told(found);
        }
        if self.verdict.unreadable.is_empty() {
            self.look_for(heads, is_seal_wrong);
            self.note_gone(heads);
        }
        sort::by_key(&mut self.verdict.breaks.list, |found| found.at);
        sort::by_key(&mut self.verdict.notes.list, |note| note.at);
        self.verdict
    }

    /// The log begins where the server found that its file was deleted. One that was moved has a name,
    /// and may have gone later as files do.
    fn deleted_beginning(&self) -> Option<Break> {
        let first = self.first.as_ref().filter(|first| first.is_rotated())?;
        let (at, hash) = self.taken_away?;
        let line = first.at.line + 1;
        let is_said = at == Place { line, ..first.at } && hash == first.prev;
        (is_said && first.previous_file().is_none()).then(|| Break {
            at: first.at,
            kind: Kind::NoBeginning,
            count: 1,
            expected: format!("record {} before it", first.seq - 1),
            found: format!("record {}, before which the file was deleted", first.seq),
        })
    }

    /// Tells of what was asked for and is nowhere.
    fn look_for(&mut self, heads: &[Head], is_seal_wrong: bool) {
        let end = self.verdict.end;
        let at = end.map(|end| end.at).unwrap_or_default();
        let found = match end {
            Some(end) => format!("a log that ends with record {}", end.seq),
            None => "a log without a record".to_owned(),
        };
        let missing = |kind, expected| Break {
            at,
            kind,
            count: 1,
            expected,
            found: found.clone(),
        };
        let is_seal_missing = self.seals.is_in_vain() && !is_seal_wrong && end.is_some();
        let is_unsealed = self.seals.seals.found == 0;
        let is_young = is_unsealed && self.is_young();
        if is_seal_missing && is_young {
            let what = Told::Unsealed;
            self.verdict.notes.push(Note { at, what });
        }
        let expected =
            "checkpoints sealed with the key that was given, or with one that comes from it";
        let kind = if is_unsealed {
            Kind::Unsealed
        } else {
            Kind::Seal
        };
        let seal = (is_seal_missing && !is_young).then(|| missing(kind, expected.to_owned()));
        let unseen = heads.iter().zip(&self.heads_seen).filter(|it| !*it.1);
        let unseen = unseen.map(|(head, _)| head).filter(|head| {
            let is_before = head.may_be_before && self.is_right_behind(head.hash);
            !is_before && !self.is_far_behind(head)
        });
        let heads = unseen.map(|head| {
            let hash = hex::encode(head.hash);
            let expected = format!("a record with SHA-256 {hash}, as {} says", head.said_by);
            missing(Kind::NoHead, expected)
        });
        let heads = heads.filter(|_| !self.verdict.is_broken_at(at));
        let all: Vec<_> = seal.into_iter().chain(heads).collect();
        self.verdict.breaks.extend(all);
    }

    /// Tells of what was asked for and was in files that are not there.
    fn note_gone(&mut self, heads: &[Head]) {
        let unseen = heads.iter().zip(&self.heads_seen).filter(|it| !*it.1);
        let gone = unseen.filter(|(head, _)| self.is_far_behind(head));
        let notes: Vec<_> = gone
            .filter_map(|(head, _)| {
                let (seq, said_by) = (head.may_be_gone?.0, head.said_by.clone());
                let at = self.first.as_ref()?.at;
                let what = Told::HeadGone { seq, said_by };
                Some(Note { at, what })
            })
            .collect();
        self.verdict.notes.extend(notes);
    }

    /// Whether the log began so lately that no checkpoint was due.
    fn is_young(&self) -> bool {
        let first = self.first.as_ref().filter(|first| first.is_origin());
        let both = first.and_then(Mark::time).zip(self.unsealed);
        both.is_some_and(|(begun, (after, most))| begun > after && self.verdict.records < most)
    }

    /// Whether the log begins with what follows a line with this hash.
    fn is_right_behind(&self, hash: [u8; 32]) -> bool {
        self.first.as_ref().is_some_and(|first| first.prev == hash)
    }

    /// Whether the log goes on from files that are not there, and the head was in those.
    fn is_far_behind(&self, head: &Head) -> bool {
        let both = self.first.as_ref().zip(head.may_be_gone);
        let is_before = both.is_some_and(|(first, (seq, time))| {
            let is_later = first.time().is_some_and(|begun| begun >= time);
            first.is_rotated() && is_later && seq < first.seq - 1
        });
        is_before && !self.has_origin
    }
}

#[cfg(test)]
mod tests;
