//! The secrets of an app client: none at a public client, else one, or two while a new one takes
//! the place of the old (docs/protocol.md §4.5).

use std::time::Duration;

use cognate_crypto::secret::SecretString;

use crate::{AppClient, ClientId, Timestamp};

/// How many secrets of a client may be active at once.
pub const MOST_SECRETS: usize = 2;

/// A secret that is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// What the application knows.
    pub value: SecretString,
    /// When it was made; no two secrets of a client have the same time.
    pub created_at: Timestamp,
}

impl ClientSecret {
    /// The id that names it, as Cognito forms it: the client's id and the time of creation.
    #[must_use]
    pub fn id(&self, client: &ClientId) -> String {
        format!("{client}--{}", self.created_at.0)
    }
}

/// The active secrets of a client, the older before the newer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSecrets(Vec<ClientSecret>);

/// Why no secret is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdded {
    /// The client is public: an application that keeps no secret would be locked out at once.
    PublicClient,
    /// As many are active as may be.
    Full,
    /// The secret that is active already has this value, so that nothing would be replaced.
    SameValue,
}

/// Why a secret is not taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRemoved {
    /// The client has no secret of this id.
    Unknown,
    /// It is the only one, and a client never becomes public.
    Last,
}

impl ClientSecrets {
    /// The secrets as they are stored, the older first.
    #[must_use]
    pub fn stored(older: Option<ClientSecret>, newer: Option<ClientSecret>) -> Self {
        Self(older.into_iter().chain(newer).collect())
    }

    /// Whether the client is public.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, the older first.
    pub fn iter(&self) -> impl Iterator<Item = &ClientSecret> {
        self.0.iter()
    }

    /// Whether a test holds for any of the secrets. It is made for each of them, whatever came
    /// before, so that the time it takes does not tell which secret a caller has.
    pub fn any(&self, test: impl Fn(&SecretString) -> bool) -> bool {
        self.iter()
            .fold(false, |held, secret| test(&secret.value) | held)
    }

    /// The secret that the client itself is shown with: the one that it was made with, while that
    /// is active. One that was added is shown once, where it is added.
    #[must_use]
    pub fn shown_with(&self, client: &AppClient) -> Option<&SecretString> {
        self.iter()
            .find(|secret| secret.created_at == client.created_at)
            .map(|secret| &secret.value)
    }

    /// Adds a secret and gives it.
    ///
    /// # Errors
    /// [`NotAdded`] says why not.
    pub fn add(&mut self, value: SecretString, now: Timestamp) -> Result<&ClientSecret, NotAdded> {
        let newest = self.0.last().ok_or(NotAdded::PublicClient)?;
        if self.0.len() >= MOST_SECRETS {
            return Err(NotAdded::Full);
        }
        if self.any(|active| *active == value) {
            return Err(NotAdded::SameValue);
        }
        // The time is also the id, and a clock may stand still or go back.
        let created_at = now.max(newest.created_at.plus(Duration::from_millis(1)));
        let at = self.0.len();
        self.0.push(ClientSecret { value, created_at });
        Ok(&self.0[at])
    }

    /// Takes the secret of an id away.
    ///
    /// # Errors
    /// [`NotRemoved`] says why not.
    pub fn remove(&mut self, client: &ClientId, id: &str) -> Result<(), NotRemoved> {
        let at = self
            .iter()
            .position(|secret| secret.id(client) == id)
            .ok_or(NotRemoved::Unknown)?;
        if self.0.len() == 1 {
            return Err(NotRemoved::Last);
        }
        self.0.remove(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn first() -> ClientSecret {
        ClientSecret {
            value: "first".into(),
            created_at: Timestamp(5),
        }
    }

    fn id() -> ClientId {
        ClientId::parse("client").unwrap()
    }

    #[test]
    fn two_are_active_at_most_and_the_last_stays() {
        let mut secrets = ClientSecrets::stored(Some(first()), None);
        assert_eq!(
            secrets.remove(&id(), "client--5"),
            Err(NotRemoved::Last),
            "the only one"
        );
        let second = secrets.add("second".into(), Timestamp(9)).unwrap().clone();
        assert_eq!(second.id(&id()), "client--9");
        assert_eq!(
            secrets.add("third".into(), Timestamp(10)),
            Err(NotAdded::Full)
        );
        for unknown in ["client--7", "client--05", "other--5", "5", ""] {
            assert_eq!(secrets.remove(&id(), unknown), Err(NotRemoved::Unknown));
        }
        secrets.remove(&id(), "client--5").unwrap();
        assert_eq!(secrets, ClientSecrets::stored(Some(second), None));
    }

    #[test]
    fn either_of_two_is_found_and_every_one_is_tried() {
        let mut secrets = ClientSecrets::stored(Some(first()), None);
        secrets.add("second".into(), Timestamp(9)).unwrap();
        for (given, is_right) in [("first", true), ("second", true), ("third", false)] {
            let tried = std::cell::Cell::new(0);
            let found = secrets.any(|secret| {
                tried.set(tried.get() + 1);
                secret.ct_eq(given)
            });
            assert_eq!((found, tried.get()), (is_right, 2), "{given}");
        }
    }

    #[test]
    fn no_two_have_one_id_though_the_clock_stands_still_or_goes_back() {
        for now in [5, 4, i64::MIN] {
            let mut secrets = ClientSecrets::stored(Some(first()), None);
            let second = secrets.add("second".into(), Timestamp(now)).unwrap();
            assert_eq!(second.id(&id()), "client--6", "{now}");
        }
    }

    #[test]
    fn a_public_client_gets_none_and_nobody_the_value_that_is_active() {
        let add = |secrets: &mut ClientSecrets| {
            secrets
                .add("first".into(), Timestamp(9))
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(add(&mut ClientSecrets::default()), NotAdded::PublicClient);
        let mut secrets = ClientSecrets::stored(Some(first()), None);
        assert_eq!(add(&mut secrets), NotAdded::SameValue);
    }
}
