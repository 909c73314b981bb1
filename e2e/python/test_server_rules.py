"""What the operator of a server rules for all its pools, through boto3: rates of requests, operations
that are off, a second form of issuer, a number of pools."""

import cognate
import pytest
from conftest import PASSWORD, boto3_client, refused


@pytest.fixture(scope="module")
def ruled():
    """A server with rules, and a client that repeats nothing."""
    options = [
        "--request-rates=cognito,UserPoolRead=1000,UserPoolClientRead=5-50,LimitManagement=100",
        "--operations-off=ForgotPassword,ListUserPools",
        "--issuer-updated=http://issuer.example.com/{pool}",
        "--limits-user-pools=3",
    ]
    server = cognate.Server("rules", options=options)
    try:
        server.start()
        yield server, boto3_client(server.url)
        assert server.stop() == 0
    finally:
        server.remove()


def of(category):
    return {"LimitClass": "API_CATEGORY", "Attributes": {"Category": category}}


def test_a_limit_is_provisioned_and_holds(ruled):
    _, idp = ruled
    limit = idp.get_provisioned_limit(LimitDefinition=of("UserPoolClientRead"))["Limit"]
    assert (limit["ProvisionedLimitValue"], limit["FreeLimitValue"]) == (5, 5)
    assert limit["LimitDefinition"] == of("UserPoolClientRead")
    updated = idp.update_provisioned_limit(
        LimitDefinition=of("UserPoolClientRead"), RequestedLimitValue=50
    )
    assert updated["Limit"]["ProvisionedLimitValue"] == 50
    with refused("ServiceQuotaExceededException"):
        idp.update_provisioned_limit(
            LimitDefinition=of("UserPoolClientRead"), RequestedLimitValue=51
        )
    pool = idp.create_user_pool(PoolName="often")["UserPool"]["Id"]
    with refused("TooManyRequestsException", "Too many requests"):
        for _ in range(100):
            idp.list_user_pool_clients(UserPoolId=pool, MaxResults=1)


def test_what_is_off_is_refused_and_the_rest_goes_on(ruled):
    _, idp = ruled
    pool = idp.create_user_pool(PoolName="off")["UserPool"]["Id"]
    client = idp.create_user_pool_client(UserPoolId=pool, ClientName="c")["UserPoolClient"]
    with refused("OperationNotEnabledException", "ForgotPassword is switched off on this server."):
        idp.forgot_password(ClientId=client["ClientId"], Username="ana")
    with refused("NotAuthorizedException", "ListUserPools is switched off on this server."):
        idp.list_user_pools(MaxResults=1)
    idp.sign_up(ClientId=client["ClientId"], Username="ana", Password=PASSWORD)


def test_an_updated_issuer_is_announced_and_the_number_of_pools_is_held(ruled):
    server, idp = ruled
    updated = {"Type": "UPDATED"}
    made = idp.create_user_pool(PoolName="updated", IssuerConfiguration=updated)["UserPool"]
    assert made["IssuerConfiguration"] == updated
    with server.open(f"/{made['Id']}/.well-known/openid-configuration") as document:
        assert f'"issuer":"http://issuer.example.com/{made["Id"]}"' in document.read().decode()
    with refused("LimitExceededException"):
        idp.create_user_pool(PoolName="one too many")
