//! The lines of a file from its end, for whoever wants the newest.
use std::{fs::File, io, ops::ControlFlow, os::unix::fs::FileExt};

use super::LONGEST_LINE;

const BLOCK: usize = 64 * 1024;

/// Hands each line that ends before `end` to `visit`, the last first, until that has enough. What
/// follows the last newline is no line yet; one that is too long is left out.
pub(super) fn lines(
    file: &File,
    end: u64,
    visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut block = vec![0; BLOCK];
    // What was read of a line so far; whether its end was met, and whether it is too long.
    let (mut line, mut is_ended, mut is_long) = (Vec::new(), false, false);
    let mut at = end;
    while at > 0 {
        let length = usize::try_from(at).map_or(BLOCK, |left| left.min(BLOCK));
        at -= length as u64;
        file.read_exact_at(&mut block[..length], at)?;
        let mut rest = &block[..length];
        loop {
            let newline = memchr::memrchr(b'\n', rest);
            let part = &rest[newline.map_or(0, |newline| newline + 1)..];
            is_long |= part.len() + line.len() > LONGEST_LINE;
            line = if is_long {
                Vec::new()
            } else {
                [part, &line].concat()
            };
            let Some(newline) = newline else {
                break;
            };
            if is_ended && !is_long && visit(&line).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            (is_ended, is_long) = (true, false);
            line.clear();
            rest = &rest[..newline];
        }
    }
    if is_ended && !is_long {
        return Ok(visit(&line));
    }
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn backward(text: &[u8], most: usize) -> Vec<Vec<u8>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        let mut seen = Vec::new();
        let end = text.len() as u64;
        let _ = lines(&file, end, &mut |line| {
            seen.push(line.to_vec());
            if seen.len() == most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        seen
    }

    proptest! {
        #[test]
        fn lines_backward_are_the_lines(lines in prop::collection::vec(0..BLOCK / 2, 0..9), rest in 0..9_usize) {
            let lines: Vec<_> = lines.iter().map(|length| vec![b'x'; *length]).collect();
            let mut text = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect::<Vec<_>>();
            text.resize(text.len() + rest, b'y');
            let reversed: Vec<_> = lines.into_iter().rev().collect();
            prop_assert_eq!(backward(&text, usize::MAX), reversed);
        }
    }

    #[test]
    fn it_ends_with_enough_and_leaves_out_what_is_too_long() {
        assert_eq!(backward(b"one\ntwo\nthree\nfo", 2), [&b"three"[..], b"two"]);
        let long = [b"one\n", &vec![b'x'; LONGEST_LINE + 1][..], b"\ntwo\n"].concat();
        assert_eq!(backward(&long, 9), [&b"two"[..], b"one"]);
        assert_eq!(backward(b"", 9), [[0; 0]; 0]);
    }
}
