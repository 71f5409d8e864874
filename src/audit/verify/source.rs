//! A file of a log, held open from the start: what is renamed or removed meanwhile is still read.
use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{part::Part, scan::Scan};
use crate::audit::reader::{self, Counted, Log, is_compressed, read_at};

/// As much is claimed at once, and as many bytes are read at once.
const CHUNK: u64 = 1 << 20;
const BLOCK: usize = 256 * 1024;
/// As much of a line that a chunk begins is read at once behind its end.
const REST: usize = 16 * 1024;
/// A part that is this heavy is handed on before it is whole.
const HEAVY: usize = 4096;

/// A file, what it is called, and how much of it there was when it was opened.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    file: Arc<File>,
    length: u64,
    /// Read from the start to the end: compressed, or no regular file.
    is_stream: bool,
    is_regular: bool,
    id: (u64, u64),
}

/// Something to do for one thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) file: usize,
    /// Where the part begins that is to be read; `None` for all of it.
    chunk: Option<u64>,
}

impl Source {
    /// `-` is standard input.
    ///
    /// # Errors
    /// There is no such file, it may not be read, or it is a folder.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let path = if path.as_os_str() == "-" {
            PathBuf::from("/dev/stdin")
        } else {
            path
        };
        let file = reader::hold(&path)?;
        Self::of(path, Arc::new(file))
    }

    /// One that was found, as it was then.
    ///
    /// # Errors
    /// Those of [`Source::open`].
    pub fn found(log: &Log) -> io::Result<Self> {
        match log.held() {
            Some(file) => Self::of(log.path.clone(), file),
            None => Self::open(log.path.clone()),
        }
    }

    fn of(path: PathBuf, file: Arc<File>) -> io::Result<Self> {
        let found = file.metadata()?;
        if found.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let is_regular = found.is_file();
        let is_stream = !is_regular || is_compressed(&file)?;
        Ok(Self {
            path,
            file,
            length: found.len(),
            is_stream,
            is_regular,
            id: id(&found),
        })
    }

    /// How many bytes there are to read.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether it is the same file, whatever it is called.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Whether it can be looked at more than once.
    pub(super) fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// Its first bytes, as they stand there.
    pub(super) fn start(&self, length: u64) -> io::Result<Vec<u8>> {
        let mut start = vec![0; usize::try_from(length.min(self.length)).unwrap_or(0)];
        let length = read_at(&self.file, &mut start, 0)?;
        start.truncate(length);
        Ok(start)
    }

    pub(super) fn works(&self, file: usize) -> impl Iterator<Item = Work> + use<> {
        let chunks = if self.is_stream {
            0
        } else {
            self.length.div_ceil(CHUNK)
        };
        let whole = self.is_stream.then_some(None);
        let chunks = (0..chunks).map(|chunk| Some(chunk * CHUNK));
        whole
            .into_iter()
            .chain(chunks)
            .map(move |chunk| Work { file, chunk })
    }

    /// Reads what is to be read, and hands it on in parts, the last of which may be empty.
    pub(super) fn scan(
        &self,
        work: Work,
        mut scan: Scan<'_>,
        read: &AtomicU64,
        hand_on: &mut dyn FnMut(Part),
    ) -> io::Result<()> {
        let scanned = match work.chunk {
            Some(start) => self.scan_chunk(start, &mut scan, read, hand_on),
            None => self.scan_stream(&mut scan, read, hand_on),
        };
        hand_on(if scanned.is_ok() {
            scan.finish()
        } else {
            scan.take()
        });
        scanned
    }

    fn scan_stream(
        &self,
        scan: &mut Scan<'_>,
        read: &AtomicU64,
        hand_on: &mut dyn FnMut(Part),
    ) -> io::Result<()> {
        let mut unpacked = reader::open(Counted::new(&*self.file, read))?;
        let mut block = vec![0; BLOCK];
        loop {
            match unpacked.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(length) => scan.block(&block[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if scan.weight() >= HEAVY {
                hand_on(scan.take());
            }
        }
    }

    /// Reads the lines that begin within a chunk, the last of them to its end.
    fn scan_chunk(
        &self,
        start: u64,
        scan: &mut Scan<'_>,
        read: &AtomicU64,
        hand_on: &mut dyn FnMut(Part),
    ) -> io::Result<()> {
        let end = self.length.min(start + CHUNK);
        // A line begins at the start of a chunk if the byte before ends one.
        let mut at = start.saturating_sub(1);
        let mut is_in_line = start > 0;
        let mut block = vec![0; BLOCK];
        while at < end {
            let most = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
            let length = read_at(&self.file, &mut block[..most], at)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            at += length as u64;
            read.fetch_add(length as u64, Ordering::Relaxed);
            let mut bytes = &block[..length];
            if is_in_line {
                let Some(newline) = memchr::memchr(b'\n', bytes) else {
                    continue;
                };
                bytes = &bytes[newline + 1..];
                is_in_line = false;
            }
            scan.block(bytes);
            if scan.weight() >= HEAVY {
                hand_on(scan.take());
            }
        }
        // Also beyond the length that the file had: the last line may have been half written then.
        while scan.is_within_line() {
            let length = read_at(&self.file, &mut block[..REST], at)?;
            let bytes = &block[..length];
            if let Some(newline) = memchr::memchr(b'\n', bytes) {
                scan.block(&bytes[..=newline]);
            } else if length > 0 {
                scan.block(bytes);
            } else {
                break;
            }
            at += length as u64;
        }
        Ok(())
    }
}

fn id(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}
