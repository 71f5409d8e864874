//! How a file ends: where a chain goes on.
use std::{
    fs::File,
    io::{self, Read},
};

use chrono::{DateTime, Utc};
use ring::digest;
use serde::Deserialize;

use super::{
    Seal,
    head::Head,
    reader,
    record::{Field, Plain},
    seal::Sealed,
};

/// How much of a file is looked at. The longest record is a fraction of it.
const WINDOW: u64 = 64 * 1024;
/// How far back the newest seal is looked for. The key file follows a seal within a second, so only
/// one that is at the end matters.
const SEAL_WINDOW: u64 = 4 * 1024 * 1024;

/// The newest record that a log held when it was opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Previous {
    pub seq: u64,
    /// SHA-256 of its line.
    pub hash: [u8; 32],
}

impl Field for Previous {
    fn write(self, line: &mut Vec<u8>) {
        line.extend_from_slice(b"{\"seq\": ");
        Plain(self.seq).write(line);
        line.extend_from_slice(b", \"hash\": ");
        self.hash.write(line);
        line.push(b'}');
    }
}

/// What the end of a file says. It may hold anything: it is believed as far as it is a record.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The newest record.
    pub(super) newest: Option<Head>,
    /// The records before it, as far as they were looked at, the newest first.
    recent: Vec<Previous>,
    /// SHA-256 of the last line, record or not.
    pub(super) last_line: Option<[u8; 32]>,
    /// The length of a last line that has no end.
    pub(super) torn_bytes: Option<u64>,
}

impl Tail {
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let start = length.saturating_sub(WINDOW);
        Ok(Self::of(&read_at(file, start, length - start)?, start == 0))
    }

    fn of(window: &[u8], is_whole: bool) -> Self {
        let Some(last) = window.last() else {
            return Self::default();
        };
        let is_torn = *last != b'\n';
        let text = window.strip_suffix(b"\n").unwrap_or(window);
        let mut lines = text.rsplit(|byte| *byte == b'\n').collect::<Vec<_>>();
        let torn_bytes = is_torn.then(|| lines.first().map_or(0, |line| line.len() as u64));
        if !is_whole {
            lines.pop(); // begins before the window
        }
        let heads: Vec<_> = lines.iter().filter_map(|line| head(line)).collect();
        Self {
            newest: heads.first().copied(),
            recent: heads.iter().map(|head| head.previous).collect(),
            last_line: lines.first().map(|line| sha256(line)),
            torn_bytes,
        }
    }

    /// Whether a log that ends so can have come to what is `known` of it, as far as one sees.
    pub(super) fn holds(&self, known: &Head) -> bool {
        let Some(newest) = &self.newest else {
            return false;
        };
        let same = self
            .recent
            .iter()
            .find(|record| record.seq == known.previous.seq);
        !known.is_after(newest) && same.is_none_or(|same| *same == known.previous)
    }

    /// Whether a record is among those at the end that were looked at.
    pub(super) fn has(&self, record: Previous) -> bool {
        self.recent.contains(&record)
    }
}

/// How a file begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Beginning {
    /// The name of the chain: what the first record says, else drawn from it.
    pub(super) chain_id: [u8; 8],
    /// The number of the first record.
    pub(super) first_seq: u64,
    /// The time of that.
    pub(super) time: DateTime<Utc>,
    /// What the first record says that the file before ended with, if it goes on from one.
    pub(super) previous_head: Option<[u8; 32]>,
}

impl Beginning {
    /// `None` for an empty file.
    pub(super) fn read(file: &File) -> io::Result<Option<Self>> {
        Ok(Self::of_start(&read_at(file, 0, WINDOW)?))
    }

    /// Of something that is read from its start.
    pub(super) fn unpacked(source: impl Read) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        source.take(WINDOW).read_to_end(&mut start)?;
        Ok(Self::of_start(&start))
    }

    fn of_start(start: &[u8]) -> Option<Self> {
        let mut lines = start.split(|byte| *byte == b'\n').peekable();
        let first = *lines.peek().filter(|line| !line.is_empty())?;
        let record = lines.find_map(|line| {
            let head = head(line)?;
            Some(Self::of(line, head.previous.seq, head.time))
        });
        let foreign = Self::of(first, 0, DateTime::UNIX_EPOCH);
        Some(Self {
            chain_id: foreign.chain_id,
            ..record.unwrap_or(foreign)
        })
    }

    /// Of a file whose first line is this.
    pub(super) fn of(line: &[u8], first_seq: u64, time: DateTime<Utc>) -> Self {
        #[derive(Deserialize)]
        struct First<'a> {
            event: &'a str,
            chain_id: &'a str,
            previous_head: &'a str,
        }
        let rotated = serde_json::from_slice::<First<'_>>(line).ok();
        let rotated = rotated
            .filter(|it| it.event == "audit_rotated")
            .and_then(|it| {
                let (mut id, mut head) = ([0; 8], [0; 32]);
                hex::decode_to_slice(it.chain_id, &mut id).ok()?;
                hex::decode_to_slice(it.previous_head, &mut head).ok()?;
                Some((id, head))
            });
        let (chain_id, previous_head) = rotated.unzip();
        Self {
            chain_id: chain_id.unwrap_or_else(|| {
                let mut id = [0; 8];
                id.copy_from_slice(&sha256(line)[..8]);
                id
            }),
            first_seq,
            time,
            previous_head,
        }
    }
}

/// How something begins and ends that can only be read through, as what is compressed.
pub(super) fn ends(mut source: impl Read) -> io::Result<(Tail, Option<Beginning>)> {
    let mut window = Vec::new();
    source.by_ref().take(WINDOW).read_to_end(&mut window)?;
    let beginning = Beginning::of_start(&window);
    let is_whole = keep_last(&mut window, source, WINDOW)?;
    Ok((Tail::of(&window, is_whole), beginning))
}

/// Reads to the end, and leaves so many bytes of it in `window`; whether that is all.
fn keep_last(window: &mut Vec<u8>, mut source: impl Read, size: u64) -> io::Result<bool> {
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    let mut is_whole = true;
    while source.by_ref().take(size).read_to_end(window)? > 0 {
        let before = window.len().saturating_sub(most);
        is_whole &= before == 0;
        window.drain(..before);
    }
    Ok(is_whole)
}

/// The newest sealed checkpoint near the end of a file.
pub(super) fn newest_seal(file: &File) -> io::Result<Option<Sealed>> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(SEAL_WINDOW);
    Ok(last_seal(&read_at(file, start, length - start)?))
}

/// The same of something that can only be read through.
pub(super) fn newest_seal_of(source: impl Read) -> io::Result<Option<Sealed>> {
    let mut window = Vec::new();
    keep_last(&mut window, source, SEAL_WINDOW)?;
    Ok(last_seal(&window))
}

fn last_seal(window: &[u8]) -> Option<Sealed> {
    #[derive(Deserialize)]
    struct Line<'a> {
        event: &'a str,
        head: &'a str,
        sealed: u64,
        seal: &'a str,
    }
    let read = |line| {
        let line: Line<'_> = serde_json::from_slice(line).ok()?;
        let (mut head, mut mac) = ([0; 32], [0; 32]);
        hex::decode_to_slice(line.head, &mut head).ok()?;
        hex::decode_to_slice(line.seal, &mut mac).ok()?;
        let number = line.sealed;
        (line.event == "audit_checkpoint").then_some(Sealed {
            head,
            seal: Seal { number, mac },
        })
    };
    window.rsplit(|byte| *byte == b'\n').find_map(read)
}

pub(super) fn sha256(line: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, line).as_ref());
    hash
}

/// What a line says if it is a record of ours.
fn head(line: &[u8]) -> Option<Head> {
    #[derive(Deserialize)]
    struct Line<'a> {
        timestamp: DateTime<Utc>,
        seq: u64,
        prev: &'a str,
    }
    let Line {
        timestamp,
        seq,
        prev,
    } = serde_json::from_slice(line).ok()?;
    let is_ours = prev.len() == 64 && (1..u64::MAX).contains(&seq);
    let hash = sha256(line);
    is_ours.then_some(Head {
        time: timestamp,
        previous: Previous { seq, hash },
    })
}

/// Up to `length` bytes from `start` on.
fn read_at(file: &File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let read = reader::read_at(file, &mut bytes, start)?;
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests;
