//! What a writer does where a disk fails in ways that no test can bring about.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
use std::fs;

use ring::rand::SystemRandom;
use serde_json::Value;

use super::*;
use crate::audit::Fsync;

struct Scene {
    _folder: tempfile::TempDir,
    writer: Writer,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = AuditSettings {
            fsync: Fsync::Each,
            ballast: true,
            ..AuditSettings::new(folder.path().join("audit.log"))
        };
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap();
        let (writer, _) = Writer::open(&settings, key).unwrap();
        Self {
            _folder: folder,
            writer,
        }
    }

    fn write(&mut self, second: i64) {
        let event = AuditEvent::ServerStopped { reason: "SIGTERM" };
        let record = Record::of(&event, &self.writer.fingerprints);
        self.writer.write(record, time(second)).unwrap();
    }

    /// How many records may be lost, and the times of the first and the last.
    fn gap(&self) -> Option<(u64, DateTime<Utc>, DateTime<Utc>)> {
        let told = self.writer.owed.gap?.event();
        let AuditEvent::Gap { lost, first, last } = told else {
            return None;
        };
        Some((lost, first, last))
    }
}

fn time(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

#[test]
fn what_may_be_lost_begins_after_what_is_on_the_disk() {
    let mut scene = Scene::new();
    scene.write(1);
    let batch = scene.writer.batch().unwrap();
    scene.writer.note_synced(&batch);
    scene.write(5);
    scene.write(6);
    scene.writer.note_unsynced();
    assert_eq!(scene.gap(), Some((2, time(5), time(6))));
}

#[test]
fn what_is_written_while_the_disk_is_busy_may_be_lost_too() {
    let mut scene = Scene::new();
    scene.write(1);
    let batch = scene.writer.batch().unwrap();
    scene.write(1);
    scene.writer.note_synced(&batch);
    scene.write(5);
    scene.writer.note_unsynced();
    assert_eq!(scene.gap(), Some((2, time(1), time(5))));
}

#[test]
fn a_quota_that_is_used_up_is_told_in_room_that_was_kept() {
    let mut scene = Scene::new();
    let error = io::ErrorKind::QuotaExceeded.into();
    scene.writer.note_full(&error, time(1));
    let told = fs::read(&scene.writer.path).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let said = (&told["event"], &told["reason"]);
    assert_eq!(said, (&"audit_disk_full".into(), &"quota".into()));
}
