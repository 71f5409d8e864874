//! Against the real server, which reads its files while it runs.
use std::time::{Duration, Instant};

use super::fixture::{Keys, hint, old};
use crate::{
    cli::{aegis, text},
    support::Serving,
};

/// `aegis serve` with the keys of a file.
fn serve(keys: &Keys) -> Serving {
    Serving::start(aegis(&["serve"]).current_dir(keys.path("")))
}

/// Asks until the answer is this one.
fn wait_for(served: &Serving, key: &str, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.answer(key) != status {
        assert!(Instant::now() < deadline, "it never answers {status}");
    }
}

#[test]
fn the_server_takes_the_new_key_and_drops_the_old_one_without_a_restart() {
    let keys = Keys::new(2, 9);
    let served = serve(&keys);
    assert_eq!(served.answer(&old(1)), 200);
    let url = served.url();
    let output = keys.run(&["key1", "--yes", "--grace", "0", "--server", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let new = keys.new_key();
    wait_for(&served, &old(1), 401);
    assert_eq!((served.answer(&new), served.answer(&old(2))), (200, 200));
}

#[test]
fn the_server_refuses_an_old_key_once_its_end_has_come() {
    let keys = Keys::new(1, 9);
    let served = serve(&keys);
    let url = served.url();
    let output = keys.run(&["--yes", "--server", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(served.answer(&old(1)), 200);
    let end = chrono::Utc::now() + chrono::TimeDelta::seconds(1);
    keys.set(&hint(&old(1)), "expires_at", end.to_rfc3339().into());
    wait_for(&served, &old(1), 401);
    assert_eq!(served.answer(&keys.new_key()), 200);
    assert_eq!(keys.stage().as_deref(), Some("ended"));
}

#[test]
fn a_hashed_key_that_was_used_is_known_by_its_hint_in_the_log() {
    let keys = Keys::new(1, 9);
    let served = serve(&keys);
    let url = served.url();
    let hashed = ["--yes", "--hashed", "--print", "--server", &url];
    let output = keys.run(&hashed);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let new = text(&output.stdout).trim_end();
    wait_for(&served, new, 200);
    let output = keys.run(&["--finish", "--yes", "key1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&format!("{} was used", hint(new))));
    wait_for(&served, &old(1), 401);
    assert_eq!(served.answer(new), 200);
}
