//! What an old address is told of a change, and the way back that it is given.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;
use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestPool, TestServer, TestUser, Tokens, attribute_list,
    for_each_database, hours, op, refused, seconds,
};
use cognate_web::Peer;
use serde_json::{Value, json};

use crate::attributes::signed_in;
use crate::confirm::{link, post};
use crate::sentences::{REVOKED, WRONG_PASSWORD};

const OLD: &str = "ana@example.com";
const NEW_PASSWORD: &str = "Another-Horse-2";
const TAKEN: (&str, &str) = (
    "AliasExistsException",
    "An account with the given email already exists.",
);

/// A pool of mail addresses, and a user whose session is in a thief's hands.
async fn stolen(server: &TestServer) -> (TestClient, TestUser, Tokens) {
    let client = server.pool().email_as_username().await.client().await;
    let (ana, tokens) = signed_in(client.user(OLD).confirmed().await).await;
    (client, ana, tokens)
}

/// What the thief does: sets an address and proves it.
async fn moved(user: &TestUser, tokens: &Tokens, address: &str) {
    let server = &user.client.pool.server;
    user.update(&tokens.access, &[("email", address)])
        .await
        .unwrap();
    let code = server.mailbox(address).await.last_code();
    user.verify_email(&tokens.access, &code).await.unwrap();
}

async fn email(pool: &TestPool, sub: &str) -> (String, String) {
    let address = pool.attribute(sub, "email").await.unwrap_or_default();
    let flag = pool.attribute(sub, "email_verified").await;
    (address, flag.unwrap_or_default())
}

fn verified(address: &str) -> (String, String) {
    (address.to_owned(), "true".to_owned())
}

async fn operator_sets(
    pool: &TestPool,
    name: &str,
    attributes: &[(&str, &str)],
) -> Result<(), ApiError> {
    let list = attribute_list(attributes);
    let input = json!({"UserPoolId": pool.id, "Username": name, "UserAttributes": list});
    let answer = pool.server.call::<op::AdminUpdateUserAttributes>(input);
    answer.await.map(drop)
}

async fn create(pool: &TestPool, own: Value) -> Result<(), ApiError> {
    let mut input = json!({
        "UserPoolId": pool.id, "Username": OLD, "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
        "UserAttributes": [{"Name": "email", "Value": OLD}, {"Name": "email_verified", "Value": "true"}],
    });
    let members = input.as_object_mut().unwrap();
    members.extend(own.as_object().unwrap().clone());
    let created = pool.server.call::<op::AdminCreateUser>(input).await;
    created.map(drop)
}

#[tokio::test]
async fn the_old_address_is_told_what_happened_when_and_not_the_new_address() {
    for_each_database(async |server| {
        let (_, ana, tokens) = stolen(&server).await;
        let before = server.mailbox(OLD).await.len();
        ana.update(&tokens.access, &[("email", "new@thief.example")])
            .await
            .unwrap();
        let mail = server.mailbox(OLD).await;
        assert_eq!(mail.len(), before + 1);
        let text = mail.last_text();
        let told = "was changed to n***@t*** on 1 July 2026 at 12:00 UTC";
        assert!(text.contains(told), "{text}");
        assert!(!text.contains("new@thief"), "{text}");
        // The proof of the new address is no second change.
        let code = server.mailbox("new@thief.example").await.last_code();
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(server.mailbox(OLD).await.len(), before + 1);
    })
    .await;
}

#[tokio::test]
async fn the_way_back_restores_the_address_ends_the_sessions_and_asks_for_a_new_password() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        moved(&ana, &tokens, "new@thief.example").await;
        let thief = ana.named("new@thief.example");
        thief.sign_in().await.unwrap();
        let link = link(&server, OLD).await;
        // A mail scanner opens it, and nothing happens.
        assert_eq!(server.get(&link).await.0, 200);
        assert_eq!(
            email(&client.pool, &ana.sub).await,
            verified("new@thief.example")
        );
        assert_eq!(post(&server, &link).await, 200);

        assert_eq!(email(&client.pool, &ana.sub).await, verified(OLD));
        assert_eq!(client.pool.status(OLD).await, "RESET_REQUIRED");
        assert_eq!(refused(ana.get_user(&tokens.access).await).told(), REVOKED);
        refused(ana.refresh(tokens.refresh()).await);
        assert_eq!(refused(thief.sign_in().await).told(), WRONG_PASSWORD);
        let required = refused(ana.sign_in().await);
        assert_eq!(required.code, "PasswordResetRequiredException");
        ana.forgot_password().await.unwrap();
        ana.reset_password(&ana.last_code().await, NEW_PASSWORD)
            .await
            .unwrap();
        ana.with_password(NEW_PASSWORD).sign_in().await.unwrap();
        assert_eq!(post(&server, &link).await, 400);
        assert_eq!(client.pool.status(OLD).await, "CONFIRMED");
    })
    .await;
}

#[tokio::test]
async fn the_way_back_works_before_the_new_address_is_proved_too() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    ana.update(&tokens.access, &[("email", "new@thief.example")])
        .await
        .unwrap();
    let code = server.mailbox("new@thief.example").await.last_code();
    assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
    assert_eq!(email(&client.pool, "ana").await, verified(OLD));
    assert_eq!(
        refused(ana.verify_email(&tokens.access, &code).await).told(),
        REVOKED
    );
}

#[tokio::test]
async fn where_addresses_wait_for_their_proof_the_old_one_is_told_once_it_goes() {
    for_each_database(async |server| {
        let pool = server.pool().aliases(["email"]).verified_before_update();
        let client = pool.await.client().await;
        let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
        let before = server.mailbox(OLD).await.len();
        ana.update(&tokens.access, &[("email", "new@thief.example")])
            .await
            .unwrap();
        assert_eq!(server.mailbox(OLD).await.len(), before);
        let code = server.mailbox("new@thief.example").await.last_code();
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(server.mailbox(OLD).await.len(), before + 1);
        assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
        assert_eq!(email(&client.pool, OLD).await, verified(OLD));
    })
    .await;
}

#[tokio::test]
async fn an_address_that_its_user_takes_away_is_told_and_comes_back() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        for deletes in [true, false] {
            let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
            if deletes {
                let input = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
                server
                    .call::<op::DeleteUserAttributes>(input)
                    .await
                    .unwrap();
            } else {
                ana.update(&tokens.access, &[("email", "")]).await.unwrap();
            }
            let text = server.mailbox(OLD).await.last_text().to_owned();
            assert!(text.contains("was removed on 1 July 2026"), "{text}");
            assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
            assert_eq!(email(&client.pool, "ana").await, verified(OLD));
            client.pool.delete_user("ana").await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_old_number_is_told_by_text_message() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .verifies(["phone_number"])
        .await
        .client()
        .await;
    let ana = client.user("ana").phone_only("+15551234567").confirmed();
    let (ana, tokens) = signed_in(ana.await).await;
    ana.update(&tokens.access, &[("phone_number", "+15557654321")])
        .await
        .unwrap();
    let text = server.mailbox("+15551234567").await.last_text().to_owned();
    assert!(
        text.contains("was changed to +*******4321 on 1 July 2026"),
        "{text}"
    );
    assert_eq!(
        post(&server, &link(&server, "+15551234567").await).await,
        200
    );
    let number = client.pool.attribute("ana", "phone_number").await;
    assert_eq!(number.as_deref(), Some("+15551234567"));
}

#[tokio::test]
async fn an_address_that_was_never_verified_is_not_told() {
    let server = TestServer::start().await;
    let client = server.pool().verifies([]).await.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    assert!(server.mailbox(OLD).await.is_empty());
}

#[tokio::test]
async fn the_first_address_comes_back_after_a_second_change_and_ends_the_thiefs_own_way_back() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        moved(&ana, &tokens, "one@thief.example").await;
        moved(&ana, &tokens, "two@thief.example").await;
        let thiefs = link(&server, "one@thief.example").await;
        assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
        assert_eq!(post(&server, &thiefs).await, 400);
        assert_eq!(email(&client.pool, &ana.sub).await, verified(OLD));
        // What the thief has left is free at once.
        client.user("one@thief.example").confirmed().await;
    })
    .await;
}

#[tokio::test]
async fn a_thief_who_goes_back_first_leaves_the_owners_way_open() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        moved(&ana, &tokens, "one@thief.example").await;
        moved(&ana, &tokens, "two@thief.example").await;
        let thiefs = link(&server, "one@thief.example").await;
        assert_eq!(post(&server, &thiefs).await, 200);
        assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
        assert_eq!(email(&client.pool, &ana.sub).await, verified(OLD));
        ana.forgot_password().await.unwrap();
        ana.last_code().await;
    })
    .await;
}

#[tokio::test]
async fn a_number_that_the_thief_has_added_recovers_nothing_once_the_address_is_back() {
    for_each_database(async |server| {
        let pool = server.pool().email_as_username();
        let pool = pool.verifies(["email", "phone_number"]).await;
        let client = pool.client().await;
        let (ana, tokens) = signed_in(client.user(OLD).confirmed().await).await;
        ana.update(&tokens.access, &[("phone_number", "+15550000000")])
            .await
            .unwrap();
        let code = server.mailbox("+15550000000").await.last_code();
        let input =
            json!({"AccessToken": tokens.access, "AttributeName": "phone_number", "Code": code});
        server.call::<op::VerifyUserAttribute>(input).await.unwrap();
        moved(&ana, &tokens, "new@thief.example").await;
        assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
        let texts = server.mailbox("+15550000000").await.len();
        let mails = server.mailbox(OLD).await.len();
        ana.forgot_password().await.unwrap();
        assert_eq!(server.mailbox("+15550000000").await.len(), texts);
        assert_eq!(server.mailbox(OLD).await.len(), mails + 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_else_takes_the_old_name_for_a_day() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        let eve = client.user("eve@example.com").confirmed();
        let (eve, eves) = signed_in(eve.await).await;
        moved(&ana, &tokens, "new@thief.example").await;
        let nobody_takes_it = async || {
            let sign_up = refused(client.user(OLD).sign_up().await);
            assert_eq!(sign_up.code, "UsernameExistsException");
            for own in [json!({}), json!({"ForceAliasCreation": true})] {
                let told = refused(create(&client.pool, own).await);
                assert_eq!(told.code, "UsernameExistsException");
            }
            let given = [("email", OLD), ("email_verified", "true")];
            let told = refused(operator_sets(&client.pool, &eve.sub, &given).await);
            assert_eq!(told.told(), TAKEN);
        };
        nobody_takes_it().await;
        let told = refused(eve.update(&eves.access, &[("email", OLD)]).await);
        assert_eq!(told.told(), TAKEN);
        server.advance(hours(24) - seconds(1));
        nobody_takes_it().await;
        server.advance(seconds(1));
        client.user(OLD).confirmed().await;
    })
    .await;
}

#[tokio::test]
async fn an_alias_is_kept_from_proof_and_from_force_for_a_day() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
        ana.update(&tokens.access, &[("email", "new@thief.example")])
            .await
            .unwrap();
        server.deliver().await;
        client.user("eve").email(OLD).await;
        let code = server.mailbox(OLD).await.last_code();
        for force in [false, true] {
            let own = json!({"ConfirmationCode": code, "ForceAliasCreation": force});
            let told = server
                .call::<op::ConfirmSignUp>(client.about("eve", own))
                .await;
            assert_eq!(refused(told).told(), TAKEN);
        }
        // Whose it was may have it back without the link.
        operator_sets(
            &client.pool,
            "ana",
            &[("email", OLD), ("email_verified", "true")],
        )
        .await
        .unwrap();
        ana.named(OLD).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_link_is_good_for_a_day_and_only_as_it_was_sent() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        moved(&ana, &tokens, "new@thief.example").await;
        let link = link(&server, OLD).await;
        let (path, token) = link.split_once("token=").unwrap();
        for other in [
            "",
            "abc",
            &token[1..],
            &format!("{token}A"),
            &"A".repeat(48),
        ] {
            let changed = format!("{path}token={other}");
            assert_eq!(post(&server, &changed).await, 400, "{other}");
        }
        server.advance(hours(24));
        assert_eq!(post(&server, &link).await, 400);
        assert_eq!(
            email(&client.pool, &ana.sub).await,
            verified("new@thief.example")
        );
    })
    .await;
}

#[tokio::test]
async fn a_link_leads_to_the_configured_address_whatever_host_the_request_named() {
    let server = TestServer::start().await;
    let (_, _, tokens) = stolen(&server).await;
    let list = attribute_list(&[("email", "new@thief.example")]);
    let input = json!({"AccessToken": tokens.access, "UserAttributes": list});
    let call = server.prepare::<op::UpdateUserAttributes>(input);
    let call = call
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example");
    call.send().await.success().unwrap();
    let text = server.mailbox(OLD).await.last_text().to_owned();
    assert!(
        text.contains("http://cognate.test/restoreAddress?token="),
        "{text}"
    );
    assert!(!text.contains("evil"), "{text}");
}

#[tokio::test]
async fn what_an_operator_changes_is_not_told_and_ends_the_way_back() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        moved(&ana, &tokens, "new@thief.example").await;
        let back = link(&server, OLD).await;
        let told = server.mailbox(OLD).await.len();
        let given = [("email", "desk@example.com"), ("email_verified", "true")];
        operator_sets(&client.pool, &ana.sub, &given).await.unwrap();
        assert_eq!(post(&server, &back).await, 400);
        assert_eq!(
            email(&client.pool, &ana.sub).await,
            verified("desk@example.com")
        );
        assert_eq!(server.mailbox(OLD).await.len(), told);
        // The operator's decision frees the old name as well.
        client.user(OLD).confirmed().await;
    })
    .await;
}

#[tokio::test]
async fn other_changes_by_an_operator_leave_the_way_back_open() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stolen(&server).await;
    moved(&ana, &tokens, "new@thief.example").await;
    let given = [("name", "Ana"), ("phone_number", "+15551234567")];
    operator_sets(&client.pool, &ana.sub, &given).await.unwrap();
    assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
}

#[tokio::test]
async fn a_link_is_used_once_on_whichever_node() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stolen(&server).await;
        let node = server.node();
        moved(&ana, &tokens, "new@thief.example").await;
        let link = link(&server, OLD).await;
        let (one, other) = tokio::join!(post(&server, &link), post(&node, &link));
        let mut answers = [one, other];
        answers.sort_unstable();
        assert_eq!(answers, [200, 400]);
        assert_eq!(email(&client.pool, &ana.sub).await, verified(OLD));
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_deleted_keeps_no_name_and_has_no_way_back() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stolen(&server).await;
    moved(&ana, &tokens, "new@thief.example").await;
    let back = link(&server, OLD).await;
    client.pool.delete_user(&ana.sub).await;
    assert_eq!(post(&server, &back).await, 400);
    client.user(OLD).confirmed().await;
}

#[tokio::test]
async fn a_change_is_not_stopped_because_nothing_can_be_sent() {
    let outbound = cognate_outbound::Outbound {
        mail: cognate_outbound::Mailer::None,
        sms: cognate_outbound::SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    };
    let server = TestServer::builder().outbound(outbound).start().await;
    let pool = server.pool().verifies([]).await;
    let attributes = [("email", OLD), ("email_verified", "true")];
    pool.invite("ana", PASSWORD, &attributes).await;
    let input =
        json!({"UserPoolId": pool.id, "Username": "ana", "Password": PASSWORD, "Permanent": true});
    server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
    let ana = TestUser {
        client: pool.client().await,
        name: "ana".to_owned(),
        password: PASSWORD.to_owned(),
        sub: String::new(),
        address: OLD.to_owned(),
    };
    let (ana, tokens) = signed_in(ana).await;
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    assert_eq!(
        pool.attribute("ana", "email").await.unwrap(),
        "new@example.com"
    );
}

#[tokio::test]
async fn after_a_way_back_the_reset_code_goes_to_the_address_that_came_back_and_nowhere_else() {
    for_each_database(async |server| {
        let (client, ana, _) = stolen(&server).await;
        // A number that stood long before: whose it is, nobody can tell. The pool's order has it
        // first.
        let number = [
            ("phone_number", "+14155550199"),
            ("phone_number_verified", "true"),
        ];
        operator_sets(&client.pool, OLD, &number).await.unwrap();
        server.advance(hours(25));
        let tokens = ana.sign_in().await.unwrap();
        moved(&ana, &tokens, "new@thief.example").await;
        assert_eq!(post(&server, &link(&server, OLD).await).await, 200);
        ana.forgot_password().await.unwrap();
        assert!(server.mailbox("+14155550199").await.is_empty());
        let code = server.mailbox(OLD).await.last_code();
        ana.reset_password(&code, NEW_PASSWORD).await.unwrap();
        // The password is the owner's, and so is the choice again.
        server.advance(hours(1));
        ana.forgot_password().await.unwrap();
        assert_eq!(server.mailbox("+14155550199").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_tries_many_links_is_held_up_and_nobody_else_is() {
    let server = TestServer::start().await;
    let try_one = async |from: &str| {
        let from: SocketAddr = from.parse().unwrap();
        let request = Request::post("/restoreAddress")
            .header("content-type", "application/x-www-form-urlencoded")
            .extension(Peer(from))
            .body(Body::from("token=none"))
            .unwrap();
        server.raw(request).await.status().as_u16()
    };
    let mut tries = 0;
    while try_one("203.0.113.9:4711").await == 400 {
        tries += 1;
        assert!(tries < 1000, "it is never refused");
    }
    assert_eq!(try_one("203.0.113.9:4711").await, 429);
    assert_eq!(try_one("203.0.113.10:4711").await, 400);
}
