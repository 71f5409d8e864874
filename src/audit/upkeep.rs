//! What follows from what was written, and is not writing: nobody waits for it.
use std::{path::PathBuf, thread, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    Rotation,
    head::Head,
    names,
    room::Growth,
    seal::{SealFile, SealKey},
    tidy::tidy,
    writer::Writer,
};

/// Run each second, by one thread at a time.
pub(super) struct Upkeep {
    log: PathBuf,
    seal: Option<SealFile>,
    /// What stands beside the log.
    kept: Option<Head>,
    /// What should stand there could not be replaced the last time.
    fails_to_keep: bool,
    /// It says after what time it is to be done again, if at all.
    tidying: Option<thread::JoinHandle<Option<Duration>>>,
    /// When what could not be done is tried again.
    tidy_again: Option<Duration>,
    growth: Growth,
    /// When it was last said that the disk is nearly full; `None` while it is not.
    complained: Option<Duration>,
}

/// What the writer leaves to be done.
pub(super) struct Due {
    head: Option<Head>,
    key: Option<SealKey>,
    written: u64,
    rotation: Rotation,
    /// No file of this chain was closed after this.
    newest: DateTime<Utc>,
    /// Closed files wait to be tidied up.
    untidy: bool,
}

/// After this time, closed files that could not be tidied up are tried again.
const TIDY_AGAIN: Duration = Duration::from_mins(10);
/// After this time, those that were left until the head moves on.
const HEAD_AGAIN: Duration = Duration::from_secs(1);
/// This often it is said that the disk is nearly full.
const COMPLAINT: Duration = Duration::from_hours(1);

impl Writer {
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Due {
        let head = self.durable_head();
        let durable = head.map_or(0, |head| head.previous.seq);
        Due {
            head,
            key: self.checkpoints.key(durable).cloned(),
            written: self.written,
            rotation: self.rotation,
            newest: now.max(self.newest),
            untidy: std::mem::take(&mut self.untidy),
        }
    }
}

impl Upkeep {
    pub(super) fn new(log: PathBuf, seal: Option<SealFile>) -> Self {
        Self {
            // Whoever opened the log has told what cannot be read.
            kept: Head::kept(&log).ok().flatten(),
            log,
            seal,
            fails_to_keep: false,
            tidying: None,
            tidy_again: None,
            growth: Growth::default(),
            complained: None,
        }
    }

    /// Whether the disk is nearly full is what comes of it.
    pub(super) fn run(&mut self, due: &Due, elapsed: Duration) -> bool {
        if let (Some(file), Some(key)) = (&mut self.seal, &due.key)
            && let Err(error) = file.keep(key)
        {
            log::error!(
                "critical: the key that seals the audit log could not be replaced: {error}"
            );
        }
        self.keep_head(due.head);
        if due.untidy {
            self.tidy_again = Some(elapsed);
        }
        self.tidy(due, elapsed);
        self.growth.note(due.written, elapsed);
        self.complains(elapsed)
    }

    fn keep_head(&mut self, head: Option<Head>) {
        let Some(head) = head.filter(|head| self.kept != Some(*head)) else {
            return;
        };
        let failed_before = self.fails_to_keep;
        let kept = head.keep(&self.log);
        self.fails_to_keep = kept.is_err();
        match kept {
            Ok(()) => {
                self.kept = Some(head);
                if failed_before {
                    log::warn!("the newest record is remembered beside the audit log again");
                }
            }
            Err(error) if !failed_before => {
                let path = names::hidden(&self.log, "head");
                log::error!(
                    "critical: the newest record cannot be remembered beside the audit log ({}: {error}): a log that is cut from now on is not found by it",
                    path.display()
                );
            }
            Err(_) => {}
        }
    }

    /// Compresses and removes closed files where it is time, one thread after the other.
    fn tidy(&mut self, due: &Due, elapsed: Duration) {
        if let Some(done) = self.tidying.take_if(|it| it.is_finished())
            && let Some(wait) = done.join().unwrap_or(Some(TIDY_AGAIN))
        {
            self.tidy_again = self.tidy_again.or(Some(elapsed + wait));
        }
        if self.tidying.is_some() || self.tidy_again.is_none_or(|time| elapsed < time) {
            return;
        }
        let (log, rotation, newest) = (self.log.clone(), due.rotation, due.newest);
        let head = due.head.or(self.kept).map(|head| head.previous.seq);
        let thread = thread::Builder::new().name("audit-tidy".to_owned());
        let tidying = thread.spawn(move || match tidy(&log, &rotation, head, newest) {
            Ok(is_done) => (!is_done).then_some(HEAD_AGAIN),
            Err(error) => {
                log::warn!("closed files of the audit log could not be tidied up: {error}");
                Some(TIDY_AGAIN)
            }
        });
        self.tidy_again = tidying.is_err().then_some(elapsed + TIDY_AGAIN);
        self.tidying = tidying.ok();
    }

    /// Whether the disk is nearly full. Says so, and again each hour.
    fn complains(&mut self, elapsed: Duration) -> bool {
        let Some(complaint) = self.growth.complaint(&self.log, elapsed) else {
            self.complained = None;
            return false;
        };
        if self
            .complained
            .is_none_or(|last| elapsed >= last + COMPLAINT)
        {
            log::warn!("the disk of the audit log is {complaint}");
            self.complained = Some(elapsed);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::fs;

    use super::*;
    use crate::audit::Previous;

    const NOW: Duration = Duration::from_hours(1);

    fn due(head: Option<u64>) -> Due {
        let time = DateTime::UNIX_EPOCH;
        let hash = [0; 32];
        Due {
            head: head.map(|seq| Head {
                time,
                previous: Previous { seq, hash },
            }),
            key: None,
            written: 0,
            rotation: Rotation {
                keep: 1,
                ..Rotation::default()
            },
            newest: time,
            untidy: false,
        }
    }

    /// Waits until the thread has ended.
    fn tidied(upkeep: &Upkeep) {
        while !upkeep.tidying.as_ref().unwrap().is_finished() {
            thread::yield_now();
        }
    }

    #[test]
    fn what_could_not_be_tidied_up_is_tried_again_when_its_time_has_come_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut upkeep = Upkeep::new(folder.path().join("audit.log"), None);
        upkeep.tidying = Some(thread::spawn(|| Some(TIDY_AGAIN)));
        tidied(&upkeep);
        let again = NOW + TIDY_AGAIN;
        let before = again.checked_sub(Duration::from_millis(1)).unwrap();
        for (at, is_tried) in [(NOW, false), (before, false), (again, true)] {
            upkeep.tidy(&due(None), at);
            assert_eq!(upkeep.tidying.is_some(), is_tried, "{at:?}");
        }
    }

    #[test]
    fn files_that_wait_for_the_head_to_move_on_are_looked_at_again_a_second_later() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.log");
        for first_seq in [1, 11] {
            let time = DateTime::UNIX_EPOCH;
            fs::write(names::closed(&log, time, first_seq), "").unwrap();
        }
        let mut upkeep = Upkeep::new(log, None);
        upkeep.kept = due(Some(5)).head;
        let again = Some(NOW + HEAD_AGAIN);
        for (head, again) in [(None, again), (Some(5), again), (Some(11), None)] {
            upkeep.tidy_again = Some(NOW);
            upkeep.tidy(&due(head), NOW);
            tidied(&upkeep);
            upkeep.tidy(&due(head), NOW);
            assert_eq!(upkeep.tidy_again, again);
        }
    }
}
