//! The one reader of variables: the process environment and the `.env` file, as one.
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    os::unix::{
        ffi::OsStringExt,
        fs::{FileTypeExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    EnvFile,
    env_file::meant,
    error::{ConfigError, SettingError},
};

/// Names the `.env` file, where `--env-file` does not.
pub(super) const ENV_FILE: &str = "AEGIS_ENV_FILE";
/// The variable of the keys. Its value in the file wins over the one in the environment, which may
/// be from before a key was revoked; for every other name the environment wins.
pub(super) const KEYS: &str = "MCP_API_KEYS";
/// No file of settings or secrets is larger.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// The variables of the process and of its `.env` file, each with what was meant by it.
pub struct Env {
    variables: BTreeMap<String, Variable>,
    warnings: Vec<String>,
    file: Option<PathBuf>,
    shared_mode: Option<u32>,
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
        let (bytes, mode) = match read_file(path) {
            Ok(read) => read,
            Err(error) if !expected && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::new(env::vars_os(), None));
            }
            Err(error) => return Err(unreadable(path, &error.to_string())),
        };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(unreadable(path, "it is UTF-16, save it as UTF-8"));
        }
        let file = (path.to_owned(), EnvFile::parse(bytes));
        let mut read = Self::new(env::vars_os(), Some(file));
        read.shared_mode = Some(mode & 0o7777).filter(|mode| mode & 0o077 != 0);
        Ok(read)
    }

    /// The variables of `process` and of a file that is called by its path.
    pub fn new(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        file: Option<(PathBuf, EnvFile)>,
    ) -> Self {
        let mut read = Self {
            variables: BTreeMap::new(),
            warnings: Vec::new(),
            file: None,
            shared_mode: None,
        };
        for (name, value) in process {
            if let Ok(name) = name.into_string() {
                let value = Zeroizing::new(value.into_vec());
                let variable = Variable::new("the environment".to_owned(), &value[meant(&value)]);
                read.variables.insert(name, variable);
            }
        }
        if let Some((path, file)) = file {
            read.join(&path, &file);
            read.file = Some(path);
        }
        read
    }

    /// What was read in a way that its writer may not expect: names and lines, no values.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The `.env` file that was read.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The mode of that file, if others than its owner may read or write it.
    pub fn shared_mode(&self) -> Option<u32> {
        self.shared_mode
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

    /// Where this user's own files are.
    pub fn home_folder() -> Option<PathBuf> {
        env::home_dir().filter(|folder| folder.is_absolute())
    }

    /// The socket of a service manager that wants to be told when the server is ready, by `sd_notify(3)`.
    pub fn notify_socket() -> Option<OsString> {
        env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())
    }

    fn join(&mut self, path: &Path, file: &EnvFile) {
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
                self.warnings.push(format!(
                    "`{name}` is set more than once in {shown}: line {line} counts"
                ));
            }
        }
        for (name, variable) in in_file {
            match self.variables.get(name) {
                Some(process) if process.value != variable.value => {
                    self.warnings
                        .push(difference(name, process, &variable, path));
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

impl Variable {
    fn new(place: String, value: &[u8]) -> Self {
        let value = str::from_utf8(value).ok();
        Self {
            place,
            value: value.map(|text| Zeroizing::new(text.to_owned())),
        }
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

/// The bytes and the mode of a file of settings or secrets.
pub(super) fn read_file(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    // A pipe that somebody handed over has no name to be found by; one that has would be waited for.
    if fs::metadata(path)?.file_type().is_fifo() && path.canonicalize().is_ok() {
        return Err(io::Error::other("it is a named pipe"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode();
    // Room for all of it, so that growing leaves no copies of secrets behind.
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_FILE) as usize + 1);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok((bytes, mode))
}

fn unreadable(path: &Path, reason: &str) -> ConfigError {
    ConfigError(vec![SettingError {
        variable: path.display().to_string(),
        wrong: format!("cannot be read: {reason}"),
        example: None,
    }])
}
