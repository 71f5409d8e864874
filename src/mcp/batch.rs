//! Several messages in one body, as 2025-03-26 has them.
use std::rc::Rc;

use tokio_util::sync::CancellationToken;

use super::{
    Tools,
    era::{self, Revision},
    message::{Message, Read, Unreadable},
    methods::{self, Reply, Step},
    reply::RpcError,
    room::{CALL, Held},
};
use crate::caller::Caller;

/// Why a batch is refused as a whole, where it is. `revision` is the version of the transport, if it
/// is a known one.
pub(super) fn refusal(messages: &[Read<'_>], revision: Option<Revision>) -> Option<Reply> {
    let reason = if revision != Some(Revision::V2025_03_26) {
        "this protocol version has no batches"
    } else if messages.is_empty() {
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

/// What the answers take at first: as far as they are known, or a call that runs, which one at once does.
pub(super) fn size(steps: &[Step]) -> usize {
    let known = steps.iter().filter(|it| matches!(it, Step::Reply(_)));
    known.map(Step::size).sum::<usize>().max(CALL)
}

/// Runs the calls one after the other, so that a later one sees what an earlier one did, and answers
/// in the same order. Once `end` is cancelled no further call begins, nor once what else waits for
/// readers has left no room: `held` grows by each answer.
pub(super) async fn run<T: Tools>(
    tools: Rc<T>,
    caller: Rc<Caller>,
    steps: Vec<Step>,
    end: CancellationToken,
    mut held: Option<&mut Held>,
) -> Reply {
    let mut body = vec![b'['];
    let mut has_room = true;
    for step in steps {
        if body.len() > 1 {
            body.push(b',');
        }
        let is_call = matches!(step, Step::Call(..));
        let reply = if end.is_cancelled() {
            // Who reads this is there still, so the server stops.
            step.leave("not run: the server is shutting down")
        } else if has_room {
            step.run(&*tools, &caller).await
        } else {
            step.leave("not run: too much waits for the readers of this key's streams")
        };
        if is_call && let Some(held) = &mut held {
            has_room &= held.grow(reply.body.len());
        }
        body.extend(reply.body);
    }
    body.push(b']');
    body.into()
}
