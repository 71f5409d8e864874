//! The open streams of all workers. A stream belongs to the key that opened it: under another key it
//! is not to be found.
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{TryRng, rngs::SysRng};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{room::Room, sse::Event};
use crate::{
    fault::{Fault, FaultCode},
    keys::KeyId,
};

/// The key of a stream; `None` where the server asks for none.
pub(super) type Owner = Option<KeyId>;

/// Names a stream: 128 random bits in hexadecimal digits.
pub(super) type SessionId = String;

/// How to reach an open stream.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) room: Room,
    /// Cancelled, the stream ends.
    pub(super) end: CancellationToken,
}

#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Owner, HashMap<SessionId, Session>>>);

impl Sessions {
    /// Adds a stream under a new name, and has its room share in that of its owner's others.
    ///
    /// # Errors
    /// Its owner has `most` already.
    pub(super) fn add(
        &self,
        owner: Owner,
        mut session: Session,
        most: usize,
    ) -> Result<(SessionId, Room), Fault> {
        let mut bits = [0; 16];
        SysRng.try_fill_bytes(&mut bits).map_err(|_| {
            Fault::new(
                FaultCode::Internal,
                "the operating system has no random numbers to give",
            )
        })?;
        let id = hex::encode(bits);

        let mut sessions = self.lock();
        let own = sessions.entry(owner).or_default();
        if own.len() >= most {
            let message = format!(
                "this key has {most} open streams, and may have no more (`MAX_STREAMS_PER_KEY`)"
            );
            return Err(Fault::new(FaultCode::Overloaded, message).with("Retry-After", "1"));
        }
        if let Some(other) = own.values().next() {
            session.room = other.room.beside();
        }
        let room = session.room.clone();
        own.insert(id.clone(), session);
        Ok((id, room))
    }

    pub(super) fn find(&self, owner: Owner, id: &str) -> Option<Session> {
        self.lock().get(&owner)?.get(id).cloned()
    }

    /// Removes a stream that is left.
    pub(super) fn remove(&self, owner: Owner, id: &str) {
        let mut sessions = self.lock();
        if let Some(own) = sessions.get_mut(&owner) {
            own.remove(id);
            if own.is_empty() {
                sessions.remove(&owner);
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().values().map(HashMap::len).sum()
    }

    /// Ends the streams of all keys but these.
    pub(super) fn keep(&self, is_in_force: impl Fn(&KeyId) -> bool) {
        let mut sessions = self.lock();
        let is_over = |owner: &Owner| owner.is_some_and(|key| !is_in_force(&key));
        for (_, streams) in sessions.extract_if(|owner, _| is_over(owner)) {
            for stream in streams.values() {
                stream.end.cancel();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, HashMap<SessionId, Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
