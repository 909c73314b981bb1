//! Who is let in: access keys, the operator's listener, and what belongs to development.

use std::net::IpAddr;

use cognate_service::access_keys;
use cognate_store::installation;

use super::finding::Finding;
use super::patient::Patient;
use crate::configuration::Kind;

const ACCESS: &str = "access";

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(keys(patient).await);
    findings.extend(kind(patient).await);
    findings.extend(admin_listener(patient));
    findings.extend(development_settings(patient));
    findings
}

async fn keys(patient: &Patient) -> Option<Finding> {
    let db = patient.db.as_ref()?;
    if patient.kind == Kind::Dev {
        return None;
    }
    Some(match access_keys::list(db).await {
        Ok(keys) if keys.is_empty() => Finding::warning(
            ACCESS,
            "there is no access key: nobody can administer this server",
            format!("{} (it may run)", how_to_make_a_key(patient)),
        ),
        Ok(keys) => Finding::ok(ACCESS, format!("access keys: {}", keys.len())),
        Err(error) => Finding::error(
            ACCESS,
            format!("the access keys cannot be read: {error}"),
            "see what is said of the database",
        ),
    })
}

fn how_to_make_a_key(patient: &Patient) -> String {
    let folder = patient.configuration.store.data_dir.display();
    format!("cognate access-key create --name admin --data-dir {folder}")
}

/// A database of `cognate dev` is no secret to anybody.
async fn kind(patient: &Patient) -> Option<Finding> {
    let mut reader = patient.db.as_ref()?.read().await.ok()?;
    let kind = installation::find(&mut reader).await.ok()??;
    if patient.kind == Kind::Dev && kind == Kind::Dev.word() {
        return Some(Finding::ok(
            ACCESS,
            "this is the database of cognate dev, where anybody is an administrator; serve begins another one",
        ));
    }
    (kind != Kind::Serve.word()).then(|| {
        Finding::error(
            ACCESS,
            format!("the database was made by cognate {kind}, where anybody is an administrator: serve refuses it"),
            "begin another one for serve; users cannot be trusted to be who they say in this one",
        )
    })
}

fn admin_listener(patient: &Patient) -> Option<Finding> {
    let address = patient.configuration.admin_listen?;
    let is_private = match address.ip().to_canonical() {
        ip if ip.is_loopback() => return None,
        ip if ip.is_unspecified() => false,
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    let mend =
        "--admin-listen 127.0.0.1:9230, or a firewall that lets only the collector of metrics in";
    Some(match is_private {
        true => Finding::warning(
            ACCESS,
            format!(
                "the operator's listener on {address} asks nobody who they are: the network there can read /metrics"
            ),
            mend,
        ),
        false => Finding::error(
            ACCESS,
            format!(
                "the operator's listener on {address} asks nobody who they are and is open to the world"
            ),
            mend,
        ),
    })
}

/// What only `cognate dev` reads.
const DEVELOPMENT: [&str; 5] = [
    "allow-remote",
    "no-demo",
    "https",
    "as-aws",
    "as-aws-listen",
];

fn development_settings(patient: &Patient) -> Option<Finding> {
    let text = |key: &&str| patient.file.text(key).ok().flatten();
    let found: Vec<_> = DEVELOPMENT
        .into_iter()
        .filter(|key| text(key).is_some_and(|value| !matches!(value.as_str(), "" | "false")))
        .collect();
    (!found.is_empty()).then(|| {
        Finding::warning(
            ACCESS,
            format!(
                "the settings file has what only cognate dev reads: {}",
                found.join(", ")
            ),
            "take it out, and do not run cognate dev where others reach it",
        )
    })
}
