//! Model values to store.

use std::collections::{BTreeMap, BTreeSet};

use cognate_crypto::{random::Random, secret::SecretBytes};
use cognate_model::{
    AppClient, ClientId, Device, DeviceKey, Group, GroupId, ImportJobId, NormalName, Passkey,
    SessionId, Sub, Timestamp, TokenSession, User, UserPool, UserPoolId, UserStatus, WayBack,
    app_client::{ClientSettings, TimeUnit, Validity},
    attribute::Contact,
    code::PendingCode,
    device::DeviceSecret,
    name_rule::NameRule,
    passkey::CredentialId,
    password::{Credentials, PasswordPolicy},
    pool_change::{Change, PoolChange, Stage},
    recovery_code::{CodeHasher, GoodCode, RecoveryCodes, UsedCodes},
    resource_server::{ResourceServer, Scope},
    session::Seen,
    software_token::{PendingToken, SoftwareToken, VerifiedToken},
    user::NameKind,
    user_import::{Counts, ImportJob, JobStatus, Place, UploadedFile},
    user_pool::{EmailSettings, Messages, SessionTracking, Settings, SignInNames, Tier},
};
use cognate_store::{Db, Error, Tx, nodes, users};

use crate::place::fresh_random;

pub(crate) fn random() -> Random {
    fresh_random()
}

pub(crate) fn user_pool(created_at: i64) -> UserPool {
    UserPool {
        id: UserPoolId::random("eu-west-1", &mut random()),
        created_at: Timestamp(created_at),
        modified_at: Timestamp(created_at),
        revision: 1,
        sign_in_names: SignInNames::Username {
            aliases: BTreeSet::new(),
        },
        case_sensitive: false,
        schema: Default::default(),
        beside: None,
        settings: Settings {
            name: "pool".to_owned(),
            deletion_protection: false,
            password_policy: PasswordPolicy::default(),
            auto_verified: BTreeSet::from([Contact::Email]),
            verified_before_update: BTreeSet::new(),
            messages: Messages::default(),
            email: EmailSettings::default(),
            sms: None,
            tags: BTreeMap::new(),
            admin_create_user_only: false,
            recovery: None,
            tier: Tier::Essentials,
            allowed_first_auth_factors: [cognate_model::FirstFactor::Password].into(),
            add_ons_off: false,
            mfa: cognate_model::second_factor::PoolMfa::default(),
            sessions: SessionTracking::default(),
            devices: None,
            acr: cognate_model::acr::AcrNames::default(),
            issuer: None,
            key_of_the_server: false,
        },
    }
}

pub(crate) fn app_client(pool: &UserPoolId) -> AppClient {
    let hour = Validity::new(1, TimeUnit::Hours);
    AppClient {
        pool: pool.clone(),
        id: ClientId::random(&mut random()),
        created_at: Timestamp(5),
        modified_at: Timestamp(5),
        revision: 1,
        has_secret: true,
        settings: ClientSettings {
            name: "client".to_owned(),
            access_validity: hour,
            id_validity: hour,
            refresh_validity: hour,
            units_named: Default::default(),
            read_attributes: None,
            write_attributes: None,
            explicit_auth_flows: None,
            prevent_user_existence_errors: true,
            token_revocation: true,
            auth_session_minutes: 3,
            rotation: None,
            propagates_user_context: false,
            supported_identity_providers: None,
        },
    }
}

pub(crate) fn resource_server(pool: &UserPoolId) -> ResourceServer {
    let scope = |name: &str| Scope {
        name: name.to_owned(),
        description: "what it allows".to_owned(),
    };
    ResourceServer {
        pool: pool.clone(),
        identifier: "https://photos.example.com".to_owned(),
        name: "Photos".to_owned(),
        scopes: vec![scope("read"), scope("write")],
    }
}

pub(crate) fn user(pool: &UserPoolId, username: &str) -> User {
    User {
        pool: pool.clone(),
        sub: Sub::random(&mut random()),
        username: username.to_owned(),
        attributes: BTreeMap::from([("email".to_owned(), format!("{username}@example.com"))]),
        kept_names: std::collections::BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: cognate_model::second_factor::MfaPreferences::default(),
        status: UserStatus::Confirmed,
        enabled: true,
        created_at: Timestamp(7),
        modified_at: Timestamp(8),
        revision: 1,
    }
}

pub(crate) fn group(pool: &UserPoolId, name: &str) -> Group {
    Group {
        pool: pool.clone(),
        id: GroupId::random(&mut random()),
        name: name.to_owned(),
        description: None,
        role_arn: None,
        precedence: None,
        created_at: Timestamp(1),
        modified_at: Timestamp(2),
    }
}

/// A change under way: of the case rule, and of attributes.
pub(crate) fn pool_change(pool: &UserPool) -> PoolChange {
    let rule = |case_sensitive| NameRule {
        case_sensitive,
        ..pool.name_rule()
    };
    PoolChange {
        pool: pool.id.clone(),
        id: "change".to_owned(),
        change: Change::default(),
        from: rule(pool.case_sensitive),
        to: rule(!pool.case_sensitive),
        renamed: Vec::new(),
        allowed: BTreeSet::new(),
        stage: Stage::Reserving,
        not_before: Timestamp(1),
        after: None,
        looked_at: 0,
        begun_at: Timestamp(1),
        ended_at: None,
        failure: None,
    }
}

/// A change of a user's address, whose old name is kept until time 20.
pub(crate) fn way_back(user: &User) -> WayBack {
    let address = user.attributes.get("email").cloned();
    WayBack {
        pool: user.pool.clone(),
        sub: user.sub.clone(),
        contact: Contact::Email,
        name: address.clone(),
        address,
        revision: user.revision,
        is_first: true,
        expires_at: Timestamp(20),
    }
}

pub(crate) fn name(text: &str) -> NormalName {
    NormalName::with_case_rule(text, false)
}

pub(crate) fn names(username: &str) -> Vec<(NameKind, NormalName)> {
    vec![
        (NameKind::Username, name(username)),
        (NameKind::Email, name(&format!("{username}@example.com"))),
    ]
}

pub(crate) fn credentials(byte: u8) -> Credentials {
    Credentials {
        salt: vec![byte; 16],
        verifier: vec![byte; 384],
        user_id: "id".to_owned(),
        temporary_until: None,
        imported: None,
    }
}

pub(crate) fn session(user: &User, client: &ClientId, expires_at: i64) -> TokenSession {
    // Only a proof begins one; the database is the other way to it.
    let document = serde_json::json!({
        "pool": user.pool, "id": SessionId::random(&mut random()), "sub": user.sub, "client": client, "auth_time": 9,
        "expires_at": expires_at, "event_id": "event", "generation": 0, "rotated_at": null,
    });
    serde_json::from_value(document).unwrap()
}

/// A passkey with such an id.
pub(crate) fn passkey(user: &User, id: &[u8]) -> Passkey {
    Passkey {
        pool: user.pool.clone(),
        sub: user.sub.clone(),
        id: CredentialId::of_bytes(id),
        public_key: vec![1, 2, 3],
        counter: 0,
        relying_party_id: "example.com".to_owned(),
        name: "Passkey".to_owned(),
        transports: vec!["usb".to_owned()],
        attachment: None,
        backup_eligible: false,
        backed_up: false,
        created_at: Timestamp(1),
        distrusted_at: None,
    }
}

pub(crate) fn seen(at: i64, device: &str) -> Seen {
    Seen {
        at: Timestamp(at),
        address: Some("203.0.113.9".to_owned()),
        device: device.to_owned(),
    }
}

/// A session that began on a device.
pub(crate) fn session_on(user: &User, client: &ClientId, device: &DeviceKey) -> TokenSession {
    let mut session = session(user, client, i64::MAX);
    session.device_key = Some(device.clone());
    session
}

pub(crate) fn device(user: &User) -> Device {
    Device {
        pool: user.pool.clone(),
        sub: user.sub.clone(),
        key: DeviceKey::random(&user.pool, &mut random()),
        name: Some("phone".to_owned()),
        remembered: true,
        after_second_factor: false,
        last_ip: None,
        created_at: Timestamp(1),
        modified_at: Timestamp(2),
        authenticated_at: Timestamp(3),
    }
}

pub(crate) fn device_secret(byte: u8) -> DeviceSecret {
    DeviceSecret {
        salt: vec![byte; 16],
        verifier: vec![byte; 384],
        group_key: "-group".to_owned(),
    }
}

/// A job that runs.
pub(crate) fn import_job(pool: &UserPoolId, created_at: i64) -> ImportJob {
    ImportJob {
        pool: pool.clone(),
        id: ImportJobId::random(&mut random()),
        name: "people".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/logs".to_owned(),
        hashing: None,
        created_at: Timestamp(created_at),
        started_at: Some(Timestamp(created_at + 1)),
        ended_at: None,
        status: JobStatus::InProgress,
        message: None,
        file: Some(UploadedFile {
            upload: "a".to_owned(),
            bytes: 7,
        }),
        uploading: None,
        place: Place::default(),
        counts: Counts::default(),
        log_pieces: 0,
    }
}

pub(crate) fn code(byte: u8) -> PendingCode {
    PendingCode {
        hash: vec![byte; 32],
        contact: Contact::Email,
        address: "ana@example.com".to_owned(),
        by_link: false,
        reissues: 0,
    }
}

/// An authenticator app, and a secret that waits for its first code.
pub(crate) fn software_token(byte: u8) -> SoftwareToken {
    let secret = |byte: u8| SecretBytes::new(vec![byte; 20]);
    SoftwareToken {
        verified: Some(VerifiedToken {
            secret: secret(byte),
            name: "phone".to_owned(),
        }),
        pending: Some(PendingToken {
            secret: secret(byte.wrapping_add(1)),
        }),
    }
}

/// A list of recovery codes, and one of them.
pub(crate) fn list_of_recovery_codes(user: &User) -> (RecoveryCodes, GoodCode) {
    let hasher = CodeHasher {
        secret: &[5; 32],
        pool: &user.pool,
        sub: &user.sub,
    };
    let (list, codes) = RecoveryCodes::draw(hasher, &mut random(), Timestamp(9));
    let good = list.find(UsedCodes::default(), hasher, &codes[4]);
    (list, good.unwrap())
}

/// A new user with names and credentials.
pub(crate) async fn signed_up(db: &Db, pool: &UserPoolId, username: &str) -> User {
    let user = user(pool, username);
    let (stored, names) = (user.clone(), names(username));
    let outcome = write(db, async move |tx| {
        users::insert(tx, &stored, &names, Some(&credentials(1))).await
    })
    .await;
    outcome.unwrap();
    user
}

/// A write that is expected to succeed.
pub(crate) async fn write<T, F>(db: &Db, function: F) -> T
where
    F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T, Error>,
    T: Send + 'static,
{
    db.write("test", function).await.unwrap()
}

/// The number of a node.
pub(crate) fn beat(number: i64) -> nodes::Beat {
    nodes::Beat {
        node: "n".to_owned(),
        number,
    }
}
