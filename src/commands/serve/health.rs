//! `serve --health`: asks the server that runs by the same settings whether it is well.
use std::time::Duration;

use tokio::time::Instant;

use crate::{
    cli::Serve,
    commands::{
        Failure,
        running::{PORT_OPEN, reachable},
    },
    config::{Config, Env},
    outbound::{Method, Outbound, Request, TlsRoots},
};

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(asked: &Serve) -> Result<(), Failure> {
    let settings = Env::read(asked.env_file.as_deref()).and_then(|env| Config::from_env(&env));
    // Whatever is wrong, the answer is that the server is not known to be well.
    let mut address = settings
        .map_err(|error| Failure::Other(error.to_string()))?
        .listen
        .address;
    address.set_ip(asked.host.unwrap_or(address.ip()));
    address.set_port(asked.port.unwrap_or(address.port()));
    if address.port() == 0 {
        return Err(Failure::Other(format!("{PORT_OPEN}: name it by `--port`")));
    }
    let url = format!("http://{}/health", reachable(address));
    let outbound = Outbound::new(TlsRoots::Webpki, None);
    let client = outbound
        .map_err(|error| Failure::Other(error.to_string()))?
        .client();
    let request = Request {
        method: Method::GET,
        url: &url,
        headers: &[],
        body: Vec::new(),
        limit: 4096,
        deadline: Instant::now() + PATIENCE,
    };
    match client.send(request).await {
        Ok(answer) if answer.status() == 200 => Ok(()),
        Ok(answer) => Err(Failure::Other(format!("{url} answers {}", answer.status()))),
        Err(error) => Err(Failure::Other(format!("{url} does not answer: {error}"))),
    }
}
