//! The newest lines of a file, for whoever wants some of them.
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader},
    ops::ControlFlow,
};

use super::{Raw, backward, is_compressed, open, read_lines};

/// What a reader from the end says to a line.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Wanted {
    Yes,
    No,
    /// Neither this nor any before it.
    Enough,
}

/// The newest lines, at most so many, that are wanted; and whether none before them is.
pub(super) fn newest(
    file: &File,
    end: u64,
    most: usize,
    judge: &dyn Fn(&[u8]) -> Wanted,
) -> io::Result<(VecDeque<Vec<u8>>, bool)> {
    let mut found = VecDeque::new();
    if most == 0 {
        return Ok((found, true));
    }
    if !is_compressed(file)? {
        let ended = backward::lines(file, end, &mut |line| {
            match judge(line) {
                Wanted::Yes => found.push_front(line.to_vec()),
                Wanted::No => {}
                Wanted::Enough => return ControlFlow::Break(()),
            }
            if found.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        return match ended {
            // It was cut meanwhile: what it held is in a copy, or nowhere.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Default::default()),
            Err(error) => Err(error),
            Ok(ended) => Ok((found, ended.is_break())),
        };
    }
    let mut is_all = false;
    let read = read_lines(BufReader::new(open(file)?), |_, raw| {
        let Raw::Line(line) = raw else {
            return;
        };
        match judge(line) {
            Wanted::Yes => found.push_back(line.to_vec()),
            Wanted::No => {}
            Wanted::Enough => {
                found.clear();
                is_all = true;
            }
        }
        if found.len() > most {
            found.pop_front();
        }
    });
    match read {
        // What could be read of one that was cut.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok((found, is_all)),
    }
}
