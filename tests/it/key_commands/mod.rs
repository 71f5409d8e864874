//! The commands around the life of a key, but its rotation: what they say, what they write, what
//! they leave behind.
mod check;
mod crash;
mod files;
mod fixture;
mod generate;
mod list;
mod revoke;
mod served;
mod terminal;

pub(crate) use fixture::{KEY, Keys, OTHER, hint};
use fixture::{OLD, ago};

#[test]
fn no_command_shows_a_key_that_it_did_not_make() {
    let half = &KEY[..40];
    for text in [
        format!("MCP_API_KEYS={KEY},{OTHER}\n"),
        format!("MCP_API_KEYS={KEY} {OTHER}\n"),
        format!("MCP_API_KEYS = '{KEY}\n{OTHER}'\n"),
        format!("MCP_API_KEYS={KEY}\u{200b},{half}\n"),
        format!("MCP_API_KEY={KEY}\n{KEY}\nMCP_API_KEYS={OTHER},{OTHER}\n"),
        format!("MCP_API_KEYS={OTHER}\nMCP_API_KEYS_FILE={KEY}\n"),
        format!("MCP_API_KEYS={OTHER}\nMCP_PORT={KEY}\nAUTH_ENABLED={KEY}\n"),
    ] {
        let keys = Keys::with(&text);
        keys.note(&[(KEY, &format!(r#""source": "{KEY}""#))]);
        for arguments in [
            &["list-keys", "--all"][..],
            &["list-keys", "--json"],
            &["list-keys", "--hints"],
            &["check-key-age"],
            &["check-key-age", "--json"],
            &["check-key-age", "--adopt"],
            &["generate-key", "--add", "--label", "x"],
            &["generate-key", "--add", "--json"],
            &["revoke-key", KEY, "--yes", "--no-wait"],
            &["revoke-key", half, "--yes", "--no-wait"],
            &["revoke-key", "0123", "--yes", "--no-wait"],
            &[
                "revoke-key",
                "fedc",
                "--yes",
                "--json",
                "--replace",
                "--no-wait",
            ],
        ] {
            let done = keys.run(arguments);
            for shown in [&done.stdout, &done.stderr] {
                let leaks = shown.contains(half) || shown.contains(&OTHER[..40]);
                assert!(!leaks, "{arguments:?} shows a key");
            }
        }
    }
}
