//! Paging tokens: where the next page of a list begins, sealed and bound to the list that it
//! belongs to.
//!
//! A token of another pool, another operation or another filter does not open, nor does one that
//! somebody made up: what a caller may list was decided by the pool id of the request, and a token
//! must not lead past that (threats.md, "confused listing").

use cognate_crypto::digest::{base64url_decode, base64url_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::{Error, Result};

/// The place that tokens are sealed for, beside their query.
const PLACE: &[u8] = b"page_token";

/// Longer tokens are refused unread: the longest key of a list (a user name) stays far below.
const MAX_LENGTH: usize = 16 * 1024;

/// Seals the key of the last row of a page into a token for `query`: operation, pool and filter, in
/// one text.
///
/// # Errors
/// When the key can't be written or sealed.
pub(crate) fn seal(app: &App, query: &str, key: &impl Serialize) -> Result<String> {
    let plain = serde_json::to_vec(key)?;
    let sealed = app.db.seal(&[PLACE, query.as_bytes()], &plain)?;
    Ok(base64url_encode(&sealed))
}

/// Opens a token that [`seal`] gave for the same query.
///
/// # Errors
/// `InvalidParameterException` when it is anything else.
pub(crate) fn open<T: DeserializeOwned>(app: &App, query: &str, token: &str) -> Result<T> {
    if token.len() > MAX_LENGTH {
        return Err(Error::invalid_pagination_token());
    }
    let sealed = base64url_decode(token).map_err(|_| Error::invalid_pagination_token())?;
    let plain = app
        .db
        .open_sealed(&[PLACE, query.as_bytes()], &sealed)
        .map_err(|source| Error::invalid_pagination_token().with_source(source))?;
    // It was sealed here; a key of another form was sealed by another version.
    serde_json::from_slice(plain.expose()).map_err(|_| Error::invalid_pagination_token())
}

/// Cuts a page that was read with one row more than its limit, and gives the token of the next page
/// where there is one.
///
/// # Errors
/// As [`seal`].
pub(crate) fn cut<T, K: Serialize>(
    app: &App,
    query: &str,
    page: &mut Vec<T>,
    limit: usize,
    key: impl FnOnce(&T) -> K,
) -> Result<Option<String>> {
    if page.len() <= limit {
        return Ok(None);
    }
    page.truncate(limit);
    page.last()
        .map(|last| seal(app, query, &key(last)))
        .transpose()
}
