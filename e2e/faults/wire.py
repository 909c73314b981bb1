"""The wire, without a client that repeats by itself: each call is sent once, and what is not
answered is known to be unknown."""

import http.client
import json
import threading

SECONDS = 60


class Lost(Exception):
    """The call was sent and not answered, or answered with 5xx: whether it was done nobody here
    knows."""


class Refused(Exception):
    """The call was answered with an error of the caller's."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Wire:
    """Calls to any of some nodes; each thread has connections of its own."""

    def __init__(self, ports):
        self.ports = ports
        self._own = threading.local()
        self._age = 0
        self.lost = 0

    def renew(self):
        """Connections that were open before are not used again: a node was started anew."""
        self._age += 1

    def call(self, port, operation, body):
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        }
        return self.post(port, "/", json.dumps(body).encode(), headers)

    def post(self, port, path, body, headers):
        try:
            status, answer = self._send(port, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connections().pop(port, None)
            self.lost += 1
            raise Lost(repr(error)) from None
        if status >= 500:
            self.lost += 1
            raise Lost(f"{headers}: {status} {answer[:200]!r}")
        answer = json.loads(answer) if answer else {}
        if status != 200:
            raise Refused(answer.get("__type"), answer.get("message"))
        return answer

    def _connections(self):
        if getattr(self._own, "age", None) != self._age:
            self._own.age, self._own.connections = self._age, {}
        return self._own.connections

    def _send(self, port, path, body, headers):
        connections = self._connections()
        if port not in connections:
            connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        connection = connections[port]
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Caller:
    """Calls to the port that `port()` gives each time."""

    def __init__(self, wire, port):
        self._wire, self._port = wire, port

    def __call__(self, operation, body):
        return self._wire.call(self._port(), operation, body)

    def post(self, path, access_token):
        """A request to a page that asks for an access token."""
        headers = {"Authorization": f"Bearer {access_token}", "Content-Length": "0"}
        return self._wire.post(self._port(), path, None, headers)
