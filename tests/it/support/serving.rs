//! `aegis serve` as a process of its own.
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
};

use super::Client;

/// Where a server listens, once it says so on standard error, and all that it said until then.
pub(crate) fn listening(stderr: &mut impl BufRead) -> (SocketAddr, String) {
    let mut said = String::new();
    loop {
        let start = said.len();
        assert!(stderr.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        if let Some((_, rest)) = said[start..].split_once("listening on http://") {
            return (rest.split(',').next().unwrap().parse().unwrap(), said);
        }
    }
}

/// A server beside which commands are run, until it is dropped.
pub(crate) struct Serving {
    child: Child,
    address: SocketAddr,
    /// Held open, so that it can go on saying things.
    _stderr: BufReader<ChildStderr>,
}

impl Serving {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        // Nobody listens there; keys do not need a forge.
        command.env("GITEA_URL", "http://127.0.0.1:9");
        command.env("GITEA_TOKEN", "a-token").env("MCP_PORT", "0");
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (address, _) = listening(&mut stderr);
        Self {
            child,
            address,
            _stderr: stderr,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it answers to this key.
    pub(crate) fn answer(&self, key: &str) -> u16 {
        let client = Client::new(self.address).bearer(key);
        client.get("/mcp/tools").status
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
