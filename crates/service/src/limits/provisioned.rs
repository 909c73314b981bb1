//! GetProvisionedLimit and UpdateProvisionedLimit: the rate of a category of operations.

use cognate_api::idp::{
    GetProvisionedLimitRequest, GetProvisionedLimitResponse, LimitClass, LimitDefinitionType,
    LimitType, UpdateProvisionedLimitRequest, UpdateProvisionedLimitResponse,
};
use cognate_model::request_rates::Category;
use cognate_model::request_rates::table::Bounds;
use cognate_store::{Tx, provisioned_limits};

use super::request_rates::Enforced;
use crate::{Cx, Error, Result};

/// The attribute that names a category.
const CATEGORY: &str = "Category";

pub(crate) async fn get_provisioned_limit(
    cx: Cx,
    input: GetProvisionedLimitRequest,
) -> Result<GetProvisionedLimitResponse> {
    let rates = enforced(&cx)?;
    let category = category_of(&input.limit_definition)?;
    let provisioned = provisioned_limits::all(&mut cx.app.db.read().await?).await?;
    let found = provisioned.iter().find(|(name, _)| name == category.name());
    let provisioned = found.map(|(_, rate)| *rate);
    let limit = describe(category, rates.table.bounds(category), provisioned);
    Ok(GetProvisionedLimitResponse { limit })
}

pub(crate) async fn update_provisioned_limit(
    cx: Cx,
    input: UpdateProvisionedLimitRequest,
) -> Result<UpdateProvisionedLimitResponse> {
    let rates = enforced(&cx)?;
    let category = category_of(&input.limit_definition)?;
    let bounds = rates.table.bounds(category);
    let Bounds { free, maximum } = bounds;
    let rate = u32::try_from(input.requested_limit_value).unwrap_or(0);
    if rate < free {
        return Err(Error::limit_below_free(category.name(), free));
    }
    if rate > maximum {
        return Err(Error::limit_above_maximum(category.name(), maximum));
    }
    // What is there without asking may change with the operator's settings, and is not provisioned.
    let provisioned = (rate > free).then_some(rate);
    let put = async move |tx: &mut Tx| {
        match provisioned {
            Some(rate) => provisioned_limits::put(tx, category.name(), rate).await?,
            None => provisioned_limits::remove(tx, category.name()).await?,
        }
        Ok::<_, Error>(())
    };
    cx.app.db.write("update_provisioned_limit", put).await?;
    rates.provision(category, provisioned);
    let limit = describe(category, bounds, provisioned);
    Ok(UpdateProvisionedLimitResponse { limit })
}

/// The rates, where there are any: a limit that nothing enforces does not exist.
fn enforced(cx: &Cx) -> Result<&Enforced> {
    let enforced = cx.app.request_rates.enforced();
    enforced.ok_or_else(Error::rates_not_enforced)
}

fn category_of(definition: &LimitDefinitionType) -> Result<Category> {
    // Without `..`, so that a member which the model gains is not passed over. Of the classes there
    // is one, and validation lets no other in.
    let LimitDefinitionType {
        limit_class: _,
        attributes,
    } = definition;
    match attributes.get(CATEGORY) {
        Some(name) if attributes.len() == 1 => {
            Category::named(name).ok_or_else(|| Error::limit_does_not_exist(name))
        }
        _ => Err(Error::limit_definition_malformed()),
    }
}

fn describe(category: Category, bounds: Bounds, provisioned: Option<u32>) -> LimitType {
    let number = |rate| i32::try_from(rate).unwrap_or(i32::MAX);
    LimitType {
        limit_definition: LimitDefinitionType {
            limit_class: LimitClass::ApiCategory,
            attributes: [(CATEGORY.to_owned(), category.name().to_owned())].into(),
        },
        provisioned_limit_value: number(bounds.rate(provisioned)),
        free_limit_value: number(bounds.free),
    }
}
