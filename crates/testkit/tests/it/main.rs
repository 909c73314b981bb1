//! The product, tried from outside: each test is a server of its own, spoken to through its doors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod address_limits;
mod address_names;
mod admin_users;
mod answer_times;
mod app_clients;
mod attribute_values;
mod attributes;
mod backends;
mod bursts;
mod call_log;
mod case_and_aliases;
mod client_attributes;
mod client_secrets;
mod codes;
mod confirm;
mod confirmation_links;
mod confirmed_sign_ups;
mod counts;
mod coverage;
mod custom_auth;
mod deployment_tools;
mod device_sign_in;
mod devices;
mod doors;
mod ended_codes;
mod errors;
mod faults;
mod forwarded;
mod given_attributes;
mod group_members;
mod groups;
mod imported_passwords;
mod imports;
mod issuers;
mod mail_addresses;
mod mail_senders;
mod mail_sink;
mod message_templates;
mod mfa_preferences;
mod mfa_setup;
mod new_password;
mod one_nobody;
mod outbox;
mod outbox_lanes;
mod paging;
mod passkey_sign_in;
mod passkeys;
mod password_history;
mod password_spaces;
mod passwords;
mod pool_changes;
mod pool_export;
mod pool_mfa;
mod public_path;
mod recovery_and_mfa;
mod recovery_codes;
mod refresh;
mod refreshes_at_once;
mod refused_members;
mod request_rates;
mod resource_servers;
mod searches;
mod second_factor_ways;
mod second_factors;
mod sentences;
mod server_settings;
mod sessions;
mod shown_destinations;
mod sign_in_codes;
mod sign_in_password;
mod sign_in_srp;
mod sign_out;
mod sign_up;
mod sign_up_floods;
mod signed_api;
mod signing_keys;
mod sms_prefixes;
mod software_tokens;
mod step_up;
mod strangers;
mod subs;
mod sums_of_messages;
mod switched_off;
mod tags;
mod token_sentences;
mod tokens;
mod unavailable;
mod unconfirmed_users;
mod update_table;
mod user_auth;
mod user_existence;
mod user_pools;
mod user_search;
mod way_back;
mod wire;
