//! Documents as earlier versions wrote them, and as later ones may: what has been stored is read
//! for ever.
//!
//! `tests/golden` has a folder for each release, with one document of each stored type in it, all
//! of its members set. A folder is never changed once its release is out; a release whose documents
//! have new members adds a folder of its own.

use std::{collections::BTreeMap, path::Path};

use cognate_model::{Timestamp, user::NameKind};
use cognate_store::{Error, Tx, app_clients, document::DOCUMENTS, sessions, user_pools, users};
use serde_json::{Map, Value, json};

use crate::{
    fixtures::{app_client, name, session, signed_up, user_pool, write},
    place::everywhere,
};

/// The documents that `service` and `outbound` seal; they are read by a test there.
const OF_OTHER_CRATES: [&str; 21] = [
    "challenge_confirmed_sign_up",
    "challenge_custom_challenge",
    "challenge_email_otp",
    "challenge_mfa_setup",
    "challenge_device_password_verifier",
    "challenge_device_srp_auth",
    "challenge_new_password_required",
    "challenge_password",
    "challenge_password_srp",
    "challenge_password_verifier",
    "challenge_web_authn",
    "challenge_select_challenge",
    "challenge_select_mfa_type",
    "challenge_sms_mfa",
    "challenge_sms_otp",
    "challenge_software_token_mfa",
    "challenge_step_up",
    "message_email",
    "message_sms",
    "passkey_registration",
    "refresh_token",
];

/// What the first version has always written, and nothing can stand for.
const REQUIRED: [(&str, &[&str]); 20] = [
    ("access_key", &["id", "name", "policy", "created_at"]),
    (
        "app_client",
        &[
            "pool",
            "id",
            "created_at",
            "modified_at",
            "revision",
            "has_secret",
            "name",
            "access_validity",
            "id_validity",
            "refresh_validity",
        ],
    ),
    ("client_server_settings", &[]),
    ("code", &["hash", "contact", "address"]),
    ("credentials", &["salt", "verifier", "user_id"]),
    (
        "device",
        &[
            "pool",
            "sub",
            "key",
            "created_at",
            "modified_at",
            "authenticated_at",
        ],
    ),
    ("device_secret", &["salt", "verifier", "group_key"]),
    (
        "group",
        &["pool", "id", "name", "created_at", "modified_at"],
    ),
    (
        "import_job",
        &["pool", "id", "name", "role_arn", "created_at", "status"],
    ),
    (
        "passkey",
        &["pool", "sub", "id", "public_key", "relying_party_id"],
    ),
    ("password_history", &[]),
    (
        "pool_change",
        &[
            "pool",
            "id",
            "change",
            "from",
            "to",
            "stage",
            "not_before",
            "looked_at",
            "begun_at",
        ],
    ),
    ("pool_server_settings", &[]),
    ("recovery_codes", &[]),
    ("resource_server", &["pool", "identifier", "name"]),
    (
        "session",
        &["pool", "id", "sub", "client", "auth_time", "expires_at"],
    ),
    ("software_token", &[]),
    (
        "user",
        &[
            "pool",
            "sub",
            "username",
            "status",
            "enabled",
            "created_at",
            "modified_at",
            "revision",
        ],
    ),
    (
        "user_pool",
        &[
            "id",
            "created_at",
            "modified_at",
            "revision",
            "sign_in_names",
            "case_sensitive",
            "schema",
            "name",
        ],
    ),
    (
        "way_back",
        &[
            "pool",
            "sub",
            "contact",
            "revision",
            "is_first",
            "expires_at",
        ],
    ),
];

type Rewrite = fn(&str) -> Result<String, Error>;

/// All documents of all releases: release, type, and the text.
fn golden() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut documents = Vec::new();
    for release in std::fs::read_dir(folder).unwrap() {
        let release = release.unwrap();
        for file in std::fs::read_dir(release.path()).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let release = release.file_name().into_string().unwrap();
            documents.push((release, name, std::fs::read_to_string(file).unwrap()));
        }
    }
    documents.sort();
    documents
}

fn rewrites(name: &str) -> Option<Rewrite> {
    let known = DOCUMENTS.iter().find(|(known, _)| *known == name);
    known.map(|(_, rewrite)| *rewrite)
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

/// Whether all of `small` is in `large`.
fn is_within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => small
            .iter()
            .all(|(name, value)| large.get(name).is_some_and(|other| is_within(value, other))),
        (Value::Array(small), Value::Array(large)) => {
            small.len() == large.len()
                && small
                    .iter()
                    .zip(large)
                    .all(|(one, two)| is_within(one, two))
        }
        _ => small == large,
    }
}

#[test]
fn each_stored_type_has_a_golden_document() {
    let mut of_release: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (release, name, _) in golden() {
        of_release.entry(release).or_default().push(name);
    }
    let (_, newest) = of_release.pop_last().unwrap();
    for (name, _) in DOCUMENTS {
        assert!(newest.iter().any(|golden| golden == name), "{name}");
        assert!(REQUIRED.iter().any(|(known, _)| known == name), "{name}");
    }
    for name in newest {
        assert!(
            rewrites(&name).is_some() || OF_OTHER_CRATES.contains(&&*name),
            "{name}"
        );
    }
}

#[test]
fn what_any_release_has_stored_is_read_and_written_again_whole() {
    for (release, name, text) in golden() {
        let Some(rewrite) = rewrites(&name) else {
            continue;
        };
        let again = rewrite(&text).unwrap_or_else(|error| panic!("{release} {name}: {error}"));
        let (old, new) = (object(&text).into(), object(&again).into());
        assert!(is_within(&old, &new), "{release} {name}: {again}");
    }
}

#[test]
fn what_a_document_lacks_has_a_value_but_for_what_it_has_always_had() {
    for (_, name, text) in golden() {
        let Some(rewrite) = rewrites(&name) else {
            continue;
        };
        let (_, required) = REQUIRED.iter().find(|(known, _)| *known == name).unwrap();
        let whole = object(&text);
        for member in whole.keys() {
            let mut part = whole.clone();
            part.remove(member);
            let outcome = rewrite(&Value::from(part).to_string());
            assert_eq!(
                outcome.is_err(),
                required.contains(&member.as_str()),
                "{name} without {member}: {outcome:?}"
            );
        }
    }
}

#[test]
fn what_a_newer_version_has_added_survives_at_every_depth() {
    for (_, name, text) in golden() {
        let Some(rewrite) = rewrites(&name) else {
            continue;
        };
        let mut newer = Value::from(object(&text));
        add_everywhere(&mut newer);
        let again = Value::from(object(&rewrite(&newer.to_string()).unwrap()));
        assert!(again.get("from_the_future").is_some(), "{name}");
        if name == "user_pool" {
            for place in [
                "/password_policy",
                "/messages",
                "/email",
                "/sms",
                "/devices",
                "/schema/1",
            ] {
                let member = format!("{place}/from_the_future");
                assert!(again.pointer(&member).is_some(), "{place}");
            }
        }
    }
}

/// A member that no version knows yet, in every object that is not a map of the users' own.
fn add_everywhere(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                // A tag's value, and maps of text to text.
                if !["attributes", "tags", "sign_in_names", "kept_names"].contains(&name.as_str()) {
                    add_everywhere(member);
                }
            }
            members.insert("from_the_future".to_owned(), json!({"a": [1, null]}));
        }
        Value::Array(elements) => elements.iter_mut().for_each(add_everywhere),
        _ => {}
    }
}

/// Changes the document of the one row of a table.
async fn alter(tx: &mut Tx, table: &'static str, change: impl Fn(&mut Map<String, Value>)) {
    let (select, update) = match table {
        "users" => ("SELECT doc FROM users", "UPDATE users SET doc = $1"),
        "sessions" => ("SELECT doc FROM sessions", "UPDATE sessions SET doc = $1"),
        "app_clients" => (
            "SELECT doc FROM app_clients",
            "UPDATE app_clients SET doc = $1",
        ),
        _ => (
            "SELECT doc FROM user_pools",
            "UPDATE user_pools SET doc = $1",
        ),
    };
    let row = tx.query_one(select, &[]).await.unwrap();
    let mut document = object(row.text(0).unwrap());
    change(&mut document);
    let text = Value::from(document).to_string();
    tx.execute(update, &[(&text).into()]).await.unwrap();
}

async fn document(tx: &mut Tx, select: &'static str) -> Map<String, Value> {
    object(tx.query_one(select, &[]).await.unwrap().text(0).unwrap())
}

#[test]
fn members_of_a_newer_node_survive_each_kind_of_update_by_an_older_one() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1);
        let client = app_client(&pool.id);
        let ana = signed_up(&db, &pool.id, "ana").await;
        write(&db, async move |tx| {
            user_pools::insert(tx, &pool).await?;
            app_clients::insert(tx, &client, None).await?;
            let mut token_session = session(&ana, &client.id, 100);
            sessions::insert(tx, &token_session, &[1; 32]).await?;
            for table in ["users", "sessions", "app_clients", "user_pools"] {
                alter(tx, table, |document| {
                    document.insert("from_the_future".to_owned(), json!(7));
                })
                .await;
            }
            alter(tx, "user_pools", |document| {
                document["password_policy"]["history"] = json!(5);
                document["schema"][0]["from_the_future"] = json!(true);
            })
            .await;
            let mut pool = user_pools::find(tx, &pool.id).await?.unwrap();
            "changed".clone_into(&mut pool.settings.name);
            // The first attribute has moved when it is written again.
            pool.schema.0.rotate_left(1);
            assert!(user_pools::update(tx, &pool).await?);
            let mut client = client.clone();
            "changed".clone_into(&mut client.settings.name);
            assert!(app_clients::update(tx, &client).await?);
            let mut user = users::find(tx, &ana.pool, &ana.sub).await?.unwrap();
            user.attributes.remove("email");
            user.modified_at = Timestamp(9);
            let names = [(NameKind::Username, name("ana"))];
            assert!(users::update(tx, &user, &names).await?.is_ok());
            token_session.generation = 1;
            assert!(sessions::rotate(tx, &token_session, &[2; 32], 0).await?);

            let pool = document(tx, "SELECT doc FROM user_pools").await;
            assert_eq!(pool["from_the_future"], 7);
            assert_eq!(pool["name"], "changed");
            assert_eq!(pool["password_policy"]["history"], 5);
            let schema = pool["schema"].as_array().unwrap();
            assert_eq!(schema.last().unwrap()["from_the_future"], true);
            let client = document(tx, "SELECT doc FROM app_clients").await;
            assert_eq!(client["from_the_future"], 7);
            assert_eq!(client["name"], "changed");
            let user = document(tx, "SELECT doc FROM users").await;
            assert_eq!(user["from_the_future"], 7);
            assert!(user["attributes"].get("email").is_none());
            let session = document(tx, "SELECT doc FROM sessions").await;
            assert_eq!(session["from_the_future"], 7);
            assert_eq!(session["generation"], 1);
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_document_of_a_newer_format_is_read_and_not_written() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let of_ana = ana.clone();
        write(&db, async move |tx| {
            alter(tx, "users", |document| {
                document.insert("format".to_owned(), json!(2));
            })
            .await;
            assert_eq!(
                users::find(tx, &ana.pool, &ana.sub).await?.as_ref(),
                Some(&ana)
            );
            Ok(())
        })
        .await;
        let update = async move |tx: &mut Tx| {
            let names = [(NameKind::Username, name("ana"))];
            users::update(tx, &of_ana, &names).await.map(drop)
        };
        let error: Error = db.write("test", update).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::NewerDocument {
                    what: "user",
                    found: 2,
                    ..
                }
            ),
            "{error}"
        );
        write(&db, async move |tx| {
            // What cannot be read says that it is newer, too.
            alter(tx, "users", |document| {
                document.insert("status".to_owned(), json!("ON_THE_MOON"));
            })
            .await;
            let stored = tx.query_one("SELECT sub FROM users", &[]).await?;
            let sub = cognate_model::Sub::parse(stored.text(0)?).unwrap();
            let error = users::find(tx, &pool, &sub).await.unwrap_err();
            assert!(matches!(error, Error::NewerDocument { .. }), "{error}");
            Ok(())
        })
        .await;
    });
}
