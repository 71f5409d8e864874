//! All integration tests, in one binary. One file a topic.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
mod archive; // what `make dist` hands out, and what stays here
mod audit; // what stands in the audit log, whatever happens to it
mod cli; // commands as a person types them: outputs, exit codes
mod client_config; // what connects a client: lines to paste, and a client's own file with all else kept
mod completions; // what shells complete, tried in real ones
mod docs; // what the documents say is so, and their commands do what they say
mod durable; // files that are replaced whole or not at all, whoever edits, kills or fills the disk
mod env_readers; // what other programs make of a `.env`, before and after we edit it
mod fuzz; // what the fuzz targets check, over their kept corpus
mod gate; // who is let in, and what becomes of requests that mean harm
mod gitea; // the door to Gitea: what is asked, what is believed, what a bad forge cannot do
mod house; // which room may use which, and what stands in one place only
mod key_commands; // what the commands around the life of a key say, write and leave behind
mod operations; // what an assistant asks, what Gitea is asked, what the assistant reads
mod places; // the files that a server writes: what is wrong with them is told before it starts
mod protocol; // the protocol alone: tables, schemas, cancellation, streams
mod proxies; // what the proxies of `deploy/` write down of a request
mod reload; // keys that change while the server runs
mod rotation; // a key replaced by another, with a person at a terminal, without, and after a kill
mod sandbox; // the forge for a first run: Gitea's shapes, pages and refusals over data of our own
mod serve; // the binary as an operator runs it: before, while and after it serves
mod settings; // settings: faults together, `.env.example`, no value shown
mod summary; // the summary of the audit log: figures, forms, whatever the log holds
mod support; // what tests share: a fake Gitea, an HTTP client, goldens
mod watching; // what whoever watches over a server sees of it: `/metrics`, and the log on standard error
