//! The document of a change: members of CreateUserPool by their names, as far as they change.

use std::collections::BTreeSet;

use cognate_model::UserPool;
use cognate_model::attribute::{Contact, DataType, is_standard};
use cognate_model::pool_change::{AttributeChange, Change};
use cognate_model::user_pool::AliasAttribute;
use serde::Deserialize;

use super::PoolChangeError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    alias_attributes: Option<Vec<Alias>>,
    username_attributes: Option<Vec<Address>>,
    username_configuration: Option<UsernameConfiguration>,
    #[serde(default)]
    schema: Vec<Attribute>,
    #[serde(default)]
    remove_attributes: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Alias {
    Email,
    PhoneNumber,
    PreferredUsername,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Address {
    Email,
    PhoneNumber,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UsernameConfiguration {
    case_sensitive: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    name: String,
    attribute_data_type: Option<DataType>,
    developer_only_attribute: Option<bool>,
    mutable: Option<bool>,
    required: Option<bool>,
    string_attribute_constraints: Option<Lengths>,
    number_attribute_constraints: Option<Values>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Lengths {
    min_length: Option<String>,
    max_length: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Values {
    min_value: Option<String>,
    max_value: Option<String>,
}

/// Reads a document, for a pool whose attributes it names.
///
/// # Errors
/// [`PoolChangeError::Document`].
pub(super) fn read(text: &str, pool: &UserPool) -> Result<Change, PoolChangeError> {
    let document: Document =
        serde_json::from_str(text).map_err(|error| PoolChangeError::Document(error.to_string()))?;
    let aliases = document.alias_attributes.map(|aliases| {
        let alias = |alias: &Alias| match alias {
            Alias::Email => AliasAttribute::Email,
            Alias::PhoneNumber => AliasAttribute::PhoneNumber,
            Alias::PreferredUsername => AliasAttribute::PreferredUsername,
        };
        aliases.iter().map(alias).collect()
    });
    let username_attributes = document.username_attributes.map(|contacts| {
        let contact = |contact: &Address| match contact {
            Address::Email => Contact::Email,
            Address::PhoneNumber => Contact::PhoneNumber,
        };
        contacts.iter().map(contact).collect::<BTreeSet<_>>()
    });
    let attributes = document.schema.into_iter();
    let removed = document.remove_attributes.iter();
    Ok(Change {
        aliases,
        username_attributes,
        case_sensitive: document
            .username_configuration
            .map(|configuration| configuration.case_sensitive),
        attributes: attributes.map(|asked| attribute(asked, pool)).collect(),
        removed: removed.map(|name| full_name(name, pool)).collect(),
    })
}

fn attribute(asked: Attribute, pool: &UserPool) -> AttributeChange {
    let lengths = asked.string_attribute_constraints.unwrap_or_default();
    let values = asked.number_attribute_constraints.unwrap_or_default();
    AttributeChange {
        name: full_name(&asked.name, pool),
        data_type: asked.attribute_data_type,
        developer_only: asked.developer_only_attribute,
        mutable: asked.mutable,
        required: asked.required,
        min_length: lengths.min_length,
        max_length: lengths.max_length,
        min_value: values.min_value,
        max_value: values.max_value,
    }
}

/// A custom attribute may be named as CreateUserPool names it, without its prefix.
fn full_name(name: &str, pool: &UserPool) -> String {
    if is_standard(name) || pool.schema.find(name).is_some() {
        return name.to_owned();
    }
    let prefixed = ["custom:", "dev:custom:"].map(|prefix| format!("{prefix}{name}"));
    let known = prefixed
        .into_iter()
        .find(|name| pool.schema.find(name).is_some());
    known.unwrap_or_else(|| name.to_owned())
}
