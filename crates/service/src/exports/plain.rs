//! The users of a pool without their secrets: as the CSV that an import of users takes, or as a
//! line of JSON for each.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cognate_model::attribute::Contact;
use cognate_model::second_factor::{MfaConfiguration, SecondFactor};
use cognate_model::user_import::header;
use cognate_model::{Groups, User, UserPool, UserPoolId};
use cognate_store::{Db, group_members, user_pools, users};
use serde::Serialize;

use super::csv;

/// How many users are read at once.
const PAGE: i64 = 500;

/// How users are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the columns of GetCSVHeader.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Why users were not written.
#[derive(Debug, thiserror::Error)]
pub enum PlainError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the users of a pool as they are now, in the order of their subs; gives their number.
///
/// # Errors
/// [`PlainError`].
pub async fn write(
    db: &Db,
    pool: &str,
    format: Format,
    out: &mut impl Write,
) -> Result<u64, PlainError> {
    let no_such_pool = || PlainError::NoSuchPool(pool.to_owned());
    let id = UserPoolId::parse(pool).map_err(|_| no_such_pool())?;
    let mut snapshot = db.snapshot().await?;
    let found = user_pools::find(&mut snapshot, &id).await?;
    let pool = found.ok_or_else(no_such_pool)?;
    let columns = header(&pool.schema);
    let mut bytes = Vec::new();
    if format == Format::Csv {
        csv::record(columns.iter().map(String::as_str), &mut bytes);
    }
    let (mut number, mut after) = (0, None);
    loop {
        let after_sub = after.as_deref();
        let page = users::page(&mut snapshot, &id, after_sub, PAGE).await?;
        for user in &page {
            match format {
                Format::Csv => csv_line(&pool, user, &columns, &mut bytes),
                Format::Jsonl => {
                    let groups = group_members::of_user(&mut snapshot, &id, &user.sub).await?;
                    json_line(user, &groups, &mut bytes)?;
                }
            }
            number += 1;
        }
        out.write_all(&bytes)?;
        bytes.clear();
        let Some(last) = page.last() else {
            return Ok(number);
        };
        after = Some(last.sub.to_string());
    }
}

fn csv_line(pool: &UserPool, user: &User, columns: &[String], out: &mut Vec<u8>) {
    let is_asked = match pool.settings.mfa.configuration {
        MfaConfiguration::Off => false,
        MfaConfiguration::On => true,
        MfaConfiguration::Optional => !user.mfa.enabled.is_empty(),
    };
    let value = |column: &'_ String| match column.as_str() {
        "cognito:username" => name(pool, user),
        "cognito:mfa_enabled" => is_asked.to_string(),
        // Only a sealed export has what is kept of passwords.
        "password_hash" => String::new(),
        name => user.attribute(name).unwrap_or_default().to_owned(),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    csv::record(values.iter().map(String::as_str), out);
}

/// The user name as an import takes it: where names are addresses, an address.
fn name(pool: &UserPool, user: &User) -> String {
    if !pool.names_are_attributes() {
        return user.username.clone();
    }
    let address = |contact: Contact| {
        let value = user.attribute(contact.attribute())?;
        let is_name = pool.contact_of_name(value) == Some(contact);
        is_name.then(|| value.to_owned())
    };
    let mut addresses = Contact::ALL.into_iter().filter_map(address);
    addresses.next().unwrap_or_else(|| user.username.clone())
}

/// A user as a line of JSON has them.
#[derive(Serialize)]
struct Line<'a> {
    username: &'a str,
    sub: &'a str,
    status: &'a str,
    enabled: bool,
    created_at_ms: i64,
    modified_at_ms: i64,
    groups: Vec<&'a str>,
    mfa: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_mfa: Option<&'a str>,
    attributes: BTreeMap<&'a str, &'a str>,
}

fn json_line(user: &User, groups: &Groups, out: &mut Vec<u8>) -> io::Result<()> {
    let attributes = user.attributes.iter();
    let line = Line {
        username: &user.username,
        sub: user.sub.as_str(),
        status: user.status.as_str(),
        enabled: user.enabled,
        created_at_ms: user.created_at.0,
        modified_at_ms: user.modified_at.0,
        groups: groups.names(),
        mfa: user
            .mfa
            .enabled
            .iter()
            .map(|factor| factor.as_str())
            .collect(),
        preferred_mfa: user.mfa.preferred.map(SecondFactor::as_str),
        attributes: attributes
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.push(b'\n');
    Ok(())
}
