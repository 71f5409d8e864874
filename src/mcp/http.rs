//! Streamable HTTP: a message or a batch in, one JSON answer out, and no session.
use std::rc::Rc;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::HeaderMap},
};

use super::{
    Outcome, Protocol, ToolCall, Tools, batch,
    era::{self, Mirror, Revision},
    headers::{mirror, require_accepts, require_json},
    message::{self, Body, Message, Read},
    methods::{self, Pending, Reply, Step},
    reply::RpcError,
};
use crate::{caller::Caller, fault::Fault};

/// Answers a POST.
pub(super) async fn post<T: Tools>(
    protocol: &Protocol<T>,
    caller: Rc<Caller>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<HttpResponse, Fault> {
    require_json(headers)?;
    require_accepts(headers, "application/json")?;
    let mirror = mirror(headers);
    match message::read(body) {
        Body::One(read) => match step(&*protocol.tools, &caller, read, &mirror) {
            None => Ok(accepted()),
            Some(Step::Reply(reply)) => Ok(json(reply)),
            Some(Step::Call(pending, call)) => run(protocol, caller, &pending, call).await,
        },
        Body::Batch(messages) => Ok(run_batch(protocol, caller, messages, &mirror).await),
    }
}

/// Answers a batch. A client that names no version may speak the one that has batches.
async fn run_batch<T: Tools>(
    protocol: &Protocol<T>,
    caller: Rc<Caller>,
    messages: Vec<Read<'_>>,
    mirror: &Mirror<'_>,
) -> HttpResponse {
    let revision = mirror
        .version
        .map_or(Some(Revision::UNNAMED), Revision::parse);
    if let Some(refusal) = batch::refusal(&messages, revision) {
        return json(refusal);
    }
    let steps = batch::steps(&*protocol.tools, &caller, messages);
    if steps.is_empty() {
        return accepted();
    }
    // A client that has left, or was told that it took too long, waits for no further call.
    let end = protocol.shared.shutdown.child_token();
    let _waiting = end.clone().drop_guard();
    let running = batch::run(Rc::clone(&protocol.tools), caller, steps, end);
    let reply = protocol.shared.tracker.spawn_local(running).await;
    json(reply.unwrap_or_else(|_| Reply::error(None, &RpcError::internal("a call failed"))))
}

/// What one message leads to, if to anything.
fn step<T: Tools>(tools: &T, caller: &Caller, read: Read<'_>, mirror: &Mirror<'_>) -> Option<Step> {
    let message = match read {
        Ok(message) => message,
        Err(unreadable) => return Some(Step::Reply(unreadable.into())),
    };
    let revision = era::classify(&message, mirror);
    let Message::Request(request) = message else {
        return revision
            .err()
            .map(|error| Step::Reply(Reply::error(None, &error)));
    };
    let checked = revision.and_then(|revision| {
        if revision.is_modern() {
            era::check_modern(&request, mirror)?;
        }
        Ok(revision)
    });
    Some(match checked {
        Ok(revision) => methods::answer(tools, caller, &request, revision),
        Err(error) => Step::Reply(Reply::error(Some(request.id), &error)),
    })
}

/// Runs a call that is a request by itself, so that its answer still has a status to choose.
async fn run<T: Tools>(
    protocol: &Protocol<T>,
    caller: Rc<Caller>,
    pending: &Pending,
    call: ToolCall,
) -> Result<HttpResponse, Fault> {
    let running = methods::outcome(protocol.tools.call(caller, call));
    let outcome = if pending.is_modern() {
        // Dropped with the connection: that is how a modern client cancels.
        running.await
    } else {
        let task = protocol.shared.tracker.spawn_local(running);
        task.await.ok().flatten()
    };
    match outcome {
        Some(Outcome::AuditUnavailable) => Err(Fault::unrecorded()),
        outcome => Ok(json(pending.reply(&*protocol.tools, outcome.as_ref()))),
    }
}

pub(super) fn json(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or_default();
    HttpResponse::build(status)
        .content_type("application/json")
        .body(reply.body)
}

pub(super) fn accepted() -> HttpResponse {
    HttpResponse::Accepted().finish()
}
