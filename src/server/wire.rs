//! The connection below the requests. What the HTTP layer cannot read, it refuses by itself with a
//! bare status; here such an answer gets the headers and the words that every answer of ours has. And
//! here a connection ends whose client does not end what it has begun.
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Metrics, answer, refusal,
    turn::{Patience, Turn},
};
use crate::{caller::RequestIds, fault::Fault};

/// A client's connection.
pub(super) struct Wire {
    stream: TcpStream,
    patience: Patience,
    /// Whether what was to be written last found no room.
    is_writing: bool,
    peer: IpAddr,
    ids: Arc<RequestIds>,
    metrics: Option<Metrics>,
    /// What is still to be written instead of a bare answer.
    instead: Vec<u8>,
}

impl Wire {
    pub(super) fn new(
        stream: TcpStream,
        patience: Patience,
        ids: Arc<RequestIds>,
        metrics: Option<Metrics>,
    ) -> Self {
        let peer = stream.peer_addr();
        Self {
            peer: peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip()),
            stream,
            patience,
            is_writing: false,
            ids,
            metrics,
            instead: Vec::new(),
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn turn(&self) -> Turn {
        self.patience.turn().clone()
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.is_writing = written.is_pending();
        written
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_empty() {
            let Some((before, fault)) = bare(bytes) else {
                return self.poll_send(cx, bytes);
            };
            if before > 0 {
                return self.poll_send(cx, &bytes[..before]);
            }
            let head = &bytes[..bytes.len() - LINE_END.len()];
            let id = self.ids.next();
            self.instead = answer::in_words(head, &fault, id);
            if let Some(metrics) = &self.metrics {
                metrics.note(answer::status(&fault));
            }
            refusal::tell(&fault, id, self.peer);
        }
        while !self.instead.is_empty() {
            let Self {
                stream, instead, ..
            } = &mut *self;
            let written = ready!(Pin::new(stream).poll_write(cx, instead))?;
            if written == 0 {
                return Poll::Ready(Ok(0));
            }
            instead.drain(..written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was read may be begun only since its turn came, and nothing more need come to be read.
        let _ = self.patience.poll_end(cx, true);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_pending() {
            // As if the client had closed it.
            let is_writing = self.is_writing;
            return self.patience.poll_end(cx, is_writing).map(Ok);
        }
        let bytes = &buffer.filled()[before..];
        if !bytes.is_empty() {
            self.patience.note(bytes);
        }
        read
    }
}

impl ActixStream for Wire {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.stream, cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.stream, cx)
    }
}

const LINE_END: &[u8] = b"\r\n";
/// An answer that the HTTP layer makes by itself, and what it means.
struct Bare {
    status_line: &'static [u8],
    fault: fn() -> Fault,
}

const BARE: [Bare; 3] = [
    Bare {
        status_line: b"HTTP/1.1 400 Bad Request\r\n",
        fault: refusal::unreadable,
    },
    Bare {
        status_line: b"HTTP/1.1 408 Request Timeout\r\n",
        fault: refusal::head_too_slow,
    },
    Bare {
        status_line: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
        fault: refusal::head_too_large,
    },
];
/// What follows the status line of a bare answer, before its date: on a new connection, and on one
/// that was to be kept.
const NO_BODY: [&[u8]; 2] = [
    b"content-length: 0\r\nconnection: close\r\ndate: ",
    b"content-length: 0\r\ndate: ",
];
/// `Sat, 28 Nov 2026 20:12:58 GMT`, and the end of the head.
const DATE: usize = 29 + 2 * LINE_END.len();

/// Where a bare answer begins, if the bytes end in one, and what it means. Answers before it on the
/// same connection may stand before it; none of ours looks like it.
fn bare(bytes: &[u8]) -> Option<(usize, Fault)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    BARE.iter().find_map(|bare| {
        let line = bare.status_line;
        let start = NO_BODY.iter().find_map(|no_body| {
            let length = line.len() + no_body.len() + DATE;
            let start = bytes.len().checked_sub(length)?;
            let rest = bytes[start..].strip_prefix(line)?;
            rest.starts_with(no_body).then_some(start)
        });
        Some((start?, (bare.fault)()))
    })
}
