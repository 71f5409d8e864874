//! What each method answers. Nothing waits here: a call of a tool is handed back to the transport,
//! which knows whether it outlives its client.
use std::{borrow::Cow, panic::AssertUnwindSafe, rc::Rc};

use futures_util::FutureExt as _;
use serde_json::value::RawValue;

use super::{
    Outcome, ToolCall, Tools,
    era::Revision,
    message::{Id, MALFORMED, Members, Request, Unreadable, is_null, string},
    reply::{self, RpcError},
    room::CALL,
};
use crate::caller::Caller;

/// What a request leads to.
pub(super) enum Step {
    Reply(Reply),
    /// A call of a tool that is still to be run, and what its answer needs.
    Call(Pending, ToolCall),
}

impl Step {
    /// Runs what is to be run. A call that cannot be recorded is answered by an error in its message.
    pub(super) async fn run<T: Tools>(self, tools: &T, caller: &Rc<Caller>) -> Reply {
        match self {
            Self::Reply(reply) => reply,
            Self::Call(pending, call) => {
                let outcome = outcome(tools.call(Rc::clone(caller), call)).await;
                pending.reply(tools, outcome.as_ref())
            }
        }
    }

    /// The bytes of the answer, as far as they are known.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Reply(reply) => reply.body.len(),
            Self::Call(..) => CALL,
        }
    }

    /// The answer without running what is to be run, which says why.
    pub(super) fn leave(self, why: &'static str) -> Reply {
        match self {
            Self::Reply(reply) => reply,
            Self::Call(pending, _) => Reply::error(Some(Id(&pending.id)), &RpcError::internal(why)),
        }
    }
}

/// The outcome of a call; none of one that panics, which must not leave its client waiting.
pub(super) fn outcome(
    running: impl Future<Output = Outcome>,
) -> impl Future<Output = Option<Outcome>> {
    AssertUnwindSafe(running).catch_unwind().map(Result::ok)
}

/// An answer, with the status it has where it answers a POST alone.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Reply {
    fn of(request: &Request<'_>, reply: Result<Vec<u8>, RpcError>) -> Self {
        reply.map_or_else(|error| Self::error(Some(request.id), &error), Self::from)
    }

    pub(super) fn error(id: Option<Id<'_>>, error: &RpcError) -> Self {
        Self {
            status: error.status,
            body: reply::error(id, error),
        }
    }
}

impl From<Vec<u8>> for Reply {
    fn from(body: Vec<u8>) -> Self {
        Self { status: 200, body }
    }
}

impl From<Unreadable<'_>> for Reply {
    fn from(Unreadable { id, error }: Unreadable<'_>) -> Self {
        Self::error(id, &error)
    }
}

/// What the answer to a call needs.
pub(super) struct Pending {
    id: Box<str>,
    revision: Revision,
}

impl Pending {
    pub(super) fn is_modern(&self) -> bool {
        self.revision.is_modern()
    }

    pub(super) fn reply<T: Tools>(&self, tools: &T, outcome: Option<&Outcome>) -> Reply {
        let id = Id(&self.id);
        match outcome {
            Some(outcome) => reply::outcome(id, self.revision, tools, outcome).into(),
            None => Reply::error(Some(id), &RpcError::internal("the call failed")),
        }
    }
}

/// Answers a request that has been found to speak `revision`.
pub(super) fn answer<T: Tools>(
    tools: &T,
    caller: &Caller,
    request: &Request<'_>,
    revision: Revision,
) -> Step {
    let reply = match (&*request.method, revision.is_modern()) {
        ("tools/call", _) => match call(request) {
            Ok(call) => {
                let id = request.id.0.into();
                return Step::Call(Pending { id, revision }, call);
            }
            Err(error) => Err(error),
        },
        ("tools/list", _) => list(tools, caller, request, revision),
        ("server/discover", true) => Ok(reply::discover(request.id, tools)),
        ("initialize", false) => asked(request).map(|asked| {
            let settled = Revision::negotiate(&asked);
            reply::initialize(request.id, tools, settled)
        }),
        ("ping", false) => Ok(reply::pong(request.id)),
        _ => Err(RpcError::unknown_method(revision)),
    };
    Step::Reply(Reply::of(request, reply))
}

/// Answers an `initialize` where there is nothing to choose: it settles on `revision`, whatever it asks for.
pub(super) fn settle<T: Tools>(tools: &T, request: &Request<'_>, revision: Revision) -> Step {
    let reply = asked(request).map(|_| reply::initialize(request.id, tools, revision));
    Step::Reply(Reply::of(request, reply))
}

/// The version that an `initialize` asks for.
fn asked<'a>(request: &Request<'a>) -> Result<Cow<'a, str>, RpcError> {
    let asked = members(request)?.protocol_version.and_then(string);
    asked.ok_or_else(|| RpcError::invalid_params("initialize needs `protocolVersion`, a string"))
}

fn list<T: Tools>(
    tools: &T,
    caller: &Caller,
    request: &Request<'_>,
    revision: Revision,
) -> Result<Vec<u8>, RpcError> {
    // All tools are on one page, so no cursor is one of ours; an empty one asks for the first page.
    let cursor = members(request)?.cursor.filter(|cursor| !is_null(cursor));
    if cursor.is_some_and(|cursor| string(cursor).as_deref() != Some("")) {
        return Err(RpcError::invalid_params(
            "no such cursor: all tools are on one page",
        ));
    }
    Ok(reply::list(
        request.id,
        revision,
        tools,
        &tools.list(caller),
    ))
}

fn call(request: &Request<'_>) -> Result<ToolCall, RpcError> {
    let members = members(request)?;
    let name = members.name.and_then(string);
    let name = name.ok_or_else(|| RpcError::invalid_params("tools/call needs `name`, a string"))?;
    let arguments = arguments(members.arguments)
        .ok_or_else(|| RpcError::invalid_params("`arguments` must be an object"))?;
    Ok(ToolCall {
        name: name.into_owned(),
        arguments,
        number: 1,
        structured: false,
    })
}

/// The arguments of a call, if they are an object. Null is what some clients write for none.
#[expect(
    clippy::option_option,
    reason = "there are none, or they are not an object"
)]
pub(super) fn arguments(value: Option<&RawValue>) -> Option<Option<Box<RawValue>>> {
    match value {
        Some(value) if value.get().starts_with('{') => Some(Some(value.to_owned())),
        Some(value) if !is_null(value) => None,
        _ => Some(None),
    }
}

fn members<'a, 'b>(request: &'b Request<'a>) -> Result<&'b Members<'a>, RpcError> {
    if request.params.malformed {
        return Err(RpcError::invalid_params(MALFORMED));
    }
    Ok(&request.params.members)
}
