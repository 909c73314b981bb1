//! Devices in sign-ins and refreshes: what proves one, what it stands in for, and what is bound to
//! it.

use cognate_testkit::{
    PASSWORD, TestDevice, TestServer, TestUser, Tokens, claims, for_each_database, minutes, op,
    refused, seconds,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sentences::{INVALID_SESSION, LOCKED, WRONG_PASSWORD};

const NO_SUCH_DEVICE: (&str, &str) = ("ResourceNotFoundException", "Device does not exist.");
const INVALID_REFRESH: (&str, &str) = ("NotAuthorizedException", "Invalid Refresh Token");
const UNKNOWN: &str = "us-east-1_77777777-8888-4999-8aaa-bbbbbbbbbbbb";

/// `ana` in a pool that remembers devices.
async fn ana_at(server: &TestServer) -> TestUser {
    let pool = server.pool().devices(true, false).await;
    pool.client().await.user("ana").confirmed().await
}

/// Asks for a code by text message after each password.
async fn require_codes(ana: &TestUser) {
    let pool = &ana.client.pool;
    let caller = "arn:aws:iam::123456789012:role/sms";
    let input = json!({
        "UserPoolId": pool.id, "MfaConfiguration": "ON",
        "SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": caller}},
    });
    pool.server
        .call::<op::SetUserPoolMfaConfig>(input)
        .await
        .unwrap();
    let input = json!({
        "UserPoolId": pool.id, "Username": ana.name,
        "UserAttributes": [{"Name": "phone_number", "Value": "+14155550123"}],
    });
    let update = pool.server.call::<op::AdminUpdateUserAttributes>(input);
    update.await.unwrap();
}

/// Begins SRP with a device key, and gives the answer that names it too.
async fn answer_on(
    device: &TestDevice,
) -> (cognate_testkit::SrpExchange, cognate_testkit::SrpAnswer) {
    let exchange = device.user.begin_srp().await.unwrap();
    let answer = exchange
        .answer(PASSWORD)
        .response("DEVICE_KEY", &device.key);
    (exchange, answer)
}

#[tokio::test]
async fn a_device_that_proves_itself_is_known_and_given_no_new_key() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, _) = ana.device().await;
        server.advance(minutes(1));
        let tokens = device.sign_in().await.unwrap();
        assert_eq!(tokens.new_device, None);
        assert_eq!(claims(&tokens.access)["device_key"], device.key);
        let input = json!({"AccessToken": tokens.access, "DeviceKey": device.key});
        let shown = server.call::<op::GetDevice>(input).await.unwrap().device;
        let now = server.now().0;
        assert_eq!(shown.device_last_authenticated_date.unwrap().0, now);
        assert!(shown.device_create_date.unwrap().0 < now);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_sends_no_session_signs_in_on_its_device() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, _) = ana.device().await;
        // Twice with the same values, as pycognito has them for as long as it runs.
        let (exchange, answer) = answer_on(&device).await;
        let asked = answer.without_session().send().await.unwrap();
        assert_eq!(asked.challenge_name.unwrap().as_str(), "DEVICE_SRP_AUTH");
        assert!(asked.challenge_parameters.unwrap().is_empty());
        let began = device.begin_after(&exchange).await.unwrap();
        let proof = began.answer().without_session();
        let tokens = proof.tokens().await.unwrap();
        assert_eq!(claims(&tokens.access)["device_key"], device.key);
        assert_eq!(refused(proof.tokens().await).told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn without_a_session_nobody_begins_for_a_device_who_does_not_know_the_passwords_a() {
    let server = TestServer::start().await;
    let ana = ana_at(&server).await;
    let (device, _) = ana.device().await;
    let (_, answer) = answer_on(&device).await;
    let asked = answer.send().await.unwrap();
    // A copy of the device, which waits for its user to sign in elsewhere.
    let error = refused(device.begin(None).await);
    assert_eq!(error.told(), INVALID_SESSION);
    let another = ana.begin_srp().await.unwrap();
    let error = refused(device.begin_after(&another).await);
    assert_eq!(error.told(), INVALID_SESSION);
    let began = device.begin(asked.session.as_deref()).await.unwrap();
    began.answer().tokens().await.unwrap();
}

#[tokio::test]
async fn a_sign_in_that_begins_anew_with_the_same_values_takes_the_place_of_the_one_before() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, _) = ana.device().await;
        let exchange = ana.begin_srp().await.unwrap();
        let again = exchange.again().await.unwrap();
        for exchange in [&exchange, &again] {
            let answer = exchange
                .answer(PASSWORD)
                .response("DEVICE_KEY", &device.key);
            let asked = answer.without_session().send().await.unwrap();
            assert_eq!(asked.challenge_name.unwrap().as_str(), "DEVICE_SRP_AUTH");
        }
        let began = device.begin_after(&again).await.unwrap();
        began.answer().tokens().await.unwrap();
        let error = refused(device.begin_after(&again).await);
        assert_eq!(error.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn an_answer_on_an_unknown_device_is_told_and_taken_again_without_it() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let bob = ana.client.user("bob").confirmed().await;
        let (of_bob, _) = bob.device().await;
        for key in [UNKNOWN, &*of_bob.key, "no device key"] {
            let exchange = ana.begin_srp().await.unwrap();
            let answer = exchange.answer(PASSWORD);
            let named = answer.clone().response("DEVICE_KEY", key);
            for _ in 0..2 {
                let error = refused(named.send().await);
                assert_eq!(error.told(), NO_SUCH_DEVICE, "{key}");
            }
            // The very same answer, as the libraries send it: with null for the key.
            let mut input = answer.input();
            input["ChallengeResponses"]["DEVICE_KEY"] = Value::Null;
            let answered = server
                .call::<op::RespondToAuthChallenge>(input)
                .await
                .unwrap();
            let tokens = answered.authentication_result.unwrap();
            assert!(tokens.new_device_metadata.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn who_does_not_know_the_password_is_told_nothing_of_devices() {
    let server = TestServer::start().await;
    let ana = ana_at(&server).await;
    let (device, _) = ana.device().await;
    for (name, key) in [("ana", UNKNOWN), ("ana", &*device.key), ("nobody", UNKNOWN)] {
        let exchange = ana.client.begin_srp(name).await.unwrap();
        let wrong = exchange.answer("Wrong-Horse-1").response("DEVICE_KEY", key);
        assert_eq!(
            refused(wrong.send().await).told(),
            WRONG_PASSWORD,
            "{name} {key}"
        );
    }
}

/// Of answers that look at one step at the same moment each counts, and who was right with a
/// device that is none is told no more than the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_counts_when_another_has_used_its_step_up() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        for password in [PASSWORD, "Wrong-Horse-2", "Wrong-Horse-3"] {
            let exchange = ana.begin_srp().await.unwrap();
            let answer = |password| exchange.answer(password).response("DEVICE_KEY", UNKNOWN);
            let beside = answer("Wrong-Horse-1");
            server.faults().meanwhile(async move {
                assert_eq!(refused(beside.send().await).told(), WRONG_PASSWORD);
            });
            let error = refused(answer(password).send().await);
            assert_eq!(error.told(), INVALID_SESSION, "{password}");
        }
        assert_eq!(refused(ana.initiate_with_password().await).told(), LOCKED);
    })
    .await;
}

#[tokio::test]
async fn a_copied_key_without_the_secret_is_refused_as_a_wrong_password_and_counted() {
    let server = TestServer::start().await;
    let ana = ana_at(&server).await;
    let (device, _) = ana.device().await;
    let copy = TestDevice {
        secret: "a guess".to_owned(),
        ..device.clone()
    };
    for _ in 0..5 {
        let asked = copy.initiate().await.unwrap();
        let began = copy.begin(asked.session.as_deref()).await.unwrap();
        let answer = began.answer();
        assert_eq!(refused(answer.tokens().await).told(), WRONG_PASSWORD);
        assert_eq!(refused(answer.tokens().await).told(), INVALID_SESSION);
    }
    assert_eq!(refused(device.initiate().await).told(), LOCKED);
    server.advance(minutes(1));
    device.sign_in().await.unwrap();
}

/// Signs in on a device by the password and a code; the device proves itself last.
async fn sign_in_by_code(device: &TestDevice) -> Tokens {
    let ana = &device.user;
    let server = &ana.client.pool.server;
    let asked = device.initiate().await.unwrap();
    assert_eq!(asked.challenge_name.unwrap().as_str(), "SMS_MFA");
    let code = server.mailbox("+14155550123").await.last_code();
    let own = json!({"SMS_MFA_CODE": code, "DEVICE_KEY": device.key});
    let session = asked.session.unwrap();
    let asked = ana.respond("SMS_MFA", &session, own).await.unwrap();
    assert_eq!(asked.challenge_name.unwrap().as_str(), "DEVICE_SRP_AUTH");
    let began = device.begin(asked.session.as_deref()).await.unwrap();
    began.answer().tokens().await.unwrap()
}

#[tokio::test]
async fn a_remembered_device_stands_in_for_the_code_once_one_was_typed_there() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        // Whoever knew the password has confirmed this one.
        let (device, _) = ana.device().await;
        require_codes(&ana).await;
        sign_in_by_code(&device).await;
        device.sign_in().await.unwrap();
        // Without its device the user is asked for a code.
        let asked = ana.initiate_with_password().await.unwrap();
        assert_eq!(asked.challenge_name.unwrap().as_str(), "SMS_MFA");
        // A device that is confirmed after a code stands in at once.
        let code = server.mailbox("+14155550123").await.last_code();
        let own = json!({"SMS_MFA_CODE": code});
        let answer = ana.respond("SMS_MFA", &asked.session.unwrap(), own).await;
        let tokens = Tokens::given(answer.unwrap().authentication_result);
        let new = ana.new_device(&tokens);
        new.confirm(&tokens.access).await.unwrap();
        new.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_device_that_is_not_remembered_comes_after_the_code() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, tokens) = ana.device().await;
        require_codes(&ana).await;
        let input = json!({
            "AccessToken": tokens.access, "DeviceKey": device.key,
            "DeviceRememberedStatus": "not_remembered",
        });
        server.call::<op::UpdateDeviceStatus>(input).await.unwrap();
        for _ in 0..2 {
            let tokens = sign_in_by_code(&device).await;
            assert_eq!(claims(&tokens.access)["device_key"], device.key);
        }
    })
    .await;
}

#[tokio::test]
async fn a_device_that_is_forgotten_while_it_proves_itself_does_not_sign_in() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, tokens) = ana.device().await;
        let asked = device.initiate().await.unwrap();
        let late = device.initiate().await.unwrap();
        let began = device.begin(asked.session.as_deref()).await.unwrap();
        let input = json!({"AccessToken": tokens.access, "DeviceKey": device.key});
        server.call::<op::ForgetDevice>(input).await.unwrap();
        let error = refused(began.answer().tokens().await);
        assert_eq!(error.told(), NO_SUCH_DEVICE);
        let error = refused(device.begin(late.session.as_deref()).await);
        assert_eq!(error.told(), NO_SUCH_DEVICE);
    })
    .await;
}

#[tokio::test]
async fn the_answer_of_another_device_or_user_does_not_serve() {
    let server = TestServer::start().await;
    let ana = ana_at(&server).await;
    let (device, _) = ana.device().await;
    let (other, _) = ana.device().await;
    let bob = ana.client.user("bob").confirmed().await;
    let asked = device.initiate().await.unwrap();
    let error = refused(other.begin(asked.session.as_deref()).await);
    assert_eq!(error.told(), NO_SUCH_DEVICE);
    let of_bob = TestDevice {
        user: bob,
        ..device.clone()
    };
    let error = refused(of_bob.begin(asked.session.as_deref()).await);
    assert_eq!(error.told(), INVALID_SESSION);
    // That was an answer to the step, and it is used up.
    let error = refused(device.begin(asked.session.as_deref()).await);
    assert_eq!(error.told(), INVALID_SESSION);
    let asked = device.initiate().await.unwrap();
    let began = device.begin(asked.session.as_deref()).await.unwrap();
    let renamed = began.answer().response("DEVICE_KEY", other.key.as_str());
    assert_eq!(refused(renamed.send().await).told(), NO_SUCH_DEVICE);
    let old = began
        .answer()
        .response("TIMESTAMP", "Tue Sep 5 18:20:05 UTC 2017");
    assert_eq!(refused(old.send().await).code, "InvalidParameterException");
    let late = began.answer();
    server.advance(minutes(3));
    assert_eq!(refused(late.send().await).told(), INVALID_SESSION);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_devices_answers_at_the_same_moment_on_two_nodes_one_wins() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, _) = ana.device().await;
        let node = server.node();
        let asked = device.initiate().await.unwrap();
        let began = device.begin(asked.session.as_deref()).await.unwrap();
        let here = began.answer();
        let there = here.clone().at(&node);
        let outcomes = join_all((0..6).map(|n| {
            if n % 2 == 0 {
                here.send()
            } else {
                there.send()
            }
        }));
        let outcomes = outcomes.await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for lost in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refused(lost).told(), INVALID_SESSION);
        }
        let asked = device.initiate().await.unwrap();
        let begin = || device.begin(asked.session.as_deref());
        let outcomes = join_all((0..4).map(|_| begin())).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    })
    .await;
}

/// Refreshes with a device key, by both operations.
async fn refreshes(
    ana: &TestUser,
    tokens: &Tokens,
    key: &Value,
) -> [Result<Tokens, (String, String)>; 2] {
    let told = |error: cognate_testkit::ApiError| (error.code, error.message);
    let by_flow = ana.refresh_on(tokens.refresh(), key).await;
    let input =
        json!({"ClientId": ana.client.id, "RefreshToken": tokens.refresh(), "DeviceKey": key});
    let server = &ana.client.pool.server;
    let by_operation = server.call::<op::GetTokensFromRefreshToken>(input).await;
    let of = |result: cognate_api::idp::GetTokensFromRefreshTokenResponse| {
        Tokens::of(result.authentication_result.unwrap())
    };
    [by_flow.map_err(told), by_operation.map(of).map_err(told)]
}

async fn assert_bound(ana: &TestUser, tokens: &Tokens, key: &Value) {
    for outcome in refreshes(ana, tokens, key).await {
        let (code, message) = outcome.unwrap_err();
        assert_eq!((&*code, &*message), INVALID_REFRESH, "{key}");
    }
}

#[tokio::test]
async fn a_session_is_refreshed_on_its_confirmed_device_only() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let tokens = ana.sign_in().await.unwrap();
        let device = ana.new_device(&tokens);
        let key: Value = device.key.as_str().into();
        assert_bound(&ana, &tokens, &key).await;
        assert_bound(&ana, &tokens, &Value::Null).await;
        device.confirm(&tokens.access).await.unwrap();
        let (other, _) = ana.device().await;
        for wrong in [Value::Null, UNKNOWN.into(), other.key.as_str().into()] {
            assert_bound(&ana, &tokens, &wrong).await;
        }
        for outcome in refreshes(&ana, &tokens, &key).await {
            let tokens = outcome.unwrap();
            assert_eq!(tokens.new_device, None);
            assert_eq!(claims(&tokens.access)["device_key"], device.key);
        }
        let known = device.sign_in().await.unwrap();
        for outcome in refreshes(&ana, &known, &key).await {
            outcome.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_forgotten_device_refreshes_nothing_and_is_not_confirmed_again() {
    for_each_database(async |server| {
        let ana = ana_at(&server).await;
        let (device, first) = ana.device().await;
        let second = device.sign_in().await.unwrap();
        let (other, elsewhere) = ana.device().await;
        let input = json!({"AccessToken": elsewhere.access, "DeviceKey": device.key});
        server.call::<op::ForgetDevice>(input).await.unwrap();
        let key: Value = device.key.as_str().into();
        for tokens in [&first, &second] {
            assert_bound(&ana, tokens, &key).await;
            let error = refused(device.confirm(&tokens.access).await);
            assert_eq!(error.message, "Invalid device key given.");
            // As at AWS, the access token lives out its hour.
            ana.get_user(&tokens.access).await.unwrap();
        }
        other.refresh(elsewhere.refresh()).await.unwrap();
        // A change of the setting does not bring it back.
        let input = json!({"UserPoolId": ana.client.pool.id});
        server.call::<op::UpdateUserPool>(input).await.unwrap();
        let node = server.node();
        let mut at_node = ana.clone();
        at_node.client.pool.server = node;
        assert_bound(&at_node, &first, &key).await;
        assert_bound(&at_node, &first, &Value::Null).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_that_began_on_no_device_is_free() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    for key in [Value::Null, UNKNOWN.into()] {
        for outcome in refreshes(&ana, &tokens, &key).await {
            outcome.unwrap();
        }
    }
}

#[tokio::test]
async fn a_rotating_session_is_rotated_on_its_device_only_and_ended_by_no_other() {
    let server = TestServer::start().await;
    let ana = ana_at(&server).await;
    let ana = ana.at(&ana.client.pool.client().rotation(0).await);
    let (device, tokens) = ana.device().await;
    let rotate = async |key: &str| {
        let input =
            json!({"ClientId": ana.client.id, "RefreshToken": tokens.refresh(), "DeviceKey": key});
        server.call::<op::GetTokensFromRefreshToken>(input).await
    };
    server.advance(seconds(10));
    let error = refused(rotate(UNKNOWN).await);
    assert_eq!(error.told(), INVALID_REFRESH);
    rotate(&device.key).await.unwrap();
    server.advance(seconds(10));
    // A thief of the spent token who has not the key ends nothing and learns nothing.
    assert_eq!(refused(rotate(UNKNOWN).await).told(), INVALID_REFRESH);
    let error = refused(rotate(&device.key).await);
    assert_eq!(error.code, "RefreshTokenReuseException");
}
