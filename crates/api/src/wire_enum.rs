//! The macro behind every generated enum of the wire: its values, and room for one that the model
//! does not name.

/// Declares an enum whose variants are strings on the wire. A string that the model does not name
/// becomes `Unknown`; validation refuses it before an operation sees it, unless the enum is open
/// (`validate::OPEN_ENUMS`).
macro_rules! wire_enum {
    (pub enum $name:ident { $($variant:ident = $value:literal,)* }) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($variant,)*
            /// A value that the model does not name.
            Unknown(String),
        }

        impl $name {
            /// The values that the model names.
            pub const NAMES: &[&str] = &[$($value,)*];

            /// The value on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown(value.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <String as serde::Deserialize>::deserialize(deserializer)?;
                Ok(Self::from(value.as_str()))
            }
        }
    };
}

pub(crate) use wire_enum;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::idp::{ExplicitAuthFlowsType, UserStatusType};

    #[test]
    fn a_value_that_the_model_does_not_name_is_kept_as_it_came() {
        let flow: ExplicitAuthFlowsType =
            serde_json::from_str("\"ALLOW_CLIENT_TOKEN_AUTH\"").unwrap();
        assert_eq!(
            flow,
            ExplicitAuthFlowsType::Unknown("ALLOW_CLIENT_TOKEN_AUTH".into())
        );
        assert_eq!(
            serde_json::to_string(&flow).unwrap(),
            "\"ALLOW_CLIENT_TOKEN_AUTH\""
        );
    }

    #[test]
    fn the_user_status_unknown_is_a_value_of_its_own() {
        assert_eq!(
            UserStatusType::from("UNKNOWN"),
            UserStatusType::UnknownValue
        );
        assert_eq!(UserStatusType::UnknownValue.to_string(), "UNKNOWN");
    }
}
