//! The protocol by itself: tools of a fixture behind it, no gate before it. Every row of the tables
//! that it promises is a case, and every message it writes is held against the schema of its revision.
mod batches; // several messages in one body
mod calls; // what becomes of a call when its client leaves
mod fixture; // the tools, and a client that checks what it is answered
mod legacy; // 2025-03-26 to 2025-11-25 over POST
mod messages; // what is no message
mod modern; // 2026-07-28: `_meta`, headers, results
mod plain; // the routes that speak no MCP
mod properties; // whatever comes, the answer is well formed
mod readers; // what waits for the readers of streams, and its bounds
mod schemas; // the published JSON schemas
mod streams; // 2024-11-05
mod wire; // over TCP, behind the gate
