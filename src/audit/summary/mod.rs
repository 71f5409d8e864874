//! What a log says all together.
//!
//! Every form of the report is made from a [`Summary`] and from nothing else: the text, the JSON
//! (which is the value itself, as serde writes it), the CSV and the HTML. Texts in it come out of
//! the log as they stand there: whoever shows one escapes it. [`summarize()`] makes it, in bounded
//! memory whatever the log holds: where names are too many, the rarest are left out, and the
//! [`Ranking`] says how much may be missing.
mod chain;
mod count;
mod distinct;
mod durations;
mod pruned;
mod rankings;
mod rows;
mod slots;
mod summarize;
mod sums;
mod tables;
mod top;
mod window;

pub use rows::{
    AddressRow, Break, CallRow, DenialRow, EventRow, KeyRow, LogState, Malformed, NetworkRow,
    OperationRow, Ranking, Slot, Step, Summary, Timeline, Totals, UserAgentRow,
};
pub use summarize::{Effort, summarize};
pub use window::{Period, Window};
