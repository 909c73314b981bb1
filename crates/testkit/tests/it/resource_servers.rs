//! Resource servers and their scopes.

use cognate_model::resource_server::CustomScope;
use cognate_service::server_settings::{self, Subject};
use cognate_store::resource_servers;
use cognate_testkit::{TestPool, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

fn of(pool: &TestPool, identifier: &str, own: Value) -> Value {
    let mut input = json!({"UserPoolId": pool.id, "Identifier": identifier});
    let members = own.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(members);
    input
}

fn scopes(names: &[&str]) -> Value {
    let scope = |name: &&str| json!({"ScopeName": name, "ScopeDescription": format!("to {name}")});
    names.iter().map(scope).collect()
}

async fn create(pool: &TestPool, identifier: &str, own: Value) -> Result<Value, (String, String)> {
    let input = of(pool, identifier, own);
    let created = pool.server.call::<op::CreateResourceServer>(input).await;
    let shown = created.map(|answer| serde_json::to_value(answer.resource_server).unwrap());
    shown.map_err(|error| (error.code, error.message))
}

async fn describe(pool: &TestPool, identifier: &str) -> Result<Value, String> {
    let input = of(pool, identifier, json!({}));
    let shown = pool.server.call::<op::DescribeResourceServer>(input).await;
    shown
        .map(|answer| serde_json::to_value(answer.resource_server).unwrap())
        .map_err(|error| error.message)
}

#[tokio::test]
async fn a_resource_server_is_made_shown_changed_and_deleted() {
    for_each_database(async |server| {
        let (pool, other) = (server.pool().await, server.pool().await);
        let photos = "https://photos.example.com/v1";
        let made = json!({"Name": "Photos", "Scopes": scopes(&["read", "write:all"])});
        let shown = create(&pool, photos, made.clone()).await.unwrap();
        assert_eq!(shown, of(&pool, photos, made));
        assert_eq!(describe(&pool, photos).await.as_ref(), Ok(&shown));
        let gone = format!("Resource server {photos} does not exist.");
        assert_eq!(describe(&other, photos).await, Err(gone.clone()));
        let db = &server.app().db;
        let id = cognate_model::UserPoolId::parse(&pool.id).unwrap();
        for (scope, is_there) in [("read", true), ("write", false), ("write:all", true)] {
            let name = format!("{photos}/{scope}");
            let scope = CustomScope::parse(&name).unwrap();
            let mut reader = db.read().await.unwrap();
            let found = resource_servers::has_scope(&mut reader, &id, scope).await;
            assert_eq!(found.unwrap(), is_there, "{name}");
        }
        // What an update leaves out goes.
        let input = of(&pool, photos, json!({"Name": "Pictures"}));
        server
            .call::<op::UpdateResourceServer>(input)
            .await
            .unwrap();
        let changed = of(&pool, photos, json!({"Name": "Pictures", "Scopes": []}));
        assert_eq!(describe(&pool, photos).await, Ok(changed));
        let input = of(&pool, photos, json!({}));
        server
            .call::<op::DeleteResourceServer>(&input)
            .await
            .unwrap();
        let again = refused(server.call::<op::DeleteResourceServer>(&input).await);
        assert_eq!(again.told(), ("ResourceNotFoundException", gone.as_str()));
        let input = of(&pool, photos, json!({"Name": "x"}));
        let late = refused(server.call::<op::UpdateResourceServer>(input).await);
        assert_eq!(late.message, gone);
    })
    .await;
}

#[tokio::test]
async fn what_would_make_a_scope_mean_two_things_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    create(&pool, "photos", json!({"Name": "Photos"}))
        .await
        .unwrap();
    let invalid = |message: String| Err(("InvalidParameterException".to_owned(), message));
    let taken = create(&pool, "photos", json!({"Name": "Others"})).await;
    assert_eq!(
        taken,
        invalid(format!("photos already exists in user pool {}.", pool.id))
    );
    let twice = json!({"Name": "x", "Scopes": scopes(&["read", "read"])});
    let twice = create(&pool, "x", twice).await;
    assert_eq!(
        twice,
        invalid("Scopes has the scope read twice.".to_owned())
    );
    let own = create(&pool, "aws.cognito", json!({"Name": "x"})).await;
    let reserved = "Identifiers that begin with aws.cognito are reserved.";
    assert_eq!(own, invalid(reserved.to_owned()));
    // By the constraints of the model.
    let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (identifier, own) in [
        ("with a space", json!({"Name": "x"})),
        ("a\"quote", json!({"Name": "x"})),
        ("x", json!({"Name": "x", "Scopes": scopes(&["with/slash"])})),
        ("x", json!({"Name": "x", "Scopes": scopes(&many)})),
        ("x", json!({"Name": "x", "Scopes": [{"ScopeName": "y"}]})),
        ("x", json!({})),
    ] {
        let error = create(&pool, identifier, own).await.unwrap_err();
        assert_eq!(error.0, "InvalidParameterException", "{}", error.1);
    }
    // In another pool the identifier is another resource server.
    create(&server.pool().await, "photos", json!({"Name": "Photos"}))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pool_has_as_many_as_it_may_and_lists_them_page_by_page() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let subject = Subject {
        pool: pool.id.clone(),
        client: None,
    };
    let most = async |of: &str, number: &str| {
        let set = server_settings::set(&server.app().db, &subject, of, Some(number));
        set.await.unwrap();
    };
    most("resource-servers", "3").await;
    most("app-clients", "1").await;
    for identifier in ["b", "c", "a"] {
        create(&pool, identifier, json!({"Name": identifier}))
            .await
            .unwrap();
    }
    let error = create(&pool, "d", json!({"Name": "d"})).await.unwrap_err();
    assert_eq!(error.0, "LimitExceededException");
    assert_eq!(
        error.1,
        "The limit is reached: 3 resource servers of a user pool"
    );
    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let input = json!({"UserPoolId": pool.id, "MaxResults": 2, "NextToken": token});
        let page = server.call::<op::ListResourceServers>(input).await.unwrap();
        assert!(page.resource_servers.len() <= 2);
        let names = page.resource_servers.into_iter();
        listed.extend(names.map(|one| one.identifier.unwrap()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(listed, ["a", "b", "c"]);
    let client = pool.client().await;
    let error = refused(pool.client().create().await);
    let words = "The limit is reached: 1 app clients of a user pool";
    assert_eq!(error.told(), ("LimitExceededException", words));
    client.user("ana").await;
}
