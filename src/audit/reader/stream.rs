//! The lines of a stream, in bounded memory, whatever it holds.
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// No line is longer: what is, is skipped and counted.
pub const LONGEST_LINE: usize = 1 << 20;
/// As much is read at once.
pub(super) const BLOCK: usize = 256 * 1024;
/// What a file compressed by zstd may ask for: 8 MiB, as levels up to 19 do.
const ZSTD_WINDOW: u32 = 23;

/// A line, without its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Raw<'a> {
    Line(&'a [u8]),
    /// The last one, which has no end: half of a line, or one that is being written.
    Unended(&'a [u8]),
    /// Longer than [`LONGEST_LINE`].
    Long,
}

/// What is in a file, or whatever else is read from: as it is, or out of gzip or zstd, told by how
/// it begins.
pub fn open<'a>(source: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut source = source;
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start)?;
    let gzip = start.starts_with(&[0x1f, 0x8b]);
    let zstd = start == [0x28, 0xb5, 0x2f, 0xfd];
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(start).chain(source);
    Ok(if gzip {
        let compressed = BufReader::with_capacity(BLOCK, whole);
        Box::new(MultiGzDecoder::new(compressed))
    } else if zstd {
        let mut decoder = zstd::Decoder::new(whole)?;
        decoder.window_log_max(ZSTD_WINDOW)?;
        Box::new(decoder)
    } else {
        Box::new(whole)
    })
}

/// Hands each line of a stream to `visit`, with the offset at which it begins. A byte order mark at
/// the start and a `\r` at the end of a line are no part of it.
///
/// # Errors
/// It could not be read to its end; every whole line before that was visited.
pub fn read_lines(source: impl Read, mut visit: impl FnMut(u64, Raw<'_>)) -> io::Result<()> {
    let mut source = BufReader::with_capacity(BLOCK, source);
    let mut line = Vec::new();
    let (mut start, mut is_long) = (0_u64, false);
    let mut offset = 0_u64;
    loop {
        let block = match source.fill_buf() {
            Ok([]) => break,
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = block;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (part, after) = (&rest[..end], &rest[end + 1..]);
            if is_long || line.len() + part.len() > LONGEST_LINE {
                visit(start, Raw::Long);
            } else if line.is_empty() {
                visit(start, Raw::Line(trimmed(part, start)));
            } else {
                line.extend_from_slice(part);
                visit(start, Raw::Line(trimmed(&line, start)));
            }
            line.clear();
            is_long = false;
            rest = after;
            start = offset + (block.len() - rest.len()) as u64;
        }
        is_long |= line.len() + rest.len() > LONGEST_LINE;
        if is_long {
            line = Vec::new();
        } else {
            line.extend_from_slice(rest);
        }
        let read = block.len();
        offset += read as u64;
        source.consume(read);
    }
    if is_long {
        visit(start, Raw::Long);
    } else if !line.is_empty() {
        visit(start, Raw::Unended(trimmed(&line, start)));
    }
    Ok(())
}

/// A line without what some editors put at its ends.
pub(super) fn trimmed(line: &[u8], start: u64) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if start == 0 => rest,
        _ => line,
    }
}
