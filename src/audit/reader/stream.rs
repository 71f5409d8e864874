//! The lines of a stream, in bounded memory, whatever it holds.
use std::{
    fs::File,
    io::{self, BufRead, Read},
    os::unix::fs::FileExt,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

/// No line is longer: what is, is skipped and counted.
pub const LONGEST_LINE: usize = 1 << 20;
/// As much is read at once.
pub(super) const BLOCK: usize = 256 * 1024;
/// So many blocks are unpacked before they are read.
const BLOCKS_AHEAD: usize = 4;

/// A line, without its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Raw<'a> {
    Line(&'a [u8]),
    /// The last one, which has no end: half of a line, or one that is being written.
    Unended(&'a [u8]),
    /// Longer than [`LONGEST_LINE`].
    Long,
}

/// Fills as much of `bytes` as the file holds from `offset` on.
pub(in crate::audit) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A source whose bytes are counted as they are read.
pub(in crate::audit) struct Counted<'p, S> {
    inner: S,
    count: &'p AtomicU64,
}

impl<'p, S> Counted<'p, S> {
    pub(in crate::audit) fn new(inner: S, count: &'p AtomicU64) -> Self {
        Self { inner, count }
    }
}

impl<S: Read> Read for Counted<'_, S> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(block)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Hands each line of a stream to `visit`, with the offset at which it begins. A byte order mark at
/// the start and a `\r` at the end of a line are no part of it.
///
/// # Errors
/// It could not be read to its end; every whole line before that was visited.
pub fn read_lines(mut source: impl BufRead, mut visit: impl FnMut(u64, Raw<'_>)) -> io::Result<()> {
    // The line whose end was not read yet: where it begins, how much of it was read, and that.
    let (mut start, mut length) = (0, 0);
    let mut begun = Vec::new();
    loop {
        let block = match source.fill_buf() {
            Ok([]) => break,
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = block;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            if length == 0 {
                visit(start, line(&rest[..end], start));
            } else {
                add(&mut begun, &rest[..end]);
                visit(start, line(&begun, start));
                begun.clear();
            }
            start += length + end as u64 + 1;
            length = 0;
            rest = &rest[end + 1..];
        }
        add(&mut begun, rest);
        length += rest.len() as u64;
        let read = block.len();
        source.consume(read);
    }
    if length > 0 {
        visit(start, unended(&begun, start));
    }
    Ok(())
}

/// Adds to a line as much as it takes to know that it is too long.
fn add(line: &mut Vec<u8>, part: &[u8]) {
    let room = (LONGEST_LINE + 1).saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}

pub(super) fn line(line: &[u8], start: u64) -> Raw<'_> {
    if line.len() > LONGEST_LINE {
        Raw::Long
    } else {
        Raw::Line(trimmed(line, start))
    }
}

pub(super) fn unended(text: &[u8], start: u64) -> Raw<'_> {
    match line(text, start) {
        Raw::Line(line) => Raw::Unended(line),
        long => long,
    }
}

/// A line without what some editors put at its ends.
fn trimmed(line: &[u8], start: u64) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if start == 0 => rest,
        _ => line,
    }
}

/// Reads a source on a thread of its own, some blocks ahead of `with`.
pub(super) fn read_ahead<T>(mut source: impl Read + Send, with: impl FnOnce(Ahead) -> T) -> T {
    let (filled, blocks) = mpsc::sync_channel::<io::Result<Vec<u8>>>(BLOCKS_AHEAD);
    let (give_back, used) = mpsc::channel::<Vec<u8>>();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let mut block = used.try_recv().unwrap_or_default();
                block.clear();
                block.reserve(BLOCK);
                let read = source.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                // Where nobody waits for more, this is the end too.
                if !block.is_empty() && filled.send(Ok(block)).is_err() {
                    return;
                }
                match read {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) => {
                        let _ = filled.send(Err(error));
                        return;
                    }
                }
            }
        });
        with(Ahead {
            blocks,
            give_back,
            block: Vec::new(),
            at: 0,
        })
    })
}

/// What a source holds, as another thread reads it.
pub(super) struct Ahead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    give_back: Sender<Vec<u8>>,
    block: Vec<u8>,
    at: usize,
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.block.len()
            && let Ok(next) = self.blocks.recv()
        {
            let used = std::mem::replace(&mut self.block, next?);
            let _ = self.give_back.send(used);
            self.at = 0;
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Ahead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}
