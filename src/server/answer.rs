//! What every answer has: the common headers, and of a fault its code, sentence and request id.
use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::Payload,
    http::{
        ConnectionType, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName,
            HeaderValue, ORIGIN, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::Bytes,
};
use serde::Serialize;

use crate::{caller::RequestId, fault::Fault};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What an answer says unless its handler has said otherwise.
const COMMON: [(HeaderName, HeaderValue); 3] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
const EXPOSED: HeaderValue =
    HeaderValue::from_static("WWW-Authenticate, Retry-After, X-Request-Id");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
/// What pages may send, beside every header that begins with `Mcp-`.
const HEADERS: &str =
    "Authorization, X-API-Key, Content-Type, Accept, Last-Event-ID, MCP-Protocol-Version";
const TEN_MINUTES: HeaderValue = HeaderValue::from_static("600");

#[derive(Serialize)]
struct FaultBody<'a> {
    error: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_keys_pass: Option<bool>,
    request_id: String,
}

fn fault_body(fault: &Fault, id: RequestId) -> String {
    let body = FaultBody {
        error: fault.code.as_str(),
        message: &fault.message,
        valid_keys_pass: fault.valid_keys_pass,
        request_id: id.to_string(),
    };
    serde_json::to_string(&body).expect("a few texts")
}

pub(super) fn status(fault: &Fault) -> StatusCode {
    StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to a request that is at fault.
pub(super) fn fault(fault: &Fault, id: RequestId) -> HttpResponse {
    let mut response = HttpResponse::build(status(fault))
        .insert_header((CONTENT_TYPE, JSON))
        .body(fault_body(fault, id));
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(*name), HeaderValue::try_from(&**value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The same instead of an answer that somebody else made, and its connection's last: `head` is its
/// status line and its headers, of which the date stays.
pub(super) fn in_words(head: &[u8], fault: &Fault, id: RequestId) -> Vec<u8> {
    let mut response = self::fault(fault, id);
    complete(&mut response, id, None);
    let body = fault_body(fault, id);
    let stays =
        |line: &&[u8]| !line.starts_with(b"content-length: ") && !line.starts_with(b"connection: ");
    let lines = head.split_inclusive(|byte| *byte == b'\n').filter(stays);
    let mut answer = lines.collect::<Vec<_>>().concat();
    for (name, value) in response.headers() {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let length = body.len();
    let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    answer.extend(end.as_bytes());
    answer
}

/// An answer of the server's own: a status and a JSON text.
pub(super) fn json(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, JSON))
        .body(text)
}

/// A page of the server's own, of the type that is named.
pub(super) fn text(kind: &'static str, page: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(kind)))
        .body(page)
}

/// The answer to a browser that asks whether a page may ask.
pub(super) fn preflight(request: &HeaderMap) -> HttpResponse {
    let asked = request
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|names| names.to_str().ok());
    let mut allowed = HEADERS.to_owned();
    for name in asked.unwrap_or_default().split(',').map(str::trim) {
        let is_mcp = name
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("mcp-"));
        if is_mcp && HeaderName::try_from(name).is_ok() {
            allowed = allowed + ", " + name;
        }
    }
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, allowed))
        .insert_header((ACCESS_CONTROL_MAX_AGE, TEN_MINUTES))
        .finish()
}

/// Adds the headers that every answer has; `origin` is one of ours, if a page has asked.
pub(super) fn complete(response: &mut HttpResponse, id: RequestId, origin: Option<&HeaderValue>) {
    let headers = response.headers_mut();
    for (name, value) in COMMON {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        headers.append(VARY, HeaderValue::from(ORIGIN));
    }
}

/// Whether a connection has had its last answer. Requests that were sent behind it are not run.
#[derive(Debug, Default)]
pub(super) struct LastAnswer(Cell<bool>);

impl LastAnswer {
    pub(super) fn is_given(&self) -> bool {
        self.0.get()
    }
}

/// Lets this be the connection's last answer.
pub(super) fn close(response: &mut HttpResponse, last: Option<&LastAnswer>) {
    if let Some(last) = last {
        last.0.set(true);
    }
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
}

/// Keeps what is left of a request's body unread until its answer is sent. The connection is closed
/// then; were the rest dropped earlier, actix would wait for the end of a chunked body for ever.
pub(super) fn holding(response: HttpResponse, unread: Payload) -> HttpResponse {
    if matches!(unread, Payload::None) {
        return response;
    }
    response.map_body(|_, body| {
        BoxBody::new(Holding {
            body,
            _unread: unread,
        })
    })
}

struct Holding {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
