//! What an assistant gets from a tool, without server and gate between: dispatcher, operations,
//! client and a fake Gitea.
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aegis::{
    audit::{AuditLog, AuditSettings, Clock, FailureMode},
    caller::{Caller, RequestIds},
    dispatch::{Catalog, Dispatcher, Redactor, Shared},
    gitea::{Forge, Gitea, GiteaSettings, probe},
    keys::KeyRing,
    mcp::{Outcome, ToolCall, Tools},
    operations,
    outbound::{Outbound, TlsRoots},
    rights::{Access, Rights},
    secret::Secret,
};
use arc_swap::ArcSwap;
use serde_json::{Value, value::to_raw_value};

use super::Fake;

/// A repository with everything in it.
pub(crate) fn telescope(arguments: Value) -> Value {
    let mut arguments = arguments;
    arguments["owner"] = "observatory".into();
    arguments["repo"] = "telescope".into();
    arguments
}

/// Calls tools on a fake Gitea as the account `aegis-bot`.
pub(crate) struct Assistant {
    pub(crate) fake: Fake,
    /// The most characters of an answer.
    pub(crate) max: usize,
}

impl Assistant {
    pub(crate) fn new() -> Self {
        Self {
            fake: Fake::start(),
            max: 24_000,
        }
    }

    /// The answer's text; a refusal's after `refused: `.
    pub(crate) fn calls(&self, tool: &str, arguments: &Value) -> String {
        actix_rt::System::new().block_on(self.call(tool, arguments))
    }

    /// The texts of a call and of all that its `next` leads to.
    pub(crate) fn follows(&self, tool: &str, arguments: &Value) -> Vec<String> {
        let mut texts = vec![self.calls(tool, arguments)];
        while let Some(next) = texts.last().and_then(|text| next(text)) {
            assert!(texts.len() < 1_000, "it goes on without end");
            texts.push(self.calls(tool, &next));
        }
        texts
    }

    /// What Gitea was asked since the last time, below `/api/v1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.fake.asked();
        self.fake.forget();
        let start = ["/api/v1/version", "/api/v1/user"];
        let lines = asked.iter().filter_map(|line| line.split_once(' '));
        let lines = lines.filter(|(_, target)| !start.contains(target));
        lines
            .map(|(_, target)| target.trim_start_matches("/api/v1").to_owned())
            .collect()
    }

    async fn call(&self, tool: &str, arguments: &Value) -> String {
        let settings = GiteaSettings {
            url: self.fake.url().parse().unwrap(),
            token: Secret::new(Fake::token("aegis-bot")),
            timeout: Duration::from_secs(20),
            allow_admin_token: false,
        };
        let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
        let gitea = Gitea::new(Forge::new(&settings, outbound).unwrap());
        probe(&gitea).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let audit = AuditLog::open(AuditSettings {
            path: folder.path().join("audit.log"),
            mode: FailureMode::Block,
            clock: Clock::system(),
        });
        let rights = Rights::up_to(Access::Read);
        let ring = Arc::new(ArcSwap::from_pointee(KeyRing::new([], rights)));
        let shared = Arc::new(Shared::new(
            Catalog::new(operations::all(), &["all".to_owned()]).unwrap(),
            Arc::new(audit.unwrap()),
            Redactor::new(Vec::new(), ring),
            self.max,
            8,
        ));
        let caller = Rc::new(Caller {
            key: None,
            rights,
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: RequestIds::new(1).next(),
        });
        let call = ToolCall {
            name: tool.to_owned(),
            arguments: Some(to_raw_value(arguments).unwrap()),
            number: 1,
            structured: false,
        };
        match Dispatcher::new(shared, gitea).call(caller, call).await {
            Outcome::Done(result) if result.is_error => format!("refused: {}", result.text),
            Outcome::Done(result) => result.text,
            other => panic!("{other:?}"),
        }
    }
}

/// The arguments that an answer goes on with.
pub(crate) fn next(text: &str) -> Option<Value> {
    let (head, _) = text.split_once("\n\n").unwrap_or((text, ""));
    let next = head.lines().find_map(|line| line.strip_prefix("next: "))?;
    Some(serde_json::from_str(next).unwrap())
}
