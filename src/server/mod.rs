//! The HTTP server: the route table, the order of layers, limits of size and time, the shutdown.
//! What the requests are about is decided in `mcp`, who may send them in `auth`.
mod site;

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use site::{Site, SiteError};

use crate::{auth::Gatekeeper, mcp::Tools};

/// What an operator decides about the server, and the deadlines, which only tests shorten.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `PUBLIC_URL`, `ALLOWED_HOSTS`, `ALLOWED_ORIGINS`.
    pub site: Site,
    /// `MAX_CONNECTIONS_PER_ADDRESS`.
    pub connections_per_address: u32,
    /// `SHUTDOWN_GRACE`.
    pub shutdown_grace: Duration,
    /// How long a handler may take to answer: `GITEA_TIMEOUT` and five seconds.
    pub answer_timeout: Duration,
    /// For the first request's head on a connection.
    pub head_timeout: Duration,
    /// For a body; each 64 KiB that have come add a second.
    pub body_timeout: Duration,
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
            workers: None,
        }
    }
}

/// What the server is made of, shared by all workers.
#[derive(Clone, Debug)]
pub struct Parts {
    pub settings: ServerSettings,
    pub gatekeeper: Arc<Gatekeeper>,
    /// Holds what must end before the process does: requests being answered, calls that outlive
    /// their client.
    pub calls: TaskTracker,
    /// Cancelled when the server stops: open streams end then.
    pub stopping: CancellationToken,
}

/// Serves until `shutdown` is ready, then lets running calls end within the grace.
///
/// `tools` makes one set of tools for each worker, on that worker's thread.
pub async fn serve<T: Tools>(
    _listener: TcpListener,
    _parts: Parts,
    _tools: impl Fn() -> T + Clone + Send + 'static,
    _shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    unimplemented!()
}
