//! Questions and answers: paths in pieces, queries, pages as Gitea cuts them, refusals as it words them.
use std::collections::BTreeMap;
use std::fmt::Display;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::forge::ROOT;

/// What came below `/api/v1`.
pub(super) struct Asked {
    path: String,
    /// The segments of the path, decoded.
    pub(super) segments: Vec<String>,
    query: BTreeMap<String, String>,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// What Gitea answers, or how it refuses.
pub(super) type Answer = Result<Reply, Reply>;

impl Asked {
    pub(super) fn new(path: &str, query: &str) -> Self {
        let below = path.strip_prefix("/api/v1/").unwrap_or_default();
        let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        Self {
            path: path.to_owned(),
            segments: below.split('/').map(decoded).collect(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        }
    }

    /// A parameter; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter that is on unless switched off was switched off.
    pub(super) fn without(&self, name: &str) -> bool {
        self.get(name) == Some("false")
    }

    /// A time, in the form in which the data has times; refused as Gitea's parser refuses.
    pub(super) fn time(&self, name: &str) -> Result<Option<String>, Reply> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) else {
            let format = "2006-01-02T15:04:05Z07:00";
            let message =
                format!("parsing time {text:?} as {format:?}: cannot parse {text:?} as \"2006\"");
            return Err(gitea_says(422, json!({ "message": message })));
        };
        Ok(Some(time.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()))
    }

    fn page(&self) -> usize {
        let page = self.get("page").and_then(|page| page.parse().ok());
        page.unwrap_or(1).max(1)
    }

    /// 30 unless said otherwise, and never above 50: Gitea's settings as they come.
    fn limit(&self) -> usize {
        match self
            .get("limit")
            .and_then(|limit| limit.parse::<i64>().ok())
        {
            Some(limit @ 1..) => usize::try_from(limit).map_or(50, |limit| limit.min(50)),
            _ => 30,
        }
    }

    /// One page of a list, with `X-Total-Count`.
    pub(super) fn counted(&self, items: &[Value]) -> Reply {
        let page = self.page();
        // The commits of a path come by 50, whatever is asked, and whatever the headers say.
        let limit = self.get("path").map_or(self.limit(), |_| 50);
        let some = items.iter().skip((page - 1).saturating_mul(limit));
        let reply = json_reply(&some.take(limit).collect::<Vec<_>>());
        reply.with("X-Total-Count", items.len())
    }

    /// The same with `Link` where there is more than one page.
    pub(super) fn linked(&self, items: &[Value]) -> Reply {
        self.linking(self.counted(items), items.len())
    }

    /// The same with Gitea's own page headers, for a list of which `total` are told, which for some filters is not
    /// the number of `items`.
    pub(super) fn paged(&self, items: &[Value], total: usize) -> Reply {
        let (page, limit) = (self.page(), self.limit());
        let pages = total.div_ceil(limit);
        let mut reply = self.counted(items);
        reply.headers.retain(|(name, _)| *name != "X-Total-Count");
        self.linking(reply.with("X-Total-Count", total), total)
            .with("X-Page", page)
            .with("X-PerPage", limit)
            .with("X-PageCount", pages)
            .with("X-HasMore", page < pages)
    }

    fn linking(&self, reply: Reply, total: usize) -> Reply {
        let pages = total.div_ceil(self.limit());
        let page = self.page().min(pages);
        let link = |page: usize, relation: &str| {
            let mut query = self.query.clone();
            query.insert("page".to_owned(), page.to_string());
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .finish();
            format!("<{ROOT}{}?{query}>; rel=\"{relation}\"", self.path)
        };
        let mut links = Vec::new();
        if page < pages {
            links.extend([link(page + 1, "next"), link(pages, "last")]);
        }
        if page > 1 {
            links.extend([link(1, "first"), link(page - 1, "prev")]);
        }
        if links.is_empty() {
            return reply;
        }
        reply.with("Link", links.join(","))
    }
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = Vec::new();
        let body = body.into();
        Self {
            status,
            headers,
            body,
        }
        .with("Content-Type", content_type)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.headers.push((name, format!("{value}")));
        self
    }
}

pub(super) fn json_reply(value: &impl serde::Serialize) -> Reply {
    let body = serde_json::to_vec(value).expect("JSON values have text keys");
    Reply::new(200, "application/json;charset=utf-8", body)
}

/// A refusal with the address of the API's description, which Gitea adds to each.
pub(super) fn gitea_says(status: u16, mut fields: Value) -> Reply {
    fields["url"] = json!(format!("{ROOT}/api/swagger"));
    Reply {
        status,
        ..json_reply(&fields)
    }
}

/// What most things say that do not exist, or that this account may not see.
pub(super) fn not_found() -> Reply {
    gitea_says(404, json!({ "errors": null, "message": "not found" }))
}

/// The same where Gitea tells a cause.
pub(super) fn not_found_because(message: &str, cause: &str) -> Reply {
    gitea_says(404, json!({ "errors": [cause], "message": message }))
}
