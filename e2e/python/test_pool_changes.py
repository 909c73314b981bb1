"""Changes of what Cognito fixes when a pool is made, by `cognate pool`, while pycognito and boto3
sign in: before, meanwhile, and after."""

import json
import threading

import pycognito
import pytest
from botocore.exceptions import ClientError
from clients import PASSWORD


def by_srp(server, pool, name):
    """The claims of the ID token that pycognito signs in for, by SRP."""
    client = pycognito.Cognito(
        pool.id, pool.client, username=name,
        boto3_client_kwargs={
            "endpoint_url": server.url, "region_name": "us-east-1",
            "aws_access_key_id": "any", "aws_secret_access_key": "thing",
        },
    )
    client.authenticate(password=PASSWORD)
    return client.id_claims


def apply(server, pool, tmp_path, document, meanwhile):
    """Makes a change, and does something over and over until it is made."""
    file = tmp_path / "change.json"
    file.write_text(json.dumps(document))
    ended = []
    change = threading.Thread(target=lambda: ended.append(
        server.command("pool", "apply", pool.id, "--change", str(file))))
    change.start()
    while change.is_alive():
        meanwhile()
        change.join(0.5)
    assert ended, "the change was not made"


def test_srp_signs_in_before_during_and_after_other_aliases_and_another_case_rule(
        server, idp, make_pool, sign_up, address, tmp_path):
    pool = make_pool(AutoVerifiedAttributes=["email"])
    sign_up(pool, "Ana")
    sub = by_srp(server, pool, "ANA")["sub"]

    document = {"AliasAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": True}}
    apply(server, pool, tmp_path, document,
          lambda: by_srp(server, pool, "Ana")["sub"] == sub or pytest.fail("another user"))

    assert by_srp(server, pool, "Ana")["sub"] == sub
    assert by_srp(server, pool, address)["sub"] == sub
    with pytest.raises(ClientError, match="User does not exist"):
        by_srp(server, pool, "ana")
    described = idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert described["AliasAttributes"] == ["email"]
    assert described["UsernameConfiguration"] == {"CaseSensitive": True}
    assert json.loads(server.command("pool", "status", pool.id, "--json"))["stage"] == "done"
