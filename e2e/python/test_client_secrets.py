"""The secrets of an app client by boto3: a new one takes the place of the old while users go on
signing in."""

import types

import pytest
from conftest import refused, secret_hash


@pytest.fixture
def confidential(make_pool):
    return make_pool(client={"GenerateSecret": True, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]})


@pytest.fixture
def of_client(confidential):
    return {"UserPoolId": confidential.id, "ClientId": confidential.client}


@pytest.fixture
def ana(idp, confidential):
    """The name of a user who can sign in."""
    idp.admin_create_user(
        UserPoolId=confidential.id, Username="ana", MessageAction="SUPPRESS"
    )
    idp.admin_set_user_password(
        UserPoolId=confidential.id, Username="ana", Password="Correct-Horse-1", Permanent=True
    )
    return "ana"


def knowing(pool, secret):
    return types.SimpleNamespace(**vars(pool) | {"secret": secret})


@pytest.fixture
def signs_in(confidential, sign_in, ana):
    """Whether a user signs in at an application that knows this secret."""

    def do(secret):
        application = knowing(confidential, secret)
        hashed = secret_hash(application, ana)
        return sign_in(application, ana, "Correct-Horse-1", SECRET_HASH=hashed)

    return do


def test_a_secret_is_replaced_while_users_sign_in(idp, confidential, of_client, signs_in):
    old = confidential.secret
    (listed,) = idp.list_user_pool_client_secrets(**of_client)["ClientSecrets"]
    added = idp.add_user_pool_client_secret(**of_client)["ClientSecretDescriptor"]
    new = added["ClientSecretValue"]
    assert added["ClientSecretId"].startswith(confidential.client + "--")
    for secret in (old, new):
        signs_in(secret)
    idp.delete_user_pool_client_secret(ClientSecretId=listed["ClientSecretId"], **of_client)
    with refused("NotAuthorizedException"):
        signs_in(old)
    signs_in(new)
    (left,) = idp.list_user_pool_client_secrets(**of_client)["ClientSecrets"]
    assert left == {name: added[name] for name in ("ClientSecretId", "ClientSecretCreateDate")}
    with refused("InvalidParameterException"):
        idp.delete_user_pool_client_secret(ClientSecretId=left["ClientSecretId"], **of_client)


def test_a_secret_of_ones_own_is_not_told_again(idp, of_client, signs_in):
    own = "A_secret+of_my_own_making"
    added = idp.add_user_pool_client_secret(ClientSecret=own, **of_client)
    assert "ClientSecretValue" not in added["ClientSecretDescriptor"]
    assert own not in str(idp.list_user_pool_client_secrets(**of_client))
    signs_in(own)
    with refused("LimitExceededException"):
        idp.add_user_pool_client_secret(**of_client)


def test_a_client_without_a_secret_gets_none(idp, pool):
    of_client = {"UserPoolId": pool.id, "ClientId": pool.client}
    assert idp.list_user_pool_client_secrets(**of_client)["ClientSecrets"] == []
    with refused("InvalidParameterException"):
        idp.add_user_pool_client_secret(**of_client)
