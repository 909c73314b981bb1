//! AWS's names in Rust's spelling.

/// Endings and abbreviations that AWS spells in capitals and that belong together.
const WORDS: &[(&str, &str)] = &[
    ("OAuth", "Oauth"),
    ("URLs", "Urls"),
    ("ARNs", "Arns"),
    ("IDs", "Ids"),
];

/// Names that Rust keeps for itself.
const KEYWORDS: &[&str] = &["type", "match", "use", "ref", "where", "move", "static"];

/// The words of a name: `MFAOptions` is MFA, Options; `user_pool` is user, pool; `S3Bucket` is S3,
/// Bucket.
fn words(name: &str) -> Vec<String> {
    let mut name = name.to_owned();
    for (from, to) in WORDS {
        name = name.replace(from, to);
    }
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            before = None;
            continue;
        }
        let ends_capitals = before.is_some_and(|b| b.is_ascii_uppercase())
            && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let starts_capital = before.is_some_and(|b| !b.is_ascii_uppercase());
        let begins =
            before.is_none() || letter.is_ascii_uppercase() && (starts_capital || ends_capitals);
        match words.last_mut() {
            Some(word) if !begins => word.push(letter),
            _ => words.push(letter.to_string()),
        }
        before = Some(letter);
    }
    words
}

/// A field's name: `UserPoolId` becomes user_pool_id, `Type` becomes r#type.
pub(crate) fn field(name: &str) -> String {
    let snake = words(name).join("_").to_ascii_lowercase();
    if KEYWORDS.contains(&snake.as_str()) {
        return format!("r#{snake}");
    }
    snake
}

/// A static's name: `UserPoolIdType` becomes USER_POOL_ID_TYPE.
pub(crate) fn constant(name: &str) -> String {
    words(name).join("_").to_ascii_uppercase()
}

/// An enum variant's name: `ALLOW_USER_SRP_AUTH` becomes AllowUserSrpAuth, `V1_0` stays.
pub(crate) fn variant(value: &str) -> String {
    let mut variant = String::new();
    for word in words(value) {
        let digits_meet = variant.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit());
        if digits_meet {
            variant.push('_');
        }
        let mut letters = word.chars();
        variant.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        variant.push_str(&letters.as_str().to_ascii_lowercase());
    }
    // `Unknown` is kept for values that the model does not name.
    if variant == "Unknown" {
        variant.push_str("Value");
    }
    variant
}

/// What serde's `rename_all = "PascalCase"` makes of a field.
pub(crate) fn pascal(field: &str) -> String {
    let bare = field.trim_start_matches("r#");
    bare.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

/// How AWS's validation spells a member: with a small first letter.
pub(crate) fn member_path(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_as_words() {
        for (wire, rust) in [
            ("UserPoolId", "user_pool_id"),
            ("MFAOptions", "mfa_options"),
            ("SMSMfaSettings", "sms_mfa_settings"),
            (
                "AllowedOAuthFlowsUserPoolClient",
                "allowed_oauth_flows_user_pool_client",
            ),
            ("CallbackURLs", "callback_urls"),
            ("SamlProviderARNs", "saml_provider_arns"),
            ("KMSKeyID", "kms_key_id"),
            ("S3Configuration", "s3_configuration"),
            ("Type", "r#type"),
        ] {
            assert_eq!(field(wire), rust);
        }
    }

    #[test]
    fn variants_read_as_words() {
        for (wire, rust) in [
            ("ALLOW_USER_SRP_AUTH", "AllowUserSrpAuth"),
            ("phone_number", "PhoneNumber"),
            ("V1_0", "V1_0"),
            ("TLS_V1_2_2021", "TlsV1_2_2021"),
            ("N_A", "NA"),
            ("userNotification", "UserNotification"),
            ("OIDC", "Oidc"),
            ("UNKNOWN", "UnknownValue"),
        ] {
            assert_eq!(variant(wire), rust);
        }
    }
}
