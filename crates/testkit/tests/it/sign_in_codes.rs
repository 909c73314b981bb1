//! The codes of EMAIL_OTP and SMS_OTP: what a code is worth, to whom, how long and how often.

use cognate_outbound::{Mailer, Outbound, SmsSender};
use cognate_testkit::{
    Challenged, TestServer, TestUser, for_each_database, for_each_shared_database, hours, minutes,
    op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::sentences::{INVALID_SESSION, LOCKED, WRONG_CODE, WRONG_PASSWORD};
use crate::user_auth::{PHONE, change, client_with_choice, pool_with_choice, signed_in, with_both};

const MAIL: &str = "ana@example.com";
const TOO_MANY: &str = "TooManyRequestsException";
/// The two kinds of codes, and where they go.
const KINDS: [(&str, &str); 2] = [("EMAIL_OTP", MAIL), ("SMS_OTP", PHONE)];

/// Begins by a code; gives the session and the code that went out.
async fn begun(ana: &TestUser, (kind, address): (&str, &str)) -> (String, String) {
    let asked = ana.challenged(Some(kind), json!({})).await.unwrap();
    assert_eq!(asked.name, kind);
    let mailbox = ana.client.pool.server.mailbox(address).await;
    (asked.session, mailbox.last_code())
}

/// What an answer with a code comes to: `""` for tokens, else the error's sentence.
async fn answered(ana: &TestUser, kind: &str, session: &str, code: &str) -> String {
    let own = json!({format!("{kind}_CODE"): code});
    match ana.respond(kind, session, own).await {
        Ok(answer) => {
            signed_in(answer.authentication_result);
            String::new()
        }
        Err(error) => error.message,
    }
}

/// The sentence of a wrong code.
fn wrong(kind: &str) -> &'static str {
    match kind {
        "EMAIL_OTP" => WRONG_CODE.1,
        _ => "Invalid code or auth state for the user.",
    }
}

/// A code of the same length that is not this one.
fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

async fn ana(server: &TestServer) -> TestUser {
    with_both(&client_with_choice(server).await, "ana").await
}

#[tokio::test]
async fn a_wrong_code_leaves_the_session_and_five_use_it_up_and_lock() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        for kind in KINDS {
            let (session, code) = begun(&ana, kind).await;
            let kind = kind.0;
            for _ in 0..4 {
                let outcome = answered(&ana, kind, &session, &other_than(&code)).await;
                assert_eq!(outcome, wrong(kind));
            }
            // White space around it is no mistake.
            let typed = format!(" {code}\n");
            assert_eq!(answered(&ana, kind, &session, &typed).await, "");
        }
        for kind in KINDS {
            let (session, code) = begun(&ana, kind).await;
            let kind = kind.0;
            for _ in 0..5 {
                let outcome = answered(&ana, kind, &session, &other_than(&code)).await;
                assert_eq!(outcome, wrong(kind));
            }
            assert_eq!(
                answered(&ana, kind, &session, &code).await,
                INVALID_SESSION.1
            );
            // They count as wrong passwords do, for every way in.
            assert_eq!(refused(ana.initiate_with_password().await).told(), LOCKED);
            let begun = ana.begin_choice_with(Some(kind), json!({})).await;
            assert_eq!(refused(begun).told(), LOCKED);
            server.advance(minutes(16));
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_are_counted_over_all_sessions_and_beside_wrong_passwords() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    for _ in 0..2 {
        let (session, code) = begun(&ana, KINDS[0]).await;
        answered(&ana, "EMAIL_OTP", &session, &other_than(&code)).await;
    }
    let (session, code) = begun(&ana, KINDS[0]).await;
    for _ in 0..3 {
        let wrong = ana.with_password("Wrong-Horse-1");
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
    }
    // While the lock stands the right code is refused, and the session does not outlive that.
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, LOCKED.1);
    server.advance(seconds(2));
    assert_eq!(
        answered(&ana, "EMAIL_OTP", &session, &code).await,
        INVALID_SESSION.1
    );
    let (session, code) = begun(&ana, KINDS[0]).await;
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_counted_each() {
    for_each_shared_database(async |shared| {
        let [one, two] = shared.nodes::<2>().await;
        let ana = ana(&one).await;
        let (session, code) = begun(&ana, KINDS[0]).await;
        let nodes = [&one, &two].into_iter().cycle().take(12);
        let at: Vec<_> = nodes.map(|node| ana.on(node)).collect();
        let guess = other_than(&code);
        let guesses = at
            .iter()
            .map(|ana| answered(ana, "EMAIL_OTP", &session, &guess));
        let outcomes = join_all(guesses).await;
        let looked_at = outcomes.iter().filter(|outcome| *outcome == WRONG_CODE.1);
        assert!(looked_at.count() <= 5, "{outcomes:?}");
        let last = answered(&ana, "EMAIL_OTP", &session, &code).await;
        assert_ne!(last, "", "the right code after them all");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_answers_with_the_right_code_at_once_one_signs_in() {
    for_each_shared_database(async |shared| {
        let [one, two] = shared.nodes::<2>().await;
        let ana = ana(&one).await;
        for kind in KINDS {
            let (session, code) = begun(&ana, kind).await;
            let nodes = [&one, &two].into_iter().cycle().take(6);
            let at: Vec<_> = nodes.map(|node| ana.on(node)).collect();
            let answers = at.iter().map(|ana| answered(ana, kind.0, &session, &code));
            let mut outcomes = join_all(answers).await;
            outcomes.sort();
            assert_eq!(outcomes.remove(0), "");
            for outcome in outcomes {
                assert_eq!(outcome, INVALID_SESSION.1);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_is_good_once_and_as_long_as_the_session() {
    let server = TestServer::start().await;
    let pool = pool_with_choice(&server).await;
    let client = pool
        .client()
        .user_auth()
        .with("AuthSessionValidity", 5)
        .await;
    let ana = with_both(&client, "ana").await;
    for kind in KINDS {
        let (session, code) = begun(&ana, kind).await;
        server.advance(minutes(5) - seconds(1));
        assert_eq!(answered(&ana, kind.0, &session, &code).await, "");
        assert_eq!(
            answered(&ana, kind.0, &session, &code).await,
            INVALID_SESSION.1
        );
        let (session, code) = begun(&ana, kind).await;
        server.advance(minutes(5));
        assert_eq!(
            answered(&ana, kind.0, &session, &code).await,
            INVALID_SESSION.1
        );
    }
}

#[tokio::test]
async fn a_code_serves_its_own_session_only() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let (first, of_first) = begun(&ana, KINDS[0]).await;
    let (second, of_second) = begun(&ana, KINDS[0]).await;
    let (by_sms, of_sms) = begun(&ana, KINDS[1]).await;
    let wrong_code = WRONG_CODE.1;
    assert_eq!(
        answered(&ana, "EMAIL_OTP", &first, &of_second).await,
        wrong_code
    );
    assert_eq!(
        answered(&ana, "EMAIL_OTP", &first, &of_sms).await,
        wrong_code
    );
    // Under the name of another challenge it is nothing, and the session stays.
    for (kind, session, code) in [
        ("SMS_OTP", &first, &of_first),
        ("SMS_MFA", &first, &of_first),
        ("EMAIL_OTP", &by_sms, &of_sms),
        ("SMS_MFA", &by_sms, &of_sms),
        ("SOFTWARE_TOKEN_MFA", &first, &of_first),
    ] {
        assert_eq!(answered(&ana, kind, session, code).await, INVALID_SESSION.1);
    }
    assert_eq!(answered(&ana, "EMAIL_OTP", &first, &of_first).await, "");
    // Another session's code is no worse for that.
    assert_eq!(answered(&ana, "EMAIL_OTP", &second, &of_second).await, "");
    assert_eq!(answered(&ana, "SMS_OTP", &by_sms, &of_sms).await, "");
}

#[tokio::test]
async fn a_session_serves_no_other_user_client_or_pool() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    with_both(&client, "bea").await;
    let elsewhere = client_with_choice(&server).await;
    with_both(&elsewhere, "ana").await;
    for stranger in [
        ana.named("bea"),
        ana.named("nobody"),
        ana.at(&client.pool.client().user_auth().await),
        ana.at(&elsewhere),
    ] {
        let (session, code) = begun(&ana, KINDS[0]).await;
        let outcome = answered(&stranger, "EMAIL_OTP", &session, &code).await;
        assert_eq!(outcome, INVALID_SESSION.1);
    }
    // A user who is made anew under the name is another one.
    let (session, code) = begun(&ana, KINDS[0]).await;
    client.pool.delete_user("ana").await;
    with_both(&client, "ana").await;
    let outcome = answered(&ana, "EMAIL_OTP", &session, &code).await;
    assert_eq!(outcome, INVALID_SESSION.1);
}

#[tokio::test]
async fn a_code_to_an_address_that_has_changed_is_worth_nothing() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    for (kind, attribute, new) in [
        (KINDS[0], "email", "new@example.com"),
        (KINDS[1], "phone_number", "+15557654321"),
    ] {
        let (session, code) = begun(&ana, kind).await;
        change(&ana.client.pool, "ana", &[(attribute, new)]).await;
        let outcome = answered(&ana, kind.0, &session, &code).await;
        assert_eq!(outcome, INVALID_SESSION.1);
    }
}

#[tokio::test]
async fn who_may_not_sign_in_is_sent_no_code_and_sees_no_difference() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let (session, code) = begun(&ana, KINDS[0]).await;
    ana.client.pool.disable("ana").await;
    let before = server.mailbox(MAIL).await.len();
    let asked = ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
    assert_eq!(asked.name, "EMAIL_OTP");
    assert_eq!(asked.parameter("CODE_DELIVERY_DESTINATION"), "a***@e***");
    assert_eq!(server.mailbox(MAIL).await.len(), before);
    let outcome = answered(&ana, "EMAIL_OTP", &asked.session, "00000000").await;
    assert_eq!(outcome, WRONG_CODE.1);
    // Whoever holds a code of before is told.
    let outcome = answered(&ana, "EMAIL_OTP", &session, &code).await;
    assert_eq!(outcome, "User is disabled.");
}

#[tokio::test]
async fn one_mailbox_gets_so_many_codes_an_hour_and_the_answers_do_not_tell() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let before = server.mailbox(MAIL).await.len();
    let (session, code) = begun(&ana, KINDS[0]).await;
    let mut asked = Vec::new();
    for _ in 0..25 {
        asked.push(ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap());
    }
    let sent = server.mailbox(MAIL).await.len() - before;
    assert!(sent < 20, "{sent}");
    let parameters: Vec<_> = asked.iter().map(|asked| &asked.parameters).collect();
    assert!(parameters.windows(2).all(|two| two[0] == two[1]));
    // The codes that went out are good still.
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, "");
    server.advance(hours(1));
    let (session, code) = begun(&ana, KINDS[0]).await;
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, "");
}

#[tokio::test]
async fn one_network_address_asks_for_so_many_codes_whosever_they_are() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    with_both(&client, "ana").await;
    let begin = |name: &str| {
        let own = json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"});
        let input = client.initiation("USER_AUTH", &client.parameters(name, own));
        server
            .prepare::<op::InitiateAuth>(input)
            .from([203, 0, 113, 9])
    };
    for n in 0..30 {
        let name = format!("user{n}");
        begin(&name).send().await.success().unwrap();
    }
    for name in ["ana", "nobody"] {
        assert_eq!(begin(name).send().await.error().code, TOO_MANY, "{name}");
    }
}

#[tokio::test]
async fn the_messages_of_a_pool_are_summed_up_for_sign_ins_too() {
    let server = TestServer::builder();
    let server = server.limits(|limits| limits.mail_per_pool_and_hour = Some(2));
    let server = server.start().await;
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
    for name in ["ana", "nobody"] {
        let user = ana.named(name);
        let begun = user.begin_choice_with(Some("EMAIL_OTP"), json!({})).await;
        assert_eq!(refused(begun).code, TOO_MANY, "{name}");
    }
    // The operations have no other error for it, and other ways in go on.
    begun(&ana, KINDS[1]).await;
    ana.sign_in_srp().await.unwrap();
}

#[tokio::test]
async fn a_server_that_can_send_nothing_says_that_the_pool_is_not_set_up_for_codes() {
    let server = TestServer::start().await;
    let mut ana = ana(&server).await;
    ana.client.pool.server = server.node_with(Outbound {
        mail: Mailer::None,
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    });
    for (kind, _) in KINDS {
        let mut told = Vec::new();
        for name in ["ana", "nobody"] {
            let user = ana.named(name);
            let error = refused(user.begin_choice_with(Some(kind), json!({})).await);
            assert_eq!(error.code, "InvalidUserPoolConfigurationException");
            let offer = user.challenged(None, json!({})).await.unwrap();
            let error = refused(user.choose(&offer.session, kind, json!({})).await);
            assert_eq!(error.code, "InvalidUserPoolConfigurationException");
            told.push(error.message);
        }
        assert_eq!(told[0], told[1]);
    }
}

#[tokio::test]
async fn what_is_no_code_is_told_apart_from_a_wrong_one() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let (session, code) = begun(&ana, KINDS[0]).await;
    for own in [json!({}), json!({"EMAIL_OTP_CODE": ""})] {
        let error = refused(ana.respond("EMAIL_OTP", &session, own).await);
        let missing = "Missing required parameter EMAIL_OTP_CODE";
        assert_eq!(error.told(), ("InvalidParameterException", missing));
    }
    for odd in [
        "0".repeat(65),
        "ü".to_owned(),
        "1234567".to_owned(),
        format!("{code}0"),
    ] {
        let outcome = answered(&ana, "EMAIL_OTP", &session, &odd).await;
        assert_eq!(outcome, WRONG_CODE.1, "{odd}");
    }
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, "");
}

#[tokio::test]
async fn the_texts_are_those_of_the_pools_second_factors() {
    let server = TestServer::start().await;
    let pool = pool_with_choice(&server).await;
    let texts = json!({
        "UserPoolId": pool.id, "AutoVerifiedAttributes": ["email"],
        "SmsAuthenticationMessage": "Sign in with {####}",
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
    });
    server.call::<op::UpdateUserPool>(texts).await.unwrap();
    let ana = with_both(&pool.client().user_auth().await, "ana").await;
    let (_, code) = begun(&ana, KINDS[1]).await;
    let expected = format!("Sign in with {code}");
    assert_eq!(server.mailbox(PHONE).await.last_text(), expected);
}

#[tokio::test]
async fn a_code_proves_nothing_of_another_attribute() {
    // A code is typed by whoever reads the mail; it changes nothing but the sign-in.
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let before = server
        .call::<op::AdminGetUser>(json!({"UserPoolId": ana.client.pool.id, "Username": "ana"}))
        .await
        .unwrap();
    let (session, code) = begun(&ana, KINDS[0]).await;
    assert_eq!(answered(&ana, "EMAIL_OTP", &session, &code).await, "");
    let after = server
        .call::<op::AdminGetUser>(json!({"UserPoolId": ana.client.pool.id, "Username": "ana"}))
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(before).unwrap(),
        serde_json::to_value(after).unwrap()
    );
}

#[tokio::test]
async fn a_challenge_is_answered_under_the_name_that_it_tells() {
    let server = TestServer::start().await;
    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]});
    let pool = server.pool().email_as_username();
    let pool = pool
        .with("Policies", json!({ "SignInPolicy": factors }))
        .await;
    let client = pool.client().user_auth().secret().await;
    let ana = client.user(MAIL).confirmed().await;
    let asked = ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
    let told = asked.parameter("USERNAME").to_owned();
    assert_eq!(told, ana.sub);
    let code = server.mailbox(MAIL).await.last_code();
    let as_told = ana.named(&told);
    assert_eq!(
        answered(&as_told, "EMAIL_OTP", &asked.session, &code).await,
        ""
    );
    // And what is offered by either name is the same.
    let offer =
        async |user: &TestUser| -> Challenged { user.challenged(None, json!({})).await.unwrap() };
    assert_eq!(offer(&ana).await.available, offer(&as_told).await.available);
}
