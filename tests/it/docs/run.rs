//! Blocks that are run as they stand, in the order of their page, beside a server with sample data.
//! What a reader would change is put in their place: the server's address and the log's folder.
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use super::{likeness::is_alike, page::Page};
use crate::{
    cli::{aegis, text},
    serve::Served,
    support::{Sandbox, measured},
};

/// What the documents call them.
const ADDRESS: &str = "127.0.0.1:8080";
const LOG_FOLDER: &str = "/var/log/aegis-mcp";
const FORGE: &str = "https://git.example.org";

/// Where the blocks of one page run: a folder with a `.env`, and the server that reads it.
struct World {
    sandbox: Sandbox,
    served: Served,
    key: String,
}

/// A block to run, the code that it must end with, and what it must print.
struct Step {
    line: usize,
    script: String,
    code: i32,
    prints: Option<String>,
}

impl World {
    fn new() -> Self {
        let sandbox = Sandbox::start();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("log")).unwrap();
        let log = path.join("log/audit.log").to_str().unwrap().to_owned();
        // No record but those that the page makes.
        let settings = format!(
            "GITEA_URL={}\nGITEA_TOKEN={}\nAUDIT_LOG_PATH={log}\nAUDIT_CHECKPOINT_SECONDS=0\nMCP_API_KEYS=\n",
            sandbox.url, sandbox.token
        );
        fs::write(path.join(".env"), settings).unwrap();
        fs::set_permissions(path.join(".env"), PermissionsExt::from_mode(0o600)).unwrap();
        // A terminal would show no meter either.
        fs::write(path.join(".curlrc"), "silent\nshow-error\n").unwrap();
        let made = aegis(&["generate-key", "--add", "--label", "laptop"])
            .current_dir(path)
            .output()
            .unwrap();
        let key = text(&made.stdout).trim().to_owned();
        Self {
            sandbox,
            served: Served::start_in(folder, &[], &[("AUDIT_LOG_PATH", &log)]),
            key,
        }
    }

    /// Runs a block. What went wrong, if something did.
    #[expect(clippy::print_stdout, reason = "a test that tests less says so")]
    fn run(&self, step: &Step) -> Result<(), String> {
        if let Some(tool) = step.missing() {
            println!(
                "there is no {tool} here: the block in line {} was not run",
                step.line
            );
            return Ok(());
        }
        let folder = self.served.folder.path();
        let address = self.served.address.to_string();
        let log = folder.join("log");
        let script = step
            .script
            .replace(ADDRESS, &address)
            .replace(LOG_FOLDER, log.to_str().unwrap());
        let program = Path::new(env!("CARGO_BIN_EXE_aegis")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("timeout")
            .args(["60", "bash", "-euo", "pipefail", "-c"])
            .arg(format!("exec 2>&1\n{script}"))
            .current_dir(folder)
            .env_clear()
            .envs(measured())
            .env("PATH", format!("{}:{path}", program.display()))
            .env("HOME", folder)
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .env("AEGIS_KEY", &self.key)
            .env("MCP_PORT", self.served.address.port().to_string())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        let printed = String::from_utf8_lossy(&output.stdout)
            .replace(log.to_str().unwrap(), LOG_FOLDER)
            .replace(&address, ADDRESS)
            .replace(&self.sandbox.url, FORGE)
            .replace(folder.to_str().unwrap(), "/home/you");
        let code = output.status.code();
        if code != Some(step.code) {
            return Err(format!("ended with {code:?}, not {}\n{printed}", step.code));
        }
        match &step.prints {
            Some(shown) if !is_alike(shown, &printed) => Err(format!("printed\n{printed}")),
            _ => Ok(()),
        }
    }
}

impl Step {
    /// A program that it needs and that is not installed here.
    fn missing(&self) -> Option<&'static str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_here = |tool: &str| std::env::split_paths(&path).any(|it| it.join(tool).exists());
        let words: Vec<_> = self.script.split_whitespace().collect();
        ["curl", "jq"]
            .into_iter()
            .find(|tool| words.contains(tool) && !is_here(tool))
    }
}

/// The blocks of a page that are to be run: `<!-- run -->`, or `<!-- run 1 -->` where 1 is the code
/// that it ends with. What they print follows as `<!-- prints -->`.
fn steps(page: &Page) -> Vec<Step> {
    let blocks = page.blocks();
    let next = blocks.iter().skip(1).map(Some).chain([None]);
    let pairs = blocks.iter().zip(next);
    let steps = pairs.filter_map(|(block, next)| {
        let code = block.marker.strip_prefix("run")?.trim();
        let prints = next.filter(|next| next.marker == "prints");
        Some(Step {
            line: block.line,
            script: block.text.clone(),
            code: if code.is_empty() {
                0
            } else {
                code.parse().unwrap()
            },
            prints: prints.map(|next| next.text.clone()),
        })
    });
    steps.collect()
}

fn run(path: &str) {
    let page = Page::read(path);
    let steps = steps(&page);
    assert!(!steps.is_empty(), "{path} has nothing to run");
    let world = World::new();
    for step in &steps {
        if let Err(wrong) = world.run(step) {
            panic!("{path}:{}: {wrong}", step.line);
        }
    }
}

const PAGES: [&str; 7] = [
    "README.md",
    "docs/AUTHENTICATION.md",
    "docs/CHATGPT_SETUP.md",
    "docs/CLIENTS.md",
    "docs/KEY_ROTATION.md",
    "docs/OPERATIONS.md",
    "docs/SECURITY.md",
];

#[test]
fn what_the_readme_says_works() {
    run(PAGES[0]);
}

#[test]
fn what_the_page_on_authentication_says_works() {
    run(PAGES[1]);
}

#[test]
fn what_the_page_on_chatgpt_says_works() {
    run(PAGES[2]);
}

#[test]
fn what_the_page_on_clients_says_works() {
    run(PAGES[3]);
}

#[test]
fn what_the_page_on_rotation_says_works() {
    run(PAGES[4]);
}

#[test]
fn what_the_page_on_running_it_says_works() {
    run(PAGES[5]);
}

#[test]
fn what_the_page_on_security_says_works() {
    run(PAGES[6]);
}

#[test]
fn no_page_with_something_to_run_is_left_out() {
    let pages = Page::all().into_iter();
    let with_steps = pages.filter(|page| !steps(page).is_empty());
    let left_out: Vec<_> = with_steps
        .map(|page| page.path)
        .filter(|path| !PAGES.contains(&&**path))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
