"""What the log says of users, however much is asked of it: nothing."""

import cognate
import pytest
from conftest import PASSWORD, boto3_client


@pytest.fixture
def run():
    """Starts a server with a filter for its log, and ends it with the test."""
    started = []

    def start(level):
        started.append(cognate.Server("logs", options=["--log", level]))
        return started[-1].start()

    yield start
    for server in started:
        server.remove()


@pytest.mark.parametrize("level", ["debug", "trace"])
def test_the_most_talkative_log_names_no_user(run, address, level):
    server = run(level)
    idp = boto3_client(server.url)
    pool = idp.create_user_pool(PoolName="pool", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    attributes = {"email": address, "family_name": "Lovelace"}
    idp.sign_up(
        ClientId=client, Username="ada.lovelace", Password=PASSWORD,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    code = server.code(address)
    idp.confirm_sign_up(ClientId=client, Username="ada.lovelace", ConfirmationCode=code)
    tokens = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada.lovelace", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    idp.get_user(AccessToken=tokens["AccessToken"])
    idp.list_users(UserPoolId=pool)

    log = server.log_text()
    assert "answered" in log and "InitiateAuth" in log, "it says what was called"
    for private in [
        address,
        "lovelace",
        "Lovelace",
        PASSWORD,
        tokens["AccessToken"],
        tokens["RefreshToken"],
    ]:
        assert private not in log, f"{private} stands in the log"
    assert f"'{code}'" not in log and f'"{code}"' not in log


def test_a_library_that_is_named_is_warned_of(run):
    log = run("info,tokio_postgres=debug").log_text()
    assert "WARN" in log and "tokio_postgres" in log
    assert "WARN" not in run("debug").log_text()
