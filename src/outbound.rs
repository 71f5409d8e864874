//! Requests to other servers: the only place that knows `awc`. Redirects are never followed,
//! nothing is decompressed, no proxy is taken from the environment, and every answer has a limit of
//! size and one deadline from the first byte of the name's look-up to the last of the body.
mod names;
mod tls;
mod wire;

use std::{fmt, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use actix_http::error::ParseError;
use awc::error::{ConnectError, SendRequestError};
use futures_util::{Stream, future::poll_fn};
use tokio::time::{Instant, timeout_at};

use awc::http::Version;
pub use awc::http::{
    Method,
    header::{self, HeaderName, HeaderValue},
};
pub use names::UNKNOWN_NAME;
pub use tls::{TlsError, TlsRoots};

use names::Names;
use wire::{Happened, Seen, Wires};

/// What the clients of all workers share: certificates, TLS sessions and the cache of names.
#[derive(Clone)]
pub struct Outbound {
    tls: Arc<rustls::ClientConfig>,
    names: Names,
}

impl Outbound {
    /// Reads the system's certificates if wanted, once, and `/etc/resolv.conf` and `/etc/hosts`, which
    /// are read anew as long as names are looked up. What `ca_pem` holds is believed too.
    ///
    /// # Errors
    /// `ca_pem` holds no certificate, or the system has none.
    pub fn new(roots: TlsRoots, ca_pem: Option<&[u8]>) -> Result<Self, TlsError> {
        Ok(Self {
            tls: Arc::new(tls::config(roots, ca_pem)?),
            names: Names::of_system(),
        })
    }

    /// A client with connections of its own. It stays on the thread that made it.
    pub fn client(&self) -> HttpClient {
        let seen = Rc::new(Seen::default());
        let wires = Wires {
            names: self.names.clone(),
            seen: Rc::clone(&seen),
        };
        let connector = awc::Connector::new()
            .connector(wires)
            .rustls_0_23(Arc::clone(&self.tls))
            .timeout(CONNECT)
            .handshake_timeout(CONNECT);
        let client = awc::Client::builder()
            .connector(connector)
            .disable_redirects()
            .disable_timeout()
            .no_default_headers()
            .finish();
        HttpClient { client, seen }
    }
}

/// How long finding a name and connecting may take, and again how long TLS may.
const CONNECT: Duration = Duration::from_secs(5);

/// Connections to other servers, for one thread.
pub struct HttpClient {
    client: awc::Client,
    seen: Rc<Seen>,
}

/// One request. `url` is whole and already encoded.
pub struct Request<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: &'a [(HeaderName, HeaderValue)],
    pub body: Vec<u8>,
    /// The longest body that is read, in bytes.
    pub limit: usize,
    pub deadline: Instant,
}

/// A whole answer, whatever its status.
pub struct Response {
    head: awc::ClientResponse,
    pub body: Vec<u8>,
}

impl Response {
    pub fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    /// The first header of this name; `None` also where it is not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.head.status(), self.body.len())
    }
}

/// Why there is no whole answer. `Display` is for the log.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("no connection: {0}")]
    Connect(String),
    #[error("no answer in time")]
    Timeout,
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the connection ended before the answer did: {0}")]
    Broken(String),
    #[error("the answer is no HTTP: {0}")]
    Malformed(String),
}

impl HttpClient {
    /// Sends a request and reads the answer. A GET is sent again where a connection that was kept
    /// alive turned out to be dead before a byte of the answer, and so on until none is left and one
    /// is made for it; nothing else ever is.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, SendError> {
        timeout_at(request.deadline, self.exchange(&request))
            .await
            .unwrap_or(Err(SendError::Timeout))
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Response, SendError> {
        let mut head = loop {
            let mut happened = Happened::default();
            let answer = self.head(request, &mut happened).await;
            let dead = match &answer {
                // The end came before an answer began. Over TLS its goodbye was heard nevertheless.
                Err(SendRequestError::Connect(ConnectError::Disconnected)) => true,
                Err(SendRequestError::Send(_) | SendRequestError::Response(ParseError::Io(_))) => {
                    !happened.heard
                }
                _ => false,
            };
            if !(dead && !happened.dialled && request.method == Method::GET) {
                break answer.map_err(translate)?;
            }
        };
        let body = self.body(&mut head, request.limit).await?;
        Ok(Response { head, body })
    }

    async fn head(
        &self,
        request: &Request<'_>,
        happened: &mut Happened,
    ) -> Result<awc::ClientResponse, SendRequestError> {
        let mut head = self.client.request(request.method.clone(), request.url);
        for (name, value) in request.headers {
            head.headers_mut().insert(name.clone(), value.clone());
        }
        let mut sending = head.send_body(request.body.clone());
        poll_fn(|cx| (self.seen).during(happened, || Pin::new(&mut sending).poll(cx))).await
    }

    async fn body(
        &self,
        answer: &mut awc::ClientResponse,
        limit: usize,
    ) -> Result<Vec<u8>, SendError> {
        let headers = answer.headers();
        let declared = headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(SendError::TooLarge(limit));
        }
        let framed = declared.is_some() || headers.contains_key(header::TRANSFER_ENCODING);
        if !framed && answer.version() == Version::HTTP_11 && answer.status() != 204 {
            // awc would take it for an empty one.
            return Err(SendError::Malformed("a body without a length".to_owned()));
        }
        let mut body = Vec::with_capacity(declared.unwrap_or(0));
        let mut happened = Happened::default();
        loop {
            let next = poll_fn(|cx| {
                (self.seen).during(&mut happened, || Pin::new(&mut *answer).poll_next(cx))
            });
            match next.await {
                // awc takes the end of the connection for the end of the body.
                None if framed && happened.ended => {
                    return Err(SendError::Broken("the body is cut".to_owned()));
                }
                None => return Ok(body),
                Some(Ok(chunk)) if body.len() + chunk.len() > limit => {
                    return Err(SendError::TooLarge(limit));
                }
                Some(Ok(chunk)) => body.extend_from_slice(&chunk),
                Some(Err(error)) => return Err(SendError::Broken(error.to_string())),
            }
        }
    }
}

fn translate(error: SendRequestError) -> SendError {
    match error {
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            SendError::Timeout
        }
        SendRequestError::Connect(ConnectError::Disconnected) => {
            SendError::Broken("closed without an answer".to_owned())
        }
        // Without awc's words before it.
        SendRequestError::Connect(ConnectError::Resolver(error)) => {
            SendError::Connect(error.to_string())
        }
        SendRequestError::Connect(error) => SendError::Connect(error.to_string()),
        SendRequestError::Send(error) | SendRequestError::Response(ParseError::Io(error)) => {
            SendError::Broken(error.to_string())
        }
        error => SendError::Malformed(error.to_string()),
    }
}
