//! A database in which every table has rows.

use cognate_crypto::secret::{SecretBytes, SecretString};
use cognate_model::{
    ClientId, Timestamp, UserPoolId,
    access_key::{self, AccessKey},
    claims::TokenUse,
    code::CodePurpose,
    lockout::Lockout,
    password::PasswordHistory,
    policy::Policy,
    pool_change::PoolChange,
    server_settings::{ClientServerSettings, PoolServerSettings},
    user_import::{LogPiece, Outcome},
};
use cognate_store::{
    Db, Error, Tx, access_keys, app_clients, attempts, backup, challenges, codes, devices,
    group_members, groups, import_files, import_jobs, import_logs, installation, outbox, passkeys,
    password_history, pool_changes, provisioned_limits, recovery_codes, resource_servers,
    server_settings, sessions,
    signing_keys::{self, NewSigningKey},
    software_tokens, user_pools, users, ways_back,
};

use crate::fixtures::{
    app_client, code, credentials, device, device_secret, group, import_job,
    list_of_recovery_codes, names, passkey, pool_change, random, resource_server, session,
    software_token, user, user_pool, way_back, write,
};

/// More than a few pages.
const USERS: usize = 1200;

/// Rows of every table that a backup holds, with NULLs and without, empty and strange texts. Gives
/// the pool to which the most belong.
pub(crate) async fn furnish(db: &Db) -> UserPoolId {
    let pool = user_pool(1);
    let id = pool.id.clone();
    write(db, async move |tx| {
        installation::claim(tx, "serve").await?;
        provisioned_limits::put(tx, "UserRead", 500).await?;
        let key = AccessKey {
            id: access_key::random_id(&mut random()),
            name: "ci".to_owned(),
            policy: Policy::allow_all(),
            created_at: Timestamp(1),
        };
        access_keys::insert(tx, &key, &SecretString::from("wJalr")).await?;
        user_pools::insert(tx, &pool).await?;
        pool_changes::put(tx, &ended(pool_change(&pool))).await?;
        user_pools::insert(tx, &user_pool(2)).await?;
        let deleted = user_pool(3);
        user_pools::insert(tx, &deleted).await?;
        user_pools::delete(tx, &deleted.id, Timestamp(4)).await?;
        let client = app_client(&pool.id);
        app_clients::insert(tx, &client, Some(&SecretString::from("shh"))).await?;
        let (_, mut secrets) = app_clients::find(tx, &client.id).await?.unwrap();
        secrets.add("newer".into(), Timestamp(6)).unwrap();
        app_clients::put_secrets(tx, &client, &secrets).await?;
        app_clients::insert(tx, &app_client(&pool.id), None).await?;
        resource_servers::insert(tx, &resource_server(&pool.id)).await?;
        let of_pool = PoolServerSettings::default();
        server_settings::put_of_pool(tx, &pool.id, &of_pool).await?;
        let of_client = ClientServerSettings::default();
        server_settings::put_of_client(tx, &pool.id, &client.id, &of_client).await?;
        let deleted = app_client(&pool.id);
        app_clients::insert(tx, &deleted, None).await?;
        app_clients::delete(tx, &pool.id, &deleted.id, Timestamp(5)).await?;
        signing_keys_of(tx, &pool.id).await?;
        users_with_sessions(tx, &pool.id, &client.id).await?;
        // Only who comes now has terms, before the others get theirs: of 1,200 users they are many.
        let of_pool = PoolServerSettings {
            search: Some(true),
            ..PoolServerSettings::default()
        };
        server_settings::put_of_pool(tx, &pool.id, &of_pool).await?;
        let searched = user(&pool.id, "searched");
        users::insert(tx, &searched, &names("searched"), None)
            .await?
            .unwrap();
        challenges::insert(tx, &[0; 32], &pool.id, b"", Timestamp(1)).await?;
        challenges::insert(tx, &[255; 32], &pool.id, b"step", Timestamp(i64::MIN)).await?;
        import_of(tx, &pool.id).await?;
        let message = outbox::NewMessage {
            id: "m".to_owned(),
            kind: "mail",
            payload: &[0; 100_000],
            created_at: Timestamp(1),
            next_at: Timestamp(2),
        };
        outbox::enqueue(tx, &message).await
    })
    .await;
    assert_every_table_has_rows(db).await;
    id
}

async fn signing_keys_of(tx: &mut Tx, pool: &UserPoolId) -> Result<(), Error> {
    for (kid, token_use) in [("a", TokenUse::Id), ("b", TokenUse::Access)] {
        let key = NewSigningKey {
            pool: pool.clone(),
            kid: kid.to_owned(),
            token_use,
            private: SecretBytes::new(b"private".to_vec()),
            public: "{}".to_owned(),
            created_at: Timestamp(3),
        };
        signing_keys::insert(tx, &key).await?;
    }
    signing_keys::retire(tx, pool, Timestamp(4)).await?;
    Ok(())
}

async fn import_of(tx: &mut Tx, pool: &UserPoolId) -> Result<(), Error> {
    let job = import_job(pool, 1);
    import_jobs::insert(tx, &job).await?;
    import_files::put(tx, pool, &job.id, "a", (0, &[255; 9])).await?;
    let line = LogPiece::of(&[(2, Outcome::Succeeded)]);
    import_logs::add(tx, pool, &job.id, 0, &line).await?;
    Ok(())
}

/// A change that is over: the users are stored as they are given.
fn ended(change: PoolChange) -> PoolChange {
    PoolChange {
        ended_at: Some(Timestamp(2)),
        ..change
    }
}

/// Users of a pool, every second with a session; the first also has what few users have.
async fn users_with_sessions(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &ClientId,
) -> Result<(), Error> {
    for number in 0..USERS {
        let text = format!("ana «{number}» ' \" \\ 😀");
        let ana = user(pool, &text);
        let known = credentials(1);
        let credentials = (number % 3 > 0).then_some(&known);
        users::insert(tx, &ana, &names(&text), credentials)
            .await?
            .unwrap();
        if number % 2 == 0 {
            sessions::insert(tx, &session(&ana, client, i64::MAX), &[7; 32]).await?;
        }
        if number == 0 {
            let kind = CodePurpose::VerifyEmail;
            codes::put(tx, pool, &ana.sub, kind, &code(1), Timestamp(-1)).await?;
            attempts::put_lockout(tx, pool, "", &Lockout::default(), Timestamp(1)).await?;
            ways_back::insert(tx, &[7; 32], &way_back(&ana)).await?;
            software_tokens::put(tx, pool, &ana.sub, &software_token(1), 7).await?;
            let (codes, good) = list_of_recovery_codes(&ana);
            recovery_codes::put(tx, pool, &ana.sub, &codes).await?;
            recovery_codes::use_up(tx, pool, &ana.sub, &good).await?;
            passkeys::insert(tx, &passkey(&ana, b"a")).await?;
            let history = PasswordHistory {
                past: vec![known.clone()],
            };
            password_history::put(tx, pool, &ana.sub, &history).await?;
            devices::insert(tx, &device(&ana), &device_secret(1)).await?;
            let (staff, gone) = (group(pool, "staff"), group(pool, "gone"));
            for group in [&staff, &gone] {
                groups::insert(tx, group).await?.unwrap();
                let added = group_members::add(tx, pool, &group.id, &ana.sub).await?;
                added.unwrap();
            }
            groups::delete(tx, pool, &gone.name, Timestamp(6)).await?;
        }
    }
    Ok(())
}

/// A new table is furnished too, or what is tried with these rows leaves it out.
async fn assert_every_table_has_rows(db: &Db) {
    for table in backup::sum_up(db).await.unwrap() {
        assert!(table.rows > 0, "furnish puts no row into {}", table.name);
    }
}
