//! What a key is: its text while it is made or compared, the hint by which people name it, the
//! digest by which the program does, and the ring of those in force.
mod key;
mod list;
mod ring;

pub use key::{ApiKey, KeyError, KeyHint, KeyId};
pub use list::{KeyList, KeyWarning, RejectedKey, Weakness};
pub use ring::{Key, KeyRing};
