//! An operator's access key, which signs the calls that are not public.

use cognate_crypto::random::{Alphabet, Random};
use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::time::Timestamp;

/// An access key without its secret, which the store keeps sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// The id, which requests carry in the clear: `AKIA` and sixteen letters or digits.
    pub id: String,
    /// The operator's name for it, unique.
    pub name: String,
    /// What it may do.
    pub policy: Policy,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A new key's id, in AWS's form (docs/protocol.md §2.3).
#[must_use]
pub fn random_id(random: &mut Random) -> String {
    const BASE32: Alphabet = Alphabet::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    format!("AKIA{}", random.from_alphabet(16, BASE32))
}

/// A new key's secret: forty characters, 238 bits.
#[must_use]
pub fn random_secret(random: &mut Random) -> String {
    random.from_alphabet(40, Alphabet::ALPHANUMERIC)
}
