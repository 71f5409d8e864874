//! How much may wait for the readers of streams: of each stream, and of all of a key. The answer of a
//! call that still runs waits too.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What the answer of a call is taken for until it is there. An idle stream always has room for it.
pub(super) const CALL: usize = 64 << 10;
/// A stream takes no message while so much waits behind the event that is being sent.
const STREAM: usize = 2 << 20;
/// Nor does any of a key, while so much waits or is being sent on all of them.
const KEY: usize = 16 << 20;

/// A number of bytes that many add to.
type Sum = Arc<AtomicUsize>;

/// The room of one stream, and its share in that of its key.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    own: Sum,
    key: Sum,
}

/// Bytes that wait for a reader.
pub(super) struct Held {
    /// To be dropped when they begin to be sent.
    pub(super) own: Part,
    /// To be dropped when they are.
    pub(super) key: Part,
}

impl Room {
    /// The room of another stream of the same key.
    pub(super) fn beside(&self) -> Self {
        Self {
            own: Sum::default(),
            key: Arc::clone(&self.key),
        }
    }

    /// Room for so many bytes, or why there is none: the last that find room may be larger than it.
    pub(super) fn hold(&self, bytes: usize) -> Result<Held, &'static str> {
        let own = self.own.fetch_add(bytes, Ordering::Relaxed);
        let key = self.key.fetch_add(bytes, Ordering::Relaxed);
        let part = |sum| Part { sum, bytes };
        let held = Held {
            own: part(Arc::clone(&self.own)),
            key: part(Arc::clone(&self.key)),
        };
        let is_small = own + bytes <= CALL;
        if own >= STREAM {
            Err("too much waits for the reader of this stream")
        } else if key >= KEY && !is_small {
            Err("too much waits for the readers of this key's streams")
        } else {
            Ok(held)
        }
    }
}

impl Held {
    /// Says how many bytes there are, now that this is known. They have room, however many.
    pub(super) fn set(&mut self, bytes: usize) {
        self.own.set(bytes);
        self.key.set(bytes);
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
