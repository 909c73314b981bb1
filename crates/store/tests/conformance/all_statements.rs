//! Runs every statement of the product's functions once: for the check of plans, and for a node
//! that works on beside a later version.

use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_model::{
    ClientId, SessionId, Timestamp, UserPoolId,
    claims::TokenUse,
    code::CodePurpose,
    lockout::Lockout,
    password::PasswordHistory,
    pool_change::PoolChange,
    server_settings::PoolServerSettings,
    user_filter::{KeyedAttribute, Lookup, Span},
    user_import::LogPiece,
    user_query::{Order, OrderBy},
};
use cognate_store::{
    Error, Tx, access_keys, app_clients, attempts, challenges, codes, devices, expiry,
    group_members, groups, import_files, import_jobs, import_logs, nodes, outbox, passkeys,
    password_history, pool_changes, provisioned_limits, recovery_codes, resource_servers,
    server_settings, sessions,
    signing_keys::{self, NewSigningKey},
    software_tokens, user_pools,
    user_search::{self, After, Reached},
    user_terms, users, ways_back,
};

use crate::fixtures::{
    app_client, beat, code, device, device_secret, group, import_job, list_of_recovery_codes, name,
    names, passkey, pool_change, random, resource_server, seen, session, software_token, user,
    user_pool, way_back,
};

/// Runs what reads and writes.
pub(crate) async fn run_everything(tx: &mut Tx) -> Result<(), Error> {
    let pool = user_pool(1);
    let (id, client) = (pool.id.clone(), app_client(&pool.id));
    user_pools::insert(tx, &pool).await?;
    user_pools::update(tx, &pool).await?;
    user_pools::find(tx, &id).await?;
    user_pools::page(tx, None, 1).await?;
    user_pools::are_at_least(tx, 1).await?;
    let key = NewSigningKey {
        pool: id.clone(),
        kid: "k".to_owned(),
        token_use: TokenUse::Id,
        private: SecretBytes::default(),
        public: String::new(),
        created_at: Timestamp(1),
    };
    signing_keys::insert(tx, &key).await?;
    signing_keys::retire(tx, &id, Timestamp(2)).await?;
    signing_keys::find(tx, &id, "k").await?;
    signing_keys::all(tx, &id).await?;
    app_clients::insert(tx, &client, None).await?;
    let (_, secrets) = app_clients::find(tx, &client.id).await?.unwrap();
    app_clients::put_secrets(tx, &client, &secrets).await?;
    app_clients::update(tx, &client).await?;
    app_clients::page(tx, &id, None, 1).await?;
    app_clients::number(tx, &id, 1).await?;
    let photos = resource_server(&id);
    resource_servers::insert(tx, &photos).await?;
    resource_servers::find(tx, &id, &photos.identifier).await?;
    resource_servers::update(tx, &photos).await?;
    resource_servers::page(tx, &id, None, 1).await?;
    resource_servers::number(tx, &id, 1).await?;
    resource_servers::delete(tx, &id, &photos.identifier).await?;
    let settings = server_settings::of_pool(tx, &id).await?;
    server_settings::put_of_pool(tx, &id, &settings).await?;
    of_imports(tx, &id).await?;
    of_users(tx, &id).await?;
    of_groups(tx, &id).await?;
    of_sign_ins(tx, &id, &client.id).await?;
    of_counters_and_messages(tx, &id).await
}

async fn of_imports(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    let job = import_job(id, 1);
    import_jobs::insert(tx, &job).await?;
    import_jobs::due(tx, Timestamp(1), 1).await?;
    import_jobs::number(tx, id).await?;
    import_jobs::runs(tx, id).await?;
    import_jobs::page(tx, id, None, 1).await?;
    let mut stored = import_jobs::find(tx, id, &job.id).await?.unwrap();
    stored.let_go();
    import_jobs::update(tx, &stored).await?;
    import_files::put(tx, id, &job.id, "a", (0, b"")).await?;
    import_files::find(tx, id, &job.id, "a", 0).await?;
    import_files::delete_others(tx, id, &job.id, ["", ""], 1).await?;
    import_logs::add(tx, id, &job.id, 0, &LogPiece::default()).await?;
    import_logs::next(tx, id, &job.id, -1).await?;
    import_logs::delete_some(tx, id, &job.id, 1).await?;
    import_jobs::delete(tx, id, &job.id).await
}

async fn of_users(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    let (ana, bea) = (user(id, "ana"), user(id, "bea"));
    users::insert(tx, &ana, &names("ana"), None).await?.unwrap();
    users::insert(tx, &bea, &names("ana"), None)
        .await?
        .unwrap_err();
    users::find(tx, id, &ana.sub).await?;
    users::find_by_name(tx, id, &name("ana")).await?;
    users::find_with_credentials_by_name(tx, id, &name("ana")).await?;
    users::holder_of(tx, id, &name("ana")).await?;
    users::credentials(tx, id, &ana.sub).await?;
    users::update(tx, &ana, &names("new")).await?.unwrap();
    users::set_credentials(tx, id, &ana.sub, None).await?;
    password_history::put(tx, id, &ana.sub, &PasswordHistory::default()).await?;
    password_history::find(tx, id, &ana.sub).await?;
    users::release_name(tx, id, &name("new")).await?;
    users::page(tx, id, None, 1).await?;
    users::estimated_number(tx, id).await?;
    of_searches(tx, id).await?;
    of_terms(tx, id).await?;
    users::unconfirmed(tx, id, Timestamp(1), None, 1).await?;
    of_changes(tx, id).await
}

async fn of_changes(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    let pool = user_pools::find(tx, id).await?.unwrap();
    let change = pool_change(&pool);
    pool_changes::put(tx, &change).await?;
    pool_changes::find(tx, id).await?;
    pool_changes::under_way(tx, id).await?;
    pool_changes::pools(tx, "", 1).await?;
    let zoe = user(id, "Zoe");
    users::insert(tx, &zoe, &[], None).await?.unwrap();
    users::settle(tx, &zoe, &change).await?.unwrap();
    users::settle_free(tx, &zoe, &change).await?;
    users::taken_names(tx, &zoe, &names("ana")).await?;
    ways_back::insert(tx, &[2; 32], &way_back(&zoe)).await?;
    ways_back::of_users_between(tx, id, "", "z").await?;
    ways_back::keep_name(tx, &[2; 32], &way_back(&zoe)).await?;
    ways_back::take(tx, &[2; 32]).await?;
    users::delete(tx, id, &zoe.sub).await?;
    let ended_at = Some(Timestamp(2));
    pool_changes::put(tx, &PoolChange { ended_at, ..change }).await
}

async fn of_searches(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    // As a node of an earlier version leaves a user behind.
    let sql = "UPDATE users SET searched_revision = NULL WHERE pool = $1";
    tx.execute(sql, &[id.as_str().into()]).await?;
    user_search::is_anybody_behind(tx, &Reached::default()).await?;
    user_search::is_behind(tx, id).await?;
    user_search::catch_up_in(tx, id, 1).await?;
    user_search::catch_up(tx, &Reached::default(), 1).await?;
    let spans = [
        Span::One(String::new()),
        Span::FromTo(String::new(), "a".to_owned()),
    ];
    let mut lookups = vec![Lookup::Everyone, Lookup::Nobody, Lookup::Enabled(true)];
    for span in spans {
        lookups.extend([Lookup::Sub(span.clone()), Lookup::Status(span.clone())]);
        let keys = KeyedAttribute::ALL.into_iter();
        lookups.extend(keys.map(|attribute| Lookup::Key(attribute, span.clone())));
    }
    for lookup in lookups {
        user_search::page(tx, id, &lookup, Some(After { key: "", sub: "" }), 1).await?;
    }
    Ok(())
}

async fn of_groups(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    let (staff, sub) = (group(id, "staff"), user(id, "ana").sub);
    groups::insert(tx, &staff).await?.unwrap();
    groups::find(tx, id, "staff").await?;
    groups::change(tx, id, "staff", |_| ()).await?;
    groups::page(tx, id, None, 1).await?;
    group_members::add(tx, id, &staff.id, &sub).await?.unwrap();
    group_members::of_user(tx, id, &sub).await?;
    group_members::page(tx, id, &staff.id, None, 1).await?;
    group_members::remove(tx, id, &staff.id, &sub).await?;
    Ok(())
}

async fn of_terms(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    let switched = |search: bool| PoolServerSettings {
        search: Some(search),
        ..PoolServerSettings::default()
    };
    server_settings::put_of_pool(tx, id, &switched(true)).await?;
    let mut eve = user(id, "eve");
    users::insert(tx, &eve, &names("eve"), None).await?.unwrap();
    eve.username = "eva".to_owned();
    users::update(tx, &eve, &names("eve")).await?.unwrap();
    user_terms::is_anything_to_do(tx).await?;
    user_terms::step(tx, 1, 1).await?;
    user_terms::phase(tx, id).await?;
    user_terms::list(tx, id, 1, 1, 1).await?;
    user_terms::users_at(tx, id, &[1]).await?;
    for by in [OrderBy::Created, OrderBy::Modified] {
        for descending in [false, true] {
            user_terms::ordered(tx, id, Order { by, descending }, None, 1).await?;
        }
    }
    users::delete(tx, id, &eve.sub).await?;
    server_settings::put_of_pool(tx, id, &switched(false)).await?;
    while user_terms::step(tx, 1, 100).await? {}
    Ok(())
}

async fn of_sign_ins(tx: &mut Tx, id: &UserPoolId, client: &ClientId) -> Result<(), Error> {
    let (ana, bea) = (user(id, "ana"), user(id, "bea"));
    let session = session(&ana, client, 10);
    sessions::insert(tx, &session, &[0; 32]).await?;
    sessions::find(tx, id, &session.id).await?;
    sessions::find_with_user(tx, id, &session.id).await?;
    sessions::find_with_hash(tx, id, &session.id).await?;
    sessions::find_for_refresh(tx, id, &session.id).await?;
    sessions::rotate(tx, &session, &[0; 32], 0).await?;
    sessions::note_use(tx, id, &session.id, &seen(1, "a")).await?;
    sessions::page_of_user(tx, id, &ana.sub, Timestamp(1), None, 1).await?;
    sessions::ids_of_user(tx, id, &ana.sub).await?;
    let phone = device(&ana);
    sessions::is_on_device(tx, id, &session.id, &phone.key).await?;
    devices::insert(tx, &phone, &device_secret(1)).await?;
    devices::find(tx, id, &ana.sub, &phone.key).await?;
    devices::find_with_secret(tx, id, &ana.sub, &phone.key).await?;
    devices::of_user(tx, id, &ana.sub).await?;
    devices::change(tx, id, &ana.sub, &phone.key, |_| ()).await?;
    challenges::insert(tx, &[0; 32], id, b"", Timestamp(1)).await?;
    challenges::find(tx, &[0; 32]).await?;
    challenges::count_guess(tx, &[0; 32]).await?;
    challenges::touch(tx, &[0; 32]).await?;
    codes::put(
        tx,
        id,
        &ana.sub,
        CodePurpose::VerifyEmail,
        &code(1),
        Timestamp(1),
    )
    .await?;
    codes::change(tx, id, &ana.sub, CodePurpose::VerifyEmail, &code(1)).await?;
    codes::count_attempt(tx, id, &ana.sub, CodePurpose::VerifyEmail).await?;
    codes::end(tx, id, &ana.sub, CodePurpose::VerifyEmail, Timestamp(0)).await?;
    ways_back::insert(tx, &[0; 32], &way_back(&ana)).await?;
    ways_back::find(tx, &[0; 32]).await?;
    let passkey = passkey(&ana, b"a");
    passkeys::insert(tx, &passkey).await?;
    passkeys::find(tx, id, &ana.sub, &passkey.id).await?;
    passkeys::of_user(tx, id, &ana.sub).await?;
    passkeys::update(tx, &passkey).await?;
    ways_back::open_of_user(tx, id, &ana.sub, Timestamp(0)).await?;
    software_tokens::put(tx, id, &ana.sub, &software_token(1), 1).await?;
    software_tokens::find(tx, id, &ana.sub).await?;
    software_tokens::use_step(tx, id, &ana.sub, 2).await?;
    let (codes, good) = list_of_recovery_codes(&ana);
    recovery_codes::put(tx, id, &ana.sub, &codes).await?;
    recovery_codes::find(tx, id, &ana.sub).await?;
    recovery_codes::use_up(tx, id, &ana.sub, &good).await?;
    ways_back::is_kept_for_another(tx, id, &name("ana"), &bea.sub, Timestamp(0)).await?;
    Ok(())
}

async fn of_counters_and_messages(tx: &mut Tx, id: &UserPoolId) -> Result<(), Error> {
    attempts::put_lockout(tx, id, "s", &Lockout::default(), Timestamp(1)).await?;
    attempts::find_lockout(tx, id, "s").await?;
    attempts::count(tx, id, "s", "k", Timestamp(1), Duration::from_secs(1)).await?;
    let hour = Duration::from_secs(3600);
    attempts::reserve(tx, id, "mail", Timestamp(1), hour, 1, 1).await?;
    attempts::give_back(tx, id, "mail", Timestamp(1).plus(hour), 1).await?;
    let (created_at, next_at) = (Timestamp(1), Timestamp(1));
    outbox::enqueue(
        tx,
        &outbox::NewMessage {
            id: "m".to_owned(),
            kind: "k",
            payload: b"",
            created_at,
            next_at,
        },
    )
    .await?;
    outbox::take_due(tx, "k", Timestamp(1), Timestamp(2), 1).await?;
    outbox::next_due(tx, "k").await?;
    outbox::waiting(tx, "k", 1).await?;
    outbox::drop_due_since(tx, "k", Timestamp(0), 1).await?;
    outbox::retry(tx, "m", Timestamp(3)).await?;
    access_keys::list(tx).await?;
    access_keys::find(tx, "k").await?;
    nodes::put(tx, &beat(1)).await?;
    nodes::all(tx).await?;
    provisioned_limits::put(tx, "UserRead", 500).await?;
    provisioned_limits::all(tx).await?;
    Ok(())
}

/// Runs what deletes.
pub(crate) async fn run_deletions(tx: &mut Tx) -> Result<(), Error> {
    let pool = user_pool(1);
    user_pools::insert(tx, &pool).await?;
    let pool = pool.id;
    let (ana, client) = (user(&pool, "ana"), app_client(&pool));
    app_clients::insert(tx, &client, None).await?;
    app_clients::delete(tx, &pool, &client.id, Timestamp(1)).await?;
    let staff = group(&pool, "staff");
    groups::insert(tx, &staff).await?.unwrap();
    let added = group_members::add(tx, &pool, &staff.id, &ana.sub).await?;
    added.unwrap();
    groups::delete(tx, &pool, &staff.name, Timestamp(1)).await?;
    assert!(groups::delete_leftovers(tx, Timestamp(1), 1).await?);
    challenges::consume(tx, &[0; 32]).await?;
    codes::put(
        tx,
        &pool,
        &ana.sub,
        CodePurpose::VerifyEmail,
        &code(1),
        Timestamp(1),
    )
    .await?;
    codes::consume(tx, &pool, &ana.sub, CodePurpose::VerifyEmail, &[1; 32]).await?;
    ways_back::take(tx, &[0; 32]).await?;
    software_tokens::delete(tx, &pool, &ana.sub).await?;
    recovery_codes::delete(tx, &pool, &ana.sub).await?;
    passkeys::delete(tx, &pool, &ana.sub, &passkey(&ana, b"a").id).await?;
    devices::forget(tx, &pool, &ana.sub, &device(&ana).key).await?;
    attempts::clear_lockout(tx, &pool, "s").await?;
    nodes::remove(tx, &beat(1)).await?;
    provisioned_limits::remove(tx, "UserRead").await?;
    sessions::end(tx, &pool, &SessionId::random(&mut random())).await?;
    sessions::end_least_recently_used(tx, &pool, &ana.sub, Timestamp(1), 1).await?;
    sessions::end_all_of_user(tx, &pool, &ana.sub).await?;
    password_history::forget(tx, &pool, &ana.sub).await?;
    sessions::end_others_of_user(tx, &pool, &ana.sub, &SessionId::random(&mut random())).await?;
    outbox::done(tx, "m").await?;
    expiry::delete_expired(tx, Timestamp(1), 1).await?;
    access_keys::delete_by_name_or_id(tx, "k").await?;
    users::delete(tx, &pool, &ana.sub).await?;
    user_pools::delete(tx, &pool, Timestamp(1)).await?;
    while user_pools::delete_leftovers(tx, Timestamp(i64::MAX), 1).await? {}
    app_clients::delete_leftovers(tx, Timestamp(1), 1).await?;
    while app_clients::delete_leftovers(tx, Timestamp(i64::MAX), 1).await? {}
    groups::delete_leftovers(tx, Timestamp(1), 1).await?;
    while groups::delete_leftovers(tx, Timestamp(i64::MAX), 1).await? {}
    Ok(())
}
