//! Every error that the model lists for an operation that is built is provoked here, or has a
//! reason why it does not arise.

mod devices;
mod groups;
mod imports;
mod operators;
mod own_account;
mod passkeys;
mod second_factors;
mod sessions;
mod sign_in;
mod sign_up;
mod world;

use cognate_api::ErrorCode;
use cognate_model::request_rates::Category;
use cognate_service::operations;
use cognate_testkit::{TestServer, op};
use serde_json::json;

use world::{World, with};

/// Why an error that the model lists does not arise (docs/differences.md says it to operators).
fn reason(operation: &str, code: &str) -> Option<&'static str> {
    reason_of_code(code).or_else(|| reason_at_operation(operation, code))
}

/// Why it arises at no operation.
fn reason_of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "InternalErrorException" => "only for what nobody foresees, and what nobody can tell",
        "InternalServerException" => "InternalErrorException says it, at every operation alike",
        "ForbiddenException" => "there is no web application firewall",
        "InvalidSmsRoleAccessPolicyException" | "InvalidSmsRoleTrustRelationshipException" => {
            "text messages need no role"
        }
        "UserLambdaValidationException"
        | "UnexpectedLambdaException"
        | "InvalidLambdaResponseException" => "triggers are not built",
        "MFAMethodNotFoundException" => {
            "who must have a second factor and can have none is NotAuthorizedException"
        }
        "InvalidOAuthFlowException" | "ScopeDoesNotExistException" => "OAuth is not built",
        "TierChangeNotAllowedException" => "a new pool changes no tier",
        "InvalidUserPoolConfigurationException" => "a pool that cannot sign in can't be configured",
        "TooManyFailedAttemptsException" => "LimitExceededException says it, as AWS does for codes",
        "ConcurrentModificationException" => {
            "three lost races in a row; a deletion never loses one"
        }
        _ => return None,
    })
}

/// What is done with an access token.
const TOKEN_OPERATIONS: [&str; 24] = [
    "AssociateSoftwareToken",
    "ChangePassword",
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "DeleteUser",
    "DeleteUserAttributes",
    "DeleteWebAuthnCredential",
    "ForgetDevice",
    "GetDevice",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GetUserAuthFactors",
    "GlobalSignOut",
    "ListDevices",
    "ListWebAuthnCredentials",
    "StartWebAuthnRegistration",
    "ListUserSessions",
    "RevokeUserSession",
    "SetUserMFAPreference",
    "SetUserSettings",
    "UpdateDeviceStatus",
    "UpdateUserAttributes",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
];

/// Why it does not arise at this operation.
fn reason_at_operation(operation: &str, code: &str) -> Option<&'static str> {
    let by_token = TOKEN_OPERATIONS.contains(&operation);
    let signed = operations()
        .iter()
        .any(|info| info.name == operation && info.auth == cognate_api::Auth::Signed);
    Some(match code {
        "InvalidEmailRoleAccessPolicyException" if !operation.ends_with("UserPool") => {
            "the sender is checked when it is set"
        }
        "LimitExceededException"
            if ["ListUserPoolClientSecrets", "DeleteUserPoolClientSecret"].contains(&operation) =>
        {
            "only a third secret is one too many"
        }
        "LimitExceededException" if operation == "AdminConfirmSignUp" => {
            "operators are not held up"
        }
        "LimitExceededException" if operation.ends_with("WebAuthnCredential") => {
            "nobody is held up who deletes"
        }
        "LimitExceededException" if operation.ends_with("WebAuthnCredentials") => {
            "nobody is held up who reads"
        }
        "PreconditionNotMetException" if operation == "AdminCreateUser" => "it has no precondition",
        "PreconditionNotMetException" if operation == "CreateUserImportJob" => {
            "what its start needs is looked at then"
        }
        "UserPoolTaggingException" if operation == "DescribeUserPool" => {
            "tags are stored with the pool"
        }
        "UnsupportedOperationException" if operation.ends_with("InitiateAuth") => {
            "a flow that is not built is InvalidParameterException"
        }
        "CodeMismatchException" if operation == "VerifySoftwareToken" => {
            "EnableSoftwareTokenMFAException says it, as AWS does"
        }
        "CodeMismatchException" | "ExpiredCodeException" if operation == "UpdateUserAttributes" => {
            "it takes no code"
        }
        "InvalidPasswordException" | "UsernameExistsException" if operation == "ConfirmDevice" => {
            "it takes no password and no user name"
        }
        "ResourceNotFoundException" if by_token => {
            "a token ends with its app client and its pool, and is refused as a token"
        }
        "UserNotFoundException" if by_token || operation == "GetTokensFromRefreshToken" => {
            "a session ends with its user"
        }
        "PasswordResetRequiredException" | "UserNotConfirmedException" if by_token => {
            "such a user has no session"
        }
        "UserNotConfirmedException" if operation == "ConfirmForgotPassword" => {
            "such a user is sent no code"
        }
        "UserNotConfirmedException" | "PasswordResetRequiredException"
            if signed && !operation.ends_with("Auth") && !operation.ends_with("Challenge") =>
        {
            "an operator sets up whom they like"
        }
        "NotAuthorizedException" if signed => "what a key may not do is AccessDeniedException",
        _ => return None,
    })
}

#[tokio::test]
async fn every_error_that_the_model_lists_is_provoked_or_has_a_reason() {
    let mut world = World::new().await;
    operators::pools_and_clients(&mut world).await;
    operators::client_secrets(&mut world).await;
    operators::resource_servers(&mut world).await;
    operators::operators(&mut world).await;
    operators::limits(&mut world).await;
    groups_and_imports(&mut world).await;
    sign_up::sign_up(&mut world).await;
    sign_up::confirm_sign_up(&mut world).await;
    sign_up::resend_confirmation_code(&mut world).await;
    sign_in::sign_in(&mut world).await;
    sign_in::choice_in_the_least_tier(&mut world).await;
    sign_in::sessions(&mut world).await;
    users_own(&mut world).await;
    limits_by_address(&mut world).await;
    too_many_requests(&mut world).await;
    switched_off(&mut world).await;
    for operation in operations().iter() {
        let error = world
            .server
            .prepare_operation(operation, &json!({}))
            .send()
            .await
            .error();
        assert_eq!(
            error.code, "InvalidParameterException",
            "{}",
            operation.name
        );
        world.seen.insert((operation.name, error.code));
    }
    unavailable(&mut world).await;
    let missing: Vec<_> = operations()
        .iter()
        .flat_map(|operation| {
            operation
                .errors
                .iter()
                .map(|code| (operation.name, code.name()))
        })
        .filter(|(operation, code)| {
            !world.seen.contains(&(*operation, (*code).to_owned()))
                && reason(operation, code).is_none()
        })
        .map(|(operation, code)| format!("{operation} {code}"))
        .collect();
    assert!(
        missing.is_empty(),
        "neither provoked nor with a reason: {missing:#?}"
    );
}

/// What a pool holds beside its users.
async fn groups_and_imports(world: &mut World) {
    groups::groups(world).await;
    imports::imports(world).await;
}

/// What users do with their own accounts.
async fn users_own(world: &mut World) {
    own_account::forgotten_passwords(world).await;
    own_account::changed_passwords(world).await;
    own_account::own_account(world).await;
    passkeys::passkeys(world).await;
    second_factors::second_factors(world).await;
    devices::devices(world).await;
    sessions::sessions_and_history(world).await;
}

async fn unavailable(world: &mut World) {
    let rated = world.server.node_with_rates(&["LimitManagement=100"]);
    // What is wrong with the database is told to nobody but the log.
    world.server.app().db.close().await;
    for operation in operations().iter() {
        let input = world
            .good
            .get(operation.name)
            .unwrap_or_else(|| panic!("no good input of {}", operation.name));
        let node = if operation.name.ends_with("ProvisionedLimit") {
            &rated
        } else {
            &world.server
        };
        let error = node
            .prepare_operation(operation, input)
            .send()
            .await
            .error();
        assert_eq!(
            error.told(),
            (
                "ServiceUnavailableException",
                "The service cannot answer at the moment; try again"
            ),
            "{}",
            operation.name
        );
    }
}

/// On a node whose operator has switched everything off.
async fn switched_off(world: &mut World) {
    let names: Vec<_> = operations().iter().map(|info| info.name).collect();
    let off = world.server.node_with_operations_off(names.into_iter());
    for operation in operations().iter() {
        let good = &world.good[operation.name];
        let error = off.prepare_operation(operation, good).send().await.error();
        let lists = |code| operation.errors.contains(&code);
        let code = if lists(ErrorCode::OperationNotEnabled) {
            "OperationNotEnabledException"
        } else if lists(ErrorCode::NotAuthorized) {
            "NotAuthorizedException"
        } else {
            "InvalidParameterException"
        };
        let told = format!("{} is switched off on this server.", operation.name);
        assert_eq!(error.told(), (code, told.as_str()));
        world.seen.insert((operation.name, error.code));
    }
}

/// On a server of one request a second in each category, which knows nothing of what they name.
async fn too_many_requests(world: &mut World) {
    let rates = Category::ALL.map(|category| format!("{}=1", category.name()));
    let rates: Vec<_> = rates.iter().map(String::as_str).collect();
    let slow = TestServer::builder().request_rates(&rates).start().await;
    for operation in operations().iter() {
        let good = &world.good[operation.name];
        // A sign-in has three answers beside it.
        for _ in 0..4 {
            slow.prepare_operation(operation, good).send().await;
        }
        let error = slow.prepare_operation(operation, good).send().await.error();
        let told = ("TooManyRequestsException", "Too many requests");
        assert_eq!(error.told(), told, "{}", operation.name);
        world.seen.insert((operation.name, error.code));
    }
}

async fn limits_by_address(world: &mut World) {
    let stranger = [203, 0, 113, 9];
    let input = |n: usize| {
        world
            .client
            .about(&format!("guess{n}"), json!({"ConfirmationCode": "123456"}))
    };
    let hidden = world.pool.client().await;
    for n in 0..100 {
        let input = with(input(n), json!({"ClientId": hidden.id}));
        assert_eq!(
            world
                .server
                .prepare::<op::ConfirmSignUp>(input)
                .from(stranger)
                .send()
                .await
                .error()
                .code,
            "CodeMismatchException"
        );
    }
    for name in [
        "InitiateAuth",
        "AdminInitiateAuth",
        "RespondToAuthChallenge",
        "AdminRespondToAuthChallenge",
        "ConfirmSignUp",
        "ConfirmForgotPassword",
    ] {
        let operations = operations();
        let operation = operations
            .iter()
            .find(|operation| operation.name == name)
            .unwrap();
        // A signed call is a backend's, which names the address of its user.
        let context = json!({"ContextData": {
            "IpAddress": "203.0.113.9", "ServerName": "s", "ServerPath": "/", "HttpHeaders": [],
        }});
        let own = if name.starts_with("Admin") {
            context
        } else {
            json!({})
        };
        let error = world
            .server
            .prepare_operation(operation, &with(world.good[name].clone(), own))
            .from(stranger)
            .send()
            .await
            .error();
        assert_eq!(
            error.told(),
            ("TooManyRequestsException", "Too many requests"),
            "{name}"
        );
        world.seen.insert((operation.name, error.code));
    }
}
