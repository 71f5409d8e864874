//! Files that are replaced whole or not at all: who may edit what, one at a time, and what killed,
//! crowded and cramped edits leave behind.
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use aegis::{
    config::{Env, KeyEditor, KeysFile, KeysFileError, NewKey},
    durable::{Error, InPlace, LockedFile, PATIENCE, Refusal},
    keys::{ApiKey, KeyRecord, Metadata, MetadataFile},
};
use rustix::fs::{FlockOperation, XattrFlags, flock};
use tempfile::TempDir;

mod crash; // killed at every system call
mod mounts; // single files mounted, full disks

const LIMIT: u64 = 1 << 20;
const OLD: &str = "X=old\n";
const NEW: &str = "X=new, and longer than it was\n";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a `.env`, mode 0640.
    fn with_file() -> Self {
        let folder = Self::new();
        folder.write(".env", OLD);
        folder.set_mode(".env", 0o640);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().mode() & 0o7777
    }

    fn set_mode(&self, name: &str, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), mode).unwrap();
    }

    /// Its names, without those of locks.
    fn names(&self) -> Vec<OsString> {
        names(self.0.path())
    }

    fn open(&self, name: &str) -> Result<LockedFile, Error> {
        LockedFile::open(&self.path(name), LIMIT, PATIENCE)
    }

    fn refusal(&self, name: &str) -> Refusal {
        match self.open(name) {
            Err(Error::Refused { refusal, .. }) => refusal,
            Err(error) => panic!("refused for another reason: {error}"),
            Ok(_) => panic!("it must be refused"),
        }
    }
}

fn names(folder: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let others = paths.filter(|path| path.extension().is_none_or(|ending| ending != "lock"));
    let mut names: Vec<_> = others
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// This test binary again, for `test` alone, in a process of its own.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("durable::{test}");
    command.args([
        &name,
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr]
        .map(String::from_utf8_lossy)
        .concat()
}

#[test]
fn what_is_replaced_keeps_its_owner_and_its_mode_and_leaves_nothing_behind() {
    let folder = Folder::with_file();
    if rustix::process::geteuid().is_root() {
        chown(folder.path(".env"), Some(4711), Some(4712)).unwrap();
    }
    let before = fs::metadata(folder.path(".env")).unwrap();
    folder
        .open(".env")
        .unwrap()
        .replace(NEW.as_bytes(), InPlace::Never)
        .unwrap();
    let after = fs::metadata(folder.path(".env")).unwrap();
    assert_eq!(folder.read(".env"), NEW);
    let kept = |file: &fs::Metadata| (file.uid(), file.gid(), file.mode());
    assert_eq!(kept(&after), kept(&before));
    assert_ne!(after.ino(), before.ino());
    assert_eq!(folder.names(), [".env"]);
}

#[test]
fn who_may_read_it_by_an_access_list_may_read_it_still() {
    const ACL: &str = "system.posix_acl_access";
    // Version 2; then tag, rights, id: the owner 6, user 4711 4, the group 0, the mask 4, others 0.
    let none = u32::MAX;
    let entries = [
        (1_u16, 6_u16, none),
        (2, 4, 4711),
        (4, 0, none),
        (0x10, 4, none),
        (0x20, 0, none),
    ];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    let folder = Folder::with_file();
    if rustix::fs::setxattr(folder.path(".env"), ACL, &list, XattrFlags::empty()).is_err() {
        return; // a file system without such lists
    }
    let mode = folder.mode(".env");
    folder
        .open(".env")
        .unwrap()
        .replace(NEW.as_bytes(), InPlace::Never)
        .unwrap();
    let mut kept = [0; 256];
    let length = rustix::fs::getxattr(folder.path(".env"), ACL, &mut kept).unwrap();
    assert_eq!((&kept[..length], folder.mode(".env")), (&list[..], mode));
}

#[test]
fn a_file_can_be_replaced_again_and_again_under_one_lock() {
    let folder = Folder::with_file();
    let mut file = folder.open(".env").unwrap();
    for text in [NEW, "", OLD] {
        file.replace(text.as_bytes(), InPlace::Never).unwrap();
        assert_eq!(folder.read(".env"), text);
    }
}

#[test]
fn a_new_file_is_for_its_owner_alone() {
    let folder = Folder::new();
    let mut file = folder.open(".env").unwrap();
    assert!(!file.exists());
    file.replace(NEW.as_bytes(), InPlace::Never).unwrap();
    assert_eq!(
        (folder.mode(".env"), folder.read(".env")),
        (0o600, NEW.to_owned())
    );
    assert_eq!(folder.mode(".env.lock"), 0o600);
}

#[test]
fn what_root_makes_belongs_to_whom_the_folder_or_the_keys_belong() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    chown(folder.0.path(), Some(4711), Some(4711)).unwrap();
    folder
        .open(".env")
        .unwrap()
        .replace(b"", InPlace::Never)
        .unwrap();
    let owner = |name| {
        fs::metadata(folder.path(name))
            .map(|file| (file.uid(), file.gid()))
            .unwrap()
    };
    assert_eq!(owner(".env"), (4711, 4711));
    assert_eq!(owner(".env.lock"), (4711, 4711));
    // A lock that tells of the file is given on as an empty one is, and nothing else that is there.
    for (held, owned) in [("written\n", 4711), ("anything", 0), ("more", 0)] {
        folder.write(".env.lock", held);
        chown(folder.path(".env.lock"), Some(0), Some(0)).unwrap();
        drop(folder.open(".env").unwrap());
        assert_eq!(owner(".env.lock"), (owned, owned), "{held}");
    }

    chown(folder.path(".env"), Some(0), Some(4712)).unwrap();
    folder.set_mode(".env", 0o640);
    let path = folder.path("aegis-keys.json");
    let mut metadata = MetadataFile::open(&path, &folder.path(".env"), PATIENCE).unwrap();
    metadata.save(InPlace::Never).unwrap();
    assert_eq!(owner("aegis-keys.json"), (0, 4712));
    assert_eq!(folder.mode("aegis-keys.json"), 0o640);
}

#[test]
fn a_link_is_followed_once_and_stays() {
    let folder = Folder::with_file();
    fs::create_dir(folder.path("links")).unwrap();
    symlink("../.env", folder.path("links/linked")).unwrap();
    let mut file = folder.open("links/linked").unwrap();
    file.replace(NEW.as_bytes(), InPlace::Never).unwrap();
    assert_eq!(
        fs::read_link(folder.path("links/linked")).unwrap(),
        Path::new("../.env")
    );
    assert_eq!(folder.read(".env"), NEW);
    assert_eq!(names(&folder.path("links")), ["linked"]);
    // The lock is beside the file, so that who comes by another way waits too.
    assert!(folder.path(".env.lock").exists());
    drop(file);

    symlink("links/linked", folder.path("twice")).unwrap();
    assert_eq!(folder.refusal("twice"), Refusal::LinkToLink);
    symlink("loop", folder.path("loop")).unwrap();
    assert_eq!(folder.refusal("loop"), Refusal::LinkToLink);
    symlink("new", folder.path("to-new")).unwrap();
    folder
        .open("to-new")
        .unwrap()
        .replace(b"", InPlace::Never)
        .unwrap();
    assert_eq!(folder.read("new"), "");
}

#[test]
fn nobody_is_sent_to_a_file_of_somebody_else_by_a_link() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::with_file();
    symlink(".env", folder.path("theirs")).unwrap();
    std::os::unix::fs::lchown(folder.path("theirs"), Some(4711), None).unwrap();
    assert_eq!(folder.refusal("theirs"), Refusal::ForeignLink);
    chown(folder.path(".env"), Some(4711), None).unwrap();
    folder.open("theirs").unwrap();
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    let made = Command::new("mkfifo")
        .arg(folder.path("fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    symlink("/dev/null", folder.path("null")).unwrap();
    symlink("fifo", folder.path("linked")).unwrap();
    let file_type = fs::metadata(folder.path("fifo")).unwrap().file_type();
    assert!(file_type.is_fifo());
    for name in ["folder", "fifo", "socket", "linked"] {
        assert_eq!(folder.refusal(name), Refusal::NotRegular, "{name}");
    }
    for name in ["..", "/"] {
        assert_eq!(folder.refusal(name), Refusal::NoName, "{name}");
    }
    fs::write(folder.path("plain"), "").unwrap();
    symlink("/dev/null", folder.path("plain.lock")).unwrap();
    assert!(folder.open("plain").is_err(), "a lock is no link");
}

#[test]
fn a_lock_that_tells_of_a_file_outlasts_who_cannot_read_what_is_there_now() {
    let folder = Folder::with_file();
    for (name, is_left) in [(".env", true), ("new", false)] {
        if is_left {
            let mut file = folder.open(name).unwrap();
            file.replace(NEW.as_bytes(), InPlace::Never).unwrap();
            fs::remove_file(folder.path(name)).unwrap();
        }
        fs::create_dir(folder.path(name)).unwrap();
        assert_eq!(folder.refusal(name), Refusal::NotRegular);
        let lock = folder.path(&format!("{name}.lock"));
        assert_eq!(lock.exists(), is_left, "{name}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be_missing() {
    let folder = Folder::new();
    let error = folder.open("missing/.env").err().unwrap().to_string();
    assert!(
        error.contains("missing cannot be opened: No such file"),
        "{error}"
    );
}

#[test]
fn where_everybody_may_write_nothing_is_edited_unless_names_are_their_owners() {
    let folder = Folder::with_file();
    folder.set_mode(".", 0o777);
    assert_eq!(folder.refusal(".env"), Refusal::OpenFolder);
    assert_eq!(folder.names(), [".env"]);
    folder.set_mode(".", 0o1777);
    folder.open(".env").unwrap();
}

#[test]
fn no_file_grows_beyond_what_its_readers_take() {
    let folder = Folder::with_file();
    let mut file = folder.open(".env").unwrap();
    let large = b"#".repeat(1 << 20);
    file.replace(&large, InPlace::Never).unwrap();
    let larger = file.replace(&[&large[..], b"#"].concat(), InPlace::Never);
    assert!(matches!(
        larger,
        Err(Error::Refused {
            refusal: Refusal::Large(LIMIT),
            ..
        })
    ));
    drop(file);
    assert_eq!(folder.read(".env").len(), large.len());
    folder.write(".env", [&large[..], b"#"].concat());
    assert_eq!(folder.refusal(".env"), Refusal::Large(LIMIT));
}

#[test]
fn what_a_killed_edit_left_is_cleared_and_what_others_left_is_not() {
    let folder = Folder::with_file();
    for name in [".env.aegis-abcdef", ".env.aegis-234567"] {
        folder.write(name, "a key\n");
    }
    let others = [
        ".env.aegis-ABCDEF",
        ".env.aegis-abcde",
        ".env.bak",
        "x.env.aegis-abcdef",
    ];
    for name in others {
        folder.write(name, "");
    }
    fs::create_dir(folder.path(".env.aegis-ghijkl")).unwrap();
    folder.open(".env").unwrap();
    for name in others {
        assert!(folder.path(name).exists(), "{name}");
    }
    assert_eq!(folder.names().len(), others.len() + 2);
}

#[test]
fn while_one_edits_the_others_wait_and_in_the_end_say_so() {
    let folder = Folder::with_file();
    let file = folder.open(".env").unwrap();
    let started = Instant::now();
    let second = LockedFile::open(&folder.path(".env"), LIMIT, Duration::from_millis(60));
    assert!(matches!(second, Err(Error::Locked(_))));
    assert!(started.elapsed() >= Duration::from_millis(60));
    drop(file);
    folder.open(".env").unwrap();
}

#[test]
fn a_lock_file_that_was_removed_locks_nobody_out_and_lets_no_two_in() {
    let folder = Folder::with_file();
    let file = folder.open(".env").unwrap();
    let path = folder.path(".env");
    let waiting = thread::spawn(move || LockedFile::open(&path, LIMIT, PATIENCE).map(drop));
    fs::remove_file(folder.path(".env.lock")).unwrap();
    drop(file);
    waiting.join().unwrap().unwrap();
    let lock = fs::File::open(folder.path(".env.lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
}

#[test]
fn what_somebody_changed_in_the_meantime_is_not_overwritten() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 4] = [
        ("written", |folder| folder.write(".env", "X=own\n")),
        ("replaced", |folder| {
            folder.write("other", OLD);
            fs::rename(folder.path("other"), folder.path(".env")).unwrap();
        }),
        ("closed to others", |folder| folder.set_mode(".env", 0o600)),
        ("removed", |folder| {
            fs::remove_file(folder.path(".env")).unwrap();
        }),
    ];
    for (how, change) in changes {
        let folder = Folder::with_file();
        let mut file = folder.open(".env").unwrap();
        change(&folder);
        let text = fs::read(folder.path(".env")).ok();
        let replaced = file.replace(NEW.as_bytes(), InPlace::Never);
        assert!(matches!(replaced, Err(Error::Changed(_))), "{how}");
        assert_eq!(fs::read(folder.path(".env")).ok(), text, "{how}");
        assert!(folder.names().len() < 2, "{how}");
    }
    let folder = Folder::new();
    let mut file = folder.open(".env").unwrap();
    folder.write(".env", "made by somebody\n");
    assert!(matches!(
        file.replace(b"", InPlace::Never),
        Err(Error::Changed(_))
    ));
    assert_eq!(folder.read(".env"), "made by somebody\n");
}

#[test]
fn a_file_that_is_for_reading_only_is_its_owners_to_replace() {
    let folder = Folder::with_file();
    folder.set_mode(".env", 0o400);
    folder
        .open(".env")
        .unwrap()
        .replace(NEW.as_bytes(), InPlace::Never)
        .unwrap();
    assert_eq!(
        (folder.mode(".env"), folder.read(".env")),
        (0o400, NEW.to_owned())
    );
}

/// A key that no other number gives.
fn key(number: usize) -> ApiKey {
    ApiKey::parse(&format!("{number:064x}")).unwrap()
}

fn add_key(path: &Path, number: usize) {
    let mut file = KeysFile::open(path, Duration::from_mins(1)).unwrap();
    file.add(NewKey::Plain(&key(number))).unwrap();
    file.commit(InPlace::Never).unwrap();
}

#[test]
#[ignore = "run in processes of its own by another test"]
fn adds_the_key_it_is_told() {
    let told = |name| std::env::var(name).unwrap();
    add_key(
        Path::new(&told("EDITED_FILE")),
        told("KEY_NUMBER").parse().unwrap(),
    );
}

#[test]
fn of_twenty_edits_at_once_by_threads_and_processes_none_is_lost() {
    let folder = Folder::new();
    let path = folder.path(".env");
    fs::write(&path, "# ours\nX=1\n").unwrap();
    let others = (10..20).map(|number| {
        let mut command = again("adds_the_key_it_is_told");
        command
            .env("EDITED_FILE", &path)
            .env("KEY_NUMBER", number.to_string());
        thread::spawn(move || command.output().unwrap())
    });
    let others: Vec<_> = others.collect();
    thread::scope(|scope| {
        for number in 0..10 {
            let path = &path;
            scope.spawn(move || add_key(path, number));
        }
    });
    for other in others {
        let output = other.join().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    let file = KeysFile::open(&path, PATIENCE).unwrap();
    assert_eq!(file.keys().len(), 20);
    assert!((0..20).all(|number| file.keys().iter().any(|found| found.id == key(number).id())));
    assert!(
        folder
            .read(".env")
            .starts_with("# ours\nX=1\nMCP_API_KEYS=")
    );
    assert_eq!(folder.names(), [".env"]);
}

#[test]
fn notes_about_keys_made_at_once_are_all_kept() {
    let folder = Folder::new();
    let path = folder.path("aegis-keys.json");
    thread::scope(|scope| {
        for number in 0..20 {
            let path = &path;
            scope.spawn(move || {
                let mut file =
                    MetadataFile::open(path, Path::new("none"), Duration::from_mins(1)).unwrap();
                let record = KeyRecord::of(&key(number).id(), key(number).hint());
                file.metadata.note_created(record).unwrap();
                file.save(InPlace::Never).unwrap();
            });
        }
    });
    let file = MetadataFile::open(&path, Path::new("none"), PATIENCE).unwrap();
    assert_eq!(file.metadata.records().len(), 20);
    assert_eq!(folder.mode("aegis-keys.json"), 0o600);
    let text = folder.read("aegis-keys.json");
    assert!((0..20).all(|number| !text.contains(key(number).expose())));
}

#[test]
fn an_edit_of_keys_that_changes_nothing_writes_nothing() {
    let folder = Folder::with_file();
    let before = fs::metadata(folder.path(".env")).unwrap();
    KeysFile::open(&folder.path(".env"), PATIENCE)
        .unwrap()
        .commit(InPlace::Never)
        .unwrap();
    assert_eq!(
        fs::metadata(folder.path(".env")).unwrap().ino(),
        before.ino()
    );
}

#[test]
fn nobody_waits_for_a_pipe_that_is_called_as_the_file_of_settings() {
    let folder = Folder::new();
    let path = folder.path(".env");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(Env::read(Some(&path)).is_err());
    assert!(KeyEditor::read(&path).is_err());
    assert!(KeysFile::open(&path, PATIENCE).is_err());
    assert!(Metadata::load(&path).is_err());
}

#[test]
fn keys_that_cannot_be_told_are_named_by_file_and_line() {
    let folder = Folder::new();
    folder.write(".env", b"X=1\nMCP_API_KEYS=caf\xe9\n");
    let error = KeysFile::open(&folder.path(".env"), PATIENCE)
        .err()
        .unwrap();
    assert!(matches!(error, KeysFileError::Text { .. }));
    assert!(
        error.to_string().contains(".env: line 2 is not UTF-8"),
        "{error}"
    );
}
