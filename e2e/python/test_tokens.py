"""Tokens as a resource server sees them: PyJWT with the pool's published keys, and pycognito's
whole SRP sign-in."""

import base64
import json
import re

import jwt
import pycognito
import pytest
from conftest import PASSWORD, refused

ISSUED_TO_SIGN_IN = "aws.cognito.signin.user.admin"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def verified(token, pool, **expected):
    key = (
        jwt.PyJWKClient(f"{pool.issuer}/.well-known/jwks.json").get_signing_key_from_jwt(token).key
    )
    return jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, **expected)


def test_tokens_verify_with_the_published_keys_and_say_what_cognitos_say(
    pool, sign_up, sign_in, idp, address
):
    username = sign_up(pool)
    sub = next(
        a["Value"]
        for a in idp.admin_get_user(UserPoolId=pool.id, Username=username)["UserAttributes"]
        if a["Name"] == "sub"
    )
    tokens = sign_in(pool, username)
    identity = verified(tokens["IdToken"], pool, audience=pool.client)
    access = verified(tokens["AccessToken"], pool)

    assert set(identity) == {
        "acr",
        "amr",
        "sub",
        "aud",
        "iss",
        "token_use",
        "auth_time",
        "iat",
        "exp",
        "jti",
        "origin_jti",
        "event_id",
        "cognito:username",
        "email",
        "email_verified",
    }
    # `version` stands in the tokens of the OAuth endpoints; here AWS leaves it out or says 2.
    assert access.pop("version", 2) == 2
    assert set(access) == {
        "acr",
        "amr",
        "sub",
        "iss",
        "client_id",
        "token_use",
        "scope",
        "auth_time",
        "iat",
        "exp",
        "jti",
        "origin_jti",
        "event_id",
        "username",
    }
    assert identity["sub"] == access["sub"] == sub and UUID.fullmatch(sub)
    assert (identity["token_use"], access["token_use"]) == ("id", "access")
    assert (identity["cognito:username"], access["username"]) == (username, username)
    assert (identity["email"], identity["email_verified"]) == (address, True)
    assert (access["client_id"], access["scope"]) == (pool.client, ISSUED_TO_SIGN_IN)
    assert identity["origin_jti"] == access["origin_jti"] and identity["jti"] != access["jti"]
    assert identity["exp"] - identity["iat"] == access["exp"] - access["iat"] == 3600

    headers = [jwt.get_unverified_header(tokens[name]) for name in ("IdToken", "AccessToken")]
    assert all(set(header) == {"kid", "alg"} and header["alg"] == "RS256" for header in headers)
    assert headers[0]["kid"] != headers[1]["kid"], (
        "ID and access tokens are signed with keys of their own"
    )
    assert tokens["RefreshToken"].count(".") == 4


def test_discovery_names_the_issuer_and_its_keys(server, pool):
    discovered = server.json(f"/{pool.id}/.well-known/openid-configuration")
    assert discovered["issuer"] == pool.issuer
    assert discovered["jwks_uri"] == f"{pool.issuer}/.well-known/jwks.json"
    assert discovered["id_token_signing_alg_values_supported"] == ["RS256"]
    keys = server.json(f"/{pool.id}/.well-known/jwks.json")["keys"]
    assert len(keys) == 2
    for key in keys:
        assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}
        assert (key["alg"], key["kty"], key["use"]) == ("RS256", "RSA", "sig")


def test_a_refresh_keeps_the_session_and_its_time_of_sign_in(idp, pool, sign_up, sign_in):
    username = sign_up(pool)
    tokens = sign_in(pool, username)
    for flow in ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"):
        refreshed = idp.initiate_auth(
            ClientId=pool.client,
            AuthFlow=flow,
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )["AuthenticationResult"]
        assert "RefreshToken" not in refreshed
        before, after = (verified(t["AccessToken"], pool) for t in (tokens, refreshed))
        assert {k: before[k] for k in ("sub", "origin_jti", "auth_time", "event_id")} == {
            k: after[k] for k in ("sub", "origin_jti", "auth_time", "event_id")
        }
        assert before["jti"] != after["jti"]


def test_forged_tokens_are_refused(idp, pool, make_pool, sign_up, sign_in):
    username = sign_up(pool)
    tokens = sign_in(pool, username)
    header, body, signature = tokens["AccessToken"].split(".")

    def encoded(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    kid = jwt.get_unverified_header(tokens["AccessToken"])["kid"]
    public_key = json.dumps({"kid": kid}).encode()
    a_path = {"alg": "RS256", "kid": "../../../../dev/null"}
    own_key = {"alg": "RS256", "kid": kid, "jku": "http://127.0.0.1:1/"}
    forgeries = {
        "an ID token": tokens["IdToken"],
        "no algorithm": f"{encoded({'alg': 'none', 'kid': kid})}.{body}.",
        "no algorithm, old signature": f"{encoded({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        "HMAC": jwt.encode(claims, b"0" * 32 + public_key, algorithm="HS256", headers={"kid": kid}),
        "other claims": f"{header}.{encoded(claims | {'username': 'root'})}.{signature}",
        "an unknown key": f"{encoded({'alg': 'RS256', 'kid': 'x'})}.{body}.{signature}",
        "a path as key": f"{encoded(a_path)}.{body}.{signature}",
        "a key of its own": f"{encoded(own_key)}.{body}.{signature[:-4]}AAAA",
        "a cut signature": f"{header}.{body}.{signature[:-8]}",
        "no signature": f"{header}.{body}.",
    }
    for what, token in forgeries.items():
        with refused("NotAuthorizedException"):
            idp.get_user(AccessToken=token)
            pytest.fail(what)
    idp.get_user(AccessToken=tokens["AccessToken"])


def test_a_refresh_token_serves_its_own_client_only(idp, pool, sign_up, sign_in):
    tokens = sign_in(pool, sign_up(pool))
    other = idp.create_user_pool_client(
        UserPoolId=pool.id, ClientName="other", ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    for client, token in (
        (other, tokens["RefreshToken"]),
        (pool.client, tokens["AccessToken"]),
        (pool.client, "a.b.c.d.e"),
    ):
        with refused("NotAuthorizedException", "Invalid Refresh Token"):
            idp.initiate_auth(
                ClientId=client,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": token},
            )


@pytest.mark.parametrize("with_secret", [False, True])
def test_pycognito_signs_in_by_srp_without_sending_a_session(
    server, idp, make_pool, address, with_secret
):
    pool = make_pool(
        client={"GenerateSecret": with_secret, "PreventUserExistenceErrors": "ENABLED"},
        AutoVerifiedAttributes=["email"],
    )

    def client(**more):
        return pycognito.Cognito(
            pool.id, pool.client, client_secret=pool.secret,
            boto3_client_kwargs={
                "endpoint_url": server.url, "region_name": "us-east-1",
                "aws_access_key_id": "any", "aws_secret_access_key": "thing",
            },
            **more,
        )

    newcomer = client(username="ana")
    newcomer.set_base_attributes(email=address)
    newcomer.register("ana", PASSWORD)
    newcomer.confirm_sign_up(server.code(address))

    user = client(username="ana")
    # Verifies signature, issuer, audience and use of both tokens against the pool's keys.
    user.authenticate(password=PASSWORD)
    assert user.id_claims["cognito:username"] == "ana"
    assert user.access_claims["client_id"] == pool.client
    before = user.access_token
    user.renew_access_token()
    assert user.access_token != before
    user.verify_tokens()

    with refused("NotAuthorizedException", "Incorrect username or password."):
        client(username="ana").authenticate(password="Wr0ng-password")
    with refused("NotAuthorizedException"):
        client(username="nobody").authenticate(password=PASSWORD)


def test_pycognito_answers_the_new_password_challenge(server, idp, pool, address):
    idp.admin_create_user(
        UserPoolId=pool.id,
        Username="ana",
        TemporaryPassword="Temp0rary-one",
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    user = pycognito.Cognito(
        pool.id, pool.client, username="ana",
        boto3_client_kwargs={
            "endpoint_url": server.url, "region_name": "us-east-1",
            "aws_access_key_id": "any", "aws_secret_access_key": "thing",
        },
    )
    with pytest.raises(pycognito.exceptions.ForceChangePasswordException):
        user.authenticate(password="Temp0rary-one")
    user.new_password_challenge("Temp0rary-one", PASSWORD)
    assert user.access_token
    assert idp.get_user(AccessToken=user.access_token)["Username"] == "ana"
