//! From text to checked values: variables and the `.env` file are read once, every fault is told
//! at once, and no value is ever printed. Used by `commands` alone, which takes a [`Config`] apart.
mod audit;
mod editor;
mod env;
mod env_file;
mod error;
mod file;
mod keys;
mod keys_file;
mod reader;
mod settings;
mod unknown;
mod until;
mod values;

pub use audit::{AuditConfig, Compress, Fsync};
pub use editor::{EditError, KeyEditor, NewKey};
pub use env::{Env, EnvSource, Marks};
pub use env_file::{Assignment, EnvFile};
pub use error::{ConfigError, SettingError};
pub use keys::KeysConfig;
pub use keys_file::{KeysFile, KeysFileError};
pub use settings::{
    Config, DEFAULT_AUDIT_LOG, GateConfig, GiteaConfig, ListenConfig, LogFormat, TlsRoots,
};
pub use until::Until;
pub use values::{hold_a_private_one, host, is_private, server_address, trusts_every_private};
