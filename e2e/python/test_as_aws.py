"""`cognate dev --as-aws`: clients with AWS's host and issuer built in work unchanged.

The server and its clients live in a mount and a network namespace of the test's own: AWS's name
leads to loopback there and nowhere else, and port 443 is theirs.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import cognate
from conftest import PASSWORD

HERE = pathlib.Path(__file__).parent
REGION = "eu-west-1"
HOST = f"cognito-idp.{REGION}.amazonaws.com"

# Loopback is down in a new network namespace.
LOOPBACK_UP = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sH14s", b"lo", 0x1 | 0x40, b""))
"""


class Namespace:
    """A mount and a network namespace that last as long as the process that holds them."""

    def __init__(self, folder):
        self.hosts = folder / "hosts"
        self.hosts.write_text(f"127.0.0.1 localhost\n::1 localhost\n127.0.0.1 {HOST}\n")
        self.as_root = os.geteuid() == 0
        new = (
            ["--mount", "--net"]
            if self.as_root
            else ["--user", "--map-root-user", "--mount", "--net"]
        )
        script = (
            f"mount --bind '{self.hosts}' /etc/hosts && '{sys.executable}' -c '{LOOPBACK_UP}'"
            " && echo ready && exec sleep 600"
        )
        self.holder = subprocess.Popen(
            ["unshare", *new, "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self.holder.stdout.readline().strip() != "ready":
            why = self.holder.communicate(timeout=10)[1].strip()
            pytest.skip(f"SKIPPED: this machine lets a test have no namespaces of its own: {why}")

    def command(self, *arguments):
        user = [] if self.as_root else ["--user", "--preserve-credentials"]
        return [
            "nsenter",
            f"--target={self.holder.pid}",
            *user,
            "--mount",
            "--net",
            "--wd=" + os.getcwd(),
            *arguments,
        ]

    def end(self):
        self.holder.kill()
        self.holder.wait()


class StandIn:
    """A development server inside a namespace."""

    def __init__(self, namespace, folder, *options):
        self.namespace = namespace
        self.log = cognate.LOGS / f"python-{folder.name}.log"
        cognate.LOGS.mkdir(parents=True, exist_ok=True)
        command = [
            cognate.BINARY,
            "dev",
            "--data-dir",
            str(folder / "data"),
            "--admin-listen",
            "none",
            *options,
        ]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COGNATE_")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                namespace.command(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
            )
        give_up = time.monotonic() + cognate.START_SECONDS
        while "listening on" not in self.printed():
            assert self.process.poll() is None and time.monotonic() < give_up, self.printed()
            time.sleep(0.05)

    def printed(self):
        return self.log.read_text(errors="replace")

    def variables(self):
        """The variables that the server prints for a shell."""
        return dict(re.findall(r"export (\w+)='([^']+)'", self.printed()))

    def run(self, *command):
        """Runs a client beside the server, with the printed variables, and gives what it said."""
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("COGNATE_") or k == "COGNATE_E2E_CLIENTS"
        }
        done = subprocess.run(
            self.namespace.command(*command),
            capture_output=True, text=True, timeout=120, env=environment | self.variables(),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("as-aws")


@pytest.fixture(scope="module")
def namespace(folder):
    if cognate.DATABASE != "sqlite":
        pytest.skip(
            "a listener's matter, which is tried on SQLite: the PostgreSQL of the tests is outside"
            " the namespace"
        )
    for program in ("unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"SKIPPED: {program} is not installed")
    namespace = Namespace(folder)
    try:
        yield namespace
    finally:
        namespace.end()


@pytest.fixture(scope="module")
def stand_in(namespace, folder):
    server = StandIn(namespace, folder, "--as-aws", REGION)
    yield server
    assert server.end() == 0


@pytest.fixture(scope="module")
def account(stand_in, folder):
    """A user of a pool, made and signed in by an SDK that names no endpoint; the file that tells
    the other clients of it."""
    file = folder / "account.json"
    given = {"region": REGION, "username": "ana", "password": PASSWORD}
    file.write_text(json.dumps(given))
    given |= stand_in.run(sys.executable, str(HERE / "as_aws_clients.py"), "sign-in", str(file))
    file.write_text(json.dumps(given))
    return file


def test_the_sdk_reaches_it_by_the_name_of_aws_and_the_pool_is_of_the_region(account):
    assert json.loads(account.read_text())["poolId"].startswith(f"{REGION}_")


def test_node_clients_with_the_host_and_the_issuer_built_in_take_its_tokens(stand_in, account):
    said = stand_in.run("node", str(HERE.parent / "node/as-aws-clients.mjs"), str(account))
    assert said == {
        "cognitoExpress": "ana",
        "cognitoJwtLite": "ana@example.com",
        "verifyCognitoToken": True,
        "passportCognito": "ana@example.com",
    }


def test_a_flask_application_lets_its_tokens_in_and_no_others(stand_in, account):
    with_token, with_forged = stand_in.run(
        sys.executable, str(HERE / "as_aws_clients.py"), "flask", str(account)
    )
    assert with_token == 200
    assert with_forged != 200


def test_pycognito_confirms_and_forgets_a_device_at_the_host_of_aws(stand_in, account):
    said = stand_in.run(
        sys.executable, str(HERE / "as_aws_clients.py"), "device", str(account)
    )
    assert said == {
        "confirmed": {"UserConfirmationNecessary": True},
        "remembered": "<Response [200]>",
        "signedIn": True,
        "forgotten": "<Response [200]>",
    }


def test_it_prints_the_line_for_the_hosts_file_and_four_variables(stand_in):
    printed = stand_in.printed()
    assert f"  127.0.0.1 {HOST}\n" in printed
    assert set(stand_in.variables()) == {
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "AWS_CA_BUNDLE",
        "SSL_CERT_FILE",
    }


def test_https_of_ones_own_needs_no_certificate_and_is_trusted_by_the_file_that_is_named(
    namespace, tmp_path
):
    server = StandIn(namespace, tmp_path, "--https", "--listen", "127.0.0.1:9443")
    try:
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:9443/readyz"
            opened = f"urllib.request.urlopen('{url}', timeout=10)"
            fetch = f"import json, urllib.request; print(json.dumps({opened}.status))"
            assert server.run(sys.executable, "-c", fetch) == 200
        assert "Demo site    https://localhost:9443/demo/" in server.printed()
    finally:
        assert server.end() == 0
