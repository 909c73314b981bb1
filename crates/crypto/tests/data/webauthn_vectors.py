"""Prints tests/data/webauthn_vectors.json: a registration and two sign-ins for each algorithm, signed by OpenSSL through
Python's `cryptography` package, the CBOR written by `cbor2`.

    pip install cryptography cbor2 && python3 tests/data/webauthn_vectors.py > tests/data/webauthn_vectors.json

The keys are made anew at each run and thrown away.
"""
import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

RP_ID = "example.org"
ORIGIN = "https://login.example.org:8443"


def url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def es256():
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    return cose, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))


def rs256():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_numbers()
    cose = {1: 3, 3: -257, -1: number(public.n), -2: number(public.e)}
    return cose, lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def eddsa():
    key = ed25519.Ed25519PrivateKey.generate()
    cose = {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
    return cose, key.sign


def client_data(kind, challenge):
    members = {"type": kind, "challenge": url(challenge), "origin": ORIGIN, "crossOrigin": False, "later_members": "…"}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def authenticator_data(flags, counter, attested=b"", extensions=b""):
    return hashlib.sha256(RP_ID.encode()).digest() + bytes([flags]) + struct.pack(">I", counter) + attested + extensions


def vector(name, make, id_length, fmt, statement, extensions):
    cose, sign = make()
    credential, aaguid = os.urandom(id_length), os.urandom(16)
    attested = aaguid + struct.pack(">H", id_length) + credential + cbor2.dumps(cose)
    extra = cbor2.dumps(extensions) if extensions else b""
    challenge = os.urandom(32)
    data = authenticator_data(0x5D | (0x80 if extensions else 0), 7, attested, extra)
    made = client_data("webauthn.create", challenge)
    sign_ins = []
    for counter in (8, 0):
        asked = os.urandom(32)
        answered, said = client_data("webauthn.get", asked), authenticator_data(0x0D, counter)
        sign_ins.append({
            "challenge": url(asked),
            "clientDataJSON": url(answered),
            "authenticatorData": url(said),
            "signature": url(sign(said + hashlib.sha256(answered).digest())),
            "counter": counter,
        })
    return {
        "name": name,
        "alg": cose[3],
        "challenge": url(challenge),
        "credential": url(credential),
        "aaguid": aaguid.hex(),
        "clientDataJSON": url(made),
        "attestationObject": url(cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data})),
        "publicKey": url(cbor2.dumps(cose)),
        "sign_ins": sign_ins,
    }


PACKED = {"alg": -7, "sig": os.urandom(71), "x5c": [os.urandom(800), os.urandom(600)]}
print(json.dumps([
    vector("ES256", es256, 16, "none", {}, None),
    vector("RS256", rs256, 32, "packed", PACKED, {"credProtect": 2, "hmac-secret": True}),
    vector("EdDSA", eddsa, 1023, "none", {}, None),
], indent=1))
