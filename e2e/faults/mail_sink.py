"""A mail server of a few lines, on Python's standard library alone: it keeps what it is given, by
recipient."""

import email
import email.policy
import re
import socketserver
import threading
import time


class _Session(socketserver.StreamRequestHandler):
    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self):
        self.say("220 sink")
        recipients = []
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(re.search(rb"<([^>]*)>", line).group(1).decode())
            if verb in (b"MAIL", b"RSET"):
                recipients = []
            if verb == b"DATA":
                self.say("354 go on")
                if not self.take(recipients):
                    return
            self.say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return

    def take(self, recipients):
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                self.server.sink.keep(recipients, b"".join(lines))
                return True
            lines.append(line[1:] if line.startswith(b"..") else line)
        return False  # The sender was killed in the middle of it.


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A sender that is killed breaks its connection: that is what this suite is about."""


class MailSink:
    def __init__(self):
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.sink = self
        self._codes = {}
        self._arrived = threading.Condition()

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self._server.server_address[1]}?starttls=never"

    def keep(self, recipients, content):
        text = (
            email.message_from_bytes(content, policy=email.policy.default)
            .get_body(("plain",))
            .get_content()
        )
        code = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        with self._arrived:
            for recipient in recipients:
                self._codes.setdefault(recipient, []).append(code and code.group())
            self._arrived.notify_all()

    def code(self, address, seconds=0):
        """The newest code to an address; None when none comes in time."""
        give_up = time.monotonic() + seconds
        with self._arrived:
            while address not in self._codes:
                left = give_up - time.monotonic()
                if left <= 0:
                    return None
                self._arrived.wait(left)
            return self._codes[address][-1]

    def count(self):
        with self._arrived:
            return sum(len(codes) for codes in self._codes.values())
