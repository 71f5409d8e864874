//! What the operator must mend. Says which setting and what would be right, never what was there.
use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingError {
    /// The variable, or the file where no single variable is at fault.
    pub variable: String,
    /// What is wrong with it, as the rest of a sentence.
    pub wrong: String,
    /// A line that would be right.
    pub example: Option<String>,
}

/// Everything that is wrong, told together.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct ConfigError(pub Vec<SettingError>);

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.variable, self.wrong)?;
        match &self.example {
            Some(example) => write!(f, "; for example `{example}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &self.0[..] {
            return only.fmt(f);
        }
        write!(f, "{} settings must be mended", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}
