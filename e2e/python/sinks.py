"""Where messages end that go out for real: a mail server and an endpoint for text messages, which
keep what they are given until a test takes it."""

import collections
import email
import email.policy
import http.server
import json
import threading

import cognate
from aiosmtpd.controller import Controller

# Waited out only where a message does not come at all.
SECONDS = 60


class Sink:
    """Texts by address, the oldest first."""

    def __init__(self):
        self._texts = collections.defaultdict(collections.deque)
        self._arrived = threading.Condition()

    def keep(self, address, text):
        with self._arrived:
            self._texts[address].append(text)
            self._arrived.notify_all()

    def take(self, address):
        """The oldest message to the address that no test has taken; awaited, if need be."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: self._texts[address], timeout=SECONDS)
            assert came, f"no message to {address}"
            return self._texts[address].popleft()

    def code(self, address, digits=6):
        """The digits in that message."""
        return cognate.digits_in(self.take(address), digits)

    def left(self, address):
        """How many messages to the address nobody has taken."""
        with self._arrived:
            return len(self._texts[address])


class MailSink(Sink):
    """A mail server that takes everything, in clear; test_serve.py has one that asks for TLS."""

    def __init__(self):
        super().__init__()
        self._controller = Controller(self, hostname="127.0.0.1", port=cognate.free_port())
        self._controller.start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self._controller.port}?starttls=never"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        for recipient in envelope.rcpt_tos:
            self.keep(recipient, text)
        return "250 kept"

    def stop(self):
        self._controller.stop()


class TextSink(Sink):
    """An endpoint for text messages, as `--sms-url` names one."""

    def __init__(self):
        super().__init__()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sink.keep(message["phoneNumber"], message["message"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/texts"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
