//! The headers of a request, as far as the protocol reads them.
use actix_web::http::header::{self, HeaderMap};

use super::era::Mirror;
use crate::fault::{Fault, FaultCode};

/// # Errors
/// The body is not declared to be JSON, or it is compressed.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Fault> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::new(
            FaultCode::UnsupportedMediaType,
            "the body must be sent as it is, without `Content-Encoding`",
        ));
    }
    let declared = headers
        .get(header::CONTENT_TYPE)
        .map(|value| essence(value.as_bytes()));
    if declared.is_some_and(|declared| declared.eq_ignore_ascii_case(b"application/json")) {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::UnsupportedMediaType,
        "the body must be JSON, sent with `Content-Type: application/json`",
    ))
}

/// Refuses only a client that excludes `media`, such as `application/json`: the protocol asks clients
/// to name two types, and not all do.
///
/// # Errors
/// `Accept` is there and names neither the type nor a wildcard for it.
pub(super) fn require_accepts(headers: &HeaderMap, media: &str) -> Result<(), Fault> {
    let mut accepts = headers.get_all(header::ACCEPT).peekable();
    let family = media.split('/').next().unwrap_or_default();
    let takes = |range: &[u8]| {
        let named = essence(range);
        let wildcard = || named.strip_suffix(b"/*");
        (named.is_empty()
            || named == b"*/*"
            || named.eq_ignore_ascii_case(media.as_bytes())
            || wildcard().is_some_and(|it| it.eq_ignore_ascii_case(family.as_bytes())))
            && !excluded(range)
    };
    let any = accepts.peek().is_none()
        || accepts.any(|value| value.as_bytes().split(|byte| *byte == b',').any(takes));
    if any {
        return Ok(());
    }
    let message = format!("the answer is {media}, which `Accept` excludes");
    Err(Fault::new(FaultCode::NotAcceptable, message))
}

/// A media type or range without its parameters.
fn essence(value: &[u8]) -> &[u8] {
    value
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

/// Whether the weight of a media range is nought.
fn excluded(range: &[u8]) -> bool {
    range.split(|byte| *byte == b';').skip(1).any(|parameter| {
        let weight = parameter.trim_ascii();
        let weight = weight
            .strip_prefix(b"q=")
            .or_else(|| weight.strip_prefix(b"Q="));
        weight.is_some_and(|it| it.iter().all(|byte| matches!(byte, b'0' | b'.')))
    })
}

/// The headers that repeat what the body says.
pub(super) fn mirror(headers: &HeaderMap) -> Mirror<'_> {
    Mirror {
        version: single(headers, "mcp-protocol-version"),
        method: single(headers, "mcp-method"),
        name: single(headers, "mcp-name"),
    }
}

/// The one value of a header. Values that contradict each other become one that nothing equals.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a [u8]> {
    let mut values = headers
        .get_all(name)
        .map(|value| value.as_bytes().trim_ascii());
    let first = values.next()?;
    Some(if values.all(|value| value == first) {
        first
    } else {
        b""
    })
}
