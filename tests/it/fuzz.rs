//! What the fuzz targets check, over their kept corpus: what was once hard stays right.
use std::{collections::BTreeSet, fs, panic, path::Path};

#[path = "../../fuzz/bodies/audit_line.rs"]
mod audit_line;
#[path = "../../fuzz/bodies/env_edit.rs"]
mod env_edit;
#[path = "../../fuzz/bodies/env_file.rs"]
mod env_file;
#[path = "../../fuzz/bodies/gitea_answer.rs"]
mod gitea_answer;
#[path = "../../fuzz/bodies/http_head.rs"]
mod http_head;
#[path = "../../fuzz/bodies/key_metadata.rs"]
mod key_metadata;
#[path = "../../fuzz/bodies/mcp_message.rs"]
mod mcp_message;
#[path = "../../fuzz/bodies/segments.rs"]
mod segments;

type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 8] = [
    ("audit_line", audit_line::check),
    ("env_edit", env_edit::check),
    ("env_file", env_file::check),
    ("gitea_answer", gitea_answer::check),
    ("http_head", http_head::check),
    ("key_metadata", key_metadata::check),
    ("mcp_message", mcp_message::check),
    ("segments", segments::check),
];

fn names_in(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder);
    let names =
        (fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().file_name().into_string());
    let names = names.map(|name| name.unwrap().trim_end_matches(ending).to_owned());
    names.collect()
}

#[test]
fn every_target_is_here_and_has_a_corpus() {
    let here: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(here, names_in("bodies", ".rs"));
    assert_eq!(here, names_in("fuzz_targets", ".rs"));
    assert_eq!(here, names_in("corpus", ""));
}

#[test]
fn what_holds_of_any_bytes_holds_over_the_kept_corpus() {
    for (name, check) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(name);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let held = panic::catch_unwind(|| check(&bytes));
            assert!(held.is_ok(), "{}", path.display());
        }
    }
}
