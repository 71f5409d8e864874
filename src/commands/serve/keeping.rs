//! How records are kept, in a few words, for `serve --check`.
use crate::config::{AuditConfig, Compress, Fsync};

/// What is told of it, each with its name.
pub(super) fn facts(audit: &AuditConfig) -> [(&'static str, String); 3] {
    [
        ("synced", synced(audit).to_owned()),
        ("checkpoints", checkpoints(audit)),
        ("rotation", rotation(audit)),
    ]
}

fn synced(audit: &AuditConfig) -> &'static str {
    match audit.fsync {
        Fsync::Interval => "within a second, before a call that changes something at once",
        Fsync::Each => "before every answer",
        Fsync::Off => "when the system likes",
    }
}

fn checkpoints(audit: &AuditConfig) -> String {
    let times = [
        audit
            .checkpoint_every
            .map(|every| format!("{} s", every.as_secs())),
        audit
            .checkpoint_records
            .map(|records| format!("{records} records")),
    ];
    let times: Vec<_> = times.into_iter().flatten().collect();
    if times.is_empty() {
        return "none".to_owned();
    }
    let file = audit.checkpoint_file.as_ref();
    let file = file.map(|file| format!(" and {}", file.display()));
    let seal = audit.seal_key_file.as_ref();
    let seal = seal.map(|key| format!(", sealed by {}", key.display()));
    format!(
        "after {}, to standard output{}{}",
        times.join(" or "),
        file.unwrap_or_default(),
        seal.unwrap_or_default()
    )
}

fn rotation(audit: &AuditConfig) -> String {
    let mut times = Vec::new();
    if let Some(size) = audit.rotate_size {
        times.push(format!("from {} MiB on", size.get() >> 20));
    }
    if audit.rotate_daily {
        times.push("each day".to_owned());
    }
    if times.is_empty() {
        return "none but that of others, such as logrotate".to_owned();
    }
    let kept = match audit.keep {
        0 => "all are kept".to_owned(),
        1 => "the newest one is kept".to_owned(),
        keep => format!("the newest {keep} are kept"),
    };
    let compressed = match audit.compress {
        Compress::Off => "",
        Compress::Gzip => ", compressed by gzip",
        Compress::Zstd => ", compressed by zstd",
    };
    format!("{}, {kept}{compressed}", times.join(" and "))
}
