//! What came out, for people and for programs.
use std::{fmt, io};

use super::mark::Place;

/// As many breaks and notes are kept; the rest is counted.
const MOST: usize = 1_000;

/// What was found of a log.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Lines that are records.
    pub records: u64,
    /// Of each file, its first and its last record; `None` where it has none.
    pub files: Vec<Option<(u64, u64)>>,
    /// Where the log is not what was written, in order.
    pub breaks: Bounded<Break>,
    /// What is no break and worth knowing.
    pub notes: Bounded<Note>,
    /// Files that could not be read, or not to their end.
    pub unreadable: Vec<(usize, io::Error)>,
    /// The last record.
    pub end: Option<End>,
    pub seals: Seals,
    /// How many records are checkpoints.
    pub checkpoints: u64,
}

/// The last record of a log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End {
    pub at: Place,
    pub seq: u64,
    /// SHA-256 of its line.
    pub hash: [u8; 32],
}

/// What is known of sealed checkpoints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Seals {
    /// How many there are.
    pub found: u64,
    /// A key to check them with was given.
    pub are_checked: bool,
    /// How many are right.
    pub right: u64,
    /// The record that the newest right one seals, with all before it.
    pub up_to: Option<u64>,
    /// The number of the first one, where those from the key that was given on were in files that are
    /// not there.
    pub begins_with: Option<u64>,
}

impl Verdict {
    /// Whether no break was found; of what could not be read that says nothing.
    pub fn is_intact(&self) -> bool {
        self.breaks.total == 0
    }

    /// Adds a break, unless one is told of that line already.
    pub(super) fn add_unless_told(&mut self, new: Break) {
        let is_told = |told: &Break| {
            let lines = told.at.line..told.at.line + told.count;
            told.at.file == new.at.file && lines.contains(&new.at.line) && told.kind.is_of_lines()
        };
        if !self.breaks.list.iter().any(is_told) {
            self.breaks.push(new);
        }
    }

    /// Whether lines are broken where the log ends: then its last record may not be what it was.
    pub(super) fn is_broken_at(&self, end: Place) -> bool {
        let before = Place {
            line: end.line.saturating_sub(1),
            ..end
        };
        let mut breaks = self.breaks.list.iter();
        breaks.any(|told| told.at >= before && told.kind.is_of_lines())
    }
}

/// A list that a hostile log cannot make long.
#[derive(Clone, Debug)]
pub struct Bounded<T> {
    /// The first of them.
    pub list: Vec<T>,
    pub total: u64,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            total: 0,
        }
    }
}

impl<T> Bounded<T> {
    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.push(item);
        }
    }

    pub(super) fn push(&mut self, item: T) {
        self.total += 1;
        if self.list.len() < MOST {
            self.list.push(item);
        }
    }
}

/// A place where a log is not what was written. Its `Display` says what happened, not where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Break {
    /// The first line that it is about. Line 0 of the last file stands for the log as a whole.
    pub at: Place,
    pub kind: Kind,
    /// How many lines or records it is about.
    pub count: u64,
    pub expected: String,
    pub found: String,
}

/// What was done to a log, as far as one sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Lines are not what they were.
    Changed,
    /// Records were taken out.
    Missing,
    /// Lines were put in.
    Inserted,
    /// Records stand there twice.
    Repeated,
    /// Records stand in another order.
    Reordered,
    /// The log ended with this record when the server started, and had been longer.
    RestoredOrCut { seq: u64 },
    /// A chain begins, and nothing says why.
    NewChain,
    /// The log begins with a record that cannot be its first.
    NoBeginning,
    /// A line is no record.
    NoRecord,
    /// A seal was not made with its key, or one is missing.
    Seal,
    /// There is no seal at all.
    Unsealed,
    /// No record is what it is known that there was.
    NoHead,
}

impl Kind {
    /// Whether it is about lines that are there.
    fn is_of_lines(self) -> bool {
        matches!(
            self,
            Self::Changed | Self::Inserted | Self::Repeated | Self::NoRecord
        )
    }

    /// For programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Inserted => "inserted",
            Self::Repeated => "repeated",
            Self::Reordered => "reordered",
            Self::RestoredOrCut { .. } => "restored_or_cut",
            Self::NewChain => "new_chain",
            Self::NoBeginning => "no_beginning",
            Self::NoRecord => "no_record",
            Self::Seal | Self::Unsealed => "seal",
            Self::NoHead => "no_head",
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |one: &str, many: &str| match self.count {
            1 => one.to_owned(),
            count => format!("{count} {many}"),
        };
        out.write_str(&match self.kind {
            Kind::Changed => count("a line was changed", "lines were changed"),
            Kind::Missing => count("a record is missing", "records are missing"),
            Kind::Inserted => count("a line was inserted", "lines were inserted"),
            Kind::Repeated => "records stand here that stand before already".to_owned(),
            Kind::Reordered => "records stand in another order".to_owned(),
            Kind::RestoredOrCut { seq } => format!("restored or cut at seq {seq}"),
            Kind::NewChain => "another chain begins, and nothing says why".to_owned(),
            Kind::NoBeginning => "the beginning is missing".to_owned(),
            Kind::NoRecord => count("a line is no record", "lines are no records"),
            Kind::Seal => "the seal is not right, or another one is missing".to_owned(),
            Kind::Unsealed => {
                "nothing is sealed: all seals were taken out, or none was made".to_owned()
            }
            Kind::NoHead => "cut or rewritten: a record that was there is not".to_owned(),
        })
    }
}

/// Something that is no break. Its `Display` says what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    pub at: Place,
    pub what: Told,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Told {
    /// The log goes on from a file that is not there.
    Begins { seq: u64, after: Option<String> },
    /// A record that is known of from elsewhere was in a file that is not there.
    HeadGone { seq: u64, said_by: String },
    /// Nothing is sealed of a log that is too short for that.
    Unsealed,
    /// Half a record, told of by the server when it started again.
    Torn { bytes: u64 },
    /// The last line has no end.
    Unended { bytes: u64 },
    /// Records that could not be written, as the log itself says.
    Gap { lost: u64 },
    /// The server found its file cut, or another one in its place, and went on.
    Displaced,
    /// A chain begins for a reason that the log gives, and nothing is missing before it.
    OwnChain,
}

impl Told {
    /// For programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Begins { .. } => "begins_later",
            Self::HeadGone { .. } => "head_gone",
            Self::Unsealed => "unsealed",
            Self::Torn { .. } => "torn",
            Self::Unended { .. } => "unended",
            Self::Gap { .. } => "gap",
            Self::Displaced => "displaced",
            Self::OwnChain => "own_chain",
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins { seq, after: None } => write!(
                out,
                "begins with record {seq}; those before it are not among these files"
            ),
            Self::Begins {
                seq,
                after: Some(file),
            } => write!(
                out,
                "begins with record {seq}; those before it were in `{}`, which is not among these files",
                file.escape_debug()
            ),
            Self::HeadGone { seq, said_by } => write!(
                out,
                "record {seq}, which {said_by} tells of, was in a file that is not among these: whether it is what it was is not known"
            ),
            Self::Unsealed => write!(
                out,
                "nothing is sealed in it: it began less than a minute ago, or all seals were taken out"
            ),
            Self::Torn { bytes } => write!(
                out,
                "half a record of {bytes} bytes, cut off when the server was killed; it said so when it started again"
            ),
            Self::Unended { bytes } => write!(
                out,
                "the last line has {bytes} bytes and no end: it is being written, or was cut off"
            ),
            Self::Gap { lost } => write!(
                out,
                "{lost} {} before this one could not be written, as it says",
                if *lost == 1 { "record" } else { "records" }
            ),
            Self::Displaced => write!(
                out,
                "the log was cut or replaced here while the server ran, as it says"
            ),
            Self::OwnChain => write!(
                out,
                "a chain of its own begins, as the server says; nothing is missing before it"
            ),
        }
    }
}
