//! A `.env` that is mounted as a single file, as into a container, and disks that are full. The mounts
//! are in a namespace of their own, which ends with the command in it.
use std::{fs, path::Path, process::Command};

use aegis::durable::{Error, InPlace, LockedFile, Refusal, is_mount};

use super::{Folder, LIMIT, NEW, OLD, PATIENCE, again, said};

/// Whether this user may mount here.
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
pub(super) fn are_possible() -> bool {
    let tried = Command::new("unshare").args(["-m", "true"]).status();
    let possible = tried.is_ok_and(|status| status.success());
    if !possible {
        println!("no mount namespaces here: nothing was mounted");
    }
    possible
}

/// A command that sees the file at `path` as a mount of its own.
pub(super) fn mounted(path: &Path, program: &str) -> Command {
    let script = r#"mount --bind "$0" "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script])
        .arg(path)
        .arg(program);
    command
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn edits_a_file_that_is_a_mount() {
    let path = std::env::var("EDITED_FILE").unwrap();
    let path = Path::new(&path);
    assert!(is_mount(path));
    assert!(!is_mount(path.parent().unwrap()));
    let mut file = LockedFile::open(path, LIMIT, PATIENCE).unwrap();
    let replaced = file.replace(NEW.as_bytes(), InPlace::Never);
    assert!(matches!(replaced, Err(Error::MountPoint(_))));
    assert_eq!(fs::read_to_string(path).unwrap(), OLD);
    for text in [NEW, "", OLD, NEW] {
        file.replace(text.as_bytes(), InPlace::Allowed).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn a_single_mounted_file_is_overwritten_only_when_that_is_allowed() {
    if !are_possible() {
        return;
    }
    let folder = Folder::with_file();
    let test = again("mounts::edits_a_file_that_is_a_mount");
    let mut command = mounted(&folder.path(".env"), test.get_program().to_str().unwrap());
    let output = command
        .args(test.get_args())
        .env("EDITED_FILE", folder.path(".env"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        (folder.read(".env"), folder.mode(".env")),
        (NEW.to_owned(), 0o640)
    );
    assert_eq!(folder.names(), [".env"]);
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn edits_a_file_on_a_full_disk() {
    let folder = std::env::var("FULL_FOLDER").unwrap();
    let folder = Path::new(&folder);
    let path = folder.join(".env");
    fs::write(&path, OLD).unwrap();
    // The names of the lock and of a temporary file have their room, the bytes have none.
    let mut file = LockedFile::open(&path, LIMIT, PATIENCE).unwrap();
    let ballast = fs::write(folder.join("ballast"), vec![b'x'; 1 << 20]);
    assert!(ballast.is_err(), "the disk should be full");
    let large = vec![b'#'; 300 << 10];
    for in_place in [InPlace::Never, InPlace::Allowed] {
        let error = file.replace(&large, in_place).unwrap_err();
        assert!(error.to_string().contains("No space left"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    }
    let mut names = super::names(folder);
    names.retain(|name| name != "ballast");
    assert_eq!(names, [".env"]);
    fs::remove_file(folder.join("ballast")).unwrap();
    file.replace(&large, InPlace::Never).unwrap();
}

#[test]
fn on_a_full_disk_the_file_stays_as_it_was_and_nothing_is_left() {
    if !are_possible() {
        return;
    }
    let folder = Folder::new();
    let test = again("mounts::edits_a_file_on_a_full_disk");
    let script = r#"mount -t tmpfs -o size=512k none "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script])
        .arg(folder.path(""));
    command.arg(test.get_program()).args(test.get_args());
    let output = command
        .env("FULL_FOLDER", folder.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// A journal as an edit in place from the first text to the second leaves it.
fn journal(old: &str, new: &str) -> Vec<u8> {
    let length = (old.len() as u64).to_le_bytes();
    [
        b"aegis journal 1\n",
        &length[..],
        old.as_bytes(),
        new.as_bytes(),
    ]
    .concat()
}

#[test]
fn an_edit_in_place_that_was_cut_off_is_finished_and_what_somebody_wrote_since_is_kept() {
    let torn = format!("{}{}", &NEW[..5], &OLD[5..]);
    for (found, settled) in [
        (OLD, OLD),
        (NEW, NEW),
        (&torn, NEW),
        (&NEW[..7], NEW),
        ("X=somebody's\n", "X=somebody's\n"),
    ] {
        let folder = Folder::new();
        folder.write(".env", found);
        folder.write(".env.aegis-journal", journal(OLD, NEW));
        let mut file = folder.open(".env").unwrap();
        assert_eq!(*file.take_bytes(), settled.as_bytes(), "{found:?}");
        assert_eq!(folder.read(".env"), settled);
        assert_eq!(folder.names(), [".env"]);
    }
}

#[test]
fn a_journal_that_is_none_of_ours_is_not_believed_and_not_removed() {
    for text in [
        &b""[..],
        b"aegis journal 1\n\xff\xff\xff\xff\xff\xff\xff\xff",
        b"notes",
    ] {
        let folder = Folder::with_file();
        folder.write(".env.aegis-journal", text);
        assert_eq!(folder.refusal(".env"), Refusal::ForeignJournal);
        assert_eq!(folder.read(".env"), OLD);
        assert_eq!(folder.names().len(), 2);
    }
    let folder = Folder::new();
    folder.write(".env.aegis-journal", journal(OLD, NEW));
    assert!(!folder.open(".env").unwrap().exists());
    assert!(folder.names().is_empty());
}
