use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{Assistant, Reply, next, telescope};

const GIT: &str = "/api/v1/repos/observatory/telescope/git";
const TIP: &str = "639efab4f3a7563be5d001f1b8d700a81f716710";

/// A tree of files with these paths and bytes.
fn holding(assistant: &Assistant, files: &[(&str, &[u8])]) {
    let sha = |at: usize| format!("{at:040x}");
    let entry = |(at, (path, bytes)): (usize, &(&str, &[u8]))| json!({"path": path, "mode": "100644", "type": "blob", "size": bytes.len(), "sha": sha(at)});
    let entries: Vec<Value> = files.iter().enumerate().map(entry).collect();
    tree(assistant, &entries);
    for (at, (_, bytes)) in files.iter().enumerate() {
        let blob = json!({"content": BASE64_STANDARD.encode(bytes)}).to_string();
        assistant
            .fake
            .says(&format!("{GIT}/blobs/{}", sha(at)), Reply::json(200, &blob));
    }
}

fn tree(assistant: &Assistant, entries: &[Value]) {
    let tree = json!({"tree": entries, "truncated": false, "total_count": entries.len()});
    assistant.fake.says(
        &format!("{GIT}/trees/{TIP}"),
        Reply::json(200, &tree.to_string()),
    );
}

fn find(assistant: &Assistant, query: &str) -> String {
    assistant.calls(
        "file_read",
        &telescope(json!({"method": "find", "query": query})),
    )
}

fn lines(text: &str) -> Vec<&str> {
    text.split_once("\n\n")
        .map_or(Vec::new(), |(_, lines)| lines.lines().collect())
}

#[test]
fn lines_come_with_file_and_number_in_the_order_of_paths() {
    let assistant = Assistant::new();
    let files: [(&str, &[u8]); 3] = [
        ("src/b.rs", b"x\n  let mount = 1;\n"),
        ("a.md", b"The Mount\nno\n"),
        ("z", b"no"),
    ];
    holding(&assistant, &files);
    assert_eq!(
        find(&assistant, "mount"),
        "observatory/telescope lines with \"mount\" 1-2 of 2, at 639efab4f3\n\
         searched: 3 files\n\n\
         a.md:1: The Mount\nsrc/b.rs:2: let mount = 1;"
    );
}

#[test]
fn case_counts_only_where_the_query_has_capitals() {
    let assistant = Assistant::new();
    holding(&assistant, &[("a", "über\nÜBER\nÜber\n".as_bytes())]);
    assert_eq!(
        lines(&find(&assistant, "über")),
        ["a:1: über", "a:2: ÜBER", "a:3: Über"]
    );
    assert_eq!(lines(&find(&assistant, "Über")), ["a:3: Über"]);
}

#[test]
fn what_was_not_searched_is_told() {
    let assistant = Assistant::new();
    let entry = |path: &str, mode: &str, kind: &str, size: u64| json!({"path": path, "mode": mode, "type": kind, "size": size, "sha": format!("{size:040x}")});
    tree(
        &assistant,
        &[
            entry("a.txt", "100644", "blob", 1),
            entry("b.png", "100644", "blob", 2),
            entry("big.csv", "100644", "blob", 2 << 20),
            entry("bytes", "100644", "blob", 3),
            entry("docs", "040000", "tree", 0),
            entry("link", "120000", "blob", 4),
            entry("vendor", "160000", "commit", 0),
        ],
    );
    for (sha, bytes) in [(1, b"mount\n".as_slice()), (3, b"mount\0\n")] {
        let blob = json!({"content": BASE64_STANDARD.encode(bytes)}).to_string();
        assistant
            .fake
            .says(&format!("{GIT}/blobs/{sha:040x}"), Reply::json(200, &blob));
    }
    assert_eq!(
        find(&assistant, "mount"),
        "observatory/telescope lines with \"mount\" 1-1 of 1, at 639efab4f3\n\
         searched: 1 file\n\
         not searched: 2 binary files, 1 symbolic link, 1 submodule, 1 over 1 MiB: big.csv\n\n\
         a.txt:1: mount"
    );
}

#[test]
fn a_file_that_the_forge_withholds_is_not_searched() {
    let assistant = Assistant::new();
    let text: &[u8] = b"mount\n";
    holding(&assistant, &[("a", text), ("b", text), ("c", text)]);
    for (sha, content) in [(1, json!("")), (2, Value::Null)] {
        let blob = json!({"content": content, "size": 900_000}).to_string();
        let target = format!("{GIT}/blobs/{sha:040x}");
        assistant.fake.says(&target, Reply::json(200, &blob));
    }
    assert_eq!(
        find(&assistant, "mount"),
        "observatory/telescope lines with \"mount\" 1-1 of 1, at 639efab4f3\n\
         searched: 1 file\n\
         not searched: 2 too large for the forge: b, c\n\n\
         a:1: mount"
    );
}

#[test]
fn going_on_searches_every_file_once() {
    let assistant = Assistant::reading_at_most(3_000);
    let paths: Vec<String> = (0..450).map(|n| format!("f{n:03}")).collect();
    let files: Vec<(&str, &[u8])> = paths
        .iter()
        .map(|path| (path.as_str(), b"a mount\n".as_slice()))
        .collect();
    holding(&assistant, &files);
    let texts = assistant.follows(
        "file_read",
        &telescope(json!({"method": "find", "query": "mount"})),
    );
    let head = "observatory/telescope lines with \"mount\" 1-";
    assert!(
        texts[0].starts_with(head)
            && texts[0].contains("\nsearched: files 1-200 of 450, by path\n")
    );
    assert_eq!(next(&texts[0]).unwrap()["ref"], TIP);
    let found: Vec<&str> = texts.iter().flat_map(|text| lines(text)).collect();
    let all: Vec<String> = paths
        .iter()
        .map(|path| format!("{path}:1: a mount"))
        .collect();
    assert_eq!(found, all);
}

#[test]
fn a_page_ends_before_it_is_too_much_to_read() {
    let assistant = Assistant::new();
    let megabyte = "x".repeat(1_000_000);
    let paths: Vec<String> = (0..7).map(|n| format!("f{n}")).collect();
    let files: Vec<(&str, &[u8])> = paths
        .iter()
        .map(|path| (path.as_str(), megabyte.as_bytes()))
        .collect();
    holding(&assistant, &files);
    let text = find(&assistant, "mount");
    assert!(
        text.contains("\nsearched: files 1-5 of 7, by path"),
        "{text}"
    );
    assert_eq!(next(&text).unwrap()["page"], 2);
}

#[test]
fn of_a_long_line_what_is_around_the_text_is_shown() {
    let assistant = Assistant::new();
    let line = format!("{}mount{}", "ä".repeat(5_000), "z".repeat(5_000));
    holding(&assistant, &[("min.js", line.as_bytes())]);
    let text = find(&assistant, "mount");
    let shown = lines(&text)[0];
    assert!(
        shown.starts_with("min.js:1: …ää") && shown.contains("ämountz") && shown.ends_with("z…")
    );
    assert!(shown.chars().count() < 250);
}

#[test]
fn a_query_of_two_lines_finds_nothing_and_says_why() {
    let assistant = Assistant::new();
    let text = find(&assistant, "a\nb");
    assert_eq!(
        text,
        "refused: query is a text within one line, not blank; there are no patterns"
    );
    assert!(assistant.asked().is_empty());
}
