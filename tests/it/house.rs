//! The rules of the house that no compiler knows: which room may use which, and what stands in one place only.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A room of `src/` and the rooms that it may use. A new arrow is a line here, so a decision.
const ARROWS: &[(&str, &[&str])] = &[
    ("ascii", &[]),
    (
        "audit",
        &["ascii", "caller", "durable", "keys", "rights", "sort"],
    ),
    (
        "auth",
        &["audit", "caller", "fault", "keys", "redaction", "rights"],
    ),
    ("caller", &["keys", "rights"]),
    ("cli", &["config", "keys"]),
    (
        "commands",
        &[
            "audit",
            "auth",
            "caller",
            "cli",
            "config",
            "dispatch",
            "durable",
            "gitea",
            "keys",
            "mcp",
            "operations",
            "outbound",
            "redaction",
            "rights",
            "sandbox",
            "secret",
            "server",
            "sort",
        ],
    ),
    ("config", &["durable", "keys", "secret"]),
    (
        "dispatch",
        &[
            "ascii",
            "audit",
            "caller",
            "gitea",
            "hidden",
            "keys",
            "mcp",
            "operations",
            "redaction",
            "rights",
            "secret",
            "sort",
        ],
    ),
    ("durable", &[]),
    ("fault", &[]),
    (
        "gitea",
        &["hidden", "outbound", "redaction", "rights", "secret"],
    ),
    ("hidden", &["ascii"]),
    ("keys", &["durable", "rights", "secret", "sort"]),
    ("mcp", &["ascii", "audit", "caller", "fault", "keys"]),
    ("operations", &["ascii", "gitea", "rights", "sort"]),
    ("outbound", &["secret"]),
    ("redaction", &["keys", "secret", "sort"]),
    ("rights", &[]),
    ("sandbox", &["secret", "sort"]),
    ("secret", &[]),
    ("server", &["audit", "auth", "caller", "fault", "mcp"]),
    ("sort", &[]),
];

/// What only these rooms or files may name.
const ONLY: &[(&str, &[&str])] = &[
    ("actix_web", &["auth", "mcp", "sandbox", "server"]),
    ("awc", &["outbound"]),
    ("std::env", &["config/env.rs"]),
    ("clap", &["cli", "main.rs"]),
    ("dialoguer", &["commands"]),
    ("signal_hook", &["commands"]),
];

struct Source {
    /// Below `src/`: `auth/client.rs`.
    path: String,
    /// Without comments and without the tests at its end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                sources.push(Source {
                    path,
                    code: code.collect::<Vec<_>>().join("\n"),
                });
            }
        }
    }
    sources
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    /// The rooms that this file names: after `crate::`, alone or in braces.
    fn uses(&self) -> BTreeSet<&str> {
        let mut rooms = BTreeSet::new();
        for rest in self.code.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                Some(list) => rooms.extend(heads(list)),
                None => rooms.extend(rest.split(|c: char| !is_word(c)).next()),
            }
        }
        rooms.retain(|room| ARROWS.iter().any(|(known, _)| known == room));
        rooms
    }

    /// Whether the code has `word`, not as part of a longer one.
    fn names(&self, word: &str) -> bool {
        let before = |at: usize| !self.code[..at].ends_with(is_word);
        let after = |at: usize| !self.code[at + word.len()..].starts_with(is_word);
        let grouped = word.split_once("::").is_some_and(|(outer, inner)| {
            let opening = format!("use {outer}::{{");
            let groups = self.code.split(&opening).skip(1);
            let mut heads = groups.flat_map(heads);
            heads.any(|head| head == inner)
        });
        grouped
            || self
                .code
                .match_indices(word)
                .any(|(at, _)| before(at) && after(at))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first names of the items in a list of imports, up to its closing brace.
fn heads(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        let ends = depth == 0 && matches!(c, ',' | '}');
        if ends {
            heads.extend(list[start..at].trim().split(|c: char| !is_word(c)).next());
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

#[test]
fn every_arrow_between_rooms_is_in_the_table() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((room, allowed)) = ARROWS.iter().find(|(room, _)| *room == source.room()) else {
            if !["lib", "main"].contains(&source.room()) {
                wrong.push(format!(
                    "src/{} is a room that the table does not know",
                    source.path
                ));
            }
            continue;
        };
        let beyond = source
            .uses()
            .into_iter()
            .filter(|used| used != room && !allowed.contains(used));
        wrong.extend(beyond.map(|used| format!("src/{} uses {used}", source.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    let mut left: Vec<_> = ARROWS.to_vec();
    while !left.is_empty() {
        let rooms: Vec<_> = left.iter().map(|(room, _)| *room).collect();
        let before = left.len();
        left.retain(|(_, uses)| uses.iter().any(|used| rooms.contains(used)));
        assert!(left.len() < before, "a cycle among {rooms:?}");
    }
}

#[test]
fn what_belongs_into_one_place_stands_nowhere_else() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (word, places) in ONLY {
            let at_home = places
                .iter()
                .any(|place| source.room() == *place || source.path == *place);
            if !at_home && source.names(word) {
                wrong.push(format!("src/{} names {word}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_code_unwraps() {
    let sources = sources();
    let unwrapping = sources
        .iter()
        .filter(|source| source.code.contains(".unwrap()") && !source.path.ends_with("/tests.rs"));
    let paths: Vec<_> = unwrapping.map(|source| &source.path).collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn every_file_of_a_room_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let silent = sources().into_iter().filter(|source| {
        let text = fs::read_to_string(root.join(&source.path)).unwrap();
        source.path.matches('/').count() < 2 && !text.starts_with("//!")
    });
    let paths: Vec<_> = silent.map(|source| source.path).collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn no_key_and_no_log_gets_into_the_context_of_an_image() {
    let read = |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (git, docker) = (read(".gitignore"), read(".dockerignore"));
    let docker: Vec<_> = docker.lines().collect();
    // In any folder, as git reads a name without a slash; Docker's patterns begin at the root.
    let names = git.lines().filter(|line| !line.contains(['/', '!']));
    let missing: Vec<_> = names
        .map(|name| format!("**/{name}"))
        .filter(|pattern| !docker.contains(&&**pattern))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // Of two patterns that match, the later counts.
    let place = |pattern| docker.iter().position(|line| *line == pattern);
    assert!(place("**/.env.*") < place("!.env.example"));
}
