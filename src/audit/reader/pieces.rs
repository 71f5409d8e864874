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
    Counted, Raw, read_at,
    stream::{BLOCK, LONGEST_LINE, line, open, read_ahead, read_lines, unended},
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
                    part.read(piece.range.clone(), |offset, raw| reader.line(offset, raw))
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
    fn read(mut self, range: Range<u64>, mut visit: impl FnMut(u64, Raw<'_>)) -> io::Result<()> {
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
                && let Some(end) = memchr::memchr(b'\n', rest)
            {
                if !is_skipped {
                    visit(start, line(&rest[..end], start));
                }
                is_skipped = false;
                start += end as u64 + 1;
                rest = &rest[end + 1..];
            }
            if start >= range.end {
                return Ok(());
            }
            let left = rest.len();
            if ended {
                if left > 0 && !is_skipped {
                    visit(start, unended(rest, start));
                }
                return Ok(());
            }
            if left > LONGEST_LINE + 1 || is_skipped {
                if !is_skipped {
                    visit(start, Raw::Long);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// Every line, with where it begins.
    #[derive(Default)]
    struct Lines(Vec<(u64, Vec<u8>)>);

    impl Reader for Lines {
        fn begin(&mut self, _piece: usize, _source: usize) {}

        fn line(&mut self, offset: u64, raw: Raw<'_>) {
            let text = match raw {
                Raw::Line(line) => [b"whole ", line].concat(),
                Raw::Unended(line) => [b"unended ", line].concat(),
                Raw::Long => b"long".to_vec(),
            };
            self.0.push((offset, text));
        }
    }

    fn file(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    /// The lines of all pieces, as three threads read them.
    fn in_pieces(bytes: &[u8], ends: &[u64]) -> Vec<(u64, Vec<u8>)> {
        let file = file(bytes);
        let length = bytes.len() as u64;
        let source = Source::Part {
            file,
            range: 0..length,
        };
        let mut start = 0;
        let mut pieces = Vec::new();
        for end in ends.iter().copied().chain([length]) {
            pieces.push(Piece {
                source: 0,
                range: start..end,
            });
            start = end;
        }
        let (readers, faults) = read(&[source], &pieces, 3, &AtomicU64::new(0), Lines::default);
        assert!(faults.is_empty());
        let mut lines: Vec<_> = readers.into_iter().flat_map(|it| it.0).collect();
        lines.sort();
        lines
    }

    fn in_one(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Lines::default();
        // Little at a time, so that lines lie across blocks.
        let source = BufReader::with_capacity(7, bytes);
        read_lines(source, |offset, raw| lines.line(offset, raw)).unwrap();
        lines.0
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_a_file_is_cut(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x'), any::<u8>()], 0..200),
            mut ends in proptest::collection::vec(any::<proptest::sample::Index>(), 0..10),
        ) {
            let mut ends: Vec<_> = ends.drain(..).map(|end| end.index(bytes.len() + 1) as u64).collect();
            ends.sort_unstable();
            prop_assert_eq!(in_pieces(&bytes, &ends), in_one(&bytes));
            let ahead = read_ahead(&bytes[..], |source| {
                let mut lines = Lines::default();
                read_lines(source, |offset, raw| lines.line(offset, raw)).map(|()| lines.0)
            });
            prop_assert_eq!(ahead.unwrap(), in_one(&bytes));
        }
    }

    #[test]
    fn long_lines_are_told_once_and_cut_nothing_else() {
        let mut bytes = Vec::new();
        for length in [10, 300_000, LONGEST_LINE, LONGEST_LINE + 1, 3 << 20, 0, 5] {
            bytes.extend(std::iter::repeat_n(b'x', length));
            bytes.push(b'\n');
        }
        bytes.extend(std::iter::repeat_n(b'y', 2 << 20));
        let expected = in_one(&bytes);
        let long = expected.iter().filter(|(_, text)| text == b"long").count();
        assert_eq!((expected.len(), long), (8, 3));
        for step in [100_000, 262_144, 1_000_000] {
            let ends = (0..bytes.len() as u64).step_by(step);
            let ends: Vec<_> = ends.collect();
            assert!(in_pieces(&bytes, &ends) == expected, "{step}");
        }
    }
}
