//! The archive that `make dist` makes, of a small source with a `cargo` that compiles nothing.
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const CARGO: &str = "#!/bin/sh
case $1 in
build) aegis=target/$(rustc -vV | sed -n 's/^host: //p')/release/aegis
  mkdir -p \"${aegis%/*}\" && echo binary >\"$aegis\";;
cyclonedx) echo '{}' >aegis.cdx.json;;
esac
";
const FOLDERS: [&str; 5] = ["man", "completions", "deploy", "docs", "schemas"];
const FILES: [&str; 6] = [
    ".env.example",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "NOTICE",
];

fn ran(folder: &Path, command: &str) -> bool {
    let mut sh = Command::new("sh");
    sh.args(["-ec", command]).current_dir(folder);
    sh.env_remove("CARGO_TARGET_DIR").env("CARGO", "./cargo");
    sh.output().unwrap().status.success()
}

/// A committed source, with what the quick start of the README leaves in `deploy/`.
fn source() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["Makefile", ".gitignore"] {
        write(name, &fs::read_to_string(root.join(name)).unwrap());
    }
    write("Cargo.toml", "version = \"1.2.3\"\n");
    write("cargo", CARGO);
    let runs = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path().join("cargo"), runs).unwrap();
    for name in FOLDERS {
        fs::create_dir(folder.path().join(name)).unwrap();
        write(&format!("{name}/known"), name);
    }
    for name in FILES {
        write(name, name);
    }
    assert!(ran(
        folder.path(),
        "git init -q && git add . && git -c user.name=a -c user.email=a@example.org commit -qm a"
    ));
    write("deploy/.env", "a key");
    write("deploy/aegis-keys.json", "what is known of it");
    folder
}

/// Makes the archive, and names all files that are in it.
fn made(source: &Path) -> Vec<String> {
    assert!(ran(source, "make -s dist"));
    let list = "tar -xzf dist/*.tar.gz -C dist && cd dist/*/ && find . -type f | sort >../list";
    assert!(ran(source, list));
    let list = fs::read_to_string(source.join("dist/list")).unwrap();
    list.lines().map(|name| name[2..].to_owned()).collect()
}

#[test]
fn an_archive_holds_what_is_committed_and_no_key_that_stands_beside_it() {
    let source = source();
    let folders = FOLDERS.map(|name| format!("{name}/known"));
    let files = [&FILES[..], &["aegis", "aegis.cdx.json"]].concat();
    let mut expected: Vec<_> = files.into_iter().map(str::to_owned).collect();
    expected.extend(folders);
    expected.sort();
    let mut made = made(source.path());
    made.sort();
    assert_eq!(made, expected);
}

#[test]
fn archives_of_one_commit_are_the_same_bytes_whatever_the_mode_of_new_files() {
    let source = source();
    assert!(ran(
        source.path(),
        "umask 022; make -s dist; mv dist first; umask 077; make -s dist; cmp first/SHA256SUMS dist/SHA256SUMS"
    ));
}

#[test]
fn no_archive_is_made_where_somebody_committed_keys() {
    for name in ["deploy/.env", "deploy/aegis-keys.json"] {
        let source = source();
        let commit = format!(
            "git add -f {name} && git -c user.name=a -c user.email=a@example.org commit -qm b"
        );
        assert!(ran(source.path(), &commit));
        assert!(!ran(source.path(), "make -s dist"), "{name}");
        assert!(!ran(source.path(), "ls dist/*.tar.gz"), "{name}");
    }
}
