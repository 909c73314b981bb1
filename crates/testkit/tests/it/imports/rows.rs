//! What becomes of the rows of a file: by the rules of AdminCreateUser, and those of imports.

use cognate_testkit::{PASSWORD, TestPool, TestServer, for_each_database, hash_of, op};
use serde_json::json;

use super::user;
use crate::attributes::signed_in;

/// The log of a file that has one column of mail addresses beside others.
async fn log_of(pool: &TestPool, header: &str, rows: &[&str]) -> Vec<String> {
    let file = format!("{header}\n{}\n", rows.join("\n"));
    pool.imported(&file).await.log().await
}

/// What a log says of each row, without its line.
fn said(log: &[String]) -> Vec<&str> {
    log.iter()
        .map(|line| match line.split_once(" - ") {
            Some((head, reason)) if head.starts_with("[FAILED]") => reason,
            _ if line.starts_with("[SKIPPED]") => "skipped",
            _ => "succeeded",
        })
        .collect()
}

const NAMES: &str = "cognito:username,email,email_verified";

#[tokio::test]
async fn attributes_come_as_the_pool_keeps_them() {
    for_each_database(async |server| {
        let schema = json!([{"Name": "team", "AttributeDataType": "String"}]);
        let pool = server.pool().schema(schema).await;
        let header = "\u{feff}custom:team,name,birthdate,updated_at,email,email_verified,\
             phone_number,phone_number_verified,address,cognito:mfa_enabled,cognito:username\r";
        let row = "=1+1, Doe\\, Ana ,02/01/1985,1471453471,ana@example.com,TRUE,\
             +14155550123,False,\"1 Main St\r\n\"\"Old\"\" Town\",FALSE,ana\r";
        assert_eq!(said(&log_of(&pool, header, &[row]).await), ["succeeded"]);
        for (name, value) in [
            ("custom:team", "=1+1"),
            ("name", "Doe, Ana"),
            ("birthdate", "1985-02-01"),
            ("updated_at", "1471453471"),
            ("email", "ana@example.com"),
            ("email_verified", "true"),
            ("phone_number", "+14155550123"),
            ("phone_number_verified", "false"),
            ("address", "1 Main St\r\n\"Old\" Town"),
        ] {
            assert_eq!(pool.attribute("ana", name).await.as_deref(), Some(value));
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_no_user_fails_alone_and_the_log_repeats_nothing_of_it() {
    for_each_database(async |server| {
        let pool = server.pool().schema(json!([{"Name": "given_name", "Required": true}])).await;
        let header = "cognito:username,given_name,email,email_verified,updated_at,birthdate";
        let nothing_verified = "The User Record does not set any of the auto verified attributes \
             to true. (Example: email_verified to true).";
        let rows = [
            ("ana,Ana,ana@example.com,true,,", "succeeded"),
            ("ana,Ana,other@example.com,true,,", "skipped"),
            ("ANA,Ana,other@example.com,true,,", "skipped"),
            ("bea,Bea,bea@example.com,false,,", nothing_verified),
            ("bea,Bea,bea@example.com,,,", nothing_verified),
            ("bea,Bea,nobody,true,,", "Invalid email address format."),
            (
                "bea,Bea,,true,,",
                "The attribute email_verified cannot be true without the attribute email.",
            ),
            (
                "bea,,bea@example.com,true,,",
                "Attributes did not conform to the schema: given_name: The attribute given_name is required",
            ),
            (
                "bea,Bea,bea@example.com,yes,,",
                "Attributes did not conform to the schema: email_verified: Attribute value must be true or false",
            ),
            (
                "bea,Bea,bea@example.com,true,soon,",
                "Attributes did not conform to the schema: updated_at: Attribute value must be a whole number",
            ),
            (
                "bea,Bea,bea@example.com,true,,13/13/2000",
                "Attributes did not conform to the schema: birthdate: Birthdate must be of the form YYYY-MM-DD",
            ),
            ("bea,Bea", "The row has another number of values than the header."),
            (
                ",Bea,bea@example.com,true,,",
                "The user record has no cognito:username.",
            ),
            (
                "be a,Bea,bea@example.com,true,,",
                "cognito:username must not contain spaces or tabs.",
            ),
            (
                "be\u{200b}a,Bea,bea@example.com,true,,",
                "cognito:username is too long, or has a character that it cannot have.",
            ),
            (
                "bea,\"Bea\"x,bea@example.com,true,,",
                "Something follows the quotation mark at the end of a value.",
            ),
            ("bea,B\0ea,bea@example.com,true,,", "The row holds a NUL character."),
            ("bea,Bea,bea@example.com,true,,", "succeeded"),
            (
                "cid,\"Cid,cid@example.com,true,,",
                "A value begins with a quotation mark and does not end with one.",
            ),
        ];
        let (lines, outcomes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let log = log_of(&pool, header, &lines).await;
        assert_eq!(said(&log), outcomes);
        for (line, number) in log.iter().zip(2..) {
            assert!(line.contains(&format!("Line Number {number} - ")), "{line}");
        }
        let told = log.join("\n");
        for private in ["ana", "bea", "Bea", "Cid", "nobody", "13/13", "soon"] {
            assert!(!told.contains(private), "{private}: {told}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_is_one_users_by_the_rules_of_the_pool() {
    for_each_database(async |server| {
        let pool = server.pool().aliases(["email"]).await;
        let client = pool.client().await;
        client
            .user("proved")
            .email("proved@example.com")
            .confirmed()
            .await;
        pool.invite(
            "claims",
            "Temporary-1!",
            &[("email", "claimed@example.com")],
        )
        .await;
        let log = log_of(
            &pool,
            NAMES,
            &[
                "ana,proved@example.com,true",
                "bea,claimed@example.com,true",
                "cid,bea@example.com,true",
                "claims,cid@example.com,true",
                "dee@example.com,dee@example.com,true",
            ],
        )
        .await;
        assert_eq!(
            said(&log),
            [
                "An account with the given email already exists.",
                "succeeded",
                "succeeded",
                "skipped",
                "Username cannot be of email format, since user pool is configured for email alias."
            ]
        );
        let bea = pool.user("claimed@example.com").await.ok().unwrap();
        assert_eq!(bea.username, "bea");

        let by_mail = server.pool().email_as_username().await;
        let log = log_of(
            &by_mail,
            NAMES,
            &[
                "ana@example.com,,true",
                "Ana@example.com,ana@example.com,true",
                "Ana@example.com,,true",
                "bea,bea@example.com,true",
                "cid@example.com,cid@example.com,true",
            ],
        )
        .await;
        let told = said(&log);
        assert_eq!(told[..1], ["succeeded"]);
        assert_eq!(
            told[2..],
            ["skipped", "Username should be an email.", "succeeded"]
        );
        let ana = by_mail.user("ana@example.com").await.ok().unwrap();
        assert_ne!(ana.username, "ana@example.com");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_comes_to_nothing_takes_no_name_from_anybody() {
    for_each_database(async |server| {
        let names = json!(["email", "phone_number"]);
        let pool = server.pool().with("UsernameAttributes", names).await;
        let client = pool.client().await;
        let (old, new, phone) = ("ana@example.com", "new@example.com", "+15555550100");
        let (ana, tokens) = signed_in(client.user(old).confirmed().await).await;
        ana.update(&tokens.access, &[("email", new)]).await.unwrap();
        let code = server.mailbox(new).await.last_code();
        ana.verify_email(&tokens.access, &code).await.unwrap();
        // Nobody has proved this number, so a row that vouches for it would get it.
        pool.invite(phone, "Temporary-1!", &[]).await;
        let bob = pool.user(phone).await.ok().unwrap().username;

        // For a day the old address is kept for who has left it.
        let row = format!("{old},{old},true,{phone},true");
        let header = format!("{NAMES},phone_number,phone_number_verified");
        assert_eq!(said(&log_of(&pool, &header, &[&row]).await), ["skipped"]);
        assert_eq!(pool.user(phone).await.ok().unwrap().username, bob);
    })
    .await;
}

#[tokio::test]
async fn who_signs_in_by_codes_needs_no_password() {
    let server = TestServer::start().await;
    let policies = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let pool = server
        .pool()
        .verifies(["email", "phone_number"])
        .with("Policies", policies)
        .await;
    let header = "cognito:username,email,email_verified,phone_number,phone_number_verified";
    let rows = [
        "ana,ana@example.com,true,,",
        "bea,,,+14155550123,true",
        "cid,cid@example.com,false,+14155550124,true",
    ];
    assert_eq!(said(&log_of(&pool, header, &rows).await), ["succeeded"; 3]);
    for (name, status) in [
        ("ana", "CONFIRMED"),
        ("bea", "RESET_REQUIRED"),
        ("cid", "RESET_REQUIRED"),
    ] {
        assert_eq!(pool.status(name).await, status, "{name}");
    }
    let client = pool.client().user_auth().await;
    let error = user(&client, "ana").sign_in().await.err().unwrap();
    assert_eq!(error.message, "Incorrect username or password.");
}

#[tokio::test]
async fn second_factors_are_as_the_pool_has_them() {
    let server = TestServer::start().await;
    let header = "cognito:username,email,email_verified,phone_number,cognito:mfa_enabled";
    let rows = [
        "ana,ana@example.com,true,+14155550123,true",
        "bea,bea@example.com,true,+14155550124,false",
        "cid,cid@example.com,true,+14155550125,",
        "dee,dee@example.com,true,,true",
        "eve,eve@example.com,true,,maybe",
    ];
    let (off, required) = (
        "cognito:mfa_enabled must be false or empty, for MFA is off in the user pool.",
        "cognito:mfa_enabled must be true or empty, for the user pool requires MFA.",
    );
    let no_boolean = "cognito:mfa_enabled must be true or false.";
    let sms = json!({"SmsAuthenticationMessage": "{####}", "SmsConfiguration": {
        "SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    for (configuration, told) in [
        ("OFF", [off, "succeeded", "succeeded", off, no_boolean]),
        (
            "ON",
            ["succeeded", required, "succeeded", "succeeded", no_boolean],
        ),
        (
            "OPTIONAL",
            [
                "succeeded",
                "succeeded",
                "succeeded",
                "succeeded",
                no_boolean,
            ],
        ),
    ] {
        let pool = server.pool().await;
        if configuration != "OFF" {
            let members = json!({"MfaConfiguration": configuration, "SmsMfaConfiguration": sms});
            pool.set_mfa(members).await.unwrap();
        }
        assert_eq!(
            said(&log_of(&pool, header, &rows).await),
            told,
            "{configuration}"
        );
        if configuration == "OPTIONAL" {
            let ana = pool.user("ana").await.ok().unwrap();
            assert_eq!(ana.preferred_mfa_setting.as_deref(), Some("SMS_MFA"));
            for name in ["bea", "cid", "dee"] {
                let other = pool.user(name).await.ok().unwrap();
                assert_eq!(other.preferred_mfa_setting, None, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_its_job() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for (file, told) in [
        ("", "The CSV file has no header."),
        ("\r\n\n", "The CSV file has no header."),
        (
            "ana,ana@example.com\n",
            "Column 1 of the header is no attribute of the user pool.",
        ),
        ("email\n", "The header has no column cognito:username."),
        (
            "cognito:username,\"email\n",
            "The header of the CSV file cannot be read. A value begins with a quotation mark and \
             does not end with one.",
        ),
    ] {
        let import = pool.imported(file).await;
        let shown = import.shown().await;
        assert_eq!(shown.status.unwrap().as_str(), "Failed", "{file}");
        assert_eq!(shown.completion_message.as_deref(), Some(told));
        assert_eq!(import.counts().await, (0, 0, 0));
    }
    let utf16: Vec<u8> = "\u{feff}cognito:username\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let import = pool.import().await;
    assert_eq!(import.put(utf16, &[]).await.0, 200);
    import.start().await.ok().unwrap();
    server.import_users().await;
    assert_eq!(import.status().await, "Failed");
}

#[tokio::test]
async fn a_header_alone_imports_nobody_and_succeeds() {
    let server = TestServer::start().await;
    let import = server.pool().await.imported(NAMES).await;
    assert_eq!(import.status().await, "Succeeded");
    assert_eq!(import.counts().await, (0, 0, 0));
}

#[tokio::test]
async fn an_attribute_that_joins_between_two_batches_changes_nothing() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let names: Vec<String> = (0..120).map(|number| format!("user{number}")).collect();
    let import = pool.import().await;
    import
        .upload(&super::people(names.iter().map(String::as_str)))
        .await;
    import.start().await.ok().unwrap();
    let mut importer = cognate_service::Importer::new(server.app());
    for _ in 0..2 {
        importer.step().await.unwrap();
    }
    // What does not ask whether an import runs.
    let input = json!({"UserPoolId": pool.id, "MfaConfiguration": "OFF"});
    server
        .call::<op::SetUserPoolMfaConfig>(input)
        .await
        .ok()
        .unwrap();
    while importer.step().await.unwrap() {}
    assert_eq!(import.counts().await, (120, 0, 0));
}

#[tokio::test]
async fn a_user_who_comes_with_a_hash_keeps_the_password() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool.client().await;
        let hashing = json!({"PasswordHashingAlgorithm": "PBKDF2_SHA256"});
        let import = pool.try_import(hashing.clone()).await.ok().unwrap();
        let hash = hash_of(PASSWORD).replace(',', "\\,");
        let bcrypt = "$2y$04$abcdefghijklmnopqrstuvpVKIpEAe09wo00BwuMXW.uWF4O32eLG";
        import
            .upload(&format!(
                "{NAMES},password_hash\nana,ana@example.com,true,{hash}\n\
                 bea,bea@example.com,true,\ncid,cid@example.com,true,{bcrypt}\n\
                 dee,dee@example.com,true,$2y$04$\neve,eve@example.com,true,{PASSWORD}\n"
            ))
            .await;
        import.start().await.ok().unwrap();
        server.import_users().await;
        assert_eq!(
            said(&import.log().await),
            [
                "succeeded",
                "succeeded",
                "The password hash is of another algorithm than the import job names.",
                "The password hash is malformed.",
                "The password hash has no form that is known.",
            ]
        );
        assert_eq!(pool.status("ana").await, "CONFIRMED");
        assert_eq!(pool.status("bea").await, "RESET_REQUIRED");
        let shown = import.shown().await.password_hashing_algorithm.unwrap();
        assert_eq!(shown.as_str(), "PBKDF2_SHA256");
        let ana = user(&client, "ana");
        let error = ana.sign_in_srp().await.err().unwrap();
        assert_eq!(error.message, "Incorrect username or password.");
        ana.sign_in().await.unwrap();
        ana.sign_in_srp().await.unwrap();

        let import = pool.try_import(hashing).await.ok().unwrap();
        import.upload(&format!("{NAMES}\n")).await;
        import.start().await.ok().unwrap();
        server.import_users().await;
        assert_eq!(
            import.shown().await.completion_message.as_deref(),
            Some("The header has no column password_hash.")
        );
        let header = format!("{NAMES},password_hash");
        let log = log_of(&pool, &header, &["fay,fay@example.com,true,x"]);
        let told = "The import job names no password hashing algorithm.";
        assert_eq!(said(&log.await), [told]);
    })
    .await;
}
