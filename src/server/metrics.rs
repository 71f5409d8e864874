//! `/metrics`: how the server is doing, for Prometheus. What is counted here are answers by their
//! status; the rest of the page comes from whoever wires the server.
use std::{
    fmt,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::http::StatusCode;

/// The counts, and the page that they are a part of. Copies share them.
#[derive(Clone)]
pub struct Metrics {
    /// By status, from 100 on.
    answers: Arc<[AtomicU64]>,
    rest: Arc<dyn Fn(&mut String) + Send + Sync>,
}

impl Metrics {
    /// `rest` writes the other families of the page, in Prometheus' text format.
    pub fn new(rest: impl Fn(&mut String) + Send + Sync + 'static) -> Self {
        Self {
            answers: (100..600).map(|_| AtomicU64::default()).collect(),
            rest: Arc::new(rest),
        }
    }

    pub(super) fn note(&self, status: StatusCode) {
        if let Some(count) = self.answers.get(usize::from(status.as_u16()) - 100) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn page(&self) -> String {
        let mut page = "# HELP aegis_http_responses_total Answers by their HTTP status.\n\
                        # TYPE aegis_http_responses_total counter\n"
            .to_owned();
        for (status, count) in (100..).zip(&*self.answers) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let _ = writeln!(
                    page,
                    "aegis_http_responses_total{{status=\"{status}\"}} {count}"
                );
            }
        }
        (self.rest)(&mut page);
        page
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}
