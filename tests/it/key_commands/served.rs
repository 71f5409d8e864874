//! Keys that are made and revoked beside a server that runs: the real one.
use super::{KEY, Keys, OTHER, ago, fixture::hashed, hint};
use crate::support::Serving;

/// A server with the keys of a folder.
fn beside(keys: &Keys) -> Serving {
    Serving::start(&mut keys.command(&["serve"]))
}

#[test]
fn a_revoked_key_is_refused_by_the_running_server_before_the_command_ends() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let served = beside(&keys);
    assert_eq!((served.answer(KEY), served.answer(OTHER)), (200, 200));
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!((served.answer(KEY), served.answer(OTHER)), (401, 200));
    // An old file comes back: the key does not.
    keys.write(".env", format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let check = keys.run(&["check-key-age"]);
    assert!(
        check.stdout.contains("was revoked and still is in `.env`"),
        "{}",
        check.stdout
    );
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!((served.answer(KEY), served.answer(OTHER)), (401, 200));
}

#[test]
fn the_only_key_is_replaced_and_the_running_server_takes_the_new_one() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let served = beside(&keys);
    let url = served.url();
    let arguments = [
        "revoke-key",
        "0123",
        "--yes",
        "--replace",
        "--print",
        "--server",
        &url,
    ];
    let done = keys.run(&arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr.ends_with(", and takes the new one\n"),
        "{}",
        done.stderr
    );
    let new = done.stdout.trim_end();
    assert_eq!((served.answer(KEY), served.answer(new)), (401, 200));
}

#[test]
fn a_hashed_key_is_revoked_and_the_servers_own_record_proves_it() {
    let keys = Keys::with(&format!("MCP_API_KEYS={},{OTHER}\n", hashed(KEY)));
    let served = beside(&keys);
    assert_eq!(served.answer(KEY), 200);
    let name = hint(&hashed(KEY)["sha256:".len()..]);
    let done = keys.run(&["revoke-key", &name, "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr
            .ends_with("the running server recorded that it dropped it\n")
    );
    assert_eq!(served.answer(KEY), 401);
}

#[test]
fn uses_are_counted_and_tries_of_a_revoked_key_are_told_apart_from_our_own() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let served = beside(&keys);
    for _ in 0..3 {
        assert_eq!(served.answer(OTHER), 200);
    }
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let listed = keys.run(&["list-keys", "--json"]).json();
    assert_eq!(listed["keys"][0]["uses_in_7_days"], 3);
    assert_eq!(listed["keys"][0]["last_used_from"], "127.0.0.1");
    let check = keys.run(&["check-key-age", "--unknown=ok"]);
    assert_eq!(check.code, Some(0), "{}", check.stdout);
}

#[test]
fn a_server_that_does_not_reload_is_told_to_be_restarted() {
    let keys = Keys::with(&format!("KEY_RELOAD=off\nMCP_API_KEYS={KEY},{OTHER}\n"));
    let served = beside(&keys);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(1));
    assert!(
        done.stderr.contains("`KEY_RELOAD` is off: restart it now"),
        "{}",
        done.stderr
    );
    assert!(!keys.read(".env").contains(KEY));
    assert_eq!(served.answer(KEY), 200);
    drop(served);
    let again = beside(&keys);
    assert_eq!((again.answer(KEY), again.answer(OTHER)), (401, 200));
}

#[test]
fn a_key_is_not_called_refused_at_a_second_try_while_the_server_takes_it() {
    let keys = Keys::known(&[(KEY, r#""label": "laptop""#)]);
    keys.write(
        ".env",
        format!("KEY_RELOAD=off\nMCP_API_KEYS={KEY},{OTHER}\n"),
    );
    let served = beside(&keys);
    let revoke = |served: &Serving| {
        let url = served.url();
        keys.run(&["revoke-key", "laptop", "--yes", "--server", &url])
    };
    assert_eq!(revoke(&served).code, Some(1));
    let done = revoke(&served);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let advice = "restart it and run this again\n";
    assert!(done.stderr.ends_with(advice), "{}", done.stderr);
    assert_eq!(served.answer(KEY), 200);
}

#[test]
fn where_blocks_are_strict_a_revocation_is_no_failure_to_log_in() {
    let keys = Keys::with(&format!(
        "AUTH_LOCKOUT_MODE=strict\nMAX_AUTH_FAILURES=1\nMCP_API_KEYS={KEY},{OTHER}\n"
    ));
    let served = beside(&keys);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(served.answer(OTHER), 200);
}

#[test]
fn a_restart_after_the_revocation_is_a_proof_at_a_second_try() {
    let keys = Keys::with(&format!("MCP_API_KEYS={OTHER}\n"));
    keys.note(&[(KEY, &ago("revoked_at", 0))]);
    let served = beside(&keys);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--server", &served.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let told = "the audit log says that the server refuses it\n";
    assert!(done.stderr.ends_with(told), "{}", done.stderr);
}

#[test]
fn without_reloading_no_command_promises_more_than_a_restart_does() {
    for arguments in [
        &["generate-key", "--add"][..],
        &["revoke-key", "0123", "--yes", "--no-wait"],
        &["rotate-key", "0123", "--yes", "--no-test"],
    ] {
        let keys = Keys::with(&format!("KEY_RELOAD=off\nMCP_API_KEYS={KEY},{OTHER}\n"));
        let done = keys.run(arguments);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let said = &done.stderr;
        assert!(
            said.contains("`KEY_RELOAD` is off") && said.contains("restart"),
            "{said}"
        );
        assert!(!said.contains("three seconds"), "{said}");
    }
}

#[test]
fn that_a_hashed_key_is_refused_is_proven_also_where_what_was_known_of_it_is_lost() {
    let listed = format!("MCP_API_KEYS={},{OTHER}\n", hashed(KEY));
    let keys = Keys::with(&listed);
    let served = beside(&keys);
    let digest = &hashed(KEY)["sha256:".len()..][..8];
    let url = served.url();
    let revoke = || keys.run(&["revoke-key", digest, "--yes", "--server", &url]);
    let done = revoke();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    std::fs::remove_file(keys.path("aegis-keys.json")).unwrap();
    keys.write(".env", &listed);
    assert_eq!(keys.run(&["check-key-age", "--adopt"]).code, Some(0));
    let done = revoke();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let told = "the audit log says that the server refuses it\n";
    assert!(done.stderr.ends_with(told), "{}", done.stderr);
    assert_eq!((served.answer(KEY), served.answer(OTHER)), (401, 200));
}
