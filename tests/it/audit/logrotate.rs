//! The real `logrotate`, both of its ways, against the binary.
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Scene, assert_chained, values, wait_until};
use crate::{
    cli::aegis,
    support::{Client, listening},
};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Served {
    child: Child,
    client: Client,
}

impl Served {
    fn start(scene: &Scene) -> Self {
        let mut child = aegis(&["serve"])
            .current_dir(scene.folder.path())
            .env("AUDIT_LOG_PATH", scene.path())
            .envs([("MCP_PORT", "0"), ("MCP_API_KEYS", KEY)])
            .envs([("GITEA_URL", "http://127.0.0.1:9"), ("GITEA_TOKEN", "a")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (address, _) = listening(&mut stderr);
        std::thread::spawn(move || stderr.lines().for_each(drop));
        Self {
            child,
            client: Client::new(address).bearer(KEY),
        }
    }

    fn ask(&self) {
        assert_eq!(self.client.get("/mcp/tools").status, 200);
    }

    fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

/// Rotates by a configuration of these lines; false where there is no `logrotate`.
fn rotate(scene: &Scene, lines: &str) -> bool {
    let log = scene.path();
    rotate_by(
        scene,
        &format!("{} {{\n  rotate 9\n  {lines}\n}}\n", log.display()),
    )
}

/// The same by a whole configuration.
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn rotate_by(scene: &Scene, text: &str) -> bool {
    let folder = scene.folder.path();
    let configuration = folder.join("logrotate.conf");
    fs::write(&configuration, text).unwrap();
    let run = |program: &Path| {
        Command::new(program)
            .args(["--force", "--state"])
            .arg(folder.join("state"))
            .arg(&configuration)
            .output()
    };
    let ran = run(Path::new("logrotate")).or_else(|_| run(Path::new("/usr/sbin/logrotate")));
    let Ok(output) = ran else {
        println!("there is no logrotate here: nothing was rotated");
        return false;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    true
}

fn piece(scene: &Scene, number: u32) -> String {
    let name = format!("audit.log.{number}");
    fs::read_to_string(scene.folder.path().join(name)).unwrap()
}

fn count(text: &str, event: &str) -> usize {
    let is_it = |record: &&Value| record["event"] == event;
    values(text).iter().filter(is_it).count()
}

#[test]
fn create_and_a_hangup_make_one_chain_over_all_files() {
    let scene = Scene::new();
    let served = Served::start(&scene);
    let hangup = format!(
        "create 0600\n  postrotate\n    kill -HUP {}\n  endscript",
        served.child.id()
    );
    for number in 1..=3 {
        served.ask();
        if !rotate(&scene, &hangup) {
            return served.stop();
        }
        wait_until("the log is open anew", || {
            count(&scene.text(), "audit_rotated") == 1
        });
        assert!(piece(&scene, 1).contains("api_authentication"), "{number}");
    }
    served.ask();
    served.stop();
    let whole: String = [3, 2, 1].map(|number| piece(&scene, number)).concat() + &scene.text();
    assert_chained(&whole);
    assert_eq!(count(&whole, "api_authentication"), 4);
    assert_eq!(count(&whole, "audit_log_replaced"), 0);
    let previous = &values(&scene.text())[0]["previous_file"];
    assert_eq!(previous, "audit.log.1");
}

#[test]
fn copytruncate_leaves_no_holes_and_one_chain() {
    let scene = Scene::new();
    let served = Served::start(&scene);
    for _ in 0..3 {
        served.ask();
        if !rotate(&scene, "copytruncate") {
            return served.stop();
        }
        wait_until("it is noticed", || {
            count(&scene.text(), "audit_log_truncated") == 1
        });
    }
    served.ask();
    served.stop();
    let whole: String = [3, 2, 1].map(|number| piece(&scene, number)).concat() + &scene.text();
    assert!(!whole.contains('\0'));
    assert_chained(&whole);
    assert_eq!(count(&whole, "api_authentication"), 4);
    assert_eq!(count(&whole, "audit_log_truncated"), 3);
}

#[test]
fn a_restart_instead_of_a_hangup_makes_one_chain_too() {
    let scene = Scene::new();
    let served = Served::start(&scene);
    served.ask();
    if !rotate(&scene, "create 0600") {
        return served.stop();
    }
    served.stop();
    let served = Served::start(&scene);
    served.ask();
    served.stop();
    let whole = piece(&scene, 1) + &scene.text();
    assert_chained(&whole);
    assert_eq!(count(&whole, "audit_log_truncated"), 0);
}

#[test]
fn by_the_configuration_that_is_shipped_all_of_the_log_is_found() {
    let scene = Scene::new();
    let served = Served::start(&scene);
    let shipped = include_str!("../../../deploy/logrotate");
    let (path, hangup) = (scene.path().display().to_string(), served.child.id());
    let ours = [
        ("/var/log/aegis-mcp/audit.log", path.as_str()),
        ("    su aegis aegis\n", ""),
        ("create 0600 aegis aegis", "create 0600"),
    ];
    let mut text = shipped.to_owned();
    for (theirs, ours) in ours {
        assert!(text.contains(theirs), "{theirs}");
        text = text.replace(theirs, ours);
    }
    let (before, after) = text.split_once("systemctl").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    let text = format!("{before}kill -HUP {hangup}\n{after}");
    for number in 1..=3 {
        served.ask();
        // Files are told apart by the second.
        let newest = || {
            let names = scene.names().into_iter().filter(|it| it != "audit.log");
            names.filter_map(|it| it.get(15..25)?.parse().ok()).max()
        };
        wait_until("the second is over", || {
            // Its clock is a little behind this one.
            newest().is_none_or(|newest: i64| newest + 1 < chrono::Utc::now().timestamp())
        });
        if !rotate_by(&scene, &text) {
            return served.stop();
        }
        wait_until("the log is open anew", || {
            count(&scene.text(), "audit_rotated") == 1
        });
        assert!(newest().is_some(), "{number}: {:?}", scene.names());
    }
    served.ask();
    served.stop();
    let told = |arguments: &[&str]| -> Value {
        let output = aegis(&["audit-summary"])
            .args(arguments)
            .env("AUDIT_LOG_PATH", scene.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let summary = told(&["all", "--json"]);
    assert_eq!(summary["totals"]["successful"], 4);
    assert_eq!(summary["log"]["breaks"], 0);
    let verdict = told(&["verify", "--json"]);
    assert_eq!(verdict["files"].as_array().unwrap().len(), 4);
    assert_eq!(verdict["notes"], serde_json::json!([]));
}
