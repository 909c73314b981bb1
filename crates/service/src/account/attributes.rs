//! The attributes of a signed-in user: UpdateUserAttributes, DeleteUserAttributes.

use std::sync::Arc;

use cognate_api::idp::{
    CodeDeliveryDetailsType, DeleteUserAttributesRequest, DeleteUserAttributesResponse,
    UpdateUserAttributesRequest, UpdateUserAttributesResponse,
};
use cognate_model::attribute::{Attributes, Contact};
use cognate_model::code::LimitedAction;
use cognate_model::user_pool::{AliasAttribute, SignInNames};
use cognate_model::{NormalName, Sub, Timestamp, User, UserPool};
use cognate_store::{Tx, users as stored_users, ways_back};

use super::way_back::Notices;
use crate::limits::backends;
use crate::limits::sums::{Whence, count_action};
use crate::messages::allowance;
use crate::messages::codes::NewCode;
use crate::tokens::access_token::{self, SessionBasis, SignedIn};
use crate::users::accounts::is_made_up;
use crate::users::changed_attributes::{attribute_code, check_sign_in_name, delete_attributes};
use crate::users::{attributes, storing};
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn update_user_attributes(
    cx: Cx,
    input: UpdateUserAttributesRequest,
) -> Result<UpdateUserAttributesResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let basis = signed_in.basis();
    let SignedIn {
        pool_client, user, ..
    } = signed_in;
    let given = attributes::parse(&pool_client.pool, Some(&input.user_attributes))?;
    attributes::check_written_by_user(&pool_client.pool, &pool_client.entry.client, &given)?;
    attributes::check_mutable(&pool_client.pool, &user, &given)?;
    attributes::check_keeps_required(&pool_client.pool, &given)?;
    let cx = backends::of_token(&cx, &pool_client.entry, &user.sub);
    let changed = change_attributes(&cx, &pool_client.pool, &user, basis, given).await?;
    Ok(UpdateUserAttributesResponse {
        code_delivery_details_list: Some(changed).filter(|list| !list.is_empty()),
    })
}

/// Changes a user's own attributes. A changed address is unverified, and no name to sign in with
/// before it is verified; where the pool verifies such addresses a code goes to the new one; where
/// the pool wants it verified first, the old address stays until the code has come back.
async fn change_attributes(
    cx: &Cx,
    pool: &Arc<UserPool>,
    user: &User,
    basis: SessionBasis,
    given: Attributes,
) -> Result<Vec<CodeDeliveryDetailsType>> {
    let mut now_given = given;
    let codes_out = codes_for_addresses(cx, pool, user, &mut now_given)?;
    let details = codes_out.iter().map(NewCode::details).collect();
    let pool = Arc::clone(pool);
    let has_codes = !codes_out.is_empty();
    if has_codes {
        cx.app.limits.messages.spend(&cx.origin, cx.now)?;
    }
    let contacts = codes_out.iter().map(NewCode::contact);
    let allowed = allowance::take(cx, &pool.id, contacts)
        .await
        .map_err(limit_of_an_update)?;
    let prefers_made_up = pool.has_alias(AliasAttribute::PreferredUsername)
        && now_given
            .get("preferred_username")
            .is_some_and(|name| is_made_up(&cx.app, &pool, &NormalName::new(&pool, name)));
    // That a name is taken tells who is here.
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let notices = Notices::draw(cx, &pool);
    let change = Change {
        pool,
        sub: user.sub.clone(),
        basis,
        given: now_given,
        prefers_made_up,
        codes_out,
        notices: notices.clone(),
        whence: Whence::of(cx),
        now: cx.now,
    };
    let change = async move |tx: &mut Tx| change.apply(tx).await;
    let outcome = cx.app.db.write("update_user_attributes", change).await;
    if !outcome
        .as_ref()
        .is_err_and(|error| error.code == ErrorCode::AliasExists)
    {
        taken.give_back();
    }
    match outcome {
        Ok(None) => {
            allowed.sent();
            notices.are_out();
            if has_codes {
                cx.app.outbox_filled.notify_one();
            }
            Ok(details)
        }
        Ok(Some(error)) | Err(error) => Err(limit_of_an_update(error)),
    }
}

/// A change of a user's own attributes, ready to be made.
#[derive(Clone)]
struct Change {
    pool: Arc<UserPool>,
    sub: Sub,
    basis: SessionBasis,
    given: Attributes,
    /// Whether it asks for a preferred user name that counts as taken.
    prefers_made_up: bool,
    codes_out: Vec<NewCode>,
    notices: Notices,
    whence: Whence,
    now: Timestamp,
}

impl Change {
    /// Makes the change in a transaction. `Some` holds the refusal of a limit, which must be
    /// committed with the count.
    async fn apply(self, tx: &mut Tx) -> Result<Option<Error>> {
        let (pool, sub) = (&self.pool, &self.sub);
        self.basis.check(tx).await?;
        // The new value of an address is a guess at who has it, and a mail to a stranger: limited
        // like any other code.
        if !self.codes_out.is_empty() {
            let action = LimitedAction::SendAttributeCode;
            let limit = count_action(tx, &self.whence, &pool.id, sub, action, self.now).await?;
            if limit.is_some() {
                return Ok(limit);
            }
        }
        let mut user = stored_users::find(tx, &pool.id, sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        attributes::check_mutable(pool, &user, &self.given)?;
        let before = user.clone();
        user.set_attributes(self.given);
        user.keep_names_of(&before, pool);
        user.note_changed_addresses(&before, self.now);
        user.modified_at = self.now;
        check_sign_in_name(pool, &before, &user)?;
        check_not_anothers(tx, pool, &before, &user).await?;
        if self.prefers_made_up {
            return Err(Error::alias_exists("preferred_username"));
        }
        storing::store(tx, pool, &user, false).await?;
        self.notices.put(tx, &before, &user).await?;
        for code in &self.codes_out {
            code.put(tx).await?;
        }
        Ok(None)
    }
}

/// UpdateUserAttributes has no LimitExceededException of its own.
fn limit_of_an_update(error: Error) -> Error {
    match error.code {
        ErrorCode::LimitExceeded => Error::too_many_requests(),
        _ => error,
    }
}

/// The codes that go out to changed addresses, and the attributes as they are to be written now:
/// without what is the user's already and what waits for its proof, and with what is unverified
/// from now on.
fn codes_for_addresses(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    now_given: &mut Attributes,
) -> Result<Vec<NewCode>> {
    let mut codes_out = Vec::new();
    for contact in [Contact::Email, Contact::PhoneNumber] {
        let attribute = contact.attribute();
        let Some(address) = now_given
            .get(attribute)
            .filter(|address| !address.is_empty())
            .cloned()
        else {
            continue;
        };
        if user.attribute(attribute) == Some(&address) {
            // Theirs already. Written all the same, it would take the place of an address that
            // another request has set and verified in between, and be verified itself.
            now_given.remove(attribute);
            continue;
        }
        if pool.settings.auto_verified.contains(&contact) {
            codes_out.push(attribute_code(cx, pool, user, contact, &address)?);
        }
        if pool.settings.verified_before_update.contains(&contact) {
            now_given.remove(attribute);
        } else {
            now_given.insert(contact.verified_attribute().to_owned(), false.to_string());
        }
    }
    Ok(codes_out)
}

/// In a pool whose sign-in names are addresses, one that another user has proved is theirs: told at
/// once, though it would become a name only by a proof; and so is one that another may come back
/// to. One that its holder has not proved is still anybody's to prove.
///
/// # Errors
/// `AliasExistsException`.
async fn check_not_anothers(
    tx: &mut Tx,
    pool: &UserPool,
    before: &User,
    after: &User,
) -> Result<()> {
    let SignInNames::Attributes(contacts) = &pool.sign_in_names else {
        return Ok(());
    };
    for contact in contacts {
        let address = after.attribute(contact.attribute());
        let Some(address) = address.filter(|_| before.attribute(contact.attribute()) != address)
        else {
            continue;
        };
        let name = NormalName::new(pool, address);
        let holder = stored_users::find_by_name(tx, &pool.id, &name).await?;
        let is_anothers =
            |holder: User| holder.sub != after.sub && holder.has_proved(pool, *contact, &name);
        let now = after.modified_at;
        if holder.is_some_and(is_anothers)
            || ways_back::is_kept_for_another(tx, &pool.id, &name, &after.sub, now).await?
        {
            return Err(Error::alias_exists(contact.attribute()));
        }
    }
    Ok(())
}

pub(crate) async fn delete_user_attributes(
    cx: Cx,
    input: DeleteUserAttributesRequest,
) -> Result<DeleteUserAttributesResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let basis = signed_in.basis();
    let SignedIn {
        pool_client, user, ..
    } = signed_in;
    let empty: Attributes = input
        .user_attribute_names
        .iter()
        .map(|name| (name.clone(), String::new()))
        .collect();
    attributes::check_written_by_user(&pool_client.pool, &pool_client.entry.client, &empty)?;
    let notices = Notices::draw(&cx, &pool_client.pool);
    let told = Some((basis, notices.clone()));
    delete_attributes(&cx, &pool_client.pool, &user, empty, told).await?;
    notices.are_out();
    Ok(DeleteUserAttributesResponse {})
}
