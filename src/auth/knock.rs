//! A request at the gate, and what of it may stand in the log.
use std::net::IpAddr;

use actix_web::{
    dev::RequestHead,
    http::{Method, header::USER_AGENT},
};

use crate::{caller::RequestId, keys::KeyRing};

/// A request at the gate, before its body is read. It holds what was sent as a key, so nothing prints it.
#[derive(Clone, Copy)]
pub struct Knock<'a> {
    pub head: &'a RequestHead,
    /// The pattern that matched, or `unmatched`: never the path.
    pub route: &'static str,
    /// Whether this route takes a key in its query.
    pub key_in_query: bool,
    pub client_ip: IpAddr,
    pub request_id: RequestId,
}

impl Knock<'_> {
    /// As it is recorded: whatever is no method of HTTP may be anything, a key too.
    pub(super) fn method(&self) -> &str {
        match self.head.method {
            Method::GET
            | Method::POST
            | Method::HEAD
            | Method::OPTIONS
            | Method::DELETE
            | Method::PUT
            | Method::PATCH
            | Method::TRACE
            | Method::CONNECT => self.head.method.as_str(),
            _ => "other",
        }
    }

    /// The client's name for itself. One that holds what was offered as a key, or a key of ours, is
    /// not repeated.
    pub(super) fn user_agent(&self, offered: Option<&[u8]>, ring: &KeyRing) -> Option<&[u8]> {
        let name = self.head.headers.get(USER_AGENT)?.as_bytes();
        let holds = |key: &[u8]| key.len() >= 16 && name.windows(key.len()).any(|it| it == key);
        let is_secret =
            offered.is_some_and(holds) || !ring.found_in(&String::from_utf8_lossy(name)).is_empty();
        Some(if is_secret { b"[redacted]" } else { name })
    }
}
