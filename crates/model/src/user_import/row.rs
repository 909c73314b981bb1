//! A row of a file: what it says of a user, and the rules that a file has beyond those of
//! AdminCreateUser (docs/protocol.md §19.4).

use cognate_crypto::secret::SecretString;

use crate::attribute::{Attributes, Contact};
use crate::second_factor::MfaConfiguration;
use crate::user_pool::UserPool;

/// What a row says of a user.
#[derive(Debug, Default)]
pub struct Row {
    /// The user name.
    pub username: String,
    /// The attributes that have a value.
    pub attributes: Attributes,
    /// Whether the user is asked for a second factor, if the row says so.
    pub mfa_enabled: Option<bool>,
    /// The hash of the password, if there is one.
    pub password_hash: Option<SecretString>,
}

/// Why a row is no user. None of it repeats what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Its values do not fit the header.
    #[error("The row has another number of values than the header.")]
    NumberOfValues,
    /// It has no user name.
    #[error("The user record has no cognito:username.")]
    NoUsername,
    /// The user name has white space in it.
    #[error("cognito:username must not contain spaces or tabs.")]
    SpaceInUsername,
    /// `cognito:mfa_enabled` is no boolean.
    #[error("cognito:mfa_enabled must be true or false.")]
    MfaEnabled,
    /// The pool asks everybody for a second factor.
    #[error("cognito:mfa_enabled must be true or empty, for the user pool requires MFA.")]
    MfaRequired,
    /// The pool asks nobody for a second factor.
    #[error("cognito:mfa_enabled must be false or empty, for MFA is off in the user pool.")]
    MfaOff,
    /// No address that the pool verifies is verified.
    #[error(
        "The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true)."
    )]
    NothingVerified,
}

impl Row {
    pub(super) fn set_mfa_enabled(&mut self, value: &str) -> Result<(), RowError> {
        self.mfa_enabled = Some(match value.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(RowError::MfaEnabled),
        });
        Ok(())
    }

    pub(super) fn set_attribute(&mut self, name: &str, value: &str) {
        let value = match name {
            "birthdate" => year_first(value).unwrap_or_else(|| value.to_owned()),
            _ => value.to_owned(),
        };
        self.attributes.insert(name.to_owned(), value);
    }

    pub(super) fn check(&self) -> Result<(), RowError> {
        if self.username.is_empty() {
            Err(RowError::NoUsername)
        } else if self.username.contains(char::is_whitespace) {
            Err(RowError::SpaceInUsername)
        } else {
            Ok(())
        }
    }
}

/// A date as files have it, month first, in the form of the attribute.
fn year_first(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '/');
    let mut part = |length: usize| {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(part)
    };
    let (month, day, year) = (part(2)?, part(2)?, part(4)?);
    Some(format!("{year}-{month}-{day}"))
}

/// Whether what a row says of second factors is what the pool asks for.
///
/// # Errors
/// [`RowError::MfaRequired`], [`RowError::MfaOff`].
pub fn check_with_pool(row: &Row, pool: &UserPool) -> Result<(), RowError> {
    match (pool.settings.mfa.configuration, row.mfa_enabled) {
        (MfaConfiguration::On, Some(false)) => Err(RowError::MfaRequired),
        (MfaConfiguration::Off, Some(true)) => Err(RowError::MfaOff),
        _ => Ok(()),
    }
}

/// Whether one of the addresses that the pool verifies is verified. `attributes` have the values as
/// the pool keeps them.
///
/// # Errors
/// [`RowError::NothingVerified`].
pub fn check_verified(attributes: &Attributes, pool: &UserPool) -> Result<(), RowError> {
    let is_verified = |contact: &Contact| {
        let flag = attributes.get(contact.verified_attribute());
        flag.is_some_and(|flag| flag == "true")
    };
    if pool.settings.auto_verified.iter().any(is_verified) {
        Ok(())
    } else {
        Err(RowError::NothingVerified)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::user::tests::pool;
    use crate::user_pool::SignInNames;

    fn plain() -> UserPool {
        pool(SignInNames::Username { aliases: [].into() })
    }

    #[test]
    fn a_date_comes_month_first_and_is_kept_year_first() {
        for (written, kept) in [
            ("02/01/1985", "1985-02-01"),
            ("1985-02-01", "1985-02-01"),
            // Not a date; the schema refuses it.
            ("2/1/1985", "2/1/1985"),
            ("02/01/85", "02/01/85"),
        ] {
            let mut row = Row::default();
            row.set_attribute("birthdate", written);
            assert_eq!(row.attributes["birthdate"], kept, "{written}");
        }
    }

    #[test]
    fn a_user_name_is_there_and_has_no_white_space() {
        for (name, outcome) in [
            ("ana", Ok(())),
            ("", Err(RowError::NoUsername)),
            ("a na", Err(RowError::SpaceInUsername)),
            ("a\tna", Err(RowError::SpaceInUsername)),
            ("a\u{a0}na", Err(RowError::SpaceInUsername)),
        ] {
            let row = Row {
                username: name.to_owned(),
                ..Row::default()
            };
            assert_eq!(row.check(), outcome, "{name}");
        }
    }

    #[test]
    fn a_second_factor_is_as_the_pool_has_it() {
        use MfaConfiguration::{Off, On, Optional};
        for (configuration, said, outcome) in [
            (On, Some(false), Err(RowError::MfaRequired)),
            (Off, Some(true), Err(RowError::MfaOff)),
            (On, Some(true), Ok(())),
            (On, None, Ok(())),
            (Off, Some(false), Ok(())),
            (Off, None, Ok(())),
            (Optional, Some(true), Ok(())),
            (Optional, Some(false), Ok(())),
        ] {
            let mut pool = plain();
            pool.settings.mfa.configuration = configuration;
            let row = Row {
                mfa_enabled: said,
                ..Row::default()
            };
            assert_eq!(check_with_pool(&row, &pool), outcome);
        }
        let mut row = Row::default();
        row.set_mfa_enabled("TRUE").unwrap();
        assert_eq!(row.mfa_enabled, Some(true));
        assert_eq!(row.set_mfa_enabled("yes"), Err(RowError::MfaEnabled));
    }

    #[test]
    fn an_address_that_the_pool_verifies_is_verified() {
        let mut pool = plain();
        pool.settings.auto_verified = [Contact::Email].into();
        let given = |name: &str, flag: &str| {
            check_verified(&[(name.to_owned(), flag.to_owned())].into(), &pool)
        };
        assert_eq!(given("email_verified", "true"), Ok(()));
        for (name, flag) in [
            ("email_verified", "false"),
            ("phone_number_verified", "true"),
        ] {
            assert_eq!(given(name, flag), Err(RowError::NothingVerified));
        }
    }
}
