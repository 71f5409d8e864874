//! Addresses below `/api/v1`, built from pieces that were checked when they were read.
//!
//! Two traps that this room exists for: `Url::join("repos/../admin")` leaves its folder, and
//! `path_segments_mut().extend(["..", "admin"])` drops dots without a word. Encoding alone does not
//! help behind proxies that decode. So: check the name, encode it, and count the segments after.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;

/// All but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A piece of an address.
pub trait Segment {
    /// Appends this piece, each of its segments after a `/`, encoded.
    fn append(&self, path: &mut String);
}

/// A fixed word of Gitea's API.
impl Segment for &'static str {
    fn append(&self, path: &mut String) {
        path.push('/');
        path.push_str(self);
    }
}

/// A number: an index or an id.
impl Segment for u64 {
    fn append(&self, path: &mut String) {
        path.push('/');
        path.push_str(&self.to_string());
    }
}

fn append_encoded(path: &mut String, segment: &str) {
    path.push('/');
    path.extend(utf8_percent_encode(segment, ENCODED));
}

/// An address below `/api/v1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address(String);

impl Address {
    pub fn of(pieces: &[&dyn Segment]) -> Self {
        Self(String::new()).and(pieces)
    }

    #[must_use]
    pub fn and(mut self, pieces: &[&dyn Segment]) -> Self {
        for piece in pieces {
            piece.append(&mut self.0);
        }
        self
    }

    /// The path, encoded, with a leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user or an organisation: `[A-Za-z0-9._-]`, not only dots, at most 100 characters. No stricter:
/// older accounts break Gitea's newer rules for making names.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Owner(String);

/// A repository's name, by the same rule as [`Owner`].
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct RepoName(String);

/// A branch, tag or commit to read at, by git-check-ref-format(1). One segment: slashes are encoded.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct RefName(String);

/// A commit or blob by 4 to 64 hexadecimal digits.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Sha(String);

/// A path inside a repository; the root is empty. A leading `/` is dropped, `/` and `.` are the root.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct FilePath(String);

/// Why a text is not such a name, in words for the assistant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(String);

impl Owner {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Owner {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        name(&text)?;
        Ok(Self(text))
    }
}

impl Segment for Owner {
    fn append(&self, path: &mut String) {
        append_encoded(path, &self.0);
    }
}

impl RepoName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RepoName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        name(&text)?;
        Ok(Self(text))
    }
}

impl Segment for RepoName {
    fn append(&self, path: &mut String) {
        append_encoded(path, &self.0);
    }
}

fn name(text: &str) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fits = (1..=100).contains(&text.len());
    if fits && text.chars().all(plain) && !text.chars().all(|c| c == '.') {
        return Ok(());
    }
    Err(NameError(
        "a name has 1 to 100 letters, digits, `.`, `_` or `-`, and not only dots".to_owned(),
    ))
}

impl TryFrom<String> for RefName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Ok(Self(text))
    }
}

impl TryFrom<String> for Sha {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Ok(Self(text))
    }
}

impl TryFrom<String> for FilePath {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Ok(Self(text))
    }
}
