//! A fake Gitea: it replays the recorded exchanges, writes down what it was asked, and misbehaves
//! where a test tells it to.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::recorded::{Recorded, recorded};

/// Listens on a port of its own until dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /api/v1/version`: method and target, byte by byte.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Connections are counted from 1.
    pub(crate) connection: u32,
}

/// What the fake says to a question that a test has prepared.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    times: u64,
    length: Option<u64>,
    wait: Option<Receiver<()>>,
    hang_up: bool,
}

#[derive(Default)]
struct Desk {
    recorded: Vec<Recorded>,
    asked: Vec<Asked>,
    always: Vec<(String, Reply)>,
    once: Vec<(String, Reply)>,
    connections: u32,
    closed: bool,
}

impl Fake {
    /// A fake that knows all recorded exchanges.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            recorded: recorded(),
            ..Desk::default()
        }));
        let shared = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let desk = Arc::clone(&shared);
                let number = {
                    let mut desk = lock(&desk);
                    desk.connections += 1;
                    desk.connections
                };
                if lock(&desk).closed {
                    return;
                }
                thread::spawn(move || serve(stream, number, &desk));
            }
        });
        Self { address, desk }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access token of a recorded account: `aegis-bot`, `bot-read`, `broken`, ….
    pub(crate) fn token(who: &str) -> String {
        format!("{:0<40}", format!("recorded-token-of-{who}-"))
    }

    /// The request lines so far, in the order they came: `GET /api/v1/version`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let desk = lock(&self.desk);
        desk.asked.iter().map(|asked| asked.line.clone()).collect()
    }

    /// The requests so far, in full.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        lock(&self.desk).asked.clone()
    }

    /// Starts [`Fake::asked`] anew.
    pub(crate) fn forget(&self) {
        lock(&self.desk).asked.clear();
    }

    /// From now on says `reply` to `target`: a path with or without a query, `/api/v1/version`. A
    /// target without a query stands for every query; `*` stands for everything.
    pub(crate) fn says(&self, target: &str, reply: Reply) {
        let mut desk = lock(&self.desk);
        desk.always.retain(|(known, _)| known != target);
        desk.always.push((target.to_owned(), reply));
    }

    /// Says `reply` to the next question for `target`, once, before all else.
    pub(crate) fn says_once(&self, target: &str, reply: Reply) {
        lock(&self.desk).once.push((target.to_owned(), reply));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        lock(&self.desk).closed = true;
        // Wakes the listener, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            times: 1,
            length: None,
            wait: None,
            hang_up: false,
        }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, body).header("Content-Type", "application/json;charset=utf-8")
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::new(status, "<a>moved</a>").header("Location", to)
    }

    /// Closes the connection in place of an answer.
    pub(crate) fn hang_up() -> Self {
        Self {
            hang_up: true,
            ..Self::new(200, "")
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Says that the body has `length` bytes, whatever it has: more, and it is cut (the connection
    /// closes early); the test decides how far a reader may believe it.
    pub(crate) fn promising(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    /// Sends the body so many times: a flood that nobody has to hold in memory.
    pub(crate) fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Holds the answer back until the sender says so or is dropped. For [`Fake::says_once`].
    pub(crate) fn held(mut self) -> (Self, Sender<()>) {
        let (release, wait) = channel();
        self.wait = Some(wait);
        (self, release)
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        if let Some(wait) = &self.wait {
            let _ = wait.recv();
        }
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            head = head + name + ": " + value + "\r\n";
        }
        if self.status != 204 {
            let length = self.length.unwrap_or(self.size());
            head = format!("{head}Content-Length: {length}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        (0..self.times).try_for_each(|_| stream.write_all(&self.body))
    }

    fn size(&self) -> u64 {
        self.body.len() as u64 * self.times
    }
}

impl Desk {
    /// Notes the question and finds the answer.
    fn answer(&mut self, asked: Asked) -> Reply {
        let target = asked.line.split_once(' ').unwrap().1.to_owned();
        let token = asked.headers.get("authorization").cloned();
        self.asked.push(asked);
        let path = target.split_once('?').map_or(&*target, |(path, _)| path);
        let fits = |(known, _): &(String, Reply)| known == &target || known == path || known == "*";
        if let Some(place) = self.once.iter().position(fits) {
            return self.once.remove(place).1;
        }
        if let Some((_, reply)) = self.always.iter().find(|prepared| fits(prepared)) {
            return Reply {
                headers: reply.headers.clone(),
                times: reply.times,
                length: reply.length,
                hang_up: reply.hang_up,
                ..Reply::new(reply.status, reply.body.clone())
            };
        }
        self.replay(&target, token.as_deref())
    }

    /// The recorded answer to the same path and account whose query is nearest: most pairs in common, then fewest others.
    /// A page that was not recorded is not made up. Filters are not applied either: where a test is about them, it looks
    /// at what was asked, or asks the sandbox.
    fn replay(&self, target: &str, token: Option<&str>) -> Reply {
        let url = url::Url::parse(&format!("http://forge{target}")).unwrap();
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let page = |query: &BTreeMap<String, String>| {
            query.get("page").cloned().unwrap_or_else(|| "1".to_owned())
        };
        let who = |recorded: &&Recorded| match token {
            None => recorded.who == "anonymous",
            Some(token) => token == format!("token {}", Fake::token(&recorded.who)),
        };
        if token.is_some() && self.recorded.iter().filter(who).count() == 0 {
            let broken = self.recorded.iter().find(|known| known.who == "broken");
            return broken.expect("an unknown token was recorded").into();
        }
        let nearest = (self.recorded.iter().filter(who))
            .filter(|known| known.path == path && page(&known.query()) == page(&query))
            .max_by_key(|known| {
                let known = known.query();
                let common = (known.iter()).filter(|(name, value)| query.get(*name) == Some(value));
                let common = common.count().cast_signed();
                (common, -known.len().cast_signed())
            });
        nearest.map_or_else(
            || {
                let message = format!("not recorded: {path} {query:?}");
                Reply::json(501, &serde_json::json!({ "message": message }).to_string())
            },
            Reply::from,
        )
    }
}

impl From<&Recorded> for Reply {
    fn from(recorded: &Recorded) -> Self {
        let mut reply = Self::new(recorded.status, recorded.body());
        for (name, value) in &recorded.headers {
            reply = reply.header(name, value);
        }
        reply
    }
}

/// One connection: request after request, until either side has enough.
fn serve(mut stream: TcpStream, connection: u32, desk: &Mutex<Desk>) {
    let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
    // Head and body are two writes: without this, the second waits for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(asked) = read(&mut reader, connection) {
        let reply = lock(desk).answer(asked);
        let whole = (reply.length).is_none_or(|length| length == reply.size());
        if reply.hang_up || reply.send(&mut stream).is_err() || !whole {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Reads the head of a request: a Gitea that is read from gets no bodies.
fn read(reader: &mut impl BufRead, connection: u32) -> Option<Asked> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (line, _version) = first.trim_end().rsplit_once(' ')?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Some(Asked {
        line: line.to_owned(),
        headers,
        connection,
    })
}

/// A test that panicked elsewhere must not fail here a second time.
fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

mod tests {
    use std::net::SocketAddr;

    use super::super::Client;
    use super::*;

    fn client(fake: &Fake, who: &str) -> Client {
        let address: SocketAddr = fake.address;
        Client::new(address).with("Authorization", &format!("token {}", Fake::token(who)))
    }

    #[test]
    fn the_nearest_recorded_question_is_answered_and_the_line_noted() {
        let fake = Fake::start();
        let client = client(&fake, "aegis-bot");
        let version = client.get("/api/v1/version");
        assert_eq!(version.json()["version"], "1.26.0+dev-193a24c30e");
        let issues = "/api/v1/repos/observatory/telescope/issues";
        let closed = client.get(&format!(
            "{issues}?state=closed&type=issues&limit=5&sort=newest"
        ));
        assert_eq!(closed.json()[0]["state"], "closed");
        assert_eq!(client.get(&format!("{issues}?page=7")).status, 501);
        assert_eq!(fake.asked()[0], "GET /api/v1/version");
        assert_eq!(fake.requests()[0].connection, 1);
        fake.forget();
        assert!(fake.asked().is_empty());
    }

    #[test]
    fn an_account_sees_what_it_saw() {
        let fake = Fake::start();
        let repo = "/api/v1/repos/observatory/star-catalog";
        assert_eq!(client(&fake, "aegis-bot").get(repo).status, 200);
        assert_eq!(client(&fake, "outsider").get(repo).status, 404);
        assert_eq!(client(&fake, "nobody-known").get(repo).status, 401);
    }

    #[test]
    fn it_misbehaves_as_told() {
        let fake = Fake::start();
        let client = client(&fake, "aegis-bot");
        fake.says("*", Reply::json(200, "{\"half\":").promising(100));
        assert_eq!(client.get("/any?thing=1").body, "{\"half\":");
        fake.says_once("/x", Reply::hang_up());
        assert_eq!(client.raw(b"GET /x HTTP/1.1\r\n\r\n"), "");
        fake.says_once("/x", Reply::redirect(302, "https://elsewhere.example.org"));
        assert_eq!(
            client.get("/x").header("location"),
            Some("https://elsewhere.example.org")
        );
        fake.says_once("/x", Reply::new(200, vec![b'x'; 1000]).times(1000));
        assert_eq!(client.get("/x").body.len(), 1_000_000);
        let (reply, release) = Reply::new(200, "at last").held();
        fake.says_once("/x", reply);
        let waiting = thread::spawn(move || client.get("/x").body);
        release.send(()).unwrap();
        assert_eq!(waiting.join().unwrap(), "at last");
    }
}
