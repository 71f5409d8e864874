//! The reverse-proxy snippets of `deploy/`: no key gets into a proxy's log, however it was written into an address.
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
};

const NGINX: &str = include_str!("../../deploy/nginx.conf");
const CADDY: &str = include_str!("../../deploy/Caddyfile");

/// What stands before the key in an address that is not one of ours.
const BEFORE_KEY: [&str; 8] = [
    "?api_key=",
    "%3fapi_key=",
    "%3Fapi_key%3D",
    "%253fapi_key=",
    ";api_key=",
    "&api_key=",
    "%20api_key=",
    "%0aapi_key=",
];

#[test]
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn nginx_logs_no_key_wherever_it_stands_behind_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (socket, settings) = (path("socket"), path("nginx.conf"));
    let formats = NGINX.split("server {").next().unwrap();
    let all = format!(
        "daemon off; master_process off; pid {0}/pid; error_log stderr notice; events {{}}
         http {{ {formats}
           access_log /dev/stdout aegis;
           server {{ listen unix:{1}; return 200; }} }}",
        folder.path().display(),
        socket.display()
    );
    fs::write(&settings, all).unwrap();
    let mut command = Command::new("nginx");
    command
        .arg("-c")
        .arg(&settings)
        .arg("-p")
        .arg(folder.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut nginx) = command.spawn() else {
        println!("no nginx here: nothing was logged");
        return;
    };
    // It has its socket before it says that it starts.
    let mut said = BufReader::new(nginx.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("nginx/") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it does not start");
    }
    let mut logged = BufReader::new(nginx.stdout.take().unwrap());
    for before in BEFORE_KEY {
        let mut stream = UnixStream::connect(&socket).unwrap();
        write!(
            stream,
            "GET /mcp/tools{before}SECRET HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        line.clear();
        logged.read_line(&mut line).unwrap();
        assert!(line.contains("\"GET /mcp/tools HTTP/1.1\""), "{line}");
    }
    nginx.kill().unwrap();
    nginx.wait().unwrap();
}

#[test]
fn caddy_cuts_an_address_where_nginx_does() {
    let kept = NGINX.split("\"~^([").nth(1).unwrap();
    let kept = kept.split(']').next().unwrap();
    let cut = format!("request>uri regexp \"[^{kept}].*\" \"\"");
    assert_eq!(CADDY.matches("request>uri").count(), 2);
    assert_eq!(CADDY.matches(&cut).count(), 2);
}
