//! For every operation that writes: a fault at each of its statements, before its commit, and after
//! it. What fails before the commit has changed nothing, byte for byte, and is repeated with
//! success. What fails after it is done whole; it is either settled, so that its caller is told of
//! the success, or told as a failure of the server, and then repeating does no harm.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use cognate_api::Operation;
use cognate_store::{Fault, tables::TABLES};
use cognate_testkit::{
    ApiError, DeviceExchange, PASSWORD, TestDevice, TestPasskey, TestPool, TestServer, TestUser,
    Tokens, for_each_database, hash_of, op, seconds,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const NEW: &str = "Another-Horse-2";
const ACCESS_TOKEN_REVOKED: (&str, &str) =
    ("NotAuthorizedException", "Access Token has been revoked");

/// What a client is told that repeats an operation whose commit stands and was not acknowledged.
#[derive(Clone, Copy)]
enum Repeated {
    /// There is nothing to repeat: the operation finds out by itself that it was done.
    Settled,
    /// The same success.
    Succeeds,
    /// That it is done already, in the words of the model.
    Refused(&'static str),
}

use Repeated::{Refused, Settled, Succeeds};

/// Where an operation is tried: a pool, and a user who is confirmed and signed in.
struct Stage {
    server: TestServer,
    ana: TestUser,
    tokens: Tokens,
    /// What `arrange` has found out: a code, a token, an id.
    found: String,
    /// Their device, and its exchange.
    device: Option<TestDevice>,
    exchange: Option<DeviceExchange>,
}

impl Stage {
    async fn set(server: &TestServer) -> Self {
        // With aliases, so that rows of names are written and deleted too.
        let pool = server.pool().aliases(["email"]).passkeys().await;
        pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
            .await;
        let client = pool.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        Self {
            server: server.clone(),
            ana,
            tokens,
            found: String::new(),
            device: None,
            exchange: None,
        }
    }

    fn pool(&self) -> &TestPool {
        &self.ana.client.pool
    }

    fn device(&self) -> &TestDevice {
        self.device.as_ref().expect("a device")
    }

    /// An operation of the user's own on their device.
    async fn own_device<O: Operation>(&self, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        let own = json!({"AccessToken": self.tokens.access, "DeviceKey": self.device().key});
        self.call::<O>(own, members).await
    }

    /// An operation of an operator's on the user's device.
    async fn on_device<O: Operation>(&self, mut members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        members["DeviceKey"] = self.device().key.as_str().into();
        self.on_user::<O>(members).await
    }

    /// Ends all sessions of the user, by an operator.
    fn sign_out(&self) -> impl Future<Output = ()> + Send + 'static {
        let server = self.server.clone();
        let input = json!({"UserPoolId": self.pool().id, "Username": self.ana.name});
        async move {
            let ended = server.call::<op::AdminUserGlobalSignOut>(input).await;
            ended.unwrap();
        }
    }

    /// An operation of the user's own, with their access token.
    async fn own<O: Operation>(&self, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        self.call::<O>(json!({"AccessToken": self.tokens.access}), members)
            .await
    }

    /// An operation of an operator's on the user.
    async fn on_user<O: Operation>(&self, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        self.call::<O>(
            json!({"UserPoolId": self.pool().id, "Username": "ana"}),
            members,
        )
        .await
    }

    /// An operation of an operator's on the pool.
    async fn on_pool<O: Operation>(&self, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        self.call::<O>(json!({"UserPoolId": self.pool().id}), members)
            .await
    }

    /// An operation of an operator's on the pool, by its ARN.
    async fn on_arn<O: Operation>(&self, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        self.call::<O>(json!({"ResourceArn": self.pool().arn()}), members)
            .await
    }

    async fn call<O: Operation>(&self, mut input: Value, members: Value) -> Result<(), ApiError>
    where
        O::Output: DeserializeOwned,
    {
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        self.server.call::<O>(input).await.map(drop)
    }
}

/// Every row of every table, by table.
async fn all_rows(server: &TestServer) -> BTreeMap<&'static str, Vec<String>> {
    let mut reader = server.app().db.read().await.unwrap();
    let mut all = BTreeMap::new();
    for table in TABLES {
        let mut rows: Vec<String> = reader
            .query(table.all_rows(), &[])
            .await
            .unwrap()
            .iter()
            .map(|row| format!("{row:?}"))
            .collect();
        rows.sort();
        all.insert(table.name, rows);
    }
    all
}

/// How many rows of each table are gone, and how many are new: a changed row is both.
fn difference(
    before: &BTreeMap<&'static str, Vec<String>>,
    after: &BTreeMap<&'static str, Vec<String>>,
) -> Vec<(&'static str, usize, usize)> {
    let missing =
        |rows: &[String], from: &[String]| rows.iter().filter(|row| !from.contains(row)).count();
    before
        .iter()
        .map(|(name, rows)| {
            let now = &after[name];
            (*name, missing(rows, now), missing(now, rows))
        })
        .filter(|(_, gone, new)| (*gone, *new) != (0, 0))
        .collect()
}

/// Tries one operation with every fault there is.
async fn at_every_fault(
    arrange: impl AsyncFn(&mut Stage),
    act: impl AsyncFn(&Stage) -> Result<(), ApiError>,
    repeated: Repeated,
) {
    for_each_database(async |server| {
        let mut stage = Stage::set(&server).await;
        arrange(&mut stage).await;
        let before = all_rows(&server).await;
        let mut faults = std::iter::once(Fault::BeforeCommit(1)).chain((1..).map(Fault::Statement));
        let mut fired = 0;
        loop {
            let fault = faults.next().unwrap();
            server.faults().arm(None, fault);
            let outcome = act(&stage).await;
            if !server.faults().disarm() {
                // It has no such statement, so nothing has failed, and this was the repetition of
                // all that did.
                outcome.unwrap_or_else(|error| panic!("after {fired} faults: {error:?}"));
                break;
            }
            fired += 1;
            let error = outcome.expect_err("a fault that was not noticed");
            assert_eq!(
                (error.status, error.code.as_str()),
                (503, "ServiceUnavailableException"),
                "{fault:?}"
            );
            assert!(
                all_rows(&server).await == before,
                "{fault:?} has left something behind"
            );
        }
        assert!(fired >= 2, "the operation writes");
        let whole = difference(&before, &all_rows(&server).await);

        // What is on its way goes first, so that the next user of that address finds their own code
        // last.
        server.deliver().await;
        let mut stage = Stage::set(&server).await;
        arrange(&mut stage).await;
        let before = all_rows(&server).await;
        // What was written before does not bear the time of what is written now.
        server.advance(seconds(1));
        server.faults().arm(None, Fault::AfterCommit(1));
        let outcome = act(&stage).await;
        assert!(server.faults().disarm());
        let after = all_rows(&server).await;
        assert_eq!(difference(&before, &after), whole, "done whole");
        match (repeated, outcome) {
            (Settled, outcome) => outcome.unwrap(),
            (_, Ok(())) => panic!("acknowledged without being known"),
            (again, Err(error)) => {
                assert_eq!(error.status, 500);
                match (again, act(&stage).await) {
                    (Refused(code), Err(error)) => assert_eq!(error.code, code),
                    (Refused(code), Ok(())) => panic!("done twice, where {code} was due"),
                    (_, outcome) => outcome.unwrap(),
                }
            }
        }
    })
    .await;
}

/// Tables of what waits: whoever takes it up is asked again who they are.
const WAITING: [&str; 4] = ["attempts", "challenges", "codes", "outbox"];

/// What rests on an access token is not done when its session ends between the check of the token
/// and the write. Which operations those are, they tell by how they refuse a token that is revoked.
async fn after_a_sign_out(
    arrange: impl AsyncFn(&mut Stage),
    act: impl AsyncFn(&Stage) -> Result<(), ApiError>,
) {
    for_each_database(async |server| {
        let mut stage = Stage::set(&server).await;
        arrange(&mut stage).await;
        stage.sign_out().await;
        let by_token = act(&stage)
            .await
            .is_err_and(|error| error.told() == ACCESS_TOKEN_REVOKED);
        if !by_token {
            return;
        }
        server.deliver().await;
        let mut stage = Stage::set(&server).await;
        arrange(&mut stage).await;
        let (on_the_way, before) = tokio::sync::oneshot::channel();
        let (of_server, by_operator) = (server.clone(), stage.sign_out());
        server.faults().meanwhile(async move {
            by_operator.await;
            on_the_way.send(all_rows(&of_server).await).unwrap();
        });
        let outcome = act(&stage).await;
        let before = before.await.expect("the operation writes");
        let mut changed = difference(&before, &all_rows(&server).await);
        changed.retain(|(table, ..)| !WAITING.contains(table));
        assert_eq!(changed, [], "{outcome:?}");
    })
    .await;
}

async fn nothing(_: &mut Stage) {}

/// Undoes the change of an address at the page that the old one was sent to.
async fn press_the_button(stage: &Stage) -> Result<(), ApiError> {
    let request = Request::post("/restoreAddress")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("token={}", stage.found)))
        .unwrap();
    let status = stage.server.raw(request).await.status().as_u16();
    if status == 200 {
        return Ok(());
    }
    // The page names no error: its status tells.
    Err(ApiError {
        code: if status == 503 {
            "ServiceUnavailableException".to_owned()
        } else {
            status.to_string()
        },
        message: String::new(),
        status,
        headers: Box::default(),
    })
}

macro_rules! faults {
    ($($name:ident: $arrange:expr, $act:expr, $repeated:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            at_every_fault($arrange, $act, $repeated).await;
            after_a_sign_out($arrange, $act).await;
        }
    )*};
}

mod groups;
mod imports;
mod recovery_codes;
mod second_factors;
mod step_up;

faults! {
    sign_up: nothing, async |stage| stage.ana.client.user("eve").sign_up().await.map(drop), Settled;
    confirm_sign_up: async |stage| {
        stage.ana = stage.ana.client.user("eve").await;
        stage.found = stage.ana.last_code().await;
    }, async |stage| stage.ana.confirm(&stage.found).await, Settled;
    resend_confirmation_code: async |stage| stage.ana = stage.ana.client.user("eve").await, async |stage| stage.ana.resend().await, Succeeds;
    forgot_password: nothing, async |stage| stage.ana.forgot_password().await, Succeeds;
    confirm_forgot_password: async |stage| {
        stage.ana.forgot_password().await.unwrap();
        stage.found = stage.ana.last_code().await;
    }, async |stage| stage.ana.reset_password(&stage.found, NEW).await, Settled;
    change_password: nothing, async |stage| stage.ana.change_password(&stage.tokens.access, NEW).await, Settled;

    sign_in_by_password: nothing, async |stage| stage.ana.sign_in().await.map(drop), Settled;
    sign_in_by_imported_password: keep_hash, async |stage| stage.ana.sign_in().await.map(drop), Settled;
    sign_in_by_operator: nothing, async |stage| stage.ana.initiate_by_operator().await.map(drop), Settled;
    begin_srp: nothing, async |stage| stage.ana.begin_srp().await.map(drop), Settled;
    begin_with_temporary_password: invite, async |stage| stage.ana.initiate_with_password().await.map(drop), Settled;
    answer_new_password: async |stage| {
        invite(stage).await;
        stage.found = stage.ana.initiate_with_password().await.unwrap().session.unwrap();
    }, async |stage| {
        let (client, answer) = (&stage.ana.client, json!({"NEW_PASSWORD": NEW}));
        let input = json!({"ClientId": client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": stage.found,
            "ChallengeResponses": client.parameters("eve", answer)});
        stage.server.call::<op::RespondToAuthChallenge>(input).await.map(drop)
    }, Settled;
    refresh_with_rotation: async |stage| {
        stage.ana = stage.ana.at(&stage.pool().client().rotation(0).await);
        stage.found = stage.ana.sign_in().await.unwrap().refresh().to_owned();
    }, async |stage| stage.ana.rotate(&stage.found).await.map(drop), Settled;
    revoke_token: nothing, async |stage| stage.ana.revoke(stage.tokens.refresh()).await, Settled;
    global_sign_out: nothing, async |stage| stage.ana.sign_out_everywhere(&stage.tokens.access).await, Settled;

    sign_in_with_as_many_sessions_as_there_may_be: track, async |stage| stage.ana.sign_in().await.map(drop), Settled;
    refresh_that_is_noted: async |stage| {
        track(stage).await;
        stage.server.advance(seconds(60));
    }, async |stage| stage.ana.refresh(stage.tokens.refresh()).await.map(drop), Settled;
    revoke_user_session: lose_a_session, async |stage| stage.own::<op::RevokeUserSession>(json!({"SessionId": stage.found})).await, Settled;
    admin_revoke_user_session: lose_a_session,
        async |stage| stage.on_user::<op::AdminRevokeUserSession>(json!({"SessionId": stage.found})).await, Settled;
    change_password_with_a_history: keep_history, async |stage| stage.ana.change_password(&stage.tokens.access, NEW).await, Settled;
    admin_set_user_password_with_a_history: keep_history,
        async |stage| stage.on_user::<op::AdminSetUserPassword>(json!({"Password": NEW, "Permanent": true})).await, Settled;

    update_user_attributes: nothing, async |stage| stage.ana.update(&stage.tokens.access, &[("email", "new@example.com")]).await, Succeeds;
    delete_user_attributes: async |stage| stage.ana.update(&stage.tokens.access, &[("name", "Ana")]).await.unwrap(),
        async |stage| stage.own::<op::DeleteUserAttributes>(json!({"UserAttributeNames": ["name"]})).await, Succeeds;
    get_user_attribute_verification_code: change_address,
        async |stage| stage.own::<op::GetUserAttributeVerificationCode>(json!({"AttributeName": "email"})).await, Succeeds;
    verify_user_attribute: async |stage| {
        change_address(stage).await;
        stage.found = stage.server.mailbox("new@example.com").await.last_code();
    }, async |stage| stage.ana.verify_email(&stage.tokens.access, &stage.found).await, Settled;
    restore_address: async |stage| {
        change_address(stage).await;
        let mail = stage.server.mailbox("ana@example.com").await;
        let (_, token) = mail.last_text().split_once("token=").unwrap();
        stage.found = token.chars().take_while(char::is_ascii_alphabetic).collect();
    }, press_the_button, Settled;
    confirm_device: new_device,
        async |stage| stage.device().confirm(&stage.tokens.access).await.map(drop), Settled;
    update_device_status: confirmed_device,
        async |stage| stage.own_device::<op::UpdateDeviceStatus>(json!({"DeviceRememberedStatus": "not_remembered"})).await, Settled;
    forget_device: confirmed_device, async |stage| stage.own_device::<op::ForgetDevice>(json!({})).await, Settled;
    begin_device_sign_in: confirmed_device, async |stage| stage.device().initiate().await.map(drop), Settled;
    begin_device_srp: async |stage| {
        confirmed_device(stage).await;
        stage.found = stage.device().initiate().await.unwrap().session.unwrap();
    }, async |stage| stage.device().begin(Some(&stage.found)).await.map(drop), Settled;
    answer_device_srp: async |stage| {
        confirmed_device(stage).await;
        let session = stage.device().initiate().await.unwrap().session;
        stage.exchange = Some(stage.device().begin(session.as_deref()).await.unwrap());
    }, async |stage| stage.exchange.as_ref().unwrap().answer().tokens().await.map(drop), Settled;
    delete_user: nothing, async |stage| stage.own::<op::DeleteUser>(json!({})).await, Settled;

    admin_create_user: nothing, async |stage| {
        let members = json!({"Username": "eve", "UserAttributes": [{"Name": "email", "Value": "eve@example.com"}], "DesiredDeliveryMediums": ["EMAIL"]});
        stage.on_pool::<op::AdminCreateUser>(members).await
    }, Settled;
    resend_invitation: async |stage| stage.pool().invite("eve", PASSWORD, &[("email", "eve@example.com")]).await, async |stage| {
        let members = json!({"Username": "eve", "MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"]});
        stage.on_pool::<op::AdminCreateUser>(members).await
    }, Succeeds;
    admin_confirm_sign_up: async |stage| drop(stage.ana.client.user("eve").await),
        async |stage| stage.on_pool::<op::AdminConfirmSignUp>(json!({"Username": "eve"})).await, Settled;
    admin_delete_user: nothing, async |stage| stage.on_user::<op::AdminDeleteUser>(json!({})).await, Settled;
    admin_disable_user: nothing, async |stage| stage.on_user::<op::AdminDisableUser>(json!({})).await, Succeeds;
    admin_enable_user: nothing, async |stage| stage.on_user::<op::AdminEnableUser>(json!({})).await, Succeeds;
    admin_set_user_password: nothing,
        async |stage| stage.on_user::<op::AdminSetUserPassword>(json!({"Password": NEW, "Permanent": true})).await, Settled;
    admin_reset_user_password: nothing, async |stage| stage.on_user::<op::AdminResetUserPassword>(json!({})).await, Succeeds;
    admin_update_user_attributes: nothing,
        async |stage| stage.on_user::<op::AdminUpdateUserAttributes>(json!({"UserAttributes": [{"Name": "name", "Value": "Ana"}]})).await, Succeeds;
    admin_delete_user_attributes: nothing,
        async |stage| stage.on_user::<op::AdminDeleteUserAttributes>(json!({"UserAttributeNames": ["name"]})).await, Succeeds;
    list_users_of_an_earlier_version: unindexed,
        async |stage| stage.on_pool::<op::ListUsers>(json!({"Filter": "name = \"x\""})).await, Succeeds;
    admin_update_device_status: confirmed_device,
        async |stage| stage.on_device::<op::AdminUpdateDeviceStatus>(json!({"DeviceRememberedStatus": "not_remembered"})).await, Settled;
    admin_forget_device: confirmed_device, async |stage| stage.on_device::<op::AdminForgetDevice>(json!({})).await, Settled;
    admin_user_global_sign_out: nothing, async |stage| stage.on_user::<op::AdminUserGlobalSignOut>(json!({})).await, Settled;

    start_web_authn_registration: nothing,
        async |stage| stage.own::<op::StartWebAuthnRegistration>(json!({})).await, Settled;
    complete_web_authn_registration: begin_passkey, async |stage| {
        let credential: Value = serde_json::from_str(&stage.found).unwrap();
        stage.own::<op::CompleteWebAuthnRegistration>(json!({"Credential": credential})).await
    }, Settled;
    sign_in_with_a_passkey: ask_for_passkey, async |stage| {
        let (session, credential): (String, Value) = serde_json::from_str(&stage.found).unwrap();
        stage.ana.answer_passkey(&session, &credential).await.map(drop)
    }, Settled;
    delete_web_authn_credential: async |stage| {
        let mut passkey = TestPasskey::eddsa();
        stage.ana.add_passkey(&stage.tokens.access, &mut passkey).await.unwrap();
        stage.found = passkey.id();
    }, async |stage| stage.own::<op::DeleteWebAuthnCredential>(json!({"CredentialId": stage.found})).await, Settled;

    // A repeated creation makes another, as AWS does: pools and clients have no name of their own.
    create_user_pool: nothing, async |stage| stage.server.call::<op::CreateUserPool>(json!({"PoolName": "other"})).await.map(drop), Succeeds;
    update_user_pool: nothing, async |stage| stage.on_pool::<op::UpdateUserPool>(json!({"AutoVerifiedAttributes": ["email"]})).await, Succeeds;
    add_custom_attributes: nothing, async |stage| {
        let members = json!({"CustomAttributes": [{"Name": "role", "AttributeDataType": "String"}]});
        stage.on_pool::<op::AddCustomAttributes>(members).await
    }, Refused("InvalidParameterException");
    update_provisioned_limit: async |stage| {
        stage.server = stage.server.node_with_rates(&["LimitManagement=100"]);
        provision(stage, 120).await.unwrap();
    }, async |stage| provision(stage, 500).await, Succeeds;
    set_user_pool_session_configuration: nothing, async |stage| {
        let members = json!({"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 3}});
        stage.on_pool::<op::SetUserPoolSessionConfiguration>(members).await
    }, Succeeds;
    tag_resource: nothing, async |stage| stage.on_arn::<op::TagResource>(json!({"Tags": {"team": "b"}})).await, Succeeds;
    untag_resource: async |stage| stage.on_arn::<op::TagResource>(json!({"Tags": {"team": "a"}})).await.unwrap(),
        async |stage| stage.on_arn::<op::UntagResource>(json!({"TagKeys": ["team"]})).await, Succeeds;
    delete_user_pool: nothing, async |stage| stage.on_pool::<op::DeleteUserPool>(json!({})).await, Settled;
    create_user_pool_client: nothing,
        async |stage| stage.on_pool::<op::CreateUserPoolClient>(json!({"ClientName": "other"})).await, Succeeds;
    update_user_pool_client: nothing,
        async |stage| stage.on_pool::<op::UpdateUserPoolClient>(json!({"ClientId": stage.ana.client.id, "ClientName": "other"})).await, Succeeds;
    create_resource_server: nothing,
        async |stage| stage.on_pool::<op::CreateResourceServer>(json!({"Identifier": "photos", "Name": "Photos"})).await, Settled;
    update_resource_server: resource_server,
        async |stage| stage.on_pool::<op::UpdateResourceServer>(json!({"Identifier": "photos", "Name": "Pictures"})).await, Succeeds;
    delete_resource_server: resource_server,
        async |stage| stage.on_pool::<op::DeleteResourceServer>(json!({"Identifier": "photos"})).await, Settled;
    add_user_pool_client_secret: secret_client, async |stage| {
        let members = json!({"ClientId": stage.ana.client.id, "ClientSecret": "A_secret_of_24_characters"});
        stage.on_pool::<op::AddUserPoolClientSecret>(members).await
    }, Settled;
    delete_user_pool_client_secret: async |stage| {
        secret_client(stage).await;
        let of_client = json!({"UserPoolId": stage.pool().id, "ClientId": stage.ana.client.id});
        let added = stage.server.call::<op::AddUserPoolClientSecret>(&of_client).await.unwrap();
        stage.found = added.client_secret_descriptor.unwrap().client_secret_id.unwrap();
    }, async |stage| {
        let members = json!({"ClientId": stage.ana.client.id, "ClientSecretId": stage.found});
        stage.on_pool::<op::DeleteUserPoolClientSecret>(members).await
    }, Settled;
    delete_user_pool_client: nothing,
        async |stage| stage.on_pool::<op::DeleteUserPoolClient>(json!({"ClientId": stage.ana.client.id})).await, Settled;
}

async fn resource_server(stage: &mut Stage) {
    let photos = json!({"Identifier": "photos", "Name": "Photos"});
    let created = stage.on_pool::<op::CreateResourceServer>(photos).await;
    created.unwrap();
}

/// The user at an app client that has a secret.
async fn secret_client(stage: &mut Stage) {
    let client = stage.pool().client().secret().await;
    stage.ana = stage.ana.at(&client);
}

/// A device in a pool that remembers devices, not confirmed.
async fn new_device(stage: &mut Stage) {
    let pool = stage.server.pool().devices(true, false).await;
    stage.ana = pool.client().await.user("ana").confirmed().await;
    stage.tokens = stage.ana.sign_in().await.unwrap();
    stage.device = Some(stage.ana.new_device(&stage.tokens));
}

async fn confirmed_device(stage: &mut Stage) {
    new_device(stage).await;
    let confirmed = stage.device().confirm(&stage.tokens.access).await;
    confirmed.unwrap();
}

/// Somebody who has a temporary password.
async fn invite(stage: &mut Stage) {
    let attributes = [("email", "eve@example.com")];
    stage.pool().invite("eve", PASSWORD, &attributes).await;
    stage.ana = stage.ana.named("eve").with_password(PASSWORD);
}

/// A sign-in that waits for a passkey, and the passkey's response.
async fn ask_for_passkey(stage: &mut Stage) {
    let mut passkey = TestPasskey::eddsa();
    passkey.authenticator.counter = 1;
    let access = &stage.tokens.access;
    stage.ana.add_passkey(access, &mut passkey).await.unwrap();
    let client = stage.pool().client().user_auth().await;
    stage.ana = stage.ana.at(&client);
    let (session, options) = stage.ana.begin_passkey().await.unwrap();
    let credential = passkey.sign_in(&options);
    stage.found = json!([session, credential]).to_string();
}

/// A passkey that was made and not handed in.
async fn begin_passkey(stage: &mut Stage) {
    let options = stage
        .ana
        .passkey_options(&stage.tokens.access)
        .await
        .unwrap();
    stage.found = TestPasskey::eddsa().register(&options).to_string();
}

/// The rate at which users are read; 120 is what is there without asking.
async fn provision(stage: &Stage, rate: u32) -> Result<(), ApiError> {
    let of = json!({"LimitClass": "API_CATEGORY", "Attributes": {"Category": "UserRead"}});
    let input = json!({"LimitDefinition": of, "RequestedLimitValue": rate});
    let updated = stage.server.call::<op::UpdateProvisionedLimit>(input).await;
    updated.map(drop)
}

/// A pool that tracks sessions, in which the user has as many as they may.
async fn track(stage: &mut Stage) {
    limit_sessions(stage, 1).await;
}

async fn limit_sessions(stage: &Stage, most: u32) {
    let members = json!({"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": most}});
    stage
        .on_pool::<op::SetUserPoolSessionConfiguration>(members)
        .await
        .unwrap();
}

/// Another session of the user's.
async fn lose_a_session(stage: &mut Stage) {
    limit_sessions(stage, 2).await;
    let lost = stage.ana.sign_in().await.unwrap();
    let input = json!({"AccessToken": lost.access});
    let listed = stage.server.call::<op::ListUserSessions>(input).await;
    let mut sessions = listed.unwrap().sessions.unwrap().into_iter();
    let lost = sessions.find(|session| session.is_current_session == Some(true));
    stage.found = lost.unwrap().session_id.unwrap();
}

/// A pool with a password history, in which the user has an earlier password.
async fn keep_history(stage: &mut Stage) {
    let policy = json!({"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 3}});
    stage
        .on_pool::<op::UpdateUserPool>(json!({"Policies": policy}))
        .await
        .unwrap();
    let members = json!({"Password": "Between-Horse-7", "Permanent": true});
    let set = stage.on_user::<op::AdminSetUserPassword>(members).await;
    set.unwrap();
    stage.ana = stage.ana.with_password("Between-Horse-7");
    stage.tokens = stage.ana.sign_in().await.unwrap();
}

/// Of the user's password only a hash is known.
async fn keep_hash(stage: &mut Stage) {
    stage.ana.known_by(&hash_of(PASSWORD)).await;
}

/// The users are as a node of an earlier version has written them.
async fn unindexed(stage: &mut Stage) {
    let unindex = async |tx: &mut cognate_store::Tx| -> Result<u64, cognate_store::Error> {
        let sql = "UPDATE users SET searched_revision = NULL";
        tx.execute(sql, &[]).await
    };
    let done = stage.server.app().db.write("unindex", unindex).await;
    done.unwrap();
}

async fn change_address(stage: &mut Stage) {
    stage
        .ana
        .update(&stage.tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
}

/// A lost answer makes no wrong code right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_whose_answer_was_lost_is_wrong() {
    for_each_database(async |server| {
        let stage = Stage::set(&server).await;
        let eve = stage.ana.client.user("eve").await;
        let code = eve.last_code().await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        server.advance(seconds(1));
        server
            .faults()
            .arm(Some("confirm_sign_up"), Fault::AfterCommit(1));
        let error = eve.confirm(wrong).await.unwrap_err();
        assert!(server.faults().disarm());
        assert_eq!(error.code, "CodeMismatchException");
        assert_eq!(stage.pool().status("eve").await, "UNCONFIRMED");
        eve.confirm(&code).await.unwrap();
    })
    .await;
}

/// An SRP answer is repeated as it is, as a client's library does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_srp() {
    for_each_database(async |server| {
        let stage = Stage::set(&server).await;
        let answer = stage.ana.begin_srp().await.unwrap().answer(PASSWORD);
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::Statement(3),
            Fault::Statement(4),
            Fault::BeforeCommit(1),
        ] {
            server.faults().arm(Some("sign_in"), fault);
            assert_eq!(answer.tokens().await.unwrap_err().status, 503, "{fault:?}");
            assert!(server.faults().disarm());
        }
        server.faults().arm(Some("sign_in"), Fault::AfterCommit(1));
        let tokens = answer.tokens().await.unwrap();
        stage.ana.get_user(&tokens.access).await.unwrap();
        assert_eq!(answer.tokens().await.unwrap_err().status, 400);
    })
    .await;
}
