//! How a file ends: where a chain goes on.
use std::{fs::File, io, os::unix::fs::FileExt};

use chrono::{DateTime, Utc};
use ring::digest;
use serde::Deserialize;

use super::record::{Field, Plain};

/// How much of a file is looked at. The longest record is a fraction of it.
const WINDOW: u64 = 64 * 1024;

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
    /// The newest record, and its time.
    pub(super) newest: Option<(Previous, DateTime<Utc>)>,
    /// SHA-256 of the last line, record or not.
    pub(super) last_line: Option<[u8; 32]>,
    /// The length of a last line that has no end.
    pub(super) torn_bytes: Option<u64>,
}

impl Tail {
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let start = length.saturating_sub(WINDOW);
        let window = read_at(file, start, length - start)?;
        let Some(last) = window.last() else {
            return Ok(Self::default());
        };
        let is_torn = *last != b'\n';
        let text = window.strip_suffix(b"\n").unwrap_or(&window);
        let mut lines = text.rsplit(|byte| *byte == b'\n').collect::<Vec<_>>();
        let torn_bytes = is_torn.then(|| lines.first().map_or(0, |line| line.len() as u64));
        if start > 0 {
            lines.pop(); // begins before the window
        }
        Ok(Self {
            newest: lines.iter().find_map(|line| newest(line)),
            last_line: lines.first().map(|line| sha256(line)),
            torn_bytes,
        })
    }
}

/// The name of the chain that a file belongs to: what its first record says, else drawn from it.
pub(super) fn chain_id(file: &File) -> io::Result<[u8; 8]> {
    #[derive(Deserialize)]
    struct First<'a> {
        event: &'a str,
        chain_id: &'a str,
    }
    let start = read_at(file, 0, WINDOW)?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
    let mut id = [0; 8];
    match serde_json::from_slice(line) {
        Ok(First { event, chain_id })
            if event == "audit_rotated" && hex::decode_to_slice(chain_id, &mut id).is_ok() => {}
        _ => id.copy_from_slice(&sha256(line)[..8]),
    }
    Ok(id)
}

pub(super) fn sha256(line: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, line).as_ref());
    hash
}

/// What a line says if it is a record of ours.
fn newest(line: &[u8]) -> Option<(Previous, DateTime<Utc>)> {
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
    is_ours.then_some((Previous { seq, hash }, timestamp))
}

/// Up to `length` bytes from `start` on.
fn read_at(file: &File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], start + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
