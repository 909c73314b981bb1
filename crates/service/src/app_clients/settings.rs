//! From a request to an app client's settings: each member is honoured or refused.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cognate_api::idp::{
    ExplicitAuthFlowsType, FeatureType, PreventUserExistenceErrorTypes, RefreshTokenRotationType,
    TimeUnitsType, TokenValidityUnitsType,
};
use cognate_model::app_client::{
    AuthFlow, ClientSettings, Rotation, TimeUnit, UnitsNamed, Validity,
};
use cognate_model::attribute::{SchemaAttribute, is_verified_flag};
use cognate_model::user_pool::Tier;
use cognate_model::{AppClient, UserPool};

use super::asked::Asked;
use super::not_built;
use crate::{Error, Result};

/// How long access and ID tokens may live: five minutes to a day (docs/protocol.md §6.7).
const ACCESS_AND_ID: Range = Range {
    least: 300,
    most: 86_400,
    default: 3_600,
};

/// How long refresh tokens may live: an hour to ten years of 365 days.
const REFRESH: Range = Range {
    least: 3_600,
    most: 3_650 * 86_400,
    default: 30 * 86_400,
};

/// AuthSessionValidity where it is not given, in minutes.
const AUTH_SESSION_MINUTES: u32 = 3;

/// Reads the settings. What is not given gets its default, in an update too (documented for
/// UpdateUserPoolClient); only the name, which has none, stays.
///
/// # Errors
/// `InvalidParameterException` for what is wrong or not built, `FeatureUnavailableInTierException`
/// for what the pool's tier lacks.
pub(super) fn read(
    asked: Asked,
    pool: &UserPool,
    before: Option<&AppClient>,
    has_secret: bool,
) -> Result<ClientSettings> {
    not_built::refuse(&asked)?;
    let propagates = asked.enable_propagate_additional_user_context_data == Some(true);
    if propagates && !has_secret {
        return Err(Error::user_context_without_secret());
    }
    let units = asked.token_validity_units.unwrap_or_default();
    let access_validity = validity(
        asked.access_token_validity,
        units.access_token.as_ref(),
        TimeUnit::Hours,
        ACCESS_AND_ID,
    )?;
    let id_validity = validity(
        asked.id_token_validity,
        units.id_token.as_ref(),
        TimeUnit::Hours,
        ACCESS_AND_ID,
    )?;
    let refresh_validity = validity(
        // Zero means the default (RefreshTokenValidity).
        asked.refresh_token_validity.filter(|value| *value != 0),
        units.refresh_token.as_ref(),
        TimeUnit::Days,
        REFRESH,
    )?;
    if access_validity.span().max(id_validity.span()) > refresh_validity.span() {
        return Err(Error::access_and_id_outlive_refresh());
    }
    let rotation = asked.refresh_token_rotation.and_then(rotation);
    let explicit_auth_flows = unless_empty(asked.explicit_auth_flows)
        .map(|names| auth_flows(&names, pool, rotation.is_some()))
        .transpose()?;
    Ok(ClientSettings {
        name: asked
            .client_name
            .or_else(|| before.map(|before| before.settings.name.clone()))
            .unwrap_or_default(),
        access_validity,
        id_validity,
        refresh_validity,
        units_named: units_named(&units),
        read_attributes: unless_empty(asked.read_attributes)
            .map(|names| read_attributes(names, pool))
            .transpose()?,
        write_attributes: unless_empty(asked.write_attributes)
            .map(|names| write_attributes(names, pool))
            .transpose()?,
        explicit_auth_flows,
        prevent_user_existence_errors: asked.prevent_user_existence_errors
            == Some(PreventUserExistenceErrorTypes::Enabled),
        token_revocation: asked.enable_token_revocation.unwrap_or(true),
        auth_session_minutes: asked
            .auth_session_validity
            .map_or(AUTH_SESSION_MINUTES, i32::unsigned_abs),
        rotation,
        propagates_user_context: propagates,
        supported_identity_providers: unless_empty(asked.supported_identity_providers)
            .map(|names| identity_providers(names, pool))
            .transpose()?,
    })
}

/// An empty list asks for the default, as no list does (docs/protocol.md §10.2).
fn unless_empty<T>(list: Option<Vec<T>>) -> Option<Vec<T>> {
    list.filter(|list| !list.is_empty())
}

/// The spans that a token's validity may have, in seconds.
#[derive(Clone, Copy)]
struct Range {
    least: u64,
    most: u64,
    default: u64,
}

/// A validity in the unit that the owner named, or the default one. Where only a unit is given, the
/// default span is expressed in it.
fn validity(
    value: Option<i32>,
    unit: Option<&TimeUnitsType>,
    default_unit: TimeUnit,
    range: Range,
) -> Result<Validity> {
    let unit = unit.map_or(Ok(default_unit), time_unit)?;
    let value = match value {
        Some(value) => u32::try_from(value).map_err(|_| Error::invalid_token_validity())?,
        None => {
            let one = Validity::new(1, unit).span().as_secs();
            if !range.default.is_multiple_of(one) {
                return Err(Error::invalid_token_validity());
            }
            u32::try_from(range.default / one).map_err(|_| Error::invalid_token_validity())?
        }
    };
    let validity = Validity::new(value, unit);
    let in_range = (range.least..=range.most).contains(&validity.span().as_secs());
    if in_range {
        Ok(validity)
    } else {
        Err(Error::invalid_token_validity())
    }
}

fn time_unit(unit: &TimeUnitsType) -> Result<TimeUnit> {
    match unit {
        TimeUnitsType::Seconds => Ok(TimeUnit::Seconds),
        TimeUnitsType::Minutes => Ok(TimeUnit::Minutes),
        TimeUnitsType::Hours => Ok(TimeUnit::Hours),
        TimeUnitsType::Days => Ok(TimeUnit::Days),
        TimeUnitsType::Unknown(unit) => Err(Error::unknown_value(unit)),
    }
}

fn units_named(units: &TokenValidityUnitsType) -> UnitsNamed {
    UnitsNamed {
        access: units.access_token.is_some(),
        id: units.id_token.is_some(),
        refresh: units.refresh_token.is_some(),
    }
}

fn rotation(asked: RefreshTokenRotationType) -> Option<Rotation> {
    let grace_seconds = asked
        .retry_grace_period_seconds
        .map_or(0, i32::unsigned_abs);
    (asked.feature == FeatureType::Enabled).then_some(Rotation { grace_seconds })
}

fn auth_flows(
    names: &[ExplicitAuthFlowsType],
    pool: &UserPool,
    rotates: bool,
) -> Result<Vec<AuthFlow>> {
    let mut flows = Vec::new();
    for name in names {
        let flow = AuthFlow::parse(name.as_str()).ok_or_else(|| not_built::flow(name.as_str()))?;
        if !flows.contains(&flow) {
            flows.push(flow);
        }
    }
    let has_legacy = flows.iter().any(|flow| flow.is_legacy());
    if has_legacy && flows.iter().any(|flow| !flow.is_legacy()) {
        return Err(Error::legacy_and_prefixed_flows());
    }
    if flows.contains(&AuthFlow::AllowUserAuth) && pool.settings.tier == Tier::Lite {
        return Err(Error::user_auth_needs_essentials());
    }
    // A client that names no flow keeps its default set, as templates leave it out; its refreshes
    // by REFRESH_TOKEN_AUTH are refused.
    if rotates && flows.contains(&AuthFlow::AllowRefreshTokenAuth) {
        return Err(Error::rotation_and_refresh_token_auth());
    }
    Ok(flows)
}

fn read_attributes(names: Vec<String>, pool: &UserPool) -> Result<BTreeSet<String>> {
    let names = BTreeSet::from_iter(names);
    if names.iter().all(|name| pool.schema.find(name).is_some()) {
        Ok(names)
    } else {
        Err(Error::invalid_read_attributes())
    }
}

/// Users never write their sub nor what says that an address is verified, nor what the pool keeps
/// for operators; and a client through which a required attribute could not be given could sign
/// nobody up.
fn write_attributes(names: Vec<String>, pool: &UserPool) -> Result<BTreeSet<String>> {
    let names = BTreeSet::from_iter(names);
    let writable = |attribute: &SchemaAttribute| {
        attribute.name != "sub" && !is_verified_flag(&attribute.name) && !attribute.developer_only
    };
    let all_writable = names
        .iter()
        .all(|name| pool.schema.find(name).is_some_and(writable));
    let mut required = pool
        .schema
        .0
        .iter()
        .filter(|attribute| attribute.required && attribute.mutable && writable(attribute));
    if all_writable && required.all(|attribute| names.contains(&attribute.name)) {
        Ok(names)
    } else {
        Err(Error::invalid_write_attributes())
    }
}

fn identity_providers(names: Vec<String>, pool: &UserPool) -> Result<Vec<String>> {
    match names.iter().find(|name| *name != "COGNITO") {
        Some(name) => Err(Error::identity_provider_does_not_exist(name, &pool.id)),
        None => Ok(names),
    }
}
