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

    /// Those that begin so, as far as they are not what some editors make of lines.
    fn take(&mut self, offset: u64, text: &[u8]) -> Option<usize> {
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let line = text[..end]
            .strip_prefix(b"x")
            .filter(|_| !text[..end].ends_with(b"\r"))?;
        self.line(offset, Raw::Line(&[b"x", line].concat()));
        Some(end + 1)
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
