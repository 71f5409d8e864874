//! The operations one by one, from the assistant's arguments to its answer.
mod asked; // arguments that were not meant so
mod branches; // branch_read
mod commits; // commit_read
mod everything; // every method, through the server, of the sandbox
mod files; // file_read: one, several, folders, trees
mod finding; // file_read find
mod hostile; // arguments and forges that lie
mod issues; // issue_read
mod people; // user_read and server_read
mod pulls; // pull_read
mod repositories; // repo_read
mod searching; // search and fetch
