//! Operations on groups, and sign-ins of users who are in ten of them.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::api;
use super::http::Connection;
use super::pool::{Form, Pool, text};

/// How many people there are, all of them in every group.
const PEOPLE: usize = 1_000;
/// How many groups everybody is in: each with a role, as no two have the same precedence.
const GROUPS: usize = 10;

/// A pool in which everybody is in ten groups.
async fn filled(beside: &Pool) -> Result<Pool> {
    let pool = beside.another(&Form::usual(), PEOPLE).await?;
    let mut connection = pool.connect().await?;
    for number in 0..GROUPS {
        let name = group(number);
        let input = json!({
            "UserPoolId": pool.id,
            "GroupName": name,
            "Precedence": number,
            "RoleArn": format!("arn:aws:iam::000000000000:role/{name}"),
        });
        let request = api::signed(&pool.key, "CreateGroup", &input)?;
        connection.call(&request).await?.success()?;
        for member in &pool.members {
            let request = change(&pool, "AdminAddUserToGroup", &member.name, &name)?;
            connection.call(&request).await?.success()?;
        }
    }
    Ok(pool)
}

fn group(number: usize) -> String {
    format!("group-{number}")
}

fn change(pool: &Pool, operation: &str, user: &str, group: &str) -> Result<Vec<u8>> {
    let input = json!({ "UserPoolId": pool.id, "Username": user, "GroupName": group });
    api::signed(&pool.key, operation, &input)
}

/// Sign-ins by password of people who are in ten groups.
pub(super) async fn sign_ins(beside: &Pool) -> Result<Vec<Vec<u8>>> {
    let pool = filled(beside).await?;
    let members = pool.members.iter();
    let sign_in = |member: &super::pool::Member| api::password_sign_in(&pool.client, &member.name);
    Ok(members.map(sign_in).collect())
}

/// Requests for the groups of everybody.
pub(super) async fn of_users(beside: &Pool) -> Result<Vec<Vec<u8>>> {
    let pool = filled(beside).await?;
    let request = |member: &super::pool::Member| {
        let input = json!({ "UserPoolId": pool.id, "Username": member.name });
        api::signed(&pool.key, "AdminListGroupsForUser", &input)
    };
    pool.members.iter().map(request).collect()
}

/// Requests for all pages of a group. A page is only found by way of the one before it.
pub(super) async fn pages(beside: &Pool) -> Result<Vec<Vec<u8>>> {
    let pool = filled(beside).await?;
    let mut connection = pool.connect().await?;
    let page = json!({ "UserPoolId": pool.id, "GroupName": group(0), "Limit": 60 });
    let (mut pages, mut next): (Vec<Vec<u8>>, Option<Value>) = (Vec::new(), Some(page));
    while let Some(mut page) = next.take() {
        let request = api::signed(&pool.key, "ListUsersInGroup", &page)?;
        let answer = connection.call(&request).await?.json()?;
        pages.push(request);
        if answer.get("NextToken").is_some() {
            page["NextToken"] = text(&answer, "/NextToken")?.into();
            next = Some(page);
        }
    }
    Ok(pages)
}

/// Memberships that change: each request puts somebody into a group, or takes them out of it again.
pub(super) struct Memberships {
    adding: Vec<Vec<u8>>,
    removing: Vec<Vec<u8>>,
}

impl Memberships {
    /// Makes the requests ahead.
    pub(super) async fn prepare(beside: &Pool) -> Result<Self> {
        let pool = filled(beside).await?;
        let request = api::signed(
            &pool.key,
            "CreateGroup",
            &json!({ "UserPoolId": pool.id, "GroupName": "changing" }),
        )?;
        let mut connection = pool.connect().await?;
        connection.call(&request).await?.success()?;
        let all = |operation: &str| {
            let members = pool.members.iter();
            let request =
                |member: &super::pool::Member| change(&pool, operation, &member.name, "changing");
            members.map(request).collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            adding: all("AdminAddUserToGroup")?,
            removing: all("AdminRemoveUserFromGroup")?,
        })
    }

    /// Changes one.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        let people = self.adding.len().max(1);
        let requests = if (turn / people).is_multiple_of(2) {
            &self.adding
        } else {
            &self.removing
        };
        let request = requests.get(turn % people).context("nobody to add")?;
        connection.call(request).await?.success()?;
        Ok(())
    }
}
