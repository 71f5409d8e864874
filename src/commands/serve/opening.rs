//! What a server takes from its operating system before it serves: signals, its port, its log.
use std::{
    fs::DirBuilder,
    io,
    net::{SocketAddr, TcpListener},
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::Arc,
};

use actix_rt::net::TcpSocket;
use rand::{TryRng, rngs::SysRng};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    audit::{AuditLog, AuditOpenError, AuditSettings},
    commands::Failure,
    config::Env,
};

/// What the operating system tells a server.
pub(super) struct Signals {
    pub(super) terminate: Signal,
    pub(super) interrupt: Signal,
    pub(super) hangup: Signal,
    /// Heard so that a limit on the size of files ends no process: the write fails instead.
    pub(super) _file_size: Signal,
}

impl Signals {
    pub(super) fn hear() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::Other(format!("signals are not heard: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
            _file_size: listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }
}

pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| unbound(address, &error))
}

/// Why nobody could listen there, found without listening. That the port is in use is none: it may be
/// by the server that runs.
pub(super) fn unlistenable(address: SocketAddr) -> Option<Failure> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // It is in the way of no server that starts at this moment.
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    };
    let error = bound().err()?;
    (error.kind() != io::ErrorKind::AddrInUse).then(|| unbound(address, &error))
}

fn unbound(address: SocketAddr, error: &io::Error) -> Failure {
    let advice = "choose another with `--port` or `MCP_PORT`";
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::Other(format!(
            "{address} is in use by another program: stop it, or {advice}"
        )),
        io::ErrorKind::PermissionDenied => Failure::Settings(format!(
            "{address} is not for everybody to listen on: {advice} from 1024 on"
        )),
        // It may come yet, as that of a tunnel does: trying again is of use.
        io::ErrorKind::AddrNotAvailable => Failure::Other(format!(
            "{} is no address of this machine, or not yet: choose another with `--host` or `MCP_HOST`",
            address.ip()
        )),
        _ => Failure::Other(format!("{address} cannot be listened on: {error}")),
    }
}

pub(super) fn open_audit(settings: AuditSettings) -> Result<Arc<AuditLog>, Failure> {
    AuditLog::open(settings)
        .map(Arc::new)
        .map_err(|error| match error {
            AuditOpenError::Locked(_)
            | AuditOpenError::NoRandomness
            | AuditOpenError::NoThread(_) => Failure::Other(error.to_string()),
            _ => Failure::Settings(error.to_string()),
        })
}

/// A log in a fresh folder that nobody else can look into.
pub(super) fn private_file() -> Result<PathBuf, Failure> {
    let folder = Env::temporary_folder().join(format!("aegis-sandbox-{:08x}", random()?));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(|error| Failure::Other(format!("no folder for the audit log: {error}")))?;
    Ok(folder.join("audit.log"))
}

pub(super) fn random() -> Result<u32, Failure> {
    let drawn = SysRng.try_next_u32();
    drawn.map_err(|error| Failure::Other(format!("no random number: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_for_everybody_is_a_setting_to_mend() {
        let address = SocketAddr::from(([127, 0, 0, 1], 443));
        let failure = unbound(address, &io::ErrorKind::PermissionDenied.into());
        assert!(matches!(failure, Failure::Settings(_)));
        assert_eq!(
            failure.to_string(),
            "127.0.0.1:443 is not for everybody to listen on: choose another with `--port` or `MCP_PORT` from 1024 on"
        );
    }
}
