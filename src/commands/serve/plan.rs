//! What `serve` would do: the settings with the command line over them, and what speaks against it.
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use log::Level;

use super::{
    advice::advice,
    keys::{EXAMPLE, KeySources, KeysRead},
    places, wiring,
};
use crate::{
    cli::Serve,
    commands::{Failure, Made, clock::Time, paths::shown},
    config::{AuditConfig, Config, DEFAULT_AUDIT_LOG, Env, GiteaConfig},
    dispatch::Catalog,
    keys::{ApiKey, KeyEntry, KeyRing, Metadata},
    operations,
    outbound::Outbound,
};

/// Where keys come from, and whether any are needed.
const KEYS: [&str; 3] = ["MCP_API_KEYS", "MCP_API_KEYS_FILE", "AUTH_ENABLED"];

/// Where the token comes from.
const TOKEN: [&str; 2] = ["GITEA_TOKEN", "GITEA_TOKEN_FILE"];

/// Everything that is known before a file is made or a port is taken.
pub(super) struct Plan {
    pub(super) config: Config,
    /// The key that was made for this run, before a sandbox.
    pub(super) sandbox: Option<ApiKey>,
    /// The `.env` file that was read.
    pub(super) env_file: Option<PathBuf>,
    pub(super) keys: KeysRead,
    pub(super) sources: KeySources,
    /// The time by which keys end.
    pub(super) now: DateTime<Utc>,
    pub(super) catalog: Catalog,
    /// `None` where the certificates to believe cannot be read, which is a problem.
    pub(super) outbound: Option<Outbound>,
    /// `None` for a fresh private folder.
    pub(super) audit_log: Option<PathBuf>,
    /// What to say of it, each with its weight.
    pub(super) notes: Vec<(Level, String)>,
    /// What must be mended first.
    pub(super) problems: Vec<String>,
}

impl Plan {
    /// # Errors
    /// The file of settings cannot be read. What is wrong with settings is among the problems.
    pub(super) fn new(asked: &Serve) -> Result<Self, Failure> {
        let env = Env::read(asked.env_file.as_deref())?;
        let (mut config, errors) = Config::read(&env);
        let is_wrong = |name: &str| errors.iter().any(|error| error.variable == name);
        override_address(asked, &mut config.listen.address);
        let is_configured = config.gitea.url.is_some() || is_wrong("GITEA_URL");
        let is_sandbox = asked.sandbox || asked.sandbox_unless_configured && !is_configured;
        let audit_log = chosen_log(asked, &mut config, is_sandbox);

        let warnings = std::mem::take(&mut config.warnings).into_iter();
        let mut notes: Vec<_> = warnings.map(|warning| (Level::Warn, warning)).collect();
        let mut problems: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let outbound = wiring::outbound(&config.gitea)
            .map_err(|error| problems.push(error.to_string()))
            .ok();
        let checkpoints = config.audit.checkpoint_file.as_deref();
        let Time { now, behind } = Time::read(audit_log.as_deref(), checkpoints);
        notes.extend(behind.map(|told| (Level::Warn, told)));
        let example_opens = config.listen.is_loopback();
        let mut sources = KeySources::new(&env, &config.gate.keys, example_opens);
        let sandbox = is_sandbox.then(|| Made::new(false)).transpose()?;
        let sandbox = sandbox.map(|made| made.key);
        let keys = if let Some(key) = &sandbox {
            made(key)
        } else {
            let told = KEYS.iter().any(|name| is_wrong(name));
            read_keys(&config, &mut sources, now, told, &mut problems)
        };
        let misplaced = config.gate.keys.misplaced_metadata(env.source().path());
        let misplaced = misplaced.filter(|_| !is_sandbox);
        // Without it keys would be back that ended.
        problems.extend(misplaced);
        notes.extend(keys.notes.iter().cloned());
        if let Some(pipe) = sources.pipe().filter(|_| config.gate.key_reload) {
            config.gate.key_reload = false;
            notes.push((Level::Warn, given_once(pipe)));
        }
        // Nothing but their digests is needed any more.
        config.gate.keys.texts.clear();
        if !is_sandbox {
            problems.extend(missing_gitea(&config.gitea, env.file(), is_wrong));
        }
        let catalog = read_catalog(&config, &mut problems);
        let log = audit_log.as_deref();
        problems.extend(file_problems(&config.audit, log, is_wrong));
        match shared(&env) {
            Some(told) if asked.strict_perms => problems.push(told),
            told => notes.extend(told.map(|told| (Level::Warn, told))),
        }
        notes.extend(advice(&config, is_sandbox));
        Ok(Self {
            config,
            sandbox,
            env_file: env.file().map(Path::to_owned),
            keys,
            sources,
            now,
            catalog,
            outbound,
            audit_log,
            notes,
            problems,
        })
    }
}

fn override_address(asked: &Serve, address: &mut SocketAddr) {
    if let Some(host) = asked.host {
        address.set_ip(host);
    }
    if let Some(port) = asked.port {
        address.set_port(port);
    }
}

/// Where records go; `None` for a fresh private folder.
fn chosen_log(asked: &Serve, config: &mut Config, is_sandbox: bool) -> Option<PathBuf> {
    let default = if asked.sandbox_unless_configured {
        "./audit.log"
    } else {
        DEFAULT_AUDIT_LOG
    };
    let named = asked.audit_log.clone();
    let named = named.or_else(|| config.audit.path.take());
    named.or_else(|| (!is_sandbox).then(|| default.into()))
}

/// The one key of a sandbox.
fn made(key: &ApiKey) -> KeysRead {
    let (entry, nothing) = (KeyEntry::of(key), Metadata::default());
    KeysRead::of(KeyRing::new([&entry], &nothing, wiring::rights()))
}

/// Reads the keys of the settings. Why there are none may be `told` already.
fn read_keys(
    config: &Config,
    sources: &mut KeySources,
    now: DateTime<Utc>,
    told: bool,
    problems: &mut Vec<String>,
) -> KeysRead {
    let known = Metadata::load(sources.metadata());
    // Without it, keys would open the door that have ended.
    problems.extend(known.as_ref().err().map(ToString::to_string));
    let is_metadata_unusable = known.is_err();
    let known = known.ok().flatten();
    let mut read = sources.keys(&config.gate.keys, known.as_ref(), now);
    read.is_metadata_unusable = is_metadata_unusable;
    sources.note(&read);
    let none_left = read.ring.in_force(now).next().is_none();
    if config.gate.auth_enabled && none_left && !told && !read.has_closed_example {
        problems.push(no_keys(&read));
    }
    if read.has_closed_example {
        problems.push(EXAMPLE.to_owned());
    }
    read
}

fn given_once(pipe: &Path) -> String {
    format!(
        "{} is a pipe, which gives its text once: other keys need a restart",
        pipe.display()
    )
}

/// What is not set of the forge, and not told to be wrong either.
fn missing_gitea(
    gitea: &GiteaConfig,
    env_file: Option<&Path>,
    is_wrong: impl Fn(&str) -> bool,
) -> impl Iterator<Item = String> {
    let url = || {
        let put = env_file.map_or_else(
            || "copy `.env.example` to `.env` and fill it in".to_owned(),
            |file| {
                format!(
                    "put `GITEA_URL=https://git.example.org` into {}",
                    shown(file)
                )
            },
        );
        format!("`GITEA_URL` is not set: {put}, or look around with `aegis serve --sandbox`")
    };
    let token = || {
        "`GITEA_TOKEN` is not set: make a token in Gitea (settings, applications); for example `GITEA_TOKEN=the-token`".to_owned()
    };
    let no_url = gitea.url.is_none() && !is_wrong("GITEA_URL");
    let no_token = gitea.token.is_none() && !TOKEN.iter().any(|name| is_wrong(name));
    [no_url.then(url), no_token.then(token)]
        .into_iter()
        .flatten()
}

/// What is wrong with the files that a server writes, where their settings are right.
fn file_problems(
    audit: &AuditConfig,
    log: Option<&Path>,
    is_wrong: impl Fn(&str) -> bool,
) -> impl Iterator<Item = String> {
    let checkpoints = audit.checkpoint_file.as_deref();
    let checkpoints = checkpoints.and_then(|file| places::checkpoints(file, log));
    let key = audit.seal_key_file.as_deref();
    let key = key.filter(|_| !is_wrong("AUDIT_SEAL_KEY_FILE"));
    let log = log.filter(|_| !is_wrong("AUDIT_LOG_PATH"));
    let all = [
        checkpoints,
        key.and_then(places::seal_key),
        log.and_then(places::log),
    ];
    all.into_iter().flatten()
}

/// Says that others may read the file of settings, if so.
fn shared(env: &Env) -> Option<String> {
    let (mode, file) = (env.shared_mode()?, shown(env.file()?));
    Some(format!(
        "others than its owner can read {file} (mode {mode:03o}): `chmod 600 {file}`"
    ))
}

/// Says that nobody would be let in.
pub(super) fn no_keys(read: &KeysRead) -> String {
    let ended = match &read.ended[..] {
        [] => String::new(),
        ended => format!(" that could be used: key {}", ended.join(", key ")),
    };
    format!(
        "No API keys configured in environment{ended}: put one that `aegis generate-key` makes into `MCP_API_KEYS` in `.env`"
    )
}

fn read_catalog(config: &Config, problems: &mut Vec<String>) -> Catalog {
    let all = || operations::all(config.answer_max_chars);
    Catalog::new(all(), &config.toolsets).unwrap_or_else(|unknown| {
        let known = unknown.known.join(", ");
        problems.push(format!(
            "`TOOLSETS` names a toolset that does not exist; there are: {known}"
        ));
        Catalog::new(all(), &["all".to_owned()]).expect("`all` is every toolset")
    })
}
