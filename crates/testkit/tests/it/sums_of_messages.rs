//! How many messages a pool sends in an hour, whoever asks for them.

use cognate_testkit::{
    PoolBuilder, TestClient, TestServer, attribute_list, for_each_shared_database, hours, minutes,
    op, refused,
};
use futures_util::future::join_all;
use serde_json::json;

const SPENT: (&str, &str) = (
    "LimitExceededException",
    "Exceeded the hourly message limit of the user pool, please try after some time.",
);

async fn server(mail: u32, sms: u32) -> TestServer {
    TestServer::builder()
        .limits(|limits| {
            limits.mail_per_pool_and_hour = Some(mail);
            limits.sms_per_pool_and_hour = Some(sms);
        })
        .start()
        .await
}

fn counts(server: &TestServer, client: &TestClient, medium: &str) -> (u64, u64) {
    let counts = server.app().message_counts().into_iter();
    let of_pool = counts.filter(|it| it.user_pool == client.pool.id && it.medium == medium);
    of_pool
        .map(|it| (it.sent, it.refused))
        .next()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_pool_sends_so_many_mails_in_an_hour() {
    let server = server(4, 100).await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    client.user("eve").await;
    ana.forgot_password().await.unwrap();
    client.user("eve2").await;
    assert_eq!(refused(ana.forgot_password().await).told(), SPENT);
    // Nobody is refused as somebody is.
    assert_eq!(
        refused(ana.named("nobody").forgot_password().await).told(),
        SPENT
    );
    assert_eq!(refused(client.user("x").sign_up().await).told(), SPENT);
    assert_eq!(refused(ana.named("eve").resend().await).told(), SPENT);
    let code = json!({"AccessToken": tokens.access, "AttributeName": "email"});
    let changed = ana
        .update(&tokens.access, &[("email", "new@example.com")])
        .await;
    assert_eq!(refused(changed).code, "TooManyRequestsException");
    assert_eq!(
        client.pool.attribute("ana", "email").await.unwrap(),
        "ana@example.com"
    );
    let _ = server
        .call::<op::GetUserAttributeVerificationCode>(code)
        .await;
    assert!(client.pool.user("x").await.is_err());
    let (sent, refusals) = counts(&server, &client, "mail");
    assert_eq!(sent, 4);
    assert!(refusals >= 5, "{refusals}");
    // Another pool has a sum of its own, and what sends nothing goes on.
    let other = server.pool().await.client().await;
    other.user("ana").await;
    client.user("silent").without_address().await;
    server.advance(minutes(59));
    assert_eq!(refused(ana.forgot_password().await).told(), SPENT);
    server.advance(minutes(1));
    ana.forgot_password().await.unwrap();
}

#[tokio::test]
async fn messages_to_nobody_use_up_the_sum_as_all_others_do() {
    let server = server(3, 100).await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    for name in ["nobody1", "nobody2"] {
        ana.named(name).forgot_password().await.unwrap();
    }
    assert_eq!(refused(ana.forgot_password().await).told(), SPENT);
}

#[tokio::test]
async fn text_messages_have_a_sum_of_their_own() {
    let server = server(100, 2).await;
    let pool: PoolBuilder = server.pool().verifies(["email", "phone_number"]);
    let client = pool.await.client().await;
    for n in 0..2 {
        client
            .user(&format!("sms{n}"))
            .phone_only(&format!("+1555010000{n}"))
            .await;
    }
    let more = client.user("sms2").phone_only("+15550100002");
    assert_eq!(refused(more.sign_up().await).told(), SPENT);
    client.user("mail").await;
    assert_eq!(counts(&server, &client, "sms"), (2, 1));
}

#[tokio::test]
async fn what_was_refused_otherwise_uses_nothing_up() {
    let server = server(2, 100).await;
    let client = server.pool().await.client().await;
    client.user("ana").await;
    for _ in 0..5 {
        let again = refused(client.user("ana").sign_up().await);
        assert_eq!(again.code, "UsernameExistsException");
    }
    client.user("eve").await;
    assert_eq!(counts(&server, &client, "mail"), (2, 0));
}

#[tokio::test]
async fn operators_send_beside_the_sum() {
    let server = server(1, 100).await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    assert_eq!(refused(ana.forgot_password().await).told(), SPENT);
    let about = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    server
        .call::<op::AdminResetUserPassword>(about)
        .await
        .unwrap();
    ana.reset_password(&ana.last_code().await, "Another-Horse-2")
        .await
        .unwrap();
    let invited = json!({
        "UserPoolId": client.pool.id, "Username": "eve", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": attribute_list(&[("email", "eve@example.com")]),
    });
    server.call::<op::AdminCreateUser>(invited).await.unwrap();
    assert_eq!(server.mailbox("eve@example.com").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_together_keep_to_the_sum() {
    for_each_shared_database(async |shared| {
        let first = TestServer::builder()
            .on(&shared.url)
            .limits(|limits| limits.mail_per_pool_and_hour = Some(15))
            .start()
            .await;
        let second = first.join(&shared.url).await.unwrap();
        let here = first.pool().await.client().await;
        let there = here.on(&second);
        let sign_ups = (0..24).map(async |n: usize| {
            let client = if n.is_multiple_of(2) { &here } else { &there };
            client.user(&format!("user{n}")).sign_up().await.is_ok()
        });
        let made = join_all(sign_ups)
            .await
            .into_iter()
            .filter(|made| *made)
            .count();
        assert_eq!(made, 15);
        assert_eq!(refused(there.user("late").sign_up().await).told(), SPENT);
        first.advance(hours(1));
        there.user("late").await;
        for node in [first, second] {
            node.app().db.close().await;
        }
    })
    .await;
}
