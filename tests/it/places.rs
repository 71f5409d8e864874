//! The files that a server writes: what is wrong with them is told before it starts, and by a check.
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{
    cli::text,
    serve::{Served, serve},
    support::Sandbox,
};

const KEY: (&str, &str) = (
    "MCP_API_KEYS",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
);
const SEAL: &str = "AUDIT_SEAL_KEY_FILE";
const CHECKPOINTS: &str = "AUDIT_CHECKPOINT_FILE";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Checks settings of which nothing else is wrong.
fn check(sandbox: &Sandbox, folder: &TempDir, more: &[(&str, &str)]) -> Command {
    let gitea = [
        KEY,
        ("GITEA_URL", &*sandbox.url),
        ("GITEA_TOKEN", &*sandbox.token),
    ];
    let mut command = serve(folder.path(), &["--check"], &gitea);
    command.envs(more.iter().copied());
    command
}

/// What a check refuses.
fn refused(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(78), "{}", text(&output.stderr));
    text(&output.stderr)
}

/// Runs it where nothing can be written in a folder; `None` where that cannot be had.
fn read_only(folder: &Path, command: &Command) -> Option<Output> {
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && shift || exit 9\nexec \"$@\"";
    let mut own = Command::new("unshare");
    own.args(["-m", "sh", "-c", script, "sh"])
        .arg(folder)
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir()?)
        .env_clear();
    for (name, value) in command.get_envs() {
        own.env(name, value?);
    }
    let output = own.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output();
    output
        .ok()
        .filter(|output| ![Some(9), Some(1)].contains(&output.status.code()))
}

#[test]
fn a_check_finds_a_seal_key_that_could_not_be_replaced_and_writes_nothing() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("seal.key"), "5a".repeat(32)).unwrap();
    let seal = path(&folder, "keys/seal.key");
    let well = check(&sandbox, &folder, &[(SEAL, &seal)]).output().unwrap();
    assert_eq!((well.status.code(), text(&well.stderr)), (Some(0), ""));
    let command = check(&sandbox, &folder, &[(SEAL, &seal)]);
    if let Some(output) = read_only(&keys, &command) {
        let told = refused(&output);
        assert!(
            told.starts_with(&format!(
                "error: the key that seals the audit log cannot be used: {seal} cannot be locked by a file in its folder, which must be writable"
            )),
            "{told}"
        );
    }
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 1);
}

#[test]
fn a_check_finds_a_seal_key_that_is_missing_or_none() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    fs::write(
        folder.path().join("number"),
        format!("{} x", "5a".repeat(32)),
    )
    .unwrap();
    fs::write(folder.path().join("none"), "5a").unwrap();
    for (name, words) in [
        (
            "missing",
            "`AUDIT_SEAL_KEY_FILE` names a file that cannot be read",
        ),
        ("none", "does not hold 64 hexadecimal digits"),
        ("number", "does not hold 64 hexadecimal digits"),
    ] {
        let seal = path(&folder, name);
        let output = check(&sandbox, &folder, &[(SEAL, &seal)]).output().unwrap();
        assert!(refused(&output).contains(words), "{name}: {output:?}");
    }
}

#[test]
fn a_place_that_takes_no_checkpoints_is_found_by_a_check() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    fs::create_dir(folder.path().join("disk")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let command = |file: &str| check(&sandbox, &folder, &[(CHECKPOINTS, file)]);
    for (name, words) in [
        (
            "missing/file",
            "the folder of the checkpoints does not exist: make it with `mkdir -p -m 750 ",
        ),
        (
            "missing/file",
            "or name another file in `AUDIT_CHECKPOINT_FILE`",
        ),
        (
            "disk",
            "which cannot be written (is a directory): let the server's user write there, or name another file",
        ),
        ("file/file", "which cannot be written (Not a directory"),
    ] {
        let output = command(&path(&folder, name)).output().unwrap();
        assert!(refused(&output).contains(words), "{name}: {output:?}");
    }
    let disk = folder.path().join("disk");
    if let Some(output) = read_only(&disk, &command(&path(&folder, "disk/file"))) {
        let told = refused(&output);
        assert!(told.contains("(Read-only file system"), "{told}");
    }
    let well = command(&path(&folder, "disk/file")).output().unwrap();
    assert_eq!((well.status.code(), text(&well.stderr)), (Some(0), ""));
    assert_eq!(fs::read_dir(disk).unwrap().count(), 0);
}

#[test]
fn a_place_that_takes_no_checkpoints_is_refused_at_the_start() {
    let folder = folder();
    let file = path(&folder, "missing/file");
    // Without a Gitea it ends, whatever it says of the file.
    let output = serve(folder.path(), &[], &[KEY, (CHECKPOINTS, &file)])
        .output()
        .unwrap();
    let words = "or name another file in `AUDIT_CHECKPOINT_FILE`";
    assert!(refused(&output).contains(words), "{output:?}");
}

#[test]
fn checkpoints_that_reach_nobody_any_more_are_critical_once() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    let (disk, away) = (folder.path().join("disk"), folder.path().join("away"));
    fs::create_dir(&disk).unwrap();
    let file = path(&folder, "disk/file");
    let variables = [
        KEY,
        ("GITEA_URL", &*sandbox.url),
        ("GITEA_TOKEN", &*sandbox.token),
        (CHECKPOINTS, &*file),
        ("AUDIT_CHECKPOINT_RECORDS", "1"),
    ];
    let mut served = Served::start_in(folder, &[], &variables);
    fs::rename(&disk, &away).unwrap();
    for _ in 0..2 {
        served.client().get("/mcp/tools");
    }
    served.wait_for("critical: checkpoints of the audit log do not reach");
    fs::rename(&away, &disk).unwrap();
    served.client().get("/mcp/tools");
    served.wait_for(" again\n");
    assert_eq!(served.said.matches("do not reach").count(), 1);
    served.stop();
}

#[test]
fn how_many_records_a_log_lacks_at_its_end_is_critical() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    let variables = [
        KEY,
        ("GITEA_URL", &*sandbox.url),
        ("GITEA_TOKEN", &*sandbox.token),
    ];
    let served = Served::start_in(folder, &[], &variables);
    served.client().get("/health");
    served.limit_files();
    let stderr = served.stop().stderr;
    let told = "critical: the audit log cannot be written to its end: 1 records are missing, and it does not say so\n";
    assert!(stderr.contains(told), "{stderr}");
}

#[test]
fn the_log_takes_no_checkpoints_by_whatever_name() {
    let (sandbox, folder) = (Sandbox::start(), folder());
    fs::create_dir(folder.path().join("folder")).unwrap();
    let log = folder.path().join("audit.log");
    symlink(&log, folder.path().join("link")).unwrap();
    let expect = |name: &str, is_log: bool| {
        let mut command = check(&sandbox, &folder, &[(CHECKPOINTS, name)]);
        let output = command.env("AUDIT_LOG_PATH", "audit.log").output().unwrap();
        let told = text(&output.stderr).contains("`AUDIT_CHECKPOINT_FILE` is the audit log itself");
        assert_eq!(told, is_log, "{name}: {output:?}");
    };
    let names = ["audit.log", "folder/../audit.log", "link"];
    for name in names {
        expect(name, true);
    }
    expect(log.to_str().unwrap(), true);
    expect("folder/audit.log", false);
    fs::write(&log, "").unwrap();
    fs::hard_link(&log, folder.path().join("folder/other")).unwrap();
    for name in [&names[..], &["folder/other"]].concat() {
        expect(name, true);
    }
    expect("folder/audit.log", false);
}
