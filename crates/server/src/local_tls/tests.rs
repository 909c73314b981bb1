#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::config_file::ConfigFile;
use crate::configuration::{DevConfiguration, Kind, ServerConfiguration};
use crate::options::{DevOptions, ServerOptions};

fn resolve(dev: DevOptions, settings: &str) -> Result<(DevConfiguration, ServerConfiguration)> {
    let file = ConfigFile::parse("cognate.toml".into(), settings)?;
    let mut server =
        ServerConfiguration::resolve(ServerOptions::default(), &file, Kind::Dev, None)?;
    let dev = DevConfiguration::resolve(dev, &file, &mut server)?;
    Ok((dev, server))
}

fn as_aws(region: &str) -> DevOptions {
    DevOptions {
        as_aws: Some(region.to_owned()),
        ..DevOptions::default()
    }
}

#[test]
fn standing_in_for_aws_takes_its_region_issuer_name_and_port() {
    let (dev, server) = resolve(as_aws("eu-central-1"), "").unwrap();
    let aws = dev.local_tls.aws.unwrap();
    assert_eq!(aws.host(), "cognito-idp.eu-central-1.amazonaws.com");
    assert_eq!(aws.listen.to_string(), "127.0.0.1:443");
    assert_eq!(server.region, "eu-central-1");
    assert_eq!(server.issuer.as_deref(), Some(AWS_ISSUER));
}

#[test]
fn the_same_region_said_twice_is_one_region() {
    assert!(resolve(as_aws("eu-west-1"), "region = \"eu-west-1\"").is_ok());
    assert!(resolve(as_aws("us-east-1"), "region = \"us-east-1\"").is_ok());
}

#[test]
fn what_does_not_go_together_is_refused_in_words() {
    for (settings, words) in [
        (
            "as-aws = \"us-east-1\"\nregion = \"eu-west-1\"",
            "give one of them",
        ),
        (
            "as-aws = \"us-east-1\"\nissuer = \"https://x/{pool}\"",
            "give one of them",
        ),
        ("as-aws = \"true\"", "must be a region"),
        ("as-aws = \"*.evil.example/\"", "must be a region"),
        ("as-aws-listen = \"127.0.0.1:4433\"", "which is not given"),
        (
            "https = true\ntls-cert = \"c\"\ntls-key = \"k\"",
            "give one of them",
        ),
    ] {
        let Err(error) = resolve(DevOptions::default(), settings) else {
            panic!("{settings} is taken");
        };
        assert!(error.to_string().contains(words), "{settings}: {error}");
    }
}

#[test]
fn a_newcomer_is_told_the_hosts_line_and_the_four_variables() {
    let folder = tempfile::tempdir().unwrap();
    let (dev, _) = resolve(as_aws("us-east-1"), "").unwrap();
    let words = dev
        .local_tls
        .certificates(folder.path(), Timestamp(1_790_000_000_000))
        .unwrap()
        .words;
    for expected in [
        "127.0.0.1 cognito-idp.us-east-1.amazonaws.com",
        "NODE_EXTRA_CA_CERTS='",
        "REQUESTS_CA_BUNDLE='",
        "AWS_CA_BUNDLE='",
        "SSL_CERT_FILE='",
    ] {
        assert!(words.contains(expected), "{expected} in {words}");
    }
    assert!(!words.contains(".key"));
}
