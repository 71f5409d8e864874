//! What `serve` would do: the settings with the command line over them, and what speaks against it.
use std::path::{Path, PathBuf};

use log::Level;
use rustix::{
    fs::{Access, access},
    process::geteuid,
};

use super::advice::advice;
use crate::{
    audit::AuditOpenError,
    cli::Serve,
    commands::Failure,
    config::{Config, DEFAULT_AUDIT_LOG, Env},
    dispatch::Catalog,
    keys::{ApiKey, KeyList},
    operations,
};

/// Where keys come from, and whether any are needed.
const KEYS: [&str; 3] = ["MCP_API_KEYS", "MCP_API_KEYS_FILE", "AUTH_ENABLED"];

/// Everything that is known before a file is made or a port is taken.
pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) sandbox: bool,
    /// The `.env` file that was read.
    pub(super) env_file: Option<PathBuf>,
    pub(super) keys: KeyList,
    pub(super) catalog: Catalog,
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
        if let Some(host) = asked.host {
            config.listen.address.set_ip(host);
        }
        if let Some(port) = asked.port {
            config.listen.address.set_port(port);
        }
        let audit_log = asked.audit_log.clone().or_else(|| config.audit.path.take());
        let audit_log = audit_log.or_else(|| (!asked.sandbox).then(|| DEFAULT_AUDIT_LOG.into()));

        let warnings = std::mem::take(&mut config.warnings).into_iter();
        let mut notes: Vec<_> = warnings.map(|warning| (Level::Warn, warning)).collect();
        let mut problems: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let keys = if asked.sandbox {
            KeyList {
                keys: vec![made_key()?],
                ..KeyList::default()
            }
        } else {
            let told = KEYS.iter().any(|name| is_wrong(name));
            read_keys(&mut config, told, &mut notes, &mut problems)
        };
        if config.gitea.url.is_none() && !asked.sandbox && !is_wrong("GITEA_URL") {
            problems.push(
                "`GITEA_URL` is not set: copy `.env.example` to `.env` and fill it in, or look around with `aegis serve --sandbox`"
                    .to_owned(),
            );
        }
        let catalog = read_catalog(&mut config, &mut problems);
        if !is_wrong("AUDIT_LOG_PATH") {
            let log = audit_log.as_deref();
            problems.extend(log.and_then(|log| missing_folder(log).or_else(|| unwritable(log))));
        }
        if let (Some(mode), Some(file)) = (env.shared_mode(), env.file()) {
            let file = shown(file);
            let told = format!(
                "others than its owner can read {file} (mode {mode:03o}): `chmod 600 {file}`"
            );
            if asked.strict_perms {
                problems.push(told);
            } else {
                notes.push((Level::Warn, told));
            }
        }
        notes.extend(advice(&config, asked.sandbox));
        Ok(Self {
            config,
            sandbox: asked.sandbox,
            env_file: env.file().map(Path::to_owned),
            keys,
            catalog,
            audit_log,
            notes,
            problems,
        })
    }
}

fn made_key() -> Result<ApiKey, Failure> {
    ApiKey::generate().map_err(|error| Failure::Other(format!("no key was made: {error}")))
}

/// Takes the keys out of the settings. Why there are none may be `told` already.
fn read_keys(
    config: &mut Config,
    told: bool,
    notes: &mut Vec<(Level, String)>,
    problems: &mut Vec<String>,
) -> KeyList {
    let mut list = KeyList::default();
    for (name, text) in config.gate.keys.drain(..) {
        let more = KeyList::parse(text.expose());
        let rejected = more
            .rejected
            .iter()
            .map(|entry| (Level::Error, format!("`{name}`, {entry}: left out")));
        notes.extend(rejected);
        let weak = more
            .warnings
            .iter()
            .map(|entry| (Level::Warn, format!("`{name}`, {entry}")));
        notes.extend(weak);
        list.merge(more);
    }
    if config.gate.auth_enabled && list.keys.is_empty() && !told {
        problems.push(
            "No API keys configured in environment: put one that `aegis generate-key` makes into `MCP_API_KEYS` in `.env`"
                .to_owned(),
        );
    }
    if list.has_guide_example() && !config.listen.address.ip().is_loopback() {
        problems.push(
            "`MCP_API_KEYS` holds the example key of the guide, which everybody knows, and others can reach this address: replace it by one that `aegis generate-key` makes"
                .to_owned(),
        );
    }
    list
}

fn read_catalog(config: &mut Config, problems: &mut Vec<String>) -> Catalog {
    let all =
        || Catalog::new(operations::all(), &["all".to_owned()]).expect("`all` is every toolset");
    let Some(names) = config.toolsets.take() else {
        return all();
    };
    Catalog::new(operations::all(), &names).unwrap_or_else(|unknown| {
        let known = unknown.known.join(", ");
        problems.push(format!(
            "`TOOLSETS` names a toolset that does not exist; there are: {known}"
        ));
        all()
    })
}

/// Says that the folder of a file does not exist, and which command makes it.
fn missing_folder(file: &Path) -> Option<String> {
    let folder = folder_of(file);
    if folder.exists() {
        return None;
    }
    let there = folder
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("."));
    let user = geteuid();
    let command = if access(there, Access::WRITE_OK).is_ok() {
        format!("mkdir -p -m 750 {}", shown(folder))
    } else {
        format!(
            "sudo install -d -m 750 -o {} {}",
            user.as_raw(),
            shown(folder)
        )
    };
    Some(format!(
        "the folder of the audit log does not exist: make it with `{command}`, or name another file in `AUDIT_LOG_PATH`"
    ))
}

/// Says why a log could not be written, without writing.
fn unwritable(file: &Path) -> Option<String> {
    let place = file.to_owned();
    let refused = match file.symlink_metadata().map(|found| found.file_type()) {
        Ok(found) if found.is_dir() => AuditOpenError::IsFolder(place),
        Ok(found) if found.is_symlink() => AuditOpenError::IsLink(place),
        Ok(found) if !found.is_file() => AuditOpenError::NotAFile(place),
        Ok(_) if access(file, Access::READ_OK | Access::WRITE_OK).is_ok() => return None,
        Err(_) if access(folder_of(file), Access::WRITE_OK | Access::EXEC_OK).is_ok() => {
            return None;
        }
        Ok(_) | Err(_) => AuditOpenError::NoPermission(place),
    };
    Some(refused.to_string())
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A path as a shell takes it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
