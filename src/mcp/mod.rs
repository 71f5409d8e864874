//! The Model Context Protocol and nothing of Gitea: messages, eras, methods, transports. What the
//! tools are and do is asked through [`Tools`]; who is asking is known before a request comes here.
use std::{num::NonZeroUsize, rc::Rc, sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::header::HeaderMap};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{caller::Caller, fault::Fault, keys::KeyId};

mod batch;
mod era;
mod headers;
mod http;
mod message;
mod methods;
mod plain;
mod reply;
mod room;
mod sessions;
mod sse;
mod tools;

pub use tools::{Outcome, ToolCall, ToolResult, Tools};

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most open streams of one key.
    pub max_streams_per_key: NonZeroUsize,
    /// How often a silent stream says that it is alive.
    pub heartbeat: Duration,
    /// The path below which a proxy serves the routes: empty, or `/aegis`.
    pub base_path: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_streams_per_key: NonZeroUsize::new(64).expect("not nought"),
            heartbeat: Duration::from_secs(15),
            base_path: String::new(),
        }
    }
}

/// What all workers share: the open streams, and what ends them.
#[derive(Debug)]
pub struct Shared {
    settings: Settings,
    sessions: sessions::Sessions,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl Shared {
    /// `tracker` holds the calls that outlive their client; whoever stops the server waits for it.
    /// Cancelling `shutdown` ends all streams.
    pub fn new(settings: Settings, tracker: TaskTracker, shutdown: CancellationToken) -> Self {
        Self {
            settings,
            sessions: sessions::Sessions::default(),
            tracker,
            shutdown,
        }
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.sessions.count()
    }

    /// What a path is to us: what a stream's client is told has the proxy's path before it, and the
    /// client may have come past the proxy.
    pub fn own_path<'p>(&self, path: &'p str) -> &'p str {
        let ours = path.strip_prefix(&*self.settings.base_path);
        ours.filter(|ours| *ours == sse::PATH).unwrap_or(path)
    }

    /// Ends the streams of keys that are not in force any more.
    pub fn end_streams_unless(&self, is_in_force: impl Fn(&KeyId) -> bool) {
        self.sessions.keep(is_in_force);
    }
}

/// The protocol's side of each route. One a worker.
///
/// Whoever calls a method has let the caller in, and read the body within its limits. A [`Fault`] is a
/// fault of the HTTP request; faults in a readable message are in the answer.
#[derive(Debug)]
pub struct Protocol<T> {
    tools: Rc<T>,
    shared: Arc<Shared>,
}

impl<T: Tools> Protocol<T> {
    pub fn new(tools: Rc<T>, shared: Arc<Shared>) -> Self {
        Self { tools, shared }
    }

    /// `POST /mcp`: Streamable HTTP. Dropped, it cancels a modern call; a legacy one runs on.
    pub async fn post_mcp(
        &self,
        caller: Rc<Caller>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<HttpResponse, Fault> {
        http::post(self, caller, headers, body).await
    }

    /// `GET /mcp/sse`: opens a stream of the 2024-11-05 transport.
    pub fn get_sse(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        query: &str,
    ) -> Result<HttpResponse, Fault> {
        sse::open(&self.shared, caller, headers, query)
    }

    /// `POST /mcp/sse`: a message of an open stream, where the query names one; else Streamable HTTP.
    pub async fn post_sse(
        &self,
        caller: Rc<Caller>,
        headers: &HeaderMap,
        query: &str,
        body: &[u8],
    ) -> Result<HttpResponse, Fault> {
        match sse::session_id(query) {
            Some(session) => sse::post(self, caller, headers, &session, body),
            None => http::post(self, caller, headers, body).await,
        }
    }

    /// `GET /mcp/tools`: the caller's tools as `{"tools": […]}`.
    pub fn get_tools(&self, caller: &Caller) -> HttpResponse {
        plain::list(&*self.tools, caller)
    }

    /// `POST /mcp/tool/call`: runs `{"tool" or "name", "arguments"}`. Dropped, it is cancelled.
    pub async fn post_tool_call(
        &self,
        caller: Rc<Caller>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<HttpResponse, Fault> {
        plain::call(&*self.tools, caller, headers, body).await
    }
}
