"""A public URL with a path, with clients that others wrote: without a proxy, with one that passes
the path on, and with one that takes it away."""

import urllib.request

import cognate
import jwt
import pytest
from clients import PASSWORD, access_key, boto3_client
from proxies import Proxy

PATH = "/auth"


class PathProxy(Proxy):
    """What stands before the server, and takes the path away or leaves it."""

    def __init__(self, strips):
        self.strips = strips
        super().__init__()

    @property
    def url(self):
        return f"{super().url}{PATH}"

    def path(self, path):
        if not path.startswith(PATH):
            return None
        return (path.removeprefix(PATH) or "/") if self.strips else path


@pytest.fixture(
    params=["no proxy", "a proxy that passes the path on", "a proxy that takes the path away"]
)
def endpoint(request):
    """The public URL of a server with a path, and the server."""
    proxy = None
    server = cognate.Server("public-path", mode="serve")
    server.port = cognate.free_port()
    if request.param == "no proxy":
        url = f"http://127.0.0.1:{server.port}{PATH}"
    else:
        proxy = PathProxy(strips=request.param.endswith("away"))
        proxy.lead_to([server.port])
        url = proxy.url
    server.options += ["--public-url", url]
    try:
        yield url, server.start()
    finally:
        server.remove()
        if proxy:
            proxy.stop()


@pytest.mark.parametrize("ending", ["", "/"])
def test_an_account_lives_under_the_path(endpoint, ending):
    url, server = endpoint
    idp = boto3_client(url + ending, *access_key(server, "administrator"))
    pool = idp.create_user_pool(PoolName="under a path")["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    idp.sign_up(ClientId=client, Username="ana", Password=PASSWORD)
    idp.admin_confirm_sign_up(UserPoolId=pool, Username="ana")
    tokens = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]

    issuer = f"{url}/{pool}"
    keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")
    token = tokens["IdToken"]
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=client,
        issuer=issuer,
    )
    assert claims["cognito:username"] == "ana"
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
        assert issuer.encode() in answer.read()
    with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
        assert answer.status == 200


def test_a_path_that_cannot_be_served_is_refused_in_words():
    server = cognate.Server("public-path-refused", mode="serve")
    try:
        for path in ["/demo", "/a%20b", "/a//b"]:
            words = server.refusal("--public-url", f"https://id.example.com{path}")
            assert "the path of the public URL" in words and len(words.splitlines()) == 1, words
    finally:
        server.remove()
