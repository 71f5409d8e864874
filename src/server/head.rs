//! What is asked of a request's head before anything else is.
use actix_web::{
    dev::RequestHead,
    http::{
        Version,
        header::{CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING},
    },
};

use super::refusal;
use crate::fault::Fault;

/// The longest address and headers together. The parser below would take eight times as much.
const MAX_HEAD: usize = 16 << 10;

/// Refuses a head that is too large or of a version in which `Host` may be missing.
pub(super) fn check(head: &RequestHead) -> Result<(), Fault> {
    if head.version < Version::HTTP_11 {
        return Err(refusal::old_version());
    }
    let address = head
        .uri
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    let headers = head.headers.iter();
    // Each header with its colon, space and line end.
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if address + headers > MAX_HEAD {
        return Err(refusal::head_too_large());
    }
    Ok(())
}

/// Every name by which the request asks for us: `Host`, and its address if that is a whole one.
pub(super) fn hosts(head: &RequestHead) -> impl Iterator<Item = &[u8]> {
    let named = head.headers.get_all(HOST).map(HeaderValue::as_bytes);
    named.chain(
        head.uri
            .authority()
            .map(|authority| authority.as_str().as_bytes()),
    )
}

/// How long the body is; `None` where it comes in chunks.
pub(super) fn content_length(head: &RequestHead) -> Option<u64> {
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let length = head.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    Some(length.unwrap_or_default())
}
