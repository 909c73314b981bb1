//! How an operation's input names what a call is about: the variant of `Resource` for each
//! operation.
//!
//! The rule goes by the names of members, so that an operation of a later model is covered without
//! a word here. One that names nothing known stops the generator: a policy must never overlook a
//! call.

use anyhow::{Result, bail};

use super::model::{Auth, Operation, Shape};

/// Members that name what a call is about, the nearest first, with the variant for each.
const MEMBERS: &[(&str, &str)] = &[
    ("UserPoolId", "UserPool"),
    ("IdentityPoolId", "IdentityPool"),
    ("ResourceArn", "Arn"),
    ("RoleArn", "Arn"),
    ("ClientId", "AppClient"),
];

/// Signed operations about nothing that stands already, or about all of it.
const ACCOUNT: &[&str] = &[
    "CreateIdentityPool",
    "CreateUserPool",
    "GetCallerIdentity",
    "GetProvisionedLimit",
    "GetSessionToken",
    "ListIdentityPools",
    "ListUserPools",
    "UpdateProvisionedLimit",
];

/// Signed operations that name a part of a pool (a domain, an identity) and not the pool.
const ELSEWHERE: &[&str] = &[
    "DeleteIdentities",
    "DescribeIdentity",
    "DescribeUserPoolDomain",
];

/// The variant, as Rust writes it. Policies have no say in public operations.
pub(crate) fn of(name: &str, operation: &Operation, input: &Shape) -> Result<String> {
    if operation.auth(name) == Auth::Public || ACCOUNT.contains(&name) {
        return Ok("Account".to_owned());
    }
    if ELSEWHERE.contains(&name) {
        return Ok("Elsewhere".to_owned());
    }
    let has = |wanted: &str| input.members.0.iter().any(|(member, _)| member == wanted);
    match MEMBERS.iter().find(|(member, _)| has(member)) {
        Some((member, variant)) => Ok(format!("{variant}({member:?})")),
        None => bail!("{name} names nothing that a policy could speak of"),
    }
}
