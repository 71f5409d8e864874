//! The operations one by one, from the assistant's arguments to its answer.
mod branches; // branch_read
mod commits; // commit_read
mod everything;
mod hostile; // arguments and forges that lie // every method, through the server, of the sandbox
