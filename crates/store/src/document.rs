//! Model types as JSON: what stands in a `doc` column, and what is sealed.
//!
//! Nodes of two versions write the same rows while one takes the other's place, and a database may
//! go back to the version before. So a document is read whatever members it has or lacks, and what
//! this version does not know of it stays in it when it is written again ([`rewrite`]). Where that
//! would do harm, because a member means something else now, the newer version raises the format: a
//! document of a newer format is read as far as it can be, and not written.

use cognate_crypto::secret::SecretBytes;
use cognate_model::{
    AppClient, Device, Group, Passkey, TokenSession, User, UserPool, WayBack,
    access_key::AccessKey,
    code::PendingCode,
    device::DeviceSecret,
    password::{Credentials, PasswordHistory},
    pool_change::PoolChange,
    recovery_code::RecoveryCodes,
    resource_server::ResourceServer,
    server_settings::{ClientServerSettings, PoolServerSettings},
    software_token::SoftwareToken,
    user_import::ImportJob,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Error, Tx};

/// The newest format that this version knows. A document says its format from the second on.
const FORMAT: u64 = 1;
const FORMAT_MEMBER: &str = "format";

/// A type that is stored as a document.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// What it is called in errors, and its golden documents are named after.
    const NAME: &'static str;
}

/// Names the stored types, each of which has golden documents in `tests/golden`.
macro_rules! documents {
    ($($name:literal => $type:ty),* $(,)?) => {
        $(impl Document for $type {
            const NAME: &'static str = $name;
        })*

        /// The stored types by their names, each with the function that reads a document and writes
        /// it again. For tests.
        #[doc(hidden)]
        pub const DOCUMENTS: &[(&str, fn(&str) -> Result<String, Error>)] =
            &[$(($name, read_and_rewrite::<$type>)),*];
    };
}

documents! {
    "access_key" => AccessKey,
    "app_client" => AppClient,
    "client_server_settings" => ClientServerSettings,
    "code" => PendingCode,
    "credentials" => Credentials,
    "device" => Device,
    "device_secret" => DeviceSecret,
    "group" => Group,
    "import_job" => ImportJob,
    "passkey" => Passkey,
    "password_history" => PasswordHistory,
    "pool_change" => PoolChange,
    "pool_server_settings" => PoolServerSettings,
    "recovery_codes" => RecoveryCodes,
    "resource_server" => ResourceServer,
    "session" => TokenSession,
    "software_token" => SoftwareToken,
    "user" => User,
    "user_pool" => UserPool,
    "way_back" => WayBack,
}

/// The JSON of a new document.
pub(crate) fn write<T: Document>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unreadable(error.to_string()))
}

/// A model type from its JSON.
pub(crate) fn read<T: Document>(text: &str) -> Result<T, Error> {
    // Only the place of the error is told: serde's message may repeat a value.
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let newer = serde_json::from_str::<Map<String, Value>>(text)
            .ok()
            .and_then(|document| check_format::<T>(&document).err());
        newer.unwrap_or_else(|| Error::Unreadable(format!("{} at {line}:{column}", T::NAME)))
    })
}

/// The JSON of a document that takes the place of the stored one: with all that the stored one has
/// and this version does not know.
pub(crate) fn rewrite<T: Document>(stored: &str, value: &T) -> Result<String, Error> {
    let unreadable = |_| Error::Unreadable(T::NAME.to_owned());
    let old: Map<String, Value> = serde_json::from_str(stored).map_err(unreadable)?;
    check_format::<T>(&old)?;
    let object = |value: &T| match serde_json::to_value(value) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Error::Unreadable(T::NAME.to_owned())),
    };
    let known = object(&read::<T>(stored)?)?;
    let mut new = object(value)?;
    keep_unknown(&old, &known, &mut new);
    serde_json::to_string(&new).map_err(unreadable)
}

fn read_and_rewrite<T: Document>(text: &str) -> Result<String, Error> {
    rewrite(text, &read::<T>(text)?)
}

fn check_format<T: Document>(document: &Map<String, Value>) -> Result<(), Error> {
    let format = document.get(FORMAT_MEMBER).and_then(Value::as_u64);
    match format {
        Some(found) if found > FORMAT => Err(Error::NewerDocument {
            what: T::NAME,
            found,
            known: FORMAT,
        }),
        _ => Ok(()),
    }
}

/// Puts into `new` the members of `old` that are not in `known`, which is `old` as this version
/// reads and writes it. What is in both was understood: where `new` lacks it, it was taken away.
fn keep_unknown(
    old: &Map<String, Value>,
    known: &Map<String, Value>,
    new: &mut Map<String, Value>,
) {
    for (name, value) in old {
        match (known.get(name), new.get_mut(name)) {
            (None, None) => {
                new.insert(name.clone(), value.clone());
            }
            (Some(known), Some(new)) => keep_unknown_within(value, known, new),
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
}

fn keep_unknown_within(old: &Value, known: &Value, new: &mut Value) {
    match (old, known, new) {
        (Value::Object(old), Value::Object(known), Value::Object(new)) => {
            keep_unknown(old, known, new);
        }
        // Of lists only those whose elements have names, as the attributes of a schema: places
        // change.
        (Value::Array(old), Value::Array(known), Value::Array(new)) if old.len() == known.len() => {
            for (old, known) in old.iter().zip(known) {
                let name = known.get("name").filter(|name| name.is_string());
                let Some(name) = name else { continue };
                if let Some(new) = new.iter_mut().find(|new| new.get("name") == Some(name)) {
                    keep_unknown_within(old, known, new);
                }
            }
        }
        _ => {}
    }
}

/// The sealed JSON of a model type that holds secrets. It is never changed, only replaced as a
/// whole.
pub(crate) fn seal<T: Document>(tx: &Tx, context: &[&[u8]], value: &T) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(value).map_err(|error| Error::Unreadable(error.to_string()))?;
    // Wiped when dropped.
    let plain = SecretBytes::new(plain);
    tx.seal(context, plain.expose())
}

/// Opens what [`seal`] made.
pub(crate) fn open<T: Document>(tx: &Tx, context: &[&[u8]], sealed: &[u8]) -> Result<T, Error> {
    let plain = tx.open_sealed(context, sealed)?;
    serde_json::from_slice(plain.expose())
        .map_err(|_| Error::Unreadable(format!("a sealed {}", T::NAME)))
}
