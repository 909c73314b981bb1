//! A pool that moves to another server: nobody resets a password, and nobody loses a factor.

use std::io::Cursor;

use cognate_crypto::seal::MasterKey;
use cognate_crypto::seal::file::{Lock, PassphraseCost, Unlock};
use cognate_crypto::secret::SecretString;
use cognate_model::{Sub, UserPoolId};
use cognate_service::exports::{self, Format};
use cognate_store::backup::Progress;
use cognate_store::{Error, Tx, export, user_pools, users};
use cognate_testkit::{
    TestPasskey, TestPool, TestServer, TestUser, claims, for_each_database, hash_of, header,
    minutes, op, refused,
};
use serde_json::{Value, json};

use crate::sentences::WRONG_PASSWORD;

const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

/// A server with a master key and secrets of its own, at the time of another.
async fn source(beside: &TestServer) -> TestServer {
    let builder = TestServer::builder().at(beside.now()).seeded(7);
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let source = builder.under(MasterKey::from_bytes(key)).start().await;
    let secret = |server: &TestServer| server.app().db.server_secret("recovery codes");
    assert_ne!(secret(&source), secret(beside), "each has its own secrets");
    source
}

/// Moves a pool, as `cognate export` and `cognate import-pool` do.
async fn moved(pool: &TestPool, to: &TestServer, with_signing_keys: bool) {
    let words = SecretString::from("correct horse battery staple");
    let from = pool.server.app();
    let lock = Lock::Passphrase(&words, CHEAP);
    let (clock, out) = (&from.clock, (Vec::new(), lock));
    let quiet = &mut |_: Progress<'_>| {};
    let exported = exports::export(&from.db, clock, &pool.id, with_signing_keys, out, quiet).await;
    let (file, _) = exported.unwrap();
    let unlock = Unlock::Passphrase(&words);
    let checked = export::check(Cursor::new(&file), unlock).unwrap();
    let app = to.app();
    let input = (Cursor::new(&file), unlock);
    let from = (&app.clock, &app.entropy);
    let quiet = &mut |_: Progress<'_>| {};
    exports::import(&app.db, from, &checked, input, quiet)
        .await
        .unwrap();
}

/// The same user at another server.
fn at(server: &TestServer, user: &TestUser) -> TestUser {
    let mut user = user.clone();
    user.client.pool.server = server.clone();
    user
}

fn mfa_pool(server: &TestServer) -> impl Future<Output = TestPool> {
    let pool = server.pool().passkeys().devices(false, false);
    async move {
        let pool = pool.await;
        let factors = json!({
            "SoftwareTokenMfaConfiguration": {"Enabled": true},
            "MfaConfiguration": "OPTIONAL",
            "WebAuthnConfiguration": {"RelyingPartyId": "example.com"},
        });
        pool.mfa(factors).await
    }
}

async fn put_into_group(user: &TestUser) {
    let pool = &user.client.pool;
    let group = json!({"UserPoolId": pool.id, "GroupName": "admins"});
    pool.server.call::<op::CreateGroup>(group).await.unwrap();
    let member = json!({"UserPoolId": pool.id, "GroupName": "admins", "Username": user.name});
    let added = pool.server.call::<op::AdminAddUserToGroup>(member);
    added.await.unwrap();
}

async fn answer_app(user: &TestUser, code: &str) -> Value {
    let asked = user.initiate_with_password().await.unwrap();
    let session = asked.session.expect("an app is asked for");
    let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
    let answered = user.respond("SOFTWARE_TOKEN_MFA", &session, answer).await;
    serde_json::to_value(answered.unwrap().authentication_result).unwrap()
}

#[tokio::test]
async fn users_sign_in_by_all_that_they_have_at_the_other_server() {
    for_each_database(async |target| {
        let source = source(&target).await;
        let pool = mfa_pool(&source).await;
        pool.set_recovery_codes("on").await;
        let client = pool.client().user_auth().secret().await;
        let (ana, bea) = (
            client.user("Ana").confirmed().await,
            client.user("bea").confirmed().await,
        );
        let eve = client.user("eve").confirmed().await;
        eve.known_by(&hash_of("Imported-Horse-5")).await;
        let tokens = ana.sign_in().await.unwrap();
        put_into_group(&ana).await;
        let mut passkey = TestPasskey::es256();
        bea.add_passkey(&bea.sign_in().await.unwrap().access, &mut passkey)
            .await
            .unwrap();
        let (device, _) = bea.device().await;
        let app = ana.with_app(&tokens.access).await;
        let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
        for server in [&source, &target] {
            server.advance(minutes(1));
        }
        moved(&pool, &target, true).await;

        let (ana, bea, eve) = (at(&target, &ana), at(&target, &bea), at(&target, &eve));
        // SRP, with the client's secret, and then the app.
        let exchange = ana.begin_srp().await.unwrap();
        let asked = exchange.answer(&ana.password).send().await.unwrap();
        assert_eq!(asked.challenge_name.unwrap().as_str(), "SOFTWARE_TOKEN_MFA");
        let result = answer_app(&ana, &app.code(&target)).await;
        let access = result["AccessToken"].as_str().unwrap();
        assert_eq!(claims(access)["sub"], ana.sub);
        assert_eq!(claims(access)["cognito:groups"], json!(["admins"]));
        assert_eq!(header(access)["kid"], header(&tokens.access)["kid"]);
        ana.get_user(access).await.unwrap();
        // A recovery code, hashed under the secret of the other server.
        answer_app(&ana, &codes[3]).await;
        // A passkey, and a device, whose session goes on.
        bea.sign_in_with(&mut passkey).await.unwrap();
        bea.sign_in_srp().await.unwrap();
        let mut device = device;
        device.user = bea.clone();
        let on_device = device.sign_in().await.unwrap();
        // A session is refreshed on its confirmed device.
        let refreshed = device.refresh(on_device.refresh()).await.unwrap();
        bea.get_user(&refreshed.access).await.unwrap();
        // A hash that still waits.
        let eve = eve.with_password("Imported-Horse-5");
        assert_eq!(refused(eve.sign_in_srp().await).told(), WRONG_PASSWORD);
        eve.sign_in().await.unwrap();
        eve.sign_in_srp().await.unwrap();
        // Who is signed in at the other server is so there alone.
        refused(ana.get_user(&tokens.access).await);
        refused(ana.refresh(tokens.refresh()).await);
    })
    .await;
}

#[tokio::test]
async fn without_its_signing_keys_the_pool_signs_with_new_ones() {
    let target = TestServer::start().await;
    // Servers of tests have the same keys in the same order.
    target.pool().await;
    let source = source(&target).await;
    let ana = source.confirmed_user("ana").await;
    let before = ana.sign_in().await.unwrap();
    moved(&ana.client.pool, &target, false).await;
    let ana = at(&target, &ana);
    let after = ana.sign_in_srp().await.unwrap();
    assert_ne!(header(&after.access)["kid"], header(&before.access)["kid"]);
    ana.get_user(&after.access).await.unwrap();
}

#[tokio::test]
async fn users_without_secrets_are_written_as_csv_and_as_json() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool.client().await;
        let formula = "=HYPERLINK(\"http://evil\")";
        client
            .user("ana")
            .attribute("name", formula)
            .attribute("address", "1, Main St\nTown")
            .confirmed()
            .await;
        let written = async |format| {
            let mut out = Vec::new();
            let db = &server.app().db;
            let written = exports::write_plain(db, &pool.id, format, &mut out).await;
            assert_eq!(written.unwrap(), 1);
            String::from_utf8(out).unwrap()
        };
        let csv = written(Format::Csv).await;
        let asked = json!({"UserPoolId": pool.id});
        let header = server.call::<op::GetCSVHeader>(asked).await.unwrap();
        let header = header.csv_header.unwrap().join(",");
        assert_eq!(csv.lines().next(), Some(header.as_str()));
        assert!(
            csv.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""),
            "{csv}"
        );
        assert!(csv.contains("\"1, Main St\nTown\""), "{csv}");
        let line: Value = serde_json::from_str(&written(Format::Jsonl).await).unwrap();
        assert_eq!(line["attributes"]["name"], formula);
        assert_eq!(
            (&line["username"], &line["status"]),
            (&json!("ana"), &json!("CONFIRMED"))
        );
    })
    .await;
}

/// Makes the user names of a pool case-sensitive, and stores the user's name anew.
async fn make_case_sensitive(user: &TestUser) {
    let pool = UserPoolId::parse(&user.client.pool.id).unwrap();
    let sub = Sub::parse(&user.sub).unwrap();
    let change = async move |tx: &mut Tx| -> Result<(), Error> {
        let mut pool = user_pools::find(tx, &pool).await?.unwrap();
        pool.case_sensitive = true;
        assert!(user_pools::update(tx, &pool).await?);
        let user = users::find(tx, &pool.id, &sub).await?.unwrap();
        let names = user.names(&pool);
        assert_eq!(users::update(tx, &user, &names).await?, Ok(()));
        Ok(())
    };
    let db = &user.client.pool.server.app().db;
    db.write("change_pool", change).await.unwrap();
}

/// What an alias or a case rule that was changed does to a user: another normal form of their name.
#[tokio::test]
async fn srp_goes_on_after_the_users_name_has_got_another_normal_form() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("Ana").await;
        make_case_sensitive(&ana).await;
        let again = server.node();
        let ana = at(&again, &ana);
        ana.sign_in_srp().await.unwrap();
        ana.sign_in().await.unwrap();
        refused(ana.named("ana").sign_in_srp().await);
    })
    .await;
}
