//! Files as operators have them, and worse: links, pipes, folders, mounts, odd bytes, full disks,
//! another command at work.
use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    process::Command,
    time::{Duration, Instant},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{KEY, Keys, OTHER, fixture::Done};

const ADD: &[&str] = &["generate-key", "--add", "--save-metadata"];
const REVOKE: &[&str] = &["revoke-key", "01234567", "--yes", "--no-wait"];
const CHECK: &[&str] = &["check-key-age"];

fn two() -> Keys {
    Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"))
}

/// What stands in the file after a key was added, without that key.
fn without_new(text: &str) -> String {
    let is_new = |entry: &str| entry.len() == 64 && entry != KEY && entry != OTHER;
    let lines = text.split_inclusive('\n').map(|line| {
        let Some((name, value)) = line
            .split_once('=')
            .filter(|_| line.starts_with("MCP_API_KEYS"))
        else {
            return line.to_owned();
        };
        let kept = value.trim_end().split(',').filter(|entry| !is_new(entry));
        format!("{name}={}\n", kept.collect::<Vec<_>>().join(","))
    });
    lines.collect()
}

#[test]
fn a_link_is_followed_and_stays() {
    let keys = two();
    fs::create_dir(keys.path("real")).unwrap();
    fs::rename(keys.path(".env"), keys.path("real/settings")).unwrap();
    symlink("real/settings", keys.path(".env")).unwrap();
    for arguments in [ADD, REVOKE] {
        let done = keys.run(arguments);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    assert!(keys.path(".env").is_symlink());
    assert_eq!(
        without_new(&keys.read("real/settings")),
        format!("MCP_API_KEYS={OTHER}\n")
    );
    keys.write("real/settings", format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    fs::remove_file(keys.path(".env")).unwrap();
    symlink("again", keys.path(".env")).unwrap();
    symlink("real/settings", keys.path("again")).unwrap();
    for arguments in [ADD, REVOKE] {
        assert_eq!(keys.run(arguments).code, Some(78));
    }
}

#[test]
fn what_is_known_of_keys_is_beside_what_a_link_leads_to() {
    for settings in [
        String::new(),
        format!("AEGIS_KEYS_FILE=known.json\nMCP_API_KEYS={KEY},{OTHER}\n"),
    ] {
        let keys = Keys::new();
        fs::create_dir(keys.path("real")).unwrap();
        symlink("real/settings", keys.path(".env")).unwrap();
        let name = if settings.is_empty() {
            // Not even the file is there yet.
            "aegis-keys.json"
        } else {
            keys.write("real/settings", &settings);
            "known.json"
        };
        let done = keys.run(ADD);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(keys.names(), [".env", "real"]);
        assert!(keys.path("real").join(name).is_file());
    }
}

#[test]
fn what_is_known_of_keys_beside_the_link_alone_is_78() {
    let keys = Keys::known(&[(KEY, r#""label": "laptop""#), (OTHER, r#""label": "x""#)]);
    fs::create_dir(keys.path("real")).unwrap();
    fs::rename(keys.path(".env"), keys.path("real/.env")).unwrap();
    symlink("real/.env", keys.path(".env")).unwrap();
    let before = keys.read("real/.env");
    for (arguments, code) in [(ADD, 78), (REVOKE, 78), (CHECK, 3)] {
        let done = keys.run(arguments);
        assert_eq!(done.code, Some(code), "{}{}", done.stdout, done.stderr);
        let said = done.stdout + &done.stderr;
        assert!(
            said.contains("aegis-keys.json counts for nothing, since .env is a link: move it to "),
            "{said}"
        );
    }
    assert_eq!(keys.read("real/.env"), before);
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    for make in [
        |keys: &Keys| fs::create_dir(keys.path(".env")).unwrap(),
        |keys: &Keys| {
            let mode = Mode::RUSR | Mode::WUSR;
            mknodat(CWD, keys.path(".env"), FileType::Fifo, mode, 0).unwrap();
        },
    ] {
        let keys = Keys::new();
        make(&keys);
        for (arguments, code) in [(ADD, 78), (REVOKE, 78), (CHECK, 3)] {
            let done = keys.run(arguments);
            assert_eq!(done.code, Some(code), "{}{}", done.stdout, done.stderr);
        }
        assert_eq!(keys.names(), [".env"]);
    }
}

#[test]
fn odd_bytes_stay_as_they_are() {
    let odd = b"\xef\xbb\xbf# caf\xe9\r\nX=\0\xff\r\nMCP_API_KEYS='";
    let before = [
        &odd[..],
        KEY.as_bytes(),
        b",",
        OTHER.as_bytes(),
        b"' # \xe9\r\n\0",
    ]
    .concat();
    let keys = Keys::new();
    keys.write(".env", &before);
    let done = keys.run(REVOKE);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let after = [&odd[..], OTHER.as_bytes(), b"' # \xe9\r\n\0"].concat();
    assert_eq!(fs::read(keys.path(".env")).unwrap(), after);
    let done = keys.run(ADD);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let key = done.stdout.trim_end().as_bytes();
    let after = [&odd[..], OTHER.as_bytes(), b",", key, b"' # \xe9\r\n\0"].concat();
    assert_eq!(fs::read(keys.path(".env")).unwrap(), after);
}

#[test]
fn text_whose_keys_cannot_be_told_is_not_touched() {
    for text in [&b"\xff\xfeM\0"[..], b"MCP_API_KEYS=caf\xe9\n"] {
        let keys = Keys::new();
        keys.write(".env", text);
        for (arguments, code) in [(ADD, 78), (REVOKE, 78), (CHECK, 3)] {
            let done = keys.run(arguments);
            assert_eq!(done.code, Some(code), "{}{}", done.stdout, done.stderr);
        }
        assert_eq!(fs::read(keys.path(".env")).unwrap(), text);
    }
}

#[test]
fn a_large_file_is_edited_and_a_larger_one_refused() {
    let line =
        "# what this setting is for, in a sentence or two\nNAME_OF_A_SETTING=a value of it\n";
    let half = line.repeat((500 << 10) / line.len());
    let keys = Keys::with(&format!("{half}MCP_API_KEYS={KEY},{OTHER}\n{half}"));
    let done = keys.run(REVOKE);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(
        keys.read(".env"),
        format!("{half}MCP_API_KEYS={OTHER}\n{half}")
    );
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n{half}{half}{half}"));
    for (arguments, code) in [(ADD, 78), (REVOKE, 78), (CHECK, 3)] {
        assert_eq!(keys.run(arguments).code, Some(code));
    }
}

#[test]
fn owner_and_mode_stay_and_a_mode_that_others_profit_from_is_told() {
    let keys = two();
    fs::set_permissions(keys.path(".env"), PermissionsExt::from_mode(0o644)).unwrap();
    let done = keys.run(ADD);
    assert_eq!(keys.mode(".env"), 0o644);
    let warning = "warning: others can read .env (mode 644): `chmod 600 .env`\n";
    assert!(done.stderr.ends_with(warning), "{}", done.stderr);
}

#[test]
fn the_command_that_ends_a_mode_names_the_file_as_a_shell_takes_it() {
    let keys = Keys::new();
    fs::create_dir(keys.path("a b")).unwrap();
    keys.write("a b/.env", format!("MCP_API_KEYS={KEY}\n"));
    fs::set_permissions(keys.path("a b/.env"), PermissionsExt::from_mode(0o644)).unwrap();
    let rotate = &["rotate-key", "--yes", "--no-test"][..];
    for arguments in [CHECK, rotate, ADD] {
        let arguments = [arguments, &["--env-file", "a b/.env"]];
        let done = keys.run(&arguments.concat());
        let said = [done.stdout, done.stderr].concat();
        let (_, command) = said.split_once("(mode 644): `chmod 600 '").expect(&said);
        let (path, _) = command.split_once("'`").expect(&said);
        assert!(path.ends_with("a b/.env"), "{said}");
    }
}

#[test]
fn what_is_known_of_keys_is_read_by_whom_the_keys_are_and_by_nobody_else() {
    for (of_keys, of_metadata) in [(0o600, 0o600), (0o640, 0o640), (0o666, 0o640)] {
        let keys = two();
        fs::set_permissions(keys.path(".env"), PermissionsExt::from_mode(of_keys)).unwrap();
        let done = keys.run(ADD);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(keys.mode("aegis-keys.json"), of_metadata, "{of_keys:o}");
    }
}

#[test]
fn another_users_file_is_not_edited() {
    let keys = two();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for path in [keys.path(""), keys.path(".env")] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let before = keys.everything();
    for arguments in [ADD, REVOKE] {
        let done = run_by_nobody(&keys, arguments);
        assert!([Some(78), Some(1)].contains(&done.code), "{}", done.stderr);
        assert_eq!(done.stdout, "");
    }
    assert_eq!(keys.everything(), before);
}

/// Runs a command as a user who is in one group, which is no other's.
fn run_by_nobody(keys: &Keys, arguments: &[&str]) -> Done {
    // Where the program was built, others may have no way to.
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(&place, PermissionsExt::from_mode(0o755)).unwrap();
    let program = place.path().join("aegis");
    let built = env!("CARGO_BIN_EXE_aegis");
    // A link where it can be one: what was just written may still be open elsewhere, and does not run then.
    fs::hard_link(built, &program)
        .or_else(|_| fs::copy(built, &program).map(drop))
        .unwrap();
    let ours = keys.command(arguments);
    let mut command = Command::new(&program);
    command
        .args(ours.get_args())
        .env_clear()
        .envs(
            ours.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(ours.get_current_dir().unwrap());
    Done::of(&command.uid(NOBODY).gid(NOBODY).output().unwrap())
}

const NOBODY: u32 = 65_534;

#[test]
fn a_group_that_its_owner_is_not_in_matters_where_it_may_use_the_file_and_nowhere_else() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (mode, code) in [(0o600, 0), (0o640, 78)] {
        for arguments in [ADD, REVOKE] {
            let keys = two();
            fs::set_permissions(keys.path(".env"), PermissionsExt::from_mode(mode)).unwrap();
            for path in [keys.path(""), keys.path(".env")] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(0)).unwrap();
            }
            let before = keys.read(".env");
            let done = run_by_nobody(&keys, arguments);
            assert_eq!(
                done.code,
                Some(code),
                "{arguments:?} {mode:o} {}",
                done.stderr
            );
            if code != 0 {
                assert!(done.stderr.contains("`chgrp`"), "{}", done.stderr);
                assert_eq!((&*done.stdout, keys.read(".env")), ("", before));
            }
        }
    }
}

#[test]
fn a_lock_that_may_only_be_read_locks_and_one_that_may_not_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let refused = "error: .env.lock cannot be opened: Permission denied (os error 13)\n";
    for arguments in [ADD, REVOKE] {
        for (mode, told) in [(0o400, None), (0, Some((Some(1), refused)))] {
            let keys = two();
            for lock in [".env.lock", "aegis-keys.json.lock"] {
                keys.write(lock, "");
                let mode = PermissionsExt::from_mode(mode);
                fs::set_permissions(keys.path(lock), mode).unwrap();
            }
            for name in ["", ".env", ".env.lock", "aegis-keys.json.lock"] {
                std::os::unix::fs::chown(keys.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            let before = keys.read(".env");
            let done = run_by_nobody(&keys, arguments);
            let told = told.unwrap_or((Some(0), &*done.stderr));
            assert_eq!((done.code, &*done.stderr), told, "{arguments:?} {mode:o}");
            assert_eq!(keys.read(".env") == before, done.code != Some(0));
        }
    }
}

#[test]
fn a_file_that_would_be_too_large_gets_no_key_and_nothing_is_known_of_one() {
    let padding = |used: usize| "#".repeat((1 << 20) - used - 10);
    let text = format!("MCP_API_KEYS={OTHER}\nMCP_API_KEYS_FILE=more\n");
    let keys = Keys::with(&format!("{text}{}\n", padding(text.len())));
    keys.write("more", format!("{KEY}\n"));
    keys.note(&[(KEY, r#""label": "laptop""#)]);
    let before = keys.everything();
    for arguments in [
        &["generate-key", "--add", "--label", "new"][..],
        &["revoke-key", "laptop", "--replace", "--print", "--yes"],
    ] {
        let done = keys.run(arguments);
        assert_eq!((done.code, &*done.stdout), (Some(78), ""), "{arguments:?}");
        assert!(done.stderr.contains("larger than"), "{}", done.stderr);
        assert!(keys.everything() == before, "{arguments:?}");
    }
}

#[test]
fn a_lock_that_is_held_is_waited_for_ten_seconds_and_then_it_is_75() {
    let keys = two();
    let before = keys.everything();
    let held = File::create(keys.path(".env.lock")).unwrap();
    held.lock().unwrap();
    let began = Instant::now();
    let children = [ADD, REVOKE].map(|arguments| {
        let mut command = keys.command(arguments);
        command.stdout(std::process::Stdio::piped());
        command
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    for child in children {
        let done = Done::of(&child.wait_with_output().unwrap());
        assert_eq!((done.code, &*done.stdout), (Some(75), ""));
        assert_eq!(
            done.stderr,
            "error: .env is being edited by another command; try again when that has ended\n"
        );
    }
    assert!(began.elapsed() >= Duration::from_secs(10));
    assert_eq!(keys.everything(), before);
    drop(held);
    assert_eq!(keys.run(REVOKE).code, Some(0));
}

/// A command in a mount namespace of its own, after `script`; `None` where there can be none.
fn after_mounting(keys: &Keys, script: &str, arguments: &[&str]) -> Option<Done> {
    let possible = Command::new("unshare").args(["-m", "true"]).status();
    if !possible.is_ok_and(|status| status.success()) {
        return None;
    }
    let aegis = keys.command(arguments);
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"])
        .arg(aegis.get_program())
        .args(aegis.get_args())
        .current_dir(keys.path(""))
        .env("AUDIT_LOG_PATH", "audit.log");
    Some(Done::of(&command.output().unwrap()))
}

#[test]
fn a_single_mounted_file_is_overwritten_only_when_that_is_allowed() {
    let mount = "mount --bind .env .env";
    for arguments in [ADD, REVOKE] {
        let keys = two();
        let before = keys.everything();
        let Some(done) = after_mounting(&keys, mount, arguments) else {
            return;
        };
        assert_eq!((done.code, &*done.stdout), (Some(1), ""), "{}", done.stderr);
        assert!(
            done.stderr
                .contains("mount its folder instead, or allow with `--in-place`")
        );
        assert_eq!(keys.everything(), before);
        let arguments = [arguments, &["--in-place"]].concat();
        let done = after_mounting(&keys, mount, &arguments).unwrap();
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_ne!(keys.read(".env"), before);
        assert_eq!(keys.names(), [".env", "aegis-keys.json"]);
    }
}

#[test]
fn a_disk_that_cannot_be_written_leaves_the_keys_as_they_were() {
    for arguments in [ADD, REVOKE] {
        let keys = two();
        let before = keys.everything();
        let read_only = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\"";
        let Some(done) = after_mounting(&keys, read_only, arguments) else {
            return;
        };
        assert_eq!((done.code, &*done.stdout), (Some(1), ""), "{}", done.stderr);
        assert!(
            done.stderr.contains("Read-only file system"),
            "{}",
            done.stderr
        );
        assert_eq!(keys.everything(), before);
    }
}

#[test]
fn a_full_disk_leaves_the_keys_as_they_were() {
    for arguments in [ADD, REVOKE] {
        let keys = two();
        let full = "mkdir disk && mount -t tmpfs -o size=64k none disk && cp .env disk/ && cd disk
            touch .env.lock aegis-keys.json.lock && cat /dev/zero 2>/dev/null > ballast || true
            \"$@\" || echo \"code $?\"; cmp .env ../.env; rm -f *.lock .env.lock; ls -A; exit";
        let Some(done) = after_mounting(&keys, full, arguments) else {
            return;
        };
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        assert!(
            done.stderr.contains("No space left on device"),
            "{}",
            done.stderr
        );
        let said = done.stdout;
        assert!(said.contains("code 1\n"), "{said}");
        let left = said.split_once("code 1\n").unwrap().1;
        assert_eq!(left, ".env\nballast\n");
    }
}
