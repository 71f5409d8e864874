//! What a key is: its text while it is made or compared, the hint by which people name it, the
//! digest by which the program does, and the ring of those in force.
mod entry;
mod key;
mod label;
mod list;
mod members;
mod metadata;
mod metadata_file;
mod outlines;
mod record;
mod ring;
mod rotation;
mod search;

pub use entry::{Form, KeyEntry, SEPARATORS, entry_within};
pub use key::{ApiKey, Fingerprint, KeyError, KeyHint, KeyId, is_key_character};
pub use label::{Label, LabelError};
pub use list::{KeyList, KeyWarning, RejectedKey, Weakness};
pub use metadata::{KnownKey, Metadata, MetadataFault};
pub use metadata_file::{MetadataError, MetadataFile};
pub use record::KeyRecord;
pub use ring::{Found, Key, KeyRing};
pub use rotation::{Rotation, Stage, Successors, in_force, rotations};
pub use search::{may_be_in, without_keys};
