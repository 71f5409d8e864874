//! Many threads read, one puts together: in the order of the files, in bounded memory.
use std::{
    io,
    num::NonZeroUsize,
    sync::{
        atomic::AtomicU64,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    mark::Hash,
    part::Part,
    scan::Scan,
    source::{Source, Work},
};

/// How far a thread may be ahead.
const AHEAD: usize = 4;

/// What a thread has to say of a piece of work.
enum Message {
    Part(Part),
    /// All is said; where it failed, the rest of this file is missing.
    End(io::Result<()>),
}

/// Reads all files, and hands `take` the parts in the order in which they stand there: of which
/// file, and what; where a file cannot be read to its end, an error after what was read of it.
pub(super) fn read(
    sources: &[Source],
    heads: &[Hash],
    threads: NonZeroUsize,
    read: &AtomicU64,
    mut take: impl FnMut(usize, io::Result<Part>),
) {
    let threads = threads.get();
    thread::scope(|scope| {
        let receivers: Vec<_> = (0..threads)
            .map(|thread| {
                let (sender, receiver) = sync_channel(AHEAD);
                let mine = works(sources).skip(thread).step_by(threads);
                scope.spawn(move || run(sources, mine, heads, read, &sender));
                receiver
            })
            .collect();
        // Each thread takes its turn, so whose part comes next is known.
        for (work, receiver) in works(sources).zip(receivers.iter().cycle()) {
            join(work, receiver, &mut take);
        }
    });
}

fn works(sources: &[Source]) -> impl Iterator<Item = Work> {
    let each = sources.iter().enumerate();
    each.flat_map(|(file, source)| source.works(file))
}

fn run(
    sources: &[Source],
    works: impl Iterator<Item = Work>,
    heads: &[Hash],
    read: &AtomicU64,
    sender: &SyncSender<Message>,
) {
    for work in works {
        let scan = Scan::new(work.file, heads);
        let source = &sources[work.file];
        let mut is_heard = true;
        let end = source.scan(work, scan, read, &mut |part| {
            is_heard &= sender.send(Message::Part(part)).is_ok();
        });
        if !is_heard || sender.send(Message::End(end)).is_err() {
            return;
        }
    }
}

fn join(work: Work, receiver: &Receiver<Message>, take: &mut impl FnMut(usize, io::Result<Part>)) {
    let lost = || Message::End(Err(io::Error::other("its reader is gone")));
    loop {
        match receiver.recv().unwrap_or_else(|_| lost()) {
            Message::Part(part) => take(work.file, Ok(part)),
            Message::End(end) => {
                return end
                    .err()
                    .into_iter()
                    .for_each(|it| take(work.file, Err(it)));
            }
        }
    }
}
