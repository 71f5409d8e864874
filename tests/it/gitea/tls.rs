//! A forge behind a private certificate.
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use aegis::{
    gitea::check,
    outbound::{HttpClient, Method, Outbound, Request, Response, SendError, TlsRoots},
};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::time::Instant;

use super::{LONG, door, settings};

/// Answers one request of each connection over TLS, and takes its leave at the second, after
/// `last_words`; its port, and its certificate in PEM.
fn leaving(last_words: &'static [u8]) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut asked = [0; 4096];
            if stream.read(&mut asked).is_ok() {
                let protocol = stream.conn.alpn_protocol().unwrap_or(b"none").to_vec();
                let length = protocol.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream
                    .write_all(&[head.as_bytes(), &protocol].concat())
                    .unwrap();
            }
            if stream.read(&mut asked).is_ok_and(|length| length > 0) {
                stream.write_all(last_words).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            }
        }
    });
    (port, made.cert.pem())
}

fn forge() -> (u16, String) {
    leaving(b"")
}

fn client(ca_pem: Option<&str>) -> HttpClient {
    let outbound = Outbound::new(TlsRoots::Webpki, ca_pem.map(str::as_bytes)).unwrap();
    outbound.client()
}

async fn ask(port: u16, ca_pem: Option<&str>) -> Result<Response, SendError> {
    send(&client(ca_pem), port, Method::GET).await
}

async fn send(client: &HttpClient, port: u16, method: Method) -> Result<Response, SendError> {
    let request = Request {
        method,
        url: &format!("https://localhost:{port}/"),
        headers: &[],
        body: Vec::new(),
        limit: 100,
        deadline: Instant::now() + LONG,
    };
    client.send(request).await
}

#[actix_rt::test]
async fn a_private_certificate_is_believed_only_with_its_ca_file() {
    let (port, pem) = forge();
    assert_eq!(ask(port, Some(&pem)).await.unwrap().body, b"http/1.1");
    let (port, _) = forge();
    let error = ask(port, None).await.unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    let (port, _) = forge();
    let error = ask(port, Some(&pem)).await.unwrap_err().to_string();
    assert!(error.starts_with("no connection: "), "{error}");
}

#[actix_rt::test]
async fn a_get_is_sent_again_where_a_kept_connection_took_its_leave_before_the_answer() {
    for (method, last_words, answered) in [
        (Method::GET, &b""[..], true),
        (Method::GET, b"HTTP/1.1 20", false),
        (Method::POST, b"", false),
    ] {
        let (port, pem) = leaving(last_words);
        let client = client(Some(&pem));
        assert!(send(&client, port, Method::GET).await.is_ok());
        let answer = send(&client, port, method.clone()).await;
        assert_eq!(answer.is_ok(), answered, "{method} {answer:?}");
    }
}

#[actix_rt::test]
async fn whoever_asks_a_forge_in_the_wrong_way_is_told_the_setting() {
    let told = async |url: String| {
        let gitea = door(&settings(&url, "aegis-bot"));
        check(&gitea).await.facts.unwrap_err().to_string()
    };
    let (port, _) = forge();
    let unknown = told(format!("https://localhost:{port}")).await;
    assert!(
        unknown.ends_with(
            "; name the certificate of its authority in `GITEA_CA_FILE`, or set \
             `GITEA_TLS_ROOTS=system`; or the forge does not send its intermediate certificate: give \
             it the whole chain"
        ),
        "{unknown}"
    );

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        // Until the client has read it.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let plain = told(format!("https://127.0.0.1:{port}")).await;
    assert!(
        plain.ends_with("; it may speak plain http there: check `GITEA_URL`"),
        "{plain}"
    );

    // Of which no name server is asked (RFC 6761).
    assert_eq!(
        told("https://git.invalid".to_owned()).await,
        "no connection: the name `git.invalid` is not known to the name server; check `GITEA_URL`"
    );

    let go = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let page = "<h1>400</h1>The plain HTTP request was sent to HTTPS port";
    let nginx = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    for answer in [go, &nginx] {
        let tls = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tls.local_addr().unwrap().port();
        let answer = answer.to_owned();
        thread::spawn(move || {
            let (mut stream, _) = tls.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(
            told(format!("http://127.0.0.1:{port}")).await,
            "no Gitea or Forgejo answers at `GITEA_URL`: this server's operator must mend it \
             (plain http, sent to a port of https); https is wanted there: check `GITEA_URL`, and how a proxy before the forge asks it"
        );
    }
}
