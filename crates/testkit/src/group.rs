//! Groups of a pool, as an operator makes and fills them.

use cognate_api::Operation;
use cognate_api::idp::{GroupType, op};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{ApiError, TestPool};

impl TestPool {
    /// Makes a group with these settings.
    ///
    /// # Errors
    /// What `CreateGroup` answers.
    pub async fn create_group(&self, name: &str, settings: Value) -> Result<GroupType, ApiError> {
        let created = self.on_group::<op::CreateGroup>(name, settings).await?;
        Ok(created.group.expect("a new group is told"))
    }

    /// Makes a group that has no settings.
    pub async fn group(&self, name: &str) {
        let created = self.create_group(name, json!({})).await;
        created.expect("the group is made");
    }

    /// `GetGroup`.
    ///
    /// # Errors
    /// What it answers.
    pub async fn get_group(&self, name: &str) -> Result<GroupType, ApiError> {
        let found = self.on_group::<op::GetGroup>(name, json!({})).await?;
        Ok(found.group.expect("a group is told"))
    }

    /// `DeleteGroup`.
    ///
    /// # Errors
    /// What it answers.
    pub async fn delete_group(&self, name: &str) -> Result<(), ApiError> {
        self.on_group::<op::DeleteGroup>(name, json!({})).await
    }

    /// `AdminAddUserToGroup`.
    ///
    /// # Errors
    /// What it answers.
    pub async fn add_to_group(&self, username: &str, name: &str) -> Result<(), ApiError> {
        let whom = json!({"Username": username});
        self.on_group::<op::AdminAddUserToGroup>(name, whom).await
    }

    /// `AdminRemoveUserFromGroup`.
    ///
    /// # Errors
    /// What it answers.
    pub async fn remove_from_group(&self, username: &str, name: &str) -> Result<(), ApiError> {
        let whom = json!({"Username": username});
        let removed = self.on_group::<op::AdminRemoveUserFromGroup>(name, whom);
        removed.await
    }

    /// An operation on a group, with these members beside its name.
    ///
    /// # Errors
    /// What it answers.
    pub async fn on_group<O: Operation>(
        &self,
        name: &str,
        mut members: Value,
    ) -> Result<O::Output, ApiError>
    where
        O::Output: DeserializeOwned,
    {
        members["UserPoolId"] = json!(self.id);
        members["GroupName"] = json!(name);
        self.server.call::<O>(members).await
    }
}
