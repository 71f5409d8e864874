//! The gate and the server before the protocol, from outside: who is let in, what is said to those
//! who are not, and what becomes of requests that mean harm.
mod browsers; // Host, Origin, preflight
mod endings; // streams and offers to upgrade, behind which a connection takes no request
mod fixture; // a server with next to no tools, a log to look into, and its hands
mod former; // keys that were ours: what their holders see, what the log says, when a key ends
mod heads; // heads that do not come, and what passes for one
mod hostile; // heads and bodies that are too large, too slow, or two things at once
mod keys; // where a key may stand, and what is said where none is
mod limits; // failures, blocks, whom they meet
mod routes; // paths, methods, the headers of every answer
mod running; // panics, deadlines, a log that cannot be written, the end
mod unread; // what is no request at all
