//! User attributes: the standard ones of OpenID Connect (Core §5.1) that every pool has, custom
//! ones, and the rules for their values.

mod whole_number;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::whole_number::WholeNumber;

/// A user's attributes: name to value, all values as text, in the order of their names.
pub type Attributes = BTreeMap<String, String>;

/// A value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataType {
    /// Text, limited in length.
    String,
    /// A whole number, limited in value.
    Number,
    /// A date and time; kept as text.
    DateTime,
    /// `true` or `false`.
    Boolean,
}

/// One attribute of a pool's schema, under the name that requests use (`custom:` and `dev:`
/// prefixes included).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaAttribute {
    /// The full name, as `email` or `custom:department`.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// Whether only operators may write it.
    #[serde(default)]
    pub developer_only: bool,
    /// Whether its value can change once set.
    pub mutable: bool,
    /// Whether a user cannot sign up without it.
    #[serde(default)]
    pub required: bool,
    /// For text: length limits, as the pool's owner wrote them.
    pub min_length: Option<String>,
    /// See `min_length`.
    pub max_length: Option<String>,
    /// For numbers: value limits, as the pool's owner wrote them.
    pub min_value: Option<String>,
    /// See `min_value`.
    pub max_value: Option<String>,
}

/// A contact attribute, which a code can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
}

impl Contact {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Email, Self::PhoneNumber];

    /// The attribute's name.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// The name of the attribute that says whether it is verified.
    #[must_use]
    pub fn verified_attribute(self) -> &'static str {
        match self {
            Self::Email => EMAIL_VERIFIED,
            Self::PhoneNumber => PHONE_NUMBER_VERIFIED,
        }
    }

    /// The contact attribute of a name.
    #[must_use]
    pub fn of(attribute: &str) -> Option<Self> {
        match attribute {
            "email" => Some(Self::Email),
            "phone_number" => Some(Self::PhoneNumber),
            _ => None,
        }
    }
}

/// `email_verified`
const EMAIL_VERIFIED: &str = "email_verified";
/// `phone_number_verified`
const PHONE_NUMBER_VERIFIED: &str = "phone_number_verified";
/// The prefix of attributes that only operators write.
pub(crate) const DEVELOPER_ONLY: &str = "dev:";
/// The longest value of any attribute, in bytes.
const MAX_VALUE_LENGTH: usize = 2048;
/// The most custom attributes a pool can have.
const MAX_CUSTOM_ATTRIBUTES: usize = 50;

type Standard = (
    &'static str,
    DataType,
    bool,
    Option<(&'static str, &'static str)>,
);

/// The standard attributes (docs/protocol.md §7.7): name, type, whether mutable by default, and the
/// length limits of a new pool.
const STANDARD: [Standard; 20] = [
    ("sub", DataType::String, false, Some(("1", "2048"))),
    ("name", DataType::String, true, Some(("0", "2048"))),
    ("given_name", DataType::String, true, Some(("0", "2048"))),
    ("family_name", DataType::String, true, Some(("0", "2048"))),
    ("middle_name", DataType::String, true, Some(("0", "2048"))),
    ("nickname", DataType::String, true, Some(("0", "2048"))),
    (
        "preferred_username",
        DataType::String,
        true,
        Some(("0", "2048")),
    ),
    ("profile", DataType::String, true, Some(("0", "2048"))),
    ("picture", DataType::String, true, Some(("0", "2048"))),
    ("website", DataType::String, true, Some(("0", "2048"))),
    ("email", DataType::String, true, Some(("0", "2048"))),
    (EMAIL_VERIFIED, DataType::Boolean, true, None),
    ("gender", DataType::String, true, Some(("0", "2048"))),
    ("birthdate", DataType::String, true, Some(("10", "10"))),
    ("zoneinfo", DataType::String, true, Some(("0", "2048"))),
    ("locale", DataType::String, true, Some(("0", "2048"))),
    ("phone_number", DataType::String, true, Some(("0", "2048"))),
    (PHONE_NUMBER_VERIFIED, DataType::Boolean, true, None),
    ("address", DataType::String, true, Some(("0", "2048"))),
    ("updated_at", DataType::Number, true, Some(("0", ""))),
];

/// Whether a name is one of the standard attributes.
#[must_use]
pub fn is_standard(name: &str) -> bool {
    STANDARD.iter().any(|(standard, ..)| *standard == name)
}

/// Whether the attribute is a verified flag of another. Users never write these, whatever the app
/// client allows.
#[must_use]
pub fn is_verified_flag(name: &str) -> bool {
    name == EMAIL_VERIFIED || name == PHONE_NUMBER_VERIFIED
}

/// A rule for attributes that a request breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The schema has no attributes of these names.
    #[error("Invalid user attributes: {}", unknown_lines(.0))]
    Unknown(Vec<String>),
    /// The schema's required attributes that are absent.
    #[error("Attributes did not conform to the schema: {}", required_sentence(.0))]
    Missing(Vec<String>),
    /// A value that is not of the attribute's type or within its limits.
    #[error("Attributes did not conform to the schema: {name}: {problem}")]
    Value {
        /// The attribute.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A value that is no e-mail address.
    #[error("Invalid email address format.")]
    Email,
    /// A value that is no phone number.
    #[error("Invalid phone number format.")]
    PhoneNumber,
    /// An attribute that cannot change once set.
    #[error("user.{0}: Attribute cannot be updated.")]
    Immutable(String),
    /// A request would remove a required attribute.
    #[error("user.{0}: Required attribute cannot be deleted.")]
    Required(String),
    /// An attribute that was named twice.
    #[error("Attribute {0} is given more than once.")]
    Twice(String),
    /// A schema that a pool cannot have.
    #[error("{0}")]
    Schema(String),
}

fn required_sentence(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("{name}: The attribute {name} is required"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// One line for each name, up to a limit: a request can name thousands.
fn unknown_lines(names: &[String]) -> String {
    const MOST: usize = 32;
    names
        .iter()
        .take(MOST)
        .map(|name| format!("user.{name}: Attribute does not exist in the schema.\n"))
        .collect()
}

/// A pool's attributes: the standard ones, as the owner changed them, and custom ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema(pub Vec<SchemaAttribute>);

impl Default for Schema {
    fn default() -> Self {
        let standard = STANDARD.iter().map(|(name, data_type, mutable, limits)| {
            let number = *data_type == DataType::Number;
            let low = limits.map(|(low, _)| low.to_owned());
            let high = limits
                .map(|(_, high)| high.to_owned())
                .filter(|high| !high.is_empty());
            SchemaAttribute {
                name: (*name).to_owned(),
                data_type: *data_type,
                developer_only: false,
                mutable: *mutable,
                required: *name == "sub",
                min_length: low.clone().filter(|_| !number),
                max_length: high.clone().filter(|_| !number),
                min_value: low.filter(|_| number),
                max_value: high.filter(|_| number),
            }
        });
        Self(standard.collect())
    }
}

impl Schema {
    /// The schema of a new pool: the standard attributes, with those replaced that `changes` names,
    /// and custom ones (named without prefix).
    ///
    /// # Errors
    /// [`AttributeError::Schema`] when a change is not possible: a custom attribute that is
    /// required, a standard one of another type, a name given twice, limits that are no numbers or
    /// the wrong way round, more than fifty custom attributes.
    pub fn with_changes(changes: Vec<SchemaAttribute>) -> Result<Self, AttributeError> {
        let mut schema = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for mut change in changes {
            if is_standard(&change.name) {
                check_limits(&change)?;
                schema.replace_standard(&mut seen, change)?;
            } else {
                change.name = format!(
                    "{}{}",
                    if change.developer_only {
                        "dev:custom:"
                    } else {
                        "custom:"
                    },
                    change.name
                );
                schema.add_custom(change)?;
            }
        }
        Ok(schema)
    }

    fn replace_standard(
        &mut self,
        seen: &mut Vec<String>,
        change: SchemaAttribute,
    ) -> Result<(), AttributeError> {
        let Some(standard) = self
            .0
            .iter_mut()
            .find(|attribute| attribute.name == change.name)
        else {
            return Err(AttributeError::Unknown(vec![change.name]));
        };
        if standard.data_type != change.data_type {
            return Err(AttributeError::Schema(format!(
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {}",
                change.name
            )));
        }
        if change.developer_only || change.name == "sub" && (!change.required || change.mutable) {
            return Err(AttributeError::Schema(format!(
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {}",
                change.name
            )));
        }
        if seen.contains(&change.name) {
            return Err(AttributeError::Schema(format!(
                "Existing attribute already has name {}.",
                change.name
            )));
        }
        seen.push(change.name.clone());
        let (min_length, max_length) = (standard.min_length.take(), standard.max_length.take());
        let (min_value, max_value) = (standard.min_value.take(), standard.max_value.take());
        *standard = SchemaAttribute {
            min_length: change.min_length.or(min_length),
            max_length: change.max_length.or(max_length),
            min_value: change.min_value.or(min_value),
            max_value: change.max_value.or(max_value),
            ..change
        };
        Ok(())
    }

    /// Adds a custom attribute under its full name.
    ///
    /// # Errors
    /// [`AttributeError::Schema`] as for [`Schema::with_changes`].
    pub fn add_custom(&mut self, attribute: SchemaAttribute) -> Result<(), AttributeError> {
        check_limits(&attribute)?;
        if attribute.required {
            return Err(AttributeError::Schema(
                "Required custom attributes are not supported currently.".to_owned(),
            ));
        }
        if self.find(&attribute.name).is_some() {
            // AWS writes the first of the two names without the prefix of operators' attributes.
            let name = attribute.name.strip_prefix(DEVELOPER_ONLY);
            return Err(AttributeError::Schema(format!(
                "{}: Existing attribute already has name {}.",
                name.unwrap_or(&attribute.name),
                attribute.name
            )));
        }
        if self.0.len() >= STANDARD.len() + MAX_CUSTOM_ATTRIBUTES {
            return Err(AttributeError::Schema(
                "The user pool has the most custom attributes that it can have.".to_owned(),
            ));
        }
        self.0.push(attribute);
        Ok(())
    }

    /// The attribute of a full name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SchemaAttribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    /// Checks the values of some attributes: each is in the schema, of its type and within its
    /// limits.
    ///
    /// # Errors
    /// [`AttributeError::Unknown`] with all that are not in the schema, or else the first rule that
    /// is broken.
    pub fn check_values<'a>(
        &self,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), AttributeError> {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for (name, value) in attributes {
            match self.find(name).filter(|_| name != "sub") {
                Some(attribute) => known.push((attribute, value)),
                None => unknown.push(name.to_owned()),
            }
        }
        if !unknown.is_empty() {
            return Err(AttributeError::Unknown(unknown));
        }
        known
            .into_iter()
            .try_for_each(|(attribute, value)| check_value(attribute, value))
    }

    /// Brings values into the form that is stored: booleans, which a request may write in any case,
    /// in lower case (docs/protocol.md §7.9).
    pub fn normalize(&self, attributes: &mut Attributes) {
        for (name, value) in attributes {
            let is_boolean = self
                .find(name)
                .is_some_and(|attribute| attribute.data_type == DataType::Boolean);
            if is_boolean {
                value.make_ascii_lowercase();
            }
        }
    }

    /// Checks that all required attributes are there and none is empty.
    ///
    /// # Errors
    /// [`AttributeError::Missing`] with all that are absent.
    pub fn check_required(&self, attributes: &Attributes) -> Result<(), AttributeError> {
        let missing = self.missing_required(attributes);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(AttributeError::Missing(missing))
        }
    }

    /// The required attributes that a user lacks (`sub` is never among them).
    #[must_use]
    pub fn missing_required(&self, attributes: &Attributes) -> Vec<String> {
        let required = self
            .0
            .iter()
            .filter(|attribute| attribute.required && attribute.name != "sub");
        let missing = required
            .filter(|attribute| attributes.get(&attribute.name).is_none_or(String::is_empty));
        missing.map(|attribute| attribute.name.clone()).collect()
    }
}

/// Reads an attribute list of a request. A repeated name is refused, and an absent value is an
/// empty one.
///
/// # Errors
/// [`AttributeError::Twice`].
pub fn collect<'a>(
    pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<Attributes, AttributeError> {
    let mut attributes = Attributes::new();
    for (name, value) in pairs {
        if attributes
            .insert(name.to_owned(), value.unwrap_or_default().to_owned())
            .is_some()
        {
            return Err(AttributeError::Twice(name.to_owned()));
        }
    }
    Ok(attributes)
}

fn check_value(attribute: &SchemaAttribute, value: &str) -> Result<(), AttributeError> {
    let problem = |problem| {
        Err(AttributeError::Value {
            name: attribute.name.clone(),
            problem,
        })
    };
    if value.contains('\0') {
        return problem("Attribute value has a character that is not allowed");
    }
    if value.len() > MAX_VALUE_LENGTH {
        return problem("String must not be longer than 2048 bytes");
    }
    match attribute.data_type {
        // A value may always be cleared, whatever its limits; whether the attribute is required is
        // another rule.
        _ if value.is_empty() => Ok(()),
        DataType::Boolean if value != "true" && value != "false" => {
            problem("Attribute value must be true or false")
        }
        DataType::Number => check_number(attribute, value),
        DataType::String => check_text(attribute, value),
        DataType::Boolean | DataType::DateTime => Ok(()),
    }
}

fn check_text(attribute: &SchemaAttribute, value: &str) -> Result<(), AttributeError> {
    match attribute.name.as_str() {
        "email" if !crate::name::is_email(value) => return Err(AttributeError::Email),
        "phone_number" if !crate::name::is_phone_number(value) => {
            return Err(AttributeError::PhoneNumber);
        }
        "birthdate" if !is_date(value) => {
            return Err(AttributeError::Value {
                name: attribute.name.clone(),
                problem: "Birthdate must be of the form YYYY-MM-DD",
            });
        }
        _ => {}
    }
    let length = value.chars().count();
    let limit = |limit: &Option<String>| {
        limit
            .as_deref()
            .and_then(|limit| limit.parse::<usize>().ok())
    };
    if limit(&attribute.min_length).is_some_and(|min| length < min) {
        return Err(AttributeError::Value {
            name: attribute.name.clone(),
            problem: "String must be longer",
        });
    }
    if limit(&attribute.max_length).is_some_and(|max| length > max) {
        return Err(AttributeError::Value {
            name: attribute.name.clone(),
            problem: "String must be shorter",
        });
    }
    Ok(())
}

fn check_number(attribute: &SchemaAttribute, value: &str) -> Result<(), AttributeError> {
    let problem = |problem| {
        Err(AttributeError::Value {
            name: attribute.name.clone(),
            problem,
        })
    };
    let Some(number) = WholeNumber::parse(value) else {
        return problem("Attribute value must be a whole number");
    };
    let (min, max) = (&attribute.min_value, &attribute.max_value);
    let is_within = |limit: &Option<String>, holds: fn(&WholeNumber, &WholeNumber) -> bool| {
        let limit = limit.as_deref().and_then(WholeNumber::parse);
        limit.is_none_or(|limit| holds(&number, &limit))
    };
    if !is_within(min, |number, min| number >= min) {
        return problem("Number must be larger");
    }
    if !is_within(max, |number, max| number <= max) {
        return problem("Number must be smaller");
    }
    Ok(())
}

/// Checks the limits of an attribute under its full name.
pub(crate) fn check_limits<'a>(attribute: &'a SchemaAttribute) -> Result<(), AttributeError> {
    let name = &attribute.name;
    let invalid = |member: &str| {
        AttributeError::Schema(format!("Invalid {member} for schema attribute {name}"))
    };
    let length = |limit: &Option<String>| {
        let number = limit.as_deref().map(str::parse::<i64>).transpose();
        number.map_err(|_| invalid("StringAttributeConstraints"))
    };
    let value = |limit: Option<&'a str>| {
        let number = limit.map(WholeNumber::parse_limit);
        match number {
            Some(None) => Err(invalid("NumberAttributeConstraints")),
            number => Ok(number.flatten()),
        }
    };
    let (min_length, max_length) = (
        length(&attribute.min_length)?,
        length(&attribute.max_length)?,
    );
    let (min_value, max_value) = (
        value(attribute.min_value.as_deref())?,
        value(attribute.max_value.as_deref())?,
    );
    let bad = |what: &str| Err(AttributeError::Schema(format!("user.{name}: {what}")));
    let lengths = || [min_length, max_length].into_iter().flatten();
    if lengths().any(|length| length < 0) {
        return bad("String attributes cannot have a negative length.");
    }
    if lengths().any(|length| length > 2048) {
        return bad("String attributes cannot have a length of more than 2048");
    }
    if crossed(min_length, max_length) {
        return bad("Max length cannot be less than min length.");
    }
    if crossed(min_value, max_value) {
        return bad("Max value cannot be less than min value.");
    }
    Ok(())
}

/// Whether the lower limit is above the upper one.
fn crossed<T: PartialOrd>(low: Option<T>, high: Option<T>) -> bool {
    low.zip(high).is_some_and(|(low, high)| low > high)
}

fn is_date(value: &str) -> bool {
    value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests;
