//! What the person types, and the signals by which they or their terminal end it.
use std::{io, os::unix::net::UnixStream};

use console::Key;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    stdio::stdin,
    termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};

/// Standard input, if it is a terminal. Once it is open, the signals that would end the process
/// are heard here instead and end what is asked.
pub(super) struct Input {
    /// Has bytes to read from the first signal on, for good.
    signals: UnixStream,
    /// What was read beyond the line that was asked for.
    rest: Vec<u8>,
}

/// Nobody answers any more.
#[derive(Debug)]
pub(super) struct NoMore;

/// No line is longer; nor does the terminal's own editor take a longer one.
const LONGEST: usize = 4096;

impl Input {
    /// `None` where standard input is no terminal.
    pub(super) fn open() -> io::Result<Option<Self>> {
        if !isatty(stdin()) {
            return Ok(None);
        }
        let (signals, writer) = UnixStream::pair()?;
        for signal in [SIGINT, SIGHUP, SIGTERM] {
            pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Some(Self {
            signals,
            rest: Vec::new(),
        }))
    }

    /// Whether a signal came since it was opened.
    pub(super) fn is_interrupted(&self) -> bool {
        let mut signals = [PollFd::new(&self.signals, PollFlags::IN)];
        poll(&mut signals, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Waits for something to read. What ends it all comes before what was typed.
    fn wait(&self) -> Result<(), NoMore> {
        let stdin = stdin();
        loop {
            let mut ready = [
                PollFd::new(&self.signals, PollFlags::IN),
                PollFd::new(&stdin, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Ok(_) if ready[0].revents().is_empty() => return Ok(()),
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return Err(NoMore),
            }
        }
    }

    /// Reads a line. The terminal stays as it is, so that its own keys for editing work, and so
    /// that whatever ends this process leaves it usable.
    pub(super) fn line(&mut self) -> Result<String, NoMore> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.rest.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.wait()?;
            let mut piece = [0; LONGEST];
            match rustix::io::read(stdin(), &mut piece) {
                // Ctrl-D on an empty line, or nobody holds the other end.
                Ok(0) => return Err(NoMore),
                Ok(length) if self.rest.len() < LONGEST => {
                    self.rest.extend_from_slice(&piece[..length]);
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return Err(NoMore),
            }
        }
    }

    /// Lets keys come one by one, unseen, until what is given back is dropped.
    pub(super) fn keys(&self) -> Result<Keys<'_>, NoMore> {
        let found = tcgetattr(stdin()).map_err(|_| NoMore)?;
        let mut keys = found.clone();
        keys.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Drain, &keys).map_err(|_| NoMore)?;
        Ok(Keys { input: self, found })
    }
}

/// A terminal whose keys are read one by one; Ctrl-C is a signal still.
pub(super) struct Keys<'a> {
    input: &'a Input,
    found: Termios,
}

impl Keys<'_> {
    pub(super) fn next(&mut self, terminal: &console::Term) -> Result<Key, NoMore> {
        self.input.wait()?;
        match terminal.read_key_raw() {
            Ok(Key::CtrlC | Key::Char(CTRL_D | EARLIER_CTRL_D)) | Err(_) => Err(NoMore),
            Ok(key) => Ok(key),
        }
    }
}

const CTRL_D: char = '\u{4}';
/// What is left of one that was typed while lines were read.
const EARLIER_CTRL_D: char = '\0';

impl Drop for Keys<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &self.found);
    }
}
