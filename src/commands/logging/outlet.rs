//! Lines that a thread of its own writes: a reader who pauses holds nobody up.
use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// So many bytes may wait; what comes beyond them is counted.
const MOST: usize = 1 << 20;
/// How long the end of the process waits for lines that are not out yet.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Outlet {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    lost: usize,
    /// Something of before is not out yet.
    is_writing: bool,
}

impl Outlet {
    pub(super) fn to_stderr() -> io::Result<Arc<Self>> {
        Self::new(|text, lost| {
            // Nobody is left to tell if standard error is closed.
            let _ = io::stderr().write_all(text);
            if lost > 0 {
                log::warn!(
                    target: super::ALWAYS,
                    "{lost} lines of this log are lost: nobody read standard error"
                );
            }
        })
    }

    /// `write` is given what waited, and how many lines after it there was no room for.
    fn new(mut write: impl FnMut(&[u8], usize) + Send + 'static) -> io::Result<Arc<Self>> {
        let outlet = Arc::new(Self::default());
        let own = Arc::clone(&outlet);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || {
            loop {
                let (text, lost) = own.next();
                write(&text, lost);
            }
        })?;
        Ok(outlet)
    }

    fn next(&self) -> (Vec<u8>, usize) {
        let mut waiting = self.lock();
        waiting.is_writing = false;
        self.changed.notify_all();
        let there_is_none = |it: &mut Waiting| it.text.is_empty();
        let waiting = self.changed.wait_while(waiting, there_is_none);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.is_writing = true;
        (mem::take(&mut waiting.text), mem::take(&mut waiting.lost))
    }

    fn tell(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > MOST {
            waiting.lost += 1;
            return;
        }
        waiting.text.extend_from_slice(line);
        self.changed.notify_all();
    }

    /// Waits until all is out, but not for long.
    pub(super) fn drain(&self) {
        let is_more = |it: &mut Waiting| it.is_writing || !it.text.is_empty();
        let _ = self
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, is_more);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way into an outlet, a line at a time.
pub(super) struct Inlet(pub(super) Arc<Outlet>);

impl Write for Inlet {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.tell(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_nobody_reads_holds_nobody_up_and_is_counted_beyond_a_bound() {
        let (wrote, written) = channel();
        let (reads, reader) = channel::<()>();
        let outlet = Outlet::new(move |text, lost| {
            wrote.send((text.len(), lost)).unwrap();
            let _ = reader.recv();
        });
        let outlet = outlet.unwrap();
        outlet.tell(b"first\n");
        assert_eq!(written.recv(), Ok((6, 0)));
        let kilobyte = format!("{}\n", "x".repeat(1023));
        (0..1030).for_each(|_| outlet.tell(kilobyte.as_bytes()));
        reads.send(()).unwrap();
        assert_eq!(written.recv(), Ok((MOST, 6)));
        outlet.tell(b"last\n");
        drop(reads);
        assert_eq!(written.recv(), Ok((5, 0)));
        outlet.drain();
        assert!(outlet.lock().text.is_empty());
    }
}
