//! Code and sentence of the refusals that many tests expect.

type Told = (&'static str, &'static str);

pub(crate) const WRONG_PASSWORD: Told =
    ("NotAuthorizedException", "Incorrect username or password.");
pub(crate) const LOCKED: Told = ("NotAuthorizedException", "Password attempts exceeded");
pub(crate) const INVALID_SESSION: Told =
    ("NotAuthorizedException", "Invalid session for the user.");
pub(crate) const DISABLED: Told = ("NotAuthorizedException", "User is disabled.");
pub(crate) const WRONG_CODE: Told = (
    "CodeMismatchException",
    "Invalid verification code provided, please try again.",
);
pub(crate) const EXPIRED_CODE: Told = (
    "ExpiredCodeException",
    "Invalid code provided, please request a code again.",
);
pub(crate) const TOO_OFTEN: Told = (
    "LimitExceededException",
    "Attempt limit exceeded, please try after some time.",
);
pub(crate) const NO_SUCH_USER: Told = ("UserNotFoundException", "User does not exist.");
pub(crate) const REVOKED: Told = ("NotAuthorizedException", "Access Token has been revoked");
pub(crate) const INVALID_TOKEN: Told = ("NotAuthorizedException", "Invalid Access Token");
pub(crate) const NOT_WRITABLE: Told = (
    "NotAuthorizedException",
    "A client attempted to write unauthorized attribute",
);

/// A code of the same length that is not this one.
pub(crate) fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}
