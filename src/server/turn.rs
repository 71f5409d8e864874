//! Whose turn it is on a connection, and how long a client may take over a head that it has begun. The
//! HTTP layer has a deadline for the first head only.
use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Whose turn it is. Copies share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Rc<Cell<State>>);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// The first head is awaited, or a request is being answered.
    #[default]
    Ours,
    /// The client may send a further request.
    Theirs,
    /// It began to at that time.
    Begun(Instant),
}

impl Turn {
    /// A head has come.
    pub(super) fn take(&self) {
        self.0.set(State::Ours);
    }

    /// Its request is answered.
    pub(super) fn pass(&self) {
        self.0.set(State::Theirs);
    }
}

/// The patience with the client of a connection.
pub(super) struct Patience {
    turn: Turn,
    length: Duration,
    /// One for all heads. Most come at once: it rings for none of them, and is then set anew.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(length: Duration) -> Self {
        Self {
            turn: Turn::default(),
            length,
            alarm: None,
        }
    }

    pub(super) fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Bytes have come.
    pub(super) fn note(&self) {
        if matches!(self.turn.0.get(), State::Theirs) {
            self.begin();
        }
    }

    /// What the client has begun counts from now.
    fn begin(&self) {
        self.turn.0.set(State::Begun(Instant::now()));
    }

    /// Ready when a head was begun and has not come. While `is_writing`, the client is not done with
    /// the answer before.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>, is_writing: bool) -> Poll<()> {
        loop {
            let State::Begun(begun) = self.turn.0.get() else {
                return Poll::Pending;
            };
            let end = begun + self.length;
            let new = || Box::pin(sleep_until(end));
            let alarm = self.alarm.get_or_insert_with(new);
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() < end {
                alarm.as_mut().reset(end);
            } else if is_writing {
                self.begin();
            } else {
                return Poll::Ready(());
            }
        }
    }
}
