//! An operation: a name of a service, with its input, its output and its possible errors.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ErrorCode;
use crate::shape::Shape;

/// One of the AWS services whose operations Cognate answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// User pools.
    CognitoIdp,
    /// Identity pools.
    CognitoIdentity,
    /// Temporary credentials.
    Sts,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::CognitoIdp, Self::CognitoIdentity, Self::Sts];

    /// The service's name in the credential scope of Signature Version 4, in ARNs, and before the
    /// operation's name in policies.
    #[must_use]
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::CognitoIdp => "cognito-idp",
            Self::CognitoIdentity => "cognito-identity",
            Self::Sts => "sts",
        }
    }

    /// The part of X-Amz-Target before the dot; `None` for the service of the query protocol.
    #[must_use]
    pub const fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::CognitoIdp => Some("AWSCognitoIdentityProviderService"),
            Self::CognitoIdentity => Some("AWSCognitoIdentityService"),
            Self::Sts => None,
        }
    }
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// Anybody may call it: the contents of the request (a token, a password) decide.
    Public,
    /// The holder of an access key calls it, by Signature Version 4.
    Signed,
    /// Either of the two: a call without a signature is anybody's, and one with a signature is
    /// checked like any signed call.
    OptionallySigned,
}

/// How the input of a signed operation names the resource of the call, for policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// No existing resource, or all of them: the operation makes or lists something.
    Account,
    /// The user pool whose id this member holds.
    UserPool(&'static str),
    /// The user pool of the app client whose id this member holds.
    AppClient(&'static str),
    /// The identity pool whose id this member holds.
    IdentityPool(&'static str),
    /// What this member names by its ARN.
    Arn(&'static str),
    /// A resource that the input alone does not name: the service looks it up.
    Elsewhere,
}

/// An operation as a type; the generated modules `op` have one for each.
pub trait Operation: 'static {
    /// The service that it belongs to.
    const SERVICE: Service;
    /// Its name, as in X-Amz-Target.
    const NAME: &'static str;
    /// Who may call it.
    const AUTH: Auth;
    /// What a policy takes it to be about.
    const RESOURCE: Resource;
    /// The errors that its model lists. [`OperationInfo::may_answer`] adds those of every
    /// operation.
    const ERRORS: &'static [ErrorCode];
    /// What validation knows of its input.
    const INPUT: &'static Shape;
    /// What it takes.
    type Input: DeserializeOwned + Send + 'static;
    /// Its output; `()` when the answer has no body.
    type Output: Serialize + Send + 'static;

    /// All of it but the types.
    const INFO: OperationInfo = OperationInfo {
        service: Self::SERVICE,
        name: Self::NAME,
        auth: Self::AUTH,
        resource: Self::RESOURCE,
        errors: Self::ERRORS,
        input: Self::INPUT,
    };
}

/// An operation as a value, for dispatch and for lists.
#[derive(Clone, Copy, Debug)]
pub struct OperationInfo {
    /// The service that it belongs to.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// What a policy takes it to be about.
    pub resource: Resource,
    /// The errors that its model lists.
    pub errors: &'static [ErrorCode],
    /// What validation knows of its input.
    pub input: &'static Shape,
}

/// The errors that any operation may answer although no model lists them: the protocol's own, and
/// the one for an operation that is not built.
const UNSPOKEN: &[ErrorCode] = &[
    ErrorCode::AccessDenied,
    ErrorCode::ExpiredToken,
    ErrorCode::IncompleteSignature,
    ErrorCode::InternalError,
    ErrorCode::InvalidParameter,
    ErrorCode::InvalidSignature,
    ErrorCode::MissingAuthenticationToken,
    ErrorCode::RequestEntityTooLarge,
    ErrorCode::RequestTimeout,
    ErrorCode::Serialization,
    ErrorCode::ServiceUnavailable,
    ErrorCode::Throttling,
    ErrorCode::TooManyRequests,
    ErrorCode::UnknownOperation,
    ErrorCode::UnrecognizedClient,
    ErrorCode::UnsupportedOperation,
    ErrorCode::Validation,
];

impl OperationInfo {
    /// Whether a client has to expect this error from the operation: its model lists it, or every
    /// operation may answer it.
    #[must_use]
    pub fn may_answer(&self, code: ErrorCode) -> bool {
        self.errors.contains(&code) || UNSPOKEN.contains(&code)
    }
}

/// Every operation of every service.
pub fn operations() -> impl Iterator<Item = &'static OperationInfo> {
    Service::ALL.into_iter().flat_map(Service::operations)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn called_by(auth: Auth, service: Service) -> Vec<&'static str> {
        let all = service.operations().iter();
        all.filter(|o| o.auth == auth).map(|o| o.name).collect()
    }

    fn public(service: Service) -> Vec<&'static str> {
        called_by(Auth::Public, service)
    }

    #[test]
    fn every_operation_is_there_and_signed_unless_the_model_says_otherwise() {
        assert_eq!(Service::CognitoIdp.operations().len(), 153);
        assert_eq!(Service::CognitoIdentity.operations().len(), 23);
        assert_eq!(public(Service::CognitoIdp).len(), 34);
        assert_eq!(
            public(Service::CognitoIdentity),
            [
                "GetCredentialsForIdentity",
                "GetId",
                "GetOpenIdToken",
                "UnlinkIdentity"
            ]
        );
        assert_eq!(public(Service::Sts), ["AssumeRoleWithWebIdentity"]);
        assert_eq!(
            called_by(Auth::OptionallySigned, Service::CognitoIdp),
            ["GetClientToken", "GetDerivedToken"]
        );
    }

    #[test]
    fn an_operation_answers_what_its_model_lists_and_the_protocols_own_errors() {
        let sign_up = crate::idp::op::SignUp::INFO;
        assert!(sign_up.may_answer(ErrorCode::UsernameExists));
        assert!(sign_up.may_answer(ErrorCode::Serialization));
        assert!(!sign_up.may_answer(ErrorCode::GroupExists));
    }
}
