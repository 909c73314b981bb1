//! Devices: given a key, confirmed, listed, remembered and forgotten.

use cognate_api::Operation;
use cognate_api::idp::DeviceType;
use cognate_model::{Device, DeviceKey, Sub, Timestamp, UserPoolId};
use cognate_store::{Error as StoreError, Tx, devices};
use cognate_testkit::{
    TestClient, TestDevice, TestServer, TestUser, Tokens, claims, for_each_database, op, refused,
};
use serde_json::{Value, json};

const NO_SUCH_DEVICE: (&str, &str) = ("ResourceNotFoundException", "Device does not exist.");
const INVALID_KEY: (&str, &str) = ("InvalidParameterException", "Invalid device key given.");
const UNKNOWN: &str = "us-east-1_77777777-8888-4999-8aaa-bbbbbbbbbbbb";

/// `ana` in a pool that remembers devices.
async fn ana_at(server: &TestServer, on_user_prompt: bool) -> TestUser {
    let pool = server.pool().devices(false, on_user_prompt).await;
    pool.client().await.user("ana").confirmed().await
}

/// An operation of the user's own on a device.
fn own(tokens: &Tokens, key: &str) -> Value {
    json!({"AccessToken": tokens.access, "DeviceKey": key})
}

/// An operation of an operator's on a device.
fn of_operator(user: &TestUser, key: &str) -> Value {
    json!({"UserPoolId": user.client.pool.id, "Username": user.name, "DeviceKey": key})
}

fn attribute<'a>(device: &'a DeviceType, name: &str) -> Option<&'a str> {
    let attributes = device.device_attributes.as_ref().unwrap();
    let found = attributes.iter().find(|attribute| attribute.name == name)?;
    found.value.as_deref()
}

async fn told<O: Operation>(server: &TestServer, input: Value) -> (String, String) {
    let error = server.prepare::<O>(input).send().await.error();
    (error.code, error.message)
}

fn words((code, message): (&str, &str)) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

async fn listed(server: &TestServer, tokens: &Tokens) -> Vec<String> {
    let input = json!({"AccessToken": tokens.access});
    let list = server.call::<op::ListDevices>(input).await.unwrap();
    assert_eq!(list.pagination_token, None);
    let devices = list.devices.unwrap().into_iter();
    devices.map(|device| device.device_key.unwrap()).collect()
}

#[tokio::test]
async fn a_pool_that_remembers_no_devices_gives_no_key() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    assert_eq!(tokens.new_device, None);
    assert!(claims(&tokens.access).get("device_key").is_none());
    // A key in the request has no meaning there.
    let parameters = json!({"USERNAME": "ana", "PASSWORD": ana.password, "DEVICE_KEY": "x"});
    let input = ana.client.initiation("USER_PASSWORD_AUTH", &parameters);
    server.call::<op::InitiateAuth>(input).await.unwrap();
    let input = TestDevice {
        user: ana.clone(),
        key: UNKNOWN.to_owned(),
        group_key: "-group".to_owned(),
        secret: "secret".to_owned(),
    };
    let error = refused(input.confirm(&tokens.access).await);
    assert_eq!(error.told(), INVALID_KEY);
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_given_a_key_by_which_it_is_confirmed() {
    for_each_database(async |server| {
        let ana = ana_at(&server, false).await;
        let tokens = ana.sign_in().await.unwrap();
        let device = ana.new_device(&tokens);
        assert!(device.key.starts_with("us-east-1_"), "{}", device.key);
        assert!(device.group_key.starts_with('-'), "{}", device.group_key);
        assert_eq!(claims(&tokens.access)["device_key"], device.key);
        assert!(claims(&tokens.id).get("device_key").is_none());
        let get = own(&tokens, &device.key);
        assert_eq!(
            told::<op::GetDevice>(&server, get.clone()).await,
            words(NO_SUCH_DEVICE)
        );
        let confirmed = device.confirm(&tokens.access).await.unwrap();
        assert_eq!(confirmed.user_confirmation_necessary, Some(false));
        let shown = server.call::<op::GetDevice>(get).await.unwrap().device;
        assert_eq!(shown.device_key.as_deref(), Some(&*device.key));
        assert_eq!(attribute(&shown, "device_status"), Some("valid"));
        assert_eq!(attribute(&shown, "device_name"), Some("phone"));
        assert_eq!(attribute(&shown, "last_ip_used"), Some("127.0.0.1"));
        assert_eq!(attribute(&shown, "dev:device_remembered_status"), None);
        assert_eq!(listed(&server, &tokens).await, [device.key]);
    })
    .await;
}

#[tokio::test]
async fn only_the_key_that_the_sign_in_was_given_is_confirmed_and_only_once() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, false).await;
    let bob = ana.client.user("bob").confirmed().await;
    let (first, second) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
    let of_bob = bob.sign_in().await.unwrap();
    for (device, tokens) in [
        (ana.new_device(&first), &second),
        (ana.new_device(&first), &of_bob),
        (bob.new_device(&of_bob), &first),
    ] {
        let error = refused(device.confirm(&tokens.access).await);
        assert_eq!(error.told(), INVALID_KEY);
    }
    let device = ana.new_device(&first);
    device.confirm(&first.access).await.unwrap();
    let error = refused(device.confirm(&first.access).await);
    assert_eq!(error.code, "DeviceKeyExistsException");
}

#[tokio::test]
async fn a_device_that_sends_no_secret_or_one_that_any_would_match_is_refused() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, false).await;
    let tokens = ana.sign_in().await.unwrap();
    let device = ana.new_device(&tokens);
    let good = device.confirmation(&tokens.access);
    let (salt, verifier) = (
        "/DeviceSecretVerifierConfig/Salt",
        "/DeviceSecretVerifierConfig/PasswordVerifier",
    );
    for (place, value) in [
        ("/DeviceSecretVerifierConfig", Value::Null),
        (salt, Value::Null),
        (salt, "".into()),
        (salt, "AAAA".into()),
        (salt, "no base64".into()),
        (verifier, Value::Null),
        (verifier, "".into()),
        (verifier, "AA==".into()),
        (verifier, "AQ==".into()),
        (verifier, "?".into()),
    ] {
        let mut input = good.clone();
        *input.pointer_mut(place).unwrap() = value.clone();
        let error = refused(server.call::<op::ConfirmDevice>(input).await);
        assert_eq!(error.code, "InvalidParameterException", "{place} {value}");
        let begins = "Invalid DeviceSecretVerifierConfig given: ";
        assert!(error.message.starts_with(begins), "{}", error.message);
    }
    device.confirm(&tokens.access).await.unwrap();
}

#[tokio::test]
async fn where_users_choose_a_device_is_remembered_once_they_have() {
    for_each_database(async |server| {
        let ana = ana_at(&server, true).await;
        let tokens = ana.sign_in().await.unwrap();
        let device = ana.new_device(&tokens);
        let confirmed = device.confirm(&tokens.access).await.unwrap();
        assert_eq!(confirmed.user_confirmation_necessary, Some(true));
        assert!(listed(&server, &tokens).await.is_empty());
        let status = async |status: &str| {
            let mut input = own(&tokens, &device.key);
            input["DeviceRememberedStatus"] = status.into();
            server.call::<op::UpdateDeviceStatus>(input).await.unwrap();
        };
        let told_to_operators = async || {
            let input = of_operator(&ana, &device.key);
            let shown = server.call::<op::AdminGetDevice>(input).await.unwrap();
            let status = attribute(&shown.device, "dev:device_remembered_status");
            status.unwrap().to_owned()
        };
        assert_eq!(told_to_operators().await, "not_remembered");
        status("remembered").await;
        assert_eq!(told_to_operators().await, "remembered");
        assert_eq!(
            listed(&server, &tokens).await,
            std::slice::from_ref(&device.key)
        );
        // Nothing is changed where nothing is said.
        let input = own(&tokens, &device.key);
        server.call::<op::UpdateDeviceStatus>(input).await.unwrap();
        assert_eq!(told_to_operators().await, "remembered");
        status("not_remembered").await;
        assert_eq!(told_to_operators().await, "not_remembered");
        assert!(listed(&server, &tokens).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_operator_sees_all_devices_and_remembers_and_forgets_them() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, true).await;
    let (device, tokens) = ana.device().await;
    let all = json!({"UserPoolId": ana.client.pool.id, "Username": "ana"});
    let list = server.call::<op::AdminListDevices>(all.clone()).await;
    assert_eq!(list.unwrap().devices.unwrap().len(), 1);
    let input = of_operator(&ana, &device.key);
    let mut remembered = input.clone();
    remembered["DeviceRememberedStatus"] = "remembered".into();
    let update = server.call::<op::AdminUpdateDeviceStatus>(remembered);
    update.await.unwrap();
    assert_eq!(listed(&server, &tokens).await, [device.key]);
    let forget = server.call::<op::AdminForgetDevice>(input.clone());
    forget.await.unwrap();
    let list = server.call::<op::AdminListDevices>(all).await.unwrap();
    assert!(list.devices.unwrap().is_empty());
    let again = told::<op::AdminForgetDevice>(&server, input.clone()).await;
    assert_eq!(again, words(NO_SUCH_DEVICE));
    let get = told::<op::AdminGetDevice>(&server, input.clone()).await;
    assert_eq!(get, words(NO_SUCH_DEVICE));
    let update = told::<op::AdminUpdateDeviceStatus>(&server, input).await;
    assert_eq!(update, words(NO_SUCH_DEVICE));
}

#[tokio::test]
async fn nobody_sees_or_forgets_another_users_device() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, false).await;
    let (device, _) = ana.device().await;
    let bob = ana.client.user("bob").confirmed().await;
    let tokens = bob.sign_in().await.unwrap();
    for key in [device.key.as_str(), UNKNOWN, "us-east-1_0-0"] {
        let input = own(&tokens, key);
        let get = told::<op::GetDevice>(&server, input.clone()).await;
        assert_eq!(get, words(NO_SUCH_DEVICE));
        let forget = told::<op::ForgetDevice>(&server, input.clone()).await;
        assert_eq!(forget, words(NO_SUCH_DEVICE));
        let mut input = input;
        input["DeviceRememberedStatus"] = "remembered".into();
        let update = told::<op::UpdateDeviceStatus>(&server, input).await;
        assert_eq!(update, words(NO_SUCH_DEVICE));
    }
    assert!(listed(&server, &tokens).await.is_empty());
    let without = told::<op::GetDevice>(&server, json!({"DeviceKey": device.key})).await;
    let missing = "Missing required parameter AccessToken";
    assert_eq!(without, words(("InvalidParameterException", missing)));
}

#[tokio::test]
async fn pages_of_devices_follow_one_another_and_their_tokens_are_one_lists() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, false).await;
    let mut keys = Vec::new();
    let mut tokens = None;
    for _ in 0..5 {
        let (device, of_device) = ana.device().await;
        keys.push(device.key);
        tokens = Some(of_device);
    }
    keys.sort();
    let tokens = tokens.unwrap();
    let (mut token, mut seen, mut pages) = (Value::Null, Vec::new(), 0);
    let bob = ana.client.user("bob").confirmed().await;
    let of_bob = bob.sign_in().await.unwrap();
    loop {
        let input = json!({"AccessToken": tokens.access, "Limit": 2, "PaginationToken": token});
        let page = server.call::<op::ListDevices>(input).await.unwrap();
        let devices = page.devices.unwrap().into_iter();
        seen.extend(devices.map(|device| device.device_key.unwrap()));
        pages += 1;
        let Some(next) = page.pagination_token else {
            break;
        };
        let elsewhere = json!({"AccessToken": of_bob.access, "PaginationToken": next});
        let error = told::<op::ListDevices>(&server, elsewhere).await;
        assert_eq!(
            error,
            words((
                "InvalidParameterException",
                "Invalid pagination token given."
            ))
        );
        token = next.into();
    }
    assert_eq!((pages, seen), (3, keys.clone()));
    let input = json!({"UserPoolId": ana.client.pool.id, "Username": "ana", "Limit": 0});
    let all = server.call::<op::AdminListDevices>(input).await.unwrap();
    assert_eq!(all.devices.unwrap().len(), 5);
}

/// Devices of a user that were confirmed long ago, one after the other.
async fn store_devices(server: &TestServer, client: &TestClient, sub: &str, count: i64) {
    let pool = UserPoolId::parse(&client.pool.id).unwrap();
    let sub = Sub::parse(sub).unwrap();
    let mut random = server.random();
    let all: Vec<Device> = (0..count)
        .map(|at| Device {
            pool: pool.clone(),
            sub: sub.clone(),
            key: DeviceKey::random(&pool, &mut random),
            name: Some(format!("number {at}")),
            remembered: true,
            after_second_factor: false,
            last_ip: None,
            created_at: Timestamp(1),
            modified_at: Timestamp(1),
            authenticated_at: Timestamp(at),
        })
        .collect();
    let secret = cognate_model::device::DeviceSecret {
        salt: vec![1],
        verifier: vec![9; 384],
        group_key: "-group".to_owned(),
    };
    let store = async move |tx: &mut Tx| -> Result<(), StoreError> {
        for device in &all {
            assert!(devices::insert(tx, device, &secret).await?);
        }
        Ok(())
    };
    server.app().db.write("test", store).await.unwrap();
}

#[tokio::test]
async fn of_a_hundred_devices_the_one_that_was_used_least_lately_makes_room() {
    for_each_database(async |server| {
        let ana = ana_at(&server, false).await;
        store_devices(&server, &ana.client, &ana.sub, 100).await;
        let (device, _) = ana.device().await;
        let mut names = Vec::new();
        let mut token = Value::Null;
        loop {
            let input = json!({"UserPoolId": ana.client.pool.id, "Username": "ana", "PaginationToken": token});
            let page = server.call::<op::AdminListDevices>(input).await.unwrap();
            for shown in page.devices.unwrap() {
                names.push(attribute(&shown, "device_name").unwrap().to_owned());
            }
            let Some(next) = page.pagination_token else { break };
            token = next.into();
        }
        assert_eq!(names.len(), 100);
        assert!(!names.contains(&"number 0".to_owned()));
        assert!(names.contains(&"number 1".to_owned()));
        assert!(names.contains(&"phone".to_owned()), "{}", device.key);
    })
    .await;
}

#[tokio::test]
async fn a_pool_shows_how_it_remembers_devices_only_where_that_was_written() {
    let server = TestServer::start().await;
    let pool = server.pool().devices(true, false).await;
    let described = async || {
        let input = json!({"UserPoolId": pool.id});
        let shown = server.call::<op::DescribeUserPool>(input).await.unwrap();
        serde_json::to_value(shown.user_pool.unwrap().device_configuration).unwrap()
    };
    let update = async |members: Value| {
        let mut input = json!({"UserPoolId": pool.id});
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        server.call::<op::UpdateUserPool>(input).await.unwrap();
    };
    let both = |challenge: bool, prompt: bool| json!({"ChallengeRequiredOnNewDevice": challenge, "DeviceOnlyRememberedOnUserPrompt": prompt});
    assert_eq!(described().await, both(true, false));
    update(json!({"DeviceConfiguration": {"DeviceOnlyRememberedOnUserPrompt": false}})).await;
    assert_eq!(described().await, both(false, false));
    update(json!({})).await;
    assert_eq!(described().await, Value::Null);
}

#[tokio::test]
async fn the_devices_of_a_deleted_user_are_not_those_of_the_next_of_that_name() {
    let server = TestServer::start().await;
    let ana = ana_at(&server, false).await;
    let (device, tokens) = ana.device().await;
    let input = json!({"AccessToken": tokens.access});
    server.call::<op::DeleteUser>(input).await.unwrap();
    let next = ana.client.user("ana").confirmed().await;
    let input = of_operator(&next, &device.key);
    let get = told::<op::AdminGetDevice>(&server, input).await;
    assert_eq!(get, words(NO_SUCH_DEVICE));
    // The key is none of this user's, so the sign-in begins on another.
    let answer = device
        .initiate()
        .await
        .unwrap()
        .authentication_result
        .unwrap();
    assert_ne!(
        answer.new_device_metadata.unwrap().device_key,
        Some(device.key)
    );
}
