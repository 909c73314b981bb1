//! The services that code is generated for.

/// A service that is generated: its model's file name, its Rust module and its variant of
/// `Service`.
pub(crate) struct Target {
    pub(crate) file: &'static str,
    pub(crate) module: &'static str,
    pub(crate) variant: &'static str,
}

/// Every service that crates/api speaks for.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        file: "cognito-idp",
        module: "idp",
        variant: "CognitoIdp",
    },
    Target {
        file: "cognito-identity",
        module: "identity",
        variant: "CognitoIdentity",
    },
    Target {
        file: "sts",
        module: "sts",
        variant: "Sts",
    },
];
