//! How much may wait for the readers of streams: of each stream, and of all together. The answer of a
//! call that still runs waits too.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What the answer of a call is taken for until it is there. An idle stream always has room for it.
pub(super) const CALL: usize = 64 << 10;
/// A stream takes no message while so much waits behind the event that is being sent.
const STREAM: usize = 2 << 20;
/// Nor does any while so much waits or is being sent on all.
const ALL: usize = 32 << 20;

/// A number of bytes that many add to.
pub(super) type Sum = Arc<AtomicUsize>;

/// The room of one stream, and its share in that of all.
#[derive(Clone, Debug)]
pub(super) struct Room {
    own: Sum,
    all: Sum,
}

/// Bytes that wait for a reader.
pub(super) struct Held {
    /// To be dropped when they begin to be sent.
    pub(super) own: Part,
    /// To be dropped when they are.
    pub(super) all: Part,
}

impl Room {
    pub(super) fn new(all: Sum) -> Self {
        let own = Sum::default();
        Self { own, all }
    }

    /// Room for so many bytes, if there is some left: the last that find room may be larger than it.
    pub(super) fn hold(&self, bytes: usize) -> Option<Held> {
        let own = self.own.fetch_add(bytes, Ordering::Relaxed);
        let all = self.all.fetch_add(bytes, Ordering::Relaxed);
        let part = |sum| Part { sum, bytes };
        let held = Held {
            own: part(Arc::clone(&self.own)),
            all: part(Arc::clone(&self.all)),
        };
        let is_small = own + bytes <= CALL;
        (own < STREAM && (all < ALL || is_small)).then_some(held)
    }
}

impl Held {
    /// Says how many bytes there are, now that this is known. They have room, however many.
    pub(super) fn set(&mut self, bytes: usize) {
        self.own.set(bytes);
        self.all.set(bytes);
    }
}

/// A part of a sum, until dropped.
pub(super) struct Part {
    sum: Sum,
    bytes: usize,
}

impl Part {
    fn set(&mut self, bytes: usize) {
        self.sum.fetch_add(bytes, Ordering::Relaxed);
        self.sum.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.sum.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
