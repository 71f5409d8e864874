//! What actix itself costs: a server that answers every request with one body of a given size.
//! `benches/load.py` measures ours against it.
use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|it| it.parse::<u16>().ok());
    let (Some(port), Some(size)) = (number(), number()) else {
        return Err(std::io::Error::other("usage: fixed_body PORT BYTES"));
    };
    let body = web::Bytes::from(vec![b'x'; usize::from(size)]);
    HttpServer::new(move || {
        let body = body.clone();
        // A body that nobody reads would cost its connection.
        let answer = move |_: web::Bytes| {
            let body = body.clone();
            async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }
        };
        App::new().default_service(web::to(answer))
    })
    .workers(2)
    .tcp_nodelay(true)
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
