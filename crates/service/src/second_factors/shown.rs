//! What answers tell of a user's second factors.

use cognate_api::idp::{DeliveryMediumType, MFAOptionType};
use cognate_model::User;
use cognate_model::second_factor::SecondFactor;

/// UserMFASettingList: what is switched on. Left out where nothing is, which clients take for "no
/// second factor" (docs/protocol.md §13.5).
pub(crate) fn enabled(user: &User) -> Option<Vec<String>> {
    let enabled = SecondFactor::ALL
        .into_iter()
        .filter(|factor| user.mfa.enabled.contains(factor))
        .map(|factor| factor.as_str().to_owned());
    Some(enabled.collect()).filter(|list: &Vec<_>| !list.is_empty())
}

/// PreferredMfaSetting.
pub(crate) fn preferred(user: &User) -> Option<String> {
    let preferred = user.mfa.preferred;
    preferred.map(|factor| factor.as_str().to_owned())
}

/// MFAOptions, the older member, which knows text messages only.
pub(crate) fn options(user: &User) -> Option<Vec<MFAOptionType>> {
    let contact = SecondFactor::Sms.contact();
    user.mfa.enabled.contains(&SecondFactor::Sms).then(|| {
        vec![MFAOptionType {
            delivery_medium: Some(DeliveryMediumType::Sms),
            attribute_name: contact.map(|contact| contact.attribute().to_owned()),
        }]
    })
}
