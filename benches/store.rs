//! What it costs to change the keys of a large `.env`, to read what is known of many keys, and to say
//! how old they are.
#![allow(clippy::unwrap_used, reason = "a bench fails where it panics")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
use std::{
    fs,
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use aegis::{
    config::{KeysFile, NewKey},
    durable::InPlace,
    keys::{ApiKey, KeyRecord, Label, Metadata, MetadataFile},
};
use chrono::{TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};

const PATIENCE: Duration = Duration::from_secs(1);

fn key(number: usize) -> ApiKey {
    ApiKey::parse(&format!("{number:064x}")).unwrap()
}

/// A `.env` of a little under 1 MiB: settings, comments, and a hundred keys in the middle.
fn env_file(path: &Path) {
    let lines =
        "# what this setting is for, in a sentence or two\nNAME_OF_A_SETTING=a value of it\n";
    let half = lines.repeat((500 << 10) / lines.len());
    let keys: Vec<_> = (0..100)
        .map(|number| key(number).expose().to_owned())
        .collect();
    fs::write(
        path,
        format!("{half}MCP_API_KEYS={}\n{half}", keys.join(",")),
    )
    .unwrap();
}

fn edit(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    env_file(&path);
    let (one, other) = (key(1000), key(99));
    let mut turn = false;
    bench.bench_function("edit a .env of 1 MB", |bench| {
        bench.iter(|| {
            let (old, new) = if turn { (&one, &other) } else { (&other, &one) };
            turn = !turn;
            let mut file = KeysFile::open(&path, PATIENCE).unwrap();
            file.replace(&old.id(), NewKey::Plain(new)).unwrap();
            file.commit(InPlace::Never).unwrap();
        });
    });
}

/// What is known of ten thousand keys.
fn known(path: &Path) -> MetadataFile {
    let mut file = MetadataFile::open(path, Path::new(".env"), PATIENCE).unwrap();
    for number in 0..10_000 {
        let (id, hint) = (key(number).id(), key(number).hint());
        let record = KeyRecord {
            label: Some(Label::new(&format!("client {number}")).unwrap()),
            created_at: Some(Utc::now()),
            source: Some("generated".to_owned()),
            expires_at: Some(Utc::now() + TimeDelta::days(90)),
            ..KeyRecord::of(&id, hint)
        };
        file.metadata.note_created(record).unwrap();
    }
    file.save(InPlace::Never).unwrap();
    file
}

fn metadata(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aegis-keys.json");
    let mut file = known(&path);
    bench.bench_function("read metadata of 10,000 keys", |bench| {
        bench.iter(|| black_box(Metadata::load(&path).unwrap()));
    });
    let (id, hint) = (key(5000).id(), key(5000).hint());
    bench.bench_function("note one of 10,000 keys", |bench| {
        bench.iter(|| {
            file.metadata.note_expires(&id, hint, Utc::now());
            file.save(InPlace::Never).unwrap();
        });
    });
}

/// The whole command, from its start to its end.
fn check(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    drop(known(&folder.path().join("aegis-keys.json")));
    let keys: Vec<_> = (0..10_000)
        .map(|number| key(number).expose().to_owned())
        .collect();
    let text = format!("MCP_API_KEYS={}\n", keys.join(","));
    fs::write(folder.path().join(".env"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command
        .arg("check-key-age")
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::null());
    bench.bench_function("check the age of 10,000 keys", |bench| {
        bench.iter(|| command.status().unwrap());
    });
}

criterion_group!(benches, edit, metadata, check);
criterion_main!(benches);
