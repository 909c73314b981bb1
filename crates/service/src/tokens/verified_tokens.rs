//! Access tokens whose signature this node has checked.

use std::sync::Arc;

use cognate_model::UserPoolId;
use cognate_model::claims::AccessClaims;
use quick_cache::sync::Cache;

/// Tokens whose signature was checked on this node, so that the next request with one need not pay
/// for it again: an RSA verification is more than half of what GetUser costs. Kept is what the
/// signature says, under the SHA-256 of the whole token, and nothing that can change: that the key
/// still serves, the time, the session and the user are looked at each time. Only a token that
/// verified is kept, so nobody fills this without the means to sign in.
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Arc<Verified>>);

/// What a checked signature vouches for.
pub(super) struct Verified {
    pub(super) pool: UserPoolId,
    pub(super) kid: String,
    pub(super) claims: AccessClaims,
}

/// How many tokens are kept: some 10 MB at most.
const CAPACITY: usize = 8192;

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// What the signature of a token vouches for, if it was checked before.
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<Arc<Verified>> {
        self.0.get(hash)
    }

    /// Keeps what a signature that was found right vouches for.
    pub(super) fn keep(&self, hash: [u8; 32], verified: &Arc<Verified>) {
        self.0.insert(hash, Arc::clone(verified));
    }
}
