"""Recovery codes, which Cognito does not have, typed into a client that knows nothing of them."""

import json
import urllib.error
import urllib.request

import pycognito
import pytest
from authenticators import set_up_app
from clients import PASSWORD
from conftest import refused
from nodes import APP_ONLY
from pycognito.exceptions import SoftwareTokenMFAChallengeException


@pytest.fixture(scope="module")
def pool(nodes):
    pool = nodes.pool(mfa="OPTIONAL", factors=APP_ONLY)
    nodes.nodes[0].command("setting", "set", pool.id, "recovery-codes", "on")
    return pool


@pytest.fixture
def ana(pool):
    return pool.user()


def ask(user, access, method="GET"):
    """Status and document that /{pool}/recovery-codes answers."""
    request = urllib.request.Request(
        f"{user.pool.nodes.url}/{user.pool.id}/recovery-codes",
        method=method, headers={"Authorization": f"Bearer {access}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def enrolled(user):
    """Sets an app up and prefers it; gives the app, and the list that ends the enrolment."""
    access = user.with_password().tokens.access
    app, _ = set_up_app(user.idp, AccessToken=access)
    user.prefer(access, "SOFTWARE_TOKEN_MFA")
    status, made = ask(user, access, "POST")
    assert (status, len(set(made["RecoveryCodes"]))) == (200, 10)
    return app, made["RecoveryCodes"]


def sign_in(user, code):
    """By pycognito, with a code where it asks for the app's."""
    client = pycognito.Cognito(
        user.pool.id, user.pool.client, username=user.name,
        boto3_client_kwargs={
            "endpoint_url": user.pool.nodes.url, "region_name": "us-east-1",
            "aws_access_key_id": "any", "aws_secret_access_key": "thing",
        },
    )
    with pytest.raises(SoftwareTokenMFAChallengeException):
        client.authenticate(password=PASSWORD)
    client.respond_to_software_token_mfa_challenge(code)
    return client.access_token


def test_a_recovery_code_serves_once_in_place_of_the_apps(ana):
    _, codes = enrolled(ana)
    access = sign_in(ana, codes[3])
    assert ask(ana, access)[1]["Remaining"] == 9
    with refused("CodeMismatchException"):
        sign_in(ana, codes[3])
    assert sign_in(ana, f"{codes[4][:5]} {codes[4][5:]}")
    # It is no proof for a new list.
    status, told = ask(ana, access, "POST")
    assert (status, told["__type"]) == (401, "UnauthorizedException")


def test_an_operator_takes_a_list_away(nodes, pool, ana):
    app, codes = enrolled(ana)
    whose = ["--user-pool-id", pool.id, "--username", ana.name]
    nodes.nodes[0].command("recovery-codes", "reset", *whose)
    with refused("CodeMismatchException"):
        sign_in(ana, codes[0])
    access = sign_in(ana, app.code())
    assert ask(ana, access) == (200, {"Remaining": 0})
    assert ask(ana, access, "POST")[0] == 200
