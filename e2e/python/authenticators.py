"""What people carry: an app that shows codes (pyotp), and a security key at a browser (fido2)."""

import hashlib
import secrets
import time

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor, cose
from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2 import Ctap2
from fido2.rpid import verify_rp_id
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticatorData,
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialRequestOptions,
)

SECONDS = 30
# So near to the end of its time a code may be late at the server.
MARGIN = 5


class App:
    """An authenticator app that shows each code once. The server takes codes of the step before and
    of the step after too, so that three are there without waiting."""

    def __init__(self, secret):
        self.totp = pyotp.TOTP(secret)
        self.last = 0

    def code(self):
        """The next code that the server takes."""
        while not self.has_code():
            time.sleep(1)
        self.last = self._next()
        return self.totp.at(self.last * SECONDS)

    def has_code(self):
        """Whether there is one now."""
        return self._next() <= int(time.time()) // SECONDS + 1

    def _next(self):
        earliest = int(time.time() - SECONDS + MARGIN) // SECONDS
        return max(self.last + 1, earliest)

    def wrong_code(self):
        """One that is no code of these minutes."""
        now = int(time.time()) // SECONDS
        near = {self.totp.at((now + off) * SECONDS) for off in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", *near) if code not in near)


def set_up_app(idp, **whose):
    """AssociateSoftwareToken and VerifySoftwareToken, by AccessToken or Session; gives the app and
    the last answer."""
    associated = idp.associate_software_token(**whose)
    app = App(associated["SecretCode"])
    if "Session" in whose:
        whose = {"Session": associated["Session"]}
    verified = idp.verify_software_token(
        UserCode=app.code(), FriendlyDeviceName="phone", **whose
    )
    assert verified["Status"] == "SUCCESS"
    return app, verified


class _Es256:
    COSE = cose.ES256

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message):
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


class _EdDsa:
    COSE = cose.EdDSA

    def __init__(self):
        self.private = ed25519.Ed25519PrivateKey.generate()

    def sign(self, message):
        return self.private.sign(message)


class _Rs256:
    COSE = cose.RS256

    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, message):
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())


ALGORITHMS = {kind.COSE.ALGORITHM: kind for kind in (_Es256, _EdDsa, _Rs256)}


class SecurityKey(CtapDevice):
    """A key that speaks CTAP2 to the browser, or whatever stands in its place: it keeps one passkey
    for each relying party and counts its signatures. `algorithms` is what it can, by COSE's
    numbers; `verifies` says whether it knows its owner (by a finger)."""

    def __init__(self, algorithms=(-7,), verifies=True):
        self.algorithms, self.verifies = algorithms, verifies
        self.passkeys = {}
        self.counter = 0

    @property
    def capabilities(self):
        return 0x04  # CBOR

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        asked = cbor.decode(data[1:]) if len(data) > 1 else {}
        try:
            answer = {
                Ctap2.CMD.GET_INFO: self._tell,
                Ctap2.CMD.MAKE_CREDENTIAL: self._make,
                Ctap2.CMD.GET_ASSERTION: self._assert,
            }[data[0]](asked)
        except CtapError as error:
            return bytes([error.code])
        return b"\0" + cbor.encode(answer)

    @classmethod
    def list_devices(cls):
        return iter(())

    def _tell(self, _):
        options = {"rk": True, "up": True} | ({"uv": True} if self.verifies else {})
        return {1: ["FIDO_2_0"], 3: b"\0" * 16, 4: options, 6: [1]}

    def _flags(self, options):
        flags = AuthenticatorData.FLAG.UP
        return flags | AuthenticatorData.FLAG.UV if options.get("uv") else flags

    def _make(self, asked):
        relying_party, user = asked[2]["id"], asked[3]["id"]
        if any(key[0] == one["id"] for one in asked.get(5, ()) for key in self.passkeys.values()):
            raise CtapError(CtapError.ERR.CREDENTIAL_EXCLUDED)
        wanted = [one["alg"] for one in asked[4] if one["alg"] in self.algorithms]
        if not wanted:
            raise CtapError(CtapError.ERR.UNSUPPORTED_ALGORITHM)
        key, id = ALGORITHMS[wanted[0]](), secrets.token_bytes(32)
        self.passkeys[relying_party] = (id, key, user)
        public = type(key).COSE.from_cryptography_key(key.private.public_key())
        data = AuthenticatorData.create(
            hashlib.sha256(relying_party.encode()).digest(),
            self._flags(asked.get(7, {})) | AuthenticatorData.FLAG.AT,
            self.counter,
            AttestedCredentialData.create(b"\0" * 16, id, public),
        )
        return {1: "none", 2: bytes(data), 3: {}}

    def _assert(self, asked):
        relying_party, allowed = asked[1], asked.get(3)
        id, key, user = self.passkeys.get(relying_party, (None, None, None))
        if id is None or (allowed and id not in [one["id"] for one in allowed]):
            raise CtapError(CtapError.ERR.NO_CREDENTIALS)
        if asked.get(5, {}).get("up", True):
            # A browser that only asks whether the passkey is here is no use of it.
            self.counter += 1
        data = AuthenticatorData.create(
            hashlib.sha256(relying_party.encode()).digest(),
            self._flags(asked.get(5, {})),
            self.counter,
        )
        named = {"id": id, "type": "public-key"}
        return {1: named, 2: bytes(data), 3: key.sign(bytes(data) + asked[2]), 4: {"id": user}}


class Browser:
    """A page at an origin, with a security key. `careless` ones ask no more whether the relying
    party is the page's own."""

    def __init__(self, key, origin, careless=False):
        verify = (lambda *_: True) if careless else verify_rp_id
        collector = DefaultClientDataCollector(origin, verify)
        self.client = Fido2Client(key, collector, UserInteraction())

    def create(self, options):
        """navigator.credentials.create(), with the options and the response as JSON has them."""
        options = PublicKeyCredentialCreationOptions.from_dict(options)
        return as_json(self.client.make_credential(options))

    def get(self, options):
        """navigator.credentials.get(), likewise."""
        options = PublicKeyCredentialRequestOptions.from_dict(options)
        return as_json(self.client.get_assertion(options).get_response(0))


def as_json(response):
    """The response as plain dictionaries."""
    if hasattr(response, "keys"):
        return {key: as_json(response[key]) for key in response}
    return response
