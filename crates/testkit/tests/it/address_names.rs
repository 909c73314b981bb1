//! Whose name an address is, in pools whose names are addresses: the one that was given at sign-up
//! from the start, another one once it is proved. The pre-hijacking of accounts is tried here.

use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestPool, TestServer, TestUser, Tokens, for_each_database,
    hours, op, refused, seconds,
};
use serde_json::{Value, json};

use crate::attributes::signed_in;
use crate::sentences::WRONG_PASSWORD;

const VICTIM: &str = "victim@example.com";
const TAKEN: (&str, &str) = (
    "AliasExistsException",
    "An account with the given email already exists.",
);

/// A pool of mail addresses, and a stranger who is signed in to it.
async fn stranger(server: &TestServer, verifies: bool) -> (TestClient, TestUser, Tokens) {
    let mut pool = server.pool().email_as_username();
    if !verifies {
        pool = pool.verifies([]);
    }
    let client = pool.await.client().await;
    let eve = client.user("eve@example.com").password("Eves-Horse-3");
    let (eve, tokens) = signed_in(eve.confirmed().await).await;
    (client, eve, tokens)
}

/// Asks for a code to the address that the user has, and gives it back.
async fn prove(user: &TestUser, tokens: &Tokens, address: &str) -> Result<(), ApiError> {
    let server = &user.client.pool.server;
    let input = json!({"AccessToken": tokens.access, "AttributeName": "email"});
    server
        .call::<op::GetUserAttributeVerificationCode>(input)
        .await?;
    let code = server.mailbox(address).await.last_code();
    user.verify_email(&tokens.access, &code).await
}

async fn admin_create(pool: &TestPool, own: Value) -> Result<(), ApiError> {
    let mut input = json!({
        "UserPoolId": pool.id, "Username": VICTIM, "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
    });
    let members = input.as_object_mut().unwrap();
    members.extend(own.as_object().unwrap().clone());
    let created = pool.server.call::<op::AdminCreateUser>(input).await;
    created.map(drop)
}

fn vouched() -> Value {
    json!({"UserAttributes": [
        {"Name": "email", "Value": VICTIM}, {"Name": "email_verified", "Value": "True"},
    ]})
}

#[tokio::test]
async fn a_signed_in_stranger_takes_no_name_by_claiming_an_address() {
    for_each_database(async |server| {
        for verifies in [true, false] {
            let (client, eve, tokens) = stranger(&server, verifies).await;
            eve.update(&tokens.access, &[("email", VICTIM)])
                .await
                .unwrap();
            assert_eq!(
                refused(eve.named(VICTIM).sign_in().await).told(),
                WRONG_PASSWORD
            );
            assert!(client.pool.user(VICTIM).await.is_err());
            eve.sign_in().await.unwrap();
            eve.sign_in_srp().await.unwrap();

            let victim = client.user(VICTIM).confirmed().await;
            victim.sign_in().await.unwrap();
            assert_eq!(
                client.pool.attribute(VICTIM, "sub").await.unwrap(),
                victim.sub
            );
            if verifies {
                victim.forgot_password().await.unwrap();
                let code = victim.last_code().await;
                victim
                    .reset_password(&code, "Another-Horse-2")
                    .await
                    .unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_has_an_address_that_a_stranger_claims_is_created_by_an_operator() {
    let server = TestServer::start().await;
    let (client, eve, tokens) = stranger(&server, true).await;
    eve.update(&tokens.access, &[("email", VICTIM)])
        .await
        .unwrap();
    admin_create(&client.pool, json!({})).await.unwrap();
    assert_eq!(client.pool.status(VICTIM).await, "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn an_address_becomes_the_name_when_it_is_proved_and_the_old_one_ends() {
    for_each_database(async |server| {
        for verifies in [true, false] {
            let (_, eve, tokens) = stranger(&server, verifies).await;
            eve.update(&tokens.access, &[("email", "new@example.com")])
                .await
                .unwrap();
            prove(&eve, &tokens, "new@example.com").await.unwrap();
            eve.named("new@example.com").sign_in().await.unwrap();
            assert_eq!(refused(eve.sign_in().await).told(), WRONG_PASSWORD);
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_an_operator_sets_is_the_name_at_once() {
    for_each_database(async |server| {
        let (client, eve, tokens) = stranger(&server, true).await;
        eve.update(&tokens.access, &[("email", "claimed@example.com")])
            .await
            .unwrap();
        let set = |attributes: Value| {
            let input = json!({"UserPoolId": client.pool.id, "Username": eve.sub, "UserAttributes": attributes});
            server.call::<op::AdminUpdateUserAttributes>(input)
        };
        // The operator's word on the address that stands is as good as a proof.
        set(json!([{"Name": "email_verified", "Value": "true"}])).await.unwrap();
        eve.named("claimed@example.com").sign_in().await.unwrap();
        refused(eve.sign_in().await);
        set(json!([{"Name": "email", "Value": "set@example.com"}])).await.unwrap();
        eve.named("set@example.com").sign_in().await.unwrap();
        refused(eve.named("claimed@example.com").sign_in().await);
    })
    .await;
}

#[tokio::test]
async fn a_second_address_at_sign_up_is_no_name_before_it_is_proved() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .with("UsernameAttributes", json!(["email", "phone_number"]))
        .verifies(["email"]);
    let client = pool.await.client().await;
    let eve = client
        .user("eve@example.com")
        .attribute("phone_number", "+15551234567");
    eve.sign_up().await.unwrap();
    assert!(client.pool.user("+15551234567").await.is_err());
    let owner = client.user("+15551234567").phone_only("+15551234567").await;
    let found = client.pool.attribute("+15551234567", "sub").await;
    assert_eq!(found.unwrap(), owner.sub);
}

#[tokio::test]
async fn a_first_address_in_the_answer_to_a_challenge_is_no_name_before_it_is_proved() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .with("UsernameAttributes", json!(["email", "phone_number"]));
    let client = pool.await.client().await;
    client.pool.invite("+15551234567", PASSWORD, &[]).await;
    let session = client.prove_temporary("+15551234567", PASSWORD).await;
    let own = json!({"NEW_PASSWORD": "Another-Horse-2", "userAttributes.email": VICTIM});
    let input = client.new_password(&session, "+15551234567", own);
    server
        .call::<op::RespondToAuthChallenge>(input)
        .await
        .unwrap();
    let email = client.pool.attribute("+15551234567", "email").await;
    assert_eq!(email.as_deref(), Some(VICTIM));
    assert!(client.pool.user(VICTIM).await.is_err());
    client.user(VICTIM).confirmed().await;
}

#[tokio::test]
async fn proof_of_an_address_takes_the_name_from_who_has_not_proved_it() {
    for_each_database(async |server| {
        // In a pool that verifies nothing, the name of a sign-up is never proved.
        let (client, holder, holders) = stranger(&server, false).await;
        let owner = client.user("owner@example.com").confirmed().await;
        let owners = owner.sign_in().await.unwrap();
        owner
            .update(&owners.access, &[("email", "eve@example.com")])
            .await
            .unwrap();
        holder.sign_in().await.unwrap();
        prove(&owner, &owners, "eve@example.com").await.unwrap();

        let by_address = owner.named("eve@example.com");
        by_address.sign_in().await.unwrap();
        assert_eq!(refused(holder.sign_in().await).told(), WRONG_PASSWORD);
        // The holder keeps the account and the attribute, and changes what they like.
        holder.named(&holder.sub).sign_in().await.unwrap();
        holder
            .update(&holders.access, &[("name", "Eve")])
            .await
            .unwrap();
        assert_eq!(
            client.pool.attribute(&holder.sub, "email").await.as_deref(),
            Some("eve@example.com")
        );
        // What is proved is not proved by another.
        let again = refused(prove(&holder, &holders, "eve@example.com").await);
        assert_eq!(again.told(), TAKEN);
    })
    .await;
}

#[tokio::test]
async fn proof_takes_the_name_from_a_sign_up_that_nobody_has_confirmed() {
    let server = TestServer::start().await;
    let (client, owner, tokens) = stranger(&server, true).await;
    client.user(VICTIM).await;
    server.deliver().await;
    owner
        .update(&tokens.access, &[("email", VICTIM)])
        .await
        .unwrap();
    let code = server.mailbox(VICTIM).await.last_code();
    owner.verify_email(&tokens.access, &code).await.unwrap();
    owner.named(VICTIM).sign_in().await.unwrap();
}

#[tokio::test]
async fn an_address_that_another_has_proved_is_told_to_be_taken() {
    for_each_database(async |server| {
        let (client, eve, tokens) = stranger(&server, true).await;
        client.user(VICTIM).confirmed().await;
        let told = refused(eve.update(&tokens.access, &[("email", VICTIM)]).await);
        assert_eq!(told.told(), TAKEN);
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_that_nobody_confirms_keeps_an_address_from_others_for_a_day() {
    for_each_database(async |server| {
        let (client, _, _) = stranger(&server, true).await;
        let first = client.user(VICTIM).password("Eves-Horse-3").await;
        let again = client.user(VICTIM);
        assert_eq!(
            refused(again.sign_up().await).code,
            "UsernameExistsException"
        );
        server.advance(hours(24) - seconds(1));
        assert_eq!(
            refused(again.sign_up().await).code,
            "UsernameExistsException"
        );
        server.advance(seconds(1));
        let owner = client.user(VICTIM).confirmed().await;
        owner.sign_in().await.unwrap();
        assert_ne!(owner.sub, first.sub);
        assert_eq!(client.pool.status(&first.sub).await, "UNCONFIRMED");
        // Who has confirmed is not displaced, however long ago it was.
        server.advance(hours(48));
        assert_eq!(
            refused(again.sign_up().await).code,
            "UsernameExistsException"
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_vouches_for_the_owner_takes_the_name_from_an_unconfirmed_sign_up() {
    for_each_database(async |server| {
        let (client, _, _) = stranger(&server, true).await;
        client.user(VICTIM).await;
        let told = refused(admin_create(&client.pool, json!({})).await);
        assert_eq!(told.code, "UsernameExistsException");
        admin_create(&client.pool, vouched()).await.unwrap();
        assert_eq!(client.pool.status(VICTIM).await, "FORCE_CHANGE_PASSWORD");
        let told = refused(admin_create(&client.pool, vouched()).await);
        assert_eq!(told.code, "UsernameExistsException");
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_forces_it_moves_a_proved_name_only_with_the_verified_flag() {
    for_each_database(async |server| {
        let (client, _, _) = stranger(&server, true).await;
        let old = client.user(VICTIM).confirmed().await;
        let forced = |mut own: Value| {
            own["ForceAliasCreation"] = true.into();
            admin_create(&client.pool, own)
        };
        let told = refused(forced(json!({})).await);
        assert_eq!(told.code, "UsernameExistsException");
        forced(vouched()).await.unwrap();
        assert_ne!(client.pool.attribute(VICTIM, "sub").await.unwrap(), old.sub);
        old.named(&old.sub).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_taken_back_was_never_anothers() {
    let server = TestServer::start().await;
    let (_, eve, tokens) = stranger(&server, true).await;
    for address in ["one@example.com", "EVE@example.com"] {
        eve.update(&tokens.access, &[("email", address)])
            .await
            .unwrap();
        eve.sign_in().await.unwrap();
    }
}
