//! The end of sessions: by sign-out, and with the user, the app client or the pool.

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::json;

use crate::sentences::{DISABLED, NO_SUCH_USER, REVOKED};

#[tokio::test]
async fn a_global_sign_out_ends_all_sessions_at_once_on_every_node() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let (one, two) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
        let elsewhere = server.node();
        let there = |token: &str| {
            elsewhere
                .prepare::<op::GetUser>(json!({"AccessToken": token}))
                .send()
        };
        there(&two.access).await.success().unwrap();
        ana.sign_out_everywhere(&one.access).await.unwrap();
        for tokens in [&one, &two] {
            assert_eq!(refused(ana.get_user(&tokens.access).await).told(), REVOKED);
            assert_eq!(there(&tokens.access).await.error().told(), REVOKED);
            let told = ("NotAuthorizedException", "Refresh Token has been revoked");
            assert_eq!(refused(ana.refresh(tokens.refresh()).await).told(), told);
        }
        ana.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_operators_global_sign_out_ends_the_users_sessions_and_nobody_elses() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    let (anas, eves) = (ana.sign_in().await.unwrap(), eve.sign_in().await.unwrap());
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    server
        .call::<op::AdminUserGlobalSignOut>(input)
        .await
        .unwrap();
    assert_eq!(refused(ana.get_user(&anas.access).await).told(), REVOKED);
    eve.get_user(&eves.access).await.unwrap();
}

#[tokio::test]
async fn tokens_end_with_the_user_the_app_client_and_the_pool() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool.client().await;
        let (ana, eve) = (
            client.user("ana").confirmed().await,
            client.user("eve").confirmed().await,
        );
        let (anas, eves) = (ana.sign_in().await.unwrap(), eve.sign_in().await.unwrap());
        pool.disable("ana").await;
        assert_eq!(refused(ana.get_user(&anas.access).await).told(), DISABLED);
        let input = json!({"UserPoolId": pool.id, "Username": "ana"});
        server.call::<op::AdminEnableUser>(input).await.unwrap();
        // Enabled again, they sign in anew; what was ended stays so.
        assert_eq!(refused(ana.get_user(&anas.access).await).told(), REVOKED);
        let anas = ana.sign_in().await.unwrap();
        pool.delete_user("ana").await;
        let outcome = ana.get_user(&anas.access).await;
        assert_eq!(refused(outcome).told(), NO_SUCH_USER);
        refused(ana.refresh(anas.refresh()).await);
        let input = json!({"UserPoolId": pool.id, "ClientId": client.id});
        server
            .call::<op::DeleteUserPoolClient>(input)
            .await
            .unwrap();
        refused(eve.get_user(&eves.access).await);
        let eve = eve.at(&pool.client().await);
        let eves = eve.sign_in().await.unwrap();
        server
            .call::<op::DeleteUserPool>(json!({"UserPoolId": pool.id}))
            .await
            .unwrap();
        refused(eve.get_user(&eves.access).await);
        refused(eve.refresh(eves.refresh()).await);
    })
    .await;
}

#[tokio::test]
async fn a_user_who_deletes_themselves_is_gone_with_their_names() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        server
            .call::<op::DeleteUser>(json!({"AccessToken": tokens.access}))
            .await
            .unwrap();
        assert_eq!(
            refused(ana.get_user(&tokens.access).await).told(),
            NO_SUCH_USER
        );
        assert_eq!(
            refused(client.pool.user("ana").await).code,
            "UserNotFoundException"
        );
        let again = client.user("ana").confirmed().await;
        assert_ne!(again.sub, ana.sub);
        assert_eq!(
            refused(again.get_user(&tokens.access).await).told(),
            NO_SUCH_USER
        );
        again.named("ana@example.com").sign_in().await.unwrap();
    })
    .await;
}
