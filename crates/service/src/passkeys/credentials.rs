//! The passkeys that a user has: ListWebAuthnCredentials, DeleteWebAuthnCredential. Both work on
//! when a pool has switched passkeys off.

use cognate_api::Timestamp;
use cognate_api::idp::{
    DeleteWebAuthnCredentialRequest, DeleteWebAuthnCredentialResponse,
    ListWebAuthnCredentialsRequest, ListWebAuthnCredentialsResponse, WebAuthnCredentialDescription,
};
use cognate_model::Passkey;
use cognate_model::passkey::{Attachment, CredentialId, MOST_OF_A_USER};
use cognate_store::{Tx, passkeys};

use crate::outcome::{Reached, write_settled};
use crate::tokens::access_token::{self, SignedIn};
use crate::{Cx, Error, Result, page_token};

pub(crate) async fn list_web_authn_credentials(
    cx: Cx,
    input: ListWebAuthnCredentialsRequest,
) -> Result<ListWebAuthnCredentialsResponse> {
    let SignedIn { user, .. } = access_token::check(&cx, &input.access_token).await?;
    let query = format!("ListWebAuthnCredentials {} {}", user.pool, user.sub);
    let after: Option<(i64, CredentialId)> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    let asked = input.max_results.and_then(|max| usize::try_from(max).ok());
    let limit = asked.filter(|max| *max > 0).unwrap_or(MOST_OF_A_USER);
    let key = |passkey: &Passkey| (passkey.created_at.0, passkey.id.clone());
    let all = passkeys::of_user(&mut cx.app.db.read().await?, &user.pool, &user.sub).await?;
    // They are few: a page is cut from all of them.
    let mut page: Vec<Passkey> = all
        .into_iter()
        .filter(|passkey| after.as_ref().is_none_or(|after| key(passkey) > *after))
        .take(limit + 1)
        .collect();
    let next_token = page_token::cut(&cx.app, &query, &mut page, limit, key)?;
    Ok(ListWebAuthnCredentialsResponse {
        credentials: page.into_iter().map(description).collect(),
        next_token,
    })
}

fn description(passkey: Passkey) -> WebAuthnCredentialDescription {
    let attachment = passkey.attachment.map(Attachment::as_str);
    WebAuthnCredentialDescription {
        credential_id: passkey.id.as_str().to_owned(),
        friendly_credential_name: passkey.name,
        relying_party_id: passkey.relying_party_id,
        authenticator_attachment: attachment.map(str::to_owned),
        authenticator_transports: passkey.transports,
        created_at: Timestamp(passkey.created_at.0),
    }
}

pub(crate) async fn delete_web_authn_credential(
    cx: Cx,
    input: DeleteWebAuthnCredentialRequest,
) -> Result<DeleteWebAuthnCredentialResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let (basis, user) = (signed_in.basis(), signed_in.user);
    let id = CredentialId::parse(&input.credential_id).ok_or_else(Error::passkey_does_not_exist)?;
    let reached = Reached::default();
    let (was_there, gone, of_user) = (reached.clone(), id.clone(), user.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let left = passkeys::find(tx, &of_user.pool, &of_user.sub, &gone).await?;
        Ok((was_there.is_set() && left.is_none()).then_some(()))
    };
    let delete = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        basis.check(tx).await?;
        if !passkeys::delete(tx, &user.pool, &user.sub, &id).await? {
            return Err(Error::passkey_does_not_exist());
        }
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "delete_passkey", stands, delete).await?;
    Ok(DeleteWebAuthnCredentialResponse {})
}
