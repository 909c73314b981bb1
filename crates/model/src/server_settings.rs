//! What Cognito has no member for: settings of the server for one user pool or app client.
//!
//! Each group of settings is a document that is stored beside what it belongs to. A setting that is
//! absent leaves the server's own in force. [`OF_POOLS`] and [`OF_CLIENTS`] are the only lists of
//! the settings' names: what reads and writes them by name, and what tells of them, goes by these.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The settings of the server for one user pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolServerSettings {
    /// Mails that strangers and users are sent from the pool in an hour, by all nodes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_per_hour: Option<AtMost>,
    /// Text messages, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms_per_hour: Option<AtMost>,
    /// Origins from which passkeys are used beside those of the relying party's domain: of other
    /// domains, and of apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey_origins: Option<Origins>,
    /// Whether users may have recovery codes, and sign in with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<bool>,
    /// App clients that the pool may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_clients: Option<AtMost>,
    /// Resource servers that the pool may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_servers: Option<AtMost>,
    /// Requests about the pool in a second, by all nodes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<AtMost>,
    /// Whether the filters of ListUsers take the language of searches beyond Cognito.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<bool>,
}

/// The settings of the server for one app client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientServerSettings {
    /// Whether users may sign up through the client, where the pool lets them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_up: Option<bool>,
    /// Requests through the client in a second, by all nodes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<AtMost>,
}

/// A sum that is not exceeded. It is stored as a number, or as `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub enum AtMost {
    /// This many; with 0 there is none at all.
    Number(u32),
    /// Any number.
    Unlimited,
}

impl AtMost {
    /// The number; None for any.
    #[must_use]
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::Unlimited => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "none" => Some(Self::Unlimited),
            _ => text.parse().ok().filter(|_| is_number).map(Self::Number),
        }
    }
}

/// An [`AtMost`] as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Number(u32),
    Text(String),
}

impl From<AtMost> for Stored {
    fn from(sum: AtMost) -> Self {
        match sum {
            AtMost::Number(number) => Self::Number(number),
            AtMost::Unlimited => Self::Text(sum.to_string()),
        }
    }
}

impl TryFrom<Stored> for AtMost {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        match stored {
            Stored::Number(number) => Ok(Self::Number(number)),
            Stored::Text(text) if text == "none" => Ok(Self::Unlimited),
            Stored::Text(_) => Err("neither a number nor none"),
        }
    }
}

impl fmt::Display for AtMost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Unlimited => f.write_str("none"),
        }
    }
}

/// Origins, each compared as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins(pub Vec<String>);

/// The most origins that a setting lists.
const MOST_ORIGINS: usize = 20;

impl Origins {
    /// Reads a list with commas between its origins.
    fn parse(text: &str) -> Option<Self> {
        let origins: Vec<String> = text.split(',').map(str::to_owned).collect();
        let are_origins = origins.len() <= MOST_ORIGINS && origins.iter().all(|one| is_origin(one));
        are_origins.then_some(Self(origins))
    }
}

/// Whether a text can be an origin: of a page by https, as browsers write it, or of an app, as
/// `android:apk-key-hash:…`.
fn is_origin(text: &str) -> bool {
    let is_host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_:".contains(&byte);
    match text.strip_prefix("https://") {
        Some(host) => !host.is_empty() && host.bytes().all(is_host),
        None => {
            let (kind, rest) = text.split_once(':').unwrap_or_default();
            text.len() <= 255
                && !["", "http", "https"].contains(&kind)
                && !rest.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// One setting of a document `T`.
pub struct ServerSetting<T> {
    /// What it is called, as `mail-per-hour`.
    pub name: &'static str,
    /// The values that it takes, in words.
    pub values: &'static str,
    /// What it does, in a sentence.
    pub meaning: &'static str,
    read: fn(&T) -> Option<String>,
    /// Gives whether the text is a value.
    write: fn(&mut T, &str) -> bool,
    clear: fn(&mut T),
}

/// The settings that a user pool can have.
pub const OF_POOLS: &[ServerSetting<PoolServerSettings>] = &[
    ServerSetting {
        name: "mail-per-hour",
        values: "a number, or none for any number",
        meaning: "Mails to users of the pool in an hour, on all nodes together.",
        read: |of| of.mail_per_hour.map(|sum| sum.to_string()),
        write: |of, text| put(&mut of.mail_per_hour, AtMost::parse(text)),
        clear: |of| of.mail_per_hour = None,
    },
    ServerSetting {
        name: "sms-per-hour",
        values: "a number, or none for any number",
        meaning: "Text messages to users of the pool in an hour, on all nodes together.",
        read: |of| of.sms_per_hour.map(|sum| sum.to_string()),
        write: |of, text| put(&mut of.sms_per_hour, AtMost::parse(text)),
        clear: |of| of.sms_per_hour = None,
    },
    ServerSetting {
        name: "passkey-origins",
        values: "origins with commas between them, as https://shop.example.net or android:apk-key-hash:…",
        meaning: "Origins from which passkeys are used beside those of the relying party's own domain.",
        read: |of| of.passkey_origins.as_ref().map(Origins::to_string),
        write: |of, text| put(&mut of.passkey_origins, Origins::parse(text)),
        clear: |of| of.passkey_origins = None,
    },
    ServerSetting {
        name: "recovery-codes",
        values: "on or off",
        meaning: "Whether users may have recovery codes, each good once in place of a second factor.",
        read: |of| of.recovery_codes.map(|is_on| switch(is_on).to_owned()),
        write: |of, text| put(&mut of.recovery_codes, parse_switch(text)),
        clear: |of| of.recovery_codes = None,
    },
    ServerSetting {
        name: "app-clients",
        values: "a number, or none for any number",
        meaning: "App clients that the pool may have; 1000 otherwise.",
        read: |of| of.app_clients.map(|number| number.to_string()),
        write: |of, text| put(&mut of.app_clients, AtMost::parse(text)),
        clear: |of| of.app_clients = None,
    },
    ServerSetting {
        name: "resource-servers",
        values: "a number, or none for any number",
        meaning: "Resource servers that the pool may have; 25 otherwise.",
        read: |of| of.resource_servers.map(|number| number.to_string()),
        write: |of, text| put(&mut of.resource_servers, AtMost::parse(text)),
        clear: |of| of.resource_servers = None,
    },
    ServerSetting {
        name: "requests-per-second",
        values: "a number, or none for any number",
        meaning: "Requests about the pool in a second, on all nodes together, where --request-rates is on.",
        read: |of| of.requests_per_second.map(|most| most.to_string()),
        write: |of, text| put(&mut of.requests_per_second, AtMost::parse(text)),
        clear: |of| of.requests_per_second = None,
    },
    ServerSetting {
        name: "search",
        values: "on or off",
        meaning: "Whether filters of ListUsers take all attributes, contains, and, or, not and sort.",
        read: |of| of.search.map(|is_on| switch(is_on).to_owned()),
        write: |of, text| put(&mut of.search, parse_switch(text)),
        clear: |of| of.search = None,
    },
];

/// The settings that an app client can have.
pub const OF_CLIENTS: &[ServerSetting<ClientServerSettings>] = &[
    ServerSetting {
        name: "sign-up",
        values: "on or off",
        meaning: "Whether users may sign up through the client, where the pool lets them.",
        read: |of| of.sign_up.map(|is_on| switch(is_on).to_owned()),
        write: |of, text| put(&mut of.sign_up, parse_switch(text)),
        clear: |of| of.sign_up = None,
    },
    ServerSetting {
        name: "requests-per-second",
        values: "a number, or none for any number",
        meaning: "Requests through the client in a second, on all nodes together, where --request-rates is on.",
        read: |of| of.requests_per_second.map(|most| most.to_string()),
        write: |of, text| put(&mut of.requests_per_second, AtMost::parse(text)),
        clear: |of| of.requests_per_second = None,
    },
];

/// Why a setting was not found or changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// No setting has the name. The second holds the names that there are.
    #[error("there is no setting «{0}» here; there are {1}")]
    Name(String, String),
    /// The setting does not take the value.
    #[error("{name} takes {values}, not «{value}»")]
    Value {
        /// The setting's name.
        name: &'static str,
        /// What it takes, in words.
        values: &'static str,
        /// What was given.
        value: String,
    },
}

impl<T> ServerSetting<T> {
    /// The setting of a name.
    ///
    /// # Errors
    /// [`SettingError::Name`].
    pub fn find<'a>(all: &'a [Self], name: &str) -> Result<&'a Self, SettingError> {
        let found = all.iter().find(|setting| setting.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|setting| setting.name).collect();
            SettingError::Name(name.to_owned(), names.join(", "))
        })
    }

    /// Its value in a document; None where the server's own is in force.
    pub fn value(&self, of: &T) -> Option<String> {
        (self.read)(of)
    }

    /// Puts a value into a document; None takes the value away.
    ///
    /// # Errors
    /// [`SettingError::Value`]; the document is as it was.
    pub fn set(&self, of: &mut T, value: Option<&str>) -> Result<(), SettingError> {
        match value {
            None => (self.clear)(of),
            Some(text) if (self.write)(of, text) => {}
            Some(text) => {
                return Err(SettingError::Value {
                    name: self.name,
                    values: self.values,
                    value: text.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Puts what was read, if it was; gives whether.
fn put<V>(place: &mut Option<V>, value: Option<V>) -> bool {
    let is_value = value.is_some();
    if is_value {
        *place = value;
    }
    is_value
}

fn switch(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was_set_and_goes_when_it_is_taken_away() {
        let mut settings = PoolServerSettings::default();
        let origins = "https://a.example:8443,android:apk-key-hash:47DEQpj8-_";
        for (name, text) in [
            ("mail-per-hour", "0"),
            ("mail-per-hour", "250"),
            ("sms-per-hour", "none"),
            ("passkey-origins", "https://b.example"),
            ("passkey-origins", origins),
            ("recovery-codes", "on"),
            ("app-clients", "10000"),
            ("resource-servers", "300"),
            ("requests-per-second", "50"),
            ("search", "on"),
        ] {
            let setting = ServerSetting::find(OF_POOLS, name).unwrap();
            setting.set(&mut settings, Some(text)).unwrap();
            assert_eq!(setting.value(&settings).as_deref(), Some(text));
        }
        assert!(
            OF_POOLS
                .iter()
                .all(|setting| setting.value(&settings).is_some())
        );
        for setting in OF_POOLS {
            setting.set(&mut settings, None).unwrap();
        }
        assert_eq!(settings, PoolServerSettings::default());
        let mut settings = ClientServerSettings::default();
        let sign_up = ServerSetting::find(OF_CLIENTS, "sign-up").unwrap();
        sign_up.set(&mut settings, Some("off")).unwrap();
        assert_eq!(settings.sign_up, Some(false));
        assert_eq!(sign_up.value(&settings).as_deref(), Some("off"));
    }

    #[test]
    fn a_value_that_is_none_is_refused_in_words_and_changes_nothing() {
        let mut settings = PoolServerSettings::default();
        let mail = ServerSetting::find(OF_POOLS, "mail-per-hour").unwrap();
        mail.set(&mut settings, Some("7")).unwrap();
        for text in ["", "-1", "+1", " 1", "1.5", "4294967296", "NONE", "on"] {
            let error = mail.set(&mut settings, Some(text)).unwrap_err().to_string();
            assert!(error.starts_with("mail-per-hour takes a number"), "{error}");
        }
        assert_eq!(settings.mail_per_hour, Some(AtMost::Number(7)));
    }

    #[test]
    fn what_no_browser_or_app_calls_its_origin_is_refused() {
        for text in [
            "",
            ",",
            "https://a.example,",
            "https://a.example, https://b.example",
            "http://a.example",
            "https://",
            "https://a.example/",
            "https://A.example",
            "https://*.example?",
            "example.com",
            ":x",
            "android:",
            "ios:bundle id",
        ] {
            assert_eq!(Origins::parse(text), None, "{text}");
        }
        let many = vec!["https://a.example"; 21].join(",");
        assert_eq!(Origins::parse(&many), None);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_there_are() {
        let error = ServerSetting::find(OF_POOLS, "mails").err().unwrap();
        assert_eq!(
            error.to_string(),
            "there is no setting «mails» here; there are mail-per-hour, sms-per-hour, passkey-origins, recovery-codes, app-clients, resource-servers, requests-per-second, search"
        );
    }
}
