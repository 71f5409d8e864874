//! The files with the keys and with what is known of them: found as `serve` finds them, and changed
//! by one command at a time.
use std::{
    cell::Cell,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound, Utc};

use super::{Failure, clock::Time, paths, prompt::Prompts};
use crate::{
    config::{Config, DEFAULT_AUDIT_LOG, Env, KeyEditor, KeysConfig, KeysFile, KeysFileError},
    durable::{self, InPlace},
    keys::{KeyList, Metadata, MetadataError, MetadataFile, RejectedKey},
};

/// Where the keys are. Nothing is locked by knowing that.
pub(super) struct KeyFiles {
    /// The `.env` file, which need not be there yet.
    pub(super) env_file: PathBuf,
    /// `aegis-keys.json`, which need not be there yet.
    pub(super) metadata: PathBuf,
    /// The other settings. One that is wrong has its default: whoever must revoke a key need not
    /// mend the rest first.
    pub(super) config: Config,
    /// The mode of the `.env` file, if others than its owner may read or write it.
    pub(super) shared_mode: Option<u32>,
    /// Why the keys of `MCP_API_KEYS_FILE` are not known, if so.
    pub(super) unread: Option<String>,
    /// That what is known of keys is lost was said, which is to be said once.
    is_loss_told: Cell<bool>,
}

/// Both files, which no other command changes while this value lives.
pub(super) struct LockedKeys {
    pub(super) keys: KeysFile,
    pub(super) known: MetadataFile,
    /// What was known when they were locked.
    before: String,
    in_place: InPlace,
}

impl KeyFiles {
    /// Finds them by `--env-file`, `AEGIS_ENV_FILE` and `AEGIS_KEYS_FILE`.
    ///
    /// # Errors
    /// A file is there and cannot be read, a `.env` file was named that is not there, or what is known
    /// of keys is where it counts for nothing.
    pub(super) fn find(env_file: Option<&Path>) -> Result<Self, Failure> {
        Self::found(env_file, &Env::read(env_file)?)?.with_all_read()
    }

    /// As [`KeyFiles::find`], for who may make the `.env` file.
    pub(super) fn find_or_make(env_file: Option<&Path>) -> Result<Self, Failure> {
        Self::found(env_file, &Env::read_if_there(env_file)?)?.with_all_read()
    }

    /// The same for who must revoke a key, whatever keeps those of `MCP_API_KEYS_FILE` from being read.
    pub(super) fn find_readable(env_file: Option<&Path>) -> Result<Self, Failure> {
        Self::found(env_file, &Env::read(env_file)?)
    }

    fn with_all_read(self) -> Result<Self, Failure> {
        match self.unread {
            Some(told) => Err(Failure::settings(&[told])),
            None => Ok(self),
        }
    }

    fn found(env_file: Option<&Path>, env: &Env) -> Result<Self, Failure> {
        let (config, errors) = Config::read(env);
        let needed = errors
            .iter()
            .filter(|error| KeysConfig::NAMES.contains(&&*error.variable));
        let (of_file, others): (Vec<_>, Vec<_>) =
            needed.partition(|error| error.variable == KeysConfig::FILE);
        if !others.is_empty() {
            let all = others.iter().chain(&of_file);
            let problems: Vec<_> = all.map(ToString::to_string).collect();
            return Err(Failure::settings(&problems));
        }
        let env_file = Env::file_path(env_file);
        if let Some(told) = config.gate.keys.misplaced_metadata(&env_file) {
            return Err(Failure::Settings(told));
        }
        Ok(Self {
            metadata: config.gate.keys.metadata_beside(&env_file),
            shared_mode: env.shared_mode(),
            env_file,
            config,
            unread: of_file.first().map(ToString::to_string),
            is_loss_told: Cell::new(false),
        })
    }

    /// Where the server's records are, unless somebody `named` another file.
    pub(super) fn audit_log(&self, named: Option<&Path>) -> PathBuf {
        let set = || self.config.audit.path.clone();
        let named = named.map(Path::to_owned).or_else(set);
        named.unwrap_or_else(|| DEFAULT_AUDIT_LOG.into())
    }

    /// The time by which the server judges them, in whole seconds.
    pub(super) fn now(&self, log: Option<&Path>) -> DateTime<Utc> {
        self.time(log).now.trunc_subsecs(0)
    }

    /// Says on standard error that this is not the time that the clock tells, if so.
    pub(super) fn warn_of_clock(&self, log: Option<&Path>) {
        if let Some(told) = self.time(log).behind {
            // The command goes on, whether or not somebody reads.
            let _ = writeln!(io::stderr(), "warning: {told}");
        }
    }

    /// The time by which the server judges them. Its records are in `log`, or where the settings say.
    pub(super) fn time(&self, log: Option<&Path>) -> Time {
        let checkpoints = self.config.audit.checkpoint_file.as_deref();
        Time::read(Some(&self.audit_log(log)), checkpoints)
    }

    /// What is known of the keys, for who only looks. Says on standard error that it is lost, if so.
    pub(super) fn known(&self) -> Result<Metadata, MetadataError> {
        let known = Metadata::load(&self.metadata)?;
        if known.is_none() && durable::is_lost(&self.metadata) {
            self.warn_of_loss();
        }
        Ok(known.unwrap_or_default())
    }

    fn warn_of_loss(&self) {
        let has_keys = !self.config.gate.keys.texts.is_empty();
        if has_keys && !self.is_loss_told.replace(true) {
            // The command goes on, whether or not somebody reads.
            let _ = writeln!(io::stderr(), "warning: {}", paths::lost(&self.metadata));
        }
    }

    /// The keys in the `.env` file, for who only looks; none where there is no file.
    pub(super) fn keys(&self) -> Result<KeyEditor, KeysFileError> {
        let found = self.env_file.symlink_metadata();
        if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let nothing = KeyEditor::parse(Vec::new()).map_err(|error| KeysFileError::Text {
                path: self.env_file.clone(),
                error,
            });
            return nothing;
        }
        KeyEditor::read(&self.env_file)
    }

    /// Says that there are no keys, and where that was looked for.
    pub(super) fn no_keys(&self) -> String {
        let file = self.env_file.display();
        if self.env_file.exists() {
            format!("no keys are set in {file}")
        } else {
            format!(
                "no keys are set: there is no {file} here (`--env-file` or `AEGIS_ENV_FILE` names one that is elsewhere)"
            )
        }
    }

    /// The entries that are no keys, of the `.env` file, which was just read, and of other places.
    pub(super) fn rejected(&self, in_file: &KeyEditor) -> Vec<String> {
        let told = |name: &str, rejected: &RejectedKey| format!("`{name}`, {rejected}: left out");
        let here = in_file.rejected().iter();
        let mut all: Vec<_> = here.map(|it| told("MCP_API_KEYS", it)).collect();
        for (name, text) in &self.config.gate.keys.texts {
            // What the variable has is from the file, if it is what the file has.
            if *name == KeysConfig::FILE || !in_file.is_value(text.expose()) {
                let rejected = KeyList::parse(text.expose()).rejected;
                all.extend(rejected.iter().map(|it| told(name, it)));
            }
        }
        all
    }

    /// Settles whether a file may be overwritten that is a mount of its own and cannot be replaced:
    /// `allowed` says so, or the person does.
    pub(super) fn in_place(
        &self,
        allowed: bool,
        person: Option<&mut Prompts>,
    ) -> Result<InPlace, Failure> {
        let mut mounts = [&self.env_file, &self.metadata].into_iter();
        let Some(mount) = mounts.find(|file| durable::is_mount(file)) else {
            return Ok(InPlace::Never);
        };
        let asked = |person: &mut Prompts| {
            let question = format!(
                "{} is mounted as a single file and cannot be replaced in one step. Overwrite it in place?",
                mount.display()
            );
            person.confirm(&question, false)
        };
        if allowed || person.map(asked).transpose()? == Some(true) {
            return Ok(InPlace::Allowed);
        }
        Err(durable::Error::MountPoint(mount.clone()).into())
    }

    /// Locks and reads both, the keys first. Waits for other commands for ten seconds in all, unless
    /// the `person` breaks it off.
    pub(super) fn lock(
        &self,
        in_place: InPlace,
        person: Option<&Prompts>,
    ) -> Result<LockedKeys, Failure> {
        let deadline = Instant::now() + durable::PATIENCE;
        let open = |patience| Ok(KeysFile::open(&self.env_file, patience)?);
        let keys = locked(deadline, person, open)?;
        let known = self.lock_known_until(deadline, person)?;
        Ok(LockedKeys {
            keys,
            before: known.metadata.to_text(),
            known,
            in_place,
        })
    }

    /// Locks and reads what is known of keys alone.
    pub(super) fn lock_known(&self, person: Option<&Prompts>) -> Result<MetadataFile, Failure> {
        self.lock_known_until(Instant::now() + durable::PATIENCE, person)
    }

    fn lock_known_until(
        &self,
        deadline: Instant,
        person: Option<&Prompts>,
    ) -> Result<MetadataFile, Failure> {
        let is_lost = durable::is_lost(&self.metadata);
        let open = |patience| {
            Ok(MetadataFile::open(
                &self.metadata,
                &self.env_file,
                patience,
            )?)
        };
        let known = locked(deadline, person, open)?;
        if is_lost && !known.exists() {
            self.warn_of_loss();
        }
        Ok(known)
    }
}

/// How long a person who broke it off waits at most.
const PAUSE: Duration = Duration::from_millis(100);

/// Tries to `open` a file until the deadline. Whoever broke it off meanwhile meant that nothing is
/// done, although the file may be had now.
fn locked<T>(
    deadline: Instant,
    person: Option<&Prompts>,
    open: impl Fn(Duration) -> Result<T, Failure>,
) -> Result<T, Failure> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let opened = open(left.min(PAUSE));
        person.map_or(Ok(()), Prompts::check)?;
        match opened {
            Err(Failure::Busy(_)) if left > PAUSE => {}
            opened => return opened,
        }
    }
}

impl LockedKeys {
    /// Writes what is known of the keys. This comes first: a key that is to be refused is then
    /// refused, whatever becomes of the command.
    pub(super) fn save_known(&mut self) -> Result<(), Failure> {
        Ok(self.known.save(self.in_place)?)
    }

    /// Writes both, or, where one cannot be written, neither.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        let saved = self.save_known();
        let is_saved = saved.is_ok();
        let written = saved.and_then(|()| self.commit_keys());
        if !is_saved || (written.is_err() && !self.is_written()) {
            // If this fails too, more is known than is so.
            let before = Metadata::parse(self.before.clone().into_bytes());
            self.known.metadata = before.unwrap_or_default();
            let _ = self.save_known();
        }
        written
    }

    /// Whether the keys are in the file as they were to be: a disk may fail after that, too.
    pub(super) fn is_written(&self) -> bool {
        let found = KeyEditor::read(self.keys.path());
        found.is_ok_and(|found| found.as_bytes() == self.keys.as_bytes())
    }

    /// Writes the keys.
    pub(super) fn commit_keys(&mut self) -> Result<(), Failure> {
        Ok(self.keys.commit(self.in_place)?)
    }
}
