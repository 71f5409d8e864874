//! The connections below the client, watched: awc tells neither whether a connection was new, nor
//! whether anything came of an answer, nor whether a body ended or was cut.
use std::{
    cell::Cell,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_rt::net::{ActixStream, Ready, TcpStream};
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use futures_util::{FutureExt, future::LocalBoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout},
};

use super::{CONNECT, names::Names};

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
            let until = Instant::now() + CONNECT;
            let (host, port) = (to.hostname(), to.port());
            let found = names.find(host).await;
            let (found, others) = found.map_err(ConnectError::Resolver)?;
            let mut tcp = dial(&found, port, until, others).await;
            if tcp.is_err()
                && others
                && let Some(others) = Names::find_others(host).await
            {
                tcp = dial(&others, port, until, false).await.or(tcp);
            }
            let tcp = tcp.map_err(ConnectError::Io)?;
            Ok(Connection::new(to.request().clone(), Wire { tcp, seen }))
        }
        .boxed_local()
    }
}

/// A connection to the first of these addresses that takes one. Each has its share of the time that is
/// left, and the `others` that may come after them have one too.
async fn dial(found: &[IpAddr], port: u16, until: Instant, others: bool) -> io::Result<TcpStream> {
    let mut failed = io::ErrorKind::NotFound.into();
    for (tried, ip) in found.iter().enumerate() {
        let left = u32::try_from(found.len() + usize::from(others) - tried);
        let time = until.saturating_duration_since(Instant::now());
        let connecting = TcpStream::connect(SocketAddr::new(*ip, port));
        match timeout(time / left.unwrap_or(u32::MAX), connecting).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::{net::TcpListener, time::Duration};

    use actix_rt::net::TcpSocket;

    use super::*;

    #[actix_rt::test]
    async fn an_address_that_drops_what_comes_leaves_time_for_the_next() {
        let answers = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = answers.local_addr().unwrap();
        let silent = SocketAddr::new([127, 0, 0, 2].into(), address.port());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(silent).unwrap();
        // Its queue is full with one, and the next is dropped.
        let _silent = socket.listen(0).unwrap();
        let _one = TcpStream::connect(silent).await.unwrap();
        let until = Instant::now() + Duration::from_millis(600);
        let found = [silent.ip(), address.ip()];
        let tcp = dial(&found, address.port(), until, true).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), address);
    }
}
