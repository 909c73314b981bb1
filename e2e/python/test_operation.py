"""What an operator meets: a start that cannot succeed and says why, https with a certificate that
changes, health and metrics."""

import json
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3
import cognate
import pytest
from botocore.config import Config
from conftest import PASSWORD, write_certificate
from cryptography import x509


@pytest.fixture
def start():
    """Makes servers that end with the test: `start("dev", …)` starts one, `start("serve",
    running=False)` only prepares it."""
    made = []

    def do(mode, running=True, **settings):
        server = cognate.Server("operation", mode=mode, **settings)
        made.append(server)
        return server.start() if running else server

    yield do
    for server in made:
        server.remove()


def test_a_port_in_use_is_named(start):
    server = start("serve", running=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = server.refusal(listen=f"127.0.0.1:{port}")
    assert str(port) in words and "in use" in words


def test_a_folder_that_cannot_be_made_is_named(start):
    server = start("serve", running=False)
    server.store = ["--data-dir", "/dev/null/accounts"]
    assert "/dev/null/accounts" in server.refusal()


@pytest.mark.skipif(
    cognate.DATABASE == "sqlite", reason="a file that cannot be written is not opened"
)
def test_a_read_only_database_stops_the_start_and_is_told_from_one_that_does_not_answer(start):
    server = start("serve")
    url = server.store[-1]
    name = urllib.parse.urlsplit(url).path[1:]

    def turn(read_only):
        statement = f"ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"
        subprocess.run(
            [
                "psql",
                "--quiet",
                "--no-psqlrc",
                url,
                f"--command=SET transaction_read_only = off; {statement}",
            ],
            check=True,
        )

    turn("on")
    server.stop()
    words = server.refusal()
    assert "the database is read-only" in words and "default_transaction_read_only" in words
    turn("off")
    server.start()


def test_a_wrong_master_key_stops_the_start_and_damages_nothing(start):
    server, stranger = start("serve"), start("serve")
    server.stop()
    stranger.stop()
    key = server.folder / "data/master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    right = key.read_bytes()
    key.write_bytes((stranger.folder / "data/master.key").read_bytes())
    assert "master key" in server.refusal().lower()
    key.write_bytes(right)
    key.chmod(0o600)
    server.start()


def test_a_lost_master_key_is_not_replaced_by_a_new_one(start):
    server = start("serve")
    server.stop()
    key = server.folder / "data/master.key"
    right = key.read_bytes()
    key.unlink()
    assert "master key" in server.refusal().lower()
    key.write_bytes(right)
    key.chmod(0o600)
    server.start()


def test_development_mode_keeps_to_loopback_and_to_its_own_data(start):
    server = start("dev", running=False)
    assert "--allow-remote" in server.refusal(listen="0.0.0.0:0")
    production = start("serve")
    production.stop()
    assert "serve" in production.refusal(mode="dev")


def test_an_unknown_setting_in_the_file_is_refused(start):
    server = start("serve", running=False)
    (server.folder / "cognate.toml").write_text('smtp-ulr = "smtp://127.0.0.1"\n')
    assert "smtp-ulr" in server.refusal()


def test_what_is_not_built_is_refused_rather_than_ignored(start):
    server = start("serve", running=False)
    assert "lambda" in server.refusal("--lambda-endpoint", "http://127.0.0.1:3001").lower()


def test_https_is_served_and_a_new_certificate_is_taken_up_without_a_restart(start, certificate):
    server = start("dev", certificate=certificate)
    idp = boto3.client(
        "cognito-idp",
        endpoint_url=server.url,
        region_name=cognate.REGION,
        verify=str(certificate),
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    pool = idp.create_user_pool(PoolName="by https")["UserPool"]["Id"]
    assert (
        server.json(f"/{pool}/.well-known/openid-configuration")["issuer"] == f"{server.url}/{pool}"
    )

    def served():
        pem = ssl.get_server_certificate(("127.0.0.1", server.port))
        return x509.load_pem_x509_certificate(pem.encode()).serial_number

    # A file that is half written is not taken up; the certificate before it stays. The wait gives a
    # wrong server time to err.
    before = served()
    certificate.write_text("-----BEGIN CERTIFICATE-----\n")
    time.sleep(2)
    assert served() == before
    number = write_certificate(certificate)
    give_up = time.monotonic() + 60
    while served() != number:
        assert time.monotonic() < give_up, "the new certificate is not served"
        time.sleep(0.2)
    assert server.open("/readyz").status == 200


def test_operators_have_a_listener_of_their_own(start):
    admin = cognate.free_port()
    server = start("dev", running=False)
    server.admin = f"127.0.0.1:{admin}"
    server.start()
    assert server.open("/healthz").status == 200
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    assert metrics.rstrip().endswith("# EOF")
    for line in [
        'cognate_build_info{version="',
        'cognate_limits_met_total{limit="lock"} 0',
        'cognate_outbox_messages{kind="mail"} 0',
        'cognate_sign_ins_total{flow="USER_SRP_AUTH",outcome="signed_in"} 0',
        "cognate_writer_waiting 0",
    ]:
        assert line in metrics, line
    with pytest.raises(urllib.error.HTTPError) as missing:
        server.open("/metrics")
    assert missing.value.code == 404


def test_logs_are_lines_of_json_when_asked_and_hold_no_password(start):
    server = start("dev", options=["--log-format", "json", "--log", "debug"])
    idp = boto3.client(
        "cognito-idp",
        endpoint_url=server.url,
        region_name=cognate.REGION,
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    pool = idp.create_user_pool(PoolName="logged")["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    client = client["UserPoolClient"]["ClientId"]
    idp.sign_up(ClientId=client, Username="ana", Password=PASSWORD)
    idp.admin_confirm_sign_up(UserPoolId=pool, Username="ana")
    tokens = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert server.stop() == 0
    log = server.log_text()
    # The first line is the test's own.
    events = [json.loads(line) for line in log.splitlines()[1:] if line.startswith("{")]
    assert events
    for secret in (
        PASSWORD,
        *(tokens[name] for name in ("AccessToken", "IdToken", "RefreshToken")),
    ):
        assert secret not in log
