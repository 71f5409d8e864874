//! The one reader of variables: the process environment and the `.env` file, as one.
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    hash::{BuildHasher, RandomState},
    io,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    EnvFile,
    env_file::meant,
    error::{ConfigError, SettingError},
    file,
    unknown::{is_ours, is_service_link},
};
use crate::keys::without_keys;

/// Names the `.env` file, where `--env-file` does not.
pub(super) const ENV_FILE: &str = "AEGIS_ENV_FILE";
/// The variable of the keys. Its value in the file wins over the one in the environment, which may
/// be from before a key was revoked; for every other name the environment wins.
pub(super) const KEYS: &str = "MCP_API_KEYS";
/// The port to listen on. Kubernetes has a variable of the same name for a service called `mcp`.
pub(super) const PORT: &str = "MCP_PORT";
/// The place of what is not from the file.
const PROCESS: &str = "the environment";
/// The variables of the process and of its `.env` file, each with what was meant by it.
pub struct Env {
    variables: BTreeMap<String, Variable>,
    warnings: Vec<String>,
    source: EnvSource,
    shared_mode: Option<u32>,
}

/// Where variables were read, so that they can be read again.
#[derive(Clone, Debug)]
pub struct EnvSource {
    path: PathBuf,
    /// There was a file.
    has_file: bool,
    /// The file held the keys, so it stays their only source: in the environment there may still be
    /// one that was revoked by taking it out of the file.
    has_keys: bool,
    /// Whether this is not the first time.
    again: bool,
    /// Compares values without keeping them.
    marks: RandomState,
}

pub(super) struct Variable {
    /// Where it stands, for a sentence: `the environment`, `line 3 of .env`.
    pub(super) place: String,
    /// `None` where it is not UTF-8.
    pub(super) value: Option<Zeroizing<String>>,
}

impl Env {
    /// Reads the process environment and `file`, else the file that `AEGIS_ENV_FILE` names, else
    /// `./.env` if there is one. No parent folder is searched.
    ///
    /// # Errors
    /// The file was named and cannot be read, or it is no text file.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read_file(&Self::file_path(file), named(file).is_some())
    }

    /// As [`Env::read`], for who may make the file: it need not be there even if it was named.
    pub fn read_if_there(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read_file(&Self::file_path(file), false)
    }

    /// Where the `.env` file is, or would be.
    pub fn file_path(file: Option<&Path>) -> PathBuf {
        named(file).unwrap_or_else(|| PathBuf::from(".env"))
    }

    fn read_file(path: &Path, expected: bool) -> Result<Self, ConfigError> {
        Self::read_from(EnvSource::new(path.to_owned()), expected)
    }

    fn read_from(source: EnvSource, expected: bool) -> Result<Self, ConfigError> {
        let path = &source.path;
        let (bytes, shared_mode) = match file::read(path, source.again) {
            Ok(read) => read,
            Err(error) if !expected && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::join(env::vars_os(), source, None));
            }
            Err(error) if !source.again && error.kind() == io::ErrorKind::NotFound => {
                return Err(missing(path));
            }
            Err(error) => return Err(unreadable(path, &error.to_string())),
        };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(unreadable(path, "it is UTF-16, save it as UTF-8"));
        }
        let file = EnvFile::parse(bytes);
        let mut read = Self::join(env::vars_os(), source, Some(&file));
        read.shared_mode = shared_mode;
        Ok(read)
    }

    /// The variables of `process` and of a file that is called by its path.
    pub fn new(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        file: Option<(PathBuf, EnvFile)>,
    ) -> Self {
        let (path, file) = match file {
            Some((path, file)) => (path, Some(file)),
            None => (PathBuf::from(".env"), None),
        };
        Self::join(process, EnvSource::new(path), file.as_ref())
    }

    fn join(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        source: EnvSource,
        file: Option<&EnvFile>,
    ) -> Self {
        let mut read = Self {
            variables: BTreeMap::new(),
            warnings: Vec::new(),
            source,
            shared_mode: None,
        };
        for (name, value) in process {
            if let Ok(name) = name.into_string() {
                let value = Zeroizing::new(value.into_vec());
                let variable = Variable::new(PROCESS.to_owned(), &value[meant(&value)]);
                read.take(name, variable);
            }
        }
        if read.source.has_keys {
            read.variables.remove(KEYS);
        }
        if let Some(file) = file {
            read.source.has_file = true;
            read.add(file);
        }
        read
    }

    /// Takes a variable of the process, unless Kubernetes gave it the name of a setting by chance:
    /// what the file says of that setting counts.
    fn take(&mut self, name: String, variable: Variable) {
        let is_link = || {
            variable
                .value
                .as_deref()
                .is_some_and(|text| is_service_link(text))
        };
        if name == PORT && is_link() {
            self.warnings.push(format!(
                "`{PORT}` was set by Kubernetes for a service called `mcp` and is ignored: set \
                 `enableServiceLinks: false`, or `{PORT}` in the container's own `env`"
            ));
        } else {
            self.variables.insert(name, variable);
        }
    }

    /// What was read in a way that its writer may not expect: names and lines, no values.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The `.env` file that was read.
    pub fn file(&self) -> Option<&Path> {
        self.source.has_file.then_some(&*self.source.path)
    }

    /// Where this was read.
    pub fn source(&self) -> &EnvSource {
        &self.source
    }

    /// By which it is told later whether these settings have changed.
    pub fn marks(&self, names: &[&'static str]) -> Marks {
        let mark = |name: &&'static str| {
            let value = self.variable(name)?.value.as_ref()?;
            Some((*name, self.source.marks.hash_one(&**value)))
        };
        Marks(names.iter().filter_map(mark).collect())
    }

    /// The mode of that file, if it is a regular one that others than its owner may read or write.
    pub fn shared_mode(&self) -> Option<u32> {
        self.shared_mode
    }

    pub(super) fn is_read_again(&self) -> bool {
        self.source.again
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// What was typed, the name of the program first.
    pub fn arguments() -> Vec<OsString> {
        env::args_os().collect()
    }

    /// A folder for what need not last.
    pub fn temporary_folder() -> PathBuf {
        env::temp_dir()
    }

    /// Where this user's own files are, by `HOME`. Without it the standard library would ask glibc, which
    /// asks what a static binary has not.
    pub fn home_folder() -> Option<PathBuf> {
        let folder = env::var_os("HOME").map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    }

    /// Whether nothing is to be coloured, by `NO_COLOR`.
    pub fn is_without_colours() -> bool {
        env::var_os("NO_COLOR").is_some()
    }

    /// The socket of a service manager that wants to be told when the server is ready, by `sd_notify(3)`.
    pub fn notify_socket() -> Option<OsString> {
        env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())
    }

    fn add(&mut self, file: &EnvFile) {
        let path = self.source.path.clone();
        let shown = path.display();
        for line in file.not_understood() {
            let warning = format!("line {line} of {shown} is skipped: it is not `NAME=value`");
            self.warnings.push(warning);
        }
        if let Some(spaced) = file.assignments().find(|assignment| assignment.spaced) {
            self.warnings.push(format!(
                "line {} of {shown} has spaces around `=`: read as meant here, but wrong for a shell and for `docker run`",
                spaced.line
            ));
        }
        let mut in_file = BTreeMap::new();
        for assignment in file.assignments() {
            let place = format!("line {} of {shown}", assignment.line);
            let variable = Variable::new(place, assignment.value);
            if in_file.insert(assignment.name, variable).is_some() {
                let (name, line) = (assignment.name, assignment.line);
                // Another's may be a piece of a value, and that of a key.
                let what = if is_ours(name) {
                    format!("`{name}`")
                } else {
                    "a name that is no setting".to_owned()
                };
                self.warnings.push(format!(
                    "{what} is set more than once in {shown}: line {line} counts"
                ));
            }
        }
        self.source.has_keys |= in_file.contains_key(KEYS);
        for (name, variable) in in_file {
            match self.variables.get(name) {
                Some(process) if process.value != variable.value => {
                    self.warnings
                        .push(difference(name, process, &variable, &path));
                    if name == KEYS {
                        self.variables.insert(name.to_owned(), variable);
                    }
                }
                Some(_) => {}
                None => {
                    self.variables.insert(name.to_owned(), variable);
                }
            }
        }
    }
}

impl EnvSource {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            has_file: false,
            has_keys: false,
            again: false,
            marks: RandomState::new(),
        }
    }

    /// The `.env` file, which need not be there.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the variables anew, without ever waiting for somebody who writes a pipe.
    ///
    /// # Errors
    /// The file cannot be read. One that was there before must be there.
    pub fn read(&self) -> Result<Env, ConfigError> {
        let again = Self {
            again: true,
            has_file: false,
            ..self.clone()
        };
        Env::read_from(again, self.has_file)
    }
}

/// By which it is told whether settings have changed. No value can be drawn from it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Marks(BTreeMap<&'static str, u64>);

impl Marks {
    /// The names whose values are others here than there.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let names: BTreeSet<_> = self.0.keys().chain(other.0.keys()).copied().collect();
        let differs = |name: &&'static str| self.0.get(name) != other.0.get(name);
        names.into_iter().filter(differs).collect()
    }
}

impl Variable {
    fn new(place: String, value: &[u8]) -> Self {
        let value = str::from_utf8(value).ok();
        Self {
            place,
            value: value.map(|text| Zeroizing::new(text.to_owned())),
        }
    }

    /// Whether it is not from the file.
    pub(super) fn is_of_process(&self) -> bool {
        self.place == PROCESS
    }

    fn items(&self) -> usize {
        let text = self.value.as_deref().map_or("", |text| text);
        text.split(',')
            .filter(|item| !item.trim().is_empty())
            .count()
    }
}

/// The file that somebody named: on the command line, else by `AEGIS_ENV_FILE`.
fn named(file: Option<&Path>) -> Option<PathBuf> {
    file.map(Path::to_owned).or_else(|| {
        let named = env::var_os(ENV_FILE).filter(|name| !name.is_empty());
        named.map(PathBuf::from)
    })
}

fn difference(name: &str, process: &Variable, file: &Variable, path: &Path) -> String {
    let shown = path.display();
    if name != KEYS {
        return format!(
            "`{name}` differs between {shown} and the environment: the environment wins"
        );
    }
    let (ours, theirs) = (file.items(), process.items());
    format!(
        "`{name}` differs between {shown} (entries: {ours}) and the environment (entries: {theirs}): {shown} wins"
    )
}

fn unreadable(path: &Path, reason: &str) -> ConfigError {
    refused(path, format!("cannot be read: {reason}"))
}

fn missing(path: &Path) -> ConfigError {
    let wrong =
        format!("does not exist: name the file with the settings by `--env-file` or `{ENV_FILE}`");
    refused(path, wrong)
}

fn refused(path: &Path, wrong: String) -> ConfigError {
    let mut typed = path.display().to_string();
    // It may be a key that was typed in its place.
    if typed.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        typed = without_keys(&typed);
    }
    ConfigError(vec![SettingError {
        variable: typed,
        wrong,
        example: None,
    }])
}
