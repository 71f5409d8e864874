use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{Assistant, Reply, Sandbox, Server, next, telescope};

const CONTENTS: &str = "/api/v1/repos/observatory/telescope/contents";
const COMMITS: &str = "/api/v1/repos/observatory/telescope/commits";
const TIP: &str = "639efab4f3a7563be5d001f1b8d700a81f716710";

/// A file as Gitea sends it.
fn file(path: &str, bytes: &[u8]) -> Reply {
    let file = json!({
        "name": path, "path": path, "sha": "f".repeat(40), "type": "file", "size": bytes.len(),
        "content": BASE64_STANDARD.encode(bytes),
        "html_url": format!("https://git.example.org/observatory/telescope/src/branch/docs/typo/{path}"),
    });
    Reply::json(200, &file.to_string())
}

fn get(assistant: &Assistant, path: &str) -> String {
    assistant.calls(
        "file_read",
        &telescope(json!({"method": "get", "path": path})),
    )
}

#[test]
fn a_file_is_its_text_after_a_head_that_says_what_it_is() {
    let assistant = Assistant::new();
    let text = get(&assistant, "docs/über uns.md");
    assert_eq!(
        text,
        "observatory/telescope docs/über uns.md, 3 lines, at main\n\
         size: 41\n\
         sha: 0bdc68f046b6548075a4dbaf5900be99fcadd3be\n\n\
         # Über uns\n\nWir schauen nach oben. 👀"
    );
    assert_eq!(
        assistant.asked(),
        ["/repos/observatory/telescope/contents/docs/%C3%BCber%20uns.md"]
    );
}

/// Where `soft<U+00AD>hyphen.txt` is, which answers show so, and a file that is called so.
fn before_hidden_characters() -> Assistant {
    let assistant = Assistant::new();
    let missing = Reply::json(404, r#"{"message":"not found","errors":null}"#);
    let shown = format!("{CONTENTS}/soft%3CU%2B00AD%3Ehyphen.txt");
    assistant.fake.says(&shown, missing);
    let there = file("soft\u{ad}hyphen.txt", b"Here.");
    let target = format!("{CONTENTS}/soft%C2%ADhyphen.txt");
    assistant.fake.says(&target, there);
    let target = format!("{CONTENTS}/%3CU%2B202E%3E.txt");
    assistant.fake.says(&target, file("<U+202E>.txt", b"So."));
    assistant
}

#[test]
fn a_file_is_read_by_its_path_as_answers_show_it() {
    let assistant = before_hidden_characters();
    let read = |path: &str| {
        let text = get(&assistant, path);
        let (head, text) = text.split_once("\n\n").unwrap();
        (head.lines().next().unwrap().to_owned(), text.to_owned())
    };
    let (head, text) = read("soft<U+00AD>hyphen.txt");
    assert_eq!(
        head,
        "observatory/telescope soft<U+00AD>hyphen.txt, 1 line, at docs/typo"
    );
    assert_eq!(text, "Here.");
    // Unless it is called so.
    let (head, text) = read("<U+202E>.txt");
    assert_eq!(
        head,
        "observatory/telescope <U+202E>.txt, 1 line, at docs/typo"
    );
    assert_eq!(text, "So.");
    let many = json!({"method": "many", "paths": ["soft<U+00AD>hyphen.txt"]});
    let text = assistant.calls("file_read", &telescope(many));
    assert!(text.ends_with(":\n  1: Here."), "{text}");
}

#[test]
fn a_file_that_is_too_long_is_told_of_itself_though_another_may_be_meant() {
    let assistant = Assistant::new();
    let flood = Reply::json(200, &"x".repeat(1 << 20)).times(9);
    let target = format!("{CONTENTS}/a%3CU%2B00AD%3E.txt");
    assistant.fake.says(&target, flood);
    let entry = |path: &str, sha: &str| json!({"name": path, "path": path, "sha": sha, "type": "file", "size": 1});
    let folder = json!([
        entry("a\u{ad}.txt", "other"),
        entry("a<U+00AD>.txt", "this")
    ]);
    assistant
        .fake
        .says(CONTENTS, Reply::json(200, &folder.to_string()));
    let text = get(&assistant, "a<U+00AD>.txt");
    assert!(text.contains("\nsha: this\n"), "{text}");
}

#[test]
fn a_tree_is_read_by_its_path_as_answers_show_it() {
    let assistant = Assistant::new();
    let trees = "/api/v1/repos/observatory/telescope/git/trees";
    let (folder, blob) = ("a".repeat(40), "b".repeat(40));
    let says = |root: &str, tree: &Value| {
        let tree = json!({"sha": root, "tree": [tree], "truncated": false, "total_count": 1});
        let target = format!("{trees}/{root}");
        assistant
            .fake
            .says(&target, Reply::json(200, &tree.to_string()));
    };
    let entry = json!({"path": "a\u{202e}b", "mode": "040000", "type": "tree", "sha": folder});
    says(TIP, &entry);
    let entry = json!({"path": "c", "mode": "100644", "type": "blob", "size": 9, "sha": blob});
    says(&folder, &entry);
    let arguments = json!({"method": "tree", "path": "a<U+202E>b", "ref": "main"});
    let text = assistant.calls("file_read", &telescope(arguments));
    assert!(text.ends_with("\n\n9 a<U+202E>b/c"), "{text}");
}

#[test]
fn a_part_of_a_file_has_numbered_lines() {
    let arguments =
        json!({"method": "get", "path": "docs/guide.md", "start_line": 3, "end_line": "5"});
    let text = Assistant::new().calls("file_read", &telescope(arguments));
    let (head, lines) = text.split_once("\n\n").unwrap();
    assert!(head.starts_with("observatory/telescope docs/guide.md, lines 3-5 of 481, at main\n"));
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines[..2], ["3: ## Step 1", "4: "]);
    assert!(lines[2].starts_with("5: Turn the crank 1 times"), "{text}");
}

#[test]
fn the_branch_that_was_read_is_told_where_none_was_named() {
    let assistant = Assistant::new();
    assistant
        .fake
        .says(&format!("{CONTENTS}/a%20b.txt"), file("a b.txt", b"x\n"));
    let text = get(&assistant, "a b.txt");
    assert!(
        text.starts_with("observatory/telescope a b.txt, 1 line, at docs/typo\n"),
        "{text}"
    );
}

#[test]
fn encodings_and_line_ends_are_told() {
    let assistant = Assistant::new();
    let text = get(&assistant, "docs/latin1.txt");
    let end = "\nencoding: windows-1252 (detected)\n\nCafé au bord de l'océan";
    assert!(text.ends_with(end), "{text}");
    let text = get(&assistant, "docs/windows.txt");
    assert!(
        text.ends_with("\nencoding: CRLF line ends\n\none\ntwo\nthree"),
        "{text}"
    );
}

#[test]
fn what_is_no_text_is_told_in_place_of_its_bytes() {
    let text = get(&Assistant::new(), "assets/logo.png");
    assert_eq!(
        text,
        "observatory/telescope assets/logo.png, at main\n\
         size: 70\n\
         sha: be72d1f2d6b36afa660b07ec041d22fc4a9c4b46\n\
         content: image/png\n\
         url: https://git.example.org/observatory/telescope/src/branch/main/assets/logo.png"
    );
}

#[test]
fn a_symbolic_link_shows_its_target_and_is_not_followed() {
    let assistant = Assistant::new();
    let text = get(&assistant, "GUIDE.md");
    assert!(
        text.contains("\nsymbolic link to: docs/guide.md\n"),
        "{text}"
    );
    assert_eq!(assistant.asked().len(), 1);
}

#[test]
fn a_file_that_is_larger_than_is_read_is_described() {
    let assistant = Assistant::new();
    let flood = Reply::json(200, &"x".repeat(1 << 20)).times(9);
    assistant
        .fake
        .says(&format!("{CONTENTS}/data/stars.csv"), flood);
    let folder = json!([{
        "name": "stars.csv", "path": "data/stars.csv", "sha": "abc", "type": "file", "size": 9_437_184,
    }]);
    assistant.fake.says(
        &format!("{CONTENTS}/data"),
        Reply::json(200, &folder.to_string()),
    );
    assert_eq!(
        get(&assistant, "data/stars.csv"),
        "observatory/telescope data/stars.csv\n\
         size: 9437184\nsha: abc\ncontent: too large to be read here"
    );
}

#[test]
fn a_file_that_the_forge_withholds_is_too_large_and_not_empty() {
    let assistant = Assistant::new();
    for content in [json!(""), Value::Null] {
        let file = json!({
            "name": "big.csv", "path": "big.csv", "sha": "abc", "type": "file", "size": 12_000_000,
            "last_commit_sha": TIP, "encoding": "base64", "content": content,
        });
        let reply = Reply::json(200, &file.to_string());
        assistant.fake.says(&format!("{CONTENTS}/big.csv"), reply);
        assert_eq!(
            get(&assistant, "big.csv"),
            "observatory/telescope big.csv, at 639efab4f3\n\
             size: 12000000\nsha: abc\ncontent: too large to be read here"
        );
        let many = telescope(json!({"method": "many", "paths": ["big.csv"]}));
        assert_eq!(
            assistant.calls("file_read", &many),
            "observatory/telescope 1 files, at 639efab4f3\n\n\
             big.csv (too large to be read here, size 12000000, sha abc)"
        );
        let id = format!("file:observatory/telescope@{TIP}:big.csv");
        let fetched = assistant.calls("fetch", &json!({ "id": id }));
        let fetched: Value = serde_json::from_str(&fetched).unwrap();
        assert_eq!(fetched["metadata"]["type"], "too large to be read here");
    }
}

#[test]
fn a_long_file_is_read_to_its_end_at_the_commit_first_read() {
    let assistant = Assistant::new();
    let lines: Vec<String> = (1..=3_000)
        .map(|n| format!("line {n} of many, all different"))
        .collect();
    let whole = lines.join("\n");
    assistant.fake.says(
        &format!("{CONTENTS}/long.txt"),
        file("long.txt", whole.as_bytes()),
    );
    let texts = assistant.follows(
        "file_read",
        &telescope(json!({"method": "get", "path": "long.txt"})),
    );
    assert!(texts.len() > 3);
    let arguments = next(&texts[0]).unwrap();
    assert_eq!(arguments["ref"], TIP);
    let asked = assistant.asked();
    assert!(
        asked[2..]
            .iter()
            .all(|it| it.ends_with(&format!("long.txt?ref={TIP}"))),
        "{asked:?}"
    );
    let bodies = texts
        .iter()
        .flat_map(|text| text.split_once("\n\n").unwrap().1.lines());
    let unnumbered = bodies.map(|line| line.split_once(": ").map_or(line, |(_, text)| text));
    assert_eq!(unnumbered.collect::<Vec<_>>().join("\n"), whole);
}

#[test]
fn a_folder_has_folders_first_then_sizes_and_names() {
    let text = Assistant::new().calls("file_read", &telescope(json!({"method": "list"})));
    assert_eq!(
        text,
        "observatory/telescope folder / 1-10 of 10, at main\n\n\
         dir .gitea\ndir assets\ndir data\ndir deep\ndir docs\ndir src\n\
         78 .editorconfig\n1324 CHANGELOG.md\nlink GUIDE.md -> docs/guide.md\n184 README.md"
    );
    let docs = "observatory/telescope folder docs 1-5 of 5, at main\n\n12888 guide.md\n";
    assert!(get(&Assistant::new(), "/docs/").starts_with(docs));
}

#[test]
fn a_folder_whose_list_is_too_long_goes_on_at_the_commit_first_read() {
    // Of short names the line ends are much.
    for (max, number, long) in [(24_000, 260, 110), (4_000, 60, 110), (107_000, 9_000, 4)] {
        let assistant = Assistant::reading_at_most(max);
        let entry = |number: u64| {
            let name = format!("{number:04}-{}", "n".repeat(long));
            json!({"name": name, "path": name, "type": "file", "size": 5})
        };
        let folder = |from: u64| json!((from..number).map(entry).collect::<Vec<_>>()).to_string();
        assistant.fake.says(
            &format!("{CONTENTS}?ref={TIP}"),
            Reply::json(200, &folder(0)),
        );
        assistant.fake.says(CONTENTS, Reply::json(200, &folder(1)));
        let texts = assistant.follows("file_read", &telescope(json!({"method": "list"})));
        let entries = texts.iter().map(|text| text.split_once("\n\n").unwrap().1);
        let entries: Vec<&str> = entries.flat_map(str::lines).collect();
        assert_eq!(entries.len() as u64, number);
        assert_eq!(next(&texts[0]).unwrap()["ref"], TIP);
        assert!(texts[0].contains(", at 639efab4f3\n"), "{}", texts[0]);
    }
}

#[test]
fn a_file_that_is_listed_is_not_called_a_folder() {
    let arguments = telescope(json!({"method": "list", "path": "docs/guide.md"}));
    assert_eq!(
        Assistant::new().calls("file_read", &arguments),
        "observatory/telescope docs/guide.md 1-1 of 1, at main\n\n12888 guide.md"
    );
}

#[test]
fn names_of_files_cannot_pass_for_other_files() {
    let assistant = Assistant::new();
    let entry =
        |name: &str, kind: &str| json!({"name": name, "path": name, "type": kind, "size": 5});
    let folder = json!([
        entry("a\n9 admin.rs", "file"),
        entry("dir b", "file"),
        entry("7 c", "dir")
    ]);
    assistant
        .fake
        .says(CONTENTS, Reply::json(200, &folder.to_string()));
    let text = assistant.calls("file_read", &telescope(json!({"method": "list"})));
    let (_, lines) = text.split_once("\n\n").unwrap();
    assert_eq!(lines, "dir 7 c\n5 a<U+000A>9 admin.rs\n5 dir b");
}

#[test]
fn a_missing_path_a_missing_ref_and_an_empty_repository_are_told_apart() {
    let assistant = Assistant::new();
    assert_eq!(
        get(&assistant, "no/such"),
        "refused: no \"no/such\" in observatory/telescope; file_read tree shows every path there is"
    );
    let empty = json!({"method": "list", "repo": "observatory/empty"});
    assert_eq!(
        assistant.calls("file_read", &empty),
        "refused: the repository is empty"
    );
    assistant.fake.says(COMMITS, Reply::new(404, ""));
    let arguments = telescope(json!({"method": "list", "ref": "no-such-ref"}));
    let text = assistant.calls("file_read", &arguments);
    let start = "refused: no branch, tag or commit \"no-such-ref\" in observatory/telescope; branches: main,";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_whole_hash_that_is_not_there_is_not_taken_for_there() {
    let assistant = Assistant::new();
    let sha = "f".repeat(40);
    let missing = || Reply::json(404, r#"{"message":"not found","errors":null}"#);
    assistant.fake.says(COMMITS, Reply::new(404, ""));
    let readme = format!("{CONTENTS}/README.md?ref={sha}");
    assistant.fake.says(&readme, missing());
    let tree = format!("/api/v1/repos/observatory/telescope/git/trees/{sha}");
    assistant.fake.says(&tree, missing());
    let start = format!(
        "refused: no branch, tag or commit \"{sha}\" in observatory/telescope; branches: main,"
    );
    for arguments in [
        json!({"method": "get", "path": "README.md", "ref": sha}),
        json!({"method": "many", "paths": ["README.md"], "ref": sha}),
        json!({"method": "tree", "ref": sha}),
        json!({"method": "tree", "path": "src", "ref": sha}),
        json!({"method": "find", "query": "mount", "ref": sha}),
    ] {
        let text = assistant.calls("file_read", &telescope(arguments));
        assert!(text.starts_with(&start), "{text}");
    }
}

#[test]
fn files_of_a_commit_that_are_all_not_there_are_told_so_one_by_one() {
    let assistant = Assistant::new();
    let missing = Reply::json(404, r#"{"message":"not found","errors":null}"#);
    assistant.fake.says(&format!("{CONTENTS}/none"), missing);
    let arguments = telescope(json!({"method": "many", "paths": ["none"], "ref": TIP}));
    assert_eq!(
        assistant.calls("file_read", &arguments),
        "observatory/telescope 1 files, at 639efab4f3\n\nnone (not there)"
    );
}

#[test]
fn a_refusal_that_names_some_branches_tells_how_many_more_there_are() {
    let assistant = Assistant::new();
    let branches = json!([{"name": "main"}, {"name": "dev"}]).to_string();
    let branches = Reply::json(200, &branches).header("X-Total-Count", "172");
    let target = "/api/v1/repos/observatory/telescope/branches";
    assistant.fake.says(target, branches);
    assistant.fake.says(COMMITS, Reply::new(404, ""));
    let arguments = telescope(json!({"method": "list", "ref": "no-such-ref"}));
    assert_eq!(
        assistant.calls("file_read", &arguments),
        "refused: no branch, tag or commit \"no-such-ref\" in observatory/telescope; \
         branches: main, dev and 170 more"
    );
}

#[test]
fn no_path_leads_out_of_the_repository() {
    let assistant = Assistant::new();
    for path in [
        "../x",
        "a/../../x",
        "..",
        "a//b",
        ".git/config",
        "a\\b",
        "a\nb",
    ] {
        let text = get(&assistant, path);
        assert!(
            text.starts_with("refused: path: a path has names"),
            "{path}: {text}"
        );
    }
    assert!(assistant.asked().is_empty());
}

#[test]
fn a_tree_has_every_path_below_and_goes_on_by_page_at_one_commit() {
    let assistant = Assistant::new();
    let tree = |names: std::ops::Range<u32>, truncated: bool| {
        let entries = names
            .map(|n| json!({"path": format!("f{n}"), "mode": "100644", "type": "blob", "size": n}));
        let tree =
            json!({"tree": entries.collect::<Value>(), "truncated": truncated, "total_count": 5});
        Reply::json(200, &tree.to_string())
    };
    let target = format!("/api/v1/repos/observatory/telescope/git/trees/{TIP}?recursive=true");
    assistant
        .fake
        .says(&format!("{target}&page=1&per_page=1000"), tree(1..4, true));
    assistant
        .fake
        .says(&format!("{target}&page=2&per_page=1000"), tree(4..6, false));
    let texts = assistant.follows("file_read", &telescope(json!({"method": "tree"})));
    assert_eq!(
        texts,
        [
            format!(
                "observatory/telescope tree 1-3 of 5, at 639efab4f3\n\
                 next: {{\"method\":\"tree\",\"owner\":\"observatory\",\"repo\":\"telescope\",\"ref\":\"{TIP}\",\"page\":2}}\n\n\
                 1 f1\n2 f2\n3 f3"
            ),
            "observatory/telescope tree 4-5 of 5, at 639efab4f3\n\n4 f4\n5 f5".to_owned(),
        ]
    );
}

#[test]
fn a_path_in_a_folder_that_is_too_long_to_be_read_is_not_told_as_missing() {
    let assistant = Assistant::new();
    let entry = json!({"path": "a", "mode": "100644", "type": "blob", "size": 1});
    let tree = json!({"tree": [entry], "truncated": true, "total_count": 50}).to_string();
    let target = format!("/api/v1/repos/observatory/telescope/git/trees/{TIP}");
    assistant.fake.says(&target, Reply::json(200, &tree));
    let arguments = telescope(json!({"method": "tree", "path": "z"}));
    assert_eq!(
        assistant.calls("file_read", &arguments),
        "refused: whether there is \"z\" in observatory/telescope at 639efab4f3 is not known: of the 50 \
         entries of a folder on its way only 20 were read; file_read get reads it by its path"
    );
}

#[test]
fn a_folder_s_tree_has_whole_paths() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let arguments = json!({"method": "tree", "repo": "lighthouse/lamp", "path": ".gitea"});
    let text = server.ask("file_read", &arguments);
    let (_, lines) = text.split_once("\n\n").unwrap();
    assert_eq!(lines, "dir .gitea/workflows\n224 .gitea/workflows/ci.yaml");
    let arguments = json!({"method": "tree", "repo": "lighthouse/lamp", "path": "src/none"});
    let text = server.refusal("file_read", &arguments);
    assert!(
        text.starts_with("no \"src/none\" in lighthouse/lamp at "),
        "{text}"
    );
}

#[test]
fn many_files_come_under_a_line_each_and_what_is_no_file_says_so() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let paths = ["Cargo.toml", "src", "GUIDE.md", "assets/lamp.png", "none"];
    let arguments = json!({"method": "many", "repo": "lighthouse/lamp", "paths": paths});
    let text = server.ask("file_read", &arguments);
    let (head, files) = text.split_once("\n\n").unwrap();
    assert!(head.starts_with("lighthouse/lamp 5 files, at "), "{head}");
    let lines: Vec<&str> = files.lines().collect();
    assert!(
        lines[0].starts_with("Cargo.toml (lines 6, size 75, sha "),
        "{text}"
    );
    assert_eq!(lines[1], "  1: [package]");
    assert_eq!(
        lines[7..9],
        [
            "src (a folder)",
            "GUIDE.md (a symbolic link to docs/guide.md)"
        ]
    );
    assert!(
        lines[9].starts_with("assets/lamp.png (image/png, size 70, sha "),
        "{text}"
    );
    assert_eq!(lines[10], "none (not there)");
}

#[test]
fn too_many_files_are_refused_before_gitea_is_asked() {
    let assistant = Assistant::new();
    for count in [21, 51] {
        let paths: Vec<String> = (0..count).map(|n| format!("f{n}")).collect();
        let text = assistant.calls(
            "file_read",
            &telescope(json!({"method": "many", "paths": paths})),
        );
        assert_eq!(
            text,
            format!("refused: {count} paths are too many for one call; ask for at most 20")
        );
    }
    assert!(assistant.asked().is_empty());
}
