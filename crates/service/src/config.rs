//! What the server's configuration says that operations need to know.

use std::collections::BTreeSet;

use cognate_api::operations;
use cognate_model::request_rates::table::RateTable;
use cognate_model::user_pool::IssuerForm;
use cognate_model::{UserPool, UserPoolId};
use cognate_outbound::Senders;

use crate::limits::rates::Limits;

/// What the server's configuration says that operations need to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Under what address this server is reached, without a slash at the end.
    pub public_url: String,
    /// The issuer of tokens, with `{region}` and `{pool}` to be filled in; the public URL and the
    /// pool where absent.
    pub issuer: Option<String>,
    /// The issuer of pools with IssuerConfiguration UPDATED, likewise; None where there is no
    /// second form.
    pub issuer_updated: Option<String>,
    /// The region of new pools, and the one that requests are signed for.
    pub region: String,
    /// The twelve digits that stand for an AWS account in ARNs.
    pub account_id: String,
    /// The sender of mail where a pool names none.
    pub mail_from: String,
    /// As whom pools may send mail.
    pub mail_senders: Senders,
    /// What phone numbers that are sent messages begin with, as `+1`; with none, they begin with
    /// anything.
    pub sms_prefixes: Vec<String>,
    /// How much may be done in a while.
    pub limits: Limits,
    /// The rates that requests are let through at; None for any.
    pub request_rates: Option<RateTable>,
    /// The operations that nobody may call.
    pub operations_off: BTreeSet<String>,
}

/// A configuration that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An issuer without `{pool}`: all pools would have one.
    #[error("the issuer «{0}» must hold {{pool}}, so that each pool has an issuer of its own")]
    Issuer(String),
    /// A public URL that is none.
    #[error(
        "the public URL «{0}» must begin with http:// or https:// and have no user, no query and no fragment"
    )]
    PublicUrl(String),
    /// A public URL whose path could not be told from what is served under it.
    #[error("the path of the public URL «{0}» {1}")]
    PublicPath(String, &'static str),
    /// An account id that is none.
    #[error("the account id «{0}» must be twelve digits")]
    AccountId(String),
    /// A region that is none.
    #[error("the region «{0}» must be letters, digits and hyphens, as us-east-1")]
    Region(String),
    /// A beginning of phone numbers that is none.
    #[error("the SMS prefix «{0}» must be a plus sign and digits, as +1")]
    SmsPrefix(String),
    /// A name of an operation that is none.
    #[error("the operation «{0}» that is to be off is none of Cognito's, as SignUp")]
    OperationOff(String),
}

impl Config {
    /// Checks the values.
    ///
    /// # Errors
    /// [`ConfigError`], in words for the operator.
    pub fn check(mut self) -> Result<Self, ConfigError> {
        let trimmed = self.public_url.trim_end_matches('/').to_owned();
        if !(trimmed.starts_with("http://") || trimmed.starts_with("https://"))
            || trimmed.contains(['?', '#', '@'])
        {
            return Err(ConfigError::PublicUrl(without_user(&self.public_url)));
        }
        self.public_url = trimmed;
        if let Err(why) = check_path(self.public_path()) {
            return Err(ConfigError::PublicPath(self.public_url, why));
        }
        for issuer in [&self.issuer, &self.issuer_updated].into_iter().flatten() {
            if !issuer.ends_with("{pool}") {
                return Err(ConfigError::Issuer(issuer.clone()));
            }
        }
        if self.account_id.len() != 12 || !self.account_id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ConfigError::AccountId(self.account_id));
        }
        if UserPoolId::parse(&format!("{}_x", self.region)).is_err()
            || !(5..=32).contains(&self.region.len())
        {
            return Err(ConfigError::Region(self.region));
        }
        let is_prefix = |prefix: &&String| {
            prefix.strip_prefix('+').is_some_and(|digits| {
                (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            })
        };
        if let Some(other) = self.sms_prefixes.iter().find(|prefix| !is_prefix(prefix)) {
            return Err(ConfigError::SmsPrefix(other.clone()));
        }
        let is_operation = |name: &&String| operations().any(|info| info.name == **name);
        let mut off = self.operations_off.iter();
        if let Some(other) = off.find(|name| !is_operation(name)) {
            return Err(ConfigError::OperationOff(other.clone()));
        }
        Ok(self)
    }

    /// The path of the public URL, without a slash at its end; nothing where it has none.
    #[must_use]
    pub fn public_path(&self) -> &str {
        let authority = self
            .public_url
            .split_once("://")
            .map_or("", |(_, rest)| rest);
        authority.find('/').map_or("", |at| &authority[at..])
    }

    /// The issuer of a pool's tokens. Its region is the one that the pool was made in: tokens hold
    /// after `--region` has changed.
    #[must_use]
    pub fn issuer_of(&self, pool: &UserPool) -> String {
        self.issuer_in(pool.issuer_form(), &pool.id)
    }

    /// Whether an issuer is a pool's, in either form: tokens that are out hold after the pool's has
    /// changed.
    #[must_use]
    pub(crate) fn is_issuer_of(&self, pool: &UserPoolId, issuer: &str) -> bool {
        [IssuerForm::Original, IssuerForm::Updated]
            .into_iter()
            .any(|form| self.issuer_in(form, pool) == issuer)
    }

    /// A pool keeps its form where the server has lost the template for it.
    fn issuer_in(&self, form: IssuerForm, pool: &UserPoolId) -> String {
        let template = match (form, &self.issuer_updated) {
            (IssuerForm::Updated, Some(updated)) => Some(updated),
            (IssuerForm::Original, _) | (IssuerForm::Updated, None) => self.issuer.as_ref(),
        };
        match template {
            Some(template) => template
                .replace("{region}", pool.region())
                .replace("{pool}", pool.as_str()),
            None => format!("{}/{pool}", self.public_url),
        }
    }

    /// The ARN of a pool. Its region is the one that the pool was made in: a policy that names it
    /// holds after `--region` has changed.
    #[must_use]
    pub(crate) fn arn_of(&self, pool: &UserPoolId) -> String {
        format!(
            "arn:aws:cognito-idp:{}:{}:userpool/{pool}",
            pool.region(),
            self.account_id
        )
    }

    /// The pool of an ARN, if it is one that [`Config::arn_of`] makes: of one pool there is no
    /// other spelling.
    #[must_use]
    pub(crate) fn pool_of_arn(&self, arn: &str) -> Option<UserPoolId> {
        let (_, id) = arn.rsplit_once('/')?;
        let pool = UserPoolId::parse(id).ok()?;
        (self.arn_of(&pool) == arn).then_some(pool)
    }

    /// Whether messages are sent to a phone number.
    #[must_use]
    pub(crate) fn sends_to(&self, phone_number: &str) -> bool {
        self.sms_prefixes.is_empty()
            || self
                .sms_prefixes
                .iter()
                .any(|prefix| phone_number.starts_with(prefix))
    }
}

/// A URL as it may be shown: a user part may hold a password.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://…{}", rest.get(at..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// What is, or will be, served at the root under a name of its own. A proxy may take the public
/// URL's path away, and then a path that begins with one of these would mean two things.
const OWN_NAMES: [&str; 19] = [
    ".well-known",
    "assets",
    "confirmUser",
    "console",
    "demo",
    "dev",
    "doctor",
    "error",
    "forgotPassword",
    "healthz",
    "login",
    "logout",
    "metrics",
    "oauth2",
    "passkeys",
    "readyz",
    "restoreAddress",
    "saml2",
    "signup",
];

/// Whether requests under a path can be told from others, and signed by clients that each encode
/// paths in their own way.
fn check_path(path: &str) -> Result<(), &'static str> {
    let Some(path) = path.strip_prefix('/') else {
        return Ok(());
    };
    if path.len() > 200 {
        return Err("is longer than 200 characters");
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    for segment in path.split('/') {
        if segment.is_empty() || segment == "." || segment == ".." {
            return Err("has an empty part, or one of dots alone");
        }
        if !segment.bytes().all(is_plain) {
            return Err("may hold letters, digits and - . _ ~ only");
        }
    }
    let first = path.split('/').next().unwrap_or_default();
    if OWN_NAMES.contains(&first) {
        return Err("begins with a name that this server uses itself, as /demo");
    }
    // The documents of a pool are under its id.
    if UserPoolId::parse(first).is_ok() {
        return Err("begins like the id of a user pool");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(public_url: &str) -> Result<Config, ConfigError> {
        let config = Config {
            public_url: public_url.to_owned(),
            issuer: None,
            issuer_updated: None,
            region: "us-east-1".to_owned(),
            account_id: "123456789012".to_owned(),
            mail_from: String::new(),
            mail_senders: Senders::Anybody,
            sms_prefixes: Vec::new(),
            limits: Limits::default(),
            request_rates: None,
            operations_off: BTreeSet::new(),
        };
        config.check()
    }

    #[test]
    fn a_public_url_may_have_a_path_that_is_told_from_all_others() {
        for (url, path) in [
            ("http://127.0.0.1:9229", ""),
            ("https://id.example.com/", ""),
            ("https://id.example.com/auth", "/auth"),
            ("https://id.example.com:8443/a/b-1_c.d~/", "/a/b-1_c.d~"),
            ("https://[::1]:8443/auth//", "/auth"),
            ("https://id.example.com/x/demo", "/x/demo"),
        ] {
            assert_eq!(at(url).unwrap().public_path(), path, "{url}");
        }
        for url in [
            "https://id.example.com//auth",
            "https://id.example.com/a//b",
            "https://id.example.com/../auth",
            "https://id.example.com/a%20b",
            "https://id.example.com/a b",
            "https://id.example.com/demo",
            "https://id.example.com/dev/x",
            "https://id.example.com/us-east-1_abcdefghi",
            &format!("https://id.example.com/{}", "a".repeat(201)),
        ] {
            let error = at(url).unwrap_err();
            assert!(
                matches!(error, ConfigError::PublicPath(..)),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn a_public_url_tells_nobody_a_password() {
        for url in [
            "https://ana:secret@id.example.com",
            "http://ana@127.0.0.1/auth",
        ] {
            let error = at(url).unwrap_err();
            assert!(matches!(error, ConfigError::PublicUrl(_)), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_pool_keeps_the_region_that_it_was_made_in() {
        let config = Config {
            public_url: "http://cognate.test".to_owned(),
            issuer: Some("https://cognito-idp.{region}.amazonaws.com/{pool}".to_owned()),
            issuer_updated: None,
            region: "eu-central-1".to_owned(),
            account_id: "123456789012".to_owned(),
            mail_from: String::new(),
            mail_senders: Senders::Anybody,
            sms_prefixes: Vec::new(),
            limits: Limits::default(),
            request_rates: None,
            operations_off: BTreeSet::new(),
        };
        let pool = UserPoolId::parse("us-east-1_abcdefghi").unwrap();
        assert_eq!(
            config.issuer_in(IssuerForm::Original, &pool),
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi"
        );
        assert_eq!(
            config.arn_of(&pool),
            "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abcdefghi"
        );
    }
}
