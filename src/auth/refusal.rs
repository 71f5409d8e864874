//! What is said to those who are not let in. Every wrong key gets the same answer, whatever is wrong
//! with it.
use std::time::Duration;

use super::{Knock, Lockout, credential::Absence};
use crate::fault::{Fault, FaultCode};

const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
const RETRY_AFTER: &str = "Retry-After";

pub(super) fn wrong_key() -> Fault {
    let sentence = "Invalid API key; check it, or ask the operator of this server for a new one";
    Fault::new(FaultCode::InvalidApiKey, sentence).with(
        WWW_AUTHENTICATE,
        r#"Bearer realm="aegis", error="invalid_token""#,
    )
}

/// `in_query`: whether this request could have sent its key so.
pub(super) fn missing_key(absence: Absence, knock: &Knock<'_>, in_query: bool) -> Fault {
    let query = knock.head.uri.query().unwrap_or_default();
    let found = match absence {
        Absence::NotSent if !in_query && query.contains("api_key=") => {
            "no API key was sent: `api_key` is not taken in this address"
        }
        Absence::NotSent => "no API key was sent",
        Absence::NotBearer => "no API key was sent: `Authorization` must begin with `Bearer`",
        Absence::Empty => "no API key was sent: the place for it is empty",
        Absence::Unfilled => "no API key was sent, but a variable that the client did not fill in",
    };
    // Pasted as it is, it is no key either, and can be read: an address may hold no `<`.
    let or_query = if in_query {
        " or `?api_key=YOUR_KEY`"
    } else {
        ""
    };
    let sentence = format!(
        "{found}; send it as `Authorization: Bearer YOUR_KEY` or `X-API-Key: YOUR_KEY`{or_query}"
    );
    Fault::new(FaultCode::MissingApiKey, sentence).with(WWW_AUTHENTICATE, r#"Bearer realm="aegis""#)
}

pub(super) fn conflict(sentence: &'static str) -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        format!("{sentence}; send one key, once"),
    )
}

pub(super) fn too_many_hops() -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        "`X-Forwarded-For` names more than 32 proxies",
    )
}

pub(super) fn blocked(left: Duration, lockout: Lockout) -> Fault {
    // Rounded up, so that whoever waits so long finds the block gone.
    let seconds = left.as_millis().div_ceil(1000).max(1);
    let way_out = match lockout {
        Lockout::Fair => "a valid key still passes, and a restart clears it",
        Lockout::Strict => "until then valid keys do not pass from this address either",
    };
    let sentence = format!(
        "Too many failed authentication attempts from this address; try again in {seconds} seconds: {way_out}"
    );
    let fault = Fault::new(FaultCode::TooManyFailures, sentence);
    Fault {
        valid_keys_pass: Some(lockout == Lockout::Fair),
        ..fault.with(RETRY_AFTER, seconds.to_string())
    }
}
