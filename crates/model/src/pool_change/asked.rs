//! What a change asks for, and what it makes of a pool.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::attribute::{
    AttributeError, Contact, DataType, Schema, SchemaAttribute, check_limits, is_standard,
};
use crate::name_rule::NameRule;
use crate::user_pool::{AliasAttribute, SignInNames, UserPool};

/// What is to change; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// AliasAttributes.
    pub aliases: Option<BTreeSet<AliasAttribute>>,
    /// UsernameAttributes.
    pub username_attributes: Option<BTreeSet<Contact>>,
    /// UsernameConfiguration.CaseSensitive.
    pub case_sensitive: Option<bool>,
    /// Attributes of the schema that change.
    pub attributes: Vec<AttributeChange>,
    /// Custom attributes that go, by their full names.
    pub removed: BTreeSet<String>,
}

/// What is to change of one attribute; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttributeChange {
    /// Its full name as it is now.
    pub name: String,
    /// The type of its values.
    pub data_type: Option<DataType>,
    /// Whether only operators may write it.
    pub developer_only: Option<bool>,
    /// Whether its value can change once set.
    pub mutable: Option<bool>,
    /// Whether a user cannot sign up without it.
    pub required: Option<bool>,
    /// For text: the least length.
    pub min_length: Option<String>,
    /// For text: the greatest length.
    pub max_length: Option<String>,
    /// For numbers: the least.
    pub min_value: Option<String>,
    /// For numbers: the greatest.
    pub max_value: Option<String>,
}

/// Why a change cannot be made of a pool, whoever its users are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// It leaves everything as it is.
    #[error("the pool is so already: nothing would change")]
    Nothing,
    /// Two kinds of names at once.
    #[error("a pool has AliasAttributes or UsernameAttributes, not both")]
    BothKinds,
    /// An attribute that the pool does not have.
    #[error("the pool has no attribute «{0}»")]
    NoSuchAttribute(String),
    /// An attribute that every pool has.
    #[error("«{0}» is a standard attribute, which every pool has: it cannot be removed")]
    Standard(String),
    /// A member that cannot change.
    #[error("«{0}» is a standard attribute: its type stays, and it is not for developers only")]
    StandardMember(String),
    /// The id of a user, which is made here.
    #[error("the attribute «sub» cannot change")]
    Sub,
    /// An attribute that is named twice.
    #[error("the attribute «{0}» is named twice")]
    Twice(String),
    /// A schema that a pool cannot have.
    #[error("{0}")]
    Schema(#[from] AttributeError),
}

impl Change {
    /// The rule for names that the pool is to have.
    ///
    /// # Errors
    /// [`ChangeError::BothKinds`].
    pub fn rule(&self, pool: &UserPool) -> Result<NameRule, ChangeError> {
        let aliases = self.aliases.as_ref();
        let contacts = self.username_attributes.as_ref();
        let sign_in_names = match (aliases, contacts) {
            (Some(aliases), Some(contacts)) if !aliases.is_empty() && !contacts.is_empty() => {
                return Err(ChangeError::BothKinds);
            }
            (_, Some(contacts)) if !contacts.is_empty() => {
                SignInNames::Attributes(contacts.clone())
            }
            (Some(aliases), None) if aliases.is_empty() && pool.names_are_attributes() => {
                pool.sign_in_names.clone()
            }
            (Some(aliases), _) => SignInNames::Username {
                aliases: aliases.clone(),
            },
            (None, Some(_)) if pool.names_are_attributes() => SignInNames::Username {
                aliases: BTreeSet::new(),
            },
            (None, _) => pool.sign_in_names.clone(),
        };
        Ok(NameRule {
            sign_in_names,
            case_sensitive: self.case_sensitive.unwrap_or(pool.case_sensitive),
        })
    }

    /// The schema that a pool with this one is to have.
    ///
    /// # Errors
    /// [`ChangeError`] where that cannot be.
    pub fn schema(&self, schema: &Schema) -> Result<Schema, ChangeError> {
        let mut changed = schema.clone();
        for name in &self.removed {
            if is_standard(name) {
                return Err(ChangeError::Standard(name.clone()));
            }
            if changed.find(name).is_none() {
                return Err(ChangeError::NoSuchAttribute(name.clone()));
            }
            changed.0.retain(|attribute| attribute.name != *name);
        }
        let mut seen = BTreeSet::new();
        for change in &self.attributes {
            if self.removed.contains(&change.name) || !seen.insert(&change.name) {
                return Err(ChangeError::Twice(change.name.clone()));
            }
            change.apply(&mut changed)?;
        }
        let mut names = BTreeSet::new();
        let twice = |attribute: &&SchemaAttribute| !names.insert(attribute.name.clone());
        match changed.0.iter().find(twice) {
            Some(twice) => Err(ChangeError::Twice(twice.name.clone())),
            None => Ok(changed),
        }
    }

    /// The attributes that get another name: from, to.
    #[must_use]
    pub fn renamed(&self) -> Vec<(String, String)> {
        let renamed = self.attributes.iter().filter_map(|change| {
            let new = full_name(&change.name, change.developer_only?);
            (new != change.name).then(|| (change.name.clone(), new))
        });
        renamed.collect()
    }
}

impl AttributeChange {
    fn apply(&self, schema: &mut Schema) -> Result<(), ChangeError> {
        let name = &self.name;
        if name == "sub" {
            return Err(ChangeError::Sub);
        }
        let found = schema.0.iter_mut().find(|known| known.name == *name);
        let attribute = found.ok_or_else(|| ChangeError::NoSuchAttribute(name.clone()))?;
        let is_standard = is_standard(name);
        let data_type = self.data_type.unwrap_or(attribute.data_type);
        let changes_kind = data_type != attribute.data_type || self.developer_only == Some(true);
        if is_standard && changes_kind {
            return Err(ChangeError::StandardMember(name.clone()));
        }
        if !is_standard && self.required == Some(true) {
            return Err(AttributeError::Schema(format!(
                "{name}: a custom attribute cannot be required"
            ))
            .into());
        }
        // The limits of another type say nothing of this one.
        let keeps_type = data_type == attribute.data_type;
        let limit = |new: &Option<String>, old: &Option<String>, of: DataType| {
            let old = old.clone().filter(|_| keeps_type);
            new.clone().or(old).filter(|_| data_type == of)
        };
        let text = DataType::String;
        let number = DataType::Number;
        let changed = SchemaAttribute {
            name: match self.developer_only {
                Some(developer_only) if !is_standard => full_name(name, developer_only),
                _ => name.clone(),
            },
            data_type,
            developer_only: self.developer_only.unwrap_or(attribute.developer_only),
            mutable: self.mutable.unwrap_or(attribute.mutable),
            required: self.required.unwrap_or(attribute.required),
            min_length: limit(&self.min_length, &attribute.min_length, text),
            max_length: limit(&self.max_length, &attribute.max_length, text),
            min_value: limit(&self.min_value, &attribute.min_value, number),
            max_value: limit(&self.max_value, &attribute.max_value, number),
        };
        check_limits(&changed)?;
        *attribute = changed;
        Ok(())
    }
}

/// The name of a custom attribute, with or without the prefix of those for developers only.
fn full_name(name: &str, developer_only: bool) -> String {
    let plain = name.strip_prefix(crate::attribute::DEVELOPER_ONLY);
    let plain = plain.unwrap_or(name);
    if developer_only {
        format!("{}{plain}", crate::attribute::DEVELOPER_ONLY)
    } else {
        plain.to_owned()
    }
}
