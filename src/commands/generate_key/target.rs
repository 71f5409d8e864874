//! Where a new key goes, and what is known of it: locked, checked and prepared before anybody sees
//! the key, and written after.
use crate::{
    cli::GenerateKey,
    commands::{
        Failure, Made,
        inventory::{Inventory, Place},
        key_files::{KeyFiles, LockedKeys},
        paths,
        prompt::Prompts,
    },
    config::KeyEditor,
    durable::InPlace,
    keys::{KeyHint, KeyId, KeyRecord, Label, Metadata, MetadataFile},
};

/// Where a key goes, and what is known of it.
pub(super) enum Target {
    /// Nowhere but to who asked.
    None,
    /// What is known of it is written down.
    Known(Box<KeyFiles>, Box<MetadataFile>, InPlace),
    /// It is put into `.env`.
    Keys {
        files: Box<KeyFiles>,
        locked: Box<LockedKeys>,
        saves: bool,
    },
}

impl Target {
    pub(super) fn open(
        asked: &GenerateKey,
        files: Option<KeyFiles>,
        saves: bool,
        mut person: Option<&mut Prompts>,
    ) -> Result<Self, Failure> {
        let Some(files) = files.map(Box::new) else {
            return Ok(Self::None);
        };
        if asked.add {
            let in_place = files.in_place(asked.edited.in_place, person.as_deref_mut())?;
            let locked = Box::new(files.lock(in_place, person.as_deref())?);
            return Ok(Self::Keys {
                files,
                locked,
                saves,
            });
        }
        let known = Box::new(files.lock_known(person.as_deref())?);
        let in_place = if asked.edited.in_place {
            InPlace::Allowed
        } else {
            InPlace::Never
        };
        Ok(Self::Known(files, known, in_place))
    }

    /// Does all that can fail before anybody sees the key.
    pub(super) fn prepare(&mut self, made: &Made, record: &KeyRecord) -> Result<(), Failure> {
        match self {
            Self::None => Ok(()),
            Self::Known(_, known, _) => {
                note(&mut known.metadata, record)?;
                Ok(known.rehearse()?)
            }
            Self::Keys {
                files,
                locked,
                saves,
            } => {
                let keys = Inventory::new(files, &locked.keys, &locked.known.metadata).keys;
                if keys.iter().any(|key| key.place == Place::Environment) {
                    return Err(Failure::Settings(format!(
                        "the keys are in `MCP_API_KEYS` of the environment, and one in {} would take the place of all of them; move them there first",
                        files.env_file.display()
                    )));
                }
                if *saves {
                    note(&mut locked.known.metadata, record)?;
                    locked.known.rehearse()?;
                }
                let added = locked.keys.add(made.entry());
                added.map_err(|error| {
                    Failure::Settings(format!("{}: {error}", files.env_file.display()))
                })?;
                Ok(locked.keys.rehearse()?)
            }
        }
    }

    /// Writes what was prepared. Whoever is killed in here leaves a key that is not in force yet.
    pub(super) fn write(&mut self, id: &KeyId) -> Result<(), Failure> {
        let written = match self {
            Self::None => return Ok(()),
            Self::Known(_, known, in_place) => known.save(*in_place).map_err(Failure::from),
            Self::Keys { locked, saves, .. } => {
                if *saves {
                    locked.write()
                } else {
                    locked.commit_keys()
                }
            }
        };
        written.map_err(|failure| {
            let in_force = match self {
                Self::Keys { locked, .. } => KeyEditor::read(locked.keys.path())
                    .is_ok_and(|found| found.keys().iter().any(|key| key.id == *id)),
                Self::Known(..) | Self::None => false,
            };
            failure.and(if in_force {
                "the key is in the file nevertheless"
            } else {
                "the key that was shown is in no file"
            })
        })
    }

    /// What was done, line by line.
    pub(super) fn told(&self, hint: KeyHint) -> Vec<String> {
        let noted = |files: &KeyFiles| {
            format!("what is known of {hint} is in {}", files.metadata.display())
        };
        match self {
            Self::None => Vec::new(),
            Self::Known(files, ..) => vec![noted(files)],
            Self::Keys {
                files,
                locked,
                saves,
            } => {
                let file = files.env_file.display();
                let taken = if files.config.gate.key_reload {
                    "a running server takes it within three seconds"
                } else {
                    "`KEY_RELOAD` is off, so a running server takes it once it is restarted"
                };
                let mut told = vec![format!("{hint} is in {file}; {taken}")];
                told.extend(saves.then(|| noted(files)));
                told.extend(
                    locked
                        .keys
                        .shared_mode()
                        .map(|mode| format!("warning: {}", paths::shared(&files.env_file, mode))),
                );
                told
            }
        }
    }
}

/// Notes a key that was made. A label names one key that is or may come into use.
fn note(metadata: &mut Metadata, record: &KeyRecord) -> Result<(), Failure> {
    let has = |label: &Label| {
        let mut others = metadata.records().filter(|record| !record.has_ended());
        others.find(|record| record.label.as_ref() == Some(label))
    };
    let label = record.label.as_ref();
    if let Some((label, other)) = label.and_then(|label| Some((label, has(label)?))) {
        let now = record.created_at;
        let way_out = if now.is_some_and(|now| !other.is_in_force(now)) {
            "whose end has come: call this one otherwise, or revoke that one with `aegis revoke-key`"
        } else {
            "already: call this one otherwise, or replace that one with `aegis rotate-key`"
        };
        return Err(Failure::Other(format!(
            "there is a key called `{label}` {way_out}"
        )));
    }
    metadata
        .note_created(record.clone())
        .map_err(|error| Failure::Other(error.to_string()))
}
