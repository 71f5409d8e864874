//! Who is asking: made by the gate, handed down as an argument, asked by no operation.
use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{
    keys::{KeyHint, KeyId},
    rights::Rights,
};

/// A caller that the gate has let in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key that was shown; `None` only where `AUTH_ENABLED=false`.
    pub key: Option<CallerKey>,
    pub rights: Rights,
    /// The client's address, found behind trusted proxies.
    pub client_ip: IpAddr,
    pub request_id: RequestId,
}

/// The key of a caller, by the names that people and the program have for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallerKey {
    pub id: KeyId,
    pub hint: KeyHint,
    /// By which door the key came.
    pub source: KeySource,
}

/// Where a key stood in the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeySource {
    Header,
    Query,
}

impl KeySource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}

/// Names one HTTP request, in its answer and in every record about it: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestId(u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the machinery of `{:016x}`: every answer has one.
        let mut digits = [0; 16];
        hex::encode_to_slice(self.bytes(), &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl RequestId {
    /// Of which its text is the digits.
    pub fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

/// Hands out request ids: the instance's random half, then a count.
#[derive(Debug)]
pub struct RequestIds {
    instance: u32,
    next: AtomicU32,
}

impl RequestIds {
    pub fn new(instance: u32) -> Self {
        Self {
            instance,
            next: AtomicU32::new(1),
        }
    }

    pub fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId(u64::from(self.instance) << 32 | u64::from(count))
    }
}
