//! A folder with a `.env`, and the binary run in it.
use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use tempfile::TempDir;

use crate::cli::{aegis, text};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
pub(super) const OLD: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub(crate) struct Keys(TempDir);

/// What a command did.
pub(super) struct Done {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Keys {
    /// A folder with this `.env`, mode 0600.
    pub(super) fn with(env_file: &str) -> Self {
        let keys = Self::new();
        keys.write(".env", env_file);
        keys
    }

    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With these keys and records of them: `(key, members)`, such as `"label": "x"`.
    pub(crate) fn known(records: &[(&str, &str)]) -> Self {
        let keys: Vec<_> = records.iter().map(|(key, _)| *key).collect();
        let folder = Self::with(&format!("MCP_API_KEYS={}\n", keys.join(",")));
        folder.note(records);
        folder
    }

    /// Writes down what is known of keys.
    pub(super) fn note(&self, records: &[(&str, &str)]) {
        let rows = records.iter().map(|(key, members)| {
            let fp = fingerprint(key);
            format!(
                r#"{{"id": "{fp}", "hint": "{}", "fp": "{fp}", {members}}}"#,
                hint(key)
            )
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        self.write(
            "aegis-keys.json",
            format!(r#"{{"version": 1, "keys": [{rows}]}}"#),
        );
    }

    /// Records uses of keys: so many minutes ago, from this address, accepted or not.
    pub(super) fn log(&self, uses: &[(&str, i64, &str, bool)]) {
        let lines = uses.iter().map(|(key, minutes, from, accepted)| {
            let time = Utc::now() - TimeDelta::minutes(*minutes);
            let time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
            let hint = hint(key);
            if *accepted {
                format!(
                    r#"{{"timestamp": "{time}", "event": "api_authentication", "status": "success", "client_ip": "{from}", "user_agent": "x", "key_hint": "{hint}", "method": "GET", "route": "/mcp/tools", "key_source": "header", "request_id": "r", "seq": 1, "prev": "00"}}"#
                )
            } else {
                format!(
                    r#"{{"timestamp": "{time}", "event": "access_denied", "reason": "invalid_api_key", "client_ip": "{from}", "method": "GET", "route": "/mcp/tools", "key_source": "header", "request_id": "r", "credential_fp": "00", "key_state": "retired", "key_hint": "{hint}", "user_agent": "x", "category": "api\\u005fauthentication", "seq": 1, "prev": "00"}}"#
                )
            }
        });
        let lines: Vec<_> = lines.collect();
        self.write("audit.log", lines.join("\n") + "\n");
    }

    /// Records something so many days from now, as a clock did that was ahead.
    pub(super) fn log_ahead(&self, days: i64) -> DateTime<Utc> {
        let time = (Utc::now() + TimeDelta::days(days)).trunc_subsecs(0);
        let stamp = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let prev = "0".repeat(64);
        self.write(
            "audit.log",
            format!(r#"{{"timestamp": "{stamp}", "event": "server_stopped", "reason": "SIGTERM", "seq": 1, "prev": "{prev}"}}"#)
                + "\n",
        );
        time
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn mode(&self, name: &str) -> u32 {
        let mode = fs::metadata(self.path(name)).unwrap().permissions().mode();
        mode & 0o7777
    }

    /// What is there, but the locks.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_none_or(|ending| ending != "lock"));
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<_> = paths.map(name).collect();
        names.sort();
        names
    }

    /// What every file here holds, one after the other.
    pub(super) fn everything(&self) -> String {
        let all = self.names().into_iter().map(|name| {
            let bytes = fs::read(self.path(&name)).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        all.collect()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = aegis(arguments);
        command
            .current_dir(self.0.path())
            .env("AUDIT_LOG_PATH", "audit.log")
            // Nobody listens there.
            .env("MCP_PORT", "1");
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().unwrap())
    }
}

impl Done {
    pub(super) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout).to_owned(),
            stderr: text(&output.stderr).to_owned(),
        }
    }

    /// Its output as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        let read = serde_json::from_str(&self.stdout);
        read.unwrap_or_else(|error| panic!("no JSON ({error}); {}", self.stderr))
    }
}

pub(crate) fn hint(key: &str) -> String {
    format!("{}...{}", &key[..8], &key[key.len() - 4..])
}

/// The digest, as it stands in a list.
pub(super) fn hashed(key: &str) -> String {
    aegis::keys::KeyId::of(key.as_bytes()).hashed_entry()
}

pub(super) fn fingerprint(key: &str) -> String {
    let id = aegis::keys::KeyId::of(key.as_bytes());
    id.fingerprint().to_string()
}

/// A member of a record: the time so many days ago, and a minute.
pub(super) fn ago(member: &str, days: i64) -> String {
    let time = Utc::now() - TimeDelta::days(days) - TimeDelta::minutes(1);
    let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(r#""{member}": "{time}""#)
}

/// A server that takes the keys that stand in a `.env`, as Aegis answers, until it is dropped.
pub(super) struct Door {
    address: SocketAddr,
    /// The first lines and the hosts of what it was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Door {
    /// It is asked under `address`, and answers to `localhost` alone.
    pub(super) fn before(keys: &Keys, address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let env_file = keys.path(".env");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(&stream.unwrap(), &env_file, &seen);
            }
        });
        Self { address, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn port(&self) -> String {
        self.address.port().to_string()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: &TcpStream, env_file: &Path, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let (mut key, mut host) = (None, String::new());
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            _ if line.is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("host") => {
                value.clone_into(&mut host);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                key = value.strip_prefix("Bearer ").map(str::to_owned);
            }
            _ => {}
        }
    }
    asked.lock().unwrap().push(format!("{first}, {host}"));
    let known = fs::read_to_string(env_file).unwrap_or_default();
    let answer = if host != "localhost" {
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    } else if key.is_some_and(|key| known.contains(&key)) {
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"tools\":[]}"
    } else {
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"aegis\"\r\nContent-Length: 0\r\n\r\n"
    };
    stream.write_all(answer.as_bytes())
}
