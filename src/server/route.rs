//! The route table. A path is literal: what is not byte for byte one of these is unmatched, for the
//! gate, the log and the handlers alike.
use actix_web::http::Method;

/// What answers a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Handler {
    Health,
    PostMcp,
    GetSse,
    PostSse,
    GetTools,
    PostToolCall,
    Metrics,
}

/// Who may come in, and how they show it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Door {
    /// Everybody, under any name and from a blocked address too, but no page of others.
    Open,
    /// Whoever shows a key in a header.
    Key,
    /// Whoever shows a key in a header or as `?api_key=`.
    KeyOrQuery,
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) door: Door,
    pub(super) methods: &'static [(Method, Handler)],
}

const METRICS: &str = "/metrics";

const ROUTES: &[Route] = &[
    Route {
        path: "/mcp",
        door: Door::Key,
        methods: &[(Method::POST, Handler::PostMcp)],
    },
    Route {
        path: "/mcp/sse",
        door: Door::KeyOrQuery,
        methods: &[
            (Method::GET, Handler::GetSse),
            (Method::POST, Handler::PostSse),
        ],
    },
    Route {
        path: "/mcp/tools",
        door: Door::KeyOrQuery,
        methods: &[(Method::GET, Handler::GetTools)],
    },
    Route {
        path: "/mcp/tool/call",
        door: Door::KeyOrQuery,
        methods: &[(Method::POST, Handler::PostToolCall)],
    },
    Route {
        path: METRICS,
        door: Door::Key,
        methods: &[(Method::GET, Handler::Metrics)],
    },
    Route {
        path: "/health",
        door: Door::Open,
        methods: &[
            (Method::GET, Handler::Health),
            (Method::HEAD, Handler::Health),
        ],
    },
];

/// Every other path: nothing is there, and only a key learns that.
const UNMATCHED: &Route = &Route {
    path: "unmatched",
    door: Door::Key,
    methods: &[],
};

/// Where clients look for what a server with plain keys has not: they must find that out without a key.
const WELL_KNOWN: &Route = &Route {
    path: "unmatched",
    door: Door::Open,
    methods: &[],
};

impl Route {
    /// The route of a path. Without `metrics` there is none for those.
    pub(super) fn find(path: &str, metrics: bool) -> &'static Self {
        let known = ROUTES.iter().find(|route| route.path == path);
        let known = known.filter(|route| metrics || route.path != METRICS);
        known.unwrap_or(if path.starts_with("/.well-known/") {
            WELL_KNOWN
        } else {
            UNMATCHED
        })
    }

    pub(super) fn handler(&self, method: &Method) -> Option<Handler> {
        let row = self.methods.iter().find(|(known, _)| known == method);
        row.map(|(_, handler)| *handler)
    }

    /// The value of `Allow`.
    pub(super) fn allowed(&self) -> String {
        let names: Vec<_> = self
            .methods
            .iter()
            .map(|(method, _)| method.as_str())
            .collect();
        names.join(", ")
    }
}
