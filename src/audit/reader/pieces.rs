//! Logs read by several threads: each takes the next piece and hands its lines, in their order, to a
//! reader of its own.
use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    Counted, Raw, open, read_at,
    stream::{BLOCK, LONGEST_LINE, line, read_ahead, read_lines, unended},
};

/// A piece is never smaller, and there are never more than this many of all: what is remembered of
/// each is bounded.
const SMALLEST: u64 = 1 << 20;
const MOST: u64 = 8_192;
/// As much of a file is read at once: small enough to be in the processor's own cache still when its
/// lines are read.
const AT_ONCE: usize = 64 << 10;
/// As much is read at once behind a piece, for the end of its last line.
const BEHIND: usize = 4 << 10;

/// Something to read lines from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A part of a file that is not compressed. A line belongs to where it begins.
    Part {
        file: Arc<File>,
        range: Range<u64>,
    },
    /// A file, or a pipe, from its first byte to its last, compressed or not.
    Whole(PathBuf),
    /// The same of a file that is held. It is read once.
    Held(Arc<File>),
    Stdin,
    /// A file that need not be read.
    Nothing,
}

impl Source {
    /// Whether its first line is the first that is read of it.
    pub fn is_from_start(&self) -> bool {
        !matches!(self, Self::Part { range, .. } if range.start > 0)
    }

    /// Whether its last line is the last that is read of it.
    pub fn is_to_end(&self) -> bool {
        match self {
            Self::Part { file, range } => file.metadata().is_ok_and(|it| it.len() <= range.end),
            Self::Whole(_) | Self::Held(_) | Self::Stdin => true,
            Self::Nothing => false,
        }
    }
}

/// A source, or a part of it: what one thread reads at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// The source that it is of.
    pub source: usize,
    /// Of a [`Source::Part`].
    range: Range<u64>,
}

/// Who is handed lines. Each thread has one of its own.
pub trait Reader: Send {
    /// From now on come the lines of this piece: `piece` counts over all sources.
    fn begin(&mut self, piece: usize, source: usize);
    fn line(&mut self, offset: u64, raw: Raw<'_>);
    /// Takes the line that `text` begins with, if its end is found by reading it: how long it is, with
    /// that end. What is not taken comes by [`Reader::line`].
    fn take(&mut self, _offset: u64, _text: &[u8]) -> Option<usize> {
        None
    }
}

/// The pieces that sources are read in, in their order.
pub fn pieces(sources: &[Source]) -> Vec<Piece> {
    let length = |source: &Source| match source {
        Source::Part { range, .. } => range.end.saturating_sub(range.start),
        Source::Held(_) | Source::Whole(_) | Source::Stdin | Source::Nothing => 0,
    };
    let total: u64 = sources.iter().map(length).sum();
    let size = (total / MOST).max(SMALLEST);
    let mut pieces = Vec::new();
    for (source, it) in sources.iter().enumerate() {
        match it {
            Source::Part { range, .. } => {
                let mut start = range.start;
                while start < range.end {
                    let end = range.end.min(start.saturating_add(size));
                    pieces.push(Piece {
                        source,
                        range: start..end,
                    });
                    start = end;
                }
            }
            Source::Held(_) | Source::Whole(_) | Source::Stdin => pieces.push(Piece {
                source,
                range: 0..0,
            }),
            Source::Nothing => {}
        }
    }
    pieces
}

/// Reads all pieces with so many threads, and gives back their readers and what could not be read
/// to its end: which source, and why. `progress` counts the bytes that were read.
pub fn read<R: Reader>(
    sources: &[Source],
    pieces: &[Piece],
    threads: usize,
    progress: &AtomicU64,
    reader: impl Fn() -> R + Sync,
) -> (Vec<R>, Vec<(usize, io::Error)>) {
    let next = AtomicUsize::new(0);
    // Where threads are left over, one unpacks while another reads.
    let ahead = threads > pieces.len();
    let threads = threads.clamp(1, pieces.len().max(1));
    let work = || {
        let mut reader = reader();
        let mut faults = Vec::new();
        let mut block = Vec::new();
        while let Some((at, piece)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            pieces.get(at).map(|piece| (at, piece))
        } {
            reader.begin(at, piece.source);
            let read = match &sources[piece.source] {
                Source::Part { file, .. } => {
                    let part = Part {
                        file,
                        block: &mut block,
                        progress,
                    };
                    part.read(piece.range.clone(), &mut reader)
                }
                Source::Held(file) => whole(Counted::new(&**file, progress), ahead, &mut reader),
                Source::Whole(path) => File::open(path)
                    .and_then(|file| whole(Counted::new(&file, progress), ahead, &mut reader)),
                Source::Stdin => whole(Counted::new(io::stdin(), progress), ahead, &mut reader),
                Source::Nothing => Ok(()),
            };
            faults.extend(read.err().map(|error| (piece.source, error)));
        }
        (reader, faults)
    };
    let mut readers = Vec::with_capacity(threads);
    let mut faults = Vec::new();
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut take = |(reader, found): (R, Vec<_>)| {
            readers.push(reader);
            faults.extend(found);
        };
        take(work());
        for other in others {
            match other.join() {
                Ok(done) => take(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    (readers, faults)
}

/// Reads a source from its start to its end.
fn whole(source: impl Read + Send, ahead: bool, reader: &mut impl Reader) -> io::Result<()> {
    let unpacked = open(source)?;
    let visit = |offset, raw: Raw<'_>| reader.line(offset, raw);
    if ahead {
        read_ahead(unpacked, |unpacked| read_lines(unpacked, visit))
    } else {
        read_lines(BufReader::with_capacity(BLOCK, unpacked), visit)
    }
}

/// A file of which parts are read, and a block that is used again.
struct Part<'a> {
    file: &'a File,
    block: &'a mut Vec<u8>,
    progress: &'a AtomicU64,
}

impl Part<'_> {
    /// Visits the lines that begin within `range`. The last of them may end behind it, and behind
    /// what was the end of the file when it was measured.
    fn read(mut self, range: Range<u64>, reader: &mut impl Reader) -> io::Result<()> {
        // What the block holds: `held` bytes of the file, from `start` on.
        let (mut start, mut held) = (range.start.saturating_sub(1), 0);
        // The line that the block begins with began before the range, or is too long.
        let mut is_skipped = range.start > 0;
        while start < range.end {
            // Behind the range there is the end of its last line, and no more is read of that.
            let missing = range.end.saturating_sub(start + held as u64);
            let missing = usize::try_from(missing).unwrap_or(usize::MAX);
            let wanted = missing.clamp(BEHIND.max(held), AT_ONCE.max(held));
            let read = self.fill(held..held + wanted, start + held as u64)?;
            let ended = read == 0;
            let mut rest = &self.block[..held + read];
            while start < range.end
                && let Some(length) = first_line(rest, start, is_skipped, reader)
            {
                is_skipped = false;
                start += length as u64;
                rest = &rest[length..];
            }
            if start >= range.end {
                return Ok(());
            }
            let left = rest.len();
            if ended {
                if left > 0 && !is_skipped {
                    reader.line(start, unended(rest, start));
                }
                return Ok(());
            }
            if left > LONGEST_LINE + 1 || is_skipped {
                if !is_skipped {
                    reader.line(start, Raw::Long);
                }
                is_skipped = true;
                start += left as u64;
                held = 0;
            } else {
                let from = held + read - left;
                self.block.copy_within(from..from + left, 0);
                held = left;
            }
        }
        Ok(())
    }

    /// Reads into a part of the block what the file holds from `offset` on.
    fn fill(&mut self, part: Range<usize>, offset: u64) -> io::Result<usize> {
        if self.block.len() < part.end {
            self.block.resize(part.end, 0);
        }
        let part = &mut self.block[part];
        let read = read_at(self.file, part, offset)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Hands over the line that `text` begins with, unless it is skipped: how long it is, with its end, if
/// that is there.
#[inline]
fn first_line(
    text: &[u8],
    start: u64,
    is_skipped: bool,
    reader: &mut impl Reader,
) -> Option<usize> {
    if is_skipped {
        return Some(memchr::memchr(b'\n', text)? + 1);
    }
    let longest = &text[..text.len().min(LONGEST_LINE + 1)];
    reader.take(start, longest).or_else(|| {
        let end = memchr::memchr(b'\n', text)?;
        reader.line(start, line(&text[..end], start));
        Some(end + 1)
    })
}

#[cfg(test)]
mod tests;
