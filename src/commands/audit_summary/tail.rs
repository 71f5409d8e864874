//! `aegis audit-summary tail`: the newest records, for people.
mod line;

use std::{
    io::{self, Write},
    path::Path,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use serde_json::{Map, Value};

use super::{super::Failure, logs, shown};
use crate::{
    audit::{AuditEvent, reader::Follow},
    cli::Tail,
    keys::may_be_in,
};

/// How long after it was written a record is seen, at most.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// What a hint looks like.
const HINT: &str = "a1b2c3d4...e1f2";

pub(super) fn run(asked: &Tail) -> Result<(), Failure> {
    let hints = asked
        .key
        .as_deref()
        .map(|name| hints(name, asked.env_file.as_deref()))
        .transpose()?;
    if let Some(event) = asked
        .event
        .iter()
        .find(|it| !AuditEvent::NAMES.contains(&it.as_str()))
    {
        let told = format!(
            "no record is called `{}`; there are {}",
            shown::typed(event),
            AuditEvent::NAMES.join(", ")
        );
        return Err(Failure::Usage(told));
    }
    let log = match &asked.log {
        Some(log) => log.clone(),
        None => logs::live(asked.env_file.as_deref())?.path,
    };
    let failed = |error: io::Error| {
        let told = format!("{} cannot be read: {error}", shown::path(&log));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::Usage(told),
            _ => Failure::Other(told),
        }
    };
    let mut follow = Follow::begin(&log).map_err(failed)?;
    if asked.follow && follow.is_closed().map_err(failed)? {
        let log = shown::path(&log);
        let told = format!("{log} is compressed, so nothing is added to it: leave out `-f`");
        return Err(Failure::Usage(told));
    }
    let wanted = |line: &[u8]| is_wanted(asked, hints.as_deref(), line);
    let last = follow.last(asked.lines, &wanted).map_err(failed)?;
    let mut printer = Printer {
        json: asked.json,
        failed: None,
    };
    for line in &last.lines {
        printer.print(line);
    }
    let is_none = last.lines.is_empty() && asked.lines > 0 && !asked.follow;
    if let Some(name) = asked.key.as_ref().filter(|_| is_none) {
        let name = shown::shown(name);
        let _ = writeln!(
            io::stderr(),
            "note: no such record is of a key whose label is `{name}`, or whose hint begins so"
        );
    }
    for file in &last.cut {
        // The records are shown, whether or not somebody reads this.
        let file = shown::path(file);
        let _ = writeln!(
            io::stderr(),
            "warning: {file} ends too early: what stood there is not shown"
        );
    }
    while asked.follow && printer.is_heard() {
        let mut print = |line: &[u8]| {
            if wanted(line) {
                printer.print(line);
            }
        };
        follow.news(&mut print).map_err(failed)?;
    }
    printer.end()
}

/// The hints that a person means by `name`, or how they begin: those of the keys with this label, else
/// itself.
fn hints(name: &str, env_file: Option<&Path>) -> Result<Vec<String>, Failure> {
    let labelled = logs::hints_of(name, env_file);
    if !labelled.is_empty() {
        return Ok(labelled);
    }
    // Here and not by clap, which would repeat it.
    if may_be_in(name) {
        let told = format!(
            "`--key` takes the hint of a key (`{HINT}`), how that begins, or the label that it has; not the key"
        );
        return Err(Failure::Usage(told));
    }
    Ok(vec![name.to_owned()])
}

/// What is no record is shown where all is shown, and to a person.
fn is_wanted(asked: &Tail, hints: Option<&[String]>, line: &[u8]) -> bool {
    if hints.is_none() && asked.event.is_empty() && !asked.json {
        return !line.is_empty();
    }
    let Ok(record) = serde_json::from_slice::<Map<String, Value>>(line) else {
        return false;
    };
    let text = |name| record.get(name).and_then(Value::as_str);
    let is_key = |hints: &[String]| {
        text("key_hint").is_some_and(|it| hints.iter().any(|hint| it.starts_with(hint)))
    };
    let is_event = asked.event.is_empty()
        || text("event").is_some_and(|it| asked.event.iter().any(|event| event == it));
    is_event && hints.is_none_or(is_key)
}

/// Prints until nobody reads any more.
struct Printer {
    json: bool,
    failed: Option<io::Error>,
}

impl Printer {
    fn print(&mut self, line: &[u8]) {
        if self.failed.is_none() {
            let text = if self.json {
                line::json(line)
            } else {
                line::person(line)
            };
            self.failed = writeln!(io::stdout(), "{text}").err();
        }
    }

    /// Waits a while, and less where the other end of a pipe is gone: that would else be noticed
    /// with the next record only.
    fn is_heard(&self) -> bool {
        let out = io::stdout();
        let mut end = [PollFd::new(&out, PollFlags::empty())];
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        match poll(&mut end, Some(&PAUSE)) {
            Ok(_) | Err(Errno::INTR) => self.failed.is_none() && !end[0].revents().intersects(gone),
            Err(_) => false,
        }
    }

    fn end(self) -> Result<(), Failure> {
        match self.failed {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Other(
                format!("records cannot be written: {error}"),
            )),
            _ => Ok(()),
        }
    }
}
