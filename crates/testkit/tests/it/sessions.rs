//! Session tracking: the sessions of a user listed, limited in number, and revoked one by one.

use cognate_api::idp::SessionDescriptionType;
use cognate_testkit::{
    ApiError, TestClient, TestPool, TestServer, TestUser, Tokens, claims, for_each_database,
    minutes, op, refused, seconds,
};
use serde_json::{Value, json};

use crate::sentences::REVOKED;

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0";
const UNTRACKED: (&str, &str) = (
    "InvalidParameterException",
    "Session tracking is not enabled for this user pool",
);
const NO_SUCH_SESSION: (&str, &str) = ("ResourceNotFoundException", "Session does not exist.");

async fn configure(pool: &TestPool, tracking: &str, most: u32) -> Result<(), ApiError> {
    let input = json!({"UserPoolId": pool.id, "UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": most}});
    let server = &pool.server;
    let answer = server.call::<op::SetUserPoolSessionConfiguration>(input);
    answer.await.map(drop)
}

async fn track(pool: &TestPool, most: u32) {
    configure(pool, "ENABLED", most).await.unwrap();
}

async fn tracked(server: &TestServer, most: u32) -> TestClient {
    let client = server.pool().await.client().await;
    track(&client.pool, most).await;
    client
}

async fn list(user: &TestUser, access: &str) -> Result<Vec<SessionDescriptionType>, ApiError> {
    let server = &user.client.pool.server;
    let input = json!({"AccessToken": access});
    let answer = server.call::<op::ListUserSessions>(input).await?;
    assert_eq!(answer.next_token, None);
    Ok(answer.sessions.unwrap())
}

async fn list_by_operator(user: &TestUser) -> Vec<SessionDescriptionType> {
    let pool = &user.client.pool;
    let input = json!({"UserPoolId": pool.id, "Username": user.name});
    let answer = pool.server.call::<op::AdminListUserSessions>(input).await;
    answer.unwrap().sessions.unwrap()
}

/// The id under which the session of a token is listed.
async fn id_of(user: &TestUser, access: &str) -> String {
    let sessions = list(user, access).await.unwrap();
    let own = |session: &SessionDescriptionType| session.is_current_session == Some(true);
    let mut own = sessions.into_iter().filter(own);
    let id = own.next().unwrap().session_id.unwrap();
    assert!(own.next().is_none(), "one is the caller's own");
    id
}

async fn revoke(user: &TestUser, access: &str, session: &str) -> Result<(), ApiError> {
    let input = json!({"AccessToken": access, "SessionId": session});
    let server = &user.client.pool.server;
    server.call::<op::RevokeUserSession>(input).await.map(drop)
}

async fn revoke_by_operator(user: &TestUser, session: &str) -> Result<(), ApiError> {
    let pool = &user.client.pool;
    let input = json!({"UserPoolId": pool.id, "Username": user.name, "SessionId": session,
        "RevokeAssociatedSessions": "LINKED"});
    let answer = pool.server.call::<op::AdminRevokeUserSession>(input);
    answer.await.map(drop)
}

async fn sign_in_from(user: &TestUser, address: [u8; 4], agent: &str) -> Tokens {
    let parameters = json!({"USERNAME": user.name, "PASSWORD": user.password});
    let input = user.client.initiation("USER_PASSWORD_AUTH", &parameters);
    let server = &user.client.pool.server;
    let call = server.prepare::<op::InitiateAuth>(input).from(address);
    let answer = call.header("user-agent", agent).send().await;
    let answer = answer.output::<op::InitiateAuth>().unwrap();
    Tokens::of(answer.authentication_result.unwrap())
}

fn is_alive(outcome: Result<impl Sized, ApiError>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.told(), REVOKED);
            false
        }
    }
}

#[tokio::test]
async fn a_pool_tracks_no_sessions_unless_it_is_told_to() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let (pool, tokens) = (&ana.client.pool, ana.sign_in().await.unwrap());
    let get = async || {
        let input = json!({"UserPoolId": pool.id});
        let answer = server.call::<op::GetUserPoolSessionConfiguration>(input);
        serde_json::to_value(answer.await.unwrap()).unwrap()
    };
    let shown = |tracking: &str, most: u32| json!({"UserPoolId": pool.id, "UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": most}});
    assert_eq!(get().await, shown("DISABLED", 20));
    let session = "tkn0123456789abcdefghijklmno";
    assert_eq!(refused(list(&ana, &tokens.access).await).told(), UNTRACKED);
    let outcome = revoke(&ana, &tokens.access, session).await;
    assert_eq!(refused(outcome).told(), UNTRACKED);
    let outcome = revoke_by_operator(&ana, session).await;
    assert_eq!(refused(outcome).told(), UNTRACKED);
    track(pool, 7).await;
    assert_eq!(get().await, shown("ENABLED", 7));
    // A session of before is there, though nothing is known of its device.
    let sessions = list(&ana, &tokens.access).await.unwrap();
    assert_eq!(sessions[0].device_type.as_deref(), Some("unknown"));
    assert_eq!(sessions[0].last_ip_address, None);
    assert_eq!(sessions[0].last_active_date, sessions[0].create_date);
    configure(pool, "DISABLED", 9).await.unwrap();
    assert_eq!(get().await, shown("DISABLED", 9));
    assert_eq!(refused(list(&ana, &tokens.access).await).told(), UNTRACKED);
    for most in [0, 101] {
        let error = refused(configure(pool, "ENABLED", most).await);
        assert_eq!(error.code, "InvalidParameterException");
    }
}

#[tokio::test]
async fn a_user_sees_where_they_are_signed_in_and_nobody_elses_sessions() {
    let server = TestServer::start().await;
    let ana = tracked(&server, 20).await.user("ana").confirmed().await;
    let eve = ana.client.user("eve").confirmed().await;
    eve.sign_in().await.unwrap();
    let begun = server.now();
    let first = sign_in_from(&ana, [203, 0, 113, 9], FIREFOX).await;
    server.advance(seconds(5));
    let other = ana.at(&ana.client.pool.client().await);
    let second = sign_in_from(&other, [198, 51, 100, 7], "MyApp/4.2 <script>").await;
    let sessions = list(&ana, &first.access).await.unwrap();
    let [newer, older] = sessions.as_slice() else {
        panic!("{} sessions", sessions.len());
    };
    let shown = |session: &SessionDescriptionType| {
        let mut shown = serde_json::to_value(session).unwrap();
        let id = shown["SessionId"].take();
        let id = id.as_str().unwrap();
        assert!(id.len() == 28 && id.starts_with("tkn"), "{id}");
        shown
    };
    let seconds_of = |ms: i64| json!(ms / 1000);
    let mut expected = json!({
        "SessionId": null, "SessionType": "TOKEN", "ClientId": ana.client.id, "DeviceType": "Windows, Firefox 131",
        "LastIPAddress": "203.0.113.9", "LastLocation": {"Country": "unknown"}, "IsCurrentSession": true,
        "CreateDate": seconds_of(begun.0), "LastActiveDate": seconds_of(begun.0),
    });
    let as_seconds = |mut shown: Value| {
        for member in ["CreateDate", "LastActiveDate"] {
            shown[member] = json!(shown[member].as_f64().unwrap() as i64);
        }
        shown
    };
    assert_eq!(as_seconds(shown(older)), expected);
    assert_eq!(shown(newer)["DeviceType"], "MyApp 4.2");
    assert_eq!(shown(newer)["LastIPAddress"], "198.51.100.7");
    assert_eq!(shown(newer)["ClientId"], other.client.id.as_str());
    assert_eq!(shown(newer)["IsCurrentSession"], false);
    // The same ids at each look, from each session, and for operators.
    let (of_first, of_second) = (
        id_of(&ana, &first.access).await,
        id_of(&ana, &second.access).await,
    );
    assert_eq!(older.session_id.as_deref(), Some(of_first.as_str()));
    assert_eq!(newer.session_id.as_deref(), Some(of_second.as_str()));
    let by_operator = list_by_operator(&ana).await;
    expected["IsCurrentSession"] = json!(false);
    assert_eq!(as_seconds(shown(&by_operator[1])), expected);
    assert_eq!(by_operator[1].session_id, older.session_id);
}

#[tokio::test]
async fn a_use_is_noted_at_refresh_once_a_minute_and_never_by_get_user() {
    let server = TestServer::start().await;
    let ana = tracked(&server, 20).await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let begun = server.now();
    let last_used = async || list_by_operator(&ana).await[0].last_active_date.unwrap().0;
    server.advance(seconds(59));
    ana.get_user(&tokens.access).await.unwrap();
    ana.refresh(tokens.refresh()).await.unwrap();
    assert_eq!(last_used().await, begun.0);
    server.advance(seconds(1));
    ana.get_user(&tokens.access).await.unwrap();
    assert_eq!(last_used().await, begun.0);
    ana.refresh(tokens.refresh()).await.unwrap();
    assert_eq!(last_used().await, server.now().0);
    // One that comes from elsewhere is shown at once, be it a thief's.
    server.advance(seconds(1));
    let parameters = json!({"REFRESH_TOKEN": tokens.refresh()});
    let input = ana.client.initiation("REFRESH_TOKEN_AUTH", &parameters);
    let call = server.prepare::<op::InitiateAuth>(input);
    call.from([203, 0, 113, 66]).send().await.success().unwrap();
    assert_eq!(last_used().await, server.now().0);
    let shown = &list_by_operator(&ana).await[0];
    assert_eq!(shown.last_ip_address.as_deref(), Some("203.0.113.66"));
    assert_eq!(shown.create_date.unwrap().0, begun.0);
}

#[tokio::test]
async fn a_rotated_refresh_token_notes_the_use_with_it() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().rotation(10).await;
    track(&client.pool, 20).await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    server.advance(seconds(3));
    ana.rotate(tokens.refresh()).await.unwrap();
    let sessions = list_by_operator(&ana).await;
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].last_active_date.unwrap().0, server.now().0);
    // Within its grace period the one before notes a use as well.
    server.advance(seconds(5));
    ana.rotate(tokens.refresh()).await.unwrap();
    server.advance(seconds(1));
    assert_eq!(list_by_operator(&ana).await.len(), 1);
}

#[tokio::test]
async fn a_pool_that_does_not_track_sessions_notes_nothing_of_their_users() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = sign_in_from(&ana, [203, 0, 113, 9], FIREFOX).await;
    server.advance(minutes(5));
    ana.refresh(tokens.refresh()).await.unwrap();
    let mut reader = server.app().db.read().await.unwrap();
    let sql = "SELECT doc FROM sessions WHERE last_used_at IS NULL";
    let rows = reader.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let document = rows[0].text(0).unwrap();
    assert!(!document.contains("203.0.113.9") && !document.contains("Firefox"));
}

#[tokio::test]
async fn a_revoked_session_is_dead_at_once_on_every_node_and_the_others_live() {
    for_each_database(async |server| {
        let ana = tracked(&server, 20).await.user("ana").confirmed().await;
        let (own, lost) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
        let elsewhere = server.node();
        let there = async |token: &str| {
            let input = json!({"AccessToken": token});
            let answer = elsewhere.prepare::<op::GetUser>(input).send().await;
            is_alive(answer.success())
        };
        assert!(there(&lost.access).await);
        let id = id_of(&ana, &lost.access).await;
        revoke(&ana, &own.access, &id).await.unwrap();
        assert!(!there(&lost.access).await);
        assert!(!is_alive(ana.get_user(&lost.access).await));
        let told = ("NotAuthorizedException", "Refresh Token has been revoked");
        assert_eq!(refused(ana.refresh(lost.refresh()).await).told(), told);
        assert!(there(&own.access).await);
        ana.refresh(own.refresh()).await.unwrap();
        assert_eq!(list(&ana, &own.access).await.unwrap().len(), 1);
        let outcome = revoke(&ana, &own.access, &id).await;
        assert_eq!(refused(outcome).told(), NO_SUCH_SESSION);
        assert_eq!(refused(list(&ana, &lost.access).await).told(), REVOKED);
        let own_id = id_of(&ana, &own.access).await;
        let outcome = revoke(&ana, &lost.access, &own_id).await;
        assert_eq!(refused(outcome).told(), REVOKED);
    })
    .await;
}

#[tokio::test]
async fn a_user_revokes_neither_the_session_that_asks_nor_one_of_another_user() {
    let server = TestServer::start().await;
    let client = tracked(&server, 20).await;
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    let (anas, eves) = (ana.sign_in().await.unwrap(), eve.sign_in().await.unwrap());
    let own = id_of(&ana, &anas.access).await;
    let told = (
        "InvalidParameterException",
        "The session of the access token cannot be revoked",
    );
    assert_eq!(refused(revoke(&ana, &anas.access, &own).await).told(), told);
    let of_eve = id_of(&eve, &eves.access).await;
    let sso = format!("sso{}", &of_eve[3..]);
    for not_hers in [&of_eve, &sso] {
        let outcome = revoke(&ana, &anas.access, not_hers).await;
        assert_eq!(refused(outcome).told(), NO_SUCH_SESSION);
        // An operator names the user as well, so that nobody else is hit by a mistake.
        let outcome = revoke_by_operator(&ana, not_hers).await;
        assert_eq!(refused(outcome).told(), NO_SUCH_SESSION);
    }
    eve.get_user(&eves.access).await.unwrap();
    ana.get_user(&anas.access).await.unwrap();
    for malformed in ["tkn", "abc0123456789abcdefghijklmno"] {
        let error = refused(revoke(&ana, &anas.access, malformed).await);
        assert_eq!(error.code, "InvalidParameterException");
    }
    revoke_by_operator(&eve, &of_eve).await.unwrap();
    assert!(!is_alive(eve.get_user(&eves.access).await));
}

#[tokio::test]
async fn a_session_in_another_pool_is_neither_listed_nor_revoked() {
    let server = TestServer::start().await;
    let (here, there) = (tracked(&server, 20).await, tracked(&server, 20).await);
    let (ana, other) = (
        here.user("ana").confirmed().await,
        there.user("ana").confirmed().await,
    );
    let (tokens, others) = (ana.sign_in().await.unwrap(), other.sign_in().await.unwrap());
    assert_eq!(list(&ana, &tokens.access).await.unwrap().len(), 1);
    let id = id_of(&other, &others.access).await;
    let outcome = revoke(&ana, &tokens.access, &id).await;
    assert_eq!(refused(outcome).told(), NO_SUCH_SESSION);
    other.get_user(&others.access).await.unwrap();
}

#[tokio::test]
async fn who_has_as_many_sessions_as_they_may_loses_the_one_not_used_for_longest() {
    for_each_database(async |server| {
        let ana = tracked(&server, 2).await.user("ana").confirmed().await;
        let eve = ana.client.user("eve").confirmed().await;
        let of_eve = eve.sign_in().await.unwrap();
        let first = ana.sign_in().await.unwrap();
        server.advance(minutes(1));
        let second = ana.sign_in_srp().await.unwrap();
        server.advance(minutes(1));
        ana.refresh(first.refresh()).await.unwrap();
        let third = ana.sign_in().await.unwrap();
        let alive = async |tokens: &Tokens| is_alive(ana.get_user(&tokens.access).await);
        assert!(alive(&first).await && !alive(&second).await && alive(&third).await);
        // Raised, none ends; lowered, none ends before the next sign-in.
        track(&ana.client.pool, 3).await;
        let fourth = ana.sign_in().await.unwrap();
        track(&ana.client.pool, 1).await;
        assert_eq!(list_by_operator(&ana).await.len(), 3);
        server.advance(seconds(1));
        let last = ana.sign_in().await.unwrap();
        for ended in [&first, &third, &fourth] {
            assert!(!alive(ended).await);
        }
        assert!(alive(&last).await);
        eve.get_user(&of_eve.access).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn without_tracking_a_user_has_as_many_sessions_as_they_like() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    configure(&ana.client.pool, "DISABLED", 1).await.unwrap();
    let first = ana.sign_in().await.unwrap();
    ana.sign_in().await.unwrap();
    ana.get_user(&first.access).await.unwrap();
}

#[tokio::test]
async fn a_session_whose_refresh_token_ran_out_is_listed_no_more() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    track(&pool, 20).await;
    let short = pool.client().with("RefreshTokenValidity", 1);
    let short = short.with("TokenValidityUnits", json!({"RefreshToken": "hours"}));
    let ana = short.await.user("ana").confirmed().await;
    ana.sign_in().await.unwrap();
    let long = ana.at(&pool.client().await);
    server.advance(minutes(30));
    long.sign_in().await.unwrap();
    assert_eq!(list_by_operator(&ana).await.len(), 2);
    server.advance(minutes(30));
    let left = list_by_operator(&ana).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].client_id.as_ref(), Some(&long.client.id));
}

#[tokio::test]
async fn a_page_has_125_sessions_and_its_token_serves_for_that_user_alone() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    let mut begun = std::collections::BTreeSet::new();
    for _ in 0..130 {
        let tokens = ana.sign_in().await.unwrap();
        begun.insert(claims(&tokens.access)["origin_jti"].to_string());
    }
    assert_eq!(begun.len(), 130);
    track(&client.pool, 100).await;
    let page = async |name: &str, token: Value| {
        let input = json!({"UserPoolId": client.pool.id, "Username": name, "NextToken": token});
        server.call::<op::AdminListUserSessions>(input).await
    };
    let first = page("ana", Value::Null).await.unwrap();
    let token = Value::from(first.next_token.unwrap());
    let second = page("ana", token.clone()).await.unwrap();
    assert_eq!(second.next_token, None);
    let pages = [first.sessions.unwrap(), second.sessions.unwrap()];
    assert_eq!(pages.each_ref().map(Vec::len), [125, 5]);
    let ids: std::collections::BTreeSet<_> = pages
        .iter()
        .flatten()
        .map(|session| session.session_id.clone())
        .collect();
    assert_eq!(ids.len(), 130);
    let told = (
        "InvalidParameterException",
        "Invalid pagination token given.",
    );
    assert_eq!(refused(page("eve", token.clone()).await).told(), told);
    let eves = eve.sign_in().await.unwrap();
    let input = json!({"AccessToken": eves.access, "NextToken": token});
    let outcome = server.call::<op::ListUserSessions>(input).await;
    assert_eq!(refused(outcome).told(), told);
    // The next sign-in brings the user back to what they may have.
    ana.sign_in().await.unwrap();
    assert_eq!(list_by_operator(&ana).await.len(), 100);
}

#[tokio::test]
async fn tracking_takes_a_tier_above_the_least_and_keeps_the_pool_there() {
    let server = TestServer::start().await;
    let lite = server.pool().with("UserPoolTier", "LITE").await;
    for tracking in ["ENABLED", "DISABLED"] {
        let error = refused(configure(&lite, tracking, 20).await);
        assert_eq!(error.code, "FeatureUnavailableInTierException");
    }
    let pool = server.pool().await;
    track(&pool, 5).await;
    let update = async |members: Value| {
        let mut input = json!({"UserPoolId": pool.id});
        let members = members.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(members);
        server.call::<op::UpdateUserPool>(input).await
    };
    let error = refused(update(json!({"UserPoolTier": "LITE"})).await);
    assert_eq!(error.code, "TierChangeNotAllowedException");
    // An update says nothing of it, so it stays.
    update(json!({"UserPoolTier": "PLUS"})).await.unwrap();
    let input = json!({"UserPoolId": pool.id});
    let kept = server.call::<op::GetUserPoolSessionConfiguration>(input);
    assert_eq!(kept.await.unwrap().token_session.unwrap().max_per_user, 5);
    configure(&pool, "DISABLED", 5).await.unwrap();
    update(json!({"UserPoolTier": "LITE"})).await.unwrap();
}

#[tokio::test]
async fn an_app_client_has_the_default_of_sso_sessions_and_no_other() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let input = |minutes: Option<u32>| {
        let mut input = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
        if let Some(minutes) = minutes {
            input["SSOSession"] = json!({"MaxValidityMinutes": minutes});
        }
        input
    };
    let set = async |minutes| {
        let input = input(Some(minutes));
        server
            .call::<op::SetUserPoolClientSessionConfiguration>(input)
            .await
            .map(|answer| serde_json::to_value(answer).unwrap())
    };
    let get = server.call::<op::GetUserPoolClientSessionConfiguration>(input(None));
    let shown = serde_json::to_value(get.await.unwrap()).unwrap();
    assert_eq!(shown, input(Some(60)));
    assert_eq!(refused(set(60).await).told(), UNTRACKED);
    track(&client.pool, 20).await;
    assert_eq!(set(60).await.unwrap(), input(Some(60)));
    for minutes in [0, 61] {
        let told = (
            "InvalidParameterException",
            "Cognate does not support SSOSession.MaxValidityMinutes other than 60 yet",
        );
        assert_eq!(refused(set(minutes).await).told(), told);
    }
}

#[tokio::test]
async fn revoking_a_token_with_the_sessions_linked_to_it_ends_its_session_alone() {
    let server = TestServer::start().await;
    let ana = tracked(&server, 20).await.user("ana").confirmed().await;
    let (one, two) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
    let input = json!({"ClientId": ana.client.id, "Token": one.refresh(), "RevokeAssociatedSessions": "LINKED"});
    server.call::<op::RevokeToken>(input).await.unwrap();
    assert!(!is_alive(ana.get_user(&one.access).await));
    ana.get_user(&two.access).await.unwrap();
    assert_eq!(list(&ana, &two.access).await.unwrap().len(), 1);
}
