//! The HTTP server: the route table, the order of layers, limits of size and time, the shutdown.
//! What the requests are about is decided in `mcp`, who may send them in `auth`.
mod answer;
mod body;
mod connections;
mod entry;
mod head;
mod metrics;
mod refusal;
mod route;
mod site;
mod turn;
mod wire;

use std::{
    future::ready,
    io,
    net::{Shutdown, TcpListener},
    num::NonZeroUsize,
    pin::pin,
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actix_http::{HttpService, Request, error::DispatchError};
use actix_service::{ServiceFactory, ServiceFactoryExt as _};
use actix_web::{
    HttpResponse,
    dev::{Server, fn_service},
    rt::net::TcpStream,
};
use socket2::SockRef;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    answer::LastAnswer, connections::Connections, entry::Entry, turn::Patience, wire::Wire,
};
pub use self::{metrics::Metrics, site::Site};
use crate::{
    auth::{Gatekeeper, Reminder},
    caller::RequestIds,
    mcp::{self, Tools},
};

/// Longer than proxies keep idle connections, so that they close them and never find one closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For a client to close after our last word on its connection.
const LINGER: Duration = Duration::from_secs(1);
/// For the thread that accepts connections to let go of a listener; it does not say when it has.
const LET_GO: Duration = Duration::from_millis(50);
/// For the last bytes of answers to leave when the server stops, in seconds.
const LAST_WRITES: u64 = 1;

/// What an operator decides about the server, and the deadlines, which only tests shorten.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `PUBLIC_URL`, `ALLOWED_HOSTS`, `ALLOWED_ORIGINS`.
    pub site: Site,
    /// `MAX_CONNECTIONS_PER_ADDRESS`.
    pub connections_per_address: usize,
    /// `SHUTDOWN_GRACE`.
    pub shutdown_grace: Duration,
    /// How long a handler may take to answer: `GITEA_TIMEOUT` and five seconds.
    pub answer_timeout: Duration,
    /// For a request's head: for the first on a connection from its begin, then from the head's.
    pub head_timeout: Duration,
    /// For a body; each 64 KiB that have come add a second.
    pub body_timeout: Duration,
    /// `METRICS_ENABLED`: where `/metrics` gets its page; `None` for no such page.
    pub metrics: Option<Metrics>,
    /// Threads that answer requests; `None`: one a processor.
    pub workers: Option<usize>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            site: Site::default(),
            connections_per_address: 64,
            shutdown_grace: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(35),
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            metrics: None,
            workers: None,
        }
    }
}

/// What the server is made of, shared by all workers.
#[derive(Clone, Debug)]
pub struct Parts {
    pub settings: ServerSettings,
    pub gatekeeper: Arc<Gatekeeper>,
    pub protocol: Arc<mcp::Shared>,
    /// Hands out the ids of requests.
    pub ids: Arc<RequestIds>,
    /// Holds what must end before the process does: requests being answered, calls that outlive
    /// their client.
    pub calls: TaskTracker,
    /// Cancelled when the server stops: open streams end then.
    pub stopping: CancellationToken,
}

/// Serves until `shutdown` is ready, then lets running calls end within the grace.
///
/// `tools` makes one set of tools for each worker, on that worker's thread.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve<T: Tools>(
    listener: TcpListener,
    parts: Parts,
    tools: impl Fn() -> T + Clone + Send + 'static,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    connections::prepare(&listener)?;
    let closing = listener.try_clone()?;
    let workers = parts.settings.workers.or_else(processors).unwrap_or(1);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections::most_a_worker(workers)?)
        .shutdown_timeout(LAST_WRITES)
        .disable_signals();
    let (stop, connections) = (builder.graceful_shutdown_signal(), Connections::default());
    let ending = move || {
        let stop = stop.clone();
        async move { stop.notified().await }
    };
    let (cut_off, crowded) = (CancellationToken::new(), Arc::new(reminder()));
    let (of_workers, is_cut_off) = (parts.clone(), cut_off.clone());
    let server = builder
        .listen("http", listener, move || {
            http(
                of_workers.clone(),
                tools(),
                connections.clone(),
                ending.clone(),
                is_cut_off.clone(),
                Arc::clone(&crowded),
            )
        })?
        .run();

    let handle = server.handle();
    let (mut server, mut shutdown) = (pin!(server), pin!(shutdown));
    tokio::select! {
        ended = &mut server => return ended,
        () = &mut shutdown => {}
    }
    let stopped = async {
        handle.pause().await;
        parts.calls.close();
        parts.stopping.cancel();
        let over = timeout(parts.settings.shutdown_grace, parts.calls.wait());
        let (over, ()) = tokio::join!(over, refuse(&closing));
        if over.is_err() {
            // No number: a call and the request that waits for it are two.
            log::warn!("what still ran after `SHUTDOWN_GRACE` is cut off");
            cut_off.cancel();
        }
        handle.stop(true).await;
    };
    let (ended, ()) = tokio::join!(server, stopped);
    // The workers' threads drop what still ran: its records are written before the log is closed.
    let last_writes = Duration::from_secs(LAST_WRITES);
    let _ = timeout(last_writes, parts.calls.wait()).await;
    ended
}

/// Refuses new connections. A listener that is only paused keeps them waiting.
async fn refuse(listener: &TcpListener) {
    sleep(LET_GO).await;
    // One that cannot be shut down is shut already.
    let _ = SockRef::from(listener).shutdown(Shutdown::Both);
}

/// Answers one request that came without a connection of ours, through all layers.
pub async fn answer<T: Tools>(parts: Parts, tools: T, request: Request) -> HttpResponse {
    let crowded = Arc::new(reminder());
    let entry = Rc::new(Entry::new(parts, tools, CancellationToken::new(), crowded));
    let answered = entry.answer(request).await;
    answered.unwrap_or_else(|never| match never {})
}

/// What a worker does with a connection.
fn http<T: Tools, E: Future<Output = ()> + 'static>(
    parts: Parts,
    tools: T,
    connections: Connections,
    ending: impl Fn() -> E + 'static,
    cut_off: CancellationToken,
    crowded: Arc<Reminder>,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
{
    let (ids, gatekeeper) = (Arc::clone(&parts.ids), Arc::clone(&parts.gatekeeper));
    let (most, metrics) = (
        parts.settings.connections_per_address,
        parts.settings.metrics.clone(),
    );
    let head_timeout = parts.settings.head_timeout;
    let entry = Rc::new(Entry::new(parts, tools, cut_off, crowded));
    let requests = HttpService::build()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(head_timeout)
        .client_disconnect_timeout(LINGER)
        // A client that has gone has cancelled: its request is dropped at once.
        .h1_allow_half_closed(false)
        // Idle connections end when the server does.
        .graceful_shutdown_signal(ending)
        .on_connect_ext(move |wire: &Wire, data| {
            connections.open(wire.stream(), data, most, |peer| gatekeeper.trusts(peer));
            data.insert(LastAnswer::default());
            data.insert(wire.turn());
        })
        .h1(fn_service(move |request| Rc::clone(&entry).answer(request)));
    fn_service(move |stream: TcpStream| {
        // Whether it is gone already is seen when it is read.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok();
        ready(Ok((
            Wire::new(
                stream,
                Patience::new(head_timeout),
                Arc::clone(&ids),
                metrics.clone(),
            ),
            peer,
        )))
    })
    .and_then(requests)
}

fn reminder() -> Reminder {
    Reminder::new(Instant::now(), Duration::ZERO)
}

fn processors() -> Option<usize> {
    thread::available_parallelism().ok().map(NonZeroUsize::get)
}
