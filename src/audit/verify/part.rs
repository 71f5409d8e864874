//! A part of a log as it was found: stretches whose links hold, and what is none.
use super::{
    mark::{Hash, Mark, Place, Why},
    said::Said,
};

/// Lines in a row.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Records(Records),
    Foreign(Foreign),
}

/// Records of which each follows the one before.
#[derive(Clone, Debug)]
pub(super) struct Records {
    pub(super) first: Mark,
    /// What it said is not kept.
    pub(super) last: Mark,
}

/// Lines that are no records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Foreign {
    pub(super) at: Place,
    pub(super) last: Place,
    pub(super) lines: u64,
    /// Of the first line.
    pub(super) why: Why,
    /// Of the last line; `None` for one that is too long.
    pub(super) hash: Option<Hash>,
    /// The length of the last line.
    pub(super) bytes: u64,
    /// Each may be the first part of a record.
    pub(super) are_first_parts: bool,
    /// The last line has no end.
    pub(super) is_unended: bool,
}

/// A record about the log itself, or one that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) at: Place,
    pub(super) seq: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Said(Said),
    /// It is about the log itself, and contradicts its own link.
    Contradiction,
    /// The line has the hash that was asked for: which of them.
    Head(usize),
}

/// What was found so far. Lines are counted from the start of the part.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) file: usize,
    pub(super) lines: u64,
    pub(super) pieces: Vec<Piece>,
    pub(super) told: Vec<Told>,
}

impl Part {
    /// Moves it to where it stands in its file.
    pub(super) fn move_by(&mut self, lines: u64) {
        for piece in &mut self.pieces {
            let (one, two) = match piece {
                Piece::Records(records) => (&mut records.first.at, &mut records.last.at),
                Piece::Foreign(foreign) => (&mut foreign.at, &mut foreign.last),
            };
            one.line += lines;
            two.line += lines;
        }
        for told in &mut self.told {
            told.at.line += lines;
        }
    }
}

impl Piece {
    pub(super) fn records(&self) -> Option<&Records> {
        match self {
            Self::Records(records) => Some(records),
            Self::Foreign(_) => None,
        }
    }

    pub(super) fn at(&self) -> Place {
        match self {
            Self::Records(records) => records.first.at,
            Self::Foreign(foreign) => foreign.at,
        }
    }

    pub(super) fn lines(&self) -> u64 {
        match self {
            Self::Records(records) => records.lines(),
            Self::Foreign(foreign) => foreign.lines,
        }
    }

    /// What stands there first.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Records(records) => format!("record {}", records.first.seq),
            Self::Foreign(foreign) => foreign.why.as_str().to_owned(),
        }
    }
}

impl Records {
    pub(super) fn lines(&self) -> u64 {
        self.last.seq - self.first.seq + 1
    }
}

impl Foreign {
    /// Adds the lines that follow.
    pub(super) fn extend(&mut self, next: Self) {
        self.last = next.last;
        self.lines += next.lines;
        self.hash = next.hash;
        self.bytes = next.bytes;
        self.are_first_parts &= next.are_first_parts;
        self.is_unended = next.is_unended;
    }
}
