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

/// Reads all of `payload`. `declared` is its `Content-Length`.
pub(super) async fn read(
    payload: &mut Payload,
    declared: Option<u64>,
    patience: Duration,
) -> Result<Bytes, Fault> {
    if declared.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(refusal::body_too_large());
    }
    let start = Instant::now();
    let mut whole = Body::default();
    loop {
        let earned = Duration::from_secs((whole.len() / A_SECOND) as u64);
        let chunk = timeout_at(start + patience + earned, payload.next()).await;
        match chunk.map_err(|_| refusal::body_too_slow())? {
            None => return Ok(whole.into()),
            Some(Err(_)) => return Err(refusal::body_broken()),
            Some(Ok(chunk)) if whole.len() + chunk.len() > MAX_BODY => {
                return Err(refusal::body_too_large());
            }
            Some(Ok(chunk)) => whole.push(chunk),
        }
    }
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
