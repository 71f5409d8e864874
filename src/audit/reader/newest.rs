//! The newest lines of a file, for whoever wants some of them.
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader, Seek},
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

/// What was found of a file.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) lines: VecDeque<Vec<u8>>,
    /// None before them is wanted.
    pub(super) is_all: bool,
    /// It is compressed and ends too early: what stood behind that is not among them.
    pub(super) is_cut: bool,
}

/// The newest lines, at most so many, that are wanted.
pub(super) fn newest(
    file: &File,
    end: u64,
    most: usize,
    judge: &dyn Fn(&[u8]) -> Wanted,
) -> io::Result<Newest> {
    let mut found = Newest::default();
    if most == 0 {
        found.is_all = true;
        return Ok(found);
    }
    let lines = &mut found.lines;
    if !is_compressed(file)? {
        let ended = backward::lines(file, end, &mut |line| {
            match judge(line) {
                Wanted::Yes => lines.push_front(line.to_vec()),
                Wanted::No => {}
                Wanted::Enough => return ControlFlow::Break(()),
            }
            if lines.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        return match ended {
            // It was cut meanwhile: what it held is in a copy, or nowhere.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Newest::default()),
            Err(error) => Err(error),
            Ok(ended) => {
                found.is_all = ended.is_break();
                Ok(found)
            }
        };
    }
    let mut start = file;
    start.rewind()?;
    let read = read_lines(BufReader::new(open(start)?), |_, raw| {
        let Raw::Line(line) = raw else {
            return;
        };
        match judge(line) {
            Wanted::Yes => lines.push_back(line.to_vec()),
            Wanted::No => {}
            Wanted::Enough => {
                lines.clear();
                found.is_all = true;
            }
        }
        if lines.len() > most {
            lines.pop_front();
        }
    });
    match read {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        read => found.is_cut = read.is_err(),
    }
    Ok(found)
}
