//! The names of the levels of authentication: AcrConfiguration (docs/protocol.md §18.2).

use std::collections::BTreeMap;

use cognate_api::idp::AcrLevelConfigType;
use cognate_model::acr::{AcrNames, Level, SameName};

use crate::{Error, Result};

/// Reads the names; a level that is left out has its default one.
///
/// # Errors
/// `InvalidParameterException` where two levels would have one name.
pub(super) fn read(given: Option<BTreeMap<String, AcrLevelConfigType>>) -> Result<AcrNames> {
    // Validation lets no other keys in.
    let named = given.unwrap_or_default().into_iter();
    let named = named.filter_map(|(key, level)| Some((Level::parse(&key)?, level.acr_value)));
    AcrNames::new(named.collect()).map_err(|SameName| Error::acr_names_not_unique())
}

/// The names of all levels, default ones too.
pub(super) fn describe(names: &AcrNames) -> BTreeMap<String, AcrLevelConfigType> {
    let described = |level: Level| {
        let acr_value = names.name(level).to_owned();
        (level.key().to_owned(), AcrLevelConfigType { acr_value })
    };
    Level::ALL.into_iter().map(described).collect()
}
