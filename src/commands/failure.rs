//! Why a command came to nothing, by what the person at the terminal can do about it.
use std::process::ExitCode;

use crate::{
    config::{ConfigError, EditError, KeysFileError},
    durable,
    keys::MetadataError,
};

/// `Display` is for that person: what happened, then what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings or files must be mended; trying again changes nothing.
    #[error("{0}")]
    Settings(String),
    /// What was typed does not say enough; this is what to add.
    #[error("{0}")]
    Usage(String),
    /// Another command is at work on the same file; later it may be done.
    #[error("{0}")]
    Busy(String),
    /// The person at the terminal broke it off; this is what it left.
    #[error("{0}")]
    Interrupted(String),
    /// Everything else.
    #[error("{0}")]
    Other(String),
    /// All is said already, and the code is a part of it.
    #[error("")]
    Said(u8),
}

impl Failure {
    /// The one place where a meaning becomes a code. 75 and 78 are `EX_TEMPFAIL` and `EX_CONFIG` of
    /// sysexits.h, 130 is what shells say of SIGINT, 2 is clap's too.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::from(78),
            Self::Usage(_) => ExitCode::from(2),
            Self::Busy(_) => ExitCode::from(75),
            Self::Interrupted(_) => ExitCode::from(130),
            Self::Other(_) => ExitCode::FAILURE,
            Self::Said(code) => ExitCode::from(*code),
        }
    }

    /// The same failure, and what it left.
    pub(super) fn and(self, left: &str) -> Self {
        let both = |told: String| format!("{told}; {left}");
        match self {
            Self::Settings(told) => Self::Settings(both(told)),
            Self::Usage(told) => Self::Usage(both(told)),
            Self::Busy(told) => Self::Busy(both(told)),
            Self::Interrupted(told) => Self::Interrupted(both(told)),
            Self::Other(told) => Self::Other(both(told)),
            Self::Said(code) => Self::Said(code),
        }
    }

    /// All that must be mended, together.
    pub(super) fn settings(problems: &[String]) -> Self {
        Self::Settings(match problems {
            [only] => only.clone(),
            several => format!(
                "{} things must be mended\n  {}",
                several.len(),
                several.join("\n  ")
            ),
        })
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Settings(error.to_string())
    }
}

impl From<durable::Error> for Failure {
    fn from(error: durable::Error) -> Self {
        let told = error.to_string();
        match error {
            durable::Error::Locked(_) => Self::Busy(told),
            durable::Error::Refused { .. } => Self::Settings(told),
            durable::Error::Changed(_)
            | durable::Error::MountPoint(_)
            | durable::Error::Io { .. } => Self::Other(told),
        }
    }
}

impl From<KeysFileError> for Failure {
    fn from(error: KeysFileError) -> Self {
        match error {
            KeysFileError::File(error) => error.into(),
            KeysFileError::Text { .. } | KeysFileError::Unreadable { .. } => {
                Self::Settings(error.to_string())
            }
        }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        let told = format!("the keys cannot be changed: {error}");
        match error {
            EditError::Utf16
            | EditError::NotUtf8 { .. }
            | EditError::Unsafe { .. }
            | EditError::Lost { .. } => Self::Settings(told),
            EditError::Known | EditError::Unknown => Self::Other(told),
        }
    }
}

impl From<MetadataError> for Failure {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::File(error) => error.into(),
            MetadataError::Broken { .. }
            | MetadataError::Foreign(_)
            | MetadataError::Unreadable { .. } => Self::Settings(error.to_string()),
        }
    }
}
