//! Where the keys are, by whom they are used, and where the server runs.
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{change::Files, seen::Seen};
use crate::{
    audit::{self, KeyUse},
    cli::RotateKey,
    commands::{Failure, key_files::KeyFiles, prompt::Prompts},
    config::KeyEditor,
    keys::{KeyHint, Metadata},
};

pub(super) struct Place {
    pub(super) files: KeyFiles,
    in_place: bool,
}

/// What there is at one moment, for who only looks.
pub(super) struct Look {
    keys: KeyEditor,
    metadata: Metadata,
    uses: Option<HashMap<KeyHint, KeyUse>>,
    now: DateTime<Utc>,
}

impl Place {
    pub(super) fn find(asked: &RotateKey) -> Result<Self, Failure> {
        let files = KeyFiles::find(asked.edited.env_file.as_deref())?;
        files.warn_of_clock(None);
        Ok(Self {
            files,
            in_place: asked.edited.in_place,
        })
    }

    pub(super) fn look(&self) -> Result<Look, Failure> {
        // Read first: a rotation that begins meanwhile is then seen either way.
        let metadata = self.files.known()?;
        let now = self.now();
        Ok(Look {
            metadata,
            keys: self.files.keys()?,
            uses: audit::key_uses(&self.files.audit_log(None), now).ok(),
            now,
        })
    }

    /// Locks both files. `person` is asked, where one is there, whether a file may be overwritten
    /// that cannot be replaced, and may break it off.
    pub(super) fn lock(&self, mut person: Option<&mut Prompts>) -> Result<Files, Failure> {
        let in_place = self.files.in_place(self.in_place, person.as_deref_mut())?;
        Files::lock(&self.files, in_place, person.as_deref())
    }

    /// Why nothing can be replaced.
    pub(super) fn has_no_key(&self, seen: &Seen<'_>) -> Failure {
        let rotations = seen.rotations();
        // Whatever is under way, the newest key has to do with it.
        let mut keys = seen.keys.keys().iter().rev();
        if let Some(refusal) = keys.find_map(|key| seen.refusal(key, &rotations)) {
            return refusal.into();
        }
        let file = self.file();
        let has_keys = !self.files.config.gate.keys.texts.is_empty();
        Failure::Other(if has_keys {
            format!("{file} has no key to replace: only such as stand in it can be")
        } else if self.files.env_file.exists() {
            format!("{file} has no key to replace; `aegis generate-key --add` puts one there")
        } else {
            self.files.no_keys()
        })
    }

    /// The time by which keys end, in whole seconds.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.files.now(None)
    }

    /// The file of the keys, as it was named.
    pub(super) fn file(&self) -> impl std::fmt::Display + '_ {
        self.files.env_file.display()
    }
}

impl Look {
    pub(super) fn seen<'a>(&'a self, place: &'a Place) -> Seen<'a> {
        Seen {
            files: &place.files,
            keys: &self.keys,
            metadata: &self.metadata,
            uses: self.uses.as_ref(),
            now: self.now,
        }
    }
}
