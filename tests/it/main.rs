//! All integration tests, in one binary. One file a topic.
