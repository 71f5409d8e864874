//! What a record says about the log itself.
use serde::Deserialize;

use super::mark::{BEGINNING, Hash, digits};
use crate::audit::{Previous, Seal};

/// Where the name of the event stands, after a time of 24 characters.
const EVENT: usize = BEGINNING.len() + 24;
const ABOUT_THE_LOG: &[u8] = b"\", \"event\": \"audit_";

/// What a record says about the log itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// This file goes on where another ended.
    Rotated {
        previous_file: Option<String>,
    },
    /// The log did not hold what was expected of it.
    Displaced {
        /// Nothing stood under its name.
        by_nothing: bool,
        expected: Option<Previous>,
        found: Option<Previous>,
    },
    /// A line was cut off: the one before, or the first of a file that goes on from another.
    Recovered {
        torn_bytes: u64,
    },
    Gap {
        lost: u64,
    },
    Checkpoint {
        head: Hash,
        seal: Option<Seal>,
    },
    /// Not what it should: only another's hand writes such.
    Nonsense,
}

impl Said {
    /// `None` for a line that is not about the log.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Line<'a> {
            event: &'a str,
            previous_file: Option<String>,
            by: Option<String>,
            expected: Option<End>,
            found: Option<End>,
            lost: Option<u64>,
            head: Option<Digits>,
            sealed: Option<u64>,
            seal: Option<Digits>,
            torn_bytes: Option<u64>,
        }
        if !line.get(EVENT..)?.starts_with(ABOUT_THE_LOG) {
            return None;
        }
        let Ok(line): Result<Line<'_>, _> = serde_json::from_slice(line) else {
            return Some(Self::Nonsense);
        };
        let seal = match (line.sealed, line.seal) {
            (Some(number), Some(Digits(mac))) => Some(Seal { number, mac }),
            (None, None) => None,
            _ => return Some(Self::Nonsense),
        };
        Some(match (line.event, line.head, line.lost, line.torn_bytes) {
            ("audit_rotated", ..) => Self::Rotated {
                previous_file: line.previous_file,
            },
            ("audit_log_truncated" | "audit_log_replaced", ..) => Self::Displaced {
                by_nothing: line.by.as_deref() == Some("nothing"),
                expected: line.expected.map(Previous::from),
                found: line.found.map(Previous::from),
            },
            ("audit_recovered", _, _, Some(torn_bytes)) => Self::Recovered { torn_bytes },
            ("audit_gap", _, Some(lost), _) => Self::Gap { lost },
            ("audit_checkpoint", Some(Digits(head)), ..) => Self::Checkpoint { head, seal },
            ("audit_recovered" | "audit_gap" | "audit_checkpoint", ..) => Self::Nonsense,
            _ => return None,
        })
    }
}

#[derive(Deserialize)]
struct End {
    seq: u64,
    hash: Digits,
}

impl From<End> for Previous {
    fn from(End { seq, hash }: End) -> Self {
        Self { seq, hash: hash.0 }
    }
}

/// A hash as we write it.
#[derive(Deserialize)]
#[serde(try_from = "&str")]
struct Digits(Hash);

impl TryFrom<&str> for Digits {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        digits(text.as_bytes()).map(Self).ok_or("no hash of ours")
    }
}
