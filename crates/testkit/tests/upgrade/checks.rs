//! What must hold of a release's data under the code of the day, one function for each kind.

use axum::body::Body;
use axum::http::Request;
use cognate_testkit::{TestServer, claims, header, hours, minutes, op, refused};
use serde_json::json;

use crate::release::Release;

const NEW_PASSWORD: &str = "Another-Horse-2";

/// All of it. What lets time pass comes last.
pub(crate) async fn all(server: &TestServer, release: &Release) {
    sessions_go_on(server, release).await;
    a_challenge_that_waited_is_answered(server, release).await;
    users_sign_in_as_before(server, release).await;
    users_are_who_they_were(server, release).await;
    codes_that_were_on_their_way_work(server, release).await;
    the_way_back_of_an_address_works(server, release).await;
    settings_and_tags_are_there(server, release).await;
    an_access_key_may_what_it_might(server, release).await;
    keys_that_were_replaced_are_published(server, release).await;
    mail_that_waited_is_sent(server, release).await;
    what_was_deleted_stays_so(server, release).await;
}

async fn sessions_go_on(server: &TestServer, release: &Release) {
    for name in ["ana", "dan"] {
        let user = release.user(server, name);
        let token = |kind: &str| release.text(&format!("/users/{name}/session/{kind}"));
        user.get_user(token("access")).await.unwrap();
        let fresh = user.refresh(token("refresh")).await.unwrap();
        user.get_user(&fresh.access).await.unwrap();
        let (before, after) = (claims(token("id")), claims(&fresh.id));
        for claim in ["sub", "iss", "aud", "auth_time", "origin_jti"] {
            assert_eq!(before[claim], after[claim], "{name}: {claim}");
        }
    }
    let ana = release.user(server, "ana");
    let revoked = |kind: &str| release.text(&format!("/users/ana/revoked/{kind}"));
    refused(ana.refresh(revoked("refresh")).await);
    refused(ana.get_user(revoked("access")).await);
}

async fn a_challenge_that_waited_is_answered(server: &TestServer, release: &Release) {
    let cid = release.user(server, "cid");
    assert_eq!(cid.client.pool.status("cid").await, "FORCE_CHANGE_PASSWORD");
    let answer = server
        .call::<op::RespondToAuthChallenge>(json!({
            "ClientId": cid.client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": release.text("/users/cid/challenge"),
            "ChallengeResponses": {"USERNAME": "cid", "NEW_PASSWORD": NEW_PASSWORD},
        }))
        .await
        .unwrap();
    assert!(answer.authentication_result.is_some());
    cid.with_password(NEW_PASSWORD).sign_in_srp().await.unwrap();
}

async fn users_sign_in_as_before(server: &TestServer, release: &Release) {
    for name in ["ana", "dan", "eve", "fay", "hal"] {
        let user = release.user(server, name);
        let tokens = user.sign_in_srp().await.unwrap();
        assert_eq!(claims(&tokens.id)["sub"], user.sub.as_str());
        user.sign_in().await.unwrap();
        refused(user.with_password("Wrong-Horse-1").sign_in().await);
    }
    let ana = release.user(server, "ana");
    ana.named(&ana.address).sign_in_srp().await.unwrap();
    let disabled = refused(release.user(server, "gus").sign_in().await);
    assert_eq!(
        disabled.told(),
        ("NotAuthorizedException", "User is disabled.")
    );
    let unconfirmed = refused(release.user(server, "bea").sign_in().await);
    assert_eq!(unconfirmed.code, "UserNotConfirmedException");
}

async fn users_are_who_they_were(server: &TestServer, release: &Release) {
    let ana = release.user(server, "ana");
    let pool = &ana.client.pool;
    let known = release.value("/users/ana/attributes").as_object().unwrap();
    assert_eq!(known.len(), 3);
    for (name, value) in known {
        let found = pool.attribute("ana", name).await;
        assert_eq!(found.as_deref(), value.as_str(), "{name}");
    }
    assert_eq!(pool.attribute("ana", "sub").await, Some(ana.sub.clone()));
    let verified = pool.attribute("ana", "email_verified").await;
    assert_eq!(verified.as_deref(), Some("true"));
    // And they can be changed.
    let tokens = ana.sign_in().await.unwrap();
    let change = [("custom:shoe", "43")];
    ana.update(&tokens.access, &change).await.unwrap();
    let changed = pool.attribute("ana", "custom:shoe").await;
    assert_eq!(changed.as_deref(), Some("43"));
}

async fn codes_that_were_on_their_way_work(server: &TestServer, release: &Release) {
    let bea = release.user(server, "bea");
    bea.confirm(release.text("/users/bea/code")).await.unwrap();
    bea.sign_in_srp().await.unwrap();
    let eve = release.user(server, "eve");
    let code = release.text("/users/eve/code");
    eve.reset_password(code, NEW_PASSWORD).await.unwrap();
    eve.with_password(NEW_PASSWORD).sign_in_srp().await.unwrap();
    refused(eve.sign_in().await);
}

async fn the_way_back_of_an_address_works(server: &TestServer, release: &Release) {
    let fay = release.user(server, "fay");
    let text = |member: &str| release.text(&format!("/users/fay/{member}"));
    fay.verify_email(text("access"), text("code"))
        .await
        .unwrap();
    let (path, query) = text("way_back").split_once('?').unwrap();
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(query.to_owned()))
        .unwrap();
    assert_eq!(server.raw(request).await.status().as_u16(), 200);
    let address = fay.client.pool.attribute("fay", "email").await;
    assert_eq!(address.as_deref(), Some(text("old_email")));
}

async fn settings_and_tags_are_there(server: &TestServer, release: &Release) {
    let pool = release.pool(server);
    let described = server
        .call::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}))
        .await
        .unwrap();
    let described = serde_json::to_value(described.user_pool.unwrap()).unwrap();
    assert_eq!(
        described["Policies"]["PasswordPolicy"]["MinimumLength"],
        *release.value("/pool/minimum_length")
    );
    assert_eq!(described["UserPoolTags"], *release.value("/pool/tags"));
    let schema = described["SchemaAttributes"].as_array().unwrap();
    for name in ["custom:shoe", "custom:nick"] {
        assert!(schema.iter().any(|attribute| attribute["Name"] == name));
    }
    let tags = server
        .call::<op::ListTagsForResource>(json!({"ResourceArn": pool.arn()}))
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(tags).unwrap()["Tags"],
        *release.value("/pool/tags")
    );
}

async fn an_access_key_may_what_it_might(server: &TestServer, release: &Release) {
    let key = release.key();
    let pool = release.pool(server);
    let listed = server
        .prepare::<op::ListUserPools>(json!({"MaxResults": 10}))
        .signed_by(&key)
        .send()
        .await
        .output::<op::ListUserPools>()
        .unwrap();
    assert_eq!(listed.user_pools.unwrap_or_default().len(), 1);
    let user = json!({"UserPoolId": pool.id, "Username": "ana"});
    let found = server
        .prepare::<op::AdminGetUser>(&user)
        .signed_by(&key)
        .send()
        .await;
    assert_eq!(found.status, 200);
    for denied in [
        server.prepare::<op::AdminDeleteUser>(&user),
        server.prepare::<op::DescribeUserPool>(json!({"UserPoolId": pool.id})),
    ] {
        let error = denied.signed_by(&key).send().await.error();
        assert_eq!(error.code, "AccessDeniedException");
    }
}

async fn keys_that_were_replaced_are_published(server: &TestServer, release: &Release) {
    let ana = release.user(server, "ana");
    let (status, keys) = server
        .get(&format!("/{}/.well-known/jwks.json", ana.client.pool.id))
        .await;
    assert_eq!((status, keys.matches("\"kid\"").count()), (200, 4));
    let old = header(release.text("/users/ana/session/access"));
    let new = header(&ana.sign_in().await.unwrap().access);
    assert_ne!(old["kid"], new["kid"]);
    for kid in [&old["kid"], &new["kid"]] {
        assert!(keys.contains(kid.as_str().unwrap()), "{keys}");
    }
}

/// The release's server could reach no mail server in the end; the next one can.
async fn mail_that_waited_is_sent(server: &TestServer, release: &Release) {
    server.advance(minutes(15));
    let ivy = release.user(server, "ivy");
    let code = ivy.last_code().await;
    ivy.confirm(&code).await.unwrap();
    ivy.sign_in_srp().await.unwrap();
}

async fn what_was_deleted_stays_so(server: &TestServer, release: &Release) {
    let deleted = json!({"UserPoolId": release.text("/deleted_pool")});
    let error = refused(server.call::<op::DescribeUserPool>(deleted).await);
    assert_eq!(error.code, "ResourceNotFoundException");
    server.advance(hours(2));
    server.expire().await;
    release.user(server, "ana").sign_in_srp().await.unwrap();
}
