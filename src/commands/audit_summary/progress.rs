//! How far reading is, on a terminal, where it takes longer than a person likes to wait.
use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use console::Term;

/// Nothing is shown of what takes no longer.
const PATIENCE: Duration = Duration::from_secs(1);
const REFRESH: Duration = Duration::from_millis(100);
/// So wide is the bar.
const WIDTH: u64 = 40;

/// Does `work`, which counts the bytes of `length` that it has read, and shows how far it is.
pub(super) fn shown<T: Send>(length: u64, work: impl FnOnce(&AtomicU64) -> T + Send) -> T {
    let read = AtomicU64::new(0);
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return work(&read);
    }
    thread::scope(|scope| {
        let (done, ended) = mpsc::channel::<()>();
        scope.spawn(|| {
            let mut wait = PATIENCE;
            let mut is_shown = false;
            let ended = ended;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                if is_shown {
                    let _ = terminal.clear_line();
                }
                let _ = terminal.write_str(&line(read.load(Ordering::Relaxed), length));
                is_shown = true;
                wait = REFRESH;
            }
            if is_shown {
                let _ = terminal.clear_line();
            }
        });
        let worked = work(&read);
        drop(done);
        worked
    })
}

fn line(read: u64, length: u64) -> String {
    let megabytes = read >> 20;
    if length == 0 {
        return format!("reading the log: {megabytes} MiB");
    }
    let done = u128::from(read.min(length));
    let of =
        |whole: u64| u64::try_from(done * u128::from(whole) / u128::from(length)).unwrap_or(whole);
    let bar: String = (0..WIDTH)
        .map(|at| if at < of(WIDTH) { '█' } else { '░' })
        .collect();
    format!(
        "reading the log {bar} {:>3}% of {} MiB",
        of(100),
        length >> 20
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_what_was_read() {
        let bar = line(512 << 20, 1 << 30);
        assert_eq!(bar.matches('█').count(), 20);
        assert!(bar.ends_with("  50% of 1024 MiB"), "{bar}");
        assert!(line(3 << 30, 1 << 30).contains("100%"));
        assert_eq!(line(3 << 20, 0), "reading the log: 3 MiB");
    }
}
