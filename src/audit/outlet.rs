//! Lines for somewhere else, written by a thread of its own: what does not take them holds nothing up.
use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, channel, sync_channel},
    thread,
    time::Duration,
};

/// So many lines may wait.
const MOST: usize = 256;
/// How long the end of the process waits for lines that are not out yet.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Outlet {
    lines: Option<SyncSender<Box<[u8]>>>,
    /// Hangs up when the last line is out.
    ended: Receiver<()>,
}

impl Outlet {
    pub(super) fn to_stdout() -> io::Result<Self> {
        Self::new("standard output".to_owned(), |line| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line)?;
            stdout.flush()
        })
    }

    /// Opened anew for each line, so that somebody may rotate it.
    pub(super) fn to_file(path: PathBuf) -> io::Result<Self> {
        Self::new(format!("`{}`", path.display()), move |line| {
            let file = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path);
            file?.write_all(line)
        })
    }

    fn new(
        place: String,
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (lines, waiting) = sync_channel::<Box<[u8]>>(MOST);
        let (running, ended) = channel();
        let thread = thread::Builder::new().name("audit-outlet".to_owned());
        thread.spawn(move || {
            let _running = running;
            let mut failed = false;
            for mut line in waiting {
                if failed {
                    // Half of the one before may be there.
                    line = [b"\n", &line[..]].concat().into();
                }
                let written = write(&line);
                match &written {
                    Err(error) if !failed => {
                        log::error!(
                            "critical: checkpoints of the audit log do not reach {place}: {error}"
                        );
                    }
                    Ok(()) if failed => {
                        log::warn!("checkpoints of the audit log reach {place} again");
                    }
                    _ => {}
                }
                failed = written.is_err();
            }
        })?;
        Ok(Self {
            lines: Some(lines),
            ended,
        })
    }

    /// Hands a line on, or drops it where too many wait: the log holds it.
    pub(super) fn tell(&self, line: &[u8]) {
        if let Some(lines) = &self.lines {
            let _ = lines.try_send(line.into());
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.lines = None;
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}
