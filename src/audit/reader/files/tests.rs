#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
use std::io::{Read, Write};

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::audit::reader::open;

#[test]
fn what_was_found_of_a_log_is_read_whatever_becomes_of_it_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let record =
        |day| format!("{{\"timestamp\": \"2026-01-0{day}T00:00:00Z\", \"event\": \"x\"}}\n");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(record(1).as_bytes()).unwrap();
    fs::write(path("audit.log.2.gz"), packed.finish().unwrap()).unwrap();
    fs::write(path("audit.log.1"), record(2)).unwrap();
    fs::write(path("audit.log"), record(3)).unwrap();
    let found = rotated(&path("audit.log")).unwrap();
    fs::remove_file(path("audit.log.2.gz")).unwrap();
    fs::rename(path("audit.log"), path("audit.log.1")).unwrap();
    fs::write(path("audit.log"), record(4)).unwrap();
    let mut read = String::new();
    for log in found {
        let file = log.open().unwrap();
        open(&*file).unwrap().read_to_string(&mut read).unwrap();
    }
    assert_eq!(read, [1, 2, 3].map(record).concat());
}

#[test]
fn a_log_is_known_by_what_rotation_makes_of_its_name() {
    let was = |found: &str| names::was(Path::new("logs/audit.log"), bare(found.as_bytes()));
    for found in [
        "audit-20261128T193000Z-1.log",
        "audit-20261128T193000Z-1234567.log",
        "audit.log.1",
        "audit.log.12",
        "audit.log-20261128",
        "audit.log-20261128-1764358200",
        "audit.log-2026-11-28_19:30",
        "audit-20261128.log",
        "audit-2026112819.log",
        "audit-20261128-1764358200.log",
        "audit-2026-11-28.log",
    ] {
        for ending in ["", ".gz", ".zst"] {
            assert!(was(&format!("{found}{ending}")), "{found}{ending}");
        }
    }
    for foreign in [
        "audit.log.lock",
        "audit.log.bak",
        "audit.log.",
        "audit.log-",
        "audit.logs.1",
        "my-audit.log.1",
        "audit-2.log",
        "audit-2026.log",
        "audit-20261128-b.log",
        "audit-20261128.txt",
        "audit-20261128T193000Z-1.txt",
        "audit.log.1.tmp",
        ".audit.log.head",
    ] {
        assert!(!was(foreign), "{foreign}");
    }
}

#[test]
fn a_pattern_fits_as_in_a_shell() {
    for (pattern, name, fits) in [
        ("*.log", "audit.log", true),
        ("*.log", ".log", false),
        (".*g", ".log", true),
        ("*.log", "audit.log.1", false),
        ("audit*log*", "audit.log.1", true),
        ("a?dit.log", "audit.log", true),
        ("a?dit.log", "adit.log", false),
        ("*a*b*c", "xaybzbc", true),
        ("*a*b*c", "xaybz", false),
        ("**", "", true),
    ] {
        assert_eq!(
            matches(pattern.as_bytes(), name.as_bytes()),
            fits,
            "{pattern} {name}"
        );
    }
}

#[test]
fn a_folder_has_logs_and_other_things() {
    for log in [
        "audit.log",
        "audit.log.1",
        "audit.log.1.gz",
        "audit-1.log.zst",
        "x.log-20260101",
    ] {
        assert!(is_log(log.as_bytes()), "{log}");
    }
    for other in [
        ".audit.log.head",
        "audit.log.lock",
        "README",
        "logs",
        "log",
        "audit.json",
        ".log",
    ] {
        assert!(!is_log(other.as_bytes()), "{other}");
    }
}
