//! The server that runs, as somebody with a key sees it: whether it takes that key.
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    thread,
    time::{Duration, Instant},
};

use actix_rt::{System, SystemRunner};
use url::Url;

use super::Failure;
use crate::{
    config::{Config, TlsRoots},
    keys::ApiKey,
    outbound::{self, HeaderName, HeaderValue, HttpClient, Method, Outbound, Request, header},
};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest list of tools.
const LIMIT: usize = 8 << 20;

/// A server that is asked which keys it takes.
pub(super) struct Running {
    /// Its root.
    url: Url,
    client: HttpClient,
    system: SystemRunner,
}

/// What it makes of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Accepted,
    Refused,
    /// Nothing that tells it: there is no server, or it answers otherwise. The reason, for a sentence.
    Unreachable(String),
}

impl Running {
    /// The server at `server`, else where the settings say that it listens.
    pub(super) fn new(server: Option<&Url>, config: &Config) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::error::Error| Failure::Other(format!("no server is asked: {error}"));
        expect_known(server, config)?;
        let here = format!("http://{}", reachable(config.listen.address));
        let url = server.map_or_else(|| Url::parse(&here), |url| Ok(url.clone()));
        let url = url.map_err(|error| failed(&error))?;
        let tls = (url.scheme() == "https").then_some(&config.gitea);
        let roots = match tls.map(|tls| tls.tls_roots) {
            Some(TlsRoots::System) => outbound::TlsRoots::System,
            Some(TlsRoots::Webpki) | None => outbound::TlsRoots::Webpki,
        };
        let ca = tls.and_then(|tls| tls.ca_pem.as_ref()).map(|pem| &pem[..]);
        let system = System::new();
        // Its parts belong to the runtime, so they are made within it.
        let client = system.block_on(async { Outbound::new(roots, ca).map(|made| made.client()) });
        Ok(Self {
            url,
            client: client.map_err(|error| failed(&error))?,
            system,
        })
    }

    /// Where it is, for a sentence.
    pub(super) fn address(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Whether it takes this key now.
    pub(super) fn ask(&self, key: &ApiKey) -> Answer {
        self.answer(Some(key))
    }

    /// Whether it lets in whoever comes, so that nothing is known of any key.
    pub(super) fn is_open(&self) -> bool {
        self.answer(None) == Answer::Accepted
    }

    /// Asks until the answer is `wanted`, and gives the last. `between` is called after each other
    /// answer, and may end it.
    pub(super) fn wait_until(
        &self,
        key: &ApiKey,
        wanted: &Answer,
        patience: Duration,
        mut between: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + patience;
        loop {
            let answer = self.ask(key);
            if answer == *wanted || Instant::now() >= deadline {
                return Ok(answer);
            }
            between()?;
            thread::sleep(PAUSE);
        }
    }

    /// Why nobody answers there, if nobody does. It is no failure of anybody's to log in.
    pub(super) fn silence(&self) -> Option<String> {
        let url = format!("{}/health", self.address());
        self.send(&url, None).err()
    }

    fn answer(&self, key: Option<&ApiKey>) -> Answer {
        let url = format!("{}/mcp/tools", self.address());
        let answer = match self.send(&url, key) {
            Ok(answer) => answer,
            Err(reason) => return Answer::Unreachable(reason),
        };
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let is_aegis = challenge.contains(r#"realm="aegis""#);
        match answer.status() {
            200 if is_list_of_tools(&answer.body) => Answer::Accepted,
            401 if is_aegis => Answer::Refused,
            429 if is_block_of_wrong_keys(&answer.body) => Answer::Refused,
            status => Answer::Unreachable(format!("{url} answers {status}")),
        }
    }

    /// Its answer, else why there is none.
    fn send(&self, url: &str, key: Option<&ApiKey>) -> Result<outbound::Response, String> {
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        if self.url.scheme() == "http" {
            // Under whatever name it is found in a network of containers, it answers to this one.
            headers.push((header::HOST, HeaderValue::from_static("localhost")));
        }
        if let Some(key) = key {
            let value = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
            let value = HeaderValue::from_str(&value);
            let mut value = value.expect("every character of a key may stand in a header");
            value.set_sensitive(true);
            headers.push((header::AUTHORIZATION, value));
        }
        let answer = self.system.block_on(async {
            let request = Request {
                method: Method::GET,
                url,
                headers: &headers,
                body: Vec::new(),
                limit: LIMIT,
                deadline: tokio::time::Instant::now() + ANSWER,
            };
            self.client.send(request).await
        });
        answer.map_err(|error| format!("no answer from {url}: {error}"))
    }
}

/// Expects that it is known where the server is, for who must know that before anything is done.
pub(super) fn expect_known(server: Option<&Url>, config: &Config) -> Result<(), Failure> {
    server.map_or_else(|| expect_port(config.listen.address), |_| Ok(()))
}

/// Expects the settings to say at which port the server listens.
pub(super) fn expect_port(listener: SocketAddr) -> Result<(), Failure> {
    if listener.port() == 0 {
        return Err(Failure::Usage(format!(
            "{PORT_OPEN}: name the server by `--server`"
        )));
    }
    Ok(())
}

/// Why the settings do not say where the server is.
pub(super) const PORT_OPEN: &str = "`MCP_PORT` is 0, so the port is chosen when the server starts";

/// The address under which somebody on this machine reaches a listener.
pub(super) fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

/// Whether it is Aegis that answers, no proxy that counts requests, and says that a valid key would
/// pass: a block that is meant for everybody tells nothing of a key.
fn is_block_of_wrong_keys(body: &[u8]) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(body);
    body.is_ok_and(|body| body["error"] == "too_many_failures" && body["valid_keys_pass"] == true)
}

/// Whether it is what Aegis answers, and not some other program at the same address.
fn is_list_of_tools(body: &[u8]) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(body);
    body.is_ok_and(|body| body["tools"].is_array())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread::JoinHandle,
    };

    use super::*;
    use crate::config::Env;

    const OURS: &str = "WWW-Authenticate: Bearer realm=\"aegis\"\r\n";
    const TOOLS: &str = r#"{"tools":[]}"#;
    const BLOCKED: &str = r#"{"error":"too_many_failures","valid_keys_pass":true}"#;
    const STRICT: &str = r#"{"error":"too_many_failures","valid_keys_pass":false}"#;

    /// A server that gives these answers, one after the other, and then what it was asked.
    fn server(answers: &[(u16, &str, &str)]) -> (Running, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let texts: Vec<_> = answers
            .iter()
            .map(|(status, headers, body)| {
                let length = body.len();
                format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            })
            .collect();
        let thread = thread::spawn(move || {
            let mut asked = String::new();
            for text in texts {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    assert!(reader.read_line(&mut line).unwrap() > 0);
                    asked.push_str(&line);
                }
                stream.write_all(text.as_bytes()).unwrap();
            }
            asked
        });
        let url = url.parse().unwrap();
        (Running::new(Some(&url), &settings(&[])).unwrap(), thread)
    }

    fn settings(pairs: &[(&str, &str)]) -> Config {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Config::read(&Env::new(pairs, None)).0
    }

    fn key() -> ApiKey {
        ApiKey::parse(&"k".repeat(40)).unwrap()
    }

    fn is_unreachable(answer: &Answer) -> bool {
        matches!(answer, Answer::Unreachable(_))
    }

    #[test]
    fn only_an_answer_of_aegis_tells_of_a_key() {
        for (status, headers, body, told) in [
            (200, "", TOOLS, Some(Answer::Accepted)),
            (401, OURS, "{}", Some(Answer::Refused)),
            (429, "", BLOCKED, Some(Answer::Refused)),
            (429, "", STRICT, None),
            (429, "", r#"{"error":"too_many_failures"}"#, None),
            (429, "", "{}", None),
            (200, "", "<html>welcome</html>", None),
            (401, "WWW-Authenticate: Basic\r\n", "", None),
            (503, "", "{}", None),
            (302, "Location: /\r\n", "", None),
        ] {
            let (running, _thread) = server(&[(status, headers, body)]);
            let answer = running.ask(&key());
            match told {
                Some(told) => assert_eq!(answer, told),
                None => assert!(is_unreachable(&answer), "{status} {answer:?}"),
            }
        }
    }

    #[test]
    fn it_is_asked_under_a_name_that_it_always_answers_to() {
        let (running, thread) = server(&[(200, "", TOOLS)]);
        running.ask(&key());
        let asked = thread.join().unwrap();
        assert!(asked.starts_with("GET /mcp/tools HTTP/1.1\r\n"));
        let lower = asked.to_lowercase();
        assert!(lower.contains("\r\nhost: localhost\r\n"), "{lower}");
    }

    #[test]
    fn it_is_asked_until_it_answers_as_wanted() {
        let (running, thread) = server(&[(200, "", TOOLS), (200, "", TOOLS), (401, OURS, "")]);
        let mut others = 0;
        let patience = Duration::from_mins(1);
        let last = running.wait_until(&key(), &Answer::Refused, patience, || {
            others += 1;
            Ok(())
        });
        assert_eq!((last.unwrap(), others), (Answer::Refused, 2));
        thread.join().unwrap();
    }

    #[test]
    fn where_nobody_listens_nothing_is_known() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        drop(listener);
        let settings = settings(&[("MCP_HOST", "0.0.0.0"), ("MCP_PORT", &port)]);
        let running = Running::new(None, &settings).unwrap();
        assert_eq!(running.address(), format!("http://127.0.0.1:{port}"));
        assert!(is_unreachable(&running.ask(&key())));
        assert!(!running.is_open());
    }
}
