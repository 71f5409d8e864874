//! The sandbox, running until dropped.
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use actix_web::rt::System;
use aegis::sandbox;
use tokio::sync::oneshot;

use super::Client;

pub(crate) struct Sandbox {
    pub(crate) url: String,
    pub(crate) token: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        let (tell, told) = channel();
        let (end, ended) = oneshot::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let sandbox = sandbox::start().unwrap();
                let token = sandbox.token.expose().to_owned();
                tell.send((sandbox.url.clone(), token)).unwrap();
                let _ = ended.await;
            });
        });
        let (url, token) = told.recv().unwrap();
        Self {
            url,
            token,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// A client with the run's token.
    pub(crate) fn client(&self) -> Client {
        let address = self.url.trim_start_matches("http://").parse().unwrap();
        Client::new(address).with("Authorization", &format!("token {}", self.token))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
