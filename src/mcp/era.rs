//! Which revision of the protocol a message speaks. The body decides, the headers are checked against
//! it (2026-07-28, `basic/versioning` and `basic/transports/streamable-http`).
use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    message::{MALFORMED, Message, Params, Request, object, present, string},
    reply::RpcError,
};

/// A revision of the protocol, from the oldest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    /// Each request by itself: what it needs to be understood is in its `_meta`.
    pub(super) const MODERN: Self = Self::V2026_07_28;
    /// What `initialize` falls back to.
    pub(super) const LATEST_LEGACY: Self = Self::V2025_11_25;
    /// What a request speaks that names no version.
    pub(super) const UNNAMED: Self = Self::V2025_03_26;

    const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.as_str().as_bytes() == text)
    }

    pub(super) fn is_modern(self) -> bool {
        self == Self::MODERN
    }

    /// The version that `initialize` settles on.
    pub(super) fn negotiate(asked: &str) -> Self {
        Self::parse(asked.as_bytes())
            .filter(|revision| !revision.is_modern())
            .unwrap_or(Self::LATEST_LEGACY)
    }
}

/// The headers that repeat what the body says, without the spaces around them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mirror<'a> {
    /// `MCP-Protocol-Version`.
    pub(super) version: Option<&'a [u8]>,
    /// `Mcp-Method`.
    pub(super) method: Option<&'a [u8]>,
    /// `Mcp-Name`.
    pub(super) name: Option<&'a [u8]>,
}

/// What the `_meta` of a message says of its version.
enum Claim<'a> {
    None,
    Version(Cow<'a, str>),
    Malformed,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/protocolVersion",
        deserialize_with = "present"
    )]
    version: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/clientCapabilities",
        deserialize_with = "present"
    )]
    capabilities: Option<&'a RawValue>,
}

impl<'a> Claim<'a> {
    fn of(params: &Params<'a>) -> Self {
        let Some(meta) = params
            .members
            .meta
            .filter(|meta| meta.get().starts_with('{'))
        else {
            return Self::None;
        };
        match object::<Meta<'a>>(meta.get()) {
            None => Self::Malformed,
            Some(Meta { version: None, .. }) => Self::None,
            Some(Meta {
                version: Some(version),
                ..
            }) => string(version).map_or(Self::Malformed, Self::Version),
        }
    }
}

/// The revision that a message of a POST speaks.
pub(super) fn classify(message: &Message<'_>, mirror: &Mirror<'_>) -> Result<Revision, RpcError> {
    let claim = match message {
        Message::Request(Request { params, .. }) | Message::Notification(params) => {
            Claim::of(params)
        }
        Message::Response => Claim::None,
    };
    match claim {
        Claim::Version(version) => {
            if mirror
                .version
                .is_some_and(|header| header != version.as_bytes())
            {
                return Err(RpcError::header_mismatch(
                    "the header MCP-Protocol-Version differs from the version in `_meta`",
                ));
            }
            if version != Revision::MODERN.as_str() {
                return Err(RpcError::unsupported_version(&version));
            }
            Ok(Revision::MODERN)
        }
        Claim::Malformed => Err(RpcError::invalid_meta(MISSING_VERSION)),
        Claim::None => unclaimed(message, mirror.version),
    }
}

const MISSING_VERSION: &str =
    "`_meta` must hold `io.modelcontextprotocol/protocolVersion`, a string, once";

/// The revision of a message whose body names none.
fn unclaimed(message: &Message<'_>, header: Option<&[u8]>) -> Result<Revision, RpcError> {
    let method = match message {
        Message::Request(request) => Some(&*request.method),
        Message::Notification(_) | Message::Response => None,
    };
    // Where the parameters cannot be read, `_meta` cannot either.
    let missing = match message {
        Message::Request(request) if request.params.malformed => MALFORMED,
        _ => MISSING_VERSION,
    };
    let named = header.map(Revision::parse);
    match (named, message) {
        (Some(Some(Revision::MODERN)), Message::Request(_)) => Err(RpcError::invalid_meta(missing)),
        (Some(Some(Revision::MODERN)), Message::Response) => Err(RpcError::invalid_request(
            "this version has no responses of clients",
        )),
        _ if method == Some("server/discover") => Err(RpcError::invalid_meta(missing)),
        (None, _) => Ok(Revision::UNNAMED),
        (Some(Some(revision)), _) => Ok(revision),
        (Some(None), _) if method == Some("initialize") => Ok(Revision::LATEST_LEGACY),
        (Some(None), _) => {
            let header = String::from_utf8_lossy(header.unwrap_or_default());
            Err(RpcError::unsupported_version(&header))
        }
    }
}

/// Whether a batch may hold this message: the revisions that had batches know no modern ones.
pub(super) fn is_legacy(message: &Message<'_>) -> bool {
    classify(message, &Mirror::default()).is_ok_and(|revision| !revision.is_modern())
}

/// What every modern request must bring besides its version: capabilities in `_meta`, and headers
/// that repeat version, method and name.
pub(super) fn check_modern(request: &Request<'_>, mirror: &Mirror<'_>) -> Result<(), RpcError> {
    let members = &request.params.members;
    let meta = members.meta.and_then(|meta| object::<Meta<'_>>(meta.get()));
    let capabilities = meta.and_then(|meta| meta.capabilities);
    if !capabilities.is_some_and(|it| it.get().starts_with('{')) {
        return Err(RpcError::invalid_meta(
            "`_meta` must hold `io.modelcontextprotocol/clientCapabilities`, an object",
        ));
    }
    if mirror.version.is_none() {
        return Err(RpcError::header_mismatch(
            "the header MCP-Protocol-Version is missing",
        ));
    }
    let Some(method) = mirror.method else {
        return Err(RpcError::header_mismatch(
            "the header Mcp-Method is missing",
        ));
    };
    if method != request.method.as_bytes() {
        return Err(RpcError::header_mismatch(
            "the header Mcp-Method differs from `method`",
        ));
    }
    let source = match &*request.method {
        "tools/call" | "prompts/get" => members.name,
        "resources/read" => members.uri,
        _ => return Ok(()),
    };
    // A name that is missing from the body is a fault of the parameters, found later.
    let name = source.and_then(string);
    match (mirror.name.map(decode), name) {
        (None, Some(_)) => Err(RpcError::header_mismatch("the header Mcp-Name is missing")),
        (Some(None), _) => Err(RpcError::header_mismatch(
            "the header Mcp-Name is not valid Base64",
        )),
        (Some(Some(header)), Some(name)) if *header != *name.as_bytes() => Err(
            RpcError::header_mismatch("the header Mcp-Name differs from the name in `params`"),
        ),
        _ => Ok(()),
    }
}

/// The value of a header that may be wrapped as `=?base64?…?=`, since names need not be ASCII.
fn decode(header: &[u8]) -> Option<Cow<'_, [u8]>> {
    match header
        .strip_prefix(b"=?base64?")
        .and_then(|rest| rest.strip_suffix(b"?="))
    {
        None => Some(Cow::Borrowed(header)),
        Some(wrapped) => STANDARD.decode(wrapped).ok().map(Cow::Owned),
    }
}
