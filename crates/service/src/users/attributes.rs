//! Attributes between the wire and the model.

use cognate_api::idp::AttributeType;
use cognate_model::attribute::{self, AttributeError, Attributes, Contact};
use cognate_model::pool_change::{Beside, Passes};
use cognate_model::{AppClient, User, UserPool};

use crate::{Error, Result};

/// Reads an attribute list, into the form in which the pool keeps its values.
///
/// # Errors
/// `InvalidParameterException` when a name stands twice.
pub(crate) fn parse(pool: &UserPool, list: Option<&Vec<AttributeType>>) -> Result<Attributes> {
    let pairs = list
        .into_iter()
        .flatten()
        .map(|attribute| (attribute.name.as_str(), attribute.value.as_deref()));
    collect(pool, pairs)
}

/// Reads names and values, into the form in which the pool keeps them.
///
/// # Errors
/// As [`parse`].
pub(crate) fn collect<'a>(
    pool: &UserPool,
    pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<Attributes> {
    let mut attributes = attribute::collect(pairs).map_err(refused)?;
    pool.schema.normalize(&mut attributes);
    Ok(attributes)
}

/// Checks attributes that a user writes through an app client: in the schema, of their type, and
/// the client's to write.
///
/// # Errors
/// `NotAuthorizedException` for what the client may not write, `InvalidParameterException` for what
/// the schema refuses.
pub(crate) fn check_written_by_user(
    pool: &UserPool,
    client: &AppClient,
    attributes: &Attributes,
) -> Result<()> {
    check_values(pool, attributes)?;
    if attributes.keys().any(|name| !client.may_write(pool, name)) {
        return Err(Error::unauthorized_attribute());
    }
    Ok(())
}

/// Checks that attributes are in the schema and of their type.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_values(pool: &UserPool, attributes: &Attributes) -> Result<()> {
    let pairs = attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    pool.schema.check_values(pairs.clone()).map_err(refused)?;
    if let Some(beside) = coming(pool) {
        // What the coming schema does not have goes with it.
        let known = pairs.filter(|(name, _)| beside.schema.find(name).is_some());
        beside.schema.check_values(known).map_err(refused)?;
    }
    pool.check_preferred_username(attributes).map_err(refused)
}

/// Checks that all required attributes are there: by the pool's schema, and by one that comes.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_required(pool: &UserPool, attributes: &Attributes) -> Result<()> {
    let coming = coming(pool).map(|beside| &beside.schema);
    let mut schemas = [Some(&pool.schema), coming].into_iter().flatten();
    schemas.try_for_each(|schema| schema.check_required(attributes).map_err(refused))
}

/// The rules that the pool is about to get.
fn coming(pool: &UserPool) -> Option<&Beside> {
    let beside = pool.beside.as_deref();
    beside.filter(|beside| beside.passes == Passes::Coming)
}

/// Checks that nothing changes what is set when the user is made, or never (docs/protocol.md §7.8).
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_mutable(pool: &UserPool, user: &User, attributes: &Attributes) -> Result<()> {
    for (name, value) in attributes {
        let changes = user.attribute(name).unwrap_or_default() != value;
        if changes
            && pool
                .schema
                .find(name)
                .is_some_and(|attribute| !attribute.mutable)
        {
            return Err(refused(AttributeError::Immutable(name.clone())));
        }
    }
    Ok(())
}

/// Checks that nothing takes a required attribute away: to set it to nothing is to take it.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_keeps_required(pool: &UserPool, attributes: &Attributes) -> Result<()> {
    let is_required = |name: &str| pool.schema.find(name).is_some_and(|known| known.required);
    let taken = attributes
        .iter()
        .find(|(name, value)| value.is_empty() && is_required(name));
    taken.map_or(Ok(()), |(name, _)| {
        Err(refused(AttributeError::Required(name.clone())))
    })
}

/// Operators may say that an address is verified, but not of one that is absent: from what is given
/// and from the user.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_verified_flags(user: Option<&User>, given: &Attributes) -> Result<()> {
    for contact in Contact::ALL {
        let is_vouched_for = given
            .get(contact.verified_attribute())
            .is_some_and(|flag| flag == "true");
        let address = given.get(contact.attribute()).map(String::as_str);
        let address = address.or_else(|| user?.attribute(contact.attribute()));
        if is_vouched_for && address.is_none_or(str::is_empty) {
            return Err(Error::verified_without_address(
                contact.attribute(),
                contact.verified_attribute(),
            ));
        }
    }
    Ok(())
}

/// The error of a rule for attributes.
pub(crate) fn refused(error: AttributeError) -> Error {
    match error {
        AttributeError::Email => Error::invalid_email_address(),
        AttributeError::PhoneNumber => Error::invalid_phone_number(),
        other => Error::invalid_parameter(other),
    }
}

/// All attributes of a user, `sub` first, as operators see them.
pub(crate) fn all(pool: &UserPool, user: &User) -> Vec<AttributeType> {
    readable(pool, user, |_| true)
}

/// The attributes of a user that an app client may read, `sub` first.
pub(crate) fn readable_by(pool: &UserPool, user: &User, client: &AppClient) -> Vec<AttributeType> {
    readable(pool, user, |name| client.may_read(name))
}

/// Those attributes of a user whose names pass, `sub` first. What the schema has no longer, or not
/// yet, is nobody's to read.
pub(crate) fn readable(
    pool: &UserPool,
    user: &User,
    passes: impl Fn(&str) -> bool,
) -> Vec<AttributeType> {
    let attribute = |name: &str, value: &str| AttributeType {
        name: name.to_owned(),
        value: Some(value.to_owned()),
    };
    let sub = passes("sub").then(|| attribute("sub", user.sub.as_str()));
    let others = user.attributes.iter().filter(|(name, value)| {
        !value.is_empty() && passes(name) && pool.schema.find(name).is_some()
    });
    sub.into_iter()
        .chain(others.map(|(name, value)| attribute(name, value)))
        .collect()
}
