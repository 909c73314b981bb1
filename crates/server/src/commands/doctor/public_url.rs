//! The public URL: whether it is one for production, reaches a server of this installation, and
//! issues the tokens that these settings say.

use cognate_model::UserPool;
use cognate_outbound::probe::{self, ProbeError, Probed};
use cognate_service::{Entropy, doctor};
use cognate_store::{Db, signing_keys, user_pools};

use super::clock::ahead_of;
use super::finding::Finding;
use super::patient::{Patient, now};
use super::proxy::{self, Seen};
use super::tls;
use crate::node::{host_of, reachable, url_of};

/// So many characters of what a stranger has answered are shown.
const SHOWN: usize = 200;
const PUBLIC_URL: &str = "public url";
const ISSUER: &str = "issuer";

/// Gives also how far the clock at the public URL is ahead of this one, in milliseconds, where its
/// answer tells.
pub(super) async fn check(patient: &Patient) -> (Vec<Finding>, Option<i64>) {
    let mut findings = form(patient);
    let url = patient.config.public_url.as_str();
    let question = patient
        .db
        .as_ref()
        .map(|db| doctor::Question::new(db, &Entropy::System, now()));
    let text = question.as_ref().map_or("", doctor::Question::text);
    let asked_at = now();
    let answer = probe::get(
        &format!("{url}{}", doctor::PATH),
        &[(doctor::HEADER, text)],
        &[doctor::HEADER, "date"],
    )
    .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            findings.push(unreachable(patient, &error).await);
            findings.extend(proxy::unseen(patient));
            return (findings, None);
        }
    };
    let header = |at: usize| answer.headers.get(at).cloned().flatten();
    let ahead = header(1).and_then(|date| ahead_of(&date, asked_at, now()));
    let certificate = answer.certificate.clone();
    // The listener's own is told from its files.
    if patient.configuration.tls.is_none() {
        findings.extend(certificate.and_then(|shown| tls::of_public_url(shown, patient.now)));
    }
    let is_ours = question.is_some_and(|question| {
        question.is_answered_by(&answer.body, &header(0).unwrap_or_default())
    });
    match Seen::parse(&answer.body).filter(|_| is_ours) {
        Some(seen) => {
            findings.push(Finding::ok(
                PUBLIC_URL,
                format!(
                    "{url} leads to a server of this installation, version {}",
                    seen.version
                ),
            ));
            findings.push(proxy::judge(patient, &seen));
        }
        None => {
            findings.push(another(patient, &answer).await);
            findings.extend(proxy::unseen(patient));
        }
    }
    findings.extend(issuer(patient).await);
    (findings, ahead)
}

/// What the URL's text alone says.
fn form(patient: &Patient) -> Vec<Finding> {
    let url = patient.config.public_url.as_str();
    let listener = &patient.configuration;
    let host_is_local = is_this_machine(url);
    let mut findings = Vec::new();
    if host_is_local && !listener.listen.ip().is_loopback() {
        findings.push(Finding::error(
            PUBLIC_URL,
            format!("the server listens on {} for others, and tokens and mailed links name {url}, which is this machine for everybody", listener.listen),
            "set --public-url to the address that clients use",
        ));
    }
    if url.starts_with("http://") && listener.tls.is_some() {
        findings.push(Finding::error(
            PUBLIC_URL,
            format!("the listener speaks HTTPS, and the public URL is {url}"),
            "let --public-url begin with https://",
        ));
    } else if url.starts_with("http://") && !host_is_local {
        findings.push(Finding::error(
            PUBLIC_URL,
            format!("{url} is not HTTPS: passwords and tokens cross the network in the clear"),
            "give the listener a certificate (--tls-cert, --tls-key) or put a proxy that speaks HTTPS before it, and let --public-url begin with https://",
        ));
    }
    findings
}

/// Whether a URL's host means whoever asks.
pub(super) fn is_this_machine(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let bare = authority
        .rsplit_once('@')
        .map_or(authority, |(_, bare)| bare);
    let bare = format!("{scheme}://{bare}");
    let host = host_of(&bare).unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

/// Nobody answers at the public URL. That is no wonder while no server runs.
async fn unreachable(patient: &Patient, error: &ProbeError) -> Finding {
    let url = &patient.config.public_url;
    if let ProbeError::Untrusted(_) = error {
        return Finding::error(
            PUBLIC_URL,
            format!("{url} cannot be asked: {error}"),
            "whoever speaks HTTPS there needs a certificate for that host, with its chain; one of an authority of your own must be known to this machine, too (update-ca-certificates)",
        );
    }
    let listen = patient.configuration.listen;
    let local = url_of(reachable(listen), patient.configuration.tls.is_some());
    let local = probe::get(&format!("{local}/healthz"), &[], &[]).await;
    match local {
        Ok(_) | Err(ProbeError::Untrusted(_)) => Finding::error(
            PUBLIC_URL,
            format!("a server runs here, and {url} does not reach it from this machine: {error}"),
            format!(
                "see the name's address, the firewall, and whether the proxy leads to {listen}"
            ),
        ),
        Err(_) => Finding::warning(
            PUBLIC_URL,
            format!("nobody answers at {url} ({error}), and no server runs on {listen}"),
            "start the server and ask again: much can be seen only while it runs",
        ),
    }
}

/// Somebody answers, and cannot prove that it is a server of this installation.
async fn another(patient: &Patient, answer: &Probed) -> Finding {
    let (url, listen) = (&patient.config.public_url, patient.configuration.listen);
    let status = answer.status;
    if let (300..=399, Some(location)) = (status, &answer.location) {
        return Finding::error(
            PUBLIC_URL,
            format!(
                "{url} leads elsewhere ({status} to {})",
                location
                    .chars()
                    .take(SHOWN)
                    .collect::<String>()
                    .escape_debug()
            ),
            "set --public-url to where clients end, and let the proxy pass requests on instead of redirecting them",
        );
    }
    if matches!(status, 502..=504) {
        return Finding::error(
            PUBLIC_URL,
            format!("the proxy at {url} answers {status}: it does not reach the server"),
            format!("start the server, and lead the proxy to {listen}"),
        );
    }
    if publishes_our_keys(patient).await == Some(true) {
        return Finding::warning(
            PUBLIC_URL,
            format!(
                "{url} leads to this installation's pools, served by a version that does not answer doctor ({status})"
            ),
            "bring all servers to one version; or let the proxy pass on everything below the public URL, with the header x-cognate-doctor",
        );
    }
    Finding::error(
        PUBLIC_URL,
        format!("what answers at {url} is no server of this installation (status {status})"),
        format!(
            "lead the proxy to {listen}, with all paths below the public URL; where it does, the server there has another database, another master key, or a clock that is wrong by minutes"
        ),
    )
}

/// Whether the key set at the public URL is that of a pool in the database. None where there is no
/// pool to ask for.
async fn publishes_our_keys(patient: &Patient) -> Option<bool> {
    let db = patient.db.as_ref()?;
    let pool = first_pool(db).await?;
    let url = format!(
        "{}/{}/.well-known/jwks.json",
        patient.config.public_url, pool.id
    );
    let answer = probe::get(&url, &[], &[]).await.ok()?;
    let mut reader = db.read().await.ok()?;
    let keys = signing_keys::all(&mut reader, &pool.id).await.ok()?;
    Some(keys.iter().any(|key| answer.body.contains(&key.kid)))
}

/// A pool of the database, whichever.
async fn first_pool(db: &Db) -> Option<UserPool> {
    let mut reader = db.read().await.ok()?;
    let pools = user_pools::page(&mut reader, None, 1).await.ok()?;
    pools.into_iter().next()
}

/// Whether verifiers that look for keys where a token's issuer says find them.
async fn issuer(patient: &Patient) -> Option<Finding> {
    let pool = first_pool(patient.db.as_ref()?).await?;
    let issuer = patient.config.issuer_of(&pool);
    let document = format!("{issuer}/.well-known/openid-configuration");
    let mend = match patient.configuration.issuer {
        Some(_) => {
            "verifiers must then be given the key set by hand ({public-url}/POOL/.well-known/jwks.json); else leave --issuer out, or lead that name here"
        }
        None => "start the server with these settings, or give doctor those of the server",
    };
    let told = match probe::get(&document, &[], &[]).await {
        Err(error) => format!("nobody answers at {document}: {error}"),
        Ok(answer) => {
            let found: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
            match found.get("issuer").and_then(serde_json::Value::as_str) {
                Some(found) if found == issuer => {
                    return Some(Finding::ok(
                        ISSUER,
                        format!("tokens are issued by {issuer}, and it answers"),
                    ));
                }
                Some(found) => format!(
                    "these settings issue tokens by {issuer}, and what answers there calls itself {}",
                    found.escape_debug()
                ),
                None => format!(
                    "there is no OpenID configuration at {document} (status {})",
                    answer.status
                ),
            }
        }
    };
    Some(Finding::warning(ISSUER, told, mend))
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn a_url_that_means_whoever_asks_is_known() {
        for url in [
            "http://localhost:9229",
            "http://127.0.0.1/x",
            "https://[::1]:80",
            "http://LocalHost",
            "smtp://u:p@127.0.0.1:25",
        ] {
            assert!(is_this_machine(url), "{url}");
        }
        for url in [
            "https://id.example.com",
            "http://10.0.0.1",
            "https://localhost.example.com",
        ] {
            assert!(!is_this_machine(url), "{url}");
        }
    }
}
