//! A log as it is written, over whatever becomes of its file: renamed and replaced, or copied and
//! cut. No record that reaches the log is missed, and none is shown twice.
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufReader},
    ops::ControlFlow,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{
    LONGEST_LINE, Line, Raw, again, backward, open, read_lines, rotated, stream::is_compressed,
};

/// As much is read at once.
const BLOCK: usize = 256 * 1024;
/// As many bytes before the place in the file tell that it is still the same: the hash of a record
/// is among them.
const MARK: usize = 96;

/// Time and number of a record: none is written with an earlier one.
type Stamp = (i64, u64);

/// A place in a log, from which it is read on.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: File,
    /// Where the first line begins that was not handed on.
    at: u64,
    /// What stands before that.
    mark: Vec<u8>,
    /// The newest record that was handed on.
    newest: Option<Stamp>,
    /// The start of the line at `at` was left out: it is too long.
    is_in_long: bool,
}

impl Follow {
    /// Takes up the log at its end.
    ///
    /// # Errors
    /// There is no such file, or it is none that can be followed.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let mut follow = Self {
            path: path.to_owned(),
            file: unless_moved(|| open_file(path))?,
            at: 0,
            mark: Vec::new(),
            newest: None,
            is_in_long: false,
        };
        follow.at = end_of_lines(&follow.file)?;
        let is_record = |line: &[u8]| stamp(line).is_some();
        let last = follow.last(1, &is_record)?;
        follow.newest = last.first().and_then(|line| stamp(line));
        follow.remember()?;
        Ok(follow)
    }

    /// The newest lines that are `wanted` and stand before the place, in their order; those of the
    /// files that the log was before too.
    pub fn last(&self, most: usize, wanted: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<Vec<u8>>> {
        unless_moved(|| self.look_for_last(most, wanted))
    }

    fn look_for_last(
        &self,
        most: usize,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<Vec<u8>>> {
        let judge = |line: &[u8]| {
            if wanted(line) {
                Wanted::Yes
            } else {
                Wanted::No
            }
        };
        let mut found = newest(&self.file, self.at, most, &judge)?.0;
        let live = id(&self.file)?;
        for path in rotated(&self.path)?.iter().rev() {
            if found.len() >= most {
                break;
            }
            let file = File::open(path)?;
            if id(&file)? != live {
                let length = file.metadata()?.len();
                let mut before = newest(&file, length, most - found.len(), &judge)?.0;
                before.append(&mut found);
                found = before;
            }
        }
        Ok(found.into())
    }

    /// Hands on all lines that have come since.
    ///
    /// # Errors
    /// The log cannot be read. That there is none for a moment is no error.
    pub fn news(&mut self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        if !self.is_the_same()? {
            self.between(visit)?;
            self.begin_file()?;
        }
        self.read_on(visit)?;
        match open_file(&self.path) {
            // Nobody writes the old file any more once there is something in the new one.
            Ok(next) if id(&next)? != id(&self.file)? && next.metadata()?.len() > 0 => {
                self.read_on(visit)?;
                self.between(visit)?;
                self.file = next;
                self.begin_file()?;
                self.read_on(visit)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether what was read before still stands in the file.
    fn is_the_same(&self) -> io::Result<bool> {
        let mut found = vec![0; self.mark.len()];
        let start = self.at - found.len() as u64;
        match self.file.read_exact_at(&mut found, start) {
            Ok(()) => Ok(found == self.mark),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn remember(&mut self) -> io::Result<()> {
        let length = usize::try_from(self.at).map_or(MARK, |at| at.min(MARK));
        self.mark = vec![0; length];
        self.file
            .read_exact_at(&mut self.mark, self.at - length as u64)
    }

    fn begin_file(&mut self) -> io::Result<()> {
        self.at = 0;
        self.is_in_long = false;
        self.remember()
    }

    /// Hands on the whole lines behind the place, and moves it.
    fn read_on(&mut self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        if self.file.metadata()?.len() <= self.at {
            return Ok(());
        }
        let mut block = vec![0; BLOCK];
        loop {
            let length = read_at(&self.file, &mut block, self.at)?;
            let Some(last) = memchr::memrchr(b'\n', &block[..length]) else {
                // A line is longer than the block, or not whole yet.
                if length < block.len() {
                    return Ok(());
                }
                if block.len() <= LONGEST_LINE {
                    block.resize(block.len() * 2, 0);
                } else {
                    self.is_in_long = true;
                    self.at += length as u64;
                }
                continue;
            };
            for line in block[..last].split(|byte| *byte == b'\n') {
                if !std::mem::take(&mut self.is_in_long) {
                    self.hand_on(line, visit);
                }
            }
            self.at += last as u64 + 1;
            self.remember()?;
        }
    }

    fn hand_on(&mut self, line: &[u8], visit: &mut dyn FnMut(&[u8])) {
        self.newest = stamp(line).max(self.newest);
        visit(line);
    }

    /// Hands on what was written after the place and is in none of the two files: in those that were
    /// the log for a while, and in a copy of one that was cut.
    fn between(&mut self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        for line in unless_moved(|| self.missed())? {
            self.hand_on(&line, visit);
        }
        Ok(())
    }

    fn missed(&self) -> io::Result<VecDeque<Vec<u8>>> {
        let mut missed = VecDeque::new();
        let Some(known) = self.newest else {
            return Ok(missed);
        };
        let judge = |line: &[u8]| match stamp(line) {
            Some(stamp) if stamp <= known => Wanted::Enough,
            _ => Wanted::Yes,
        };
        let ours = id(&self.file)?;
        for path in rotated(&self.path)?.iter().rev() {
            if *path == self.path {
                continue;
            }
            let file = File::open(path)?;
            if id(&file)? == ours {
                break;
            }
            let (mut here, is_all) = newest(&file, file.metadata()?.len(), usize::MAX, &judge)?;
            here.append(&mut missed);
            missed = here;
            if is_all {
                break;
            }
        }
        Ok(missed)
    }
}

/// Looks again where a file was renamed, compressed or removed since it was listed.
fn unless_moved<T>(look: impl Fn() -> io::Result<T>) -> io::Result<T> {
    again(
        look,
        |found| !matches!(found, Err(error) if error.kind() == io::ErrorKind::NotFound),
    )
}

/// What a reader from the end says to a line.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Wanted {
    Yes,
    No,
    /// Neither this nor any before it.
    Enough,
}

/// The newest lines, at most so many, that are wanted; and whether none before them is.
fn newest(
    file: &File,
    end: u64,
    most: usize,
    judge: &dyn Fn(&[u8]) -> Wanted,
) -> io::Result<(VecDeque<Vec<u8>>, bool)> {
    let mut found = VecDeque::new();
    let mut start = [0; 4];
    let length = read_at(file, &mut start, 0)?;
    if most == 0 {
        return Ok((found, true));
    }
    if !is_compressed(&start[..length]) {
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
        })?;
        return Ok((found, ended.is_break()));
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

/// Behind the last newline.
fn end_of_lines(file: &File) -> io::Result<u64> {
    let mut at = file.metadata()?.len();
    let mut block = vec![0; BLOCK];
    while at > 0 {
        let length = usize::try_from(at).map_or(BLOCK, |left| left.min(BLOCK));
        let start = at - length as u64;
        file.read_exact_at(&mut block[..length], start)?;
        if let Some(newline) = memchr::memrchr(b'\n', &block[..length]) {
            return Ok(start + newline as u64 + 1);
        }
        at = start;
    }
    Ok(0)
}

fn open_file(path: &Path) -> io::Result<File> {
    // Before it is opened: a pipe without a writer would hold us up.
    if !fs::metadata(path)?.is_file() {
        let what = "it is not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    File::open(path)
}

fn stamp(line: &[u8]) -> Option<Stamp> {
    let line = Line::of(line).ok()?;
    Some((line.millis, line.seq?))
}

fn id(file: &File) -> io::Result<(u64, u64)> {
    let found = file.metadata()?;
    Ok((found.dev(), found.ino()))
}

fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(block, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
