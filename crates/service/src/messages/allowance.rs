//! Room for messages within the sum of a pool's hour, which the pool's own settings may set.

use cognate_model::UserPoolId;
use cognate_model::attribute::Contact;

use crate::limits::pool_messages::Allowed;
use crate::{Cx, Result};

/// Takes room for messages of a pool, one to each contact, before the transaction that sends them.
///
/// # Errors
/// `LimitExceededException` when the pool's sum of this hour is reached.
pub(crate) async fn take<'a>(
    cx: &'a Cx,
    pool: &UserPoolId,
    contacts: impl IntoIterator<Item = Contact>,
) -> Result<Allowed<'a>> {
    let sums = &cx.app.pool_messages;
    let mut contacts = contacts.into_iter().peekable();
    if contacts.peek().is_none() {
        return Ok(sums.nothing());
    }
    let settings = cx.app.pool_server_settings(pool).await?;
    sums.take(&cx.app.db, cx.now, pool, &settings, contacts)
        .await
}
