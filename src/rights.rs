//! What a caller may do. Decided here alone: on the operation's access and on what the call is about.

/// How much an operation may change. It decides the MCP hints, the client that the operation is
/// handed, and the mark in the audit log.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Access {
    /// Only looks.
    Read,
    /// Changes something that can be changed back.
    Write,
    /// Deletes, overwrites history, or cannot be undone by the caller.
    Destroy,
}

impl Access {
    /// From the least to the most.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Destroy];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
        }
    }
}

/// What a call is about, known before it runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// The forge as a whole.
    Forge,
    User(String),
    Org(String),
    Repo {
        owner: String,
        repo: String,
    },
    /// Something asked for by a bare id: decided on the answer.
    Unknown,
}

/// What a caller may do with the forge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rights {
    up_to: Access,
}

impl Rights {
    /// Everything up to and including `access`, on every target.
    pub fn up_to(access: Access) -> Self {
        Self { up_to: access }
    }

    /// Whether `access` to `target` is granted. Today every target is treated alike.
    pub fn allow(self, access: Access, _target: &Target) -> bool {
        access <= self.up_to
    }

    /// Whether an operation of this access may be shown to the caller at all.
    pub fn show(self, access: Access) -> bool {
        access <= self.up_to
    }
}
