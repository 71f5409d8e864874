//! Reading logs: which files a log is in, their lines, and what a line says. A log may hold
//! anything, be cut, be compressed, or grow meanwhile; nothing that stands in it is believed further
//! than it is a record, and nothing here needs more memory because a log is larger.
mod files;
mod line;
mod stream;
mod uses;

pub use files::rotated;
pub use line::{Bad, Event, Line, Text};
pub use stream::{LONGEST_LINE, Raw, open, read_lines};
pub use uses::{KeyUse, key_uses};
