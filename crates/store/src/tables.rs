//! All tables. The migrations make them; a table that stands in one of the two places only fails
//! the conformance suite.

use std::sync::LazyLock;

use crate::{
    access_keys, aliases, app_clients, attempts, challenges, codes, data_keys, derived::Derived,
    devices, group_members, groups, import_files, import_jobs, import_logs, leases, meta,
    migrations::book, nodes, outbox, passkeys, password_history, pool_changes, provisioned_limits,
    recovery_codes, resource_servers, server_settings, sessions, signing_keys, software_tokens,
    table::Table, user_pools, user_terms, users, ways_back,
};

/// The declarations, each from the file of its resource.
pub const TABLES: &[&Table] = &[
    &book::TABLE,
    &leases::TABLE,
    &nodes::TABLE,
    &meta::TABLE,
    &data_keys::TABLE,
    &access_keys::TABLE,
    &provisioned_limits::TABLE,
    &user_pools::TABLE,
    &user_pools::DELETED,
    &signing_keys::TABLE,
    &app_clients::TABLE,
    &app_clients::DELETED,
    &server_settings::TABLE,
    &pool_changes::TABLE,
    &resource_servers::TABLE,
    &sessions::TABLE,
    &challenges::TABLE,
    &codes::TABLE,
    &ways_back::TABLE,
    &software_tokens::TABLE,
    &recovery_codes::TABLE,
    &passkeys::TABLE,
    &attempts::TABLE,
    &devices::TABLE,
    &outbox::TABLE,
    &groups::TABLE,
    &groups::NUMBERS,
    &groups::DELETED,
    &group_members::TABLE,
    &import_jobs::TABLE,
    &import_files::TABLE,
    &import_logs::TABLE,
    &aliases::TABLE,
    &user_terms::TABLE,
    &user_terms::SEARCHES,
    &password_history::TABLE,
    &users::TABLE,
];

/// The declaration of a table.
#[must_use]
pub fn find(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}

/// What follows from the declarations, built once.
pub(crate) fn derived() -> &'static Derived {
    static DERIVED: LazyLock<Derived> = LazyLock::new(|| Derived::of(TABLES));
    &DERIVED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::rules::contradictions;

    #[test]
    fn no_declaration_contradicts_itself_or_another() {
        let found = contradictions(TABLES);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
