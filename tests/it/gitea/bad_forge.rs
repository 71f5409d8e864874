//! What a forge that fails, floods, stalls, redirects or lies cannot do.
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    rc::Rc,
    thread,
    time::Duration,
};

use aegis::{
    gitea::{Gitea, GiteaError, GiteaReader, Query, views},
    outbound::{Method, Outbound, Request, SendError, TlsRoots},
};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{LONG, Repository, bot, client, known, reader, repo, settings, telescope};
use crate::support::{Fake, Reply};

const TELESCOPE: &str = "/api/v1/repos/observatory/telescope";

/// What comes of a question to which the forge says `reply`, and how often it was asked.
async fn told(fake: &Fake, gitea: &Rc<Gitea>, reply: Reply) -> (GiteaError, usize) {
    fake.says(TELESCOPE, reply);
    fake.forget();
    let error = telescope(&client(gitea)).await.unwrap_err();
    (error, fake.asked().len())
}

#[actix_rt::test]
async fn an_answer_is_read_and_counted() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let client = client(&gitea);
    let reader = GiteaReader::from(client.clone());
    let query = Query::new().with("q", "a b&c").with("limit", 3);
    let address = repo("telescope", "issues");
    let page = reader.list::<views::Issue>(&address, &query).await.unwrap();
    assert_eq!(
        (page.items.len(), page.total, page.more),
        (3, Some(50), true)
    );
    assert_eq!(client.asked(), (1, Some(200)));
    assert_eq!(
        fake.asked(),
        [format!("GET {TELESCOPE}/issues?q=a%20b%26c&limit=3")]
    );
    let headers = &fake.requests()[0].headers;
    assert!(headers["user-agent"].starts_with("aegis/"));
    assert_eq!(
        headers["authorization"],
        format!("token {}", Fake::token("aegis-bot"))
    );
    assert_eq!(headers["accept-encoding"], "identity");
}

#[actix_rt::test]
async fn the_forge_may_live_below_a_path() {
    let fake = Fake::start();
    for (target, body) in [
        ("/sub/git/api/v1/version", r#"{"version":"1.22.0"}"#),
        ("/sub/git/api/v1/user", r#"{"login":"aegis-bot"}"#),
        (
            "/sub/git/api/v1/repos/observatory/telescope/topics",
            r#"{"topics":["sky"]}"#,
        ),
    ] {
        fake.says(target, Reply::json(200, body));
    }
    let settings = settings(&format!("{}/sub/git/", fake.url()), "aegis-bot");
    let gitea = known(&fake, &settings).await;
    let address = repo("telescope", "topics");
    let topics: views::Topics = reader(&gitea).get(&address, &Query::new()).await.unwrap();
    assert_eq!(topics.topics, ["sky"]);
}

#[actix_rt::test]
async fn a_renamed_repository_is_followed_once_with_the_query() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let old = "/api/v1/repos/observatory/to-rename/issues";
    let new = "/api/v1/repos/observatory/renamed/issues";
    fake.says(old, Reply::redirect(301, new));
    fake.says(new, Reply::json(200, "[]"));
    let client = client(&gitea);
    let reader = GiteaReader::from(client.clone());
    let query = Query::new().with("state", "all");
    let address = repo("to-rename", "issues");
    let page = reader.list::<views::Issue>(&address, &query).await.unwrap();
    assert!(page.items.is_empty());
    assert_eq!(
        fake.asked(),
        [
            format!("GET {old}?state=all"),
            format!("GET {new}?state=all")
        ]
    );
    assert_eq!(client.asked(), (2, Some(200)));
}

#[actix_rt::test]
async fn a_renamed_owner_is_followed_and_then_the_renamed_repository() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let old = "/api/v1/repos/observatory/to-rename";
    let (between, new) = ("/api/v1/repos/dome/to-rename", "/api/v1/repos/dome/renamed");
    fake.says(old, Reply::redirect(307, between));
    fake.says(between, Reply::redirect(301, new));
    let repository = r#"{"id":1,"full_name":"dome/renamed","name":"renamed"}"#;
    fake.says(new, Reply::json(200, repository));
    let address = repo("to-rename", "");
    let found: Repository = reader(&gitea).get(&address, &Query::new()).await.unwrap();
    assert_eq!(found.full_name, "dome/renamed");
}

#[actix_rt::test]
async fn no_other_redirect_is_followed_and_the_token_stays_at_home() {
    let (fake, foreign) = (Fake::start(), Fake::start());
    let gitea = bot(&fake).await;
    let elsewhere = format!("{}{TELESCOPE}", foreign.url());
    for location in [
        elsewhere.as_str(),
        "//127.0.0.1:1/api/v1/repos/a/b",
        "/api/v1/admin/users",
        "/api/v1/repos/a/../../admin",
        "/user/login",
        "",
    ] {
        for status in [301, 302, 303, 307, 308] {
            let told = told(&fake, &gitea, Reply::redirect(status, location)).await;
            assert_eq!(told, (GiteaError::Moved, 1), "{status} {location}");
        }
    }
    assert!(foreign.asked().is_empty());
}

#[actix_rt::test]
async fn redirects_that_go_round_end_after_two() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let told = told(&fake, &gitea, Reply::redirect(301, TELESCOPE)).await;
    assert_eq!(told, (GiteaError::Moved, 3));
}

#[actix_rt::test]
async fn refusals_are_not_asked_again() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    for (reply, sentence) in [
        (
            Reply::new(500, ""),
            "the forge failed (500), probably because a name, ref or path in the arguments does not exist or is not valid",
        ),
        (
            Reply::new(502, "<html>"),
            "the forge failed (502), probably because it or a proxy in front of it is not up",
        ),
        (
            Reply::new(503, "").header("Retry-After", "30"),
            "the forge asks to wait 30 s",
        ),
        (
            Reply::new(429, "").header("Retry-After", "7"),
            "the forge asks to wait 7 s",
        ),
        (Reply::new(429, ""), "the forge asks to wait"),
        (
            Reply::json(404, "{}"),
            "not found, or this server's account may not see it",
        ),
    ] {
        let (error, asked) = told(&fake, &gitea, reply).await;
        assert_eq!((error.to_string().as_str(), asked), (sentence, 1));
    }
}

#[actix_rt::test]
async fn what_is_no_such_json_is_not_understood() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "{",
        "[",
        "{}",
        "[]",
        "null",
        "5",
        "\"x\"",
        "<html>welcome</html>",
        "\u{0}",
        r#"{"full_name":"a/b","empty":"no"}"#,
        r#"{"full_name":5}"#,
        &deep,
    ] {
        let (error, _) = told(&fake, &gitea, Reply::json(200, body)).await;
        assert_eq!(error, GiteaError::Garbled, "{body}");
    }
}

#[actix_rt::test]
async fn a_page_of_html_is_no_diff() {
    let fake = Fake::start();
    let login = Reply::new(200, "<html>log in</html>");
    let login = login.header("Content-Type", "text/html; charset=utf-8");
    fake.says(TELESCOPE, login);
    let gitea = bot(&fake).await;
    let reader = reader(&gitea);
    let diff = reader.raw(&repo("telescope", ""), &Query::new()).await;
    assert_eq!(diff.unwrap_err(), GiteaError::Garbled);
}

#[actix_rt::test]
async fn text_that_is_not_utf_8_costs_only_its_broken_characters() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let body = b"{\"full_name\":\"a/b\xff\",\"x\":\"\xc3\"}";
    fake.says(TELESCOPE, Reply::new(200, body.to_vec()));
    let repository = telescope(&client(&gitea)).await.unwrap();
    assert_eq!(repository.full_name, "a/b\u{fffd}");
}

#[actix_rt::test]
async fn a_flood_is_not_read_whether_it_is_announced_or_not() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let flood = Reply::new(200, vec![b' '; 1 << 20]).times(9);
    let (error, _) = told(&fake, &gitea, flood).await;
    assert_eq!(
        error.to_string(),
        "the forge's answer is longer than 8 MiB, more than this server reads"
    );
    let endless = server(b"HTTP/1.0 200 OK\r\n\r\n", b"x".repeat(1 << 20).leak(), 9);
    assert!(matches!(
        send(endless, Method::GET).await,
        Err(SendError::TooLarge(_))
    ));
    let lying = server(
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"",
        0,
    );
    assert!(matches!(
        send(lying, Method::GET).await,
        Err(SendError::TooLarge(_))
    ));
}

#[actix_rt::test]
async fn a_list_of_tiny_items_without_number_is_not_read() {
    let fake = Fake::start();
    let gitea = bot(&fake).await;
    let list = |item: &str| format!("[{}{item}]", format!("{item},").repeat(600_000));
    let comments = "/api/v1/repos/observatory/telescope/issues/comments";
    fake.says(comments, Reply::json(200, &list(r#"{"id":1}"#)));
    let address = repo("telescope", "issues/comments");
    let (reader, query) = (reader(&gitea), Query::new());
    let page = reader.list::<views::Comment>(&address, &query);
    assert_eq!(
        page.await.unwrap_err().to_string(),
        "the forge's answer is a list of more items than this server reads"
    );
    let assets = format!(r#"{{"id":1,"assets":{}}}"#, list(r#"{"name":""}"#));
    fake.says(comments, Reply::json(200, &assets));
    let comment = reader.get::<views::Comment>(&address, &query);
    assert_eq!(comment.await.unwrap_err(), GiteaError::TooMany);
}

#[actix_rt::test]
async fn eight_mebibytes_are_read() {
    let fake = Fake::start();
    fake.says(TELESCOPE, Reply::new(200, vec![b'x'; 1 << 20]).times(8));
    let gitea = bot(&fake).await;
    let raw = reader(&gitea);
    let raw = raw
        .raw(&repo("telescope", ""), &Query::new())
        .await
        .unwrap();
    assert_eq!(raw.len(), 8 << 20);
}

#[actix_rt::test]
async fn a_cut_body_is_no_answer() {
    let fake = Fake::start();
    fake.says(TELESCOPE, Reply::new(200, "half").promising(8));
    let gitea = bot(&fake).await;
    let raw = reader(&gitea);
    let error = raw
        .raw(&repo("telescope", ""), &Query::new())
        .await
        .unwrap_err();
    assert_eq!(error, GiteaError::Unreachable);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for whole in [false, true] {
        let end: &[u8] = if whole { b"0\r\n\r\n" } else { b"" };
        let answer = send(server(chunked, end, 1), Method::GET).await;
        assert_eq!(answer.is_ok(), whole, "{answer:?}");
    }
    let to_the_end = server(b"HTTP/1.0 200 OK\r\n\r\n", b"all", 1);
    assert_eq!(send(to_the_end, Method::GET).await.unwrap().body, b"all");
}

#[actix_rt::test]
async fn what_is_no_http_is_no_answer() {
    for head in [
        &b"SSH-2.0-x\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\n\r\nwithout a length",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let answer = send(server(head, b"", 0), Method::GET).await;
        assert!(matches!(answer, Err(SendError::Malformed(_))), "{answer:?}");
    }
    let head = [b"HTTP/1.1 200 OK\r\nX: ", &b"x".repeat(1 << 20)[..]].concat();
    let answer = send(server(head.leak(), b"", 0), Method::GET).await;
    assert!(matches!(answer, Err(SendError::Malformed(_))), "{answer:?}");
}

#[actix_rt::test]
async fn a_connection_that_is_reset_or_ends_within_a_head_is_broken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let resetting = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // Closed with bytes that nobody has read, it is reset.
        stream.peek(&mut [0]).unwrap();
    });
    let cutting = server(b"HTTP/1.1 200 OK\r\nX: ", b"", 0);
    for forge in [resetting, cutting] {
        let answer = send(forge, Method::GET).await;
        assert!(matches!(answer, Err(SendError::Broken(_))), "{answer:?}");
    }
}

#[actix_rt::test]
async fn a_silent_forge_and_one_that_stalls_in_its_body_end_at_the_deadline() {
    let fake = Fake::start();
    let mut settings = settings(&fake.url(), "aegis-bot");
    settings.timeout = Duration::from_millis(150);
    let gitea = known(&fake, &settings).await;
    let (reply, _held) = Reply::json(200, "{}").held();
    fake.says_once(TELESCOPE, reply);
    let answer = telescope(&client(&gitea)).await;
    assert_eq!(answer.unwrap_err(), GiteaError::Timeout);

    let stalled = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stalled.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = stalled.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            .unwrap();
        // Until the other side has enough.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let deadline = Instant::now() + Duration::from_millis(150);
    let answer = send_until(address, Method::GET, deadline).await;
    assert!(matches!(answer, Err(SendError::Timeout)), "{answer:?}");
}

#[actix_rt::test]
async fn one_deadline_is_for_all_requests_of_a_call() {
    let fake = Fake::start();
    let mut settings = settings(&fake.url(), "aegis-bot");
    settings.timeout = Duration::from_millis(150);
    let gitea = known(&fake, &settings).await;
    let client = client(&gitea);
    let (reply, _held) = Reply::json(200, "{}").held();
    fake.says_once(TELESCOPE, reply);
    assert!(telescope(&client).await.is_err());
    assert_eq!(telescope(&client).await.unwrap_err(), GiteaError::Timeout);
}

#[actix_rt::test]
async fn a_connection_that_died_is_replaced_once_and_for_a_get_only() {
    // Each connection answers once and hangs up at the second question, as a server does whose
    // patience with idle connections ended at that moment.
    let fake = Fake::start();
    fake.says("/first", Reply::new(200, ""));
    fake.says("/second", Reply::hang_up());
    let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
    let client = outbound.client();
    for (method, asked) in [(Method::GET, 2), (Method::POST, 1), (Method::DELETE, 1)] {
        let send = async |method: Method, path: &str| {
            let url = fake.url() + path;
            let request = Request {
                method,
                url: &url,
                headers: &[],
                body: Vec::new(),
                limit: 100,
                deadline: Instant::now() + LONG,
            };
            client.send(request).await
        };
        assert!(send(Method::GET, "/first").await.is_ok());
        fake.forget();
        let answer = send(method.clone(), "/second").await;
        assert!(matches!(answer, Err(SendError::Broken(_))), "{answer:?}");
        let requests = fake.requests();
        assert_eq!(requests.len(), asked, "{method}");
        if let [first, second] = &requests[..] {
            assert!(second.connection > first.connection);
        }
    }
}

#[actix_rt::test]
async fn a_get_is_answered_though_all_kept_connections_died() {
    let fake = Fake::start();
    let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
    let client = outbound.client();
    let url = format!("{}/", fake.url());
    let send = || {
        client.send(Request {
            method: Method::GET,
            url: &url,
            headers: &[],
            body: Vec::new(),
            limit: 100,
            deadline: Instant::now() + LONG,
        })
    };
    fake.says("/", Reply::new(200, ""));
    // Each has a connection of its own: all begin before one is answered.
    for kept in join_all([send(), send(), send()]).await {
        assert!(kept.is_ok(), "{kept:?}");
        fake.says_once("/", Reply::hang_up());
    }
    fake.forget();
    let answer = send().await;
    assert!(answer.is_ok(), "{answer:?}");
    let mut asked: Vec<_> = fake.requests().iter().map(|it| it.connection).collect();
    asked.sort_unstable();
    assert_eq!(asked, [1, 2, 3, 4]);
}

#[actix_rt::test]
async fn a_new_connection_that_dies_is_not_tried_again() {
    let fake = Fake::start();
    fake.says("*", Reply::hang_up());
    let address = fake.url().trim_start_matches("http://").parse().unwrap();
    assert!(matches!(
        send(address, Method::GET).await,
        Err(SendError::Broken(_))
    ));
    assert_eq!(fake.asked().len(), 1);
}

#[actix_rt::test]
async fn a_forge_that_is_not_there_cannot_be_reached() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let answer = send(nobody, Method::GET).await;
    assert!(matches!(answer, Err(SendError::Connect(_))), "{answer:?}");
}

/// A server for one connection: `head`, then `body` so many times, then the end.
fn server(head: &'static [u8], body: &'static [u8], times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked);
        // The other side may have had enough before this is over.
        let _ = stream.write_all(head);
        let _ = (0..times).try_for_each(|_| stream.write_all(body));
    });
    address
}

async fn send(to: SocketAddr, method: Method) -> Result<aegis::outbound::Response, SendError> {
    send_until(to, method, Instant::now() + LONG).await
}

async fn send_until(
    to: SocketAddr,
    method: Method,
    deadline: Instant,
) -> Result<aegis::outbound::Response, SendError> {
    let request = Request {
        method,
        url: &format!("http://{to}/"),
        headers: &[],
        body: Vec::new(),
        limit: 8 << 20,
        deadline,
    };
    let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
    outbound.client().send(request).await
}
