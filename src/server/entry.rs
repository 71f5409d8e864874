//! The way of a request through the layers, in their order.
mod handlers;

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_http::Request;
use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody as _},
    dev::RequestHead,
    http::{
        ConnectionType, Method,
        header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Parts,
    answer::{self, LastAnswer},
    connections::Connection,
    head, refusal,
    route::{Door, Route},
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

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.parts.settings.site.allows_origin(origin.as_bytes())
    }
}

/// Whether a browser asks what a page may send.
fn is_preflight(head: &RequestHead) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

impl From<Fault> for Early {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
