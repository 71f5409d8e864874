//! Against the real server, which reads its files while it runs.
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use super::fixture::{Keys, hint, old};
use crate::{
    cli::{aegis, text},
    support::Client,
};

/// `aegis serve` with the keys of a file, until it is dropped.
struct Served {
    child: Child,
    address: SocketAddr,
    /// Held, so that what it says has somewhere to go.
    _said: BufReader<ChildStderr>,
}

impl Served {
    fn start(keys: &Keys) -> Self {
        let mut command = aegis(&["serve", "--port", "0"]);
        command.current_dir(keys.path(""));
        // No Gitea listens there; keys are taken nevertheless.
        command.env("GITEA_URL", "http://127.0.0.1:9");
        command.env("GITEA_TOKEN", "0123456789".repeat(4));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split(',').next().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            address,
            _said: said,
        }
    }

    fn status(&self, key: &str) -> u16 {
        Client::new(self.address)
            .bearer(key)
            .get("/mcp/tools")
            .status
    }

    /// Asks until the answer is this one.
    fn wait_for(&self, key: &str, status: u16) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.status(key) != status {
            assert!(Instant::now() < deadline, "it never answers {status}");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_server_takes_the_new_key_and_drops_the_old_one_without_a_restart() {
    let keys = Keys::new(2, 9);
    let served = Served::start(&keys);
    assert_eq!(served.status(&old(1)), 200);
    let url = format!("http://{}", served.address);
    let output = keys.run(&["key1", "--yes", "--grace", "0", "--server", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let new = keys.new_key();
    served.wait_for(&old(1), 401);
    assert_eq!((served.status(&new), served.status(&old(2))), (200, 200));
}

#[test]
fn the_server_refuses_an_old_key_once_its_end_has_come() {
    let keys = Keys::new(1, 9);
    let served = Served::start(&keys);
    let url = format!("http://{}", served.address);
    let output = keys.run(&["--yes", "--server", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(served.status(&old(1)), 200);
    let end = chrono::Utc::now() + chrono::TimeDelta::seconds(1);
    keys.set(&hint(&old(1)), "expires_at", end.to_rfc3339().into());
    served.wait_for(&old(1), 401);
    assert_eq!(served.status(&keys.new_key()), 200);
    assert_eq!(keys.stage().as_deref(), Some("ended"));
}

#[test]
fn a_hashed_key_that_was_used_is_known_by_its_hint_in_the_log() {
    let keys = Keys::new(1, 9);
    let served = Served::start(&keys);
    let url = format!("http://{}", served.address);
    let hashed = ["--yes", "--hashed", "--print", "--server", &url];
    let output = keys.run(&hashed);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let new = text(&output.stdout).trim_end();
    served.wait_for(new, 200);
    let output = keys.run(&["--finish", "--yes", "key1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&format!("{} was used", hint(new))));
    served.wait_for(&old(1), 401);
    assert_eq!(served.status(new), 200);
}
