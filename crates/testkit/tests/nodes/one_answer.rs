//! Of many right answers to one challenge, sent to several nodes at once, one goes on: for every
//! challenge there is.

use std::collections::BTreeSet;

use cognate_api::idp::ChallengeNameType;
use cognate_crypto::srp::client::ClientKey;
use cognate_model::sign_in::{Created, Defined};
use cognate_outbound::Script;
use cognate_testkit::{
    Authenticator, Challenged, PASSWORD, TestClient, TestPasskey, TestPool, TestServer, TestUser,
    for_each_shared_database, minutes, op,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const PHONE: &str = "+15551234567";

/// What RespondToAuthChallenge is given.
fn answer(user: &TestUser, name: &str, session: &str, own: Value) -> Value {
    json!({
        "ClientId": user.client.id, "ChallengeName": name, "Session": session,
        "ChallengeResponses": user.client.parameters(&user.name, own),
    })
}

/// The pool's own code: one riddle.
fn riddle() -> Script {
    Script {
        define: Box::new(|question| match question.session.last() {
            Some(past) if past.result => Defined::IssueTokens,
            Some(_) => Defined::Fail,
            None => Defined::Challenge("CUSTOM_CHALLENGE".into()),
        }),
        create: Box::new(|_| Created {
            public: [("riddle".to_owned(), "?".to_owned())].into(),
            private: [("answer".to_owned(), "!".to_owned())].into(),
            metadata: None,
        }),
        verify: Box::new(|question| question.answer.expose() == "!"),
    }
}

/// A confirmed user with a verified phone number.
async fn user(client: &TestClient, name: &str) -> TestUser {
    let user = client.user(name).confirmed().await;
    let input = json!({
        "UserPoolId": client.pool.id, "Username": name,
        "UserAttributes": [
            {"Name": "phone_number", "Value": PHONE},
            {"Name": "phone_number_verified", "Value": "true"},
        ],
    });
    let server = &client.pool.server;
    let updated = server.call::<op::AdminUpdateUserAttributes>(input);
    updated.await.unwrap();
    user
}

/// The code that went to an address last.
async fn code(server: &TestServer, address: &str) -> String {
    server.mailbox(address).await.last_code()
}

/// Answers to what a sign-in may begin with.
async fn first_answers(server: &TestServer) -> Vec<Value> {
    let factors = ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"];
    let policy = json!({"SignInPolicy": {"AllowedFirstAuthFactors": factors}});
    let pool = server.pool().with("Policies", policy).await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let flows = [
        "ALLOW_USER_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ];
    let ana = user(&pool.client().flows(flows).await, "ana").await;
    let asked = async |preferred: Option<&str>| {
        let asked = ana.challenged(preferred, json!({})).await.unwrap();
        if let Some(preferred) = preferred {
            assert_eq!(asked.name, preferred);
        }
        asked
    };
    let mut answers = Vec::new();
    let mut put = |asked: Challenged, own: Value| {
        answers.push(answer(&ana, &asked.name, &asked.session, own));
    };
    let chosen = json!({"ANSWER": "PASSWORD", "PASSWORD": PASSWORD});
    put(asked(None).await, chosen);
    put(asked(Some("PASSWORD")).await, json!({"PASSWORD": PASSWORD}));
    let key = ClientKey::generate(&mut server.random());
    let public = key.public_value().to_hex();
    put(asked(Some("PASSWORD_SRP")).await, json!({"SRP_A": public}));
    let by_mail = asked(Some("EMAIL_OTP")).await;
    let typed = json!({"EMAIL_OTP_CODE": code(server, &ana.address).await});
    put(by_mail, typed);
    let by_text = asked(Some("SMS_OTP")).await;
    put(by_text, json!({"SMS_OTP_CODE": code(server, PHONE).await}));
    let mut passkey = TestPasskey::es256();
    let access = ana.sign_in().await.unwrap().access;
    ana.add_passkey(&access, &mut passkey).await.unwrap();
    let by_passkey = asked(Some("WEB_AUTHN")).await;
    let options = by_passkey.parameter("CREDENTIAL_REQUEST_OPTIONS");
    let credential = passkey.sign_in(&serde_json::from_str(options).unwrap());
    put(by_passkey, json!({"CREDENTIAL": credential.to_string()}));
    let parameters = ana.client.parameters("ana", json!({}));
    let input = ana.client.initiation("CUSTOM_AUTH", &parameters);
    let custom = server.call::<op::InitiateAuth>(input).await.unwrap();
    put(custom.into(), json!({"ANSWER": "!"}));
    let exchange = ana.begin_srp().await.unwrap();
    answers.push(exchange.answer(PASSWORD).input());
    answers
}

/// A pool with every second factor.
async fn pool_of_factors(server: &TestServer, configuration: &str) -> TestPool {
    let recovery = json!({"RecoveryMechanisms": [
        {"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"},
    ]});
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let pool = server.pool().with("AccountRecoverySetting", recovery).await;
    pool.mfa(json!({
        "MfaConfiguration": configuration, "SmsMfaConfiguration": sms,
        "SoftwareTokenMfaConfiguration": {"Enabled": true}, "EmailMfaConfiguration": {},
    }))
    .await
}

/// Answers to what follows a password.
async fn second_answers(server: &TestServer) -> Vec<Value> {
    let client = pool_of_factors(server, "OPTIONAL").await.client().await;
    let eve = client.invited("eve", "Temporary-1!").await;
    let session = client.prove_temporary("eve", "Temporary-1!").await;
    let own = json!({"NEW_PASSWORD": PASSWORD});
    let mut answers = vec![answer(&eve, "NEW_PASSWORD_REQUIRED", &session, own)];

    let enrol = async |name: &str, factors: &[&str], preferred: bool| {
        let user = user(&client, name).await;
        let access = user.sign_in().await.unwrap().access;
        let app = user.with_app(&access).await;
        let mut preference = json!({"SoftwareTokenMfaSettings": {"Enabled": false}});
        for factor in factors {
            preference[*factor] = json!({"Enabled": true, "PreferredMfa": preferred});
        }
        user.prefer(&access, preference).await.unwrap();
        (user, app)
    };
    let app_settings = "SoftwareTokenMfaSettings";
    let (by_text, _) = enrol("text", &["SMSMfaSettings"], true).await;
    let (by_mail, _) = enrol("mail", &["EmailMfaSettings"], true).await;
    let (by_app, app) = enrol("apps", &[app_settings], true).await;
    let (chooser, _) = enrol("both", &["SMSMfaSettings", app_settings], false).await;
    server.advance(minutes(1));
    let ask = async |user: &TestUser| -> Challenged {
        user.initiate_with_password().await.unwrap().into()
    };
    let asked = ask(&by_text).await;
    let own = json!({"SMS_MFA_CODE": code(server, PHONE).await});
    answers.push(answer(&by_text, &asked.name, &asked.session, own));
    let asked = ask(&by_mail).await;
    let own = json!({"EMAIL_OTP_CODE": code(server, &by_mail.address).await});
    answers.push(answer(&by_mail, &asked.name, &asked.session, own));
    let asked = ask(&by_app).await;
    let own = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(server)});
    answers.push(answer(&by_app, &asked.name, &asked.session, own));
    let asked = ask(&chooser).await;
    let own = json!({"ANSWER": "SOFTWARE_TOKEN_MFA"});
    answers.push(answer(&chooser, &asked.name, &asked.session, own));
    answers
}

/// The answer of who has set an app up in the sign-in.
async fn answer_of_set_up(server: &TestServer) -> Value {
    let apps =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let client = server.pool().await.mfa(apps).await.client().await;
    let ana = client.user("ana").confirmed().await;
    let asked: Challenged = ana.initiate_with_password().await.unwrap().into();
    let input = json!({"Session": asked.session});
    let begun = server.call::<op::AssociateSoftwareToken>(input).await;
    let begun = begun.unwrap();
    let app = Authenticator::of(&begun.secret_code.unwrap());
    let input = json!({"Session": begun.session, "UserCode": app.code(server)});
    let ended = server.call::<op::VerifySoftwareToken>(input).await;
    let session = ended.unwrap().session.unwrap();
    answer(&ana, &asked.name, &session, json!({}))
}

/// Both answers of a device.
async fn answers_of_devices(server: &TestServer) -> [Value; 2] {
    let client = server.pool().devices(true, false).await.client().await;
    let ana = client.user("ana").confirmed().await;
    let (device, _) = ana.device().await;
    let asked: Challenged = device.initiate().await.unwrap().into();
    let key = ClientKey::generate(&mut server.random());
    let own = json!({"DEVICE_KEY": device.key, "SRP_A": key.public_value().to_hex()});
    let first = answer(&ana, &asked.name, &asked.session, own);
    let asked = device.initiate().await.unwrap();
    let begun = device.begin(asked.session.as_deref()).await.unwrap();
    [first, begun.answer().input]
}

/// Sends each answer three times to each node, and notes the names of their challenges.
async fn at_once(nodes: &[TestServer; 3], answers: Vec<Value>, met: &mut BTreeSet<String>) {
    for answer in answers {
        let name = answer["ChallengeName"].as_str().unwrap().to_owned();
        let nine = nodes.iter().cycle().take(9);
        let nine = nine.map(|node| node.call::<op::RespondToAuthChallenge>(answer.clone()));
        let outcomes = join_all(nine).await;
        let wrong: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        assert_eq!(wrong.len(), 8, "{name}: {:?}", wrong.first());
        let are_told = wrong.iter().all(|error| error.status == 400);
        assert!(are_told, "{name}: {wrong:?}");
        met.insert(name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_right_answers_to_a_challenge_at_once_one_goes_on() {
    for_each_shared_database(async |shared| {
        let builder = TestServer::builder().script(riddle());
        let nodes: [_; 3] = shared.nodes_like(builder).await;
        let server = &nodes[0];
        let mut met = BTreeSet::new();
        // Each kind is answered before the time of what it waits for moves on.
        at_once(&nodes, first_answers(server).await, &mut met).await;
        at_once(&nodes, second_answers(server).await, &mut met).await;
        at_once(&nodes, vec![answer_of_set_up(server).await], &mut met).await;
        at_once(&nodes, answers_of_devices(server).await.into(), &mut met).await;
        let mut all: BTreeSet<_> = ChallengeNameType::NAMES.iter().copied().collect();
        // It names a flow, and is no challenge.
        all.remove("ADMIN_NO_SRP_AUTH");
        let met: BTreeSet<_> = met.iter().map(String::as_str).collect();
        assert_eq!(met, all);
    })
    .await;
}
