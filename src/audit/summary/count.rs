//! Counting: one counter a thread, then all of them together.
use std::cmp::Ordering;

use super::{
    Malformed, Step,
    chain::{Chain, Record},
    slots::Slots,
    sums::Sums,
    tables::Tables,
};
use crate::audit::reader::{Bad, Event, Line, Minute, Raw, Reader};

/// What is counted: times in milliseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Where the window before begins.
    pub(super) before: i64,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) step: Step,
    /// Estimates of several threads can be put together only if they were made with one.
    pub(super) hasher: foldhash::quality::RandomState,
}

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct Counter {
    scope: Scope,
    piece: usize,
    source: usize,
    minute: Minute,
    pub(super) sums: Sums,
    /// Of the window before.
    pub(super) before: Sums,
    pub(super) tables: Tables,
    pub(super) slots: Slots,
    pub(super) chain: Chain,
    pub(super) log: Lines,
}

/// What is counted of the log itself.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) records: u64,
    /// The first and the last time of a record of the window.
    pub(super) span: Option<(i64, i64)>,
    pub(super) later: u64,
    pub(super) gaps: u64,
    pub(super) lost: u64,
    pub(super) unnumbered: u64,
    pub(super) malformed: Malformed,
    /// Where the first malformed line is: piece, source, offset.
    pub(super) first_malformed: Option<(usize, usize, u64)>,
    pub(super) torn: u64,
}

impl Counter {
    pub(super) fn new(scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            piece: 0,
            source: 0,
            minute: Minute::default(),
            sums: Sums::new(&scope.hasher),
            before: Sums::new(&scope.hasher),
            tables: Tables::new(&scope.hasher),
            slots: Slots::new(scope.step),
            chain: Chain::default(),
            log: Lines::default(),
        }
    }

    fn record(&mut self, offset: u64, line: &Line<'_>) {
        let Scope {
            before,
            from,
            until,
            ..
        } = self.scope;
        let millis = line.millis;
        let side = if millis < from {
            Ordering::Less
        } else if millis < until {
            Ordering::Equal
        } else {
            Ordering::Greater
        };
        let counted = side == Ordering::Equal;
        if let Some(seq) = line.seq {
            let record = Record {
                seq,
                source: self.source,
                offset,
                millis,
                rotated: matches!(&line.event, Event::Other(event) if event.is("audit_rotated")),
                side,
            };
            self.chain.note(self.piece, record);
        } else if counted {
            self.log.unnumbered += 1;
        }
        if counted {
            self.log.note(line);
            self.sums.note(&line.event);
            self.slots.note(millis, &line.event);
            self.tables.note(line);
        } else if (before..from).contains(&millis) {
            self.before.note(&line.event);
        } else if millis >= until {
            self.log.later += 1;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.sums.merge(other.sums);
        self.before.merge(other.before);
        self.tables.merge(other.tables);
        self.slots.merge(other.slots);
        self.chain.merge(other.chain);
        self.log.merge(&other.log);
    }
}

impl Reader for Counter {
    fn begin(&mut self, piece: usize, source: usize) {
        (self.piece, self.source) = (piece, source);
    }

    fn take(&mut self, offset: u64, text: &[u8]) -> Option<usize> {
        let first = Line::first(text, &mut self.minute);
        let (line, length) = first.as_ref()?;
        self.record(offset, line);
        Some(*length)
    }

    fn line(&mut self, offset: u64, raw: Raw<'_>) {
        let wrong = match raw {
            Raw::Line(line) | Raw::Unended(line) => match Line::of(line) {
                Ok(line) => return self.record(offset, &line),
                Err(_) if line.trim_ascii().is_empty() => return,
                Err(_) if matches!(raw, Raw::Unended(_)) => {
                    self.log.torn += 1;
                    return;
                }
                Err(bad) => Some(bad),
            },
            Raw::Long => None,
        };
        self.log
            .note_malformed(wrong, (self.piece, self.source, offset));
    }
}

impl Lines {
    fn note(&mut self, line: &Line<'_>) {
        self.records += 1;
        let (first, last) = self.span.unwrap_or((line.millis, line.millis));
        self.span = Some((first.min(line.millis), last.max(line.millis)));
        if let Event::Gap { lost } = line.event {
            self.gaps += 1;
            self.lost = self.lost.saturating_add(lost);
        }
    }

    /// `wrong` is `None` of a line that is too long.
    fn note_malformed(&mut self, wrong: Option<Bad>, at: (usize, usize, u64)) {
        self.malformed.lines += 1;
        *match wrong {
            Some(Bad::NotUtf8) => &mut self.malformed.not_utf8,
            Some(Bad::NotJson) => &mut self.malformed.not_json,
            Some(Bad::NotARecord) => &mut self.malformed.not_a_record,
            None => &mut self.malformed.too_long,
        } += 1;
        self.first_malformed.get_or_insert(at);
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        let spans = self.span.into_iter().chain(other.span);
        self.span = spans.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
        self.later += other.later;
        self.gaps += other.gaps;
        self.lost = self.lost.saturating_add(other.lost);
        self.unnumbered += other.unnumbered;
        self.malformed.lines += other.malformed.lines;
        self.malformed.not_utf8 += other.malformed.not_utf8;
        self.malformed.not_json += other.malformed.not_json;
        self.malformed.not_a_record += other.malformed.not_a_record;
        self.malformed.too_long += other.malformed.too_long;
        let firsts = self
            .first_malformed
            .into_iter()
            .chain(other.first_malformed);
        self.first_malformed = firsts.min();
        self.torn += other.torn;
    }
}
