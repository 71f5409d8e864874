//! What answers who was let in, and what is there for everybody.
use std::{panic::AssertUnwindSafe, rc::Rc};

use actix_web::{
    HttpResponse,
    dev::{Payload, RequestHead},
    http::{Method, StatusCode},
    web::Bytes,
};
use futures_util::FutureExt as _;
use tokio::time::timeout;

use super::{Arrival, Entry};
use crate::{
    caller::Caller,
    fault::Fault,
    mcp::Tools,
    server::{
        answer, body, head, refusal,
        route::{Handler, Route},
    },
};

impl<T: Tools> Entry<T> {
    /// The layers behind the gate.
    pub(super) async fn respond(
        &self,
        arrival: Arrival<'_>,
        caller: Rc<Caller>,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Fault> {
        let handler = find_handler(arrival.route, &arrival.head.method)?;
        let answered =
            AssertUnwindSafe(self.handle(handler, arrival.head, caller, payload)).catch_unwind();
        // Boxed, so that an idle connection does not keep the room that the largest call needs.
        Box::pin(answered).await.unwrap_or_else(|_| {
            let (id, path) = (arrival.id, arrival.route.path);
            log::error!("critical: request {id} to `{path}` ended in a panic");
            Err(refusal::internal())
        })
    }

    async fn handle(
        &self,
        handler: Handler,
        head: &RequestHead,
        caller: Rc<Caller>,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Fault> {
        let settings = &self.parts.settings;
        let query = head.uri.query().unwrap_or_default();
        let headers = &head.headers;
        let body = match handler {
            Handler::PostMcp | Handler::PostSse | Handler::PostToolCall => {
                let length = head::content_length(head);
                tokio::select! {
                    biased;
                    body = body::read(payload, length, settings.body_timeout) => body?,
                    () = self.parts.stopping.cancelled() => return Err(refusal::shutting_down()),
                }
            }
            Handler::Health | Handler::GetSse | Handler::GetTools | Handler::Metrics => {
                Bytes::new()
            }
        };
        let answered = async {
            match handler {
                Handler::Health => Ok(self.health()),
                Handler::PostMcp => self.protocol.post_mcp(caller, headers, &body).await,
                Handler::GetSse => self.protocol.get_sse(&caller, headers, query),
                Handler::PostSse => self.protocol.post_sse(caller, headers, query, &body).await,
                Handler::GetTools => Ok(self.protocol.get_tools(&caller)),
                Handler::PostToolCall => self.protocol.post_tool_call(caller, headers, &body).await,
                Handler::Metrics => self.metrics(),
            }
        };
        tokio::select! {
            answered = timeout(settings.answer_timeout, answered) => {
                answered.unwrap_or_else(|_| Err(refusal::too_slow()))
            }
            () = self.cut_off.cancelled() => Err(refusal::shutting_down()),
        }
    }

    /// What is there for everybody.
    pub(super) fn open(&self, route: &Route, method: &Method) -> Result<HttpResponse, Fault> {
        match find_handler(route, method)? {
            Handler::Health => Ok(self.health()),
            _ => Err(refusal::not_found()),
        }
    }

    /// Whether calls would be served, for whoever watches over the server.
    fn health(&self) -> HttpResponse {
        let gatekeeper = &self.parts.gatekeeper;
        if self.parts.calls.is_closed() {
            let text = r#"{"status": "stopping", "reason": "the server is shutting down"}"#;
            answer::json(StatusCode::SERVICE_UNAVAILABLE, text)
        } else if gatekeeper.is_open() {
            let text = if gatekeeper.is_losing_records() {
                r#"{"status": "ok", "warning": "the audit log cannot be written, so records are lost"}"#
            } else if gatekeeper.is_short_of_room() {
                r#"{"status": "ok", "warning": "the disk of the audit log is nearly full"}"#
            } else {
                r#"{"status": "ok"}"#
            };
            answer::json(StatusCode::OK, text)
        } else {
            let text = r#"{"status": "unavailable", "reason": "the audit log cannot be written"}"#;
            answer::json(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }

    /// How the server is doing, if the operator wants that told.
    fn metrics(&self) -> Result<HttpResponse, Fault> {
        let metrics = self.parts.settings.metrics.as_ref();
        let page = metrics.ok_or_else(refusal::not_found)?.page();
        Ok(answer::text(
            "text/plain; version=0.0.4; charset=utf-8",
            page,
        ))
    }
}

fn find_handler(route: &Route, method: &Method) -> Result<Handler, Fault> {
    if route.methods.is_empty() {
        return Err(refusal::not_found());
    }
    let handler = route.handler(method);
    handler.ok_or_else(|| refusal::method_not_allowed(route.allowed()))
}
