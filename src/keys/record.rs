//! What is written down about one key: never the key.
use std::borrow::Cow;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::Deserialize;

use super::{ApiKey, Fingerprint, KeyHint, KeyId, Label, LabelError};

/// One key of the metadata file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRecord {
    /// The name of the record, by which others point to it. Ours are fingerprints.
    pub id: String,
    pub label: Option<Label>,
    pub hint: Option<KeyHint>,
    /// Whose record it is. One without is of no key.
    pub fp: Option<Fingerprint>,
    pub created_at: Option<DateTime<Utc>>,
    /// How it is known when the key was made: `generated` by us, or `adopted`, so that old at least.
    pub source: Option<String>,
    /// From when on the server refuses it.
    pub expires_at: Option<DateTime<Utc>>,
    /// The `id` of the record of the key that was made in its place.
    pub replaced_by: Option<String>,
    /// What `expires_at` was before that key was made, to be put back if it is given up again.
    pub prior_expires_at: Option<DateTime<Utc>>,
    /// When it was taken out of use in good order.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was taken out of use because somebody else may have it.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A record as it stands in the file, member by member.
#[derive(Deserialize)]
pub(super) struct Written<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    label: Option<Text<'a>>,
    hint: Option<Text<'a>>,
    fp: Option<Text<'a>>,
    created_at: Option<Text<'a>>,
    source: Option<Text<'a>>,
    expires_at: Option<Text<'a>>,
    replaced_by: Option<Text<'a>>,
    prior_expires_at: Option<Text<'a>>,
    retired_at: Option<Text<'a>>,
    revoked_at: Option<Text<'a>>,
}

/// A text that is not copied where it stands as it is read.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What is wrong with a member of a record. It is never quoted: a key may have got there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error("`{0}` is no RFC 3339 time, such as `2026-01-31T12:00:00Z`")]
    Time(&'static str),
    #[error("`{0}` is not 1 to {MAX_NAME} visible ASCII characters")]
    Name(&'static str),
    #[error("`hint` is not the `first8...last4` of a key")]
    Hint,
    #[error("`fp` is not 16 hexadecimal digits")]
    Fingerprint,
    #[error("`label`: {0}")]
    Label(#[from] LabelError),
}

/// The longest name of a record or a source, in bytes.
const MAX_NAME: usize = 64;

impl KeyRecord {
    /// A record of a key of which nothing else is known.
    pub fn of(key: &KeyId, hint: KeyHint) -> Self {
        let fingerprint = key.fingerprint();
        Self {
            id: fingerprint.to_string(),
            label: None,
            hint: Some(hint),
            fp: Some(fingerprint),
            created_at: None,
            source: None,
            expires_at: None,
            replaced_by: None,
            prior_expires_at: None,
            retired_at: None,
            revoked_at: None,
        }
    }

    /// A record of a key that was made at `now`.
    pub fn generated(key: &ApiKey, now: DateTime<Utc>) -> Self {
        Self {
            created_at: Some(now),
            source: Some("generated".to_owned()),
            ..Self::of(&key.id(), key.hint())
        }
    }

    /// Whether it was taken out of use for good: it stays refused if it comes back.
    pub fn has_ended(&self) -> bool {
        self.retired_at.is_some() || self.revoked_at.is_some()
    }

    /// Since when it is out of use for good.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.retired_at.into_iter().chain(self.revoked_at).min()
    }

    /// Whether it may be used at `now`. The caller sees to it that `now` is not before what was
    /// recorded already, so that a clock set back revives nothing.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        !self.has_ended() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The end of a key that is made in its place at `now`: as long after that as its own is after it
    /// was made. An end that came with its replacement is not its own.
    pub fn end_of_next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let replaced = self.replaced_by.is_some();
        let own = if replaced {
            self.prior_expires_at
        } else {
            self.expires_at
        }?;
        let next = self
            .created_at
            .and_then(|made| now.checked_add_signed(own - made));
        // Of RFC 3339 a year has four digits.
        let next = next.filter(|next| next.year() < 10_000).unwrap_or(own);
        (next > now).then_some(next)
    }

    /// Its members as they are written, in their order.
    pub(super) fn members(&self) -> [(&'static str, Option<String>); 11] {
        let time = |time: Option<DateTime<Utc>>| {
            time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        };
        let label = self.label.as_ref().map(|label| label.as_str().to_owned());
        [
            ("id", Some(self.id.clone())),
            ("label", label),
            ("hint", self.hint.map(|hint| hint.to_string())),
            ("fp", self.fp.map(|fp| fp.to_string())),
            ("created_at", time(self.created_at)),
            ("source", self.source.clone()),
            ("expires_at", time(self.expires_at)),
            ("replaced_by", self.replaced_by.clone()),
            ("prior_expires_at", time(self.prior_expires_at)),
            ("retired_at", time(self.retired_at)),
            ("revoked_at", time(self.revoked_at)),
        ]
    }
}

impl TryFrom<Written<'_>> for KeyRecord {
    type Error = Wrong;

    fn try_from(written: Written<'_>) -> Result<Self, Wrong> {
        let label = |text: Text<'_>| Label::written(&text.0);
        let hint = |text: Text<'_>| KeyHint::parse(&text.0).ok_or(Wrong::Hint);
        let fp = |text: Text<'_>| Fingerprint::parse(&text.0).ok_or(Wrong::Fingerprint);
        Ok(Self {
            id: name("id", written.id)?,
            label: written.label.map(label).transpose()?,
            hint: written.hint.map(hint).transpose()?,
            fp: written.fp.map(fp).transpose()?,
            created_at: time("created_at", written.created_at)?,
            source: some_name("source", written.source)?,
            expires_at: time("expires_at", written.expires_at)?,
            replaced_by: some_name("replaced_by", written.replaced_by)?,
            prior_expires_at: time("prior_expires_at", written.prior_expires_at)?,
            retired_at: time("retired_at", written.retired_at)?,
            revoked_at: time("revoked_at", written.revoked_at)?,
        })
    }
}

fn time(member: &'static str, text: Option<Text<'_>>) -> Result<Option<DateTime<Utc>>, Wrong> {
    let read = |text: Text<'_>| DateTime::parse_from_rfc3339(&text.0).map(|time| time.to_utc());
    text.map(read).transpose().map_err(|_| Wrong::Time(member))
}

fn some_name(member: &'static str, text: Option<Text<'_>>) -> Result<Option<String>, Wrong> {
    text.map(|text| name(member, text)).transpose()
}

fn name(member: &'static str, text: Text<'_>) -> Result<String, Wrong> {
    let visible = text.0.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=MAX_NAME).contains(&text.0.len()) {
        Ok(text.0.into_owned())
    } else {
        Err(Wrong::Name(member))
    }
}
