//! Users whose password is known by a hash only, as an import leaves them.

use cognate_crypto::digest::{base64_encode, hmac_sha256};
use cognate_crypto::random::Random;
use cognate_model::imported_hash::ImportedHash;
use cognate_model::password::Credentials;
use cognate_model::{NormalName, UserPoolId};
use cognate_service::Error;
use cognate_store::{Tx, user_pools, users};

use crate::user::TestUser;

/// The hash of a password as another system stores it: PBKDF2 of one round, which is one HMAC.
#[must_use]
pub fn hash_of(password: &str) -> String {
    let salt = b"sixteen bytes ok";
    let hash = hmac_sha256(password.as_bytes(), &[salt, &[0, 0, 0, 1]]);
    let base64 = |bytes: &[u8]| base64_encode(bytes).trim_end_matches('=').to_owned();
    format!("$pbkdf2-sha256$i=1,l=32${}${}", base64(salt), base64(&hash))
}

impl TestUser {
    /// The same user, of whose password only this hash is known from now on.
    pub async fn known_by(&self, hash: &str) {
        let server = &self.client.pool.server;
        let pool = UserPoolId::parse(&self.client.pool.id).expect("the id of a pool");
        let (_, hash) = ImportedHash::parse(hash).expect("a hash");
        let (name, seed) = (self.name.clone(), server.random().bytes::<32>());
        let import = async move |tx: &mut Tx| -> Result<bool, Error> {
            let pool = user_pools::find(tx, &pool).await?.expect("the pool");
            let name = NormalName::new(&pool, &name);
            let user = users::find_by_name(tx, &pool.id, &name).await?;
            let user = user.expect("the user");
            let name = NormalName::new(&pool, &user.username);
            let mut random = Random::from_seed(seed);
            let credentials = Credentials::of_hash(&name, hash, &mut random);
            Ok(users::set_credentials(tx, &pool.id, &user.sub, Some(&credentials)).await?)
        };
        let is_there = server.app().db.write("import_hash", import).await;
        assert!(is_there.expect("the database works"));
    }
}
