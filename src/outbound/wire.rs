//! The connections below the client, watched: awc tells neither whether a connection was new, nor
//! whether anything came of an answer, nor whether a body ended or was cut.
use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_rt::net::{ActixStream, Ready, TcpStream};
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection, tcp::TcpConnectorService};
use awc::http::Uri;
use futures_util::{FutureExt, future::LocalBoxFuture};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::names::Names;

/// What happened on the wires of one client while one future was polled. A client and all its
/// futures live on one thread and are polled one at a time, so this is about that future alone.
#[derive(Default)]
pub(super) struct Seen {
    dialled: Cell<bool>,
    heard: Cell<bool>,
    ended: Cell<bool>,
}

/// What [`Seen::during`] saw.
#[derive(Clone, Copy, Default)]
pub(super) struct Happened {
    /// A new connection was asked for.
    pub(super) dialled: bool,
    /// Bytes came; over TLS those of its own too.
    pub(super) heard: bool,
    /// A peer closed its side.
    pub(super) ended: bool,
}

impl Seen {
    /// Adds to `happened` what happens while `poll` runs.
    pub(super) fn during<T>(&self, happened: &mut Happened, poll: impl FnOnce() -> T) -> T {
        self.dialled.set(false);
        self.heard.set(false);
        self.ended.set(false);
        let polled = poll();
        happened.dialled |= self.dialled.get();
        happened.heard |= self.heard.get();
        happened.ended |= self.ended.get();
        polled
    }
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Wires {
    pub(super) names: Names,
    pub(super) seen: Rc<Seen>,
}

impl Service<ConnectInfo<Uri>> for Wires {
    type Response = Connection<Uri, Wire>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, ConnectError>>;

    actix_service::always_ready!();

    fn call(&self, to: ConnectInfo<Uri>) -> Self::Future {
        self.seen.dialled.set(true);
        let Self { names, seen } = self.clone();
        async move {
            let found = names.find(to.hostname()).await;
            let found = found.map_err(ConnectError::Resolver)?;
            let port = to.port();
            let to = to.set_addrs(found.into_iter().map(|ip| SocketAddr::new(ip, port)));
            let connection = TcpConnectorService::default().call(to).await?;
            let (tcp, connection) = connection.replace_io(());
            Ok(connection.replace_io(Wire { tcp, seen }).1)
        }
        .boxed_local()
    }
}

/// A connection that notes its end.
pub(super) struct Wire {
    tcp: TcpStream,
    seen: Rc<Seen>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tcp.fmt(f)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Ok(())) if buffer.filled().len() > before => self.seen.heard.set(true),
            Poll::Ready(_) => self.seen.ended.set(true),
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

impl ActixStream for Wire {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.tcp, cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.tcp, cx)
    }
}
