"""`cognate serve`, as an operator runs it: access keys and their policies, mail by SMTP, and what a
power cut leaves."""

import email.policy
import json
import ssl
import threading
import urllib.error
import urllib.request

import cognate
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from clients import PASSWORD, access_key, boto3_client
from conftest import refused

MAIL_USER, MAIL_PASSWORD = b"cognate", b"p@ss/w:rd"


class MailServer:
    """A mail server that somebody else wrote: it insists on TLS, a name and a password, and keeps
    what it is given."""

    def __init__(self, tls, certificate):
        self.tls = tls
        self.certificate = certificate
        self.messages = []
        self.arrived = threading.Condition()
        self.port = cognate.free_port()
        self.controller = None

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            self.messages.append(
                (
                    envelope.rcpt_tos,
                    email.message_from_bytes(envelope.content, policy=email.policy.default),
                )
            )
            self.arrived.notify_all()
        return "250 kept"

    def authenticate(self, server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (MAIL_USER, MAIL_PASSWORD))

    def start(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        wrapped = (
            {"ssl_context": context}
            if self.tls == "implicit"
            else {"tls_context": context, "require_starttls": True}
        )
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, authenticator=self.authenticate,
            auth_required=True, auth_require_tls=self.tls != "implicit", **wrapped,
        )
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    @property
    def url(self):
        scheme = "smtps" if self.tls == "implicit" else "smtp"
        return f"{scheme}://cognate:p%40ss%2Fw%3Ard@127.0.0.1:{self.port}"

    def code_for(self, address, seconds=60):
        with self.arrived:
            assert self.arrived.wait_for(
                lambda: any(address in to for to, _ in self.messages), timeout=seconds
            ), "no mail came"
            message = next(message for to, message in self.messages if address in to)
            return cognate.six_digits(message.get_body(("plain",)).get_content())


@pytest.fixture(params=["starttls"])
def mail_server(request, certificate):
    running = MailServer(request.param, certificate)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def server(mail_server, certificate):
    running = cognate.Server(
        "serve",
        mode="serve",
        options=["--smtp-url", mail_server.url],
        environment={"SSL_CERT_FILE": str(certificate)},
    )
    try:
        yield running.start()
    finally:
        running.remove()


@pytest.fixture
def idp(server):
    return boto3_client(server.url, *access_key(server, "administrator"))


def make_pool(idp, **settings):
    pool = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"], **settings)[
        "UserPool"
    ]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    return pool, client


def test_only_a_known_key_with_the_right_secret_is_let_in(server, idp):
    pool, client = make_pool(idp)
    key_id, secret = access_key(server, "second")
    boto3_client(server.url, key_id, secret).describe_user_pool(UserPoolId=pool)
    with refused("UnrecognizedClientException"):
        boto3_client(server.url, "AKIAIOSFODNN7EXAMPLE", secret).describe_user_pool(UserPoolId=pool)
    with refused("InvalidSignatureException"):
        boto3_client(server.url, key_id, secret[::-1]).describe_user_pool(UserPoolId=pool)

    unsigned = urllib.request.Request(
        server.url, data=json.dumps({"UserPoolId": pool}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.DescribeUserPool",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(unsigned, timeout=10)
    assert answer.value.code == 400
    assert json.load(answer.value)["__type"].endswith("MissingAuthenticationTokenException")

    assert "second" in server.command("access-key", "list")
    assert secret not in server.command("access-key", "list")
    assert secret not in server.log_text()


def test_a_policy_allows_what_it_names_and_nothing_else(server, idp):
    (ours, _), (theirs, _) = make_pool(idp), make_pool(idp)
    arn = idp.describe_user_pool(UserPoolId=ours)["UserPool"]["Arn"]
    narrow = boto3_client(
        server.url,
        *access_key(
            server,
            "support",
            [
                {
                    "Effect": "Allow",
                    "Action": ["cognito-idp:Admin*", "cognito-idp:ListUsers"],
                    "Resource": arn,
                },
                {"Effect": "Deny", "Action": "cognito-idp:AdminDeleteUser", "Resource": "*"},
            ],
        ),
    )
    narrow.admin_create_user(UserPoolId=ours, Username="ana", MessageAction="SUPPRESS")
    assert [user["Username"] for user in narrow.list_users(UserPoolId=ours)["Users"]] == ["ana"]
    for call in (
        lambda: narrow.list_users(UserPoolId=theirs),
        lambda: narrow.admin_get_user(UserPoolId=theirs, Username="ana"),
        lambda: narrow.admin_delete_user(UserPoolId=ours, Username="ana"),
        lambda: narrow.describe_user_pool(UserPoolId=ours),
        lambda: narrow.create_user_pool(PoolName="mine"),
    ):
        with refused("AccessDeniedException") as error:
            call()
        assert "is not authorized to perform: cognito-idp:" in error.message
    idp.admin_get_user(UserPoolId=ours, Username="ana")


@pytest.mark.parametrize("mail_server", ["starttls", "implicit"], indirect=True)
def test_codes_leave_by_smtp_under_tls_with_name_and_password(mail_server, idp):
    _, client = make_pool(idp)
    idp.sign_up(
        ClientId=client,
        Username="ana",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ana@example.com"}],
    )
    idp.confirm_sign_up(
        ClientId=client, Username="ana", ConfirmationCode=mail_server.code_for("ana@example.com")
    )


def test_who_may_change_a_pool_sends_as_nobody_but_whom_the_operator_names(server, idp):
    pool, _ = make_pool(idp)
    for configuration in (
        {"From": "boss@bank.example"},
        {
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/boss@bank.example",
        },
    ):
        with refused("InvalidEmailRoleAccessPolicyException"):
            idp.update_user_pool(UserPoolId=pool, EmailConfiguration=configuration)
        with refused("InvalidEmailRoleAccessPolicyException"):
            idp.create_user_pool(PoolName="bank", EmailConfiguration=configuration)
    server.stop()
    server.options = [*server.options, "--mail-senders", "bank.example"]
    server.start()
    idp.update_user_pool(UserPoolId=pool, EmailConfiguration={"From": "boss@bank.example"})


def test_a_mail_server_that_is_down_loses_no_code_even_across_a_power_cut(mail_server, server, idp):
    _, client = make_pool(idp)
    mail_server.stop()
    idp.sign_up(
        ClientId=client,
        Username="ana",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ana@example.com"}],
    )
    server.kill()
    mail_server.start()
    server.start()
    idp.confirm_sign_up(
        ClientId=client, Username="ana", ConfirmationCode=mail_server.code_for("ana@example.com")
    )


def test_a_power_cut_loses_nothing_that_was_acknowledged(server, idp):
    pool, client = make_pool(idp)
    stop = threading.Event()
    acknowledged, lock = [], threading.Lock()

    def sign_up_until_the_cut(worker):
        caller = boto3_client(server.url)
        for number in range(10_000):
            if stop.is_set():
                return
            name = f"user-{worker}-{number}"
            try:
                caller.sign_up(ClientId=client, Username=name, Password=PASSWORD)
            except Exception:
                return
            with lock:
                acknowledged.append(name)

    workers = [
        threading.Thread(target=sign_up_until_the_cut, args=(worker,)) for worker in range(4)
    ]
    for worker in workers:
        worker.start()
    enough = threading.Event()
    while not enough.wait(0.05):
        if len(acknowledged) >= 40 or not any(worker.is_alive() for worker in workers):
            break
    server.kill()
    stop.set()
    for worker in workers:
        worker.join()
    assert len(acknowledged) >= 40

    server.start()
    for name in acknowledged:
        assert idp.admin_get_user(UserPoolId=pool, Username=name)["UserStatus"] == "UNCONFIRMED"
    some = acknowledged[-1]
    idp.admin_confirm_sign_up(UserPoolId=pool, Username=some)
    tokens = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": some, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    idp.global_sign_out(AccessToken=tokens["AccessToken"])
    server.kill()
    server.start()
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        idp.get_user(AccessToken=tokens["AccessToken"])
    assert server.stop() == 0
