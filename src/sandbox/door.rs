//! HTTP: who asks (the token), what is asked (path and query), and the answer on its way out.
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_http::{HttpService, Request};
use actix_service::ServiceFactoryExt as _;
use actix_web::HttpResponse;
use actix_web::dev::{Server, fn_service};
use actix_web::http::{Method, StatusCode, header};
use actix_web::rt::net::TcpStream;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::answer::{Asked, Reply, gitea_says};
use super::forge::Forge;
use super::routes;
use crate::secret::Secret;

/// A server on a loopback port, and where it listens.
pub(super) fn open(token: Secret) -> io::Result<(SocketAddr, Server)> {
    let forge = Arc::new(Forge::load());
    let http = move || {
        let (forge, token) = (Arc::clone(&forge), token.clone());
        let requests = fn_service(move |request: Request| {
            let reply = answer(&forge, &token, &request);
            ready(Ok::<_, Infallible>(send(reply)))
        });
        fn_service(|stream: TcpStream| {
            // Else the end of a long answer waits for the client.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            ready(Ok((stream, peer)))
        })
        .and_then(HttpService::build().h1(requests))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let server = Server::build()
        .workers(1)
        .disable_signals()
        .listen("sandbox", listener, http)?;
    Ok((address, server.run()))
}

fn answer(forge: &Forge, token: &Secret, request: &Request) -> Reply {
    let offered = (request.head().headers.get(header::AUTHORIZATION))
        .and_then(|value| value.to_str().ok()?.split_once(' '));
    let known = |(scheme, offered): (&str, &str)| {
        ["token", "bearer"].contains(&&*scheme.to_lowercase())
            && bool::from(offered.as_bytes().ct_eq(token.expose().as_bytes()))
    };
    match offered {
        None => return gitea_says(401, json!({ "message": "token is required" })),
        Some(offered) if !known(offered) => {
            let message = "user does not exist [uid: 0, name: ]";
            return gitea_says(401, json!({ "message": message }));
        }
        Some(_) => {}
    }
    if request.method() != Method::GET {
        return routes::not_here(request.method().as_str(), request.path());
    }
    let asked = Asked::new(request.path(), request.uri().query().unwrap_or_default());
    routes::answer(forge, &asked).unwrap_or_else(|refusal| refusal)
}

fn send(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).expect("the statuses here are written out");
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    response.body(reply.body)
}
