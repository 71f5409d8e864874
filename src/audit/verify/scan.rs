//! How a part of a log is taken apart into stretches whose links hold.
use super::{
    mark::{Hash, Links, Mark, Place, Why, is_first_part, is_sound},
    part::{Foreign, Part, Piece, Records, Told, What},
    said::Said,
};
use crate::audit::tail::sha256;

/// No record is longer by far, and what is longer is not kept in memory.
const LONGEST: usize = 1 << 20;

/// Takes blocks of bytes, cut anywhere.
pub(super) struct Scan<'a> {
    heads: &'a [Hash],
    part: Part,
    /// The stretch that the next line may go on with.
    open: Option<Records>,
    /// A line that has not ended yet.
    begun: Vec<u8>,
    is_long: bool,
}

/// How a line stands in the block that it ends in.
#[derive(Clone, Copy, Eq, PartialEq)]
enum End {
    Within,
    LastOfBlock,
    /// It has none.
    Missing,
}

impl<'a> Scan<'a> {
    pub(super) fn new(file: usize, heads: &'a [Hash]) -> Self {
        Self {
            heads,
            part: Part {
                file,
                ..Part::default()
            },
            open: None,
            begun: Vec::new(),
            is_long: false,
        }
    }

    pub(super) fn block(&mut self, block: &[u8]) {
        let last = memchr::memrchr(b'\n', block);
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &block[start..]) {
            let at = start + length;
            let end = if Some(at) == last {
                End::LastOfBlock
            } else {
                End::Within
            };
            self.end_line(&block[start..at], end);
            start = at + 1;
        }
        self.begin_line(&block[start..]);
    }

    /// How many pieces and records were found.
    pub(super) fn weight(&self) -> usize {
        self.part.pieces.len() + self.part.told.len()
    }

    /// Whether a line has begun and not ended.
    pub(super) fn is_within_line(&self) -> bool {
        self.is_long || !self.begun.is_empty()
    }

    /// What was found since the last time, but for a line that has begun.
    pub(super) fn take(&mut self) -> Part {
        self.close();
        let file = self.part.file;
        let next = Part {
            file,
            ..Part::default()
        };
        std::mem::replace(&mut self.part, next)
    }

    /// The same; nothing follows.
    pub(super) fn finish(&mut self) -> Part {
        let line = std::mem::take(&mut self.begun);
        if self.is_long {
            self.foreign(None, End::Missing);
        } else if !line.is_empty() {
            self.line(&line, End::Missing);
        }
        self.take()
    }

    fn begin_line(&mut self, part: &[u8]) {
        self.is_long |= self.begun.len() + part.len() > LONGEST;
        if self.is_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }

    fn end_line(&mut self, part: &[u8], end: End) {
        if !self.is_within_line() {
            return self.line(part, end);
        }
        self.begin_line(part);
        if self.is_long {
            self.foreign(None, end);
        } else {
            let line = std::mem::take(&mut self.begun);
            self.line(&line, end);
        }
        self.is_long = false;
    }

    fn line(&mut self, line: &[u8], end: End) {
        let Some(links) = Links::read(line) else {
            return self.foreign(Some(line), end);
        };
        let hash = sha256(line);
        let said = Said::read(line);
        if !self.goes_on(links, hash) && !self.open(links, hash, said.as_ref()) {
            return self.foreign(Some(line), end);
        }
        self.part.lines += 1;
        let is_sound = (end == End::Within && said.is_none()) || is_sound(line, links);
        if let Some(open) = &mut self.open {
            open.last.is_sound = is_sound;
        }
        let said = said.map(|said| {
            if is_sound && said != Said::Nonsense {
                What::Said(said)
            } else {
                What::Contradiction
            }
        });
        let asked = self.heads.iter().enumerate();
        let heads = asked.filter(|(_, head)| **head == hash);
        let heads = heads.map(|(which, _)| What::Head(which));
        let at = self.at();
        self.part.told.extend(heads.chain(said).map(|what| Told {
            at,
            seq: links.seq,
            what,
        }));
    }

    /// Adds a record to the stretch, if it follows.
    fn goes_on(&mut self, links: Links<'_>, hash: Hash) -> bool {
        let place = self.next();
        let Some(Records { last, .. }) = &mut self.open else {
            return false;
        };
        let mut expected = [0; 64];
        let follows = hex::encode_to_slice(last.hash, &mut expected).is_ok()
            && links.prev == expected
            && last.seq.checked_add(1) == Some(links.seq);
        if follows {
            last.at = place;
            last.seq = links.seq;
            last.prev = last.hash;
            last.hash = hash;
            last.time = links.time;
        }
        follows
    }

    /// Begins a stretch with a record, if it is one.
    fn open(&mut self, links: Links<'_>, hash: Hash, said: Option<&Said>) -> bool {
        let Some(prev) = links.prev() else {
            return false;
        };
        self.close();
        let last = Mark {
            at: self.next(),
            seq: links.seq,
            prev,
            hash,
            time: links.time,
            said: None,
            is_sound: true,
        };
        let first = Mark {
            said: said.cloned().map(Box::new),
            ..last.clone()
        };
        self.open = Some(Records { first, last });
        true
    }

    fn close(&mut self) {
        self.part
            .pieces
            .extend(self.open.take().map(Piece::Records));
    }

    /// Counts a line that is no record; `None` for one that is too long to be one.
    fn foreign(&mut self, line: Option<&[u8]>, end: End) {
        self.close();
        let at = self.next();
        self.part.lines += 1;
        let new = Foreign {
            at,
            last: at,
            lines: 1,
            why: line.map_or(Why::Long, Why::of),
            hash: line.map(sha256),
            bytes: line.map_or(0, |line| line.len() as u64),
            are_first_parts: line.is_some_and(is_first_part),
            is_unended: end == End::Missing,
        };
        match self.part.pieces.last_mut() {
            Some(Piece::Foreign(before)) => before.extend(new),
            _ => self.part.pieces.push(Piece::Foreign(new)),
        }
    }

    /// Where the line that was read last stands.
    fn at(&self) -> Place {
        Place {
            file: self.part.file,
            line: self.part.lines,
        }
    }

    /// Where the next one does.
    fn next(&self) -> Place {
        let line = self.part.lines + 1;
        Place { line, ..self.at() }
    }
}
