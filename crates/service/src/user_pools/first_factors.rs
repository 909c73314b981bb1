//! SignInPolicy: what a pool's users may begin a choice-based sign-in with.

use std::collections::BTreeSet;

use cognate_api::idp::{AuthFactorType, SignInPolicyType};
use cognate_model::FirstFactor;
use cognate_model::user_pool::{Settings, Tier};

use crate::{Error, Result};

/// What a request says; what it leaves out is kept (docs/protocol.md §10.1).
///
/// # Errors
/// `InvalidParameterException` for a list without passwords.
pub(super) fn read(
    policy: Option<&SignInPolicyType>,
    kept: Option<&BTreeSet<FirstFactor>>,
) -> Result<BTreeSet<FirstFactor>> {
    let given = policy.and_then(|policy| policy.allowed_first_auth_factors.as_deref());
    let Some(given) = given else {
        let passwords = || [FirstFactor::Password].into();
        return Ok(kept.cloned().unwrap_or_else(passwords));
    };
    let factors: BTreeSet<_> = given
        .iter()
        .filter_map(|factor| FirstFactor::parse(factor.as_str()))
        .collect();
    if factors.contains(&FirstFactor::Password) {
        Ok(factors)
    } else {
        Err(Error::password_not_among_first_factors())
    }
}

/// Checks that the tier has choice-based sign-in.
///
/// # Errors
/// `FeatureUnavailableInTierException`.
pub(super) fn check_tier(settings: &Settings) -> Result<()> {
    let has_a_choice = settings.allowed_first_auth_factors.len() > 1;
    if settings.tier == Tier::Lite && has_a_choice {
        return Err(Error::tier_lacks(
            "AllowedFirstAuthFactors other than PASSWORD",
        ));
    }
    Ok(())
}

/// As the wire shows it; None in the least tier, which has no such feature.
pub(super) fn describe(settings: &Settings) -> Option<SignInPolicyType> {
    let factors = &settings.allowed_first_auth_factors;
    let names = factors
        .iter()
        .map(|factor| AuthFactorType::from(factor.as_str()));
    (settings.tier != Tier::Lite).then(|| SignInPolicyType {
        allowed_first_auth_factors: Some(names.collect()),
    })
}
