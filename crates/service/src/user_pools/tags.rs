//! Tags of user pools: TagResource, UntagResource, ListTagsForResource.
//!
//! CreateUserPool and UpdateUserPool take a pool's tags whole.

use cognate_api::idp::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest,
    TagResourceResponse, UntagResourceRequest, UntagResourceResponse,
};
use cognate_model::{UserPool, UserPoolId};

use super::stored::{change, existing};
use super::tag_rules;
use crate::{Cx, Error, Result};

/// Adds tags to a pool; a key that the pool has gets the new value.
pub(crate) async fn tag_resource(cx: Cx, input: TagResourceRequest) -> Result<TagResourceResponse> {
    let id = pool_of(&cx, &input.resource_arn)?;
    let add = move |pool: &mut UserPool| {
        let mut tags = pool.settings.tags.clone();
        tags.extend(input.tags.clone());
        // This operation has no UserPoolTaggingException.
        pool.settings.tags =
            tag_rules::check(tags).map_err(|error| Error::invalid_parameter(error.message))?;
        Ok(())
    };
    store(&cx, "tag_resource", &id, add).await?;
    Ok(TagResourceResponse {})
}

/// Takes tags from a pool; a key that it does not have is passed over.
pub(crate) async fn untag_resource(
    cx: Cx,
    input: UntagResourceRequest,
) -> Result<UntagResourceResponse> {
    let id = pool_of(&cx, &input.resource_arn)?;
    let remove = move |pool: &mut UserPool| {
        pool.settings
            .tags
            .retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    };
    store(&cx, "untag_resource", &id, remove).await?;
    Ok(UntagResourceResponse {})
}

pub(crate) async fn list_tags_for_resource(
    cx: Cx,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse> {
    let id = pool_of(&cx, &input.resource_arn)?;
    // From the database, as DescribeUserPool: who changes tags reads back what stands.
    let pool = existing(&mut cx.app.db.read().await?, &id).await?;
    Ok(ListTagsForResourceResponse {
        tags: Some(pool.settings.tags),
    })
}

/// The pool of an ARN. One of another account, region or service is answered like that of a pool
/// that is gone.
fn pool_of(cx: &Cx, arn: &str) -> Result<UserPoolId> {
    cx.app.config.pool_of_arn(arn).ok_or_else(|| {
        let named = arn
            .rsplit_once(":userpool/")
            .map_or(arn, |(_, named)| named);
        Error::user_pool_does_not_exist(named)
    })
}

/// Changes a pool's tags.
async fn store(
    cx: &Cx,
    name: &'static str,
    id: &UserPoolId,
    tags: impl Fn(&mut UserPool) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    if change(cx, name, id, tags).await? {
        Ok(())
    } else {
        // The model gives these operations no error of their own for a lost race; who gets this one
        // tries again.
        Err(Error::too_many_requests())
    }
}
