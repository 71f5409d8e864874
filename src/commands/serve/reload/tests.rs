#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
use std::{cell::Cell, sync::Arc};

use arc_swap::ArcSwap;
use chrono::DateTime;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;
use crate::{
    audit::{AuditLog, AuditSettings},
    config::{Env, KeysConfig},
    keys::{KeyHint, KeyId, KeyRing, Metadata},
    mcp,
    rights::{Access, Rights},
};

/// A folder with a `.env`, and who watches it.
struct Scene {
    folder: TempDir,
    watch: Watch,
}

/// A key by its letter.
fn key(letter: char) -> String {
    letter.to_string().repeat(64)
}

fn keys(letters: &str) -> String {
    let keys: Vec<_> = letters.chars().map(key).collect();
    format!("MCP_API_KEYS={}\n", keys.join(","))
}

impl Scene {
    fn new(letters: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, keys(letters)).unwrap();
        let audit = AuditLog::open(AuditSettings::new(folder.path().join("audit.log")));
        let audit = Arc::new(audit.unwrap());
        let env = Env::read(Some(&file)).unwrap();
        let sources = KeySources::new(&env, &KeysConfig::read(&env).0, false);
        let nothing = KeyRing::new([], &Metadata::default(), Rights::up_to(Access::Read));
        let (first, sources) = sources.read(&nothing, audit.now()).unwrap();
        let streams = mcp::Shared::new(
            mcp::Settings::default(),
            TaskTracker::new(),
            CancellationToken::new(),
        );
        let current = InForce {
            ring: Arc::new(ArcSwap::from_pointee(first.ring.clone())),
            audit,
            streams: Arc::new(streams),
        };
        let watch = Watch::new(current, sources, first);
        Self { folder, watch }
    }

    fn put(&self, text: &str) {
        fs::write(self.folder.path().join(".env"), text).unwrap();
    }

    /// Looks at the files while nobody changes them.
    fn look(&mut self) {
        self.watch.look(false, || Some(false));
    }

    /// The letters of the keys in force.
    fn in_force(&self) -> String {
        let ring = self.watch.keys.ring.load();
        let now = self.watch.keys.audit.now();
        let mut letters: Vec<_> = ring
            .in_force(now)
            .map(|key| key.hint.as_str()[..1].to_owned())
            .collect();
        letters.sort_unstable();
        letters.concat()
    }

    fn records(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    fn events(&self) -> Vec<String> {
        let records = self.records();
        let events = records.iter().map(|it| it["event"].as_str().unwrap());
        events.map(str::to_owned).collect()
    }
}

#[test]
fn a_file_that_is_emptied_before_it_is_written_is_read_when_it_is_whole() {
    let mut scene = Scene::new("ab");
    scene.put("");
    let (folder, step) = (scene.folder.path().join(".env"), Cell::new(0));
    scene.watch.look(false, || {
        step.set(step.get() + 1);
        match step.get() {
            1 => fs::write(&folder, &keys("bc")[..100]).unwrap(),
            2 => fs::write(&folder, keys("bc")).unwrap(),
            _ => {}
        }
        Some(false)
    });
    assert_eq!((&*scene.in_force(), step.get()), ("bc", 3));
    assert_eq!(scene.events(), ["keys_reloaded"]);
}

#[test]
fn what_never_comes_to_rest_is_taken_as_it_is() {
    let mut scene = Scene::new("ab");
    scene.put(&keys("b"));
    let (file, step) = (scene.folder.path().join(".env"), Cell::new(0));
    scene.watch.look(false, || {
        step.set(step.get() + 1);
        let letters = if step.get() % 2 == 0 { "b" } else { "bc" };
        fs::write(&file, keys(letters)).unwrap();
        Some(false)
    });
    assert_eq!(scene.in_force(), "b");
}

#[test]
fn files_that_did_not_change_are_read_only_if_somebody_asks() {
    let mut scene = Scene::new("a");
    scene.look();
    let reads = Cell::new(0);
    let count = || {
        reads.set(reads.get() + 1);
        Some(false)
    };
    scene.watch.look(false, count);
    assert_eq!(reads.get(), 0);
    scene.watch.look(true, count);
    assert_eq!(reads.get(), 1);
}

#[test]
fn a_file_of_the_same_length_in_the_same_place_is_seen_to_be_another() {
    let mut scene = Scene::new("a");
    scene.look();
    scene.put(&keys("b"));
    scene.look();
    assert_eq!(scene.in_force(), "b");
}

#[test]
fn a_fault_is_told_once_and_another_one_again() {
    let mut scene = Scene::new("a");
    for text in ["", "", "MCP_API_KEYS=short\n", "MCP_API_KEYS=short\n", ""] {
        scene.put(text);
        scene.look();
        scene.look();
    }
    assert_eq!(scene.events(), ["config_reload_failed"; 3]);
    assert_eq!(scene.in_force(), "a");
}

#[test]
fn the_example_key_of_the_guide_opens_no_door_that_others_reach() {
    let pairs = ('a'..='z').zip("12345678901234567890123456".chars());
    let pairs = pairs.chain("abcdef".chars().zip("789012".chars()));
    let example: String = pairs.flat_map(|(a, b)| [a, b]).collect();
    let mut scene = Scene::new("ef");
    scene.put(&format!("MCP_API_KEYS={},{example}\n", key('f')));
    scene.look();
    assert_eq!(scene.in_force(), "f");
    let said = super::super::keys::EXAMPLE;
    assert!(scene.watch.notes.iter().any(|(_, note)| note == said));
}

#[test]
fn another_end_of_a_key_is_recorded_only_where_the_key_goes_by_it() {
    let mut scene = Scene::new("ab");
    let id = KeyId::of(key('a').as_bytes()).fingerprint();
    let metadata = |end: &str| {
        format!(r#"{{"version": 1, "keys": [{{"id": "1", "fp": "{id}", "expires_at": "{end}"}}]}}"#)
    };
    let file = scene.folder.path().join("aegis-keys.json");
    fs::write(&file, metadata("2999-01-01T00:00:00Z")).unwrap();
    scene.look();
    assert_eq!(scene.in_force(), "ab");
    assert_eq!(scene.events(), [""; 0]);
    fs::write(&file, metadata("2000-01-01T00:00:00Z")).unwrap();
    scene.look();
    assert_eq!(scene.in_force(), "b");
    assert_eq!(scene.events(), ["keys_reloaded"]);
    assert_eq!(
        scene.records()[0]["removed"],
        serde_json::json!(["aaaaaaaa...aaaa"])
    );
}

#[test]
fn no_record_is_long_however_many_keys_there_are() {
    let mut scene = Scene::new("a");
    let many: Vec<_> = (0..1_000).map(|number| format!("{number:064x}")).collect();
    scene.put(&format!("MCP_API_KEYS={}\n", many.join(",")));
    scene.look();
    let records = scene.records();
    let all = |name: &str| {
        let hints = records.iter().map(|it| it[name].as_array().unwrap().len());
        hints.sum::<usize>()
    };
    assert_eq!((all("added"), all("removed"), records.len()), (1_000, 1, 4));
    let text = fs::read_to_string(scene.folder.path().join("audit.log")).unwrap();
    assert!(text.lines().all(|line| line.len() < 8_192));
}

#[test]
fn a_key_file_that_cannot_be_read_keeps_no_key_of_elsewhere_in_force() {
    let mut scene = Scene::new("ab");
    let further = scene.folder.path().join("further");
    let named = format!("MCP_API_KEYS_FILE={}\n", further.display());
    fs::write(&further, [key('b'), key('c')].join("\n")).unwrap();
    scene.put(&(keys("abd") + &named));
    scene.look();
    assert_eq!(scene.in_force(), "abcd");

    fs::remove_file(&further).unwrap();
    let c = KeyId::of(key('c').as_bytes());
    let mut known = Metadata::default();
    known.note_revoked(
        &c,
        KeyHint::parse("cccccccc...cccc").unwrap(),
        DateTime::UNIX_EPOCH,
    );
    fs::write(scene.folder.path().join("aegis-keys.json"), known.to_text()).unwrap();
    scene.put(&(keys("d") + &named));
    scene.look();
    assert_eq!(scene.in_force(), "bd");
    scene.look();
    let failed = ["keys_reloaded", "config_reload_failed", "keys_reloaded"];
    assert_eq!(scene.events(), failed);

    fs::write(&further, key('c')).unwrap();
    scene.look();
    assert_eq!(scene.in_force(), "d");
}

#[test]
fn an_end_that_was_forgotten_is_told_also_where_no_key_is_left_and_a_later_one_lets_the_key_in() {
    let mut scene = Scene::new("ab");
    let id = KeyId::of(key('a').as_bytes()).fingerprint();
    let file = scene.folder.path().join("aegis-keys.json");
    let metadata = |end: &str| {
        let text = format!(r#"{{"version": 1, "keys": [{{"id": "1", "fp": "{id}"{end}}}]}}"#);
        fs::write(&file, text).unwrap();
    };
    metadata(r#", "expires_at": "2000-01-01T00:00:00Z""#);
    scene.look();
    assert_eq!(scene.in_force(), "b");
    metadata("");
    scene.look();
    assert_eq!(scene.in_force(), "b");
    // Now nothing is taken, which is to be told too.
    scene.put(&keys("a"));
    scene.look();
    scene.look();
    assert_eq!(scene.in_force(), "b");
    metadata(r#", "expires_at": "2999-01-01T00:00:00Z""#);
    scene.look();
    assert_eq!(scene.in_force(), "a");
    let told: Vec<_> = scene
        .records()
        .iter()
        .map(|it| it["reason"].clone())
        .collect();
    let (forgotten, nothing) = (Value::from("ends_forgotten"), Value::Null);
    assert_eq!(
        told,
        [nothing.clone(), forgotten.clone(), forgotten, nothing]
    );
}

#[test]
fn a_key_file_that_cannot_be_read_is_told_also_while_ends_are_forgotten() {
    let mut scene = Scene::new("ab");
    let further = scene.folder.path().join("further");
    fs::write(&further, key('c')).unwrap();
    let named = format!("MCP_API_KEYS_FILE={}\n", further.display());
    scene.put(&(keys("ab") + &named));
    let mut known = Metadata::default();
    let hint = KeyHint::parse("aaaaaaaa...aaaa").unwrap();
    let id = KeyId::of(key('a').as_bytes());
    known.note_revoked(&id, hint, DateTime::UNIX_EPOCH);
    let metadata = scene.folder.path().join("aegis-keys.json");
    fs::write(&metadata, known.to_text()).unwrap();
    scene.look();
    fs::write(&metadata, Metadata::default().to_text()).unwrap();
    scene.look();
    fs::remove_file(&further).unwrap();
    scene.look();
    scene.look();
    assert_eq!(scene.in_force(), "bc");
    let reasons = |scene: &Scene| {
        let records = scene.records();
        let reasons = records.iter().filter_map(|it| it["reason"].as_str());
        reasons.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&scene), ["ends_forgotten", "unreadable"]);

    // One that is mended and breaks again is told again, and the other is not.
    fs::write(&further, key('c')).unwrap();
    scene.look();
    fs::remove_file(&further).unwrap();
    scene.look();
    let told = ["ends_forgotten", "unreadable", "unreadable"];
    assert_eq!(reasons(&scene), told);
}
