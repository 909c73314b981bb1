//! SignUp.

use cognate_testkit::for_each_database;

#[tokio::test]
async fn a_user_signs_up_confirms_and_signs_in() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").await;
        assert_eq!(client.pool.status("ana").await, "UNCONFIRMED");
        ana.confirm(&ana.last_code().await).await.unwrap();
        assert_eq!(client.pool.status("ana").await, "CONFIRMED");
        let tokens = ana.sign_in_srp().await.unwrap();
        ana.get_user(&tokens.access).await.unwrap();
    })
    .await;
}
