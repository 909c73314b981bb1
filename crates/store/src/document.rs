//! Model types as JSON: what stands in a `doc` column, and what is sealed.

use cognate_crypto::secret::SecretBytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Tx};

/// The JSON of a model type.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unreadable(error.to_string()))
}

/// A model type from its JSON.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    // Only the place of the error is told: serde's message may repeat a value.
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::Unreadable(format!("{} at {line}:{column}", std::any::type_name::<T>()))
    })
}

/// The sealed JSON of a model type that holds secrets.
pub(crate) fn seal<T: Serialize>(tx: &Tx, context: &[&[u8]], value: &T) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(value).map_err(|error| Error::Unreadable(error.to_string()))?;
    // Wiped when dropped.
    let plain = SecretBytes::new(plain);
    tx.seal(context, plain.expose())
}

/// Opens what [`seal`] made.
pub(crate) fn open<T: DeserializeOwned>(
    tx: &Tx,
    context: &[&[u8]],
    sealed: &[u8],
) -> Result<T, Error> {
    let plain = tx.open_sealed(context, sealed)?;
    serde_json::from_slice(plain.expose())
        .map_err(|_| Error::Unreadable(format!("a sealed {}", std::any::type_name::<T>())))
}
