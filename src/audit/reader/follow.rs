//! A log as it is written, over whatever becomes of its file: renamed and replaced, or copied and
//! cut. No record that reaches the log is missed, and none is shown twice.
use std::{
    collections::VecDeque,
    fs::{self, File},
    io, mem,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{
    LONGEST_LINE, Line, again, is_compressed,
    newest::{Newest, Wanted, newest},
    read_at, rotated,
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
    /// What stands before that: it is read again with what follows, so that nothing is taken out of
    /// the middle of a file that was cut and has grown again.
    mark: Vec<u8>,
    /// What is read at once.
    block: Vec<u8>,
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
        unless_moved(|| Self::at_the_end_of(path))
    }

    fn at_the_end_of(path: &Path) -> io::Result<Self> {
        let file = open_file(path)?;
        let at = end_of_lines(&file)?;
        let length = usize::try_from(at).map_or(MARK, |at| at.min(MARK));
        let mut mark = vec![0; length];
        file.read_exact_at(&mut mark, at - length as u64)?;
        let mut follow = Self {
            path: path.to_owned(),
            file,
            at,
            mark,
            block: vec![0; BLOCK],
            newest: None,
            is_in_long: false,
        };
        let is_record = |line: &[u8]| stamp(line).is_some();
        let last = follow.look_for_last(1, &is_record)?.lines;
        follow.newest = last.front().and_then(|line| stamp(line));
        Ok(follow)
    }

    /// Whether the file is compressed: nothing is added to it any more.
    pub fn is_closed(&self) -> io::Result<bool> {
        is_compressed(&self.file)
    }

    /// The newest lines that are `wanted` and stand before the place, in their order; those of the
    /// files that the log was before too.
    pub fn last(&self, most: usize, wanted: &dyn Fn(&[u8]) -> bool) -> io::Result<Last> {
        unless_moved(|| self.look_for_last(most, wanted))
    }

    fn look_for_last(&self, most: usize, wanted: &dyn Fn(&[u8]) -> bool) -> io::Result<Last> {
        let judge = |line: &[u8]| {
            if wanted(line) {
                Wanted::Yes
            } else {
                Wanted::No
            }
        };
        let mut last = Last::default();
        last.put_before(newest(&self.file, self.at, most, &judge)?, &self.path);
        if last.lines.len() >= most {
            return Ok(last);
        }
        let live = id(&self.file)?;
        for part in rotated(&self.path)?.iter().rev() {
            let left = most.saturating_sub(last.lines.len());
            if left == 0 {
                break;
            }
            let file = part.open()?;
            if id(&file)? != live {
                let length = file.metadata()?.len();
                last.put_before(newest(&file, length, left, &judge)?, &part.path);
            }
        }
        Ok(last)
    }

    /// Hands on all lines that have come since.
    ///
    /// # Errors
    /// The log cannot be read. That there is none for a moment is no error.
    pub fn news(&mut self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        while self.read_on(visit)? == Read::Cut {
            self.between(visit)?;
            self.begin_file();
        }
        match open_file(&self.path) {
            // Nobody writes the old file any more once there is something in the new one.
            Ok(next) if id(&next)? != id(&self.file)? && next.metadata()?.len() > 0 => {
                self.read_on(visit)?;
                self.between(visit)?;
                self.file = next;
                self.begin_file();
                self.read_on(visit)?;
                Ok(())
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn begin_file(&mut self) {
        self.at = 0;
        self.mark.clear();
        self.is_in_long = false;
    }

    /// Hands on the whole lines behind the place, and moves it.
    fn read_on(&mut self, visit: &mut dyn FnMut(&[u8])) -> io::Result<Read> {
        let mut block = mem::take(&mut self.block);
        let read = self.read_into(&mut block, visit);
        block.resize(BLOCK, 0);
        block.shrink_to_fit();
        self.block = block;
        read
    }

    fn read_into(&mut self, block: &mut Vec<u8>, visit: &mut dyn FnMut(&[u8])) -> io::Result<Read> {
        loop {
            let length = read_at(&self.file, block, self.at - self.mark.len() as u64)?;
            let Some(new) = block[..length].strip_prefix(&*self.mark) else {
                return Ok(Read::Cut);
            };
            let Some(last) = memchr::memrchr(b'\n', new) else {
                // A line is longer than the block, or not whole yet.
                if length < block.len() {
                    return Ok(Read::ToTheEnd);
                }
                if length <= LONGEST_LINE {
                    block.resize(length * 2, 0);
                } else {
                    self.is_in_long = true;
                    self.pass(new);
                }
                continue;
            };
            for line in new[..last].split(|byte| *byte == b'\n') {
                if !mem::take(&mut self.is_in_long) {
                    self.hand_on(line, visit);
                }
            }
            self.pass(&new[..=last]);
        }
    }

    fn pass(&mut self, read: &[u8]) {
        self.at += read.len() as u64;
        self.mark
            .extend_from_slice(&read[read.len().saturating_sub(MARK)..]);
        self.mark.drain(..self.mark.len().saturating_sub(MARK));
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
        for part in rotated(&self.path)?.iter().rev() {
            if part.path == self.path {
                continue;
            }
            let file = part.open()?;
            if id(&file)? == ours {
                break;
            }
            let mut here = newest(&file, file.metadata()?.len(), usize::MAX, &judge)?;
            here.lines.append(&mut missed);
            missed = here.lines;
            if here.is_all {
                break;
            }
        }
        Ok(missed)
    }
}

/// The newest lines of a log.
#[derive(Debug, Default)]
pub struct Last {
    pub lines: VecDeque<Vec<u8>>,
    /// Compressed files among those that were read that end too early.
    pub cut: Vec<PathBuf>,
}

impl Last {
    fn put_before(&mut self, mut found: Newest, file: &Path) {
        found.lines.append(&mut self.lines);
        self.lines = found.lines;
        self.cut.extend(found.is_cut.then(|| file.to_owned()));
    }
}

/// How reading on from a place ended.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Read {
    ToTheEnd,
    /// What stood before the place stands there no more.
    Cut,
}

/// Looks again where a file was renamed, compressed, removed or cut since it was looked for.
fn unless_moved<T>(look: impl Fn() -> io::Result<T>) -> io::Result<T> {
    use io::ErrorKind::{NotFound, UnexpectedEof};

    again(
        look,
        |found| !matches!(found, Err(error) if matches!(error.kind(), NotFound | UnexpectedEof)),
    )
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
