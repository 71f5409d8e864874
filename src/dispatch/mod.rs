//! One call from name to answer: the catalog's tool, its arguments, the caller's rights, the audit
//! record, the operation, the text. Here alone these meet.
mod arguments;
mod catalog;
mod clean;
mod dispatcher;
mod in_flight;
mod render;

pub use catalog::{Catalog, UnknownToolset};
pub use clean::Redactor;
pub use dispatcher::{Dispatcher, Shared};
