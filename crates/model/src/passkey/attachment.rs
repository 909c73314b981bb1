//! Where authenticators are.

use serde::{Deserialize, Serialize};

/// Where an authenticator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// In the device itself.
    Platform,
    /// Carried from device to device.
    CrossPlatform,
}

impl Attachment {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }

    /// The attachment of a name. Unknown ones count as none (Web Authentication Level 3, §5.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Platform, Self::CrossPlatform];
        all.into_iter().find(|known| known.as_str() == name)
    }
}
