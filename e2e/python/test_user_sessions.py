"""Sessions of a user by boto3: listed, kept to their number and ended one by one, at whichever
node."""

import pytest
from conftest import refused


@pytest.fixture(scope="module")
def pool(nodes):
    pool = nodes.pool()
    configured = nodes.operator.set_user_pool_session_configuration(
        UserPoolId=pool.id, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 3}
    )
    assert configured["TokenSession"] == {"MaxPerUser": 3}
    return pool


@pytest.fixture
def ana(pool):
    return pool.user()


def own(user, access):
    """The id of the session that the token belongs to."""
    sessions = user.idp.list_user_sessions(AccessToken=access)["Sessions"]
    (mine,) = [one["SessionId"] for one in sessions if one["IsCurrentSession"]]
    return mine


def test_a_user_lists_sessions_and_ends_another(ana):
    here, there = ana.with_password().tokens, ana.with_password().tokens
    sessions = ana.idp.list_user_sessions(AccessToken=here.access)["Sessions"]
    assert {one["SessionId"] for one in sessions} == {
        own(ana, here.access), own(ana, there.access),
    }
    assert {one["LastIPAddress"] for one in sessions} == {"127.0.0.1"}
    assert {one["ClientId"] for one in sessions} == {ana.pool.client}

    ana.idp.revoke_user_session(AccessToken=here.access, SessionId=own(ana, there.access))
    for _ in range(2):
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            ana.idp.get_user(AccessToken=there.access)
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            ana.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=there.refresh)
    assert len(ana.idp.list_user_sessions(AccessToken=here.access)["Sessions"]) == 1


def test_an_operator_lists_sessions_and_ends_one(nodes, pool, ana):
    whose = {"UserPoolId": pool.id, "Username": ana.name}
    access = ana.with_password().tokens.access
    (listed,) = nodes.idp.admin_list_user_sessions(**whose)["Sessions"]
    assert listed["SessionId"] == own(ana, access)
    nodes.idp.admin_revoke_user_session(SessionId=listed["SessionId"], **whose)
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        ana.idp.get_user(AccessToken=access)
    assert nodes.idp.admin_list_user_sessions(**whose)["Sessions"] == []
    with refused("ResourceNotFoundException"):
        nodes.idp.admin_revoke_user_session(SessionId=listed["SessionId"], **whose)


def test_a_session_too_many_ends_the_one_that_was_used_least_lately(ana):
    first, *others = (ana.with_password().tokens for _ in range(4))
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        ana.idp.get_user(AccessToken=first.access)
    for kept in others:
        ana.idp.get_user(AccessToken=kept.access)


def test_another_users_session_cannot_be_ended(pool, ana):
    bea = pool.user()
    access, of_bea = ana.with_password().tokens.access, bea.with_password().tokens.access
    with refused("ResourceNotFoundException"):
        ana.idp.revoke_user_session(AccessToken=access, SessionId=own(bea, of_bea))
    bea.idp.get_user(AccessToken=of_bea)
