//! Files that were compressed, whole or in parts one behind the other.
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Chain, Cursor, Read},
};

use flate2::bufread::GzDecoder;

use super::{read_at, stream::BLOCK};

/// What a file compressed by zstd may ask for: 8 MiB, as levels up to 19 do.
const ZSTD_WINDOW: u32 = 23;

/// How a file begins that is compressed (RFC 1952, 2.3.1; RFC 8878, 3.1.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Behind a first byte from 0x50 to 0x5f: a frame of zstd to be passed over (RFC 8878, 3.1.2), as pzstd
/// puts one before each other.
const PASSED_OVER: [u8; 3] = [0x2a, 0x4d, 0x18];
/// No header of a frame is longer.
const HEADER: usize = 18;

/// What is in a file, or whatever else is read from: as it is, or out of gzip or zstd, told by how
/// it begins.
pub fn open<'a>(source: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut source = source;
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start)?;
    if start == ZSTD {
        let rest = (HEADER - start.len()) as u64;
        source.by_ref().take(rest).read_to_end(&mut start)?;
        if window(&start).is_some_and(|window| window > 1 << ZSTD_WINDOW) {
            return Err(invalid(
                "it is compressed with a window of more than 8 MiB; unpack it by `zstd -d` first",
            ));
        }
    }
    let (gzip, zstd) = (start.starts_with(&GZIP), is_zstd(&start));
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(start).chain(source);
    Ok(if gzip {
        let compressed = BufReader::with_capacity(BLOCK, whole);
        Box::new(Gzip(Some(GzDecoder::new(compressed))))
    } else if zstd {
        let mut decoder = zstd::Decoder::new(whole)?;
        decoder.window_log_max(ZSTD_WINDOW)?;
        Box::new(Zstd(decoder))
    } else {
        Box::new(whole)
    })
}

/// Whether a file has to be unpacked.
pub(in crate::audit) fn is_compressed(file: &File) -> io::Result<bool> {
    let mut start = [0; 4];
    read_at(file, &mut start, 0)?;
    Ok(start.starts_with(&GZIP) || is_zstd(&start))
}

fn is_zstd(start: &[u8]) -> bool {
    start.starts_with(&ZSTD)
        || start
            .split_first()
            .is_some_and(|(first, rest)| matches!(first, 0x50..=0x5f) && rest == PASSED_OVER)
}

/// How much has to be remembered to unpack a frame of zstd (RFC 8878, 3.1.1.1): what its header says,
/// or the whole of what is in it.
fn window(frame: &[u8]) -> Option<u64> {
    let descriptor = *frame.get(4)?;
    if descriptor & 0x20 == 0 {
        let window = *frame.get(5)?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    let length = 1 << (descriptor >> 6);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = frame.get(5 + dictionary..)?.get(..length)?;
    let size = size
        .iter()
        .rev()
        .fold(0, |size, byte| size << 8 | u64::from(*byte));
    Some(if length == 2 { size + 256 } else { size })
}

/// All that is compressed one behind the other.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let read = decoder.read(block)?;
            if read > 0 || block.is_empty() {
                return Ok(read);
            }
            match decoder.get_mut().fill_buf()? {
                [] => return Ok(0),
                // Of one that is cut there may be a byte.
                next if GZIP.starts_with(&next[..next.len().min(2)]) => {}
                _ => {
                    return Err(invalid(
                        "behind what is compressed in it stands something else",
                    ));
                }
            }
            self.0 = self.0.take().map(|it| GzDecoder::new(it.into_inner()));
        }
        Ok(0)
    }
}

/// Its errors have no texts of their own.
struct Zstd<R>(R);

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.0.read(block).map_err(|error| match error.kind() {
            io::ErrorKind::Other => invalid("what is compressed in it is damaged"),
            _ => error,
        })
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    use super::*;

    /// What is in a file, as far as it goes, and what is told then.
    fn read(bytes: &[u8]) -> (String, Option<String>) {
        let mut text = String::new();
        let read = open(bytes).unwrap().read_to_string(&mut text);
        (text, read.err().map(|error| error.to_string()))
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_is_passed_over_of_zstd_may_come_first() {
        let frame = zstd::encode_all(&b"one\n"[..], 1).unwrap();
        for first in [0x50, 0x5f] {
            let passed_over = [first, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2];
            let bytes = [&passed_over[..], &frame, &passed_over, &frame].concat();
            assert_eq!(read(&bytes), ("one\none\n".to_owned(), None));
        }
    }

    #[test]
    fn a_window_that_is_too_large_is_told_as_such() {
        let text = "a line\n".repeat(1 << 20);
        let packed = |window, is_size_known: bool| {
            let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap();
            packed.window_log(window).unwrap();
            if is_size_known {
                packed
                    .set_pledged_src_size(Some(2 * text.len() as u64))
                    .unwrap();
            }
            for _ in 0..2 {
                packed.write_all(text.as_bytes()).unwrap();
            }
            packed.finish().unwrap()
        };
        let told =
            "it is compressed with a window of more than 8 MiB; unpack it by `zstd -d` first";
        for is_size_known in [false, true] {
            let error = open(&*packed(ZSTD_WINDOW + 1, is_size_known))
                .err()
                .unwrap();
            assert_eq!(error.to_string(), told);
            let (unpacked, error) = read(&packed(ZSTD_WINDOW, is_size_known));
            assert_eq!((unpacked.len(), error), (2 * text.len(), None));
        }
    }

    #[test]
    fn what_is_damaged_is_told_as_such() {
        let damaged = [&ZSTD[..], &[0, 0], &[0xff; 20]].concat();
        let told = "what is compressed in it is damaged".to_owned();
        assert_eq!(read(&damaged), (String::new(), Some(told)));
    }

    #[test]
    fn what_is_compressed_in_parts_is_read_whole_and_what_stands_behind_is_told_as_such() {
        let whole = [gzip("one\n"), gzip("two\n")].concat();
        let text = "one\ntwo\n".to_owned();
        assert_eq!(read(&whole), (text.clone(), None));
        let told = "behind what is compressed in it stands something else".to_owned();
        for junk in [&b"x"[..], b"three\n", &[0; 512], &[0x1f, 0x8c]] {
            let bytes = [&whole, junk].concat();
            assert_eq!(read(&bytes), (text.clone(), Some(told.clone())), "{junk:?}");
        }
        for length in [1, 2, 11] {
            let bytes = [&whole[..], &whole[..length]].concat();
            let mut unpacked = Vec::new();
            let error = open(&*bytes).unwrap().read_to_end(&mut unpacked);
            assert_eq!(
                error.unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof,
                "{length}"
            );
        }
    }
}
