//! What actix and awc themselves cost: a server that answers every request with what a local forge
//! answers to one. `benches/load.py` measures ours against it.
use actix_web::{App, HttpResponse, HttpServer, error::ErrorBadGateway, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|it| it.parse::<u16>().ok());
    let (Some(port), Some(url)) = (port, arguments.next()) else {
        return Err(std::io::Error::other("usage: relay PORT URL"));
    };
    HttpServer::new(move || {
        let (client, url) = (awc::Client::default(), url.clone());
        let relay = move |_: web::Bytes| ask(client.clone(), url.clone());
        App::new().default_service(web::to(relay))
    })
    .workers(2)
    .tcp_nodelay(true)
    .bind(("127.0.0.1", port))?
    .run()
    .await
}

async fn ask(client: awc::Client, url: String) -> actix_web::Result<HttpResponse> {
    let answer = client.get(url).send().await;
    let mut answer = answer.map_err(|error| ErrorBadGateway(error.to_string()))?;
    let body = answer.body().limit(1 << 20).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(body))
}
