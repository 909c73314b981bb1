//! Why a signed request is refused, in the sentences of AWS's services where they have one.

/// Why a request is not accepted; the three variants are AWS's error codes, the texts those that its services answer with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// MissingAuthenticationTokenException: no signature at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// IncompleteSignatureException: the Authorization header is not what it should be.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// InvalidSignatureException: well formed, but not a signature of this request for this server at this time.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// What is wrong with an Authorization header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Several Authorization headers, or one that is too long or not ASCII.
    #[error("Authorization header is not a single line of text")]
    Header,
    /// Another scheme than AWS4-HMAC-SHA256.
    #[error("Unsupported AWS 'algorithm'")]
    Algorithm,
    /// A parameter is missing, there twice, or unknown.
    #[error("Authorization header requires '{0}' parameter")]
    Parameter(&'static str),
    /// Something else than the three parameters, each once.
    #[error("Authorization header has a parameter that is unknown or there twice")]
    UnknownParameter,
    /// The credential is not key/date/region/service/aws4_request.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
    )]
    Credential,
    /// The signed headers are not lower case, sorted, and each once.
    #[error("SignedHeaders must be lower case, sorted and without repetition")]
    SignedHeaders,
    /// The signature is not 64 hex digits.
    #[error("Signature must be 64 hexadecimal digits")]
    Signature,
    /// Neither header is there, or its value is no date.
    #[error("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header")]
    Date,
    /// Signature parameters in the query.
    #[error("Presigned requests are not accepted: sign the request in its Authorization header")]
    Presigned,
}

/// What is wrong with a well-formed signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Made for another region.
    #[error("Credential should be scoped to a valid region.")]
    Region,
    /// Made for another service.
    #[error("Credential should be scoped to correct service: '{0}'.")]
    Service(String),
    /// The scope's day is not that of the request's date.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{date}'."
    )]
    ScopeDate {
        /// The day in the credential.
        scope: String,
        /// The day of the request.
        day: String,
        /// The request's date.
        date: String,
    },
    /// Too old.
    #[error("Signature expired: {date} is now earlier than {limit} ({now} - 5 min.)")]
    Expired {
        /// The request's date.
        date: String,
        /// The oldest that would do.
        limit: String,
        /// The server's date.
        now: String,
    },
    /// From the future.
    #[error("Signature not yet current: {date} is still later than {limit} ({now} + 5 min.)")]
    NotYetCurrent {
        /// The request's date.
        date: String,
        /// The latest that would do.
        limit: String,
        /// The server's date.
        now: String,
    },
    /// A header that must be signed is not.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    NotSigned(String),
    /// A signed header is not in the request.
    #[error("The signed header '{0}' is not in the request.")]
    NotThere(String),
    /// A header that may be there once is there twice.
    #[error("The header '{0}' is there more than once.")]
    Repeated(String),
    /// A header that is needed here is not ASCII.
    #[error("The header '{0}' is not plain text.")]
    NotText(&'static str),
    /// x-amz-content-sha256 is not the hash of the body.
    #[error(
        "The value of 'x-amz-content-sha256' is not the SHA-256 of the body; unsigned and streamed payloads are not accepted."
    )]
    Payload,
    /// The signature is another one.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
    )]
    Mismatch,
}
