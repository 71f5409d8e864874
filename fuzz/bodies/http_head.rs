//! The head of a request, through all layers of the server: whoever shows no key gets no further than
//! the gate, and every answer has the headers of ours.
//!
//! The first byte chooses whether a key is shown, and whether the peer is a trusted proxy.
use std::{
    cell::OnceCell, future::ready, net::SocketAddr, num::NonZeroU64, rc::Rc, sync::Arc,
    time::Instant,
};

use actix_http::{
    HttpMessage as _, Payload, Request, ServiceConfig,
    h1::{Codec, Message},
};
use actix_web::{
    HttpResponse,
    http::header::{AUTHORIZATION, HeaderValue},
    web::BytesMut,
};
use aegis::{
    audit::{AuditLog, AuditSettings},
    auth::{GateSettings, Gatekeeper, TrustedProxies},
    caller::{Caller, RequestIds},
    keys::{ApiKey, KeyEntry, KeyRing, Metadata},
    mcp::{Outcome, Settings, Shared, ToolCall, Tools},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
    server::{self, Parts, ServerSettings},
};
use arc_swap::ArcSwap;
use tempfile::TempDir;
use tokio_util::{codec::Decoder as _, sync::CancellationToken, task::TaskTracker};

struct NoTools;

impl Tools for NoTools {
    fn server(&self) -> (&'static str, &'static str) {
        ("none", "0")
    }

    fn instructions(&self) -> &'static str {
        ""
    }

    fn list(&self, _: &Caller) -> Rc<str> {
        "[]".into()
    }

    fn call(&self, _: Rc<Caller>, _: ToolCall) -> impl Future<Output = Outcome> + 'static {
        ready(Outcome::UnknownTool)
    }
}

struct World {
    runtime: actix_rt::Runtime,
    http: ServiceConfig,
    /// For requests that show `KEY`.
    parts: Parts,
    /// For the others: `KEY` is none here, so nothing that fuzzing finds in this process lets them in.
    locked: Parts,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut audit = AuditSettings::new(folder.path().join("audit.log"));
        audit.rotation.size = NonZeroU64::new(1 << 20);
        audit.rotation.keep = 1;
        let audit = Arc::new(AuditLog::open(audit).expect("a log"));
        let gate = GateSettings {
            trusted_proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]),
            ..GateSettings::default()
        };
        let gatekeeper = |key: &ApiKey| {
            let key = KeyEntry::of(key);
            let ring = KeyRing::new([&key], &Metadata::default(), Rights::up_to(Access::Read));
            let ring = Arc::new(ArcSwap::from_pointee(ring));
            let redaction = Redaction::new(Secret::new(String::new()), Arc::clone(&ring));
            Arc::new(Gatekeeper::new(
                gate.clone(),
                ring,
                Arc::new(redaction),
                audit.clone(),
                Instant::now(),
            ))
        };
        let runtime = actix_rt::Runtime::new().expect("a runtime");
        let http = runtime.block_on(async { ServiceConfig::default() });
        let (calls, stopping) = (TaskTracker::new(), CancellationToken::new());
        let protocol = Shared::new(Settings::default(), calls.clone(), stopping.clone());
        let parts = Parts {
            settings: ServerSettings::default(),
            gatekeeper: gatekeeper(&ApiKey::parse(KEY).expect("a key")),
            protocol: Arc::new(protocol),
            ids: Arc::new(RequestIds::new(0)),
            calls,
            stopping,
        };
        let locked = Parts {
            gatekeeper: gatekeeper(&ApiKey::generate().expect("a key")),
            ..parts.clone()
        };
        Self {
            runtime,
            http,
            parts,
            locked,
            _folder: folder,
        }
    }

    fn ask(&self, choice: u8, head: &[u8]) {
        let mut bytes = BytesMut::from(head);
        bytes.extend_from_slice(b"\r\n\r\n");
        let read = Codec::new(self.http.clone()).decode(&mut bytes);
        let Ok(Some(Message::Item(mut request))) = read else {
            return;
        };
        let offers = |name: &str| request.headers().contains_key(name);
        let shows_key = choice & 1 == 1 && !offers("authorization") && !offers("x-api-key");
        if shows_key {
            let value = HeaderValue::try_from(format!("Bearer {KEY}")).expect("a value");
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let peer = [PEER, PROXY][usize::from(choice & 2 == 2)];
        request.head_mut().peer_addr = peer.parse::<SocketAddr>().ok();
        let request: Request = request.replace_payload(Payload::None).0;
        let path = request.path().to_owned();
        let parts = if shows_key { &self.parts } else { &self.locked };
        let answer = server::answer(parts.clone(), NoTools, request);
        judge(&self.runtime.block_on(answer), &path, shows_key);
    }
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

const PEER: &str = "192.0.2.1:1";
const PROXY: &str = "10.0.0.1:1";
const KEY: &str = "c0ffee0123456789c0ffee0123456789c0ffee0123456789c0ffee0123456789";

pub(crate) fn check(data: &[u8]) {
    let Some((choice, head)) = data.split_first() else {
        return;
    };
    WORLD.with(|world| world.get_or_init(World::new).ask(*choice, head));
}

fn judge(answer: &HttpResponse, path: &str, shows_key: bool) {
    let has = |name: &str| answer.headers().contains_key(name);
    assert!(has("x-request-id") && has("x-content-type-options"));
    assert!(!has("access-control-allow-origin") || has("vary"));
    match answer.status().as_u16() {
        // What is there for everybody, and what a browser asks before it sends a key.
        200 if !shows_key => assert_eq!(path, "/health"),
        200 => assert!(path == "/health" || path.starts_with("/mcp")),
        401 => assert!(has("www-authenticate") && !shows_key),
        204 | 400 | 403..=405 | 413 | 415 | 429 | 431 => {}
        other => panic!("{other} for {path}"),
    }
}
