//! The code of a sign-up: where it goes, and how.

use cognate_model::attribute::Contact;
use cognate_model::code::CodePurpose;
use cognate_model::{User, UserPool};
use cognate_outbound::Purpose;

use crate::messages::codes::{Form, NewCode};
use crate::users::accounts::PoolClient;
use crate::{Cx, Result};

/// Where the code of a sign-up goes: to the phone before the mailbox, among the attributes that the
/// pool verifies.
pub(super) fn contact_to_confirm(pool: &UserPool, user: &User) -> Option<(Contact, String)> {
    [Contact::PhoneNumber, Contact::Email]
        .into_iter()
        .filter(|contact| pool.settings.auto_verified.contains(contact))
        .find_map(|contact| {
            user.attribute(contact.attribute())
                .map(|address| (contact, address.to_owned()))
        })
}

/// The code that confirms a sign-up, or the link, where the pool wants one.
///
/// # Errors
/// `CodeDeliveryFailureException` when this server cannot send there.
pub(super) fn make(
    cx: &Cx,
    pool_client: &PoolClient,
    user: &User,
    contact: Contact,
    address: &str,
) -> Result<NewCode> {
    let by_link = contact == Contact::Email && pool_client.pool.settings.messages.confirm_with_link;
    let form = if by_link {
        Form::Link(&pool_client.entry.client.id)
    } else {
        Form::Digits(Purpose::Verification)
    };
    NewCode::make(
        cx,
        &pool_client.pool,
        user,
        CodePurpose::ConfirmSignUp,
        contact,
        address,
        &form,
    )
}
