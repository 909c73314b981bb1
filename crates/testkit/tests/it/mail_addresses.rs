//! Addresses: read strictly, mailed as they were read, counted by the mailbox.

use cognate_store::Tx;
use cognate_testkit::{
    PASSWORD, TestServer, attribute_list, for_each_database, minutes, op, refused, seconds,
};
use serde_json::json;

use crate::mail_sink::MailSink;

const NO_ADDRESS: (&str, &str) = ("InvalidParameterException", "Invalid email address format.");

/// A domain that a reader of URLs ends at the delimiter: mail for the bank's customer would go to
/// somebody at evil.example.
const DECEITFUL: [&str; 10] = [
    "ana@evil.example/ü.bank.example",
    "ana@evil.example?ü.bank.example",
    "ana@evil.example#ü.bank.example",
    "ana@evil.example:25ü.bank.example",
    "ana@evil.example%2fü.bank.example",
    "ana@evil.example／ü.bank.example",
    "ana@evil.example\u{200b}ü.bank.example",
    "ana@ban\u{ad}k.example",
    "ana\u{202e}@bank.example",
    "ａｎａ@bank.example",
];

#[tokio::test]
async fn an_address_that_a_mail_server_would_read_otherwise_is_refused_wherever_one_is_taken() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let by_address = server.pool().email_as_username().await.client().await;
        let bea = client.user("bea").confirmed().await;
        let tokens = bea.sign_in().await.unwrap();
        for address in DECEITFUL {
            let signed_up = client.user("ana").email(address).sign_up().await;
            assert_eq!(refused(signed_up).told(), NO_ADDRESS, "{address}");
            let named = by_address.user(address).sign_up().await;
            assert_eq!(refused(named).code, NO_ADDRESS.0, "{address}");
            let attributes = attribute_list(&[("email", address)]);
            let changed = bea.update(&tokens.access, &[("email", address)]).await;
            assert_eq!(refused(changed).told(), NO_ADDRESS, "{address}");
            let input = json!({"UserPoolId": client.pool.id, "Username": "new", "UserAttributes": attributes, "MessageAction": "SUPPRESS"});
            let invited = server.call::<op::AdminCreateUser>(input).await;
            assert_eq!(refused(invited).told(), NO_ADDRESS, "{address}");
            let input = json!({"UserPoolId": client.pool.id, "Username": "bea", "UserAttributes": attributes});
            let set = server.call::<op::AdminUpdateUserAttributes>(input).await;
            assert_eq!(refused(set).told(), NO_ADDRESS, "{address}");
            for member in ["From", "ReplyToEmailAddress"] {
                let pool = server.pool().with("EmailConfiguration", json!({member: address}));
                assert_eq!(refused(pool.create().await).code, NO_ADDRESS.0, "{address}");
            }
        }
        assert_eq!(client.pool.attribute("bea", "email").await.unwrap(), "bea@example.com");
        assert_eq!(server.sent().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_the_envelope_is_the_mailbox_that_is_called_verified() {
    let sink = MailSink::start().await;
    let server = TestServer::builder()
        .outbound(sink.outbound())
        .start()
        .await;
    let client = server.pool().await.client().await;
    let doubled = client.user("ana").email("Ana..tag@BÜCHER.example");
    assert_eq!(refused(doubled.sign_up().await).told(), NO_ADDRESS);
    client.user("ana").email("Ana+tag@BÜCHER.example").await;
    server.deliver().await;
    assert_eq!(sink.recipients(), ["Ana+tag@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn spellings_of_one_mailbox_have_one_allowance_of_messages() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let spellings = [
            "victim@bücher.example",
            "victim@BÜCHER.example",
            "Victim@xn--bcher-kva.example",
            "victim@XN--BCHER-KVA.example",
            "victim@ｂu\u{308}cher.example",
        ];
        for (n, spelling) in spellings.into_iter().cycle().take(20).enumerate() {
            client.user(&format!("user{n}")).email(spelling).await;
        }
        for spelling in spellings {
            let more = client.user("one-more").email(spelling).sign_up().await;
            assert_eq!(refused(more).code, "LimitExceededException", "{spelling}");
        }
        assert_eq!(server.mailbox(spellings[0]).await.len(), 20);
        client.user("other").email("other@bücher.example").await;
        server.advance(minutes(61));
        client.user("one-more").email(spellings[0]).await;
    })
    .await;
}

#[tokio::test]
async fn an_address_of_before_that_is_none_any_more_can_be_read_and_signed_in_with_and_gets_no_mail()
 {
    for_each_database(async |server| {
        let sink = MailSink::start().await;
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let spoil = async move |tx: &mut Tx| {
            let sql = "UPDATE users SET doc = replace(doc, 'ana@example.com', 'ana@evil.example/ü.bank.example')";
            tx.execute(sql, &[]).await
        };
        server.app().db.write("spoil", spoil).await.unwrap();
        let tokens = ana.sign_in().await.unwrap();
        let read = ana.get_user(&tokens.access).await.unwrap();
        let email = read.user_attributes.into_iter().find(|it| it.name == "email");
        assert_eq!(email.unwrap().value.unwrap(), "ana@evil.example/ü.bank.example");
        let mut by_smtp = client.clone();
        by_smtp.pool.server = server.node_with(sink.outbound());
        ana.at(&by_smtp).forgot_password().await.unwrap();
        // Given up at once, and nobody is written to.
        assert_eq!(by_smtp.pool.server.deliver().await, 1);
        server.advance(seconds(3600));
        assert_eq!(by_smtp.pool.server.deliver().await, 0);
        assert!(sink.recipients().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_phone_number_is_ascii_digits_wherever_one_is_taken() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .verifies(["phone_number"])
        .await
        .client()
        .await;
    let by_number = server
        .pool()
        .with("UsernameAttributes", json!(["phone_number"]))
        .await
        .client()
        .await;
    for number in [
        "+１5551234567",
        "＋15551234567",
        "+1555123456٧",
        "+1 5551234567",
        "+1-555-123-4567",
        "+05551234567",
        "15551234567",
        "+1555123456789012",
        "+15551234567\u{200b}",
        "+15551234567;ext=1",
    ] {
        let input = json!({
            "ClientId": client.id, "Username": "ana", "Password": PASSWORD,
            "UserAttributes": attribute_list(&[("phone_number", number)]),
        });
        let told = refused(server.call::<op::SignUp>(input).await);
        assert_eq!(
            told.told(),
            ("InvalidParameterException", "Invalid phone number format."),
            "{number}"
        );
        let input = json!({"ClientId": by_number.id, "Username": number, "Password": PASSWORD});
        let told = refused(server.call::<op::SignUp>(input).await);
        assert_eq!(told.code, "InvalidParameterException", "{number}");
    }
    assert!(server.sent().is_empty());
}
