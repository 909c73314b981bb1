"""Prints tests/data/jwt_vector.json: an RSA key and a token signed by OpenSSL, through Python's `cryptography` package.

The key is for this test and nothing else.
"""
import base64
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
n = url(key.public_key().public_numbers().n.to_bytes(256, "big"))
thumbprint = hashlib.sha256(('{"e":"AQAB","kty":"RSA","n":"%s"}' % n).encode()).digest()
kid = base64.b64encode(thumbprint).decode()
compact = {"separators": (",", ":"), "ensure_ascii": False}
header = json.dumps({"kid": kid, "alg": "RS256"}, **compact)
# Sorted, as serde_json's Value writes them.
claims = json.dumps({"exp": 1504635605, "sub": "ünï"}, **compact)
signed = url(header.encode()) + "." + url(claims.encode())
signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
pkcs8 = key.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
print(json.dumps({
    "pkcs8": base64.b64encode(pkcs8).decode(),
    "kid": kid,
    "n": n,
    "token": signed + "." + url(signature),
}, indent=1))
