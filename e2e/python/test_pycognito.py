"""pycognito's sign-ins with a second factor: codes of an app and of text messages."""

import pycognito
import pytest
from authenticators import App
from clients import PASSWORD
from cognate import another_code
from conftest import refused
from pycognito.exceptions import (
    SMSMFAChallengeException,
    SoftwareTokenMFAChallengeException,
)


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool(mfa="OPTIONAL")


@pytest.fixture
def ana(pool):
    return pool.user()


def application(user):
    return pycognito.Cognito(
        user.pool.id,
        user.pool.client,
        username=user.name,
        boto3_client_kwargs={
            "endpoint_url": user.pool.nodes.url, "region_name": "us-east-1",
            "aws_access_key_id": "any", "aws_secret_access_key": "thing",
        },
    )


def test_an_app_is_set_up_and_its_code_asked_for(ana):
    client = application(ana)
    client.authenticate(password=PASSWORD)
    app = App(client.associate_software_token())
    with refused("EnableSoftwareTokenMFAException"):
        client.verify_software_token(app.wrong_code(), "phone")
    assert client.verify_software_token(app.code(), "phone")
    client.set_user_mfa_preference(False, True, preferred="SOFTWARE_TOKEN")

    client = application(ana)
    with pytest.raises(SoftwareTokenMFAChallengeException):
        client.authenticate(password=PASSWORD)
    with refused("CodeMismatchException"):
        client.respond_to_software_token_mfa_challenge(app.wrong_code())
    client.respond_to_software_token_mfa_challenge(app.code())
    # Verifies signature, issuer, audience and use of both tokens against the pool's keys.
    assert client.id_claims["cognito:username"] == ana.name
    before = client.access_token
    client.renew_access_token()
    assert client.access_token != before


def test_a_code_comes_by_text_message(nodes, ana):
    client = application(ana)
    client.authenticate(password=PASSWORD)
    client.set_user_mfa_preference(True, False, preferred="SMS")

    client = application(ana)
    with pytest.raises(SMSMFAChallengeException) as asked:
        client.authenticate(password=PASSWORD)
    code = nodes.texts.code(ana.phone)
    with refused("CodeMismatchException"):
        client.respond_to_sms_mfa_challenge(another_code(code))
    # As another process would, which has nothing but what the exception carried.
    client = application(ana)
    client.respond_to_sms_mfa_challenge(code, mfa_tokens=asked.value.get_tokens())
    assert client.access_claims["username"] == ana.name
