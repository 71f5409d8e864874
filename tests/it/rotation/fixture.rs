//! A `.env` with keys, what is known of them, and a server that takes the keys of that file.
use std::{
    fmt, fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{cli::aegis, support::Terminal};

/// A folder with both files in it.
pub(super) struct Keys {
    folder: TempDir,
}

/// What stands in both files.
#[derive(Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) env: String,
    pub(super) metadata: String,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the files, which hold keys")
    }
}

/// The first keys, each of 64 digits.
pub(super) fn old(number: usize) -> String {
    format!("{number:x}0ld{number:060x}")
        .replace('l', "1")
        .replace('o', "0")
}

/// Whether it is none of the first keys.
pub(super) fn is_new(key: &str) -> bool {
    !(1..30).any(|number| old(number) == key)
}

pub(super) fn hint(key: &str) -> String {
    format!("{}...{}", &key[..8], &key[key.len() - 4..])
}

impl Keys {
    /// With so many keys, called `key1` and so on, each made 81 days ago; the server is at `port`.
    pub(super) fn new(count: usize, port: u16) -> Self {
        let keys = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let made = Utc::now().trunc_subsecs(0) - TimeDelta::days(81) - TimeDelta::hours(1);
        let mut records = Vec::new();
        for number in 1..=count {
            let key = aegis::keys::ApiKey::parse(&old(number)).unwrap();
            let fp = key.id().fingerprint().to_string();
            records.push(json!({
                "id": fp, "label": format!("key{number}"), "hint": hint(&old(number)), "fp": fp,
                "created_at": made.to_rfc3339(), "source": "generated",
            }));
        }
        let all: Vec<_> = (1..=count).map(old).collect();
        keys.write(
            ".env",
            &format!(
                "# ours\nMCP_PORT={port} # here\nMCP_API_KEYS=\"{}\" # keys\nAUDIT_LOG_PATH={}\n",
                all.join(","),
                keys.path("audit.log").display()
            ),
        );
        let closed = fs::Permissions::from_mode(0o600);
        fs::set_permissions(keys.path(".env"), closed).unwrap();
        let document = json!({ "version": 1, "keys": records });
        keys.write("aegis-keys.json", &document.to_string());
        keys
    }

    /// As many first keys as `other` has, and the same server.
    pub(super) fn like(other: &Self) -> Self {
        let env = other.env();
        let port = env.split("MCP_PORT=").nth(1).unwrap();
        let port = port.split(' ').next().unwrap().parse().unwrap();
        Self::new(1, port)
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            env: self.env(),
            metadata: fs::read_to_string(self.path("aegis-keys.json")).unwrap_or_default(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn env(&self) -> String {
        fs::read_to_string(self.path(".env")).unwrap()
    }

    /// The keys of the file, as they stand there.
    pub(super) fn listed(&self) -> Vec<String> {
        listed(&self.path(".env"))
    }

    /// The one key that was not there at first.
    pub(super) fn new_key(&self) -> String {
        let listed = self.listed();
        let mut new = listed.into_iter().filter(|key| is_new(key));
        let key = new.next().expect("no new key is there");
        assert_eq!(new.next(), None, "there is more than one new key");
        key
    }

    /// Writes an audit log in which somebody used this key two hours ago.
    pub(super) fn write_use_of(&self, key: &str) {
        let then = Utc::now() - TimeDelta::minutes(121);
        let then = then.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let record = json!({
            "timestamp": then, "event": "api_authentication", "status": "success",
            "client_ip": "192.0.2.7", "user_agent": "test", "key_hint": hint(key),
        });
        self.write("audit.log", &format!("{record}\n"));
    }

    pub(super) fn metadata(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("aegis-keys.json")).unwrap()).unwrap()
    }

    /// What is known of the key with this hint.
    pub(super) fn record(&self, hint: &str) -> Value {
        let metadata = self.metadata();
        let records = metadata["keys"].as_array().unwrap();
        let record = records.iter().find(|record| record["hint"] == hint);
        record.cloned().unwrap_or(Value::Null)
    }

    /// Changes what is known of the key with this hint.
    pub(super) fn set(&self, hint: &str, member: &str, value: Value) {
        let mut metadata = self.metadata();
        let records = metadata["keys"].as_array_mut().unwrap();
        let record = records.iter_mut().find(|record| record["hint"] == hint);
        record.unwrap()[member] = value;
        self.write("aegis-keys.json", &metadata.to_string());
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = aegis(&["rotate-key"]);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(super) fn on_a_terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::run(&self.command(arguments))
    }

    /// The stage of the one rotation that is under way.
    pub(super) fn stage(&self) -> Option<String> {
        let output = self.run(&["--status", "--json"]);
        assert!(output.status.success());
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        let rotations = status["rotations"].as_array().unwrap();
        assert!(rotations.len() < 2, "{rotations:?}");
        let stage = rotations.first()?["stage"].as_str().unwrap();
        Some(stage.to_owned())
    }

    /// No file but these two and their locks is there, and no text has one of these keys.
    pub(super) fn assert_nothing_left(&self) {
        let others = |name: &String| ![".lock", ".log"].iter().any(|end| name.ends_with(end));
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(others)
            .collect();
        names.sort();
        assert_eq!(names, [".env", "aegis-keys.json"]);
    }
}

fn listed(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MCP_API_KEYS=\""));
    let value = line.unwrap().split('"').next().unwrap();
    value
        .split(',')
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A server that takes the keys of a `.env` file; of the file as it is, or was when it started.
pub(super) struct Gate {
    pub(super) port: u16,
    stopped: Arc<AtomicBool>,
}

/// What it knows.
pub(super) enum Knows {
    TheFile,
    TheseOnly(Vec<String>),
    /// It asks for no key at all.
    Everybody,
}

impl Gate {
    /// Listens; serves the file once that is known.
    pub(super) fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    pub(super) fn serve(listener: TcpListener, file: PathBuf, knows: Knows) -> Self {
        let port = listener.local_addr().unwrap().port();
        let stopped = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&stopped);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let taken = match &knows {
                    Knows::TheFile => Some(listed(&file)),
                    Knows::TheseOnly(keys) => Some(keys.clone()),
                    Knows::Everybody => None,
                };
                answer(stream.unwrap(), taken.as_deref());
            }
        });
        Self { port, stopped }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(mut stream: TcpStream, known: Option<&[String]>) {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let head = head.to_ascii_lowercase();
    let offered = head
        .split("authorization: bearer ")
        .nth(1)
        .map(|rest| rest.lines().next().unwrap());
    let takes =
        |known: &[String]| offered.is_some_and(|key| known.iter().any(|known| known == key));
    let text = if known.is_none_or(takes) {
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"tools\":[]}"
    } else {
        "HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer realm=\"aegis\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    };
    let _ = stream.write_all(text.as_bytes());
}

/// Keys, and a server that reads them from the file whenever it is asked.
pub(super) fn served(count: usize) -> (Keys, Gate) {
    let (listener, port) = Gate::listen();
    let keys = Keys::new(count, port);
    let gate = Gate::serve(listener, keys.path(".env"), Knows::TheFile);
    (keys, gate)
}

/// Keys, and a server that knows no key but these for good.
pub(super) fn stale(count: usize) -> (Keys, Gate) {
    let (listener, port) = Gate::listen();
    let keys = Keys::new(count, port);
    let old = (1..=count).map(old).collect();
    let gate = Gate::serve(listener, keys.path(".env"), Knows::TheseOnly(old));
    (keys, gate)
}

/// A text with what differs in each run put in the place of others of the same length.
pub(super) fn steady(text: &str, keys: &Keys, port: u16) -> String {
    let mut text = text.to_owned();
    if let Some(new) = keys.listed().into_iter().find(|key| is_new(key)) {
        text = text
            .replace(&new, &"0123456789abcdef".repeat(4))
            .replace(&hint(&new), "01234567...cdef");
    }
    text = text.replace(&format!(":{port}"), ":18080");
    steady_times(&text)
}

/// The same with each `2026-12-31 23:59 UTC` and each RFC 3339 time replaced.
fn steady_times(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let shape = |pattern: &str| {
            rest.len() >= pattern.len()
                && rest.is_char_boundary(pattern.len())
                && rest
                    .bytes()
                    .zip(pattern.bytes())
                    .all(|(byte, pattern)| match pattern {
                        b'0' => byte.is_ascii_digit(),
                        pattern => byte == pattern,
                    })
        };
        let (shown, length) = if shape("0000-00-00 00:00 UTC") {
            ("2026-12-31 23:59 UTC", 20)
        } else if shape("0000-00-00T00:00:00Z") {
            ("2026-12-31T23:59:59Z", 20)
        } else if shape("0000-00-00T00:00:00.000000000Z") {
            ("2026-12-31T23:59:59Z", 30)
        } else {
            let first = rest.chars().next().unwrap();
            steady.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        steady.push_str(shown);
        rest = &rest[length..];
    }
    steady
}

/// A time so many days from now, as it stands in a file.
pub(super) fn days(days: i64) -> String {
    let time: DateTime<Utc> = Utc::now().trunc_subsecs(0) + TimeDelta::days(days);
    time.to_rfc3339()
}
