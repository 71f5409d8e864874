//! JSON-RPC messages as they arrive. Borrowed from the body: what a message carries is looked at in
//! place, and kept as it was written.
use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::reply::RpcError;

/// The most messages of one batch.
pub(super) const MAX_BATCH: usize = 32;

/// What the body of a POST holds.
pub(super) enum Body<'a> {
    One(Read<'a>),
    Batch(Vec<Read<'a>>),
}

/// A message, or why there is none.
pub(super) type Read<'a> = Result<Message<'a>, Unreadable<'a>>;

/// A message of a client.
pub(super) enum Message<'a> {
    Request(Request<'a>),
    Notification(Params<'a>),
    /// An answer to a request of ours. We make none.
    Response,
}

pub(super) struct Request<'a> {
    pub(super) id: Id<'a>,
    pub(super) method: Cow<'a, str>,
    pub(super) params: Params<'a>,
}

/// What is no message, with its id where that could be read.
pub(super) struct Unreadable<'a> {
    pub(super) id: Option<Id<'a>>,
    pub(super) error: RpcError,
}

impl From<RpcError> for Unreadable<'_> {
    fn from(error: RpcError) -> Self {
        Self { id: None, error }
    }
}

/// The id of a request as it was written: a JSON string or integer.
#[derive(Clone, Copy)]
pub(super) struct Id<'a>(pub(super) &'a str);

impl<'a> Id<'a> {
    fn read(value: &'a RawValue) -> Option<Self> {
        let text = value.get();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (integer || text.starts_with('"')).then_some(Self(text))
    }
}

/// What is said of parameters that are [`Params::malformed`].
pub(super) const MALFORMED: &str = "`params` must be an object that has each member once";

/// The parameters of a message; those of one that has none are empty.
#[derive(Default)]
pub(super) struct Params<'a> {
    pub(super) members: Members<'a>,
    /// They are not an object, or a member that we read comes twice.
    pub(super) malformed: bool,
}

/// The members that any method reads from its parameters. One that is there is `Some`, whatever its
/// value: `null` too.
#[derive(Default, Deserialize)]
pub(super) struct Members<'a> {
    #[serde(borrow, default, rename = "_meta", deserialize_with = "present")]
    pub(super) meta: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "protocolVersion",
        deserialize_with = "present"
    )]
    pub(super) protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) cursor: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) uri: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) arguments: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    fn read(value: Option<&'a RawValue>) -> Self {
        match value {
            None => Self::default(),
            Some(value) if is_null(value) => Self::default(),
            Some(value) => match object(value.get()) {
                Some(members) => Self {
                    members,
                    malformed: false,
                },
                None => Self {
                    members: Members::default(),
                    malformed: true,
                },
            },
        }
    }
}

/// The members of a message.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Reads what is there as `Some`. Left to itself, `Option<&RawValue>` reads `null` as `None`, which
/// would make a notification of a request with `"id": null`.
pub(super) fn present<'de, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

/// Reads an object's members; `None` where the value is none or repeats a member. (Serde would also
/// take an array for a struct, its elements for the members in their order.)
pub(super) fn object<'a, T: Deserialize<'a>>(value: &'a str) -> Option<T> {
    value
        .starts_with('{')
        .then(|| serde_json::from_str(value).ok())?
}

/// A string's text, borrowed unless it has escapes.
pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(value.get())
        .ok()
        .map(|Text(text)| text)
}

pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// Reads a body as one message or as a batch of them.
pub(super) fn read(body: &[u8]) -> Body<'_> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Body::One(Err(RpcError::parse("the body is not UTF-8").into()));
    };
    let text = text.trim_ascii();
    if !text.starts_with('[') {
        return Body::One(message(text));
    }
    match serde_json::from_str(text) {
        Ok(Elements(elements)) => Body::Batch(
            elements
                .into_iter()
                .map(|element| message(element.get()))
                .collect(),
        ),
        Err(error) => Body::One(Err(unreadable(&error).into())),
    }
}

fn message(text: &str) -> Read<'_> {
    if !text.starts_with('{') {
        return Err(match serde_json::from_str::<&RawValue>(text) {
            Ok(_) => RpcError::invalid_request("a message is an object").into(),
            Err(error) => unreadable(&error).into(),
        });
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    let id = envelope.id.and_then(Id::read);
    let invalid = |message| Unreadable {
        id,
        error: RpcError::invalid_request(message),
    };

    if envelope.jsonrpc.and_then(string).as_deref() != Some("2.0") {
        return Err(invalid("`jsonrpc` must be \"2.0\""));
    }
    if envelope.id.is_some() && id.is_none() {
        return Err(invalid("`id` must be a string or an integer"));
    }
    let answers = usize::from(envelope.result.is_some()) + usize::from(envelope.error.is_some());
    match (envelope.method, answers) {
        (Some(method), 0) => {
            let method = string(method).ok_or_else(|| invalid("`method` must be a string"))?;
            let params = Params::read(envelope.params);
            Ok(match id {
                Some(id) => Message::Request(Request { id, method, params }),
                None => Message::Notification(params),
            })
        }
        (None, 1) => Ok(Message::Response),
        _ => Err(invalid(
            "a message has a `method`, or a `result`, or an `error`",
        )),
    }
}

fn unreadable(error: &serde_json::Error) -> RpcError {
    if error.is_data() {
        RpcError::invalid_request(format!("not a message: {error}"))
    } else {
        RpcError::parse(format!("not JSON: {error}"))
    }
}

/// The elements of a batch. Reading ends at the bound: an array of a million numbers is not kept.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a batch")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = from.next_element()? {
                    if elements.len() == MAX_BATCH {
                        let bound = format!("a batch has at most {MAX_BATCH} messages");
                        return Err(A::Error::custom(bound));
                    }
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        from.deserialize_seq(Bounded)
    }
}
