//! Answers as they are written: by putting pieces together, so that a list of tools which is already
//! text is never parsed.
use std::borrow::Cow;

use serde::Serialize;

use super::{Outcome, ToolResult, Tools, era::Revision, message::Id};
use crate::{ascii, fault::UNRECORDED};

/// How long a client may keep the list of tools. It depends on the key, and changes with the settings
/// at a restart.
const TTL_MS: u32 = 300_000;

/// A JSON-RPC error, with the status it has where it answers a POST alone.
#[derive(Clone, Debug)]
pub(super) struct RpcError {
    pub(super) status: u16,
    code: i32,
    message: Cow<'static, str>,
    /// JSON.
    data: Option<String>,
}

impl RpcError {
    fn new(status: u16, code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(super) fn parse(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32700, message)
    }

    pub(super) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32600, message)
    }

    /// The methods of a modern server are what it is: one it has not is a 404 there.
    pub(super) fn unknown_method(revision: Revision) -> Self {
        let status = if revision.is_modern() { 404 } else { 200 };
        Self::new(status, -32601, "no such method")
    }

    /// The parameters of a method.
    pub(super) fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(200, -32602, message)
    }

    /// The `_meta` that every modern request carries.
    pub(super) fn invalid_meta(message: &'static str) -> Self {
        Self::new(400, -32602, message)
    }

    pub(super) fn internal(message: &'static str) -> Self {
        Self::new(200, -32603, message)
    }

    pub(super) fn header_mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32020, message)
    }

    pub(super) fn unsupported_version(requested: &str) -> Self {
        #[derive(Serialize)]
        struct Data<'a> {
            supported: [&'a str; 1],
            requested: &'a str,
        }
        let data = Data {
            supported: [Revision::MODERN.as_str()],
            requested,
        };
        let mut error = Self::new(400, -32022, "this protocol version is not supported");
        error.data = serde_json::to_string(&data).ok();
        error
    }
}

/// An answer that says what went wrong. Without a readable id it has none: null would not be valid.
pub(super) fn error(id: Option<Id<'_>>, error: &RpcError) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"jsonrpc":"2.0""#);
    if let Some(Id(id)) = id {
        put(&mut out, &[r#","id":"#, id]);
    }
    put(
        &mut out,
        &[
            r#","error":{"code":"#,
            &error.code.to_string(),
            r#","message":"#,
        ],
    );
    string(&mut out, &error.message);
    if let Some(data) = &error.data {
        put(&mut out, &[r#","data":"#, data]);
    }
    out.extend_from_slice(b"}}");
    out
}

/// What `initialize` answers: `version` is what it settles on.
pub(super) fn initialize<T: Tools>(id: Id<'_>, tools: &T, version: Revision) -> Vec<u8> {
    let mut out = begin(id, 512 + tools.instructions().len());
    put(
        &mut out,
        &[r#""protocolVersion":""#, version.as_str(), r#"","#],
    );
    capabilities(&mut out, tools);
    out.extend_from_slice(br#","serverInfo":"#);
    server(&mut out, tools);
    end(out)
}

/// What `server/discover` answers.
pub(super) fn discover<T: Tools>(id: Id<'_>, tools: &T) -> Vec<u8> {
    let mut out = begin(id, 512 + tools.instructions().len());
    complete(&mut out, tools);
    cacheable(&mut out);
    put(
        &mut out,
        &[
            r#""supportedVersions":[""#,
            Revision::MODERN.as_str(),
            r#""],"#,
        ],
    );
    capabilities(&mut out, tools);
    end(out)
}

pub(super) fn pong(id: Id<'_>) -> Vec<u8> {
    end(begin(id, 64))
}

/// What `tools/list` answers: `list` is the JSON array of the tools.
pub(super) fn list<T: Tools>(id: Id<'_>, revision: Revision, tools: &T, list: &str) -> Vec<u8> {
    let mut out = begin(id, 256 + list.len());
    if revision.is_modern() {
        complete(&mut out, tools);
        cacheable(&mut out);
    }
    put(&mut out, &[r#""tools":"#, list]);
    end(out)
}

/// What `tools/call` answers, but for a call that could not be recorded: that is for the transport to
/// say.
pub(super) fn outcome<T: Tools>(
    id: Id<'_>,
    revision: Revision,
    tools: &T,
    outcome: &Outcome,
) -> Vec<u8> {
    match outcome {
        Outcome::Done(result) => {
            let mut out = begin(id, 256 + length(result));
            if revision.is_modern() {
                complete(&mut out, tools);
            }
            members(&mut out, result);
            end(out)
        }
        Outcome::UnknownTool => {
            let unknown = "no tool of this name; tools/list names those there are";
            error(Some(id), &RpcError::invalid_params(unknown))
        }
        Outcome::AuditUnavailable => error(Some(id), &RpcError::internal(UNRECORDED)),
    }
}

/// A tool's result outside of a message.
pub(super) fn plain(result: &ToolResult) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + length(result));
    out.push(b'{');
    members(&mut out, result);
    out.push(b'}');
    out
}

fn length(result: &ToolResult) -> usize {
    result.text.len()
        + result.text.len() / 16
        + result.structured.as_ref().map_or(0, |it| it.get().len())
}

/// What is structured is written in every revision: `tools/list` shows every client the tool's
/// `outputSchema`, and one that checks it misses the content. An older one ignores what it does not know.
fn members(out: &mut Vec<u8>, result: &ToolResult) {
    out.extend_from_slice(br#""content":[{"type":"text","text":"#);
    string(out, &result.text);
    out.extend_from_slice(b"}]");
    if let Some(structured) = &result.structured {
        put(out, &[r#","structuredContent":"#, structured.get()]);
    }
    put(
        out,
        &[
            r#","isError":"#,
            if result.is_error { "true" } else { "false" },
        ],
    );
}

fn begin(Id(id): Id<'_>, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity + id.len());
    put(
        &mut out,
        &[r#"{"jsonrpc":"2.0","id":"#, id, r#","result":{"#],
    );
    out
}

fn end(mut out: Vec<u8>) -> Vec<u8> {
    out.extend_from_slice(b"}}");
    out
}

/// What every modern result begins with.
fn complete<T: Tools>(out: &mut Vec<u8>, tools: &T) {
    out.extend_from_slice(
        br#""resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":"#,
    );
    server(out, tools);
    out.extend_from_slice(b"},");
}

/// Private, since what a caller may see depends on the key.
fn cacheable(out: &mut Vec<u8>) {
    put(
        out,
        &[
            r#""ttlMs":"#,
            &TTL_MS.to_string(),
            r#","cacheScope":"private","#,
        ],
    );
}

fn capabilities<T: Tools>(out: &mut Vec<u8>, tools: &T) {
    out.extend_from_slice(br#""capabilities":{"tools":{}},"instructions":"#);
    string(out, tools.instructions());
}

fn server<T: Tools>(out: &mut Vec<u8>, tools: &T) {
    let (name, version) = tools.server();
    out.extend_from_slice(br#"{"name":"#);
    string(out, name);
    out.extend_from_slice(br#","version":"#);
    string(out, version);
    out.push(b'}');
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = ascii::find_escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        let (plain, control) = match rest[at] {
            b'\n' => (b'n', None),
            b'\r' => (b'r', None),
            b'\t' => (b't', None),
            quoted @ (b'"' | b'\\') => (quoted, None),
            control => (b'u', Some([control >> 4, control & 0xf])),
        };
        out.extend_from_slice(&[b'\\', plain]);
        if let Some(digits) = control {
            out.extend_from_slice(b"00");
            out.extend(digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn put(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_is_read_as_it_was(text in any::<String>(), escaped in "[\\x00-\\x{9f}\"\\\\é漢😀]{0,40}") {
            let text = text + &escaped;
            let mut out = Vec::new();
            string(&mut out, &text);
            let read: String = serde_json::from_slice(&out)?;
            prop_assert_eq!(read, text);
        }
    }
}
