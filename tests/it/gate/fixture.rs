use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    rc::Rc,
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread::{self, JoinHandle},
    time::Instant,
};

use actix_web::rt::System;
use aegis::{
    audit::{AuditLog, AuditSettings, Clock},
    auth::{GateSettings, Gatekeeper},
    caller::{Caller, RequestIds},
    keys::{KeyList, KeyRing, Metadata},
    mcp::{self, Outcome, ToolCall, ToolResult, Tools},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
    server::{Parts, ServerSettings, serve},
};
use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::Client;

pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(super) const OTHER_KEY: &str =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(super) const WRONG: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

/// The forge's.
pub(super) const TOKEN: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

/// A running server.
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    pub(super) gatekeeper: Arc<Gatekeeper>,
    pub(super) hands: Hands,
    pub(super) ring: Arc<ArcSwap<KeyRing>>,
    pub(super) protocol: Arc<mcp::Shared>,
    folder: tempfile::TempDir,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

/// What the tests move the tools by.
#[derive(Clone)]
pub(super) struct Hands {
    /// Says that `wait` has begun.
    pub(super) begun: Arc<Notify>,
    /// Lets `wait` end.
    pub(super) go: Arc<Notify>,
    /// Says that `wait` has ended, or was given up.
    pub(super) ended: mpsc::Sender<()>,
}

impl Gate {
    pub(super) fn start() -> Self {
        Self::with(|_, _| ())
    }

    /// A server whose settings are changed first.
    pub(super) fn with(change: impl FnOnce(&mut GateSettings, &mut ServerSettings)) -> Self {
        Self::ending(change, mpsc::channel().0)
    }

    /// The same, with tools that say when they have ended.
    pub(super) fn ending(
        change: impl FnOnce(&mut GateSettings, &mut ServerSettings),
        ended: mpsc::Sender<()>,
    ) -> Self {
        Self::build(change, &Metadata::default(), Clock::system(), ended)
    }

    /// A server with what is known of its keys, and the hands of its clock.
    pub(super) fn known_by(metadata: &Metadata, clock: &Arc<AtomicU64>) -> Self {
        let clock = Clock::Manual(Arc::clone(clock));
        Self::build(|_, _| (), metadata, clock, mpsc::channel().0)
    }

    fn build(
        change: impl FnOnce(&mut GateSettings, &mut ServerSettings),
        metadata: &Metadata,
        clock: Clock,
        ended: mpsc::Sender<()>,
    ) -> Self {
        let mut gate = GateSettings::default();
        let mut settings = ServerSettings {
            workers: Some(1),
            ..ServerSettings::default()
        };
        change(&mut gate, &mut settings);

        let folder = tempfile::tempdir().unwrap();
        let audit = AuditLog::open(AuditSettings {
            clock,
            ..AuditSettings::new(folder.path().join("audit.log"))
        });
        let keys = KeyList::parse(&format!("{KEY},{OTHER_KEY}")).keys;
        let ring = KeyRing::new(&keys, metadata, Rights::up_to(Access::Destroy));
        let ring = Arc::new(ArcSwap::from_pointee(ring));
        let audit = Arc::new(audit.unwrap());
        let redaction = Redaction::new(Secret::new(TOKEN.to_owned()), Arc::clone(&ring));
        let redaction = Arc::new(redaction);
        let now = Instant::now();
        let gatekeeper = Gatekeeper::new(gate, Arc::clone(&ring), redaction, audit, now);
        let gatekeeper = Arc::new(gatekeeper);
        let (calls, stopping) = (TaskTracker::new(), CancellationToken::new());
        let streams = mcp::Settings::default();
        let protocol = mcp::Shared::new(streams, calls.clone(), stopping.clone());
        let protocol = Arc::new(protocol);
        let parts = Parts {
            settings,
            gatekeeper: Arc::clone(&gatekeeper),
            protocol: Arc::clone(&protocol),
            ids: Arc::new(RequestIds::new(7)),
            calls,
            stopping,
        };

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel();
        let hands = Hands {
            begun: Arc::default(),
            go: Arc::default(),
            ended,
        };
        let tools = hands.clone();
        let thread = thread::spawn(move || {
            let tools = move || Few(tools.clone());
            let asked = async { asked.await.unwrap_or_default() };
            System::new().block_on(serve(listener, parts, tools, asked))
        });
        Self {
            address,
            gatekeeper,
            hands,
            ring,
            protocol,
            folder,
            shutdown: Some(shutdown),
            thread: Some(thread),
        }
    }

    /// A client without a key.
    pub(super) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// A client with a key in force.
    pub(super) fn known(&self) -> Client {
        self.client().bearer(KEY)
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap()
    }

    /// The records of these events, oldest first.
    pub(super) fn records(&self, event: &str) -> Vec<Value> {
        let lines = self.log();
        let records = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        records
            .filter(|record: &Value| record["event"] == event)
            .collect()
    }

    /// Asks the server to stop, without waiting.
    pub(super) fn ask_to_stop(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has.
    pub(super) fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

/// Tools that answer, wait or break.
struct Few(Hands);

impl Tools for Few {
    fn server(&self) -> (&'static str, &'static str) {
        ("few", "1")
    }

    fn instructions(&self) -> &'static str {
        "few tools"
    }

    fn list(&self, _caller: &Caller) -> Rc<str> {
        r#"[{"name":"echo"}]"#.into()
    }

    fn call(&self, caller: Rc<Caller>, call: ToolCall) -> impl Future<Output = Outcome> + 'static {
        let hands = self.0.clone();
        async move {
            let text = match &*call.name {
                "who" => format!(
                    "{} {:?}",
                    caller.client_ip,
                    caller.key.as_ref().map(|key| key.hint)
                ),
                "wait" => {
                    let _ended = Ended(hands.ended);
                    hands.begun.notify_one();
                    hands.go.notified().await;
                    "waited".to_owned()
                }
                "break" => panic!("secret words of a panic"),
                _ => return Outcome::UnknownTool,
            };
            Outcome::Done(ToolResult {
                text,
                ..ToolResult::default()
            })
        }
    }
}

/// Says that a call is no more.
struct Ended(mpsc::Sender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
