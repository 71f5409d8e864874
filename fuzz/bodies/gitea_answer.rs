//! Whatever the forge answers: a call ends in an answer or a refusal, of bounded length, that holds
//! neither the forge's token nor a character that hides or turns text.
//!
//! The first byte chooses the call, the second what head the forge's answers have; the rest is their body.
use std::{cell::OnceCell, net::Ipv4Addr, rc::Rc, sync::Arc, time::Duration};

use actix_rt::net::{TcpListener, TcpStream};
use aegis::{
    audit::{AuditLog, AuditSettings},
    caller::{Caller, RequestIds},
    dispatch::{Catalog, Dispatcher, Redactor, Shared},
    gitea::{Forge, Gitea, GiteaSettings, probe},
    keys::{KeyEntry, KeyRing, Metadata},
    mcp::{Outcome, ToolCall, Tools as _},
    operations,
    outbound::{Outbound, TlsRoots},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
};
use arc_swap::ArcSwap;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::watch,
};

const TOKEN: &str = "5ec2e7f0f0f0f0f0f0f0f0f0f0f0f0f0f0f05ec2";
const LONGEST: usize = 2000;

const CALLS: &[(&str, &str)] = &[
    ("server_read", r#"{"method":"version"}"#),
    ("user_read", r#"{"method":"me"}"#),
    ("user_read", r#"{"method":"search","query":"e"}"#),
    ("repo_read", r#"{"method":"get","repo":"a/b"}"#),
    ("repo_read", r#"{"method":"list"}"#),
    ("repo_read", r#"{"method":"releases","repo":"a/b"}"#),
    ("file_read", r#"{"method":"get","repo":"a/b","path":"c"}"#),
    ("file_read", r#"{"method":"list","repo":"a/b"}"#),
    ("file_read", r#"{"method":"tree","repo":"a/b"}"#),
    ("branch_read", r#"{"method":"list","repo":"a/b"}"#),
    ("commit_read", r#"{"method":"list","repo":"a/b"}"#),
    (
        "commit_read",
        r#"{"method":"get","repo":"a/b","sha":"abcdef12"}"#,
    ),
    ("issue_read", r#"{"method":"list","repo":"a/b"}"#),
    ("issue_read", r#"{"method":"get","repo":"a/b","index":1}"#),
    (
        "issue_read",
        r#"{"method":"comments","repo":"a/b","index":1}"#,
    ),
    ("pull_read", r#"{"method":"list","repo":"a/b"}"#),
    ("pull_read", r#"{"method":"get","repo":"a/b","index":1}"#),
    ("pull_read", r#"{"method":"diff","repo":"a/b","index":1}"#),
    ("search", r#"{"query":"a"}"#),
];

const HEADS: &[(&str, &str)] = &[
    ("200 OK", ""),
    (
        "200 OK",
        "Link: <https://x/?page=2>; rel=\"next\"\r\nX-Total-Count: 99\r\n",
    ),
    ("200 OK", "X-HasMore: true\r\nX-PerPage: 2\r\n"),
    ("200 OK", "Content-Type: text/html\r\n"),
    ("301 Moved Permanently", "Location: /api/v1/repos/c/d\r\n"),
    ("404 Not Found", ""),
    ("403 Forbidden", ""),
    ("422 Unprocessable Entity", ""),
    ("500 Internal Server Error", ""),
    ("429 Too Many Requests", "Retry-After: 7\r\n"),
];

struct World {
    runtime: actix_rt::Runtime,
    tools: Dispatcher,
    /// What the forge says now, whole.
    says: watch::Sender<Rc<[u8]>>,
    _folder: TempDir,
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

pub(crate) fn check(data: &[u8]) {
    let [call, head, body @ ..] = data else {
        return;
    };
    let (name, arguments) = CALLS[usize::from(*call) % CALLS.len()];
    let (status, headers) = HEADS[usize::from(*head) % HEADS.len()];
    let kind = if headers.contains("Content-Type") {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    let mut answer = format!(
        "HTTP/1.1 {status}\r\n{kind}{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    WORLD.with(|world| {
        world
            .get_or_init(World::new)
            .ask(name, arguments, answer.into());
    });
}

impl World {
    fn new() -> Self {
        let runtime = actix_rt::Runtime::new().expect("a runtime");
        let known = br#"{"version":"1.26.0","login":"aegis","is_admin":false}"#;
        let known = [
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", known.len()).as_bytes(),
            known,
        ]
        .concat();
        let (says, said) = watch::channel::<Rc<[u8]>>(known.into());
        let folder = tempfile::tempdir().expect("a folder");
        let log = AuditSettings::new(folder.path().join("audit.log"));
        let log = Arc::new(AuditLog::open(log).expect("a log"));
        let tools = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            actix_rt::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    actix_rt::spawn(forge(stream, said.clone()));
                }
            });
            let settings = GiteaSettings {
                url: url.parse().expect("an address"),
                token: Secret::new(TOKEN.to_owned()),
                timeout: Duration::from_secs(5),
                allow_admin_token: false,
            };
            let outbound = Outbound::new(TlsRoots::Webpki, None).expect("certificates");
            let none: [&KeyEntry; 0] = [];
            let ring = KeyRing::new(none, &Metadata::default(), Rights::up_to(Access::Read));
            let ring = Arc::new(ArcSwap::from_pointee(ring));
            let redaction = Arc::new(Redaction::new(settings.token.clone(), ring));
            let forge = Forge::new(&settings, outbound, Arc::clone(&redaction)).expect("a forge");
            let gitea = Gitea::new(forge);
            probe(&gitea).await.ok();
            let redactor = Redactor::new(redaction, Secret::new(String::new()));
            let catalog =
                Catalog::new(operations::all(LONGEST), &["all".to_owned()]).expect("all toolsets");
            Dispatcher::new(
                Arc::new(Shared::new(catalog, log, redactor, LONGEST, 32)),
                gitea,
            )
        });
        Self {
            runtime,
            tools,
            says,
            _folder: folder,
        }
    }

    fn ask(&self, name: &str, arguments: &str, answer: Rc<[u8]>) {
        self.says.send_replace(answer);
        let caller = Rc::new(Caller {
            key: None,
            rights: Rights::up_to(Access::Read),
            client_ip: Ipv4Addr::LOCALHOST.into(),
            request_id: RequestIds::new(0).next(),
        });
        let call = ToolCall {
            name: name.to_owned(),
            arguments: RawValue::from_string(arguments.to_owned()).ok(),
            number: 1,
            structured: true,
        };
        let Outcome::Done(result) = self.runtime.block_on(self.tools.call(caller, call)) else {
            panic!("{name} is no tool");
        };
        let text = result.text;
        // The cut says how much is missing.
        assert!(
            text.chars().count() <= LONGEST + 200,
            "{} characters",
            text.chars().count()
        );
        assert!(!text.contains(TOKEN));
        // The joiner and the non-joiner stand where a script needs them.
        let hides = |c: char| {
            c.is_control() && !matches!(c, '\n' | '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{e0000}'..='\u{e007f}')
        };
        assert!(!text.contains(hides), "{text:?}");
    }
}

/// Answers each request of a connection.
async fn forge(mut stream: TcpStream, said: watch::Receiver<Rc<[u8]>>) {
    let mut asked = Vec::new();
    loop {
        let Ok(1..) = stream.read_buf(&mut asked).await else {
            return;
        };
        // Requests have no body and are not sent before the last is answered.
        if asked.ends_with(b"\r\n\r\n") {
            asked.clear();
            let answer = Rc::clone(&said.borrow());
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}
