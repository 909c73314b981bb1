//! Which operation a request is for.

use cognate_api::{OperationInfo, Service};
use http::HeaderMap;

/// The operation that X-Amz-Target names (`AWSCognitoIdentityProviderService.SignUp`), if the
/// models have it. Two such headers name none: what lies before us might have read the other one.
pub(crate) fn named(headers: &HeaderMap) -> Option<&'static OperationInfo> {
    let mut targets = headers.get_all("x-amz-target").iter();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return None;
    };
    let (prefix, name) = target.to_str().ok()?.split_once('.')?;
    let service = Service::ALL
        .into_iter()
        .find(|service| service.target_prefix() == Some(prefix))?;
    let operations = service.operations();
    let at = operations
        .binary_search_by(|operation| operation.name.cmp(name))
        .ok()?;
    operations.get(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn headers(targets: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for target in targets {
            headers.append("x-amz-target", target.parse().unwrap());
        }
        headers
    }

    #[test]
    fn every_operation_is_found_by_its_target() {
        for service in Service::ALL {
            let Some(prefix) = service.target_prefix() else {
                continue;
            };
            for operation in service.operations() {
                let found = named(&headers(&[&format!("{prefix}.{}", operation.name)])).unwrap();
                assert_eq!((found.service, found.name), (service, operation.name));
            }
        }
    }

    #[test]
    fn a_target_of_another_form_names_no_operation() {
        for target in [
            "",
            "SignUp",
            ".SignUp",
            "AWSCognitoIdentityProviderService.",
            "AWSCognitoIdentityService.SignUp",
            "awscognitoidentityproviderservice.SignUp",
            "AWSCognitoIdentityProviderService.signUp",
        ] {
            assert!(named(&headers(&[target])).is_none(), "{target}");
        }
        let sign_up = "AWSCognitoIdentityProviderService.SignUp";
        assert!(named(&headers(&[sign_up, sign_up])).is_none());
        assert!(named(&headers(&[])).is_none());
    }
}
