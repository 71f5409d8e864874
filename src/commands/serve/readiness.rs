//! Tells a service manager how the server stands, as `sd_notify(3)` of systemd has it.
use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

use crate::config::Env;

/// It listens: what waits for it may begin.
pub(super) const READY: &str = "READY=1";
/// It was asked to stop, and lets running calls end.
pub(super) const STOPPING: &str = "STOPPING=1";

/// Tells it to who started us, if they want to know.
pub(super) fn tell(state: &str) {
    let Some(name) = Env::notify_socket() else {
        return;
    };
    if let Err(error) = send(&name, state) {
        log::warn!("`NOTIFY_SOCKET` was not told `{state}`: {error}");
    }
}

fn send(name: &OsStr, state: &str) -> io::Result<()> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.send_to_addr(state.as_bytes(), &address).map(|_| ())
}
