//! Commands as a person types them: whole outputs, exit codes, a terminal and a pipe.
use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    process::{Command, Output},
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{golden, measured};

/// The binary in a folder of its own and with no variable of this process.
pub(crate) fn aegis(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command
        .args(arguments)
        .env_clear()
        .envs(measured())
        .env("NO_COLOR", "1")
        .current_dir("/");
    command
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn run(arguments: &[&str]) -> Output {
    aegis(arguments).output().unwrap()
}

/// What a command shows on a terminal.
fn on_a_terminal(arguments: &[&str]) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let mut child = aegis(arguments)
        .stdout(OwnedFd::from(side))
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    // The read ends with an error when the last writer has left the terminal.
    let _ = File::from(terminal).read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    text(&shown).replace("\r\n", "\n")
}

fn is_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

#[test]
fn a_key_alone_goes_into_a_pipe() {
    for arguments in [&["generate-key"][..], &["generate-key", "--quiet"]] {
        let output = run(arguments);
        let key = text(&output.stdout).strip_suffix('\n').unwrap();
        assert!(is_key(key), "not 64 hexadecimal digits");
        assert_eq!(output.stderr, b"");
        assert!(output.status.success());
    }
}

#[test]
fn two_keys_differ() {
    assert_ne!(run(&["generate-key"]).stdout, run(&["generate-key"]).stdout);
}

#[test]
fn on_a_terminal_a_key_comes_with_what_to_do_next() {
    let shown = on_a_terminal(&["generate-key"]);
    let key = shown.lines().find(|line| is_key(line)).unwrap();
    assert_eq!(shown.matches(key).count(), 2);
    golden("generate-key.txt", &shown.replace(key, "<key>"));
}

#[test]
fn quiet_is_quiet_on_a_terminal_too() {
    let shown = on_a_terminal(&["generate-key", "--quiet"]);
    assert!(is_key(shown.trim_end()));
}

#[test]
fn a_closed_pipe_is_told_and_shows_no_key() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = aegis(&["generate-key"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: no key was made: No space left on device (os error 28)\n"
    );
}

#[test]
fn nothing_is_coloured_where_that_is_asked_for_whatever_else_is() {
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/records.jsonl");
    let output = aegis(&["audit-summary", "verify", log])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    let told = text(&output.stdout);
    assert!(
        told.contains("broken: ") && !told.contains('\u{1b}'),
        "{told}"
    );
}

#[test]
fn help_is_what_the_golden_file_says() {
    golden("help.txt", text(&run(&["--help"]).stdout));
    golden("help-serve.txt", text(&run(&["serve", "--help"]).stdout));
    for command in [
        "generate-key",
        "rotate-key",
        "check-key-age",
        "list-keys",
        "revoke-key",
        "client-config",
        "audit-summary",
    ] {
        let help = run(&[command, "--help"]);
        golden(&format!("help-{command}.txt"), text(&help.stdout));
    }
}

#[test]
fn wrong_usage_is_2() {
    for arguments in [
        &[][..],
        &["rotate-keys"],
        &["rotate-key", "--grace", "a week"],
        &["rotate-key", "--finish", "--abort"],
        &["rotate-key", "--status", "--yes"],
        &[
            "rotate-key",
            "--no-test",
            "--server",
            "http://127.0.0.1:8080",
        ],
        &["serve", "--port", "65536"],
        &["serve", "--host", "example.org"],
        &["serve", "--json"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_password_in_an_address_is_not_repeated() {
    for address in ["https://user:pass@h", "https://user:pa/ss@h"] {
        let output = run(&["client-config", "curl", "--server", address]);
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stderr);
        let first = "error: invalid value 'https://...@h' for '--server <URL>': ";
        assert!(told.starts_with(first), "{told}");
    }
}

#[test]
fn a_key_that_is_wrong_usage_is_not_repeated() {
    let key = "0123456789abcdef".repeat(4);
    let query = format!("https://h/?api_key={key}");
    for arguments in [
        &["list-keys", &key][..],
        &[&key],
        &["rotate-key", "--server", &query],
        &["check-key-age", "--max-age", &key],
        &["generate-key", "--label", &key],
        &[
            "client-config",
            "curl",
            "--server",
            &format!("http://u:{key}@h"),
        ],
        &["audit-summary", "--log", "/dev/null", "--since", &key],
        &["audit-summary", "--fail-on", &key],
        &["audit-summary", "--fail-on", &format!("denied>{key}")],
        &["audit-summary", "--log", &key],
        &["audit-summary", "verify", &key],
        &["audit-summary", "verify", "--log", &key],
        &["audit-summary", "verify", "--seal-key", &key],
        &["audit-summary", "tail", "--log", &key],
        &["audit-summary", "tail", "--event", &key],
        &[&format!("--{key}")],
    ] {
        let output = run(arguments);
        assert!(!output.status.success());
        let said = [output.stdout, output.stderr].concat();
        let said = text(&said);
        assert!(!said.contains(&key), "it shows a key");
        assert!(said.contains("..."), "it does not say what was typed");
    }
}
