"""A Cognate server for the tests: started as an operator starts it, spoken to over the network,
ended with the test run.

Nothing here knows the server's insides. What a test may see is what an operator sees: the command
line, the ports, the mail that arrives and the log.
"""

import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

BINARY = os.environ.get(
    "COGNATE_BIN", str(pathlib.Path(__file__).parents[2] / "target/debug/cognate")
)
DATABASE = os.environ.get("COGNATE_E2E_DATABASE", "sqlite")
LOGS = pathlib.Path(
    os.environ.get("COGNATE_E2E_LOGS", pathlib.Path(__file__).parents[2] / "target/e2e/logs")
)
REGION = "us-east-1"

# A debug build on a busy machine of two cores: generous, and only ever waited out when something is
# broken.
START_SECONDS = 60

_numbers = itertools.count(1)


class ServerFailed(Exception):
    """The server did not start, or ended when it should not have; the message carries the end of
    its log."""


def free_port():
    """A port of this machine that nobody listens on at the moment of asking."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fresh_database(admin_url):
    """Makes an empty database on the PostgreSQL at `admin_url` and gives its URL."""
    name = f"cognate_{secrets.token_hex(8)}"
    subprocess.run(
        [
            "psql",
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            f"--command=CREATE DATABASE {name}",
            admin_url,
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    parts = urllib.parse.urlsplit(admin_url)
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


class Server:
    """One `cognate` process with a folder and a database of its own."""

    def __init__(self, name, mode="dev", options=(), environment=None, certificate=None):
        """`certificate` is a PEM file with a certificate for 127.0.0.1 and its key: the server then
        speaks https."""
        self.mode = mode
        self.options = list(options)
        self.certificate = certificate
        if certificate:
            self.options += ["--tls-cert", str(certificate), "--tls-key", str(certificate)]
        # Settings of the machine that runs the tests must not reach the server.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("COGNATE_")} | (
            environment or {}
        )
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cognate-e2e-"))
        LOGS.mkdir(parents=True, exist_ok=True)
        database = "sqlite" if DATABASE == "sqlite" else "postgres"
        self.log = LOGS / f"python-{name}-{database}-{next(_numbers)}.log"
        # Where the accounts are: said to every command that touches them, `serve` and `access-key`
        # alike.
        self.store = ["--data-dir", str(self.folder / "data")]
        if DATABASE != "sqlite":
            self.store += ["--database-url", fresh_database(DATABASE)]
        self.process = None
        self.port = None
        # The operators' listener; off, so that servers side by side do not ask for one port.
        self.admin = "none"

    @property
    def url(self):
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def open(self, path, timeout=10):
        """A GET that trusts the server's own certificate."""
        context = (
            ssl.create_default_context(cafile=str(self.certificate)) if self.certificate else None
        )
        return urllib.request.urlopen(f"{self.url}{path}", timeout=timeout, context=context)

    def start(self):
        """Starts the process and waits until it says that it is ready. A restart keeps the port,
        and so the issuer."""
        attempts = 1 if self.port else 3
        for attempt in range(attempts):
            port = self.port or free_port()
            try:
                self._start_on(port)
                return self
            except ServerFailed as failure:
                # Somebody took the port between the question and the start: another one is tried.
                if attempt + 1 == attempts or "in use" not in str(failure):
                    raise
                self.port = None
        raise AssertionError("unreachable")

    def _start_on(self, port):
        self.port = port
        command = [
            BINARY,
            self.mode,
            *self.store,
            "--listen",
            f"127.0.0.1:{port}",
            "--admin-listen",
            self.admin,
        ]
        if self.mode == "dev":
            command.append("--no-demo")
        command += self.options
        with open(self.log, "ab") as log:
            log.write(f"--- {' '.join(command)}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.folder,
            )
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                raise ServerFailed(
                    f"ended with {self.process.returncode} at start\n{self.log_end()}"
                )
            try:
                with self.open("/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.05)
        self.kill()
        raise ServerFailed(f"not ready after {START_SECONDS} s\n{self.log_end()}")

    def log_end(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def log_text(self):
        return self.log.read_text(errors="replace")

    def command(self, *arguments):
        """Runs another `cognate` command on the same store and gives what it printed."""
        done = subprocess.run(
            [BINARY, *arguments, *self.store],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            timeout=60,
        )
        if done.returncode != 0:
            raise ServerFailed(
                f"cognate {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
            )
        return done.stdout

    def refusal(self, *options, listen=None, mode=None):
        """What a start that must fail says, for an operator to read."""
        listen = listen or f"127.0.0.1:{free_port()}"
        command = [
            BINARY,
            mode or self.mode,
            *self.store,
            "--listen",
            listen,
            "--admin-listen",
            "none",
            *options,
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            timeout=START_SECONDS,
        )
        assert done.returncode != 0, "the start was due to fail"
        assert "panicked" not in done.stderr, done.stderr
        return done.stderr

    def kill(self):
        """Ends the process as a power cut would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait(timeout=30)
        self.process = None

    def stop(self):
        """Asks the process to end, and gives its exit code."""
        if not self.process:
            return None
        self.process.terminate()
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"still running 30 s after SIGTERM\n{self.log_end()}") from None
        self.process = None
        return code

    def remove(self):
        """Ends the process, if it runs, and removes its folder. The log stays until the next
        run."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def json(self, path):
        with self.open(path) as answer:
            return json.load(answer)

    def mails(self, address):
        """What the development inbox holds for an address or telephone number, oldest first."""
        entries = self.json(f"/dev/inbox.json?to={urllib.parse.quote(address)}")["messages"]
        return sorted(entries, key=lambda entry: entry["at"])

    def mail(self, address, number=1):
        """The message with this number (from 1) to the address: it is there when the call that
        caused it has answered."""
        mails = self.mails(address)
        assert len(mails) >= number, f"no message {number} to {address}; there are {len(mails)}"
        return mails[number - 1]

    def code(self, address, number=1):
        """The six digits in the message with this number to the address."""
        return six_digits(self.mail(address, number)["text"])


def six_digits(text):
    return digits_in(text, 6)


def digits_in(text, number):
    """The code of so many digits in a message."""
    found = re.search(rf"(?<!\d)\d{{{number}}}(?!\d)", text)
    assert found, f"no code of {number} digits in: {text}"
    return found.group()


def another_code(code):
    """A code of the right form that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
