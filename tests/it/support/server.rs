//! The real server, wired as `aegis serve` wires it, on a port of its own until dropped.
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_web::rt::System;
use aegis::{
    audit::{AuditLog, AuditSettings},
    auth::{GateSettings, Gatekeeper},
    caller::RequestIds,
    dispatch::{Catalog, Dispatcher, Redactor, Shared},
    gitea::{self, Forge, Gitea, GiteaSettings},
    keys::{ApiKey, KeyEntry, KeyRing, Metadata},
    mcp, operations,
    outbound::{Outbound, TlsRoots},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
    server::{self, Parts, ServerSettings},
};
use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Client, Fake, Sandbox};

/// What a test decides; the rest is as an operator who sets nothing has it.
pub(crate) struct Setup {
    pub(crate) gitea: GiteaSettings,
    pub(crate) server: ServerSettings,
    pub(crate) gate: GateSettings,
    pub(crate) protocol: mcp::Settings,
    pub(crate) rights: Rights,
    /// `ANSWER_MAX_CHARS`.
    pub(crate) answer_max: usize,
    /// `MAX_CALLS_IN_FLIGHT_PER_KEY`.
    pub(crate) in_flight: usize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The one key, in full.
    pub(crate) key: String,
    folder: TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Setup {
    /// A server in front of this Gitea.
    pub(crate) fn of(url: &str, token: &str) -> Self {
        Self {
            gitea: GiteaSettings {
                url: url.parse().unwrap(),
                token: Secret::new(token.to_owned()),
                timeout: Duration::from_secs(30),
                allow_admin_token: false,
            },
            server: ServerSettings {
                workers: Some(1),
                ..ServerSettings::default()
            },
            gate: GateSettings::default(),
            protocol: mcp::Settings::default(),
            rights: Rights::up_to(Access::Destroy),
            answer_max: 24_000,
            in_flight: 32,
        }
    }

    /// Starts it; when this returns it listens, and knows its Gitea if that answers.
    pub(crate) fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = ApiKey::generate().unwrap();
        let text = key.expose().to_owned();
        let audit_path = folder.path().join("audit.log");
        let (end, ended) = oneshot::channel();
        let (known, waiting) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(self.run(listener, &key, audit_path, known, ended));
        });
        // A Gitea that does not answer is some test's subject.
        let _ = waiting.recv_timeout(Duration::from_secs(2));
        Server {
            address,
            key: text,
            folder,
            end: Some(end),
            thread: Some(thread),
        }
    }

    async fn run(
        self,
        listener: TcpListener,
        key: &ApiKey,
        audit: PathBuf,
        known: mpsc::Sender<()>,
        ended: oneshot::Receiver<()>,
    ) {
        let audit = Arc::new(AuditLog::open(AuditSettings::new(audit)).unwrap());
        let ring = KeyRing::new([&KeyEntry::of(key)], &Metadata::default(), self.rights);
        let ring = Arc::new(ArcSwap::from_pointee(ring));
        let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
        let redaction = Redaction::new(self.gitea.token.clone(), Arc::clone(&ring));
        let redaction = Arc::new(redaction);
        let forge = Forge::new(&self.gitea, outbound, Arc::clone(&redaction)).unwrap();
        let api = format!("{}/api/v1", self.gitea.url.as_str().trim_end_matches('/'));
        let shared = Arc::new(Shared::new(
            Catalog::new(operations::all(self.answer_max), &["all".to_owned()]).unwrap(),
            Arc::clone(&audit),
            Redactor::new(Arc::clone(&redaction), Secret::new(api)),
            self.answer_max,
            self.in_flight,
        ));
        let (calls, stopping) = (TaskTracker::new(), CancellationToken::new());
        let protocol = mcp::Shared::new(self.protocol, calls.clone(), stopping.clone());
        let gatekeeper = Gatekeeper::new(self.gate, ring, redaction, audit, Instant::now());
        let parts = Parts {
            settings: self.server,
            gatekeeper: Arc::new(gatekeeper),
            protocol: Arc::new(protocol),
            ids: Arc::new(RequestIds::new(0)),
            calls,
            stopping,
        };
        let gitea = Gitea::new(Arc::clone(&forge));
        let tools = move || Dispatcher::new(Arc::clone(&shared), Gitea::new(Arc::clone(&forge)));
        let shutdown = async {
            let probing = async {
                let _ = gitea::probe(&gitea).await;
                let _ = known.send(());
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = ended => {}
                () = probing => {}
            }
        };
        server::serve(listener, parts, tools, shutdown)
            .await
            .unwrap();
    }
}

impl Server {
    /// In front of a fake Gitea, with the token of its `aegis-bot`. What is asked at the start is forgotten.
    pub(crate) fn before(fake: &Fake) -> Self {
        let server = Setup::of(&fake.url(), &Fake::token("aegis-bot")).start();
        fake.forget();
        server
    }

    /// In front of the sandbox.
    pub(crate) fn before_sandbox(sandbox: &Sandbox) -> Self {
        Setup::of(&sandbox.url, &sandbox.token).start()
    }

    /// A client that shows the key.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address).bearer(&self.key)
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// Calls a tool as an MCP client does, and gives the whole `result`.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let client = self
            .client()
            .with("Accept", "application/json, text/event-stream");
        let answer = client.post("/mcp", &call).json();
        let result = answer.get("result").cloned();
        result.unwrap_or_else(|| panic!("no result but {answer}"))
    }

    /// What an assistant reads of an answer.
    pub(crate) fn ask(&self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        assert_ne!(result["isError"], true, "refused: {text}");
        text
    }

    /// What an assistant reads of a refusal.
    pub(crate) fn refusal(&self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        assert_eq!(result["isError"], true, "not refused: {text}");
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

mod tests {
    use super::*;

    #[test]
    fn it_answers_its_key_and_asks_its_gitea() {
        let fake = Fake::start();
        let server = Setup::of(&fake.url(), &Fake::token("aegis-bot")).start();
        assert!(fake.asked().contains(&"GET /api/v1/version".to_owned()));
        assert_eq!(server.client().get("/health").status, 200);
        assert_eq!(Client::new(server.address).get("/mcp/tools").status, 401);
        assert_eq!(server.client().get("/mcp/tools").status, 200);
        assert_eq!(server.records()[0]["event"], "access_denied");
        let tool = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "no_such" } });
        assert_eq!(
            server.client().post("/mcp", &tool).json()["error"]["code"],
            -32602
        );
    }
}
