//! Passkeys.

use cognate_testkit::{TestPasskey, op};
use serde_json::{Value, json};

use super::world::World;

type Change = fn(&mut TestPasskey);

pub(super) async fn passkeys(world: &mut World) {
    let id = json!({"CredentialId": "AQ"});
    world
        .by_token::<op::StartWebAuthnRegistration>(json!({}))
        .await;
    world
        .by_token::<op::CompleteWebAuthnRegistration>(json!({"Credential": {}}))
        .await;
    world
        .by_token::<op::ListWebAuthnCredentials>(json!({}))
        .await;
    world
        .by_token::<op::DeleteWebAuthnCredential>(id.clone())
        .await;
    let plain = world.tokens.access.clone();
    let credential = TestPasskey::eddsa().register(&json!({"challenge": ""}));
    world
        .says::<op::StartWebAuthnRegistration>("WebAuthnNotEnabledException", start(&plain))
        .await;
    world
        .says::<op::CompleteWebAuthnRegistration>(
            "WebAuthnNotEnabledException",
            complete(&plain, credential.clone()),
        )
        .await;
    let gone = json!({"AccessToken": plain, "CredentialId": "AQ"});
    world
        .says::<op::DeleteWebAuthnCredential>("ResourceNotFoundException", gone)
        .await;
    refused_registrations(world, credential).await;
}

fn start(access: &str) -> Value {
    json!({"AccessToken": access})
}

fn complete(access: &str, passkey: Value) -> Value {
    json!({"AccessToken": access, "Credential": passkey})
}

/// Registrations in a pool with passkeys. `credential` answers none of them.
async fn refused_registrations(world: &mut World, credential: Value) {
    let server = world.server.clone();
    let pool = server.pool().passkeys().await;
    let client = pool.client().await;
    let ana = client.user("ana").confirmed().await;
    let access = ana.sign_in().await.unwrap().access;
    world
        .says::<op::StartWebAuthnRegistration>(
            "WebAuthnConfigurationMissingException",
            start(&access),
        )
        .await;
    let domain = json!({"RelyingPartyId": "example.com", "UserVerification": "required"});
    pool.set_passkeys(domain).await;
    world
        .says::<op::CompleteWebAuthnRegistration>(
            "WebAuthnChallengeNotFoundException",
            complete(&access, credential),
        )
        .await;
    let options = ana.passkey_options(&access).await.unwrap();
    let changes: [(&str, Change); 3] = [
        ("WebAuthnOriginNotAllowedException", |passkey| {
            passkey.origin = "https://evil.example".to_owned();
        }),
        ("WebAuthnRelyingPartyMismatchException", |passkey| {
            passkey.relying_party_id = Some("evil.example".to_owned());
        }),
        ("WebAuthnCredentialNotSupportedException", |passkey| {
            passkey.authenticator.flags = 1;
        }),
    ];
    for (code, change) in changes {
        let mut passkey = TestPasskey::eddsa();
        change(&mut passkey);
        let input = complete(&access, passkey.register(&options));
        world
            .says::<op::CompleteWebAuthnRegistration>(code, input)
            .await;
    }
    let credential = TestPasskey::eddsa().register(&options);
    let elsewhere = ana.at(&pool.client().await).sign_in().await.unwrap().access;
    world
        .says::<op::CompleteWebAuthnRegistration>(
            "WebAuthnClientMismatchException",
            complete(&elsewhere, credential.clone()),
        )
        .await;
    for _ in 0..20 {
        let mut passkey = TestPasskey::eddsa();
        ana.add_passkey(&access, &mut passkey).await.unwrap();
    }
    let limit = "LimitExceededException";
    world
        .says::<op::StartWebAuthnRegistration>(limit, start(&access))
        .await;
    world
        .says::<op::CompleteWebAuthnRegistration>(limit, complete(&access, credential))
        .await;
}
