//! The way to the disk: who waits for it, and what follows where it fails.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    num::NonZeroU64,
    os::fd::AsRawFd as _,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use actix_web::dev::RequestHead;
use aegis::{
    audit::{
        AuditEntry, AuditLog, AuditSettings, AuditUnavailable, DenialReason, FailureMode, Fsync,
        Rotation,
    },
    auth::Knock,
    caller::Caller,
    rights::{Access, Rights},
};
use futures_util::{
    FutureExt as _,
    future::{join, join_all},
};

use super::{
    IP, Scene, assert_chained, gatekeeper, request, settings, stopped, values, wait_until,
};

/// A disk that its test steers by files beside the log: it waits while there is a `hold`, fails
/// where there is a `broken`, and notes in `asked` for what.
fn disk(file: &File) -> io::Result<()> {
    let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let folder = if path.is_dir() {
        &path
    } else {
        path.parent().unwrap()
    };
    let mut asked = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("asked"))?;
    asked.write_all(format!("{}\n", path.display()).as_bytes())?;
    while folder.join("hold").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    if fs::remove_file(folder.join("broken")).is_ok() {
        return Err(io::Error::other("the disk is broken"));
    }
    file.sync_data()
}

fn open(scene: &Scene, fsync: Fsync) -> Arc<AuditLog> {
    let settings = AuditSettings {
        fsync,
        sync: disk,
        ..settings(&scene.path(), &scene.clock)
    };
    Arc::new(AuditLog::open(settings).unwrap())
}

fn beside(scene: &Scene, name: &str) -> PathBuf {
    scene.folder.path().join(name)
}

/// What the disk was asked for.
fn asked(scene: &Scene) -> Vec<PathBuf> {
    let asked = fs::read_to_string(beside(scene, "asked")).unwrap_or_default();
    asked.lines().map(PathBuf::from).collect()
}

fn times_asked(scene: &Scene) -> usize {
    asked(scene).len()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

async fn commit(log: &AuditLog) -> Result<(), AuditUnavailable> {
    log.committed(log.record(&stopped())?).await
}

fn begin(log: &Arc<AuditLog>, access: Access) -> Result<(), AuditUnavailable> {
    wait(open_call(log, access)).map(drop)
}

async fn open_call(log: &Arc<AuditLog>, access: Access) -> Result<AuditEntry, AuditUnavailable> {
    let caller = Caller {
        key: None,
        rights: Rights::up_to(access),
        client_ip: IP,
        request_id: request(),
    };
    let arguments = serde_json::Map::new();
    log.open_call(&caller, "issue", "issue.x", access, &arguments, 1)
        .await
}

#[test]
fn with_each_who_asks_waits_until_it_is_on_the_disk() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Each);
    fs::write(beside(&scene, "hold"), "").unwrap();
    let waiting = {
        let log = Arc::clone(&log);
        thread::spawn(move || wait(commit(&log)))
    };
    wait_until("the disk is asked", || times_asked(&scene) == 1);
    assert!(!waiting.is_finished());
    fs::remove_file(beside(&scene, "hold")).unwrap();
    assert_eq!(waiting.join().unwrap(), Ok(()));
}

#[test]
fn with_each_who_is_refused_waits_until_it_is_on_the_disk_too() {
    let scene = Scene::new();
    let gatekeeper = gatekeeper(&open(&scene, Fsync::Each));
    fs::write(beside(&scene, "hold"), "").unwrap();
    let refused = thread::spawn(move || {
        let knock = Knock {
            head: &RequestHead::default(),
            route: "/mcp",
            key_in_query: false,
            client_ip: IP,
            request_id: request(),
        };
        wait(gatekeeper.turn_away(&knock, DenialReason::ForbiddenHost, Instant::now()));
    });
    wait_until("the disk is asked", || times_asked(&scene) == 1);
    assert!(!refused.is_finished());
    fs::remove_file(beside(&scene, "hold")).unwrap();
    refused.join().unwrap();
}

#[test]
fn a_client_that_leaves_before_the_start_is_on_the_disk_has_cancelled() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Each);
    fs::write(beside(&scene, "hold"), "").unwrap();
    let opened = wait(async { open_call(&log, Access::Read).now_or_never() });
    assert!(opened.is_none());
    assert_eq!(values(&scene.text())[1]["outcome"], "cancelled");
    fs::remove_file(beside(&scene, "hold")).unwrap();
}

#[test]
fn all_who_wait_are_served_at_once() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Each);
    fs::write(beside(&scene, "hold"), "").unwrap();
    let first = {
        let log = Arc::clone(&log);
        thread::spawn(move || wait(commit(&log)))
    };
    wait_until("the disk is asked", || times_asked(&scene) == 1);
    let many = (0..200).map(|_| {
        let log = Arc::clone(&log);
        async move { commit(&log).await }
    });
    let hold = beside(&scene, "hold");
    // The second begins when all of the first have asked.
    let release = async { fs::remove_file(hold).unwrap() };
    let (all, ()) = wait(join(join_all(many), release));
    assert!(all.iter().all(Result::is_ok));
    first.join().unwrap().unwrap();
    assert!(times_asked(&scene) <= 3, "{}", times_asked(&scene));
}

#[test]
fn with_interval_only_what_changes_something_waits() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Interval);
    fs::write(beside(&scene, "hold"), "").unwrap();
    begin(&log, Access::Read).unwrap();
    wait(commit(&log)).unwrap();
    let writing = {
        let log = Arc::clone(&log);
        thread::spawn(move || begin(&log, Access::Write))
    };
    wait_until("the disk is asked", || times_asked(&scene) > 0);
    assert!(!writing.is_finished());
    fs::remove_file(beside(&scene, "hold")).unwrap();
    writing.join().unwrap().unwrap();
}

#[test]
fn with_interval_records_are_on_the_disk_soon_and_with_off_never_asked_for() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Interval);
    log.record(&stopped()).unwrap();
    wait_until("the disk is asked", || times_asked(&scene) == 1);
    let scene = Scene::new();
    let log = open(&scene, Fsync::Off);
    log.record(&stopped()).unwrap();
    begin(&log, Access::Destroy).unwrap();
    log.close();
    assert_eq!(times_asked(&scene), 0);
}

#[test]
fn a_file_that_was_left_is_brought_to_the_disk_with_its_new_name() {
    let scene = Scene::new();
    let log = AuditLog::open(AuditSettings {
        fsync: Fsync::Each,
        sync: disk,
        rotation: Rotation {
            size: NonZeroU64::new(1),
            ..Rotation::default()
        },
        ..settings(&scene.path(), &scene.clock)
    });
    let log = log.unwrap();
    for _ in 0..2 {
        wait(commit(&log)).unwrap();
    }
    let asked = asked(&scene);
    let closed = scene.closed().remove(0);
    for path in [&closed, scene.folder.path(), &scene.path()] {
        assert!(asked.iter().any(|it| it == path), "{path:?} in {asked:?}");
    }
}

#[test]
fn what_may_not_be_on_the_disk_is_a_gap_and_a_new_file_is_begun() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Each);
    assert_eq!(wait(commit(&log)), Ok(()));
    fs::write(beside(&scene, "hold"), "").unwrap();
    fs::write(beside(&scene, "broken"), "").unwrap();
    let recorded = [(); 3].map(|()| log.record(&stopped()).unwrap());
    let waiting = {
        let log = Arc::clone(&log);
        thread::spawn(move || wait(log.committed(recorded[2])))
    };
    fs::remove_file(beside(&scene, "hold")).unwrap();
    assert_eq!(waiting.join().unwrap(), Err(AuditUnavailable));
    // Nobody who asks for those records is told later that all is well.
    assert_eq!(wait(log.committed(recorded[0])), Err(AuditUnavailable));
    assert_eq!(wait(commit(&log)), Ok(()));
    let closed = scene.closed();
    assert_eq!(closed.len(), 1);
    assert_eq!(fs::read_to_string(&closed[0]).unwrap().lines().count(), 4);
    assert_eq!(
        scene.events(),
        ["audit_rotated", "audit_gap", "server_stopped"]
    );
    let gap = &values(&scene.text())[1];
    assert_eq!(gap["lost"], 3);
    assert_chained(&scene.whole());
}

#[test]
fn a_write_whose_start_may_be_lost_does_not_run() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Interval);
    fs::write(beside(&scene, "broken"), "").unwrap();
    assert_eq!(begin(&log, Access::Write), Err(AuditUnavailable));
    let records = values(&scene.text());
    let last = records.last().unwrap();
    assert_eq!(
        (&last["phase"], &last["outcome"]),
        (&"finished".into(), &"refused".into())
    );
    begin(&log, Access::Write).unwrap();
}

#[test]
fn where_losing_records_is_allowed_nobody_is_refused() {
    let scene = Scene::new();
    let log = AuditLog::open(AuditSettings {
        fsync: Fsync::Each,
        sync: disk,
        mode: FailureMode::Allow,
        ..settings(&scene.path(), &scene.clock)
    });
    let log = log.unwrap();
    fs::write(beside(&scene, "broken"), "").unwrap();
    assert_eq!(wait(commit(&log)), Ok(()));
    assert_eq!(scene.events(), ["audit_rotated", "audit_gap"]);
}

#[test]
fn a_disk_that_goes_on_failing_gets_no_file_after_the_other() {
    let scene = Scene::new();
    let log = open(&scene, Fsync::Each);
    for _ in 0..3 {
        fs::write(beside(&scene, "broken"), "").unwrap();
        assert!(wait(commit(&log)).is_err());
    }
    assert_eq!(scene.closed().len(), 1);
    assert!(!log.is_writable());
    fs::remove_file(beside(&scene, "broken")).unwrap();
    scene.clock.fetch_add(61_000, Ordering::Relaxed);
    assert_eq!(wait(commit(&log)), Ok(()));
    assert_eq!(scene.closed().len(), 2);
    assert_chained(&scene.whole());
}
