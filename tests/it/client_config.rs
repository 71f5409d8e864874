//! What connects a client: lines to paste, and a client's own file with all else kept.
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cli::{aegis, text},
    support::golden,
};

const CLIENTS: [&str; 16] = [
    "claude-code",
    "claude-desktop",
    "claude-ai",
    "vscode",
    "cursor",
    "codex",
    "windsurf",
    "zed",
    "jetbrains",
    "librechat",
    "open-webui",
    "openai-api",
    "anthropic-api",
    "langchain",
    "curl",
    "chatgpt",
];

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    aegis(&["client-config"])
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("PUBLIC_URL", "https://mcp.example.org/")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn without_a_client_all_are_listed() {
    let listed = run(&folder().keep(), &[], &[]);
    golden("client-config.txt", text(&listed.stdout));
    let json = run(&folder().keep(), &["--json"], &[]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let names = json.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|client| &client["client"]).collect();
    assert_eq!(names, CLIENTS);
}

#[test]
fn each_client_gets_its_lines_and_what_to_know_about_them() {
    let folder = folder();
    let whole = CLIENTS.map(|client| {
        let shown = run(folder.path(), &[client], &[]);
        assert!(shown.status.success(), "{client}");
        let (lines, rest) = (text(&shown.stdout), text(&shown.stderr));
        format!("$ aegis client-config {client}\n{lines}--- for a person:\n{rest}\n")
    });
    let whole = whole.concat();
    golden("client-config-lines.txt", &whole);
}

#[test]
fn lines_of_json_are_json() {
    let folder = folder();
    for client in [
        "claude-code",
        "claude-desktop",
        "vscode",
        "cursor",
        "windsurf",
        "zed",
        "jetbrains",
    ] {
        let lines = run(folder.path(), &[client], &[]).stdout;
        assert!(serde_json::from_slice::<Value>(&lines).is_ok(), "{client}");
    }
}

#[test]
fn librechat_is_to_be_allowed_an_address_of_a_private_network() {
    let folder = folder();
    for (server, allowed) in [
        ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
        ("http://10.0.0.5", Some("10.0.0.5:80")),
        ("http://aegis-mcp:8080/mcp", Some("aegis-mcp:8080")),
        ("https://mcp.internal", Some("mcp.internal:443")),
        ("http://[::1]:8080", Some("[::1]:8080")),
        ("https://mcp.example.org", None),
    ] {
        let shown = run(folder.path(), &["librechat", "--server", server], &[]);
        let told = text(&shown.stderr);
        let note = allowed.map(|it| format!("mcpSettings: {{allowedAddresses: ['{it}']}}"));
        assert_eq!(told.contains("mcpSettings"), note.is_some(), "{told}");
        assert!(note.is_none_or(|note| told.contains(&note)), "{told}");
    }
    let other = run(
        folder.path(),
        &["cursor", "--server", "http://10.0.0.5"],
        &[],
    );
    assert!(!text(&other.stderr).contains("mcpSettings"));
}

#[test]
fn a_program_reads_the_same() {
    let folder = folder();
    let told = run(folder.path(), &["claude-code", "--json"], &[]);
    assert_eq!(text(&told.stderr), "");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["address"], "https://mcp.example.org/mcp");
    assert_eq!(
        told["lines"].as_str().unwrap(),
        text(&run(folder.path(), &["claude-code"], &[]).stdout)
    );
    assert_eq!(told["written"], Value::Null);
}

#[test]
fn where_nobody_said_how_others_reach_it_the_listener_is_named_with_a_warning() {
    let folder = folder();
    let settings = [
        ("PUBLIC_URL", ""),
        ("MCP_HOST", "0.0.0.0"),
        ("MCP_PORT", "9000"),
    ];
    let shown = run(folder.path(), &["curl"], &settings);
    assert!(text(&shown.stdout).contains(" http://127.0.0.1:9000/mcp/tools "));
    assert!(
        text(&shown.stderr)
            .contains("warning: http://127.0.0.1:9000 is for clients on this machine")
    );
    let hosted = run(folder.path(), &["chatgpt"], &settings);
    assert!(text(&hosted.stderr).contains("needs a public https address"));
    let named = ["curl", "--server", "http://aegis-mcp:8080"];
    let named = run(folder.path(), &named, &settings);
    assert!(text(&named.stdout).contains(" http://aegis-mcp:8080/mcp/tools "));
    assert!(!text(&named.stderr).contains("warning"));
}

#[test]
fn the_address_of_the_endpoint_is_no_prefix_of_another() {
    let folder = folder();
    let address = |arguments: &[&str], public_url: &str| {
        let arguments = [&["cursor", "--json"], arguments].concat();
        let told = run(folder.path(), &arguments, &[("PUBLIC_URL", public_url)]);
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        told["address"].as_str().unwrap().to_owned()
    };
    let whole = "https://mcp.example.org/mcp";
    assert_eq!(address(&["--server", whole], ""), whole);
    assert_eq!(address(&[], whole), whole);
    let below = address(&[], "https://example.org/aegis/");
    assert_eq!(below, "https://example.org/aegis/mcp");
}

#[test]
fn nothing_in_the_path_of_an_address_means_something_to_a_shell() {
    let folder = folder();
    let address = r"https://example.org/it's $(id)&`x`;!*|\a/%41+b";
    let shown = run(folder.path(), &["curl", "--server", address], &[]);
    let path = "/it%27s%20%24%28id%29%26%60x%60%3B%21%2A%7C/a/%41+b/mcp/tools";
    let line = format!("curl -H @- https://example.org{path} <<END\n");
    assert!(
        text(&shown.stdout).starts_with(&line),
        "{}",
        text(&shown.stdout)
    );
}

#[test]
fn an_address_that_is_not_known_is_78() {
    let wrong = run(
        folder().path(),
        &["curl"],
        &[("PUBLIC_URL", "mcp.example.org")],
    );
    assert_eq!(wrong.status.code(), Some(78));
    assert!(text(&wrong.stderr).contains("`PUBLIC_URL` is not"));
}

#[test]
fn a_client_with_a_file_gets_it_written_and_all_else_kept() {
    for (client, file, section) in [
        ("claude-code", ".mcp.json", "mcpServers"),
        ("vscode", ".vscode/mcp.json", "servers"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
        (
            "windsurf",
            ".codeium/windsurf/mcp_config.json",
            "mcpServers",
        ),
    ] {
        let folder = folder();
        let path = folder.path().join(file);
        let written = run(folder.path(), &[client, "--write"], &[]);
        assert!(written.status.success(), "{}", text(&written.stderr));
        assert_eq!(text(&written.stdout), "");
        let lines = run(folder.path(), &[client], &[]).stdout;
        assert_eq!(fs::read(&path).unwrap(), lines);

        let theirs =
            format!("{{\n  \"mine\":  1.0,\n  \"{section}\": {{\n    \"other\": {{}}\n  }}\n}}");
        fs::write(&path, theirs).unwrap();
        for _ in 0..2 {
            assert!(
                run(folder.path(), &[client, "--write"], &[])
                    .status
                    .success()
            );
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"mine\":  1.0,\n"), "{text}");
        assert!(text.ends_with(",\n    \"other\": {}\n  }\n}"), "{text}");
        assert_eq!(text.matches("\"aegis\"").count(), 1, "{text}");
        let beside: Vec<_> = path.parent().unwrap().read_dir().unwrap().collect();
        assert!(beside.len() <= 2, "{beside:?}");
        assert!(
            !path
                .with_file_name(format!("{}.lock", path.file_name().unwrap().display()))
                .exists()
        );
    }
}

#[test]
fn a_file_can_be_named() {
    let folder = folder();
    let written = run(
        folder.path(),
        &["cursor", "--write=here/mcp.json", "--json"],
        &[],
    );
    let told: Value = serde_json::from_slice(&written.stdout).unwrap();
    assert_eq!(told["written"], "here/mcp.json");
    let file = folder.path().join("here/mcp.json");
    assert!(
        fs::read_to_string(file)
            .unwrap()
            .contains("${env:AEGIS_KEY}")
    );
}

#[test]
fn a_file_that_cannot_be_read_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join(".mcp.json");
    for theirs in [
        "// a comment\n{}",
        "{\"mcpServers\": []}",
        "{",
        "\u{feff}{}",
    ] {
        fs::write(&path, theirs).unwrap();
        let refused = run(folder.path(), &["claude-code", "--write"], &[]);
        assert_eq!(refused.status.code(), Some(78));
        assert!(text(&refused.stderr).contains(".mcp.json was left as it is: "));
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    }
}

/// What is in a folder and below.
fn below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    for theirs in [&b"{"[..], b"{\"mcpServers\": []}", b"\xff"] {
        let folder = folder();
        let path = folder.path().join("mcp.json");
        fs::write(&path, theirs).unwrap();
        let refused = run(folder.path(), &["cursor", "--write=mcp.json"], &[]);
        assert_eq!(refused.status.code(), Some(78));
        assert_eq!(below(folder.path()), [path]);
    }
    let folder = folder();
    let path = folder.path().join("here");
    fs::create_dir(&path).unwrap();
    let refused = run(folder.path(), &["cursor", "--write=here"], &[]);
    assert_eq!(refused.status.code(), Some(78));
    assert_eq!(below(folder.path()), [path]);
}

#[test]
fn an_entry_that_was_there_otherwise_is_replaced_and_that_is_said() {
    let folder = folder();
    let path = folder.path().join("mcp.json");
    fs::write(
        &path,
        r#"{"mcpServers": {"aegis": {"url": "old", "mine": 1}}}"#,
    )
    .unwrap();
    let write = |more: &[&str]| {
        let arguments = [&["cursor", "--write=mcp.json"], more].concat();
        run(folder.path(), &arguments, &[])
    };
    let told = write(&[]);
    let told = text(&told.stderr).lines().next().unwrap().to_owned();
    assert_eq!(told, "Cursor: replaced the entry `aegis` in mcp.json");
    let told = write(&["--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["replaced"], serde_json::json!([]));
    let told = write(&[]);
    assert!(text(&told.stderr).starts_with("Cursor: added to mcp.json\n"));
}

#[test]
fn a_file_that_would_hold_the_key_is_not_written() {
    let folder = folder();
    for client in ["zed", "claude-desktop", "codex", "curl"] {
        let refused = run(folder.path(), &[client, "--write"], &[]);
        assert_eq!(refused.status.code(), Some(2), "{client}");
        assert!(text(&refused.stderr).contains("paste the lines"));
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn no_key_is_ever_in_what_it_prints() {
    let folder = folder();
    let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let settings = [("MCP_API_KEYS", key), ("AEGIS_KEY", key)];
    for client in CLIENTS {
        let shown = run(folder.path(), &[client, "--json"], &settings);
        assert!(!text(&shown.stdout).contains(&key[..16]), "{client}");
    }
}

#[test]
fn a_folder_is_nobody_elses_whatever_the_umask_is() {
    let folder = folder();
    let mut aegis = aegis(&["client-config", "cursor", "--write=new/below/mcp.json"]);
    aegis.env("PUBLIC_URL", "https://mcp.example.org/");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$@\"", "sh"]);
    shell.arg(aegis.get_program()).args(aegis.get_args());
    shell.env("PUBLIC_URL", "https://mcp.example.org/");
    let output = shell.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let modes = ["new", "new/below"].map(|name| {
        let found = fs::metadata(folder.path().join(name)).unwrap();
        found.permissions().mode() & 0o777
    });
    assert_eq!(modes, [0o755; 2]);
}

#[test]
fn a_port_that_is_chosen_at_the_start_is_no_address() {
    let folder = folder();
    let any_port = [("PUBLIC_URL", ""), ("MCP_PORT", "0")];
    let refused = run(folder.path(), &["cursor", "--write=mcp.json"], &any_port);
    let told = "error: `MCP_PORT` is 0, so the port is chosen when the server starts: name the server by `--server`\n";
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!((text(&refused.stdout), text(&refused.stderr)), ("", told));
    assert!(below(folder.path()).is_empty());
    let named = ["cursor", "--server=http://127.0.0.1:9"];
    assert!(run(folder.path(), &named, &any_port).status.success());
}
