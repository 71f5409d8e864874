//! Reading logs: which files a log is in, their lines, and what a line says. A log may hold
//! anything, be cut, be compressed, or grow meanwhile; nothing that stands in it is believed further
//! than it is a record, and nothing here needs more memory because a log is larger.
//!
//! [`find`] says which files a log is in, [`sources`] which parts of them matter, [`read`] hands
//! their lines to several threads, each to a [`Reader`] of its own, and [`Line::of`] says what a
//! line says.
mod again;
mod backward;
mod bisect;
mod files;
mod follow;
mod ip;
mod line;
mod newest;
mod pieces;
mod scan;
mod stream;
mod text;
mod unpack;
mod uses;

pub(super) use again::again;
pub use files::{FindError, Log, find, hold, is_live, is_one, rotated, sources};
pub use follow::Follow;
pub use ip::Ip;
pub use line::{Bad, Event, Line, YEARS};
pub use pieces::{Piece, Reader, Source, pieces, read};
pub use scan::Minute;
pub(super) use stream::{Counted, read_at};
pub use stream::{LONGEST_LINE, Raw, read_lines};
pub use text::Text;
pub(super) use unpack::is_compressed;
pub use unpack::open;
pub use uses::{KeyUse, key_uses};
