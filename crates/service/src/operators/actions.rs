//! The actions that policies may name.

use std::sync::LazyLock;

use cognate_model::policy::Vocabulary;

/// Actions of our services that are no operations of these services' APIs here, and that policies
/// written for AWS name. There is nothing here to allow or to deny in them.
const WITHOUT_OPERATION: &[(&str, &str)] = &[
    ("cognito-idp", "AssociateWebACL"),
    ("cognito-idp", "DisassociateWebACL"),
    ("cognito-idp", "GetWebACLForResource"),
    ("cognito-idp", "ListResourcesForWebACL"),
    ("sts", "AssumeRoleWithSAML"),
    ("sts", "AssumeRoot"),
    ("sts", "DecodeAuthorizationMessage"),
    ("sts", "GetAccessKeyInfo"),
    ("sts", "GetFederationToken"),
    ("sts", "GetServiceBearerToken"),
    ("sts", "SetContext"),
    ("sts", "SetSourceIdentity"),
    ("sts", "TagSession"),
];

/// All actions of all services, those of operations that are not built included: a policy is
/// written once, and holds when they are.
pub(crate) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let operations = cognate_api::operations()
        .map(|operation| (operation.service.signing_name(), operation.name));
    Vocabulary::new(operations.chain(WITHOUT_OPERATION.iter().copied()))
});
