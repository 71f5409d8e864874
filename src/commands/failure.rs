//! Why a command came to nothing, by what the person at the terminal can do about it.
use std::process::ExitCode;

use crate::config::ConfigError;

/// `Display` is for that person: what happened, then what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings or files must be mended; trying again changes nothing.
    #[error("{0}")]
    Settings(String),
    /// Everything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The one place where a meaning becomes a code. 78 is `EX_CONFIG` of sysexits.h; usage (2) is clap's.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::from(78),
            Self::Other(_) => ExitCode::FAILURE,
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
