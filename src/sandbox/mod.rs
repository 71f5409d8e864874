//! A small Gitea of our own with sample data, for a first run without a forge. It answers what the operations ask for in
//! the shapes that a real Gitea was seen to answer in, over real HTTP on a loopback port, and changes nothing.
//!
//! To read on: `data/` is the forge, `routes.rs` what can be asked of it, `shapes.json` what Gitea's JSON looks like.
mod answer;
mod code;
mod diff;
mod door;
mod entry;
mod filters;
mod forge;
mod git;
mod history;
mod issues;
mod routes;
mod shapes;
mod views;

use std::io;

use actix_web::dev::ServerHandle;
use rand::{TryRng, rngs::SysRng};

use crate::secret::Secret;

/// A forge that runs until this is dropped, or the actix system that it was started in ends.
#[derive(Debug)]
pub struct Sandbox {
    /// `http://127.0.0.1:<port>`: what `GITEA_URL` would be.
    pub url: String,
    /// The access token of the account `aegis`, made for this run: what `GITEA_TOKEN` would be.
    pub token: Secret,
    server: ServerHandle,
}

/// Starts a forge on a loopback port of its own. Runs inside the caller's actix system.
///
/// # Errors
/// There is no port to listen on, or the operating system's generator failed.
pub fn start() -> io::Result<Sandbox> {
    let mut bytes = [0; 20];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(io::Error::other)?;
    let token = Secret::new(hex::encode(bytes));
    let (address, server) = door::open(token.clone())?;
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok(Sandbox {
        url: format!("http://{address}"),
        token,
        server: handle,
    })
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The order is given here; nobody has to wait until it is carried out.
        drop(self.server.stop(false));
    }
}
