//! Reads a body within its limits of size and time.
use std::time::Duration;

use actix_web::{
    dev::Payload,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::refusal;
use crate::fault::Fault;

const MAX_BODY: usize = 1 << 20;
/// So much that has come earns a second more.
const A_SECOND: usize = 64 << 10;

/// Reads `payload`: `length` bytes, or to its end. What actix takes for a body where a websocket is
/// offered has no end before its connection's.
pub(super) async fn read(
    payload: &mut Payload,
    length: Option<u64>,
    patience: Duration,
) -> Result<Bytes, Fault> {
    let length = length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let most = length.unwrap_or(MAX_BODY);
    if most > MAX_BODY {
        return Err(refusal::body_too_large());
    }
    let start = Instant::now();
    let mut whole = Body::default();
    while length.is_none() || whole.len() < most {
        let earned = Duration::from_secs((whole.len() / A_SECOND) as u64);
        let chunk = timeout_at(start + patience + earned, payload.next()).await;
        match chunk.map_err(|_| refusal::body_too_slow())? {
            None => break,
            Some(Err(_)) => return Err(refusal::body_broken()),
            Some(Ok(chunk)) if length.is_none() && chunk.len() > most - whole.len() => {
                return Err(refusal::body_too_large());
            }
            Some(Ok(mut chunk)) => {
                chunk.truncate(most - whole.len());
                whole.push(chunk);
            }
        }
    }
    Ok(whole.into())
}

/// Most bodies come in one piece, which then need not be copied.
#[derive(Default)]
struct Body {
    first: Bytes,
    all: BytesMut,
}

impl Body {
    fn len(&self) -> usize {
        self.first.len().max(self.all.len())
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&chunk);
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        if body.all.is_empty() {
            body.first
        } else {
            body.all.freeze()
        }
    }
}
