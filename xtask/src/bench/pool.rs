//! The pool that is measured: its users, and some of them signed in.
//!
//! Everything is made through the API. The users are an administrator's work with no invitation, so
//! that no mail is involved.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use cognate_crypto::random::Random;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{self, AccessKey, PASSWORD};
use super::http::Connection;

/// How many connections fill the pool: as many writers as a group commit takes in.
const FILLERS: usize = 64;

/// How many users, spread evenly over the pool, have a password and are signed in.
pub(super) const MEMBERS: usize = 1_000;

/// A pool with an app client.
pub(super) struct Pool {
    pub(super) id: String,
    pub(super) client: String,
    pub(super) key: AccessKey,
    pub(super) size: usize,
    most_members: usize,
    pub(super) members: Vec<Member>,
    /// The servers that answer for it.
    pub(super) addresses: Vec<SocketAddr>,
}

/// What a later run needs to know to find the pool again. Access keys are made anew for each run.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    id: String,
    client: String,
    size: usize,
}

/// A user with a password, who is signed in.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) access_token: String,
    pub(super) refresh_token: String,
}

/// The name of a user. The numbers are scattered, so that neighbours in the order of names were not
/// made one after the other.
pub(super) fn username(number: usize) -> String {
    let scattered = (number as u32).wrapping_mul(2_654_435_761);
    format!("user-{scattered:08x}-{number}")
}

/// What a new pool is to have.
pub(super) struct Form {
    pool: Value,
    flows: Vec<&'static str>,
}

impl Form {
    /// Nothing but a password.
    pub(super) fn usual() -> Self {
        Self {
            pool: json!({ "PoolName": "bench" }),
            flows: vec![
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
            ],
        }
    }

    /// With another member of CreateUserPool.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.pool[name] = value;
        self
    }

    /// With another flow of its app client.
    pub(super) fn flow(mut self, name: &'static str) -> Self {
        self.flows.push(name);
        self
    }
}

impl Pool {
    /// Makes a pool without users.
    pub(super) async fn create(
        addresses: &[SocketAddr],
        key: AccessKey,
        form: &Form,
    ) -> Result<Self> {
        let first = *addresses.first().context("no server")?;
        let mut connection = Connection::open(first).await?;
        let made = api::signed(&key, "CreateUserPool", &form.pool)?;
        let id = text(&connection.call(&made).await?.json()?, "/UserPool/Id")?;
        let flows = &form.flows;
        let input = json!({ "UserPoolId": id, "ClientName": "bench", "ExplicitAuthFlows": flows });
        let made = api::signed(&key, "CreateUserPoolClient", &input)?;
        let client = connection.call(&made).await?.json()?;
        let client = text(&client, "/UserPoolClient/ClientId")?;
        let kept = Kept {
            id,
            client,
            size: 0,
        };
        Ok(Self::of(kept, key))
    }

    /// Another pool at the same servers, of members alone. It stands beside this one in the
    /// database, and may have what would change the cost of this one's operations.
    pub(super) async fn another(&self, form: &Form, members: usize) -> Result<Self> {
        let mut pool = Self::create(&self.addresses, self.key.clone(), form).await?;
        pool.most_members = members;
        pool.fill(self.addresses.clone(), members).await?;
        pool.move_to(self.addresses.clone()).await?;
        Ok(pool)
    }

    /// SetUserPoolMfaConfig.
    pub(super) async fn set_mfa(&self, mut configuration: Value) -> Result<()> {
        configuration["UserPoolId"] = self.id.as_str().into();
        let request = api::signed(&self.key, "SetUserPoolMfaConfig", &configuration)?;
        self.connect().await?.call(&request).await?.success()?;
        Ok(())
    }

    /// A connection to the first server.
    pub(super) async fn connect(&self) -> Result<Connection> {
        let first = self.addresses.first().context("no server")?;
        Connection::open(*first).await
    }

    /// The pool that an earlier run made.
    pub(super) fn of(kept: Kept, key: AccessKey) -> Self {
        let Kept { id, client, size } = kept;
        Self {
            id,
            client,
            key,
            size,
            most_members: MEMBERS,
            members: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// What is to be known later.
    pub(super) fn kept(&self) -> Kept {
        Kept {
            id: self.id.clone(),
            client: self.client.clone(),
            size: self.size,
        }
    }

    /// Adds the users that it lacks to have `size` of them, and tells how long that took.
    pub(super) async fn fill(
        &mut self,
        addresses: Vec<SocketAddr>,
        size: usize,
    ) -> Result<Duration> {
        self.addresses = addresses;
        let started = Instant::now();
        let create = |number: usize| {
            let name = username(number);
            let attributes = json!([
                { "Name": "email", "Value": format!("{name}@example.com") },
                { "Name": "email_verified", "Value": "true" },
                { "Name": "name", "Value": format!("User {number}") },
            ]);
            let input = json!({
                "UserPoolId": self.id,
                "Username": name,
                "MessageAction": "SUPPRESS",
                "TemporaryPassword": PASSWORD,
                "UserAttributes": attributes,
            });
            api::signed(&self.key, "AdminCreateUser", &input)
        };
        in_parallel(&self.addresses, (self.size..size).collect(), create).await?;
        let took = started.elapsed();
        self.size = self.size.max(size);
        let set = |number: usize| {
            let input = json!({
                "UserPoolId": self.id,
                "Username": username(number),
                "Password": PASSWORD,
                "Permanent": true,
            });
            api::signed(&self.key, "AdminSetUserPassword", &input)
        };
        in_parallel(&self.addresses, self.numbers_of_members(), set).await?;
        Ok(took)
    }

    /// The numbers of the members, at even distances.
    fn numbers_of_members(&self) -> Vec<usize> {
        let count = self.size.min(self.most_members);
        (0..count)
            .map(|member| member * self.size / count)
            .collect()
    }

    /// Has other servers answer from now on, and signs the members in there.
    pub(super) async fn move_to(&mut self, addresses: Vec<SocketAddr>) -> Result<()> {
        self.addresses = addresses;
        self.members.clear();
        let mut connection = self.connect().await?;
        for number in self.numbers_of_members() {
            let name = username(number);
            let request = api::password_sign_in(&self.client, &name);
            let answer = connection.call(&request).await?.json()?;
            self.members.push(Member {
                name,
                access_token: text(&answer, "/AuthenticationResult/AccessToken")?,
                refresh_token: text(&answer, "/AuthenticationResult/RefreshToken")?,
            });
        }
        // Whoever goes through them in order meets them in no order.
        Random::from_seed([7; 32]).shuffle(&mut self.members);
        Ok(())
    }
}

/// A text of an answer.
pub(super) fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("an answer without {pointer}"))?
        .to_owned())
}

/// Makes one request for each number, on several connections.
async fn in_parallel(
    addresses: &[SocketAddr],
    numbers: Vec<usize>,
    request: impl Fn(usize) -> Result<Vec<u8>>,
) -> Result<()> {
    let fillers = FILLERS.min(numbers.len());
    let mut connections = Vec::new();
    for address in addresses.iter().cycle().take(fillers) {
        connections.push(Connection::open(*address).await?);
    }
    let (numbers, request) = (&numbers, &request);
    let fill = |(filler, mut connection): (usize, Connection)| async move {
        for number in numbers.iter().skip(filler).step_by(fillers) {
            connection.call(&request(*number)?).await?.success()?;
        }
        Ok::<_, anyhow::Error>(())
    };
    try_join_all(connections.into_iter().enumerate().map(fill)).await?;
    Ok(())
}
