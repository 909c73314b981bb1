//! What a message is for.

/// What a message is for; decides the words when the pool has no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Confirms a sign-up by a code.
    Verification,
    /// Confirms a sign-up by a link.
    LinkVerification,
    /// Tells a user whom an administrator created the user name and the temporary password.
    Invitation,
    /// Gives the code to choose a new password.
    ForgotPassword,
    /// Confirms a changed or added address by a code.
    AttributeVerification,
    /// Gives the code that a sign-in asks for: MFA or one-time password.
    SignInCode,
}
