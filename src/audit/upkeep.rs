//! What follows from what was written, and is not writing: nobody waits for it.
use std::{path::PathBuf, thread, time::Duration};

use super::{
    Rotation,
    head::Head,
    room::Growth,
    seal::{SealFile, SealKey},
    tidy::tidy,
    writer::Writer,
};

/// Run each second, by one thread at a time.
pub(super) struct Upkeep {
    log: PathBuf,
    seal: Option<SealFile>,
    kept: Option<Head>,
    tidying: Option<thread::JoinHandle<()>>,
    growth: Growth,
    /// When it was last said that the disk is nearly full; `None` while it is not.
    complained: Option<Duration>,
}

/// What the writer leaves to be done.
pub(super) struct Due {
    head: Option<Head>,
    key: Option<SealKey>,
    written: u64,
    /// Closed files wait to be tidied up by this.
    rotation: Option<Rotation>,
}

/// What came of it.
pub(super) struct Done {
    pub(super) tidied: bool,
    pub(super) nearly_full: bool,
}

/// This often it is said that the disk is nearly full.
const COMPLAINT: Duration = Duration::from_hours(1);

impl Writer {
    pub(super) fn due(&mut self) -> Due {
        Due {
            head: self.durable_head(),
            key: self.checkpoints.key().cloned(),
            written: self.written,
            rotation: std::mem::take(&mut self.untidy).then_some(self.rotation),
        }
    }
}

impl Upkeep {
    pub(super) fn new(log: PathBuf, seal: Option<SealFile>) -> Self {
        Self {
            log,
            seal,
            kept: None,
            tidying: None,
            growth: Growth::default(),
            complained: None,
        }
    }

    pub(super) fn run(&mut self, due: &Due, elapsed: Duration) -> Done {
        if let (Some(file), Some(key)) = (&mut self.seal, &due.key)
            && let Err(error) = file.keep(key)
        {
            log::error!(
                "critical: the key that seals the audit log could not be replaced: {error}"
            );
        }
        self.keep_head(due.head);
        let tidied = due.rotation.is_none_or(|rotation| self.tidy(rotation));
        self.growth.note(due.written, elapsed);
        Done {
            tidied,
            nearly_full: self.complains(elapsed),
        }
    }

    fn keep_head(&mut self, head: Option<Head>) {
        let Some(head) = head.filter(|head| self.kept != Some(*head)) else {
            return;
        };
        match head.keep(&self.log) {
            Ok(()) => self.kept = Some(head),
            Err(error) => log::debug!("the head of the audit log is not kept: {error}"),
        }
    }

    /// Compresses and removes closed files, unless that is being done; then not.
    fn tidy(&mut self, rotation: Rotation) -> bool {
        if self.tidying.as_ref().is_some_and(|it| !it.is_finished()) {
            return false;
        }
        let log = self.log.clone();
        let thread = thread::Builder::new().name("audit-tidy".to_owned());
        let tidying = thread.spawn(move || {
            if let Err(error) = tidy(&log, &rotation) {
                log::warn!("closed files of the audit log could not be tidied up: {error}");
            }
        });
        self.tidying = tidying.ok();
        true
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
