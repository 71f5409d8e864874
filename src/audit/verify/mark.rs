//! What a line is in a chain: a record with two links, or none of ours.
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::IgnoredAny};

use super::said::Said;

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Which of the files.
    pub file: usize,
    /// From 1 on.
    pub line: u64,
}

pub(super) type Hash = [u8; 32];

/// A time as it stands in a record.
pub(super) type Time = [u8; 24];

/// A record, as far as a chain is made of it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: Place,
    pub(super) seq: u64,
    pub(super) prev: Hash,
    /// Of the line.
    pub(super) hash: Hash,
    pub(super) time: Time,
    pub(super) said: Option<Box<Said>>,
    /// It is JSON and does not contradict itself. Looked at in the last of a stretch, for any other
    /// is in the hash of the next, and in those about the log itself, which are believed.
    pub(super) is_sound: bool,
}

impl Mark {
    /// What stands before the first record of a chain.
    pub(super) fn origin(file: usize) -> Self {
        Self {
            at: Place { file, line: 0 },
            seq: 0,
            prev: [0; 32],
            hash: [0; 32],
            time: [0; 24],
            said: None,
            is_sound: true,
        }
    }

    /// What this record says stood before it.
    pub(super) fn before(&self) -> Self {
        Self {
            seq: self.seq - 1,
            hash: self.prev,
            ..Self::origin(self.at.file)
        }
    }

    pub(super) fn follows(&self, other: &Self) -> bool {
        other.seq.checked_add(1) == Some(self.seq) && other.hash == self.prev
    }

    /// Whether it is the first of a chain.
    pub(super) fn is_origin(&self) -> bool {
        self.seq == 1 && self.prev == [0; 32]
    }

    /// Whether it is the first of a file that goes on where another ended.
    pub(super) fn is_rotated(&self) -> bool {
        matches!(self.said.as_deref(), Some(Said::Rotated { .. }))
    }

    /// When it was written, if it says so.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        str::from_utf8(&self.time).ok()?.parse().ok()
    }

    /// Which file that was.
    pub(super) fn previous_file(&self) -> Option<&str> {
        match self.said.as_deref() {
            Some(Said::Rotated { previous_file }) => previous_file.as_deref(),
            _ => None,
        }
    }

    /// Whether it says that the log did not hold what was expected of it.
    pub(super) fn is_displaced(&self) -> bool {
        matches!(self.said.as_deref(), Some(Said::Displaced { .. }))
    }

    /// Whether such a record is written after a line that was cut off.
    pub(super) fn is_after_torn(&self) -> bool {
        matches!(
            self.said.as_deref(),
            Some(Said::Recovered { .. } | Said::Rotated { .. } | Said::Displaced { .. })
        )
    }
}

/// The members at the end of a record, as they stand there.
#[derive(Clone, Copy)]
pub(super) struct Links<'a> {
    pub(super) time: Time,
    pub(super) seq: u64,
    /// 64 characters; whether they are digits, `prev()` says.
    pub(super) prev: &'a [u8],
}

pub(super) const BEGINNING: &[u8] = b"{\"timestamp\": \"";
const SEQ: &[u8] = b", \"seq\": ";
const PREV: &[u8] = b", \"prev\": \"";

impl<'a> Links<'a> {
    /// Of a line that is shaped as only a record is. Whether it is one, its hash tells.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let body = line.strip_prefix(BEGINNING)?.strip_suffix(b"\"}")?;
        let time = *body.first_chunk()?;
        let (rest, prev) = body.split_at_checked(body.len().checked_sub(64)?)?;
        let rest = rest.strip_suffix(PREV)?;
        let mut seq = 0_u64;
        let mut unit = 1_u64;
        let mut at = rest.len();
        while let Some(digit) = at.checked_sub(1).map(|before| rest[before]) {
            if !digit.is_ascii_digit() {
                break;
            }
            seq = seq.checked_add(u64::from(digit - b'0').checked_mul(unit)?)?;
            unit = unit.saturating_mul(10);
            at -= 1;
        }
        let is_plain = rest.get(at).is_some_and(|first| *first != b'0');
        // Half of what fits, so that counting on from a forged one has no end to fear.
        (is_plain && seq < u64::MAX / 2 && rest[..at].ends_with(SEQ)).then_some(Self {
            time,
            seq,
            prev,
        })
    }

    pub(super) fn prev(&self) -> Option<Hash> {
        digits(self.prev)
    }
}

/// 32 bytes out of 64 digits, as we write them.
pub(super) fn digits(text: &[u8]) -> Option<Hash> {
    let mut bytes = [0; 32];
    let is_ours = !text.iter().any(u8::is_ascii_uppercase);
    (is_ours && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

/// Whether a record could be ours at all: it is one, and what it says of the one before it is what
/// its link says.
pub(super) fn is_sound(line: &[u8], links: Links<'_>) -> bool {
    #[derive(Deserialize)]
    struct Line<'a> {
        timestamp: &'a str,
        event: &'a str,
        head: Option<&'a str>,
        previous_head: Option<&'a str>,
    }
    let Ok(line): Result<Line<'_>, _> = serde_json::from_slice(line) else {
        return false;
    };
    let is_prev = |text: Option<&str>| text.is_some_and(|it| it.as_bytes() == links.prev);
    let heads = match line.event {
        "audit_checkpoint" => is_prev(line.head),
        "audit_rotated" => is_prev(line.previous_head),
        _ => true,
    };
    heads && line.timestamp.is_ascii() && line.timestamp.ends_with('Z')
}

/// Whether a line without an end may be the first part of a record: cut off by the end of a process,
/// or, with zeros in place of what did not reach the disk, of the machine.
pub(super) fn is_first_part(line: &[u8]) -> bool {
    let zeros = line.iter().rev().take_while(|byte| **byte == 0).count();
    let text = &line[..line.len() - zeros];
    let begins_so = text.starts_with(BEGINNING) || BEGINNING.starts_with(text);
    let is_ours = text.iter().all(|byte| (b' '..=b'~').contains(byte));
    let end = memchr::memmem::rfind(text, PREV).map(|at| &text[at + PREV.len()..]);
    let goes_on = |rest: &[u8]| {
        let (hash, rest) = rest.split_at(rest.len().min(64));
        hash.iter().all(u8::is_ascii_hexdigit) && b"\"}".starts_with(rest)
    };
    let is_whole = || serde_json::from_slice::<IgnoredAny>(line).is_ok();
    begins_so && is_ours && end.is_none_or(goes_on) && !is_whole()
}

/// What is wrong with a line that is no record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    Empty,
    Nul,
    CarriageReturn,
    ByteOrderMark,
    NotText,
    Long,
    Other,
}

impl Why {
    pub(super) fn of(line: &[u8]) -> Self {
        match line {
            [] => Self::Empty,
            [.., b'\r'] if Links::read(&line[..line.len() - 1]).is_some() => Self::CarriageReturn,
            [0xef, 0xbb, 0xbf, ..] => Self::ByteOrderMark,
            _ if line.contains(&0) => Self::Nul,
            _ if std::str::from_utf8(line).is_err() => Self::NotText,
            _ => Self::Other,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "an empty line",
            Self::Nul => "a line with zero bytes",
            Self::CarriageReturn => {
                "a record that ends in CR LF, as editors and transfers leave it"
            }
            Self::ByteOrderMark => "a byte order mark, as editors put it at the start",
            Self::NotText => "a line that is not UTF-8",
            Self::Long => "a line longer than any record",
            Self::Other => "a line that is no record",
        }
    }
}
