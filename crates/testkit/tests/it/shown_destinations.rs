//! Where ForgotPassword and ResendConfirmationCode say that a code has gone: it must not tell who
//! exists, whichever pool it is and whatever its users have.

use std::collections::BTreeSet;

use cognate_testkit::{
    TestClient, TestPool, TestServer, attribute_list, for_each_database, hours, op,
};
use serde_json::{Value, json};

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    medium: String,
    attribute: String,
    mask: String,
}

impl Shown {
    fn of(answer: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let details = &answer["CodeDeliveryDetails"];
        let text = |name: &str| {
            details[name]
                .as_str()
                .unwrap_or_else(|| panic!("{answer}"))
                .to_owned()
        };
        Self {
            medium: text("DeliveryMedium"),
            attribute: text("AttributeName"),
            mask: text("Destination"),
        }
    }

    /// The same without the first letter of the domain: where nobody of the pool has an address
    /// there is none to go by.
    fn without_domain(mut self) -> Self {
        if let Some((local, _)) = self.mask.split_once('@') {
            self.mask = format!("{local}@?***");
        }
        self
    }

    /// Without what differs from user to user: the first letter of an address, the last digits of a
    /// number.
    fn form(&self) -> Self {
        let mask = match self.mask.split_once("***@") {
            Some((letter, domain)) => {
                assert_eq!(letter.chars().count(), 1);
                assert_eq!(letter, letter.to_lowercase());
                format!("?***@{domain}")
            }
            None => {
                let (stars, digits) = self.mask.split_at(self.mask.len() - 4);
                assert!(digits.bytes().all(|digit| digit.is_ascii_digit()));
                format!("{stars}????")
            }
        };
        Self {
            mask,
            ..self.clone()
        }
    }
}

async fn forgot(client: &TestClient, name: &str) -> Shown {
    let input = client.about(name, json!({}));
    let answer = client.pool.server.prepare::<op::ForgotPassword>(input);
    Shown::of(&answer.send().await.success().unwrap())
}

async fn resend(client: &TestClient, name: &str) -> Shown {
    let input = client.about(name, json!({}));
    let answer = client
        .pool
        .server
        .prepare::<op::ResendConfirmationCode>(input);
    Shown::of(&answer.send().await.success().unwrap())
}

/// The forms of both answers for a name, and whether they are of one address. Each is asked for
/// twice: they do not change.
async fn forms(client: &TestClient, name: &str, resends: bool) -> (Shown, Option<Shown>, bool) {
    let first = forgot(client, name).await;
    assert_eq!(forgot(client, name).await, first, "{name}");
    if !resends {
        return (first.form(), None, true);
    }
    let second = resend(client, name).await;
    assert_eq!(resend(client, name).await, second, "{name}");
    (first.form(), Some(second.form()), first == second)
}

const VERIFIES: [&[&str]; 4] = [
    &[],
    &["email"],
    &["phone_number"],
    &["email", "phone_number"],
];
const RECOVERIES: [&[&str]; 5] = [
    &[],
    &["verified_email"],
    &["verified_phone_number"],
    &["verified_email", "verified_phone_number"],
    &["verified_phone_number", "verified_email"],
];

/// Each way in which a user can have a contact: not at all, unverified, verified.
const STANDINGS: [Option<&str>; 3] = [None, Some("false"), Some("true")];

/// One pool for each setting of what sign-up verifies and how passwords are recovered. No recovery
/// is AWS's own order.
async fn pools(server: &TestServer) -> Vec<(TestClient, bool)> {
    let mut pools = Vec::new();
    for verifies in VERIFIES {
        for recovery in RECOVERIES {
            let mut pool = server
                .pool()
                .with("AutoVerifiedAttributes", json!(verifies));
            if !recovery.is_empty() {
                let mechanisms: Vec<Value> = recovery
                    .iter()
                    .zip(1..)
                    .map(|(name, priority)| json!({"Name": name, "Priority": priority}))
                    .collect();
                pool = pool.with(
                    "AccountRecoverySetting",
                    json!({"RecoveryMechanisms": mechanisms}),
                );
            }
            pools.push((pool.await.client().await, !verifies.is_empty()));
        }
    }
    pools
}

/// Gives a user an address and a number, or takes them away.
async fn set(pool: &TestPool, name: &str, email: Option<&str>, phone_number: Option<&str>) {
    let server = &pool.server;
    let address = format!("{name}@example.com");
    let values = [
        ("email", address.as_str(), email),
        ("phone_number", "+4915112345678", phone_number),
    ];
    for (attribute, value, verified) in values {
        let flag = format!("{attribute}_verified");
        match verified {
            Some(verified) => {
                let attributes = attribute_list(&[(attribute, value), (&flag, verified)]);
                let input =
                    json!({"UserPoolId": pool.id, "Username": name, "UserAttributes": attributes});
                server
                    .call::<op::AdminUpdateUserAttributes>(input)
                    .await
                    .unwrap();
            }
            None => {
                let input = json!({"UserPoolId": pool.id, "Username": name, "UserAttributeNames": [attribute]});
                server
                    .call::<op::AdminDeleteUserAttributes>(input)
                    .await
                    .unwrap();
            }
        }
    }
}

async fn confirm(pool: &TestPool, name: &str) {
    let input = json!({"UserPoolId": pool.id, "Username": name, "Password": cognate_testkit::PASSWORD, "Permanent": true});
    pool.server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
}

#[tokio::test]
async fn nobody_is_shown_as_the_users_of_the_pool_are_whatever_its_settings_and_whatever_they_have()
{
    let server = TestServer::start().await;
    for (client, resends) in pools(&server).await {
        let pool = &client.pool;
        pool.invite("ana", "Temporary-1!", &[]).await;
        for status in ["invited", "confirmed"] {
            if status == "confirmed" {
                confirm(pool, "ana").await;
            }
            for email in STANDINGS {
                for phone_number in STANDINGS {
                    set(pool, "ana", email, phone_number).await;
                    server.advance(hours(2));
                    let told = async |name: &str| {
                        let (forgot, resend, is_one) = forms(&client, name, resends).await;
                        if email.is_some() {
                            return (forgot, resend, is_one);
                        }
                        let resend = resend.map(Shown::without_domain);
                        (forgot.without_domain(), resend, is_one)
                    };
                    let known = told("ana").await;
                    for nobody in ["bob", "eve", "zoe"] {
                        let unknown = told(nobody).await;
                        assert_eq!(unknown, known, "{nobody}: {email:?} {phone_number:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn in_a_pool_of_users_of_every_sort_each_form_is_shown_for_somebody_and_for_nobody() {
    let server = TestServer::start().await;
    let recoveries = [json!([1, 2]), json!([2, 1])];
    for priorities in recoveries {
        let mechanisms = json!([
            {"Name": "verified_email", "Priority": priorities[0]},
            {"Name": "verified_phone_number", "Priority": priorities[1]},
        ]);
        let pool = server.pool().verifies(["email", "phone_number"]).with(
            "AccountRecoverySetting",
            json!({"RecoveryMechanisms": mechanisms}),
        );
        let client = pool.await.client().await;
        let mut names = Vec::new();
        for (at, email) in STANDINGS.into_iter().enumerate() {
            for (and, phone_number) in STANDINGS.into_iter().enumerate() {
                let name = format!("user{at}{and}");
                client.pool.invite(&name, "Temporary-1!", &[]).await;
                set(&client.pool, &name, email, phone_number).await;
                names.push(name);
            }
        }
        let mut known = BTreeSet::new();
        for name in names {
            known.insert(forms(&client, &name, true).await);
        }
        let mut unknown = BTreeSet::new();
        for number in 0..120 {
            unknown.insert(forms(&client, &format!("nobody{number}"), true).await);
        }
        assert_eq!(unknown, known);
        assert!(known.len() > 2, "{known:?}");
    }
}

#[tokio::test]
async fn an_address_and_the_id_that_a_challenge_told_for_it_show_one_destination() {
    for_each_database(async |server| {
        let both = ["email", "phone_number"];
        let of_addresses = server.pool().with("UsernameAttributes", json!(both));
        let of_addresses = of_addresses.verifies(both).await.client().await;
        of_addresses.user("known@example.com").confirmed().await;
        of_addresses
            .user("+15551234567")
            .phone_only("+15551234567")
            .confirmed()
            .await;
        let with_aliases = server
            .pool()
            .aliases(both)
            .verifies(both)
            .await
            .client()
            .await;
        with_aliases
            .user("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
            .email("known@example.com")
            .confirmed()
            .await;
        for (client, names) in [
            (
                &of_addresses,
                &[
                    "known@example.com",
                    "nobody@other.org",
                    "+15551234567",
                    "+15557654321",
                ][..],
            ),
            (&with_aliases, &["known@example.com", "nobody@other.org"]),
        ] {
            for name in names {
                let exchange = client.begin_srp(name).await.unwrap();
                let id = exchange.parameter("USER_ID_FOR_SRP");
                let expected = match name.split_once('@') {
                    Some((local, domain)) => format!("{}***@{}***", &local[..1], &domain[..1]),
                    None => format!("+*******{}", &name[name.len() - 4..]),
                };
                for name in [name, id] {
                    assert_eq!(forgot(client, name).await.mask, expected, "{name}");
                    assert_eq!(resend(client, name).await.mask, expected, "{name}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_name_that_is_an_address_shows_as_its_owner_would_have_it() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("Known@Example.com").confirmed().await;
    client.user("early@example.com").await;
    for name in ["known@example.com", "KNOWN@example.com"] {
        assert_eq!(forgot(&client, name).await.mask, "k***@e***");
        assert_eq!(resend(&client, name).await.mask, "k***@e***");
    }
    for name in ["nobody@Example.com", "NOBODY@example.com"] {
        assert_eq!(forgot(&client, name).await.mask, "n***@e***");
        assert_eq!(resend(&client, name).await.mask, "n***@e***");
    }
}

#[tokio::test]
async fn what_is_shown_of_an_account_does_not_change_with_its_status() {
    let server = TestServer::start().await;
    let client = server.pool().verifies(["email", "phone_number"]).await;
    let client = client.client().await;
    let ana = client.user("ana").attribute("phone_number", "+15551234567");
    let ana = ana.await;
    let before = forms(&client, "ana", true).await;
    server.advance(hours(2));
    ana.resend().await.unwrap();
    ana.confirm(&ana.last_code().await).await.unwrap();
    server.advance(hours(2));
    assert_eq!(forms(&client, "ana", true).await, before);
    client.pool.disable("ana").await;
    server.advance(hours(2));
    assert_eq!(forms(&client, "ana", true).await, before);
}

#[tokio::test]
async fn a_mailbox_that_has_had_its_messages_does_not_tell_whose_it_is() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").confirmed().await;
        for number in 1..20 {
            let user = client.user(&format!("user{number}"));
            user.email("ana@example.com").await;
        }
        let before = server.mailbox("ana@example.com").await.len();
        assert_eq!(before, 20);
        for _ in 0..3 {
            for name in ["ana", "user1", "nobody"] {
                let shown = [forgot(&client, name).await, resend(&client, name).await];
                assert_eq!(
                    shown.map(|shown| shown.medium),
                    ["EMAIL", "EMAIL"],
                    "{name}"
                );
            }
        }
        assert_eq!(server.mailbox("ana@example.com").await.len(), before);
    })
    .await;
}

#[tokio::test]
async fn while_a_new_address_waits_for_its_proof_the_one_that_signs_in_is_shown() {
    for_each_database(async |server| {
        for verified in [json!(["email"]), json!([])] {
            let pool = server.pool().email_as_username();
            let pool = pool.with("AutoVerifiedAttributes", verified).await;
            let client = pool.client().await;
            let kim = client.user("kim@here.example").confirmed().await;
            let tokens = kim.sign_in().await.unwrap();
            let there = [("email", "zoe@there.example")];
            kim.update(&tokens.access, &there).await.unwrap();
            for name in ["kim@here.example", &kim.sub] {
                assert_eq!(forgot(&client, name).await.mask, "k***@h***", "{name}");
            }
        }
    })
    .await;
}
