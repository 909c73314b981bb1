//! Why a signed request is refused. What its sender is told of it is for the caller to word.

/// Why a request is not accepted; the three variants are AWS's error codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// MissingAuthenticationTokenException: no signature at all.
    #[error("not signed")]
    Missing,
    /// IncompleteSignatureException: the Authorization header is not what it should be.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// InvalidSignatureException: well formed, but not a signature of this request for this server
    /// at this time.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// What is wrong with an Authorization header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Several Authorization headers, or one that is too long or not ASCII.
    #[error("no single line of text")]
    Header,
    /// Another scheme than AWS4-HMAC-SHA256.
    #[error("another algorithm")]
    Algorithm,
    /// A parameter is missing, there twice, or unknown.
    #[error("no {0}")]
    Parameter(&'static str),
    /// Something else than the three parameters, each once.
    #[error("an unknown or repeated parameter")]
    UnknownParameter,
    /// The credential is not key/date/region/service/aws4_request.
    #[error("a malformed credential")]
    Credential,
    /// The signed headers are not lower case, sorted, and each once.
    #[error("malformed signed headers")]
    SignedHeaders,
    /// The signature is not 64 hex digits.
    #[error("a malformed signature")]
    Signature,
    /// Neither header is there, or its value is no date.
    #[error("no date")]
    Date,
    /// Signature parameters in the query.
    #[error("a presigned query")]
    Presigned,
}

/// What is wrong with a well-formed signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Made for another region.
    #[error("made for another region")]
    Region,
    /// Made for another service.
    #[error("made for another service than {0}")]
    Service(String),
    /// The scope's day is not that of the request's date.
    #[error("made for the day {scope}, and dated {date}")]
    ScopeDate {
        /// The day in the credential.
        scope: String,
        /// The day of the request.
        day: String,
        /// The request's date.
        date: String,
    },
    /// Too old.
    #[error("dated {date}, before {limit}")]
    Expired {
        /// The request's date.
        date: String,
        /// The oldest that would do.
        limit: String,
        /// The server's date.
        now: String,
    },
    /// From the future.
    #[error("dated {date}, after {limit}")]
    NotYetCurrent {
        /// The request's date.
        date: String,
        /// The latest that would do.
        limit: String,
        /// The server's date.
        now: String,
    },
    /// A header that must be signed is not.
    #[error("{0} is not signed")]
    NotSigned(String),
    /// A signed header is not in the request.
    #[error("{0} is signed and not there")]
    NotThere(String),
    /// A header that may be there once is there twice.
    #[error("{0} is there twice")]
    Repeated(String),
    /// A header that is needed here is not ASCII.
    #[error("{0} is not text")]
    NotText(&'static str),
    /// x-amz-content-sha256 is not the hash of the body.
    #[error("the hash of another body")]
    Payload,
    /// The signature is another one.
    #[error("another signature")]
    Mismatch,
}
