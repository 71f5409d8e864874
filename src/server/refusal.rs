//! What is said to a request that the server itself refuses.
use std::net::IpAddr;

use crate::{
    caller::RequestId,
    fault::{Fault, FaultCode},
};

/// Says who was refused before the gate, of whom the audit log has no record.
pub(super) fn tell(fault: &Fault, id: RequestId, peer: IpAddr) {
    log::debug!("request {id} from {peer} is refused: {}", fault.message);
}

pub(super) fn after_the_last() -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        "this connection ended with the answer before; send this on another one",
    )
}

pub(super) fn old_version() -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        "HTTP/1.0 is not spoken here; use HTTP/1.1 (in nginx: `proxy_http_version 1.1`)",
    )
}

pub(super) fn head_too_large() -> Fault {
    Fault::new(
        FaultCode::HeadTooLarge,
        "the request's address and headers are larger than 16 KiB, or more than 96 headers",
    )
}

pub(super) fn head_too_slow() -> Fault {
    Fault::new(
        FaultCode::Timeout,
        "the request's head did not come in time",
    )
}

pub(super) fn unreadable() -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        "this is no HTTP/1.1 request: its lines, its `Host` or its length cannot be read; an address must \
         not hold `<`, `>`, `\"` or a space (is a placeholder left in it?), and TLS ends at a proxy",
    )
}

pub(super) fn forbidden_host() -> Fault {
    let sentence = "this server does not answer under the name in `Host`; its operator can add it to \
                    `ALLOWED_HOSTS` or set `PUBLIC_URL`";
    Fault::new(FaultCode::ForbiddenHost, sentence)
}

pub(super) fn forbidden_origin() -> Fault {
    let sentence = "pages of this `Origin` may not ask this server; its operator can add it to `ALLOWED_ORIGINS`";
    Fault::new(FaultCode::ForbiddenOrigin, sentence)
}

pub(super) fn not_found() -> Fault {
    Fault::new(
        FaultCode::NotFound,
        "there is nothing here; the protocol's address is `/mcp`",
    )
}

/// `allowed`: the value of `Allow`.
pub(super) fn method_not_allowed(allowed: String) -> Fault {
    let sentence = format!("this address takes {allowed} only");
    Fault::new(FaultCode::MethodNotAllowed, sentence).with("Allow", allowed)
}

pub(super) fn overloaded() -> Fault {
    let sentence =
        "too many connections are open from this address (`MAX_CONNECTIONS_PER_ADDRESS`)";
    Fault::new(FaultCode::Overloaded, sentence).with("Retry-After", "1")
}

pub(super) fn shutting_down() -> Fault {
    Fault::new(FaultCode::ShuttingDown, "the server is shutting down").with("Retry-After", "5")
}

pub(super) fn too_slow() -> Fault {
    Fault::new(
        FaultCode::GatewayTimeout,
        "no answer in time; the forge may be slow or down",
    )
}

pub(super) fn internal() -> Fault {
    Fault::new(
        FaultCode::Internal,
        "something went wrong here; the server's log has more under this `request_id`",
    )
}

pub(super) fn body_too_large() -> Fault {
    Fault::new(FaultCode::BodyTooLarge, "the body is larger than 1 MiB")
}

pub(super) fn body_too_slow() -> Fault {
    Fault::new(FaultCode::Timeout, "the body did not come in time")
}

pub(super) fn body_broken() -> Fault {
    Fault::new(
        FaultCode::InvalidRequest,
        "the body is not what its head says",
    )
}
