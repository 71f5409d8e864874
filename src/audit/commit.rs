//! A thread that brings records to the disk, once for all who wait for it.
use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

/// How often that is done when nobody waits. With the time that it takes, it is within a second.
const INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Committer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    tickets: Vec<Ticket>,
    ended: bool,
}

/// Somebody who waits for the record with this number.
#[derive(Debug)]
struct Ticket {
    seq: u64,
    answer: oneshot::Sender<bool>,
}

impl Committer {
    /// `sync` brings all to the disk that was written before it is called; `is_safe` says of a
    /// record that was among that whether it is there.
    pub(super) fn start(
        sync: impl Fn() + Send + 'static,
        is_safe: impl Fn(u64) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let waiting = Arc::clone(&queue);
        let thread = thread::Builder::new().name("audit-commit".to_owned());
        let thread = thread.spawn(move || {
            while let Some(tickets) = waiting.next() {
                sync();
                for Ticket { seq, answer } in tickets {
                    // Who has left does not need to know.
                    let _ = answer.send(is_safe(seq));
                }
            }
        })?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Waits until the record with this number, which is written, is on the disk; false if it may
    /// not be.
    pub(super) async fn commit(&self, seq: u64) -> bool {
        let (answer, answered) = oneshot::channel();
        self.queue.waiting().tickets.push(Ticket { seq, answer });
        self.queue.more.notify_one();
        answered.await.unwrap_or(false)
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.queue.waiting().ended = true;
        self.queue.more.notify_one();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Queue {
    /// Those who wait, or nobody after a while; `None` at the end.
    fn next(&self) -> Option<Vec<Ticket>> {
        let nobody = |waiting: &mut Waiting| waiting.tickets.is_empty() && !waiting.ended;
        let waited = self
            .more
            .wait_timeout_while(self.waiting(), INTERVAL, nobody);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let tickets = std::mem::take(&mut waiting.tickets);
        (!tickets.is_empty() || !waiting.ended).then_some(tickets)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::{sync::mpsc, time::Instant};

    use super::*;

    #[test]
    fn where_nobody_waits_the_disk_is_asked_now_and_then() {
        let (asked, times) = mpsc::channel();
        let began = Instant::now();
        let sync = move || asked.send(Instant::now()).unwrap_or_default();
        let _committer = Committer::start(sync, |_| true).unwrap();
        assert!(times.recv().unwrap() - began >= INTERVAL);
    }

    /// Else the file would stay open and locked.
    #[test]
    fn what_is_dropped_holds_nothing_any_more() {
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let sync = move || drop(Arc::clone(&holds));
        drop(Committer::start(sync, |_| true).unwrap());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
