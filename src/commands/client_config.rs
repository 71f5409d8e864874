//! `aegis client-config`: what to paste into a client, with the server's address in it and the key
//! only named. It may put it into the client's own file, and leaves the rest of that as it is.
mod clients;
mod merge;

use std::{
    fs::DirBuilder,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use console::style;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::{Position, Url};

use self::clients::{File, ROWS, Row};
use super::{
    Failure, print,
    running::{expect_port, reachable},
};
use crate::{
    cli::{Client, ClientConfig},
    config::{Config, Env, is_private},
    durable::{self, InPlace, LockedFile},
};

/// Settings without which it is not known where the server is.
const NEEDED: [&str; 3] = ["PUBLIC_URL", "MCP_HOST", "MCP_PORT"];
/// No client has a longer file.
const LIMIT: u64 = 16 << 20;

pub(super) fn run(asked: &ClientConfig) -> Result<(), Failure> {
    let row = asked
        .client
        .and_then(|client| ROWS.iter().find(|row| row.client == client));
    let Some(row) = row else {
        return print(&list(asked.json));
    };
    let server = Server::find(asked)?;
    let told = Told {
        row,
        address: server.fill("@MCP@"),
        lines: server.fill(row.lines),
        notes: server.notes(row),
        warnings: server.warnings(row),
    };
    let file = asked.write.as_ref();
    let written = file.map(|file| write(row, &told.lines, file.as_deref()));
    told.say(written.transpose()?.as_ref(), asked.json)
}

/// What is said about a client.
struct Told {
    row: &'static Row,
    address: String,
    lines: String,
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Told {
    /// Says it; `written` is where the lines are already.
    fn say(&self, written: Option<&Written>, as_json: bool) -> Result<(), Failure> {
        let Row {
            client,
            name,
            place,
            ..
        } = self.row;
        if as_json {
            let told = json!({
                "client": client.to_string(),
                "name": name,
                "address": self.address,
                "place": place,
                "lines": self.lines,
                "notes": self.notes,
                "warnings": self.warnings,
                "written": written.map(|file| &file.path),
                "replaced": written.map(|file| &file.replaced),
            });
            return print(&format!("{told}\n"));
        }
        // The lines alone go to standard output, so that they can be sent on.
        let bold = style(name).for_stderr().bold();
        if let Some(file) = written {
            advise(&format!("{bold}: {}\n", file.told()));
        } else {
            advise(&format!("{bold}: {place}\n\n"));
            print(&self.lines)?;
            advise("\n");
        }
        let warning = style("warning").for_stderr().yellow();
        let notes = self.notes.iter().map(|note| format!("note: {note}\n"));
        let warnings = self.warnings.iter().map(|it| format!("{warning}: {it}\n"));
        advise(&notes.chain(warnings).collect::<String>());
        Ok(())
    }
}

impl Written {
    fn told(&self) -> String {
        let file = self.path.display();
        match &self.replaced[..] {
            [] => format!("added to {file}"),
            [only] => format!("replaced the entry `{only}` in {file}"),
            several => format!("replaced the entries `{}` in {file}", several.join("`, `")),
        }
    }
}

/// The server, as a client reaches it.
struct Server {
    root: String,
    /// Whether somebody said how others reach it.
    is_public: bool,
}

impl Server {
    fn find(asked: &ClientConfig) -> Result<Self, Failure> {
        let public = |url: &Url| Self {
            root: root(url),
            is_public: true,
        };
        if let Some(url) = &asked.server {
            return Ok(public(url));
        }
        let (config, errors) = Config::read(&Env::read(asked.env_file.as_deref())?);
        let needed = errors
            .iter()
            .filter(|error| NEEDED.contains(&&*error.variable));
        let problems: Vec<_> = needed.map(ToString::to_string).collect();
        if !problems.is_empty() {
            return Err(Failure::settings(&problems));
        }
        let listen = config.listen;
        if let Some(url) = &listen.public_url {
            return Ok(public(url));
        }
        expect_port(listen.address)?;
        Ok(Self {
            root: format!("http://{}", reachable(listen.address)),
            is_public: false,
        })
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@MCP@", "@ROOT@/mcp")
            .replace("@ROOT@", &self.root)
    }

    fn notes(&self, row: &Row) -> Vec<String> {
        let mut notes: Vec<_> = row.notes.iter().map(|note| self.fill(note)).collect();
        if row.client == Client::Librechat
            && let Some(address) = self.private()
        {
            notes.push(format!(
                "LibreChat reaches nothing private or on its own machine that librechat.yaml does not allow: add `mcpSettings: {{allowedAddresses: ['{address}']}}` (before version 1.3.10 of that file `allowedDomains`, which must then have every server)"
            ));
        }
        notes
    }

    /// Its host and port, where they are of a private network or of this machine.
    fn private(&self) -> Option<String> {
        let url = Url::parse(&self.root).ok()?;
        let host = url.host().filter(is_private)?;
        Some(format!("{host}:{}", url.port_or_known_default()?))
    }

    fn warnings(&self, row: &Row) -> Vec<String> {
        let mut warnings: Vec<_> = row.warnings.iter().map(ToString::to_string).collect();
        if row.is_hosted && !(self.is_public && self.root.starts_with("https://")) {
            warnings.push(format!(
                "{} asks from the internet and needs a public https address: set `PUBLIC_URL`",
                row.name
            ));
        } else if !self.is_public {
            warnings.push(format!(
                "{} is for clients on this machine; for others set `PUBLIC_URL`",
                self.root
            ));
        }
        warnings
    }
}

/// What means something to a shell, in YAML or in TOML. What was encoded stays as it is.
const SPECIAL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'%')
    .remove(b'+')
    .remove(b',')
    .remove(b'-')
    .remove(b'.')
    .remove(b'/')
    .remove(b':')
    .remove(b'=')
    .remove(b'@')
    .remove(b'_')
    .remove(b'~');

/// An address as it may stand in any client's lines, without a slash at its end.
fn root(url: &Url) -> String {
    let path = utf8_percent_encode(url.path().trim_end_matches('/'), SPECIAL);
    format!("{}{path}", &url[..Position::BeforePath])
}

/// A client's file with the lines in it.
struct Written {
    path: PathBuf,
    /// The entries that were there already, and otherwise.
    replaced: Vec<String>,
}

/// Adds the lines to a client's file.
fn write(row: &Row, lines: &str, named: Option<&Path>) -> Result<Written, Failure> {
    let Some(file) = &row.file else {
        return Err(Failure::Usage(format!(
            "what {} takes is not written into a file by this command: leave `--write` out and paste the lines ({})",
            row.name, row.place
        )));
    };
    let path = match (named, file) {
        (Some(named), _) => named.to_owned(),
        (None, File::OfProject(path)) => PathBuf::from(path),
        (None, File::OfUser(path)) => Env::home_folder()
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "it is not known where your home folder is: name the file, `--write=/home/you/{path}`"
                ))
            })?
            .join(path),
    };
    let refused = |error: &dyn std::fmt::Display| {
        Failure::Settings(format!(
            "{} was left as it is: {error}; add the lines by hand, `aegis client-config {}` prints them",
            path.display(),
            row.client
        ))
    };
    if let Some(folder) = path.parent() {
        // Whatever the umask is, nobody else puts files there.
        let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
        made.map_err(|error| refused(&error))?;
    }
    let mut file = LockedFile::open(&path, LIMIT, durable::PATIENCE)?;
    let replaced = edit(&mut file, lines, refused);
    let path = file.path().to_owned();
    file.release();
    Ok(Written {
        path,
        replaced: replaced?,
    })
}

/// Adds the lines, and says which entries had their place.
fn edit(
    file: &mut LockedFile,
    lines: &str,
    refused: impl Fn(&dyn std::fmt::Display) -> Failure,
) -> Result<Vec<String>, Failure> {
    let old = file.take_bytes();
    let old = str::from_utf8(&old).map_err(|_| refused(&"it is not UTF-8"))?;
    let new = merge::merged(old, lines).map_err(|error| refused(&error))?;
    if new.text != old {
        file.replace(new.text.as_bytes(), InPlace::Never)?;
    }
    Ok(new.replaced)
}

fn list(as_json: bool) -> String {
    if as_json {
        let clients = ROWS.iter().map(|row| {
            json!({
                "client": row.client.to_string(),
                "name": row.name,
                "place": row.place,
                "can_write": row.file.is_some(),
            })
        });
        return format!("{}\n", Value::Array(clients.collect()));
    }
    let line = |row: &Row| format!("{:<15} {}: {}\n", row.client, row.name, row.place);
    ROWS.iter().map(line).collect()
}

/// Says what belongs beside the lines and not among them.
fn advise(text: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = io::stderr().write_all(text.as_bytes());
}
