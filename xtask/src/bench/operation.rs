//! The operations that are measured: what each is called, what drives it, and what it cannot do
//! without.

use std::cell::Cell;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use cognate_crypto::random::Random;
use serde_json::json;

use super::api::{self, PASSWORD};
use super::device::Devices;
use super::groups::{self, Memberships};
use super::http::Connection;
use super::passkey::Passkeys;
use super::pool::{Pool, username};
use super::rotation::Rotation;
use super::srp::{self, Seeds};
use super::totp::Totp;

/// How many different requests are made ahead where there could be more.
const PREPARED: usize = 20_000;

/// One operation of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Operation {
    /// USER_SRP_AUTH: InitiateAuth and RespondToAuthChallenge
    SrpSignIn,
    /// USER_PASSWORD_AUTH
    PasswordSignIn,
    /// SRP and the code of an authenticator app
    TotpSignIn,
    /// SRP of the user and of a remembered device
    DeviceSignIn,
    /// USER_AUTH with a passkey, which signs with ECDSA
    PasskeySignIn,
    /// REFRESH_TOKEN_AUTH
    Refresh,
    /// GetTokensFromRefreshToken by an app client that rotates
    Rotation,
    /// GetUser with an access token
    GetUser,
    /// AdminGetUser, signed by an access key
    AdminGetUser,
    /// ListUsers, signed: a page of 60, anywhere in the pool
    ListUsers,
    /// USER_PASSWORD_AUTH of users who are in ten groups
    GroupSignIn,
    /// AdminAddUserToGroup and AdminRemoveUserFromGroup, signed, by turns
    Membership,
    /// AdminListGroupsForUser, signed, of users who are in ten groups
    GroupsOfUser,
    /// ListUsersInGroup, signed: a page of 60 of a thousand
    Members,
    /// ListUsers with a filter that one user matches: email = "…"
    FilterOne,
    /// ListUsers with a filter that all match: a page of 60 of username ^= "", anywhere among them
    FilterPage,
    /// A pool's public keys
    Jwks,
    /// SignUp of new users, answered once they are on the disk; the last, because the pool grows
    SignUp,
}

impl Operation {
    /// What the table calls it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SrpSignIn => "SRP sign-in",
            Self::PasswordSignIn => "password sign-in",
            Self::TotpSignIn => "TOTP sign-in",
            Self::DeviceSignIn => "device sign-in",
            Self::PasskeySignIn => "passkey sign-in",
            Self::Refresh => "refresh",
            Self::Rotation => "rotating refresh",
            Self::GetUser => "GetUser",
            Self::AdminGetUser => "AdminGetUser",
            Self::ListUsers => "ListUsers (60)",
            Self::GroupSignIn => "password sign-in (10 groups)",
            Self::Membership => "group membership",
            Self::GroupsOfUser => "AdminListGroupsForUser (10)",
            Self::Members => "ListUsersInGroup (60)",
            Self::FilterOne => "ListUsers, email = (1)",
            Self::FilterPage => "ListUsers, username ^= (60)",
            Self::Jwks => "JWKS",
        }
    }

    /// The cryptography that it cannot do without, in words; none for what needs none.
    pub(super) fn floor(self) -> Option<&'static str> {
        match self {
            Self::SignUp => Some("g^x"),
            Self::SrpSignIn => Some("k·v + g^b, (A·v^u)^b, 2 RS256 signatures"),
            Self::PasswordSignIn | Self::GroupSignIn => Some("g^x, 2 RS256 signatures"),
            Self::TotpSignIn => Some("that of SRP, 3 HMAC-SHA1"),
            Self::DeviceSignIn => Some("2 (k·v + g^b, (A·v^u)^b), 2 RS256 signatures"),
            Self::PasskeySignIn => Some("1 ES256 verification, 2 RS256 signatures"),
            Self::Refresh | Self::Rotation => Some("2 RS256 signatures"),
            Self::GetUser => Some("1 RS256 verification"),
            Self::AdminGetUser
            | Self::ListUsers
            | Self::Membership
            | Self::GroupsOfUser
            | Self::Members
            | Self::FilterOne
            | Self::FilterPage => Some("1 SigV4 verification"),
            Self::Jwks => None,
        }
    }

    /// How many connections keep the server busy. What waits for the disk needs many, so that
    /// commits have company; sign-ins by a password alone keep the number that they were first
    /// measured with.
    pub(super) fn connections(self) -> usize {
        match self {
            Self::SignUp
            | Self::TotpSignIn
            | Self::DeviceSignIn
            | Self::PasskeySignIn
            | Self::Membership
            | Self::Rotation => 64,
            _ => 16,
        }
    }

    /// Makes ahead what can be made ahead, so that the generator's own work limits nothing.
    pub(super) async fn prepare(self, pool: &Pool) -> Result<Work<'_>> {
        let of_members = |request: &dyn Fn(&super::pool::Member) -> Vec<u8>| {
            Work::Prepared(pool.members.iter().map(request).collect())
        };
        Ok(match self {
            Self::SignUp => Work::SignUp {
                pool,
                made: Cell::new(0),
            },
            Self::SrpSignIn => Work::SrpSignIn {
                pool,
                seeds: Seeds::default(),
            },
            Self::PasswordSignIn => {
                of_members(&|member| api::password_sign_in(&pool.client, &member.name))
            }
            Self::TotpSignIn => Work::Totp(Totp::prepare(pool).await?),
            Self::DeviceSignIn => Work::Devices(Devices::prepare(pool).await?),
            Self::PasskeySignIn => Work::Passkeys(Passkeys::prepare(pool).await?),
            Self::Rotation => Work::Rotation(Rotation::prepare(pool).await?),
            Self::Refresh => of_members(&|member| {
                let parameters = json!({ "REFRESH_TOKEN": member.refresh_token });
                api::initiate(&pool.client, "REFRESH_TOKEN_AUTH", &parameters)
            }),
            Self::GetUser => of_members(&|member| {
                api::public("GetUser", &json!({ "AccessToken": member.access_token }))
            }),
            Self::AdminGetUser => Work::Prepared(admin_get_users(pool)?),
            Self::ListUsers => Work::Prepared(list_users(pool, "").await?),
            Self::FilterPage => Work::Prepared(list_users(pool, "username ^= \"\"").await?),
            Self::FilterOne => Work::Prepared(filters_of_one(pool)?),
            Self::GroupSignIn => Work::Prepared(groups::sign_ins(pool).await?),
            Self::Membership => Work::Memberships(Memberships::prepare(pool).await?),
            Self::GroupsOfUser => Work::Prepared(groups::of_users(pool).await?),
            Self::Members => Work::Prepared(groups::pages(pool).await?),
            Self::Jwks => Work::Prepared(vec![api::jwks(&pool.id)]),
        })
    }
}

/// Signed requests for users anywhere in the pool.
fn admin_get_users(pool: &Pool) -> Result<Vec<Vec<u8>>> {
    let mut random = Random::from_seed([8; 32]);
    let size = u32::try_from(pool.size).unwrap_or(u32::MAX);
    (0..PREPARED.min(pool.size))
        .map(|_| {
            let name = username(random.below(size) as usize);
            let input = json!({ "UserPoolId": pool.id, "Username": name });
            api::signed(&pool.key, "AdminGetUser", &input)
        })
        .collect()
}

/// Signed requests for users anywhere in the pool, by their addresses.
fn filters_of_one(pool: &Pool) -> Result<Vec<Vec<u8>>> {
    let mut random = Random::from_seed([5; 32]);
    let size = u32::try_from(pool.size).unwrap_or(u32::MAX);
    (0..PREPARED.min(pool.size))
        .map(|_| {
            let name = username(random.below(size) as usize);
            let filter = format!("email = \"{name}@example.com\"");
            let input = json!({ "UserPoolId": pool.id, "Filter": filter });
            api::signed(&pool.key, "ListUsers", &input)
        })
        .collect()
}

/// Signed requests for every page of a filter. A page is only found by way of the one before it.
async fn list_users(pool: &Pool, filter: &str) -> Result<Vec<Vec<u8>>> {
    let mut connection = pool.connect().await?;
    let first = json!({ "UserPoolId": pool.id, "Limit": 60, "Filter": filter });
    let mut pages = vec![first.clone()];
    while let Some(page) = pages.last() {
        let request = api::signed(&pool.key, "ListUsers", page)?;
        let answer = connection.call(&request).await?.json()?;
        let Some(token) = answer.get("PaginationToken") else {
            break;
        };
        let mut next = first.clone();
        next["PaginationToken"] = token.clone();
        pages.push(next);
    }
    Random::from_seed([6; 32]).shuffle(&mut pages);
    pages.truncate(PREPARED);
    let signed = pages
        .iter()
        .map(|page| api::signed(&pool.key, "ListUsers", page));
    signed.collect()
}

/// What connections do again and again.
pub(super) enum Work<'a> {
    /// One request after the other of these.
    Prepared(Vec<Vec<u8>>),
    /// Each time a new user.
    SignUp {
        pool: &'a Pool,
        made: Cell<u64>,
    },
    /// Two requests with powers between them.
    SrpSignIn {
        pool: &'a Pool,
        seeds: Seeds,
    },
    Totp(Totp),
    Devices(Devices),
    Passkeys(Passkeys),
    Rotation(Rotation),
    Memberships(Memberships),
}

impl Work<'_> {
    /// Does it once. `turn` counts what was begun so far.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        match self {
            Self::Prepared(requests) => {
                let request = requests
                    .get(turn % requests.len().max(1))
                    .context("nothing to do")?;
                connection.call(request).await?.success()?;
            }
            Self::SignUp { pool, made } => {
                let number = made.replace(made.get() + 1);
                let name = format!("new-{number}-{}", api::now_ms());
                let attributes =
                    json!([{ "Name": "email", "Value": format!("{name}@example.com") }]);
                let input = json!({
                    "ClientId": pool.client,
                    "Username": name,
                    "Password": PASSWORD,
                    "UserAttributes": attributes,
                });
                let request = api::public("SignUp", &input);
                connection.call(&request).await?.success()?;
            }
            Self::SrpSignIn { pool, seeds } => {
                let member = pool.members.get(turn % pool.members.len().max(1));
                let name = &member.context("a pool without members")?.name;
                let answer = srp::sign_in(connection, pool, name, None, &mut seeds.next()).await?;
                api::tokens(&answer)?;
            }
            Self::Totp(totp) => totp.once(connection, turn).await?,
            Self::Devices(devices) => devices.once(connection, turn).await?,
            Self::Passkeys(passkeys) => passkeys.once(connection, turn).await?,
            Self::Rotation(rotation) => rotation.once(connection, turn).await?,
            Self::Memberships(memberships) => memberships.once(connection, turn).await?,
        }
        Ok(())
    }

    /// How many different requests there are, where they are made ahead.
    pub(super) fn prepared(&self) -> usize {
        match self {
            Self::Prepared(requests) => requests.len(),
            _ => 0,
        }
    }

    /// The server that a connection goes to.
    pub(super) fn address(addresses: &[SocketAddr], connection: usize) -> Result<SocketAddr> {
        let at = connection % addresses.len().max(1);
        Ok(*addresses.get(at).context("no server")?)
    }
}
