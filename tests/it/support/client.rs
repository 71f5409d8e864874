//! An HTTP client on a bare socket: it sends exactly what it is told and shows exactly what came.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long a test waits for a byte before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks one server; a connection for each request.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In the order they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A stream of server-sent events, read one by one.
pub(crate) struct Events {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    body: Body,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
        }
    }

    /// The same with a header on every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same with `Authorization: Bearer <key>`.
    pub(crate) fn bearer(&self, key: &str) -> Self {
        self.with("Authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target, "")
    }

    /// Posts `body` as JSON.
    pub(crate) fn post(&self, target: &str, body: &Value) -> Response {
        self.request("POST", target, &body.to_string())
    }

    /// A request with `body`, sent as JSON unless the client has a `Content-Type` of its own.
    pub(crate) fn request(&self, method: &str, target: &str, body: &str) -> Response {
        let mut reader = self.send(method, target, body);
        let (status, headers) = head(&mut reader);
        let mut body = Body::of(reader, &headers, method == "HEAD" || status == 204);
        let mut text = Vec::new();
        while let Some(line) = body.line() {
            text.extend(line);
        }
        Response {
            status,
            headers,
            body: String::from_utf8(text).unwrap(),
        }
    }

    /// Opens a stream of events.
    pub(crate) fn events(&self, method: &str, target: &str, body: &str) -> Events {
        let client = self.with("Accept", "application/json, text/event-stream");
        let mut reader = client.send(method, target, body);
        let (status, headers) = head(&mut reader);
        let body = Body::of(reader, &headers, false);
        Events {
            status,
            headers,
            body,
        }
    }

    /// Sends these bytes and reads until the server closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A bare connection, for what none of the above does.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn send(&self, method: &str, target: &str, body: &str) -> BufReader<TcpStream> {
        let has = |name: &str| find(&self.headers, name).is_some();
        let mut headers = vec![("Connection".to_owned(), "close".to_owned())];
        if !has("Host") {
            headers.push(("Host".to_owned(), self.address.to_string()));
        }
        if !body.is_empty() && !has("Content-Type") {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        if !body.is_empty() || method == "POST" {
            headers.push(("Content-Length".to_owned(), body.len().to_string()));
        }
        headers.extend(self.headers.iter().cloned());
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            head = head + &name + ": " + &value + "\r\n";
        }
        let mut stream = self.connect();
        // As in `raw`: the answer counts, not whether everything could be said.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        BufReader::new(stream)
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.body))
    }
}

impl Events {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next event as its name (`message` where it has none) and its data; comments are skipped; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(String, String)> {
        let (mut name, mut data) = ("message".to_owned(), Vec::new());
        loop {
            let line = String::from_utf8(self.body.line()?).unwrap();
            let line = line.trim_end_matches(['\r', '\n']);
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => data.push(value.to_owned()),
                "" if line.is_empty() && !data.is_empty() => return Some((name, data.join("\n"))),
                _ => {}
            }
        }
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let header = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    header.map(|(_, value)| value.as_str())
}

fn head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer but {line:?}"));
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return (status, headers);
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
}

/// The lines of a body, by length, in chunks, or to the end.
enum Body {
    Plain(BufReader<std::io::Take<BufReader<TcpStream>>>),
    Chunked {
        reader: BufReader<TcpStream>,
        /// What came of chunks and is not yet a line.
        rest: Vec<u8>,
    },
}

impl Body {
    fn of(reader: BufReader<TcpStream>, headers: &[(String, String)], empty: bool) -> Self {
        if find(headers, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            return Self::Chunked {
                reader,
                rest: Vec::new(),
            };
        }
        let length = find(headers, "content-length").and_then(|length| length.parse().ok());
        let length = if empty { 0 } else { length.unwrap_or(u64::MAX) };
        Self::Plain(BufReader::new(reader.take(length)))
    }

    /// The next line with its end, or the last piece without.
    fn line(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(reader) => {
                let mut line = Vec::new();
                let read = reader.read_until(b'\n', &mut line).unwrap();
                (read > 0).then_some(line)
            }
            Self::Chunked { reader, rest } => loop {
                if let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                    return Some(rest.drain(..=end).collect());
                }
                let chunk = chunk(reader);
                if chunk.is_empty() {
                    return (!rest.is_empty()).then(|| std::mem::take(rest));
                }
                rest.extend(chunk);
            },
        }
    }
}

/// The next chunk; empty at the end, also where the connection ends without a last one.
fn chunk(reader: &mut impl BufRead) -> Vec<u8> {
    let mut size = String::new();
    reader.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
    let mut chunk = vec![0; size + 2];
    match reader.read_exact(&mut chunk) {
        Ok(()) => chunk.truncate(size),
        Err(_) => chunk.clear(),
    }
    chunk
}
