//! A pool's schema on the wire.

use cognate_api::idp::{
    AttributeDataType, NumberAttributeConstraintsType, SchemaAttributeType,
    StringAttributeConstraintsType,
};
use cognate_model::attribute::{AttributeError, DataType, Schema, SchemaAttribute, is_standard};

use crate::{Error, Result};

/// The schema of a new pool: the standard attributes with the owner's changes, and custom ones.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn of_new_pool(attributes: Vec<SchemaAttributeType>) -> Result<Schema> {
    let standard = Schema::default();
    let changes: Result<Vec<_>> = attributes
        .into_iter()
        .map(|attribute| read(attribute, &standard))
        .collect();
    Schema::with_changes(changes?).map_err(refused)
}

/// Custom attributes that join a pool, under their full names. A standard attribute's name is one
/// like any other here: `email` becomes `custom:email`.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn custom_attributes(
    attributes: Vec<SchemaAttributeType>,
) -> Result<Vec<SchemaAttribute>> {
    let none = Schema(Vec::new());
    let under_full_name = |attribute| {
        let attribute = read(attribute, &none)?;
        let prefix = if attribute.developer_only {
            "dev:custom:"
        } else {
            "custom:"
        };
        Ok(SchemaAttribute {
            name: format!("{prefix}{}", attribute.name),
            ..attribute
        })
    };
    attributes.into_iter().map(under_full_name).collect()
}

/// A rule of the schema that is broken, for the caller.
pub(super) fn refused(error: AttributeError) -> Error {
    Error::invalid_parameter(error)
}

/// Reads one attribute; what is left out is as in the standard attribute of that name, or mutable,
/// for operators and users, not required.
fn read(attribute: SchemaAttributeType, standard: &Schema) -> Result<SchemaAttribute> {
    let name = attribute
        .name
        .ok_or_else(|| Error::invalid_parameter("An attribute of the schema has no Name"))?;
    if name.starts_with("custom:") || name.starts_with("dev:") {
        return Err(Error::invalid_parameter(format!(
            "{name}: the name of a custom attribute is given without its prefix"
        )));
    }
    let like = standard.find(&name).filter(|_| is_standard(&name));
    let data_type = match attribute.attribute_data_type {
        Some(data_type) => read_data_type(&data_type)?,
        None => like
            .map(|like| like.data_type)
            .ok_or_else(Error::invalid_attribute_data_type)?,
    };
    // Constraints of another type are dropped unread, as at AWS (docs/protocol.md §7.8).
    let text = attribute
        .string_attribute_constraints
        .filter(|_| data_type == DataType::String)
        .unwrap_or_default();
    let number = attribute
        .number_attribute_constraints
        .filter(|_| data_type == DataType::Number)
        .unwrap_or_default();
    Ok(SchemaAttribute {
        data_type,
        developer_only: attribute.developer_only_attribute.unwrap_or(false),
        mutable: attribute
            .mutable
            .unwrap_or_else(|| like.is_none_or(|like| like.mutable)),
        required: attribute
            .required
            .unwrap_or_else(|| like.is_some_and(|like| like.required)),
        min_length: text.min_length,
        max_length: text.max_length,
        min_value: number.min_value,
        max_value: number.max_value,
        name,
    })
}

fn read_data_type(data_type: &AttributeDataType) -> Result<DataType> {
    match data_type {
        AttributeDataType::String => Ok(DataType::String),
        AttributeDataType::Number => Ok(DataType::Number),
        AttributeDataType::DateTime => Ok(DataType::DateTime),
        AttributeDataType::Boolean => Ok(DataType::Boolean),
        AttributeDataType::Unknown(_) => Err(Error::invalid_attribute_data_type()),
    }
}

/// An attribute as Describe shows it: with the constraints of its type, an empty object where it
/// has none.
pub(super) fn describe(attribute: &SchemaAttribute) -> SchemaAttributeType {
    let text = || StringAttributeConstraintsType {
        min_length: attribute.min_length.clone(),
        max_length: attribute.max_length.clone(),
    };
    let number = || NumberAttributeConstraintsType {
        min_value: attribute.min_value.clone(),
        max_value: attribute.max_value.clone(),
    };
    SchemaAttributeType {
        name: Some(attribute.name.clone()),
        attribute_data_type: Some(match attribute.data_type {
            DataType::String => AttributeDataType::String,
            DataType::Number => AttributeDataType::Number,
            DataType::DateTime => AttributeDataType::DateTime,
            DataType::Boolean => AttributeDataType::Boolean,
        }),
        developer_only_attribute: Some(attribute.developer_only),
        mutable: Some(attribute.mutable),
        required: Some(attribute.required),
        number_attribute_constraints: (attribute.data_type == DataType::Number).then(number),
        string_attribute_constraints: (attribute.data_type == DataType::String).then(text),
    }
}
