//! What is read of Gitea's JSON: the facts that matter. Unknown fields never pass through.
