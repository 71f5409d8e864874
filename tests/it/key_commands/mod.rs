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

/// Whoever mistypes the name of the file is not told that there are no keys.
#[test]
fn a_named_file_that_is_not_there_is_no_file_without_keys() {
    let keys = Keys::new();
    let commands = [
        &["list-keys"][..],
        &["revoke-key", "laptop", "--yes"],
        &["rotate-key", "laptop", "--yes", "--no-test"],
        &["rotate-key", "--status"],
    ];
    let named = |arguments: &[&str], by_option: bool| {
        let mut command = keys.command(arguments);
        if by_option {
            command.args(["--env-file", "nope"]);
        } else {
            command.env("AEGIS_ENV_FILE", "nope");
        }
        fixture::Done::of(&command.output().unwrap())
    };
    let told = "error: `nope` does not exist: name the file with the settings by `--env-file` or `AEGIS_ENV_FILE`\n";
    for arguments in commands {
        for by_option in [true, false] {
            let done = named(arguments, by_option);
            assert_eq!(
                (done.code, &*done.stderr),
                (Some(78), told),
                "{arguments:?}"
            );
        }
    }
    assert!(keys.names().is_empty());
}

#[test]
fn where_no_file_is_a_command_that_needs_a_key_says_so() {
    let keys = Keys::new();
    for arguments in [
        &["revoke-key", "laptop", "--yes"][..],
        &["rotate-key", "--yes", "--no-test"],
    ] {
        let done = keys.run(arguments);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        let words = "no keys are set: there is no .env here (`--env-file` or `AEGIS_ENV_FILE` names one that is elsewhere)";
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
}

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
