#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use super::*;
use crate::config_file::known_keys;

fn file(text: &str) -> ConfigFile {
    ConfigFile::parse("cognate.toml".into(), text).unwrap()
}

fn resolve(options: ServerOptions, text: &str) -> Result<ServerConfiguration> {
    ServerConfiguration::resolve(options, &file(text), Kind::Serve, None)
}

fn refusal(text: &str) -> String {
    format!(
        "{:#}",
        resolve(ServerOptions::default(), text).err().expect(text)
    )
}

#[test]
fn nothing_told_gives_the_documented_defaults() {
    let configuration = resolve(ServerOptions::default(), "").unwrap();
    assert_eq!(configuration.listen.to_string(), "127.0.0.1:9229");
    assert_eq!(
        configuration.admin_listen.unwrap().to_string(),
        "127.0.0.1:9230"
    );
    assert_eq!(
        (
            configuration.region.as_str(),
            configuration.account_id.as_str()
        ),
        ("us-east-1", "000000000000")
    );
    assert_eq!(
        configuration.store.database_url,
        "sqlite:cognate-data/cognate.db"
    );
    assert!(
        matches!(configuration.store.master_key, MasterKeySource::File(file) if file == Path::new("cognate-data/master.key"))
    );
    assert!(configuration.trusted_proxies.is_empty() && configuration.tls.is_none());
}

#[test]
fn a_flag_comes_before_the_file_and_an_empty_one_is_none() {
    let options = |region: &str| ServerOptions {
        region: Some(region.to_owned()),
        ..ServerOptions::default()
    };
    let text = "region = \"eu-west-1\"";
    assert_eq!(
        resolve(options("eu-north-1"), text).unwrap().region,
        "eu-north-1"
    );
    assert_eq!(resolve(options(""), text).unwrap().region, "eu-west-1");
}

#[test]
fn every_key_of_the_file_counts() {
    // Each key with a value that changes the outcome or is refused. A flag that is not here, or
    // that nobody reads, fails.
    let cases = [
        ("data-dir", "/d"),
        ("database-url", "sqlite:/x"),
        ("master-key-file", "/k"),
        ("listen", "1.2.3.4:5"),
        ("public-url", "u"),
        ("region", "r"),
        ("account-id", "a"),
        ("issuer", "i"),
        ("issuer-updated", "i"),
        ("operations-off", "SignUp"),
        ("smtp-url", "s"),
        ("mail-from", "m"),
        ("mail-senders", "example.com"),
        ("sms-url", "s"),
        ("sms-prefixes", "+1"),
        ("lambda-endpoint", "l"),
        ("tls-cert", "c"),
        ("tls-key", "k"),
        ("admin-listen", "none"),
        ("trusted-proxy", "::1"),
        ("max-connections", "7"),
        ("limits-sign-ups-per-address", "7/1m"),
        ("limits-failures-per-address", "7/1m"),
        ("limits-messages-per-address", "none"),
        ("limits-mail-per-pool-and-hour", "7"),
        ("limits-sms-per-pool-and-hour", "none"),
        ("limits-user-pools", "7"),
        ("request-rates", "cognito"),
        ("log", "debug"),
        ("log-format", "json"),
        ("no-demo", "true"),
        ("allow-remote", "true"),
        ("https", "true"),
        ("as-aws", "eu-west-1"),
        ("as-aws-listen", "127.0.0.1:1"),
    ];
    let keys: Vec<_> = known_keys().into_iter().collect();
    let mut tried: Vec<_> = cases.iter().map(|(key, _)| (*key).to_owned()).collect();
    tried.sort();
    assert_eq!(keys, tried);
    let outcome = |text: &str| {
        let file = file(text);
        let mut server =
            ServerConfiguration::resolve(ServerOptions::default(), &file, Kind::Serve, None)
                .map_err(|error| error.to_string())?;
        let dev = DevConfiguration::resolve(DevOptions::default(), &file, &mut server)
            .map_err(|error| error.to_string())?;
        Ok::<_, String>((all_settings(&server), dev))
    };
    for (key, value) in cases {
        assert_ne!(
            outcome(""),
            outcome(&format!("{key} = \"{value}\"")),
            "{key}"
        );
    }
}

/// All that a configuration says, to compare.
fn all_settings(it: &ServerConfiguration) -> String {
    let ServerConfiguration {
        store,
        listen,
        public_url,
        region,
        region_is_given,
        account_id,
        issuer,
        issuer_updated,
        operations_off,
        smtp_url,
        mail_from,
        mail_senders,
        sms_url,
        sms_prefixes,
        tls,
        admin_listen,
        trusted_proxies,
        limits,
        service_limits,
        request_rates,
        logging,
    } = it;
    let key = match &store.master_key {
        MasterKeySource::Environment(key) => key.clone(),
        MasterKeySource::File(path) => path.display().to_string(),
    };
    format!(
        "{:?} {} {key} {listen} {public_url:?} {region} {region_is_given} {account_id} {issuer:?} {issuer_updated:?} {operations_off:?} {smtp_url:?} {mail_from:?} {mail_senders:?} {sms_url:?} {sms_prefixes:?} {tls:?} {admin_listen:?} {trusted_proxies:?} {limits:?} {service_limits:?} {request_rates:?} {logging:?}",
        store.data_dir, store.database_url
    )
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    for (text, words) in [
        ("listen = \"nowhere\"", "listen must be ADDRESS:PORT"),
        (
            "admin-listen = \"9230\"",
            "admin-listen must be ADDRESS:PORT",
        ),
        ("tls-cert = \"c.pem\"", "tls-cert and tls-key go together"),
        (
            "lambda-endpoint = \"http://127.0.0.1:3001\"",
            "triggers are not built yet",
        ),
        (
            "trusted-proxy = \"everyone\"",
            "neither an address nor a network",
        ),
        ("max-connections = 0", "max-connections"),
        (
            "[limits]\nsms-per-pool-and-hour = -1",
            "limits-sms-per-pool-and-hour must be a number or none",
        ),
        (
            "[limits]\nmail-per-pool-and-hour = 9999999999",
            "limits-mail-per-pool-and-hour: «9999999999» is too large",
        ),
        (
            "[limits]\nsign-ups-per-address = 100",
            "limits-sign-ups-per-address: «100» must be NUMBER/TIME",
        ),
        (
            "limits.failures-per-address = \"many\"",
            "limits-failures-per-address: «many» must be NUMBER/TIME",
        ),
        (
            "request-rates = [\"UserRead\"]",
            "request-rates: «UserRead» must be off, cognito",
        ),
        ("log-format = \"xml\"", "log-format"),
        ("log = \"cognate=loud\"", "log"),
    ] {
        assert!(refusal(text).contains(words), "{text}: {}", refusal(text));
    }
    let mut server =
        ServerConfiguration::resolve(ServerOptions::default(), &file(""), Kind::Dev, None).unwrap();
    let text = "no-demo = \"maybe\"";
    let dev = DevConfiguration::resolve(DevOptions::default(), &file(text), &mut server);
    assert!(
        dev.unwrap_err()
            .to_string()
            .contains("no-demo must be true or false")
    );
}

#[test]
fn limits_stand_in_a_table_of_their_own_or_under_the_flags_names() {
    for text in [
        "[limits]\nsign-ups-per-address = \"7/1m\"",
        "limits.sign-ups-per-address = \"7/1m\"",
        "limits-sign-ups-per-address = \"7/1m\"",
    ] {
        let limits = resolve(ServerOptions::default(), text)
            .unwrap()
            .service_limits;
        assert_eq!(
            limits.sign_ups_per_address,
            "7/1m".parse().unwrap(),
            "{text}"
        );
    }
}

#[test]
fn the_master_key_comes_from_one_place() {
    let key = || Some("k".repeat(44));
    let from_environment =
        ServerConfiguration::resolve(ServerOptions::default(), &file(""), Kind::Serve, key())
            .unwrap();
    assert!(matches!(
        from_environment.store.master_key,
        MasterKeySource::Environment(_)
    ));
    let both = ServerConfiguration::resolve(
        ServerOptions::default(),
        &file("master-key-file = \"/k\""),
        Kind::Serve,
        key(),
    );
    assert!(both.err().unwrap().to_string().contains("both given"));
}

#[test]
fn development_has_a_data_folder_of_its_own() {
    let dev =
        StoreConfiguration::resolve(StoreOptions::default(), &file(""), Kind::Dev, None).unwrap();
    assert_eq!(dev.data_dir, Path::new("cognate-dev-data"));
}

#[test]
fn localhost_is_an_address_too() {
    assert_eq!(
        parse_address("localhost:80").unwrap().to_string(),
        "127.0.0.1:80"
    );
    assert_eq!(parse_address("[::1]:80").unwrap().to_string(), "[::1]:80");
    assert!(parse_address("example.com:80").is_none() && parse_address("localhost").is_none());
}
