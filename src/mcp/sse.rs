//! The 2024-11-05 transport: a stream of events that is opened by GET, and messages for it by POST.
use std::{borrow::Cow, convert::Infallible, rc::Rc, sync::Arc};

use actix_web::{HttpResponse, http::header::HeaderMap, web::Bytes};
use futures_util::{Stream, stream};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use super::{
    Protocol, Shared, Tools, batch,
    era::Revision,
    headers::{mirror, require_accepts, require_json},
    http::{accepted, json},
    message::{self, Body, Message},
    methods,
    room::{Held, Part, Room},
    sessions::{Owner, Session, SessionId},
};
use crate::{
    caller::{Caller, KeySource},
    fault::{Fault, FaultCode},
};

/// The path that a client of a stream posts to, below that of the proxy.
pub(super) const PATH: &str = "/mcp/sse";

/// The one revision that has this transport, so what a stream's client is told, whatever it asks for:
/// by the version that it settled on, one that opens its stream again is told from one of Streamable HTTP.
/// Some of those settle on it too and take no other (the SDKs' first with that transport); they name no
/// version in a header, so a GET of theirs opens a stream as it always did.
const REVISION: Revision = Revision::V2024_11_05;

/// The last event of a stream whose key is gone.
const REMOVED: &str = "the key of this stream is no longer in force";

/// The answers that may wait for a slow reader, if they are small. Beyond them no message is taken.
const WAITING: usize = 32;

/// Opens a stream. Its first event names where to post, with the key only if that is how it came.
pub(super) fn open(
    shared: &Arc<Shared>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
) -> Result<HttpResponse, Fault> {
    // A client of Streamable HTTP looks whether there is a stream for it here.
    let version = mirror(headers).version;
    if version.is_some_and(|version| version != REVISION.as_str().as_bytes()) {
        let message = "this protocol version has no stream to open: send each message by POST";
        return Err(Fault::new(FaultCode::MethodNotAllowed, message).with("Allow", "POST"));
    }
    require_accepts(headers, "text/event-stream")?;

    let owner = owner(caller);
    let (events, receiver) = mpsc::channel(WAITING);
    let end = shared.shutdown.child_token();
    let session = Session {
        events: events.clone(),
        room: Room::default(),
        end: end.clone(),
    };
    let most = shared.settings.max_streams_per_key.get();
    let (id, room) = shared.sessions.add(owner, session, most)?;
    let place = Place {
        shared: Arc::clone(shared),
        owner,
        id,
    };

    let base = &shared.settings.base_path;
    let endpoint = event("endpoint", &endpoint(base, &place.id, caller, query));
    // There is room: nobody else knows of the stream yet.
    if let Ok(held) = room.hold(endpoint.len()) {
        let _ = events.try_send((endpoint, held));
    }

    let period = shared.settings.heartbeat;
    let mut heartbeat = interval_at(Instant::now() + period, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open {
        receiver,
        sending: None,
        heartbeat,
        end,
        place,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(open.events()))
}

/// The address of a stream's messages: without a host, so it holds by whatever name a proxy is called.
/// Clients take it from the root of that host, so what is before our path there is in it.
fn endpoint(base: &str, session: &str, caller: &Caller, query: &str) -> String {
    let by_query = caller
        .key
        .as_ref()
        .is_some_and(|key| key.source == KeySource::Query);
    let key = parameter(query, "api_key").filter(|_| by_query);
    let address = format!("{base}{PATH}?");
    let query_start = address.len();
    let mut to = form_urlencoded::Serializer::for_suffix(address, query_start);
    to.append_pair("session_id", session);
    if let Some(key) = key {
        to.append_pair("api_key", &key);
    }
    to.finish()
}

/// The stream that a POST is for, if its query names one.
pub(super) fn session_id(query: &str) -> Option<Cow<'_, str>> {
    parameter(query, "session_id")
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Takes a message: 202, and the answer goes out on the stream. A place and room for it are kept before
/// anything runs, so that what waits for a slow reader is bounded, and no answer is lost.
pub(super) fn post<T: Tools>(
    protocol: &Protocol<T>,
    caller: Rc<Caller>,
    headers: &HeaderMap,
    id: &str,
    body: &[u8],
) -> Result<HttpResponse, Fault> {
    require_json(headers)?;
    let Protocol { tools, shared } = protocol;
    let owner = owner(&caller);
    let session = shared.sessions.find(owner, id).ok_or_else(no_stream)?;

    let tools = Rc::clone(tools);
    let step = match message::read(body) {
        Body::One(Err(unreadable)) => return Ok(json(unreadable.into())),
        Body::One(Ok(Message::Notification(_) | Message::Response)) => return Ok(accepted()),
        Body::One(Ok(Message::Request(request))) if request.method == "initialize" => {
            methods::settle(&*tools, &request, REVISION)
        }
        Body::One(Ok(Message::Request(request))) => {
            methods::answer(&*tools, &caller, &request, REVISION)
        }
        Body::Batch(_) => return Ok(json(batch::unknown())),
    };
    let place = session
        .events
        .try_reserve_owned()
        .map_err(|error| match error {
            TrySendError::Closed(_) => no_stream(),
            TrySendError::Full(_) => overloaded(format!(
                "{WAITING} answers are being made or wait for the reader of this stream"
            )),
        })?;
    let mut held = session.room.hold(step.size()).map_err(overloaded)?;
    shared.tracker.spawn_local(async move {
        let reply = step.run(&*tools, &caller).await;
        let event = event("message", &String::from_utf8_lossy(&reply.body));
        held.set(event.len());
        place.send((event, held));
    });
    Ok(accepted())
}

fn no_stream() -> Fault {
    Fault::new(
        FaultCode::NotFound,
        "no such stream: it has ended, or another key opened it",
    )
}

fn overloaded(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(FaultCode::Overloaded, message).with("Retry-After", "1")
}

fn owner(caller: &Caller) -> Owner {
    caller.key.as_ref().map(|key| key.id)
}

/// An event that waits for its reader.
pub(super) type Event = (Bytes, Held);

/// The text of an event. A line break in the data would end it, so each line is a field of its own.
fn event(name: &str, data: &str) -> Bytes {
    // In most there is no line break: then it is as long as it needs to be.
    let mut out = String::with_capacity(name.len() + data.len() + "event: \ndata: \n\n".len());
    out.extend(["event: ", name, "\n"]);
    for line in data.split(['\n', '\r']) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    out.into()
}

/// An open stream: what its response body yields.
struct Open {
    receiver: mpsc::Receiver<Event>,
    /// What the last event takes: when the next is asked for, that has gone.
    sending: Option<Part>,
    heartbeat: Interval,
    end: CancellationToken,
    place: Place,
}

impl Open {
    fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(Some(self), |open| async move {
            let mut open = open?;
            open.sending = None;
            let event = tokio::select! {
                biased;
                () = open.end.cancelled() => return Some((Ok(open.last_word()?), None)),
                event = open.receiver.recv() => {
                    let (event, held) = event?;
                    open.sending = Some(held.key);
                    event
                }
                _ = open.heartbeat.tick() => Bytes::from_static(b":\n\n"),
            };
            Some((Ok(event), Some(open)))
        })
    }

    /// Why a stream is ended by us; that the server stops needs no words.
    fn last_word(&self) -> Option<Bytes> {
        let is_stopping = self.place.shared.shutdown.is_cancelled();
        (!is_stopping).then(|| event("error", REMOVED))
    }
}

/// A stream's place among the open ones, left when the stream is dropped.
struct Place {
    shared: Arc<Shared>,
    owner: Owner,
    id: SessionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.sessions.remove(self.owner, &self.id);
    }
}
