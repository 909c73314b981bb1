"""A public URL with a path, with clients that others wrote: without a proxy, with one that passes
the path on, and with one that takes it away."""

import http.client
import http.server
import threading
import urllib.request

import cognate
import jwt
import pytest
from conftest import PASSWORD, boto3_client
from test_serve import access_key

PATH = "/auth"


class Proxy(http.server.ThreadingHTTPServer):
    """What stands before the server, and takes the path away or leaves it."""

    def __init__(self, strips):
        self.strips = strips
        self.upstream = None
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{PATH}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        path = self.path
        if not path.startswith(PATH):
            self.send_error(404)
            return
        if self.server.strips:
            path = path.removeprefix(PATH) or "/"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        # The Host too is passed on as it came.
        upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "date", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = do_OPTIONS = forward

    def log_message(self, *arguments):
        pass


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
        proxy = Proxy(strips=request.param.endswith("away"))
        proxy.upstream = server.port
        url = proxy.url
    server.options += ["--public-url", url]
    try:
        yield url, server.start()
    finally:
        server.remove()
        if proxy:
            proxy.shutdown()
            proxy.server_close()


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
