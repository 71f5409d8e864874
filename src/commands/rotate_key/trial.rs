//! Whether the new key works. The running server is asked seldom: each wrong key is a failure in
//! its log, and a few of them close the door to this address for a while.
use std::{
    thread,
    time::{Duration, Instant},
};

use super::seen::Seen;
use crate::{
    commands::{
        Failure,
        running::{Answer, Running},
    },
    keys::{ApiKey, KeyEntry},
};

/// When a key was put where the server reads it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written {
    /// Just then, by us.
    At(Instant),
    /// By another command, before we looked at that moment.
    Before(Instant),
}

impl Written {
    /// When to ask: at once if the server may know it already, and when it must have read the file.
    /// It looks every two seconds, and believes what it sees twice.
    fn due(self) -> (Instant, [Duration; 2]) {
        match self {
            Self::At(then) => (then, [READ, READ * 2]),
            Self::Before(then) => (then, [Duration::ZERO, READ]),
        }
    }
}

const READ: Duration = Duration::from_millis(2_800);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the key is known to work, and the sentence that says so.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) accepted: bool,
    pub(super) told: String,
}

/// Shows the server a key that was `written`. `between` is called while there is
/// nothing to do but wait, and may end it all.
pub(super) fn show(
    server: &Running,
    key: &ApiKey,
    written: Written,
    mut between: impl FnMut() -> Result<(), Failure>,
) -> Result<Verdict, Failure> {
    let (then, due) = written.due();
    let mut verdict = None;
    for due in due {
        if verdict.is_some() && then.elapsed() > due {
            break;
        }
        while then.elapsed() < due {
            between()?;
            thread::sleep(PAUSE);
        }
        let asked = ask(server, key);
        if asked.accepted {
            return Ok(asked);
        }
        verdict = Some(asked);
    }
    Ok(verdict.expect("it is asked at least once"))
}

fn ask(server: &Running, key: &ApiKey) -> Verdict {
    let address = server.address();
    let (accepted, told) = match server.ask(key) {
        Answer::Accepted if server.is_open() => (
            false,
            format!("{address} lets in whoever comes, so it tells nothing of the new key"),
        ),
        Answer::Accepted => (true, format!("{address} takes the new key")),
        Answer::Refused => (
            false,
            format!("{address} refuses the new key; restart it if `KEY_RELOAD` is off"),
        ),
        Answer::Unreachable(reason) => (false, reason),
    };
    Verdict { accepted, told }
}

/// Whether somebody used a key of which only the digest is known here.
pub(super) fn used(seen: &Seen<'_>, key: &KeyEntry) -> Verdict {
    let hint = seen.hint(key);
    let accepted = seen.last(key).is_some();
    let told = if accepted {
        format!("{hint} was {}", seen.last_use(key))
    } else {
        format!(
            "only the digest of {hint} is known here, so it cannot be tested, and the audit log has no use of it"
        )
    };
    Verdict { accepted, told }
}
