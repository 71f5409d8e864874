//! The way of a request through the layers, in their order.
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_http::Request;
use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody as _},
    dev::{Payload, RequestHead},
    http::{
        ConnectionType, Method, StatusCode,
        header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN},
    },
    web::Bytes,
};
use futures_util::FutureExt as _;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    Parts,
    answer::{self, LastAnswer},
    body,
    connections::Connection,
    head, refusal,
    route::{Door, Handler, Route},
    turn::Turn,
};
use crate::{
    audit::DenialReason,
    auth::{Knock, Reminder},
    caller::{Caller, RequestId},
    fault::Fault,
    mcp::{Protocol, Tools},
};

/// What answers requests. One a worker.
pub(super) struct Entry<T> {
    parts: Parts,
    protocol: Protocol<T>,
    /// Cancelled when a server that stops waits no longer for what runs.
    cut_off: CancellationToken,
    /// When it was last said that an address has too many connections.
    crowded: Arc<Reminder>,
}

/// Between two warnings of addresses with too many connections.
const CROWDED: Duration = Duration::from_mins(1);

/// A request, as far as it is known before its key is.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    head: &'a RequestHead,
    route: &'static Route,
    id: RequestId,
    peer: IpAddr,
    connection: Option<&'a Connection>,
    last: Option<&'a LastAnswer>,
}

impl Arrival<'_> {
    /// Whether it was sent behind its connection's last request.
    fn is_over(&self) -> bool {
        self.last.is_some_and(LastAnswer::is_given)
    }
}

/// An answer for which nobody had to be let in.
enum Early {
    Answer(HttpResponse),
    /// From the gate, which has recorded it.
    Denial(Fault),
    /// From a layer before the gate.
    Fault(Fault),
}

impl<T: Tools> Entry<T> {
    pub(super) fn new(
        parts: Parts,
        tools: T,
        cut_off: CancellationToken,
        crowded: Arc<Reminder>,
    ) -> Self {
        let protocol = Protocol::new(Rc::new(tools), Arc::clone(&parts.protocol));
        Self {
            parts,
            protocol,
            cut_off,
            crowded,
        }
    }

    /// Gives leave to send the body that a client keeps back for that. Who shows no key is answered.
    pub(super) async fn expect(self: Rc<Self>, request: Request) -> Result<Request, HttpResponse> {
        if self.parts.gatekeeper.knows(request.head()) {
            return Ok(request);
        }
        let Ok(answer) = self.answer(request).await;
        Err(answer)
    }

    /// Answers one request, whatever it is.
    pub(super) async fn answer(
        self: Rc<Self>,
        mut request: Request,
    ) -> Result<HttpResponse, Infallible> {
        // Held until there is an answer: a server that stops waits for it.
        let _running = self.parts.calls.token();
        let mut payload = request.take_payload();
        let turn = request.conn_data::<Turn>();
        if let Some(turn) = turn {
            turn.take();
        }
        let path = self.parts.protocol.own_path(request.path());
        let arrival = Arrival {
            head: request.head(),
            route: Route::find(path, self.parts.settings.metrics.is_some()),
            id: self.parts.ids.next(),
            peer: request
                .peer_addr()
                .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip()),
            connection: request.conn_data::<Connection>(),
            last: request.conn_data::<LastAnswer>(),
        };

        let (answered, is_known) = match self.admit(arrival).await {
            Ok(caller) => (self.respond(arrival, caller, &mut payload).await, true),
            Err(Early::Answer(response)) => (Ok(response), false),
            Err(Early::Denial(fault)) => (Err(fault), false),
            Err(Early::Fault(fault)) => {
                refusal::tell(&fault, arrival.id, arrival.peer);
                (Err(fault), false)
            }
        };

        let mut response = answered.unwrap_or_else(|fault| answer::fault(&fault, arrival.id));
        let origin = arrival
            .head
            .headers
            .get(ORIGIN)
            .filter(|origin| self.allows(origin));
        if let Some(metrics) = &self.parts.settings.metrics {
            metrics.note(response.status());
        }
        answer::complete(&mut response, arrival.id, origin);
        // Only the first head on a connection has a deadline: a stranger gets no second.
        let is_last = (!is_known && !self.parts.gatekeeper.trusts(arrival.peer))
            || arrival.is_over()
            || arrival.head.connection_type() == ConnectionType::Close
            // We upgrade to nothing, but actix closes a connection on which that was offered.
            || arrival.head.upgrade()
            // Nor does a head that was begun behind a stream.
            || response.body().size() == BodySize::Stream;
        if is_last {
            answer::close(&mut response, arrival.last);
        }
        // A stream is being answered until its connection ends.
        if let Some(turn) = turn
            && response.body().size() != BodySize::Stream
        {
            turn.pass(head::content_length(arrival.head).unwrap_or_default());
        }
        Ok(answer::holding(response, payload))
    }

    /// The layers up to the gate. Who passes them is known, and recorded.
    async fn admit(&self, arrival: Arrival<'_>) -> Result<Rc<Caller>, Early> {
        let Arrival { head, route, .. } = arrival;
        if arrival.is_over() {
            return Err(refusal::after_the_last().into());
        }
        head::check(head)?;
        let is_own_host = || head::hosts(head).all(|it| self.parts.settings.site.allows_host(it));
        let is_own_page = || head.headers.get_all(ORIGIN).all(|it| self.allows(it));
        if route.door == Door::Open {
            if !is_own_page() {
                return Err(refusal::forbidden_origin().into());
            }
            if is_preflight(head) && is_own_host() {
                return Err(Early::Answer(answer::preflight(&head.headers)));
            }
            return Err(Early::Answer(self.open(route, &head.method)?));
        }
        let most = self.parts.settings.connections_per_address;
        if arrival.connection.is_some_and(|it| it.is_beyond(most)) {
            if self.crowded.is_due(Instant::now(), CROWDED) {
                let peer = arrival.peer;
                log::warn!(
                    "{peer} has more connections than `MAX_CONNECTIONS_PER_ADDRESS` ({most}): what \
                     comes on further ones is refused"
                );
            }
            return Err(refusal::overloaded().into());
        }
        if self.parts.calls.is_closed() {
            return Err(refusal::shutting_down().into());
        }
        let gatekeeper = &self.parts.gatekeeper;
        let knock = Knock {
            head,
            route: route.path,
            key_in_query: route.door == Door::KeyOrQuery,
            client_ip: gatekeeper.client_address(arrival.peer, &head.headers)?,
            request_id: arrival.id,
        };
        let now = Instant::now();
        if !is_own_host() {
            let reason = DenialReason::ForbiddenHost;
            let turned_away = gatekeeper.turn_away(&knock, reason, now);
            turned_away.await;
            return Err(Early::Denial(refusal::forbidden_host()));
        }
        if !is_own_page() {
            let reason = DenialReason::ForbiddenOrigin;
            let turned_away = gatekeeper.turn_away(&knock, reason, now);
            turned_away.await;
            return Err(Early::Denial(refusal::forbidden_origin()));
        }
        if is_preflight(head) {
            return Err(Early::Answer(answer::preflight(&head.headers)));
        }
        gatekeeper.admit(&knock, now).await.map_err(Early::Denial)
    }

    /// The layers behind the gate.
    async fn respond(
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
    fn open(&self, route: &Route, method: &Method) -> Result<HttpResponse, Fault> {
        match find_handler(route, method)? {
            Handler::Health => Ok(self.health()),
            _ => Err(refusal::not_found()),
        }
    }

    /// Whether calls would be served, for whoever watches over the server.
    fn health(&self) -> HttpResponse {
        if self.parts.calls.is_closed() {
            let text = r#"{"status": "stopping", "reason": "the server is shutting down"}"#;
            answer::json(StatusCode::SERVICE_UNAVAILABLE, text)
        } else if self.parts.gatekeeper.is_open() {
            let text = if self.parts.gatekeeper.is_short_of_room() {
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

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.parts.settings.site.allows_origin(origin.as_bytes())
    }
}

/// Whether a browser asks what a page may send.
fn is_preflight(head: &RequestHead) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

fn find_handler(route: &Route, method: &Method) -> Result<Handler, Fault> {
    if route.methods.is_empty() {
        return Err(refusal::not_found());
    }
    let handler = route.handler(method);
    handler.ok_or_else(|| refusal::method_not_allowed(route.allowed()))
}

impl From<Fault> for Early {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
