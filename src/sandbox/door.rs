//! HTTP: who asks (the token), what is asked (path and query), and the answer on its way out.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::answer::{Asked, Reply, gitea_says};
use super::forge::Forge;
use super::routes;
use crate::secret::Secret;

/// A server on a loopback port, and where it listens.
pub(super) fn open(token: Secret) -> io::Result<(SocketAddr, Server)> {
    let forge = Arc::new(Forge::load());
    let app = move || {
        let (forge, token) = (Arc::clone(&forge), token.clone());
        App::new().default_service(web::to(move |request: HttpRequest| {
            let reply = answer(&forge, &token, &request);
            async move { send(reply) }
        }))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
    let address = server.addrs()[0];
    Ok((address, server.run()))
}

fn answer(forge: &Forge, token: &Secret, request: &HttpRequest) -> Reply {
    let offered = (request.headers().get(header::AUTHORIZATION))
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
    if request.method() != "GET" {
        return routes::not_here(request.method().as_str(), request.path());
    }
    let asked = Asked::new(request.uri().path(), request.query_string());
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
