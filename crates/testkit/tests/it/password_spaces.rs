//! Spaces in passwords: inside one they are taken, and count as symbols; at its ends they are
//! refused, at whichever door it is set.

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

const PHRASE: &str = "Correct Horse 1";
const OTHER: &str = "Another Horse 2";

#[tokio::test]
async fn a_phrase_with_spaces_is_a_password_and_its_spaces_are_symbols() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").password(PHRASE).confirmed().await;
        ana.sign_in_srp().await.unwrap();
        let tokens = ana.sign_in().await.unwrap();
        let change = ana.change_password(&tokens.access, OTHER);
        change.await.unwrap();
        let ana = ana.with_password(OTHER);
        ana.sign_in_srp().await.unwrap();
        ana.forgot_password().await.unwrap();
        let reset = ana.last_code().await;
        ana.reset_password(&reset, PHRASE).await.unwrap();
        ana.with_password(PHRASE).sign_in_srp().await.unwrap();
        // The space is what counts: without it the symbol is missing.
        let error = refused(client.user("eve").password("CorrectHorse1").sign_up().await);
        assert_eq!(error.code, "InvalidPasswordException");
    })
    .await;
}

#[tokio::test]
async fn a_space_at_an_end_is_refused_wherever_a_password_is_set() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().await;
    let ana = client.user("ana").confirmed().await;
    let token = ana.sign_in().await.unwrap().access;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    let about = |own: Value| {
        let mut input = json!({"UserPoolId": pool.id, "Username": "ana"});
        let own = own.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(own);
        input
    };
    for bad in [" Correct-Horse-2", "Correct-Horse-2 ", "Correct-Horse-2\t"] {
        let calls = [
            server.prepare::<op::SignUp>(client.user("eve").password(bad).input()),
            server.prepare::<op::ChangePassword>(
                json!({"AccessToken": token, "PreviousPassword": ana.password, "ProposedPassword": bad}),
            ),
            server.prepare::<op::ConfirmForgotPassword>(
                client.about("ana", json!({"ConfirmationCode": code, "Password": bad})),
            ),
            server.prepare::<op::AdminSetUserPassword>(about(json!({"Password": bad}))),
            server.prepare::<op::AdminCreateUser>(about(
                json!({"Username": "una", "TemporaryPassword": bad}),
            )),
        ];
        for call in calls {
            let error = call.send().await.error();
            assert_eq!(error.code, "InvalidParameterException", "{bad:?}");
            let pattern = r"Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$";
            assert!(error.message.ends_with(pattern), "{}", error.message);
        }
    }
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_space_at_an_end_of_a_new_password_is_told_and_the_session_goes_on() {
    let client = TestServer::start().await.pool().await.client().await;
    client.pool.invite("ana", "Temporary-1!", &[]).await;
    let session = client.prove_temporary("ana", "Temporary-1!").await;
    let server = &client.pool.server;
    let answer = async |password: &str| {
        let input = client.new_password(&session, "ana", json!({"NEW_PASSWORD": password}));
        server.call::<op::RespondToAuthChallenge>(input).await
    };
    let sentence =
        "Password did not conform with policy: Password must not begin or end with a space";
    for bad in [" Another Horse 2", "Another Horse 2 "] {
        let error = refused(answer(bad).await);
        assert_eq!(error.told(), ("InvalidPasswordException", sentence));
    }
    answer(OTHER).await.ok().unwrap();
}
