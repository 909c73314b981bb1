//! IssuerConfiguration: which of the server's two templates the issuer of a pool's tokens follows.

use cognate_api::idp::{IssuerConfigurationType, IssuerType};
use cognate_model::user_pool::{IssuerForm, Settings};

use crate::{Config, Error, Result};

/// Reads the configuration; one that says nothing, or is left out, is the one that the pool has: a
/// tool that does not know the member must not change the issuer of every token.
pub(super) fn read(
    given: Option<&IssuerConfigurationType>,
    before: Option<&Settings>,
) -> Option<IssuerForm> {
    match given.and_then(|given| given.r#type.as_ref()) {
        Some(IssuerType::Original) => Some(IssuerForm::Original),
        Some(IssuerType::Updated) => Some(IssuerForm::Updated),
        // Validation lets no unknown one in.
        Some(IssuerType::Unknown(_)) | None => before.and_then(|before| before.issuer),
    }
}

/// Checks that this server has the form that the settings change to.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check(settings: &Settings, before: Option<&Settings>, config: &Config) -> Result<()> {
    let was = before.and_then(|before| before.issuer);
    let is_new = settings.issuer == Some(IssuerForm::Updated) && settings.issuer != was;
    if is_new && config.issuer_updated.is_none() {
        return Err(Error::no_second_issuer());
    }
    Ok(())
}

/// As the wire shows it.
pub(super) fn describe(form: IssuerForm) -> IssuerConfigurationType {
    IssuerConfigurationType {
        r#type: Some(match form {
            IssuerForm::Original => IssuerType::Original,
            IssuerForm::Updated => IssuerType::Updated,
        }),
    }
}
