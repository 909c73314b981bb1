//! User pools, app clients, and users in an operator's hands.

use cognate_outbound::Inbox;
use cognate_service::server_settings::{self, Subject};
use cognate_testkit::{PASSWORD, TestServer, attribute_list, inbox_outbound, op};
use serde_json::json;

use super::world::{TEMPORARY, World, with};

/// Resource servers, and how many things a pool may have.
pub(super) async fn resource_servers(world: &mut World) {
    let own = json!({"Identifier": "photos", "Name": "Photos"});
    world.in_pool::<op::CreateResourceServer>(own.clone()).await;
    world.in_pool::<op::UpdateResourceServer>(own.clone()).await;
    let of_one = json!({"Identifier": "photos"});
    world
        .in_pool::<op::DescribeResourceServer>(of_one.clone())
        .await;
    world.in_pool::<op::DeleteResourceServer>(of_one).await;
    world.in_pool::<op::ListResourceServers>(json!({})).await;
    let full = world.server.pool().await;
    for setting in ["resource-servers", "app-clients"] {
        let of = Subject {
            pool: full.id.clone(),
            client: None,
        };
        let set = server_settings::set(&world.server.app().db, &of, setting, Some("0"));
        set.await.unwrap();
    }
    let code = "LimitExceededException";
    let of_full = json!({"UserPoolId": full.id, "ClientName": "x"});
    world
        .says::<op::CreateUserPoolClient>(code, of_full.clone())
        .await;
    world
        .says::<op::CreateResourceServer>(code, with(of_full, own))
        .await;
}

/// The secrets of an app client.
pub(super) async fn client_secrets(world: &mut World) {
    let client = world.pool.client().secret().await;
    let own = json!({"ClientId": client.id});
    world
        .in_pool::<op::AddUserPoolClientSecret>(own.clone())
        .await;
    world
        .in_pool::<op::ListUserPoolClientSecrets>(own.clone())
        .await;
    let deletion = with(own.clone(), json!({"ClientSecretId": "x"}));
    world
        .in_pool::<op::DeleteUserPoolClientSecret>(deletion)
        .await;
    let add = world.operators(own);
    let lists = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cognito-idp:ListUserPoolClientSecrets", "Resource": "*"}]});
    let key = world.server.access_key("lists", &lists).await;
    let call = world.server.prepare::<op::AddUserPoolClientSecret>(&add);
    let error = call.signed_by(&key).send().await.error();
    assert_eq!(error.code, "AccessDeniedException");
    let name = "AddUserPoolClientSecret";
    world.seen.insert((name, error.code));
    let added = world.server.call::<op::AddUserPoolClientSecret>(&add);
    added.await.unwrap();
    world
        .says::<op::AddUserPoolClientSecret>("LimitExceededException", add)
        .await;
}

pub(super) async fn pools_and_clients(world: &mut World) {
    let tags = json!({"UserPoolTags": {"aws:x": "y"}});
    world
        .says::<op::CreateUserPool>(
            "UserPoolTaggingException",
            with(json!({"PoolName": "x"}), tags.clone()),
        )
        .await;
    world
        .good
        .insert("CreateUserPool", json!({"PoolName": "x"}));
    world.good.insert("ListUserPools", json!({"MaxResults": 1}));
    world.in_pool::<op::DescribeUserPool>(json!({})).await;
    world.in_pool::<op::UpdateUserPool>(json!({})).await;
    world
        .says::<op::UpdateUserPool>("UserPoolTaggingException", world.operators(tags))
        .await;
    let strict = world
        .server
        .node_that_lets_send_as(["example.com"], inbox_outbound(&Inbox::new()));
    let from = json!({"EmailConfiguration": {"From": "boss@bank.example"}});
    let code = "InvalidEmailRoleAccessPolicyException";
    let new = with(json!({"PoolName": "x"}), from.clone());
    world
        .says_at::<op::CreateUserPool>(&strict, code, new)
        .await;
    let old = world.operators(from);
    world
        .says_at::<op::UpdateUserPool>(&strict, code, old)
        .await;
    world.in_pool::<op::DeleteUserPool>(json!({})).await;
    world.in_pool::<op::GetUserPoolMfaConfig>(json!({})).await;
    world.in_pool::<op::SetUserPoolMfaConfig>(json!({})).await;
    world
        .in_arn::<op::TagResource>(json!({"Tags": {"team": "a"}}))
        .await;
    world
        .in_arn::<op::UntagResource>(json!({"TagKeys": ["team"]}))
        .await;
    world.in_arn::<op::ListTagsForResource>(json!({})).await;
    world
        .in_pool::<op::AddCustomAttributes>(
            json!({"CustomAttributes": [{"Name": "x", "AttributeDataType": "String"}]}),
        )
        .await;
    world
        .in_pool::<op::CreateUserPoolClient>(json!({"ClientName": "x"}))
        .await;
    world.in_pool::<op::ListUserPoolClients>(json!({})).await;
    let client = json!({"ClientId": world.client.id});
    world
        .in_pool::<op::DescribeUserPoolClient>(client.clone())
        .await;
    world
        .in_pool::<op::UpdateUserPoolClient>(client.clone())
        .await;
    world.in_pool::<op::DeleteUserPoolClient>(client).await;
    let lite = world.server.pool().with("UserPoolTier", "LITE").await;
    let choice =
        json!({"UserPoolId": lite.id, "ClientName": "x", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]});
    world
        .says::<op::CreateUserPoolClient>("FeatureUnavailableInTierException", choice.clone())
        .await;
    let client = lite.client().await;
    let choice = with(choice, json!({"ClientId": client.id}));
    world
        .says::<op::UpdateUserPoolClient>("FeatureUnavailableInTierException", choice)
        .await;
}

/// On a server that enforces rates; on the others there are no such limits.
pub(super) async fn limits(world: &mut World) {
    let rated = TestServer::builder()
        .request_rates(&["LimitManagement=100"])
        .start()
        .await;
    let full = TestServer::builder().limits(|limits| limits.user_pools = Some(0));
    let full = full.start().await;
    let new = json!({"PoolName": "x"});
    world
        .says_at::<op::CreateUserPool>(&full, "LimitExceededException", new)
        .await;
    let of = |category: &str| {
        let attributes = json!({"Category": category});
        json!({"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": attributes}})
    };
    let to = |rate: i32| with(of("UserRead"), json!({"RequestedLimitValue": rate}));
    let code = "ResourceNotFoundException";
    world
        .says::<op::GetProvisionedLimit>(code, of("UserRead"))
        .await;
    world
        .says::<op::UpdateProvisionedLimit>(code, to(500))
        .await;
    let code = "ServiceQuotaExceededException";
    world
        .says_at::<op::UpdateProvisionedLimit>(&rated, code, to(1201))
        .await;
    // Of a category whose rate nothing else here meets.
    world
        .good
        .insert("GetProvisionedLimit", of("UserFederation"));
    let good = with(of("UserFederation"), json!({"RequestedLimitValue": 30}));
    world.good.insert("UpdateProvisionedLimit", good);
}

pub(super) async fn operators(world: &mut World) {
    world.in_pool::<op::ListUsers>(json!({})).await;
    world.admin::<op::AdminGetUser>(json!({})).await;
    world.admin::<op::AdminDeleteUser>(json!({})).await;
    world.admin::<op::AdminDisableUser>(json!({})).await;
    world.admin::<op::AdminEnableUser>(json!({})).await;
    world.admin::<op::AdminUserGlobalSignOut>(json!({})).await;
    world.admin::<op::AdminConfirmSignUp>(json!({})).await;
    world.admin::<op::AdminResetUserPassword>(json!({})).await;
    world
        .admin::<op::AdminSetUserPassword>(json!({"Password": PASSWORD}))
        .await;
    world
        .admin::<op::AdminUpdateUserAttributes>(
            json!({"UserAttributes": attribute_list(&[("name", "x")])}),
        )
        .await;
    world
        .admin::<op::AdminDeleteUserAttributes>(json!({"UserAttributeNames": ["name"]}))
        .await;
    world
        .says::<op::AdminConfirmSignUp>("NotAuthorizedException", world.about("ana", json!({})))
        .await;
    world
        .says::<op::AdminSetUserPassword>(
            "InvalidPasswordException",
            world.about("ana", json!({"Password": "weak"})),
        )
        .await;
    world.client.user("aliased").confirmed().await;
    let taken = attribute_list(&[("email", "aliased@example.com"), ("email_verified", "true")]);
    world
        .says::<op::AdminUpdateUserAttributes>(
            "AliasExistsException",
            world.about("ana", json!({"UserAttributes": taken})),
        )
        .await;
    creations(world).await;
    resets(world).await;
}

async fn creations(world: &mut World) {
    world
        .in_pool::<op::AdminCreateUser>(json!({"Username": "made"}))
        .await;
    world
        .says::<op::AdminCreateUser>("UsernameExistsException", world.about("ana", json!({})))
        .await;
    world
        .says::<op::AdminCreateUser>(
            "InvalidPasswordException",
            world.about("made", json!({"TemporaryPassword": "weak"})),
        )
        .await;
    world
        .says::<op::AdminCreateUser>(
            "UserNotFoundException",
            world.about("made", json!({"MessageAction": "RESEND"})),
        )
        .await;
    world
        .says::<op::AdminCreateUser>(
            "UnsupportedUserStateException",
            world.about("ana", json!({"MessageAction": "RESEND"})),
        )
        .await;
    let mail = json!({"UserAttributes": attribute_list(&[("email", "m@example.com")]), "DesiredDeliveryMediums": ["EMAIL"]});
    world
        .says_at::<op::AdminCreateUser>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            world.about("made", mail),
        )
        .await;
}

async fn resets(world: &mut World) {
    world.client.user("rita").confirmed().await;
    let reset = world.about("rita", json!({}));
    for _ in 0..5 {
        world
            .server
            .call::<op::AdminResetUserPassword>(reset.clone())
            .await
            .unwrap();
    }
    world
        .says::<op::AdminResetUserPassword>("LimitExceededException", reset)
        .await;
    world.pool.invite("forced", TEMPORARY, &[]).await;
    world
        .says::<op::AdminResetUserPassword>(
            "NotAuthorizedException",
            world.about("forced", json!({})),
        )
        .await;
}
