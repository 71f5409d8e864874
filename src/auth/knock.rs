//! A request at the gate, and what of it may stand in the log.
use std::net::IpAddr;

use actix_web::{
    dev::RequestHead,
    http::{Method, header::USER_AGENT},
};

use super::credential;
use crate::{caller::RequestId, redaction::Redaction};

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

    /// The client's name for itself. One that holds a secret of ours, or what stands in any place for a
    /// key, is not repeated.
    pub(super) fn user_agent(&self, redaction: &Redaction) -> Option<&[u8]> {
        let name = self.head.headers.get(USER_AGENT)?.as_bytes();
        let is_secret = credential::is_repeated_in(name, self.head)
            || redaction.is_in(&String::from_utf8_lossy(name));
        Some(if is_secret { b"[redacted]" } else { name })
    }
}
