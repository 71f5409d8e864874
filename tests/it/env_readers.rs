//! Other readers of `.env`: what they make of a line beside what we make of it, and that none of them
//! finds a key again that we took out. A reader that is not on this machine is passed over.
use std::process::Command;

use aegis::{
    config::{EnvFile, KeyEditor, NewKey},
    keys::ApiKey,
};

/// What a reader makes of a name in the file at a path.
type Reader = fn(&str, &str) -> Read;

#[derive(Debug, PartialEq)]
enum Read {
    Value(String),
    Nothing,
    /// The reader is not on this machine.
    Absent,
}

const READERS: [Reader; 5] = [ours, dotenvy, node, shell, python];

fn ours(path: &str, name: &str) -> Read {
    let file = EnvFile::parse(std::fs::read(path).unwrap());
    let last = file.assignments().filter(|line| line.name == name).last();
    let value = last.map(|line| str::from_utf8(line.value).unwrap().to_owned());
    value.map_or(Read::Nothing, Read::Value)
}

/// It takes the first of several, where the others take the last.
fn dotenvy(path: &str, name: &str) -> Read {
    let mut read = dotenvy::from_path_iter(path)
        .unwrap()
        .filter_map(Result::ok);
    let found = read.find(|(found, _)| found == name);
    found.map_or(Read::Nothing, |(_, value)| Read::Value(value))
}

fn node(path: &str, name: &str) -> Read {
    let script = r#"process.stdout.write(process.env[process.argv[1]] ?? "UNSET")"#;
    said(Command::new("node").args([&format!("--env-file={path}"), "-e", script, name]))
}

fn shell(path: &str, name: &str) -> Read {
    let script = r#". "$0" 2>&-; eval "printf %s \"\${$1-UNSET}\"""#;
    said(Command::new("sh").args(["-c", script, path, name]))
}

fn python(path: &str, name: &str) -> Read {
    let script = "import sys, dotenv; print(dotenv.dotenv_values(sys.argv[1]).get(sys.argv[2], 'UNSET'), end='')";
    said(Command::new("python3").args(["-c", script, path, name]))
}

fn said(command: &mut Command) -> Read {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match command.env_clear().env("PATH", path).output() {
        Ok(output) if output.status.success() => match String::from_utf8(output.stdout).unwrap() {
            text if text == "UNSET" => Read::Nothing,
            text => Read::Value(text),
        },
        _ => Read::Absent,
    }
}

fn written(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read.env").to_str().unwrap().to_owned();
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn a_line_is_read_by_us_as_its_writer_meant_it_though_readers_differ() {
    const V: Option<&str> = Some("v");
    const AB: Option<&str> = Some("a, b");
    // The line, then: ours, dotenvy, Node, a shell.
    for (line, expected) in [
        ("K=v", [V, V, V, V]),
        ("K = v", [V, V, V, None]),
        ("export K=v", [V, V, V, V]),
        ("K=a, b", [AB, None, AB, None]),
        ("K=v # c", [V, V, V, V]),
        ("K=v#c", [Some("v#c"), Some("v#c"), V, Some("v#c")]),
        ("K=\"a, b\"", [AB, AB, AB, AB]),
        ("\u{feff}K=v", [V, None, None, None]),
        ("K=v\r", [V, V, V, Some("v\r")]),
        ("K: v", [None, None, None, None]),
        ("K=a$b", [Some("a$b"), Some("a"), Some("a$b"), Some("a")]),
        ("K=v\nK=w", [Some("w"), V, Some("w"), Some("w")]),
    ] {
        let (_folder, path) = written(&format!("{line}\n"));
        for (at, expected) in expected.into_iter().enumerate() {
            let read = READERS[at](&path, "K");
            let expected = expected.map_or(Read::Nothing, |value| Read::Value(value.to_owned()));
            assert!(
                [expected, Read::Absent].contains(&read),
                "reader {at} of {line:?}: {read:?}"
            );
        }
    }
}

#[test]
fn no_reader_finds_a_key_that_was_taken_out_and_all_find_its_successor() {
    let key = |letter: char| ApiKey::parse(&letter.to_string().repeat(64)).unwrap();
    let (old, kept, new) = (key('a'), key('b'), key('c'));
    for form in [
        "K=OLD,KEPT\n",
        "# keys\nX=1\nexport K='OLD,KEPT' # laptop\nY=\"2\"\n",
        "K=\"KEPT,OLD\"\nZ='3'\n",
        "K=OLD\nK=OLD,KEPT\n",
        "K='KEPT'\nX=1\nK=\"KEPT,OLD\"",
        "X=1\n\nK=OLD # one\nexport K=KEPT,OLD\n",
    ] {
        let text = form.replace('K', "K_").replace("K_EPT", kept.expose());
        let text = text
            .replace("K_=", "MCP_API_KEYS=")
            .replace("OLD", old.expose());
        let mut editor = KeyEditor::parse(text.into_bytes()).unwrap();
        editor.replace(&old.id(), NewKey::Plain(&new)).unwrap();
        let (_folder, path) = written(str::from_utf8(editor.as_bytes()).unwrap());
        for (at, reader) in READERS.into_iter().enumerate() {
            let value = match reader(&path, "MCP_API_KEYS") {
                Read::Absent => continue,
                Read::Nothing => panic!("reader {at} finds no keys in {form:?}"),
                Read::Value(value) => value,
            };
            let mut found: Vec<_> = value.split(',').collect();
            found.sort_unstable();
            assert!(
                found == [kept.expose(), new.expose()],
                "reader {at} of {form:?}"
            );
        }
    }
}
