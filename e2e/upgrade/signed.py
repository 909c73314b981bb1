"""Calls as an operator's program makes them: signed by an access key (Signature Version 4), on
Python's standard library alone."""

import datetime
import hashlib
import hmac
import http.client

from wire import SECONDS, Wire

REGION, SERVICE = "us-east-1", "cognito-idp"
SIGNED = "host;x-amz-date;x-amz-target"
TARGET = "AWSCognitoIdentityProviderService."


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class SignedWire(Wire):
    """Signs each call. Public operations take a signature too, and pass it over."""

    def __init__(self, ports, key_id, secret):
        super().__init__(ports)
        self.key_id, self.secret = key_id, secret

    def _send(self, port, operation, body):
        connections = self._connections()
        if port not in connections:
            connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        connection = connections[port]
        connection.request("POST", "/", body, self._headers(port, operation, body))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _headers(self, port, operation, body):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        plain = {"host": f"127.0.0.1:{port}", "x-amz-date": now, "x-amz-target": TARGET + operation}
        lines = "".join(f"{name}:{value}\n" for name, value in plain.items())
        digest = hashlib.sha256(body).hexdigest()
        request = f"POST\n/\n\n{lines}\n{SIGNED}\n{digest}"
        scope = f"{now[:8]}/{REGION}/{SERVICE}/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}"
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        signature = _hmac(key, text).hex()
        credential = f"Credential={self.key_id}/{scope}"
        signed = f"SignedHeaders={SIGNED}, Signature={signature}"
        authorization = f"AWS4-HMAC-SHA256 {credential}, {signed}"
        content = {"Content-Type": "application/x-amz-json-1.1"}
        return content | plain | {"Authorization": authorization}
