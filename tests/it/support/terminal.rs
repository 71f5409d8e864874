//! A terminal of 80 columns and 24 rows, and a command that runs on it as if a person sat there.
use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

/// How long a test waits for words before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Terminal {
    /// The side of the person; gone when the terminal is closed.
    person: Option<File>,
    /// The side of the command, held so that what is left on the terminal can be looked at.
    side: OwnedFd,
    child: Child,
    screen: vt100::Parser,
    /// All that was written since the last words that were waited for.
    fresh: String,
    raw: String,
}

/// How a command ended.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    /// What is on the screen, without space at the ends of lines and at the end.
    pub(crate) screen: String,
    /// Whether the terminal echoes, edits lines and shows its cursor.
    pub(crate) is_usable: bool,
}

/// What a look at the terminal gave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Came {
    More,
    Nothing,
    End,
}

impl Terminal {
    /// Runs `command` on a new terminal, in a session of its own.
    pub(crate) fn run(command: &Command) -> Self {
        let person =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let side = rustix::fs::open(&name, flags, Mode::empty()).unwrap();
        let shape = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&person, shape).unwrap();

        let mut leader = Command::new("setsid");
        leader.arg("--ctty").arg(command.get_program());
        leader.args(command.get_args()).env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                leader.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            leader.current_dir(folder);
        }
        let terminal = command.get_envs().find(|(name, _)| *name == "TERM");
        let terminal = terminal.and_then(|(_, value)| value);
        leader.env("TERM", terminal.unwrap_or("xterm-256color".as_ref()));
        leader.stdin(side.try_clone().unwrap());
        leader.stdout(side.try_clone().unwrap());
        leader.stderr(side.try_clone().unwrap());
        let child = leader.spawn().unwrap();
        Self {
            person: Some(File::from(person)),
            side,
            child,
            screen: vt100::Parser::new(24, 80, 0),
            fresh: String::new(),
            raw: String::new(),
        }
    }

    /// Waits until these words were written since the last that were waited for.
    pub(crate) fn wait_for(&mut self, words: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.fresh.find(words) {
                self.fresh.drain(..at + words.len());
                return self;
            }
            let came = self.read(Duration::from_secs(1));
            assert!(
                came != Came::End && Instant::now() < deadline || self.fresh.contains(words),
                "nobody wrote `{words}` but\n{}",
                self.screen.screen().contents()
            );
        }
    }

    /// Waits until the command has this file open.
    pub(crate) fn wait_until_open(&mut self, path: &Path) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        let path = path.canonicalize().unwrap();
        let open = PathBuf::from(format!("/proc/{}/fd", self.child.id()));
        let is_open = || {
            let mut files = open.read_dir().unwrap().flatten();
            files.any(|file| file.path().read_link().is_ok_and(|file| file == path))
        };
        while !is_open() {
            assert!(Instant::now() < deadline, "{} is not open", path.display());
            self.read(Duration::from_millis(5));
        }
        self
    }

    /// Types this.
    pub(crate) fn send(&mut self, typed: &str) -> &mut Self {
        self.person
            .as_mut()
            .unwrap()
            .write_all(typed.as_bytes())
            .unwrap();
        self
    }

    /// All that was written, as it was written.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> String {
        let contents = self.screen.screen().contents();
        let lines: Vec<_> = contents.lines().map(str::trim_end).collect();
        format!("{}\n", lines.join("\n").trim_end())
    }

    /// Closes the terminal, as by a connection that is lost, and waits for the end of the command.
    pub(crate) fn close(mut self) -> Option<i32> {
        self.person = None;
        self.wait().code
    }

    /// Waits for the end of the command.
    pub(crate) fn end(mut self) -> Left {
        self.wait()
    }

    fn wait(&mut self) -> Left {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end\n{}",
                self.screen()
            );
            if self.person.is_some() {
                self.read(Duration::from_millis(20));
            } else {
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        while self.person.is_some() && self.read(Duration::ZERO) == Came::More {}
        let modes = tcgetattr(&self.side).map(|found| found.local_modes);
        let wanted = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        Left {
            code: status.code().or(status.signal().map(|signal| 128 + signal)),
            screen: self.screen(),
            is_usable: modes.is_ok_and(|modes| modes.contains(wanted))
                && !self.screen.screen().hide_cursor(),
        }
    }

    /// Reads what was written, if something comes in this time.
    fn read(&mut self, patience: Duration) -> Came {
        let person = self.person.as_mut().unwrap();
        let patience = Timespec::try_from(patience).unwrap();
        let mut ready = [PollFd::new(person, PollFlags::IN)];
        if poll(&mut ready, Some(&patience)).unwrap() == 0 {
            return Came::Nothing;
        }
        let mut piece = [0; 4096];
        match person.read(&mut piece) {
            Ok(length) if length > 0 => {
                self.screen.process(&piece[..length]);
                let text = String::from_utf8_lossy(&piece[..length]);
                self.fresh.push_str(&text);
                self.raw.push_str(&text);
                Came::More
            }
            _ => Came::End,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
