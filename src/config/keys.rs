//! The settings that say where the keys are, and what is written down about them.
use std::path::{Path, PathBuf};

use super::{Env, SettingError, env::KEYS, reader::Reader};
use crate::secret::Secret;

const KEYS_FILE: &str = "MCP_API_KEYS_FILE";
const KEY_METADATA: &str = "AEGIS_KEYS_FILE";
const METADATA: &str = "aegis-keys.json";

/// Where the keys are: all that is read again while a server runs.
#[derive(Debug)]
pub struct KeysConfig {
    /// Texts that list keys, each with the variable it is from.
    pub texts: Vec<(&'static str, Secret)>,
    /// The file of the second of these texts.
    pub file: Option<PathBuf>,
    /// What is written down about keys, if not beside the `.env` file.
    pub metadata: Option<PathBuf>,
}

impl KeysConfig {
    /// The names of the settings that this is.
    pub const NAMES: [&str; 3] = [KEYS, KEYS_FILE, KEY_METADATA];
    /// The one of them that names a file of further keys.
    pub const FILE: &str = KEYS_FILE;

    /// Reads these settings and no other, and says all that is wrong.
    pub fn read(env: &Env) -> (Self, Vec<SettingError>) {
        let mut reader = Reader::new(env);
        (Self::take(&mut reader), reader.errors)
    }

    /// The same, where other settings are read too.
    pub(super) fn take(reader: &mut Reader<'_>) -> Self {
        const USUAL: &str = "/run/secrets/mcp_api_keys";
        let listed = reader
            .text(KEYS, None)
            .map(|text| Secret::new(text.to_owned()));
        let filed = reader.secret_file(KEYS_FILE, USUAL);
        let texts = [(KEYS, listed), (KEYS_FILE, filed)].into_iter();
        Self {
            texts: texts
                .filter_map(|(name, text)| Some((name, text?)))
                .collect(),
            file: reader.text(KEYS_FILE, Some(USUAL)).map(PathBuf::from),
            metadata: reader.text(KEY_METADATA, Some(METADATA)).map(PathBuf::from),
        }
    }

    /// Where the metadata is, for the keys of this `.env` file: a path that is not absolute is one
    /// beside it, from wherever a command is run. Of a link that is beside what it leads to, so that
    /// a server there and a command here know of the same keys.
    pub fn metadata_beside(&self, env_file: &Path) -> PathBuf {
        folder(&led_to(env_file)).join(self.metadata_name())
    }

    /// Says that there is metadata beside the link that this `.env` file is, where nobody looks, and
    /// none where it should be.
    pub fn misplaced_metadata(&self, env_file: &Path) -> Option<String> {
        let (stray, place) = (
            folder(env_file).join(self.metadata_name()),
            self.metadata_beside(env_file),
        );
        // Where it cannot be looked, whoever reads it says why.
        let is_missing = |place: &Path| matches!(place.try_exists(), Ok(false));
        (stray != place && stray.exists() && is_missing(&place)).then(|| {
            format!(
                "{} counts for nothing, since {} is a link: move it to {}, beside what that leads to",
                stray.display(),
                env_file.display(),
                place.display()
            )
        })
    }

    fn metadata_name(&self) -> &Path {
        let named = self.metadata.as_deref();
        named.unwrap_or(Path::new(METADATA))
    }
}

/// What a link leads to in the end; of anything else, the path itself.
fn led_to(path: &Path) -> PathBuf {
    let Ok(next) = path.read_link() else {
        return path.to_owned();
    };
    // What is not there yet is made where the link says.
    let made = |_| folder(path).join(next);
    path.canonicalize().unwrap_or_else(made)
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}
