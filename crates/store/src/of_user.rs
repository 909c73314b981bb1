//! What the tables share that have one sealed row a user.

use cognate_model::{Sub, UserPoolId};

use crate::Param;

/// The primary key `pool`, `sub`.
pub(crate) fn key<'a>(pool: &'a UserPoolId, sub: &'a Sub) -> [Param<'a>; 2] {
    [pool.as_str().into(), sub.as_str().into()]
}

/// What such a row is sealed for.
pub(crate) fn context<'a>(
    table: &'static str,
    pool: &'a UserPoolId,
    sub: &'a Sub,
) -> [&'a [u8]; 3] {
    [
        table.as_bytes(),
        pool.as_str().as_bytes(),
        sub.as_str().as_bytes(),
    ]
}
