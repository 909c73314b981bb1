"""Fixtures: one development server for the whole run, a pool for each test that asks, clients as
people write them."""

import base64
import datetime
import hashlib
import hmac
import ipaddress
import itertools
import types

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import cognate
from clients import PASSWORD, boto3_client
from nodes import Nodes

_names = itertools.count(1)


def write_certificate(file):
    """Writes a new certificate for 127.0.0.1 and its key into one PEM file, and gives the
    certificate's number."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cognate's tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return made.serial_number


@pytest.fixture
def certificate(tmp_path):
    """A PEM file with a certificate for 127.0.0.1 and its key."""
    file = tmp_path / "certificate.pem"
    write_certificate(file)
    return file


@pytest.fixture(scope="session")
def server():
    running = cognate.Server("shared")
    try:
        yield running.start()
        assert running.stop() == 0, "the server must end in order when it is asked to"
        assert PASSWORD not in running.log_text(), "a password stands in the log"
    finally:
        running.remove()


@pytest.fixture(scope="session")
def nodes():
    """One node, or two that take turns; see nodes.py."""
    running = Nodes()
    try:
        yield running.start()
        assert set(running.stop()) == {0}, "the nodes must end in order when they are asked to"
        assert PASSWORD not in running.log_text(), "a password stands in the log"
    finally:
        running.remove()


@pytest.fixture
def idp(server):
    return boto3_client(server.url)


@pytest.fixture
def address():
    """An e-mail address that no other test uses."""
    return f"user{next(_names)}@example.com"


@pytest.fixture
def make_pool(server, idp):
    """Makes a user pool with an app client: `make_pool(client={...}, **settings of the pool)`."""

    def make(client=None, **settings):
        name = settings.pop("PoolName", f"pool-{next(_names)}")
        pool = idp.create_user_pool(PoolName=name, **settings)["UserPool"]
        wanted = {
            "ClientName": "app",
            "ExplicitAuthFlows": [
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
            ],
        } | (client or {})
        made = idp.create_user_pool_client(UserPoolId=pool["Id"], **wanted)["UserPoolClient"]
        return types.SimpleNamespace(
            id=pool["Id"],
            client=made["ClientId"],
            secret=made.get("ClientSecret"),
            issuer=f"{server.url}/{pool['Id']}",
        )

    return make


@pytest.fixture
def pool(make_pool):
    """The everyday pool: user names, an e-mail address verified by code, no client secret."""
    return make_pool(AutoVerifiedAttributes=["email"])


@pytest.fixture
def sign_up(server, idp, address):
    """Signs a user up and confirms the code from the mail: `sign_up(pool)` gives the user name."""

    def do(pool, username=None):
        username = username or f"user-{next(_names)}"
        idp.sign_up(
            ClientId=pool.client,
            Username=username,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": address}],
        )
        idp.confirm_sign_up(
            ClientId=pool.client, Username=username, ConfirmationCode=server.code(address)
        )
        return username

    return do


@pytest.fixture
def sign_in(idp):
    """Signs in with user name and password and gives the tokens."""

    def do(pool, username, password=PASSWORD, **parameters):
        answer = idp.initiate_auth(
            ClientId=pool.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password} | parameters,
        )
        return answer["AuthenticationResult"]

    return do


def secret_hash(pool, username):
    digest = hmac.new(
        pool.secret.encode(), (username + pool.client).encode(), hashlib.sha256
    ).digest()
    return base64.b64encode(digest).decode()


class Refused:
    """What `refused` fills in: the code and the message of the error that was answered."""

    code = None
    message = None


class refused:
    """`with refused("CodeMismatchException") as error:` holds when the call inside is answered with
    that error."""

    def __init__(self, code, message=None):
        self.code, self.message = code, message

    def __enter__(self):
        self.answer = Refused()
        return self.answer

    def __exit__(self, kind, error, traceback):
        from botocore.exceptions import ClientError

        if error is None:
            pytest.fail(f"the call was answered, where {self.code} was due")
        if not isinstance(error, ClientError):
            return False
        self.answer.code = error.response["Error"]["Code"]
        self.answer.message = error.response["Error"]["Message"]
        assert self.answer.code == self.code, f"{self.answer.code}: {self.answer.message}"
        if self.message is not None:
            assert self.answer.message == self.message
        return True
