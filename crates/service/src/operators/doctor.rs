//! What `cognate doctor` asks a running server through its public URL: as whom the server sees who
//! asks. Only who has the database and its master key can ask, and only a server that has them too
//! can answer; so an answer also proves that the public URL leads to a server of this installation.

use cognate_crypto::digest::{ct_eq, hex_encode, hmac_sha256};
use cognate_crypto::random::Alphabet;
use cognate_model::Timestamp;
use cognate_store::Db;

use crate::Entropy;

/// The path of the question, below the public URL.
pub const PATH: &str = "/doctor/seen";
/// The header that holds the question, and in the answer its proof.
pub const HEADER: &str = "x-cognate-doctor";

/// So long a question is answered, and so far the clocks may differ.
const QUESTION_MS: i64 = 5 * 60 * 1000;

/// A question, and what its answer will be checked with.
pub struct Question {
    secret: [u8; 32],
    text: String,
}

impl Question {
    /// A new question.
    #[must_use]
    pub fn new(db: &Db, entropy: &Entropy, now: Timestamp) -> Self {
        let secret = secret(db);
        let nonce = entropy.generator().from_alphabet(20, Alphabet::LOWERCASE);
        let asked = format!("{}.{nonce}", now.0);
        let proof = proof(&secret, "question", &asked, "");
        Self {
            secret,
            text: format!("{asked}.{proof}"),
        }
    }

    /// As the header holds it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an answer is from a server of this installation, and to this question.
    #[must_use]
    pub fn is_answered_by(&self, body: &str, given: &str) -> bool {
        let right = proof(&self.secret, "answer", &self.text, body);
        ct_eq(right.as_bytes(), given.as_bytes())
    }
}

/// A question that was asked by one who may, and just now.
pub struct Asked<'a> {
    secret: [u8; 32],
    question: &'a str,
}

impl Asked<'_> {
    /// The proof of an answer to it.
    #[must_use]
    pub fn prove_answer(&self, body: &str) -> String {
        proof(&self.secret, "answer", self.question, body)
    }
}

/// Reads a question; None where it was not asked by one who may, or not just now.
#[must_use]
pub fn read<'a>(db: &Db, now: Timestamp, question: &'a str) -> Option<Asked<'a>> {
    let (asked, given) = question.rsplit_once('.')?;
    let (at, _) = asked.split_once('.')?;
    let age = now.0.saturating_sub(at.parse().ok()?);
    if age.unsigned_abs() > QUESTION_MS.unsigned_abs() {
        return None;
    }
    let secret = secret(db);
    let right = proof(&secret, "question", asked, "");
    ct_eq(right.as_bytes(), given.as_bytes()).then_some(Asked { secret, question })
}

fn secret(db: &Db) -> [u8; 32] {
    db.server_secret("doctor")
}

fn proof(secret: &[u8; 32], what: &str, question: &str, body: &str) -> String {
    let parts = [what, "\n", question, "\n", body].map(str::as_bytes);
    hex_encode(&hmac_sha256(secret, &parts))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use cognate_crypto::random::Random;
    use cognate_crypto::seal::MasterKey;
    use cognate_store::DbOptions;

    use super::*;

    const NOW: Timestamp = Timestamp(1_782_907_200_000);

    async fn installation(seed: u8) -> Db {
        let key = MasterKey::from_bytes(std::array::from_fn(|at| at as u8 + seed));
        let options = DbOptions::new("sqlite::memory:", key, Random::from_seed([seed; 32]));
        Db::open(options).await.unwrap()
    }

    fn later(ms: i64) -> Timestamp {
        Timestamp(NOW.0 + ms)
    }

    #[tokio::test]
    async fn only_who_has_the_database_asks_only_for_a_while_and_only_its_servers_answer() {
        let (db, other) = (installation(1).await, installation(2).await);
        let question = Question::new(&db, &Entropy::seeded([3; 32]), NOW);
        let prove = |db, now, question| read(db, now, question).map(|it| it.prove_answer("seen"));
        let answer = |db, now| prove(db, now, question.text());
        let proof = answer(&db, NOW).unwrap();
        assert!(question.is_answered_by("seen", &proof));
        assert!(!question.is_answered_by("seen otherwise", &proof));
        assert_eq!(answer(&other, NOW), None);
        for ms in [QUESTION_MS, -QUESTION_MS] {
            assert!(answer(&db, later(ms)).is_some());
            assert_eq!(answer(&db, later(ms + ms.signum())), None);
        }
        let moved = question
            .text()
            .replacen(&NOW.0.to_string(), &later(1).0.to_string(), 1);
        assert_eq!(prove(&db, NOW, &moved), None);
        for nonsense in ["", ".", "..", "1.x.00"] {
            assert_eq!(prove(&db, NOW, nonsense), None);
        }
        let again = Question::new(&db, &Entropy::seeded([4; 32]), NOW);
        assert!(!again.is_answered_by("seen", &proof));
    }
}
