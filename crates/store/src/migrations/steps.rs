//! The migrations themselves. One that has been released is never changed.

/// What is there before the first migration: the book of migrations and the leases under which they
/// run.
pub(super) const FOUNDATION: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS schema_migrations(
        number BIGINT NOT NULL, step BIGINT NOT NULL, name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (number, step))",
    "CREATE TABLE IF NOT EXISTS leases(
        name TEXT NOT NULL, holder TEXT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (name))",
];
/// One migration: its number, its name and its steps.
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [&'static str],
}

/// The number of the newest migration that this binary knows: the version of its schema.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// The statements that make the schema of a version, in order, from the first table on.
pub(crate) fn statements_up_to(version: i64) -> impl Iterator<Item = &'static str> {
    let migrations = MIGRATIONS
        .iter()
        .filter(move |migration| migration.number <= version)
        .flat_map(|migration| migration.steps.iter().copied());
    FOUNDATION.into_iter().chain(migrations)
}

/// In rising order of their numbers.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "ground floor",
        steps: GROUND_FLOOR,
    },
    Migration {
        number: 2,
        name: "retired signing keys",
        steps: RETIRED_SIGNING_KEYS,
    },
    Migration {
        number: 3,
        name: "deleted pools",
        steps: DELETED_POOLS,
    },
    Migration {
        number: 4,
        name: "kinds of messages",
        steps: KINDS_OF_MESSAGES,
    },
    Migration {
        number: 5,
        name: "deleted app clients",
        steps: DELETED_APP_CLIENTS,
    },
    Migration {
        number: 6,
        name: "unconfirmed users",
        steps: UNCONFIRMED_USERS,
    },
    Migration {
        number: 7,
        name: "ways back from changed addresses",
        steps: WAYS_BACK,
    },
    Migration {
        number: 8,
        name: "settings of the server for pools and app clients",
        steps: SERVER_SETTINGS,
    },
    Migration {
        number: 9,
        name: "guesses at the steps of sign-ins",
        steps: GUESSES_AT_STEPS,
    },
    Migration {
        number: 10,
        name: "software tokens",
        steps: SOFTWARE_TOKENS,
    },
    Migration {
        number: 11,
        name: "passkeys",
        steps: PASSKEYS,
    },
    Migration {
        number: 12,
        name: "last use of sessions",
        steps: LAST_USE_OF_SESSIONS,
    },
    Migration {
        number: 13,
        name: "password history",
        steps: PASSWORD_HISTORY,
    },
    Migration {
        number: 14,
        name: "devices",
        steps: DEVICES,
    },
    Migration {
        number: 15,
        name: "recovery codes",
        steps: RECOVERY_CODES,
    },
    Migration {
        number: 16,
        name: "second secrets of app clients",
        steps: SECOND_SECRETS,
    },
    Migration {
        number: 17,
        name: "searched users",
        steps: SEARCHED_USERS,
    },
    Migration {
        number: 18,
        name: "groups",
        steps: GROUPS,
    },
    Migration {
        number: 19,
        name: "terms of users",
        steps: TERMS_OF_USERS,
    },
    Migration {
        number: 20,
        name: "request rates",
        steps: REQUEST_RATES,
    },
    Migration {
        number: 21,
        name: "imports of users",
        steps: IMPORTS,
    },
    Migration {
        number: 22,
        name: "changes of pools",
        steps: POOL_CHANGES,
    },
    Migration {
        number: 23,
        name: "resource servers",
        steps: RESOURCE_SERVERS,
    },
];

/// Pools, clients, users, sign-ins. Times are milliseconds since the epoch, `doc` is the JSON of a
/// model type, and a column that holds a secret holds it sealed.
const GROUND_FLOOR: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS meta(name TEXT NOT NULL, value BYTES NOT NULL, PRIMARY KEY (name))",
    "CREATE TABLE IF NOT EXISTS data_keys(id BIGINT NOT NULL, wrapped BYTES NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (id))",
    // The secret of an access key is sealed: SigV4 needs it in the clear, so a hash would not do.
    "CREATE TABLE IF NOT EXISTS access_keys(
        id TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, secret BYTES NOT NULL, created_at BIGINT NOT NULL,
        PRIMARY KEY (id))",
    "CREATE UNIQUE INDEX IF NOT EXISTS access_keys_name ON access_keys(name)",
    "CREATE TABLE IF NOT EXISTS user_pools(
        id TEXT NOT NULL, doc TEXT NOT NULL, revision BIGINT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (id))",
    "CREATE UNIQUE INDEX IF NOT EXISTS user_pools_page ON user_pools(created_at, id)",
    "CREATE TABLE IF NOT EXISTS signing_keys(
        pool TEXT NOT NULL, kid TEXT NOT NULL, token_use TEXT NOT NULL, private BYTES NOT NULL, public TEXT NOT NULL,
        created_at BIGINT NOT NULL, retires_at BIGINT, PRIMARY KEY (pool, kid))",
    "CREATE TABLE IF NOT EXISTS app_clients(
        pool TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, secret BYTES, revision BIGINT NOT NULL, created_at BIGINT NOT NULL,
        PRIMARY KEY (pool, id))",
    // Public operations name the client only.
    "CREATE UNIQUE INDEX IF NOT EXISTS app_clients_id ON app_clients(id)",
    "CREATE TABLE IF NOT EXISTS users(
        pool TEXT NOT NULL, sub TEXT NOT NULL, username TEXT NOT NULL, doc TEXT NOT NULL, status TEXT NOT NULL,
        enabled BOOLEAN NOT NULL, credentials BYTES, revision BIGINT NOT NULL, created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL, PRIMARY KEY (pool, sub))",
    // Every name that finds a user, in its normal form: one table, so that no two users answer to
    // one name of any kind.
    "CREATE TABLE IF NOT EXISTS aliases(
        pool TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, sub TEXT NOT NULL, PRIMARY KEY (pool, name)) WITHOUT ROWID",
    // `kind` makes it cover what is asked of it. Without, SQLite's planner prefers the primary key,
    // which leads to the pool only.
    "CREATE INDEX IF NOT EXISTS aliases_sub ON aliases(pool, sub, kind)",
    // A token session; `id` is the origin_jti of its tokens. Ending it deletes the row.
    "CREATE TABLE IF NOT EXISTS sessions(
        pool TEXT NOT NULL, id TEXT NOT NULL, sub TEXT NOT NULL, client TEXT NOT NULL, doc TEXT NOT NULL, refresh_hash BYTES NOT NULL,
        generation BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (pool, id))",
    "CREATE INDEX IF NOT EXISTS sessions_sub ON sessions(pool, sub)",
    "CREATE INDEX IF NOT EXISTS sessions_client ON sessions(pool, client)",
    "CREATE INDEX IF NOT EXISTS sessions_expiry ON sessions(expires_at)",
    // A step of a sign-in under the hash of its Session string.
    "CREATE TABLE IF NOT EXISTS challenges(
        id BYTES NOT NULL, pool TEXT NOT NULL, sealed BYTES NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS challenges_expiry ON challenges(expires_at)",
    "CREATE TABLE IF NOT EXISTS codes(
        pool TEXT NOT NULL, sub TEXT NOT NULL, purpose TEXT NOT NULL, sealed BYTES NOT NULL, attempts BIGINT NOT NULL,
        expires_at BIGINT NOT NULL, PRIMARY KEY (pool, sub, purpose))",
    "CREATE INDEX IF NOT EXISTS codes_expiry ON codes(expires_at)",
    // Counters of lockout and of limits per hour; `subject` is a sub, or the hash of a name that
    // belongs to nobody.
    "CREATE TABLE IF NOT EXISTS attempts(
        pool TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, count BIGINT NOT NULL, since BIGINT NOT NULL,
        locked_until BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (pool, subject, kind)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS attempts_expiry ON attempts(expires_at)",
    "CREATE TABLE IF NOT EXISTS outbox(
        id TEXT NOT NULL, kind TEXT NOT NULL, sealed BYTES NOT NULL, attempts BIGINT NOT NULL, next_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS outbox_next ON outbox(next_at)",
];

/// Keys that were replaced are found when their time is over.
const RETIRED_SIGNING_KEYS: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS signing_keys_expiry ON signing_keys(retires_at) WHERE retires_at IS NOT NULL",
];

/// Pools that are gone and whose users are being deleted.
const DELETED_POOLS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS deleted_pools(id TEXT NOT NULL, look_at BIGINT NOT NULL, last_look_at BIGINT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS deleted_pools_look ON deleted_pools(look_at)",
];

/// A node looks for the messages that it can send.
const KINDS_OF_MESSAGES: &[&str] =
    &["CREATE INDEX IF NOT EXISTS outbox_kind ON outbox(kind, next_at)"];

/// App clients that are gone and whose sessions are being deleted.
const DELETED_APP_CLIENTS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS deleted_app_clients(
        pool TEXT NOT NULL, id TEXT NOT NULL, look_at BIGINT NOT NULL, last_look_at BIGINT NOT NULL, PRIMARY KEY (pool, id))",
    "CREATE INDEX IF NOT EXISTS deleted_app_clients_look ON deleted_app_clients(look_at)",
];

/// Sign-ups that were never confirmed are found by their age.
const UNCONFIRMED_USERS: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS users_unconfirmed ON users(pool, created_at, sub) WHERE status = 'UNCONFIRMED'",
];

/// Changes of verified addresses that can still be undone, under the hash of the token that was
/// sent to the old address. `name` is the sign-in name that is kept for the user meanwhile, empty
/// where there is none.
const WAYS_BACK: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS ways_back(
        id BYTES NOT NULL, pool TEXT NOT NULL, sub TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, expires_at BIGINT NOT NULL,
        PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS ways_back_sub ON ways_back(pool, sub)",
    "CREATE INDEX IF NOT EXISTS ways_back_name ON ways_back(pool, name)",
    "CREATE INDEX IF NOT EXISTS ways_back_expiry ON ways_back(expires_at)",
];

/// What Cognito has no member for. `client` is empty in the row of the pool itself.
const SERVER_SETTINGS: &[&str] = &["CREATE TABLE IF NOT EXISTS server_settings(
        pool TEXT NOT NULL, client TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (pool, client))"];

/// Wrong codes that were typed for a step.
const GUESSES_AT_STEPS: &[&str] =
    &["ALTER TABLE challenges ADD COLUMN guesses BIGINT NOT NULL DEFAULT 0"];

/// The authenticator apps of users. `last_step` is the newest step whose code was used.
const SOFTWARE_TOKENS: &[&str] = &["CREATE TABLE IF NOT EXISTS software_tokens(
        pool TEXT NOT NULL, sub TEXT NOT NULL, sealed BYTES NOT NULL, last_step BIGINT NOT NULL, PRIMARY KEY (pool, sub))"];

/// Passkeys by the ids that their authenticators gave them, in base64url. An id is one user's in a
/// pool.
const PASSKEYS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS passkeys(
        pool TEXT NOT NULL, sub TEXT NOT NULL, credential TEXT NOT NULL, doc TEXT NOT NULL, created_at BIGINT NOT NULL,
        PRIMARY KEY (pool, sub, credential))",
    "CREATE UNIQUE INDEX IF NOT EXISTS passkeys_credential ON passkeys(pool, credential)",
];

/// When a session was last used, in pools that track sessions; NULL for the others, which go by
/// their sign-in.
const LAST_USE_OF_SESSIONS: &[&str] = &["ALTER TABLE sessions ADD COLUMN last_used_at BIGINT"];

/// The passwords that a user had before.
const PASSWORD_HISTORY: &[&str] = &["CREATE TABLE IF NOT EXISTS password_history(
        pool TEXT NOT NULL, sub TEXT NOT NULL, sealed BYTES NOT NULL, PRIMARY KEY (pool, sub))"];

/// Devices that were confirmed, and the device of each session: NULL where there is none, and once
/// it was forgotten.
const DEVICES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS devices(
        pool TEXT NOT NULL, sub TEXT NOT NULL, device_key TEXT NOT NULL, doc TEXT NOT NULL, secret BYTES NOT NULL,
        PRIMARY KEY (pool, sub, device_key))",
    "ALTER TABLE sessions ADD COLUMN device_key TEXT",
];

/// Recovery codes, and which of them are used: a bit for each.
const RECOVERY_CODES: &[&str] = &["CREATE TABLE IF NOT EXISTS recovery_codes(
        pool TEXT NOT NULL, sub TEXT NOT NULL, sealed BYTES NOT NULL, used BIGINT NOT NULL, PRIMARY KEY (pool, sub))"];

/// The newer of a client's two secrets. Nodes of the version before read the column `secret` alone,
/// which always has the older or only one. `secret_made_at` is NULL for the one that the client was
/// made with.
const SECOND_SECRETS: &[&str] = &[
    "ALTER TABLE app_clients ADD COLUMN secret_made_at BIGINT",
    "ALTER TABLE app_clients ADD COLUMN second_secret BYTES",
    "ALTER TABLE app_clients ADD COLUMN second_secret_made_at BIGINT",
];

/// The keys that users are searched by, each with the sub behind it, and the revision that the keys
/// are of: nodes that do not know of the keys leave it behind.
const SEARCHED_USERS: &[&str] = &[
    "ALTER TABLE users ADD COLUMN search_username TEXT",
    "ALTER TABLE users ADD COLUMN search_email TEXT",
    "ALTER TABLE users ADD COLUMN search_phone_number TEXT",
    "ALTER TABLE users ADD COLUMN search_name TEXT",
    "ALTER TABLE users ADD COLUMN search_given_name TEXT",
    "ALTER TABLE users ADD COLUMN search_family_name TEXT",
    "ALTER TABLE users ADD COLUMN search_preferred_username TEXT",
    "ALTER TABLE users ADD COLUMN searched_revision BIGINT",
    "CREATE INDEX IF NOT EXISTS users_search_username ON users(pool, search_username, sub) WHERE search_username IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_email ON users(pool, search_email, sub) WHERE search_email IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_phone_number
        ON users(pool, search_phone_number, sub) WHERE search_phone_number IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_name ON users(pool, search_name, sub) WHERE search_name IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_given_name ON users(pool, search_given_name, sub) WHERE search_given_name IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_family_name
        ON users(pool, search_family_name, sub) WHERE search_family_name IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_preferred_username
        ON users(pool, search_preferred_username, sub) WHERE search_preferred_username IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_status ON users(pool, status, sub)",
    "CREATE INDEX IF NOT EXISTS users_enabled ON users(pool, enabled, sub)",
    "CREATE INDEX IF NOT EXISTS users_unsearched ON users(pool, sub) WHERE searched_revision IS DISTINCT FROM revision",
];

/// Groups by their names, how many each pool has, who is in them, and those that are gone and whose
/// memberships are being deleted.
const GROUPS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS groups(
        pool TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (pool, name))",
    "CREATE UNIQUE INDEX IF NOT EXISTS groups_id ON groups(pool, id)",
    "CREATE TABLE IF NOT EXISTS group_numbers(pool TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (pool))",
    "CREATE TABLE IF NOT EXISTS group_members(
        pool TEXT NOT NULL, group_id TEXT NOT NULL, sub TEXT NOT NULL, PRIMARY KEY (pool, group_id, sub)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS group_members_sub ON group_members(pool, sub, group_id)",
    // `done_to` is the last sub whose membership was deleted.
    "CREATE TABLE IF NOT EXISTS deleted_groups(
        pool TEXT NOT NULL, id TEXT NOT NULL, done_to TEXT NOT NULL, look_at BIGINT NOT NULL, last_look_at BIGINT NOT NULL,
        PRIMARY KEY (pool, id))",
    "CREATE INDEX IF NOT EXISTS deleted_groups_look ON deleted_groups(look_at)",
];

/// The terms that users are found by in pools that have searches beyond Cognito. `search_place`
/// is NULL for users who have no terms; `reached` is the last sub that has some while an index is
/// made.
const TERMS_OF_USERS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS user_terms(
        pool TEXT NOT NULL, term BIGINT NOT NULL, place BIGINT NOT NULL, PRIMARY KEY (pool, term, place)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS user_searches(
        pool TEXT NOT NULL, phase TEXT NOT NULL, reached TEXT NOT NULL, PRIMARY KEY (pool))",
    "ALTER TABLE users ADD COLUMN search_place BIGINT",
    "CREATE INDEX IF NOT EXISTS users_search_place ON users(pool, search_place) WHERE search_place IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_created ON users(pool, created_at, search_place) WHERE search_place IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS users_search_modified ON users(pool, modified_at, search_place) WHERE search_place IS NOT NULL",
];

/// The nodes that live, each with a number that it counts up, and the rates that were provisioned.
const REQUEST_RATES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS nodes(id TEXT NOT NULL, beat BIGINT NOT NULL, PRIMARY KEY (id))",
    "CREATE TABLE IF NOT EXISTS provisioned_limits(category TEXT NOT NULL, rate BIGINT NOT NULL, PRIMARY KEY (category))",
];

/// Jobs that import users, of which a pool has one that is active; their files and their logs.
const IMPORTS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS import_jobs(
        pool TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, active BOOLEAN NOT NULL, holder TEXT NOT NULL,
        due_at BIGINT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (pool, id))",
    "CREATE UNIQUE INDEX IF NOT EXISTS import_jobs_active ON import_jobs(pool) WHERE active",
    "CREATE INDEX IF NOT EXISTS import_jobs_created ON import_jobs(pool, created_at, id)",
    "CREATE INDEX IF NOT EXISTS import_jobs_due ON import_jobs(due_at)",
    "CREATE TABLE IF NOT EXISTS import_files(
        pool TEXT NOT NULL, job TEXT NOT NULL, upload TEXT NOT NULL, piece BIGINT NOT NULL, sealed BYTES NOT NULL,
        PRIMARY KEY (pool, job, upload, piece))",
    "CREATE TABLE IF NOT EXISTS import_logs(
        pool TEXT NOT NULL, job TEXT NOT NULL, piece BIGINT NOT NULL, lines TEXT NOT NULL, PRIMARY KEY (pool, job, piece))",
];

/// Changes of what is fixed when a pool is made. `ended_at` is NULL while one is under way.
const POOL_CHANGES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS pool_changes(pool TEXT NOT NULL, doc TEXT NOT NULL, ended_at BIGINT, PRIMARY KEY (pool))",
    "CREATE INDEX IF NOT EXISTS pool_changes_open ON pool_changes(pool) WHERE ended_at IS NULL",
];

/// APIs whose scopes app clients ask for.
const RESOURCE_SERVERS: &[&str] = &["CREATE TABLE IF NOT EXISTS resource_servers(
        pool TEXT NOT NULL, identifier TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (pool, identifier))"];

#[cfg(test)]
mod tests {
    use super::*;

    /// What nodes of the version before can live with, and what may be said again after a start
    /// that was cut.
    fn only_adds(step: &str, before: &[&str]) -> bool {
        let begins = |words: &str| step.starts_with(words);
        let is_column_that_old_nodes_may_leave_out = begins("ALTER TABLE ")
            && step.contains(" ADD COLUMN ")
            && (step.contains(" DEFAULT ") || !step.contains("NOT NULL"));
        // Of a table that this migration makes, which old nodes do not know.
        let is_unique_index_of_a_new_table = begins("CREATE UNIQUE INDEX IF NOT EXISTS ")
            && before.iter().any(|earlier| {
                let made = earlier.strip_prefix("CREATE TABLE IF NOT EXISTS ");
                let table = made
                    .and_then(|rest| rest.split_once('('))
                    .map(|(table, _)| table);
                table.is_some_and(|table| step.contains(&format!(" ON {table}(")))
            });
        begins("CREATE TABLE IF NOT EXISTS ")
            || begins("CREATE INDEX IF NOT EXISTS ")
            || is_column_that_old_nodes_may_leave_out
            || is_unique_index_of_a_new_table
    }

    #[test]
    fn migrations_after_the_first_only_add_so_that_nodes_of_the_version_before_run_on() {
        for migration in MIGRATIONS.iter().skip(1) {
            for (at, step) in migration.steps.iter().enumerate() {
                let before = &migration.steps[..at];
                assert!(only_adds(step, before), "{}: {step}", migration.name);
            }
        }
        for step in [
            "DROP TABLE users",
            "ALTER TABLE users ADD COLUMN a BIGINT NOT NULL",
            "ALTER TABLE users RENAME COLUMN a TO b",
            "CREATE UNIQUE INDEX IF NOT EXISTS a ON users(pool)",
        ] {
            assert!(!only_adds(step, &[]), "{step}");
            assert!(
                !only_adds(step, &["CREATE TABLE IF NOT EXISTS b(a)"]),
                "{step}"
            );
        }
    }

    #[test]
    fn a_migration_is_one_statement_a_step_under_rising_numbers() {
        for (number, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.number, number, "{}", migration.name);
            for step in migration.steps {
                assert!(!step.contains(';'), "{step}");
            }
        }
    }
}
