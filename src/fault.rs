//! A fault of an HTTP request: what its answer says. Faults inside a readable message are the
//! protocol's, faults of an operation are the assistant's; neither comes here.
use std::borrow::Cow;

/// The `error` of an answer that is not a success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultCode {
    MissingApiKey,
    InvalidApiKey,
    TooManyFailures,
    InvalidRequest,
    ForbiddenOrigin,
    ForbiddenHost,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
    BodyTooLarge,
    HeadTooLarge,
    Timeout,
    GatewayTimeout,
    Overloaded,
    ShuttingDown,
    AuditUnavailable,
    Internal,
}

impl FaultCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingApiKey => "missing_api_key",
            Self::InvalidApiKey => "invalid_api_key",
            Self::TooManyFailures => "too_many_failures",
            Self::InvalidRequest | Self::HeadTooLarge => "invalid_request",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::ForbiddenHost => "forbidden_host",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::Timeout | Self::GatewayTimeout => "timeout",
            Self::Overloaded => "overloaded",
            Self::ShuttingDown => "shutting_down",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Internal => "internal",
        }
    }

    pub fn status(self) -> u16 {
        match self {
            Self::MissingApiKey | Self::InvalidApiKey => 401,
            Self::TooManyFailures => 429,
            Self::InvalidRequest => 400,
            Self::ForbiddenOrigin | Self::ForbiddenHost => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::UnsupportedMediaType => 415,
            Self::BodyTooLarge => 413,
            Self::HeadTooLarge => 431,
            Self::Timeout => 408,
            Self::GatewayTimeout => 504,
            Self::Overloaded | Self::ShuttingDown | Self::AuditUnavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// What went wrong, in a sentence for whoever sent the request, and the headers that belong to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    pub code: FaultCode,
    pub message: Cow<'static, str>,
    /// Further headers, such as `Retry-After`, `WWW-Authenticate`, `Allow`.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// Of an address that is blocked: whether a key in force is let in from there all the same.
    pub valid_keys_pass: Option<bool>,
}

/// Why something was not done, when the audit log cannot be written.
pub const UNRECORDED: &str =
    "it was not run, for it could not be recorded in the audit log; try again later";

impl Fault {
    /// Nothing runs unrecorded.
    pub fn unrecorded() -> Self {
        Self::new(FaultCode::AuditUnavailable, UNRECORDED).with("Retry-After", "30")
    }

    pub fn new(code: FaultCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            headers: Vec::new(),
            valid_keys_pass: None,
        }
    }

    #[must_use]
    pub fn with(mut self, header: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}
