//! Whose turn it is on a connection, and how long a client may take over a head that it has begun. The
//! HTTP layer has a deadline for the first head only.
use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use memchr::memchr;
use tokio::time::{Instant, Sleep, sleep_until};

use super::KEEP_ALIVE;

/// Whose turn it is. Copies share it.
#[derive(Clone, Debug)]
pub(super) struct Turn(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Cell<State>,
    /// How long a head may take.
    length: Duration,
    /// How many bytes have come since the last empty line, without line ends behind them: after all of
    /// a request, no more than its body has.
    rest: Cell<u64>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The first head is awaited, or a request is being answered.
    Ours,
    /// The client may send a further request.
    Theirs,
    /// It began to at that time, and has so long.
    Begun(Instant, Duration),
}

impl Turn {
    /// A head has come.
    pub(super) fn take(&self) {
        self.0.state.set(State::Ours);
    }

    /// Its request is answered. If more has come than its body of that length, the next is begun.
    pub(super) fn pass(&self, body: u64) {
        if self.0.rest.get() > body {
            self.begin(self.0.length);
        } else {
            self.0.state.set(State::Theirs);
        }
    }

    /// What the client has begun counts from now.
    fn begin(&self, length: Duration) {
        self.0.state.set(State::Begun(Instant::now(), length));
    }
}

/// The patience with the client of a connection.
pub(super) struct Patience {
    turn: Turn,
    /// How many bytes have come since the last empty line.
    count: u64,
    /// Whether the line that comes has nothing in it yet.
    is_empty_line: bool,
    /// One for all heads. Most come at once: it rings for none of them, and is then set anew.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(length: Duration) -> Self {
        Self {
            turn: Turn(Rc::new(Shared {
                state: Cell::new(State::Ours),
                length,
                rest: Cell::new(0),
            })),
            count: 0,
            is_empty_line: false,
            alarm: None,
        }
    }

    pub(super) fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Bytes have come.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        let Shared {
            state,
            length,
            rest,
        } = &*self.turn.0;
        let (mut is_text, mut bytes) = (false, bytes);
        while !bytes.is_empty() {
            let newline = memchr(b'\n', bytes);
            let (line, behind) = bytes.split_at(newline.map_or(bytes.len(), |at| at + 1));
            if let Some(last) = line.iter().rposition(|byte| !b"\r\n".contains(byte)) {
                is_text = true;
                self.is_empty_line = false;
                rest.set(self.count + last as u64 + 1);
            }
            self.count += line.len() as u64;
            if newline.is_some() {
                if self.is_empty_line {
                    self.count = 0;
                    rest.set(0);
                }
                self.is_empty_line = true;
            }
            bytes = behind;
        }
        // Line ends before a request are nothing (RFC 9112, 2.2), but the HTTP layer's clock stops.
        match state.get() {
            State::Theirs if !is_text => self.turn.begin(KEEP_ALIVE),
            State::Theirs | State::Begun(_, KEEP_ALIVE) if is_text => self.turn.begin(*length),
            _ => {}
        }
    }

    /// Ready when a head was begun and has not come. While `is_writing`, the client is not done with
    /// the answer before.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>, is_writing: bool) -> Poll<()> {
        loop {
            let State::Begun(begun, length) = self.turn.0.state.get() else {
                return Poll::Pending;
            };
            let end = begun + length;
            let new = || Box::pin(sleep_until(end));
            let alarm = self.alarm.get_or_insert_with(new);
            if alarm.deadline() > end {
                alarm.as_mut().reset(end);
            }
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() < end {
                alarm.as_mut().reset(end);
            } else if is_writing {
                self.turn.begin(length);
            } else {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_behind_a_request_begins_the_next_however_it_is_cut() {
        for (asked, body, is_begun) in [
            ("GET / HTTP/1.1\r\n\r\n", 0, false),
            ("GET / HTTP/1.1\n\n\r\n", 0, false),
            ("GET / HTTP/1.1\r\n\r\nG", 0, true),
            ("POST / HTTP/1.1\r\n\r\n{}", 2, false),
            ("POST / HTTP/1.1\r\n\r\n{}\r\n", 2, false),
            ("POST / HTTP/1.1\r\n\r\n{\n\n}\n", 5, false),
            ("POST / HTTP/1.1\r\n\r\n{}G", 2, true),
            ("POST / HTTP/1.1\r\n\r\n{}\r\nGET / HTTP/1.1\r\n", 2, true),
            ("POST / HTTP/1.1\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 0, false),
            ("POST / HTTP/1.1\r\n\r\n2\r\n{}\r\n0\r\n\r\nG", 0, true),
        ] {
            for cut in 0..asked.len() {
                let mut patience = Patience::new(Duration::from_secs(5));
                let (before, behind) = asked.as_bytes().split_at(cut);
                patience.note(before);
                patience.note(behind);
                patience.turn.pass(body);
                let state = patience.turn.0.state.get();
                assert_eq!(matches!(state, State::Begun(..)), is_begun, "{asked:?}");
            }
        }
    }

    #[test]
    fn line_ends_without_end_hold_a_connection_no_longer_than_silence() {
        let mut patience = Patience::new(Duration::from_secs(5));
        patience.turn.pass(0);
        patience.note(b"\r\n");
        let State::Begun(first, KEEP_ALIVE) = patience.turn.0.state.get() else {
            panic!("{:?}", patience.turn);
        };
        for line_end in [&b"\r\n"[..], b"\n", b"\r", b"\r\n\r\n"] {
            patience.note(line_end);
            let state = patience.turn.0.state.get();
            assert!(matches!(state, State::Begun(begun, KEEP_ALIVE) if begun == first));
        }
        patience.note(b"\r\nG");
        let state = patience.turn.0.state.get();
        assert!(matches!(state, State::Begun(_, length) if length == Duration::from_secs(5)));
    }
}
