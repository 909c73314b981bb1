//! A signed-in user's own account: GetUser, DeleteUser.

use cognate_api::idp::{DeleteUserRequest, GetUserRequest, GetUserResponse};
use cognate_store::{Tx, users as stored_users};

use crate::outcome::write_again;
use crate::second_factors::shown;
use crate::tokens::access_token::{self, SignedIn};
use crate::users::attributes;
use crate::{Cx, Result};

pub(crate) async fn get_user(cx: Cx, input: GetUserRequest) -> Result<GetUserResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    Ok(GetUserResponse {
        user_attributes: attributes::readable_by(
            &pool_client.pool,
            &user,
            &pool_client.entry.client,
        ),
        mfa_options: shown::options(&user),
        preferred_mfa_setting: shown::preferred(&user),
        user_mfa_setting_list: shown::enabled(&user),
        username: user.username,
    })
}

pub(crate) async fn delete_user(cx: Cx, input: DeleteUserRequest) -> Result<()> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let (basis, user) = (signed_in.basis(), signed_in.user);
    let delete = async move |tx: &mut Tx| -> Result<()> {
        // Sessions go with their user: where the answer to a commit was lost, both are gone.
        if stored_users::find(tx, &user.pool, &user.sub)
            .await?
            .is_none()
        {
            return Ok(());
        }
        basis.check(tx).await?;
        stored_users::delete(tx, &user.pool, &user.sub).await?;
        Ok(())
    };
    write_again(&cx.app.db, "delete_user", delete).await
}
