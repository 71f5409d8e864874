//! Which logs a person means.
use crate::{
    audit::reader::{self, FindError, Log},
    cli::Logs,
    commands::Failure,
    config::{Config, DEFAULT_AUDIT_LOG, Env},
};

/// The logs that were named, else the one that `serve` writes, each with the files that it was
/// before.
pub(super) fn find(asked: &Logs) -> Result<Vec<Log>, Failure> {
    let paths = if asked.log.is_empty() {
        // What else is wrong with the settings is no matter here.
        let (config, _) = Config::read(&Env::read(asked.env_file.as_deref())?);
        vec![
            config
                .audit
                .path
                .unwrap_or_else(|| DEFAULT_AUDIT_LOG.into()),
        ]
    } else {
        asked.log.clone()
    };
    Ok(reader::find(&paths)?)
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let advice = "name a log with `--log`, or set `AUDIT_LOG_PATH`";
        match error {
            FindError::Missing(_) | FindError::Empty(_) => {
                Self::Usage(format!("{error}; {advice}"))
            }
            FindError::Unreadable { .. } => Self::Other(error.to_string()),
        }
    }
}
