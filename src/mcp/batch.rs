//! Several messages in one body, as 2025-03-26 has them.
use std::rc::Rc;

use tokio_util::sync::CancellationToken;

use super::{
    Tools,
    era::{self, Revision},
    message::{Message, Read, Unreadable},
    methods::{self, Reply, Step},
    reply::RpcError,
};
use crate::caller::Caller;

/// Why a batch is refused as a whole, where it is. `revision` is the version of the transport, if it
/// is a known one.
pub(super) fn refusal(messages: &[Read<'_>], revision: Option<Revision>) -> Option<Reply> {
    if revision != Some(Revision::V2025_03_26) {
        return Some(unknown());
    }
    let reason = if messages.is_empty() {
        "a batch has at least one message"
    } else if !messages.iter().flatten().all(era::is_legacy) {
        "a message of a version without batches is in a batch"
    } else if messages.iter().any(has_no_answer) {
        "an element of a batch is no message, and has no id to answer"
    } else {
        return None;
    };
    Some(Reply::error(None, &RpcError::invalid_request(reason)))
}

/// The answer to a batch in a version that has none.
pub(super) fn unknown() -> Reply {
    let error = RpcError::invalid_request("this protocol version has no batches");
    Reply::error(None, &error)
}

/// Whether an answer could not say what it answers: the revision that has batches has no error without
/// an id.
fn has_no_answer(message: &Read<'_>) -> bool {
    matches!(message, Err(Unreadable { id: None, .. }))
}

/// What the messages lead to, in their order. Nothing is run yet.
pub(super) fn steps<T: Tools>(tools: &T, caller: &Caller, messages: Vec<Read<'_>>) -> Vec<Step> {
    let mut calls = 0;
    let steps = messages.into_iter().filter_map(|message| match message {
        Err(unreadable) => Some(Step::Reply(unreadable.into())),
        Ok(Message::Notification(_) | Message::Response) => None,
        Ok(Message::Request(request)) if request.method == "initialize" => {
            let error = RpcError::invalid_request("initialize may not be in a batch");
            Some(Step::Reply(Reply::error(Some(request.id), &error)))
        }
        Ok(Message::Request(request)) => {
            let step = methods::answer(tools, caller, &request, Revision::V2025_03_26);
            Some(match step {
                Step::Call(pending, mut call) => {
                    calls += 1;
                    call.number = calls;
                    Step::Call(pending, call)
                }
                reply @ Step::Reply(_) => reply,
            })
        }
    });
    steps.collect()
}

/// Runs the calls one after the other, so that a later one sees what an earlier one did, and answers
/// in the same order. Once `end` is cancelled no further call begins.
pub(super) async fn run<T: Tools>(
    tools: Rc<T>,
    caller: Rc<Caller>,
    steps: Vec<Step>,
    end: CancellationToken,
) -> Reply {
    let mut body = vec![b'['];
    for step in steps {
        if body.len() > 1 {
            body.push(b',');
        }
        let reply = if end.is_cancelled() {
            // Who reads this is there still, so the server stops.
            step.leave("not run: the server is shutting down")
        } else {
            step.run(&*tools, &caller).await
        };
        body.extend(reply.body);
    }
    body.push(b']');
    body.into()
}
