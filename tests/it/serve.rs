//! The binary as an operator runs it: what it says before it serves, while it does, and when it ends.
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{Position, Url};

use crate::{
    cli::{aegis, text},
    support::{Client, Fake, Reply, Sandbox, golden, listening},
};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

/// A server that runs in a folder of its own until it is stopped or dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: std::net::SocketAddr,
    /// What standard error said until it listened.
    pub(crate) said: String,
    stderr: BufReader<std::process::ChildStderr>,
    pub(crate) folder: TempDir,
}

/// How a server ended.
pub(crate) struct Ended {
    code: Option<i32>,
    stdout: String,
    pub(crate) stderr: String,
    /// Each record of the audit log.
    pub(crate) records: Vec<Value>,
}

impl Served {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments, variables)
    }

    /// Starts in a folder where settings and a log may be already.
    pub(crate) fn start_in(
        folder: TempDir,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = serve(folder.path(), arguments, variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (address, said) = listening(&mut stderr);
        Self {
            child,
            address,
            said,
            stderr,
            folder,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// From now on no file of the server's may grow.
    pub(crate) fn limit_files(&self) {
        let none = Rlimit {
            current: Some(0),
            maximum: None,
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, none).unwrap();
    }

    /// Reads standard error until it says this.
    pub(crate) fn wait_for(&mut self, words: &str) {
        while !self.said.contains(words) {
            assert!(
                self.stderr.read_line(&mut self.said).unwrap() > 0,
                "it ended: {}",
                self.said
            );
        }
    }

    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.ended()
    }

    fn ended(mut self) -> Ended {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let mut stdout = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        let code = self.child.wait().unwrap().code();
        let log = fs::read_to_string(self.folder.path().join("audit.log")).unwrap_or_default();
        let records = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Ended {
            code,
            stdout,
            stderr: self.said.clone(),
            records,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `aegis serve` with its log in `folder`, on any port.
pub(crate) fn serve(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = aegis(&["serve"]);
    command
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder);
    command
        .env("AUDIT_LOG_PATH", folder.join("audit.log"))
        .env("MCP_PORT", "0");
    command.envs(variables.iter().copied());
    command
}

fn with_gitea<'a>(url: &'a str, token: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GITEA_URL", url),
        ("GITEA_TOKEN", token),
        ("MCP_API_KEYS", KEY),
    ]
}

/// A Gitea that nobody listens for: a port that was free a moment ago.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    serve(folder.path(), arguments, variables).output().unwrap()
}

/// The lines without what differs from run to run.
fn untimed(log: &str) -> Vec<&str> {
    log.lines()
        .map(|line| line.split_once("] ").map_or(line, |(_, rest)| rest))
        .collect()
}

#[test]
fn without_settings_it_says_all_that_must_be_mended() {
    let output = aegis(&["serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    assert!(
        told.starts_with("error: 4 things must be mended\n"),
        "{told}"
    );
    for words in [
        "  No API keys configured in environment: put one",
        "  `GITEA_URL` is not set: copy `.env.example`",
        "  `GITEA_TOKEN` is not set: make a token in Gitea",
        "/var/log/aegis-mcp`, or name another file in `AUDIT_LOG_PATH`",
    ] {
        assert!(told.contains(words), "{told}");
    }
}

/// Whoever has just put a key there must not copy another file over it.
#[test]
fn a_gitea_that_is_not_set_is_to_be_put_into_the_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), format!("MCP_API_KEYS={KEY}\n")).unwrap();
    let output = serve(folder.path(), &[], &[]).output().unwrap();
    let told = text(&output.stderr);
    let words = "\n  `GITEA_URL` is not set: put `GITEA_URL=https://git.example.org` into .env, or";
    assert!(told.contains(words), "{told}");
}

#[test]
fn all_that_must_be_mended_is_told_in_one_round_with_what_may_have_been_meant() {
    let url = nobody();
    let wrong = [
        ("GITEA_URL", &*url),
        ("GITEA_TOKN", "a-token"),
        ("MAX_AUTH_FAILURES", "0"),
        ("TOOLSETS", "planets"),
    ];
    let output = refused(&[], &wrong);
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    for words in [
        "did you mean `GITEA_TOKEN`?",
        "error: 4 things must be mended\n",
        "  `MAX_AUTH_FAILURES` ",
        "  `GITEA_TOKEN` is not set",
        "  No API keys configured in environment",
        "  `TOOLSETS` names a toolset that does not exist",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let output = refused(&[], &[("GITEA_URL", "no address"), ("MCP_API_KEYS", KEY)]);
    assert!(!text(&output.stderr).contains("`GITEA_URL` is not set"));
}

#[test]
fn a_missing_token_is_told_with_a_gitea_that_is_missing_or_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(".env.example").unwrap();
    fs::write(folder.path().join(".env"), example).unwrap();
    let unfilled = serve(folder.path(), &["--check"], &[]).output().unwrap();
    let wrong = refused(&[], &[("GITEA_URL", "git.example.org")]);
    for (output, url) in [(unfilled, "is not set: "), (wrong, "is not the `http` ")] {
        let told = text(&output.stderr);
        for words in [
            &*format!("\n  `GITEA_URL` {url}"),
            "\n  `GITEA_TOKEN` is not set: ",
            "\n  No API keys configured in environment",
        ] {
            assert!(told.contains(words), "{told}");
        }
        assert_eq!(output.status.code(), Some(78));
    }
}

#[test]
fn certificates_that_cannot_be_read_are_told_with_all_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, "no certificate").unwrap();
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("GITEA_CA_FILE", file.to_str().unwrap()));
    variables.push(("MAX_AUTH_FAILURES", "0"));
    for arguments in [&[][..], &["--check"]] {
        let output = refused(arguments, &variables);
        assert_eq!(output.status.code(), Some(78));
        let told = text(&output.stderr);
        let wrong = "\n  `GITEA_CA_FILE` holds no certificates in PEM: there is none; for example `GITEA_CA_FILE=/etc/ssl/certs/forge-ca.pem`\n";
        assert!(
            told.contains("error: 2 things must be mended\n") && told.contains(wrong),
            "{told}"
        );
    }
}

#[test]
fn a_check_finds_a_log_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("AUDIT_LOG_PATH", folder.path().to_str().unwrap()));
    let output = refused(&["--check"], &variables);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("is a folder, not a file"));
}

#[test]
fn a_missing_folder_of_the_log_is_told_with_the_command_that_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("it's/not there/audit.log");
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("AUDIT_LOG_PATH", log.to_str().unwrap()));
    let output = refused(&[], &variables);
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    let command = told.split('`').nth(1).unwrap();
    assert!(command.starts_with("mkdir -p -m 750 '"), "{told}");
    let made = Command::new("sh").args(["-c", command]).status().unwrap();
    assert!(made.success() && log.parent().unwrap().is_dir());
}

#[test]
fn the_start_is_told_whatever_the_log_level_is() {
    let url = nobody();
    let keys = format!("{KEY},{OTHER_KEY}, {KEY}");
    let mut variables = with_gitea(&url, "a-token");
    variables.extend([("MCP_API_KEYS", &*keys), ("RUST_LOG", "off")]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve(folder.path(), &[], &variables);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let stderr = child.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        untimed(&line),
        ["API key authentication ENABLED (2 key(s) configured)"]
    );
}

#[test]
fn nobody_waits_for_a_reader_of_the_log_who_pauses() {
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.extend([("MCP_API_KEYS", KEY), ("RUST_LOG", "info,aegis=debug")]);
    let served = Served::start(&[], &variables);
    let client = served.client().with("Origin", "https://else.example.org");
    for _ in 0..1_000 {
        assert_eq!(client.get("/health").status, 403);
    }
    let ended = served.stop();
    assert_eq!(ended.code, Some(0));
    // More than a pipe holds.
    assert!(ended.stderr.len() > 64 << 10, "{}", ended.stderr.len());
    assert!(ended.stderr.ends_with('\n'));
}

#[test]
fn too_few_files_that_may_be_open_are_1() {
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("MCP_API_KEYS", KEY));
    let folder = tempfile::tempdir().unwrap();
    let served = serve(folder.path(), &[], &variables);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -n 20 && exec \"$0\" serve"]);
    command.env_clear().arg(served.get_program());
    command.current_dir(folder.path());
    let variables = served.get_envs();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let last = text(&output.stderr).lines().last().unwrap();
    let told = "error: the server failed: only 20 files may be open at once: raise `ulimit -n`";
    assert_eq!(last, told);
}

#[test]
fn an_open_server_says_so_as_critical() {
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.extend([
        ("AUTH_ENABLED", "false"),
        ("RUST_LOG", "warn,aegis::commands=info"),
    ]);
    let served = Served::start(&[], &variables);
    assert_eq!(served.client().get("/mcp/tools").status, 200);
    let ended = served.stop();
    let line = "critical: API key authentication DISABLED - server is open to all requests!";
    assert!(untimed(&ended.stderr).contains(&line), "{}", ended.stderr);
    assert_eq!(ended.records[0]["auth"], "disabled");
}

#[test]
fn it_serves_with_the_keys_of_the_file_and_stops_when_asked() {
    let url = nobody();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings");
    fs::write(
        &file,
        format!("GITEA_URL={url}\nGITEA_TOKEN=a-token\nMCP_API_KEYS = {KEY},short # c\n"),
    )
    .unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let served = Served::start(
        &["--env-file", file.to_str().unwrap()],
        &[("MCP_API_KEYS", OTHER_KEY)],
    );
    assert_eq!(served.client().get("/mcp/tools").status, 401);
    assert_eq!(served.client().bearer(KEY).get("/mcp/tools").status, 200);
    assert_eq!(
        served.client().bearer(OTHER_KEY).get("/mcp/tools").status,
        401
    );
    let ended = served.stop();
    assert_eq!(ended.code, Some(0));
    let events: Vec<_> = ended
        .records
        .iter()
        .map(|record| record["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "server_started",
            "config_key_rejected",
            "access_denied",
            "api_authentication",
            "access_denied",
            "audit_checkpoint",
            "server_stopped"
        ]
    );
    assert_eq!(ended.records[0]["keys"], 1);
    assert_eq!(
        (&ended.records[1]["entry"], &ended.records[1]["length"]),
        (&2.into(), &5.into())
    );
    assert_eq!(ended.records[6]["reason"], "SIGTERM");
    // What the chain has come to is printed, word by word, and nothing else.
    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(printed, ended.records[5]);
    let said = untimed(&ended.stderr);
    let file = file.display();
    for line in [
        format!(
            "`MCP_API_KEYS` differs between {file} (entries: 2) and the environment (entries: 1): {file} wins"
        ),
        "`MCP_API_KEYS`, entry #2: 5 characters, at least 32 needed: left out".to_owned(),
        "API key authentication ENABLED (1 key(s) configured)".to_owned(),
    ] {
        assert!(said.contains(&&*line), "{line}\n{}", ended.stderr);
    }
    for secret in [KEY, OTHER_KEY, "a-token"] {
        assert!(!ended.stderr.contains(secret));
    }
}

#[test]
fn no_secret_that_the_forge_repeats_is_in_the_log() {
    let fake = Fake::start();
    let (url, token) = (fake.url(), Fake::token("aegis-bot"));
    let served = Served::start(&[], &with_gitea(&url, &token));
    let said = format!("{KEY} of {token} may not");
    let refusal = Reply::json(403, &json!({ "message": said }).to_string());
    let elsewhere = Reply::redirect(302, &format!("https://elsewhere.example/?next={KEY}"));
    let body = json!({"tool": "repo_read", "arguments": {"method": "get", "repo": "a/b"}});
    for reply in [refusal, elsewhere] {
        fake.says("/api/v1/repos/a/b", reply);
        let answer = served.client().bearer(KEY).post("/mcp/tool/call", &body);
        assert_eq!(answer.json()["isError"], true);
    }
    let said = served.stop().stderr;
    assert!(!said.contains(KEY) && !said.contains(&token));
    for line in [
        "cause: [redacted] of [redacted] may not",
        "cause: https://elsewhere.example/?next=[redacted]",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn no_secret_that_the_forge_tells_of_itself_is_in_the_log() {
    let fake = Fake::start();
    let (url, token) = (fake.url(), Fake::token("aegis-bot"));
    let version = json!({ "version": format!("1.26.0+{KEY}") }).to_string();
    fake.says("/api/v1/version", Reply::json(200, &version));
    let user = |is_admin| json!({ "id": 1, "login": token, "is_admin": is_admin }).to_string();
    fake.says("/api/v1/user", Reply::json(200, &user(false)));
    let mut served = Served::start(&[], &with_gitea(&url, &token));
    served.wait_for("answers; the token is");
    let ordinary = served.stop();

    fake.says("/api/v1/user", Reply::json(200, &user(true)));
    let refused = Served::start(&[], &with_gitea(&url, &token)).ended();
    let mut variables = with_gitea(&url, &token);
    variables.push(("GITEA_ALLOW_ADMIN_TOKEN", "true"));
    let mut served = Served::start(&[], &variables);
    served.wait_for("every key can see everything");
    for (ended, told) in [
        (
            ordinary,
            "Gitea 1.26.0+[redacted] answers; the token is `[redacted]`'s",
        ),
        (
            refused,
            "error: `GITEA_TOKEN` belongs to the administrator `[redacted]`;",
        ),
        (
            served.stop(),
            "the token is the administrator `[redacted]`'s",
        ),
    ] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert!(!ended.stderr.contains(KEY) && !ended.stderr.contains(&token));
        assert!(!ended.stdout.contains(KEY) && !ended.stdout.contains(&token));
    }
}

#[test]
fn of_questions_that_are_asked_at_once_a_line_of_the_log_tells_no_other_s_status() {
    let fake = Fake::start();
    let (url, token) = (fake.url(), Fake::token("aegis-bot"));
    let mut variables = with_gitea(&url, &token);
    variables.push(("GITEA_TIMEOUT", "1"));
    let served = Served::start(&[], &variables);
    let (silent, held) = Reply::json(200, "{}").held();
    fake.says_once("/api/v1/repos/search", silent);
    let body = json!({"tool": "search", "arguments": {"query": "telescope"}});
    served.client().bearer(KEY).post("/mcp/tool/call", &body);
    assert!(fake.asked().len() > 3, "{:?}", fake.asked());
    drop(held);
    let said = served.stop().stderr;
    let line = "GET /repos/search: the forge did not answer in time; cause: ";
    assert!(said.contains(line), "{said}");
}

#[test]
fn an_interrupt_stops_it_too() {
    let url = nobody();
    let served = Served::start(&[], &with_gitea(&url, "a-token"));
    served.signal(Signal::INT);
    let ended = served.ended();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.records.last().unwrap()["reason"], "SIGINT");
}

#[test]
fn a_port_in_use_is_1() {
    let url = nobody();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = refused(&["--port", &port], &with_gitea(&url, "a-token"));
    assert_eq!(output.status.code(), Some(1));
    let told = format!(
        "error: 127.0.0.1:{port} is in use by another program: stop it, or choose another with `--port` or `MCP_PORT`"
    );
    assert_eq!(text(&output.stderr).lines().last(), Some(&*told));
}

/// Of 192.0.2.0/24 (RFC 5737) no machine has an address.
#[test]
fn an_address_that_is_not_this_machine_s_is_told_with_its_setting_by_the_check_too() {
    let sandbox = Sandbox::start();
    let mut variables = with_gitea(&sandbox.url, &sandbox.token);
    variables.push(("MCP_HOST", "192.0.2.1"));
    for (arguments, code) in [(&[][..], 1), (&["--check"], 78)] {
        let output = refused(arguments, &variables);
        assert_eq!(
            text(&output.stderr).lines().last(),
            Some(
                "error: 192.0.2.1 is no address of this machine, or not yet: choose another with `--host` or `MCP_HOST`"
            )
        );
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_port_in_use_is_no_fault_to_the_check() {
    let sandbox = Sandbox::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let variables = with_gitea(&sandbox.url, &sandbox.token);
    let output = refused(&["--check", "--port", &port], &variables);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn the_guides_example_key_is_for_loopback_only() {
    let pairs = ('a'..='z').zip("12345678901234567890123456".chars());
    let example = pairs
        .chain("abcdef".chars().zip("789012".chars()))
        .flat_map(|(a, b)| [a, b]);
    let example: String = example.collect();
    let url = nobody();
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("MCP_API_KEYS", &example));
    let output = refused(&["--host", "0.0.0.0"], &variables);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        text(&output.stderr).contains("error: `MCP_API_KEYS` holds the example key of the guide")
    );
    assert!(!text(&output.stderr).contains(&example));
    let served = Served::start(&[], &variables);
    assert!(
        served
            .said
            .contains("the example key of the guide, which everybody knows")
    );
}

#[test]
fn a_file_that_others_can_read_is_warned_of_or_refused() {
    let url = nobody();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let name = file.to_str().unwrap();
    let told = format!("others than its owner can read {name} (mode 644): `chmod 600 {name}`");
    let served = Served::start(&["--env-file", name], &with_gitea(&url, "a-token"));
    assert!(served.said.contains(&told), "{}", served.said);
    let output = refused(
        &["--env-file", name, "--strict-perms"],
        &with_gitea(&url, "a-token"),
    );
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        text(&output.stderr).lines().last(),
        Some(&*format!("error: {told}"))
    );
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    let mut variables = with_gitea("http://git.example.org", "a-token");
    variables.push(("TOOLSETS", "repo,planets"));
    let output = refused(&["--host", "::"], &variables);
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    for words in [
        "WARN  aegis::commands::serve] Gitea is asked by plain http over a public network",
        "] neither `PUBLIC_URL` nor `ALLOWED_HOSTS` is set",
        "] `TRUSTED_PROXIES` is not set",
        "error: `TOOLSETS` names a toolset that does not exist; there are: ",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("planets"));
    variables.push(("TRUSTED_PROXIES", "private"));
    let spoken = |host| {
        let output = refused(&["--host", host], &variables);
        text(&output.stderr).contains("`TRUSTED_PROXIES` is `private` and others can reach")
    };
    assert!(spoken("::") && !spoken("::1") && !spoken("::ffff:127.0.0.1"));
}

#[test]
fn each_name_of_a_toolset_is_looked_up_beside_all_too() {
    let url = nobody();
    let told = |names| {
        let mut variables = with_gitea(&url, "a-token");
        variables.push(("TOOLSETS", names));
        let output = refused(&["--check"], &variables);
        text(&output.stderr).contains("`TOOLSETS`")
    };
    assert!(told("all,planets") && told("planets,All"));
    assert!(!told("All") && !told("Repo,ISSUE"));
}

#[test]
fn proxies_in_a_whole_private_network_or_more_are_warned_of() {
    let mut variables = with_gitea("http://127.0.0.1:9", "a-token");
    variables.push(("TOOLSETS", "planets"));
    variables.push(("TRUSTED_PROXIES", "0.0.0.0/0,192.0.2.7,::/0"));
    let output = refused(&["--host", "::"], &variables);
    let words =
        "`TRUSTED_PROXIES` has a whole private network or more (0.0.0.0/0, ::/0) and others";
    let told = text(&output.stderr);
    assert!(told.contains(words), "{told}");
}

#[test]
fn an_administrators_token_ends_it() {
    let fake = Fake::start();
    fake.says(
        "/api/v1/version",
        Reply::json(200, r#"{"version": "1.26.0"}"#),
    );
    fake.says(
        "/api/v1/user",
        Reply::json(200, r#"{"id": 1, "login": "root", "is_admin": true}"#),
    );
    let url = fake.url();
    let ended = Served::start(&[], &with_gitea(&url, "a-token")).ended();
    assert_eq!(ended.code, Some(78));
    let told = ended.stderr.lines().last().unwrap();
    assert!(
        told.starts_with("error: `GITEA_TOKEN` belongs to the administrator"),
        "{told}"
    );
    assert_eq!(
        ended.records.last().unwrap()["reason"],
        "administrator_token"
    );
    let mut variables = with_gitea(&url, "a-token");
    variables.push(("GITEA_ALLOW_ADMIN_TOKEN", "true"));
    let mut served = Served::start(&[], &variables);
    served.wait_for("the token is the administrator `root`'s");
    assert_eq!(served.stop().code, Some(0));
}

#[test]
fn the_sandbox_shows_where_it_is_and_what_to_paste() {
    let mut served = Served::start(&["--sandbox"], &[]);
    served.wait_for("answers");
    let (root, client) = (format!("http://{}", served.address), served.client());
    let log = served.folder.path().join("audit.log");
    served.signal(Signal::TERM);
    drop(client);
    let ended = served.ended();
    assert_eq!(ended.code, Some(0));
    let line = ended
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("API key"))
        .unwrap();
    let shown = ended
        .stdout
        .replace(line.trim(), "<key>")
        .replace(&root, "<root>");
    golden(
        "sandbox.txt",
        &shown.replace(log.to_str().unwrap(), "<log>"),
    );
    assert!(!ended.stderr.contains(line.trim()));
}

/// Serves as `make run` does, with a file of settings that holds this.
fn run(settings: &str) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings");
    fs::write(&file, settings).unwrap();
    let variables = [
        ("AEGIS_ENV_FILE", file.to_str().unwrap()),
        ("AUDIT_LOG_PATH", ""),
    ];
    Served::start_in(folder, &["--sandbox-unless-configured"], &variables)
}

#[test]
fn what_make_run_serves_is_decided_by_the_settings_as_they_are_read() {
    let sandbox = |settings: &str| {
        let ended = run(settings).stop();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.contains("API key")
    };
    let keys = format!("GITEA_TOKEN=a\nMCP_API_KEYS={KEY}\n");
    let url = format!("GITEA_URL={}\n", nobody());
    for set in [
        format!("{url}{keys}"),
        format!("\u{feff}{url}{keys}"),
        format!("GITEA_URL=\n{keys}{url}"),
    ] {
        assert!(!sandbox(&set), "{set}");
    }
    for unset in [String::new(), format!("{url}GITEA_URL=\"\"\n{keys}")] {
        assert!(sandbox(&unset), "{unset}");
    }
}

#[test]
fn make_run_keeps_the_log_of_a_gitea_where_it_is_run() {
    let url = nobody();
    let served = run(&format!(
        "GITEA_URL={url}\nGITEA_TOKEN=a\nMCP_API_KEYS={KEY}\n"
    ));
    assert!(!served.stop().records.is_empty());
}

#[test]
fn the_sandbox_keeps_its_log_in_a_private_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve(folder.path(), &["--sandbox"], &[]);
    let mut child = command
        .env_remove("AUDIT_LOG_PATH")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines
        .map(Result::unwrap)
        .find(|line| line.contains("records go to"))
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let log = Path::new(told.split_once("records go to ").unwrap().1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert!(log.starts_with(folder.path()));
    assert_eq!((mode(log.parent().unwrap()), mode(log)), (0o700, 0o600));
}

#[test]
fn a_hangup_opens_the_log_anew() {
    let url = nobody();
    let mut served = Served::start(&[], &with_gitea(&url, "a-token"));
    let log = served.folder.path().join("audit.log");
    fs::rename(&log, served.folder.path().join("audit.log.1")).unwrap();
    served.signal(Signal::HUP);
    served.wait_for("the audit log is open anew");
    let ended = served.stop();
    assert_eq!(ended.records.last().unwrap()["event"], "server_stopped");
    assert_eq!(ended.records[0]["event"], "audit_rotated");
}

#[test]
fn a_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let abstract_name = format!("aegis-test-{}", std::process::id());
    let by_name = SocketAddr::from_abstract_name(&abstract_name).unwrap();
    for (name, socket) in [
        (
            path.to_str().unwrap().to_owned(),
            UnixDatagram::bind(&path).unwrap(),
        ),
        (
            format!("@{abstract_name}"),
            UnixDatagram::bind_addr(&by_name).unwrap(),
        ),
    ] {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let hear = || {
            let mut heard = [0; 64];
            let length = socket.recv(&mut heard).unwrap();
            text(&heard[..length]).to_owned()
        };
        let served = Served::start(&["--sandbox"], &[("NOTIFY_SOCKET", &name)]);
        assert_eq!(hear(), "READY=1");
        assert_eq!(served.stop().code, Some(0));
        assert_eq!(hear(), "STOPPING=1");
    }
}

#[test]
fn a_service_manager_that_has_gone_ends_nothing() {
    for name in ["/no/such/socket", "vsock:2:1234"] {
        let mut served = Served::start(&["--sandbox"], &[("NOTIFY_SOCKET", name)]);
        served.wait_for("`NOTIFY_SOCKET` was not told `READY=1`");
        assert_eq!(served.stop().code, Some(0));
    }
}

#[test]
fn no_core_dump_can_hold_a_key() {
    let url = nobody();
    let served = Served::start(&[], &with_gitea(&url, "a-token"));
    let limits = fs::read_to_string(format!("/proc/{}/limits", served.child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().filter(|word| *word == "0").count(),
        2,
        "{core}"
    );
}

#[test]
fn health_asks_the_running_server() {
    let url = nobody();
    let served = Served::start(&[], &with_gitea(&url, "a-token"));
    let port = served.address.port().to_string();
    let ask = || {
        aegis(&["serve", "--health", "--host", "0.0.0.0", "--port", &port])
            .output()
            .unwrap()
    };
    let as_json = aegis(&["serve", "--health", "--json"]).output().unwrap();
    assert_eq!(as_json.status.code(), Some(2), "its code says all");
    let well = ask();
    assert_eq!((well.status.code(), text(&well.stderr)), (Some(0), ""));
    served.stop();
    let gone = ask();
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).starts_with(&format!(
        "error: http://127.0.0.1:{port}/health does not answer"
    )));
}

#[test]
fn a_stream_is_answered_where_a_proxy_serves_it() {
    let url = nobody();
    for (public_url, stream) in [
        ("https://a.example.org", "https://a.example.org/mcp/sse"),
        (
            "https://a.example.org/b/",
            "https://a.example.org/b/mcp/sse",
        ),
        (
            "https://a.example.org//b/c/mcp",
            "https://a.example.org/b/c/mcp/sse",
        ),
    ] {
        let mut variables = with_gitea(&url, "a-token");
        variables.push(("PUBLIC_URL", public_url));
        let served = Served::start(&[], &variables);
        let target = format!("/mcp/sse?api_key={KEY}");
        let mut events = served.client().events("GET", &target, "");
        let (_, endpoint) = events.next().unwrap();
        // As clients do.
        let posts_to = Url::parse(stream).unwrap().join(&endpoint).unwrap();
        assert_eq!(posts_to[..Position::AfterPath], *stream);
        let query = posts_to.query().unwrap();
        assert!(query.starts_with("session_id=") && query.ends_with(&format!("&api_key={KEY}")));
        // Past the proxy too, which may hand paths on as they are.
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        assert_eq!(served.client().post(&endpoint, &ping).status, 202);
        assert_eq!(events.next().unwrap().0, "message");
    }
}

#[test]
fn check_says_what_would_be_served_and_shows_no_secret() {
    let sandbox = Sandbox::start();
    let (url, token) = (&sandbox.url, &sandbox.token);
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["--check"], more].concat();
        serve(folder.path(), &arguments, &with_gitea(url, token))
            .output()
            .unwrap()
    };
    let output = run(&[]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let told = text(&output.stdout).replace(url, "<gitea>");
    // Which tools there are is told elsewhere.
    let (tools, told): (Vec<_>, Vec<_>) =
        (told.lines()).partition(|line| line.starts_with("tools") || line.starts_with("read:"));
    let needed = "read:issue         granted; needed by issue_read";
    assert!(
        tools.iter().any(|line| line.starts_with(needed)),
        "{tools:?}"
    );
    let told = told
        .join("\n")
        .replace(folder.path().to_str().unwrap(), "<folder>");
    golden("check.txt", &format!("{told}\n"));
    let json = run(&["--json"]);
    let told: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told["ok"], true);
    for output in [&output, &json] {
        assert!(!text(&output.stdout).contains(KEY) && !text(&output.stdout).contains(token));
    }
    assert!(
        !folder.path().join("audit.log").exists(),
        "a check writes nothing"
    );
}

#[test]
fn check_ends_with_78_where_something_must_be_mended() {
    let fake = Fake::start();
    let url = fake.url();
    for (url, token) in [
        (&url, Fake::token("broken")),
        (&nobody(), "a-token".to_owned()),
    ] {
        let output = refused(&["--check", "--json"], &with_gitea(url, &token));
        assert_eq!(output.status.code(), Some(78));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["ok"], false);
        assert!(text(&output.stderr).starts_with("error: Gitea could not be asked: "));
    }
}

#[test]
fn a_check_says_of_metadata_that_is_there_whether_it_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("aegis-keys.json"), "{").unwrap();
    let url = nobody();
    let output = serve(folder.path(), &["--check"], &with_gitea(&url, "a-token"))
        .output()
        .unwrap();
    let told = text(&output.stdout);
    let line = told.lines().find(|line| line.starts_with("key metadata"));
    assert!(
        line.is_some_and(|line| line.ends_with("aegis-keys.json (cannot be used)")),
        "{told}"
    );
}

#[test]
fn a_check_without_a_token_says_so_once() {
    let output = refused(
        &["--check"],
        &[("GITEA_URL", "http://127.0.0.1:1"), ("MCP_API_KEYS", KEY)],
    );
    let told = text(&output.stderr);
    assert_eq!(
        told.matches("GITEA_TOKEN").count(),
        2,
        "the sentence and its example: {told}"
    );
    assert!(
        told.starts_with("error: `GITEA_TOKEN` is not set: "),
        "{told}"
    );
}

#[test]
fn health_asks_no_port_that_is_chosen_at_the_start() {
    let output = aegis(&["serve", "--health", "--port", "0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: `MCP_PORT` is 0, so the port is chosen when the server starts: name it by `--port`\n"
    );
}
