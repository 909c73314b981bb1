"""People who have more than a password, and what was acknowledged to them of it: an authenticator
app with a list of recovery codes, passkeys, devices."""

import json

from authenticators import Browser, SecurityKey, set_up_app
from people import Person, Session
from pycognito.aws_srp import AWSSRP, generate_hash_device
from wire import Refused

UNKNOWN = None
RELYING_PARTY, ORIGIN = "example.com", "https://example.com"


class Idp:
    """A client as boto3's, by the calls of this suite: no call is repeated by itself."""

    OPERATIONS = {
        "associate_software_token": "AssociateSoftwareToken",
        "verify_software_token": "VerifySoftwareToken",
        "initiate_auth": "InitiateAuth",
        "respond_to_auth_challenge": "RespondToAuthChallenge",
    }

    def __init__(self, call):
        self._call = call

    def __getattr__(self, name):
        return lambda **members: self._call(self.OPERATIONS[name], members)


class Codes:
    """An app that is asked for after the password, and a list of recovery codes. Each code serves
    once: the last one whose use was acknowledged is tried again in each check."""

    def __init__(self, person):
        self.person = person
        self.app = None
        # Whether it is asked for.
        self.asked = False
        self.recovery = []
        self.spent = None
        self._last_by_app = False
        # Who has switched an app off gets no list for setting up another.
        self.may_renew = True

    def enrol(self, call):
        access = self.person.standing()[-1].access
        # An app that was verified takes the place of the one before, and is not asked for yet.
        self.app = None
        self.app, _ = set_up_app(Idp(call), AccessToken=access)
        self._prefer(call, access, True)
        self.spent = None
        if self.may_renew:
            made = call.post(f"/{self.person.pool}/recovery-codes", access)
            self.recovery = made["RecoveryCodes"]

    def drop(self, call):
        self.may_renew = False
        self._prefer(call, self.person.standing()[-1].access, False)

    def _prefer(self, call, access, asked):
        before = self.asked
        self.asked = UNKNOWN
        settings = {"Enabled": asked, "PreferredMfa": asked}
        call("SetUserMFAPreference", {"AccessToken": access, "SoftwareTokenMfaSettings": settings})
        self.asked = asked
        if before and not asked:
            # Nothing is asked for any more, which ends the list.
            self.recovery, self.spent = [], None

    @property
    def has_code(self):
        return bool(self.recovery) or self.app.has_code()

    def answer(self, call, challenge):
        """Answers the challenge with a code that was not used, of the app and of the list by
        turns, and gives the answer."""
        by_app = self.app.has_code() and not (self._last_by_app and self.recovery)
        self._last_by_app = by_app
        code = self.app.code() if by_app else self.recovery.pop()
        self.spent = None
        answer = self._respond(call, challenge, code)
        self.spent = code
        return answer

    def _respond(self, call, challenge, code):
        assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA", challenge
        responses = {"USERNAME": self.person.name, "SOFTWARE_TOKEN_MFA_CODE": code}
        return call(
            "RespondToAuthChallenge",
            {
                "ClientId": self.person.client,
                "ChallengeName": "SOFTWARE_TOKEN_MFA",
                "Session": challenge["Session"],
                "ChallengeResponses": responses,
            },
        )

    def check(self, call, found):
        name = self.person.name
        asked = "SOFTWARE_TOKEN_MFA" in found.get("UserMFASettingList", [])
        assert self.asked in (UNKNOWN, asked), f"{name}: the app is asked for: {asked}"
        if self.asked is UNKNOWN and not asked:
            self.recovery = []
        self.asked = asked
        # Who has to wait for the app's next code is asked the next time.
        if asked and self.has_code:
            if self.spent:
                self._check_spent(call)
            # A whole sign-in, which ends the count of what was refused above, too.
            self.person.sign_in(call)

    def _check_spent(self, call):
        challenge = self.person.initiate(call, self.person.passwords[0])
        try:
            self._respond(call, challenge, self.spent)
        except Refused as error:
            # A code of the app runs out in the meantime, and is wrong then.
            assert error.code in ("CodeMismatchException", "ExpiredCodeException"), error
        else:
            raise AssertionError(f"{self.person.name}: a code was taken twice")
        self.spent = None


class Kept:
    """Things of one kind by their names: which are there, which are gone, which may be either."""

    def __init__(self, what):
        self.what, self.known = what, {}

    def standing(self):
        return [name for name, there in self.known.items() if there]

    def check(self, person, listed):
        for name, there in list(self.known.items()):
            found = name in listed
            assert there in (UNKNOWN, found), (
                f"{person.name}: a {self.what} that was {'kept' if there else 'deleted'} is "
                f"{'there' if found else 'gone'}"
            )
            self.known[name] = found
        made_up = set(listed) - set(self.known)
        assert not made_up, f"{person.name}: a {self.what} that nobody made"
        # Of those that are gone a few are asked for again next time.
        gone = [name for name, there in self.known.items() if not there]
        for name in gone[:-2]:
            del self.known[name]


class Passkeys(Kept):
    """Passkeys of a person who has no other second factor."""

    def __init__(self, person):
        super().__init__("passkey")
        self.person, self.browsers = person, {}

    def add(self, call):
        access = self.person.standing()[-1].access
        options = call("StartWebAuthnRegistration", {"AccessToken": access})
        browser = Browser(SecurityKey(), ORIGIN)
        credential = browser.create(options["CredentialCreationOptions"])
        self.browsers[credential["id"]] = browser
        self.known[credential["id"]] = UNKNOWN
        call(
            "CompleteWebAuthnRegistration", {"AccessToken": access, "Credential": credential}
        )
        self.known[credential["id"]] = True

    def delete(self, call):
        name = self.standing()[0]
        self.known[name] = UNKNOWN
        access = self.person.standing()[-1].access
        call("DeleteWebAuthnCredential", {"AccessToken": access, "CredentialId": name})
        self.known[name] = False

    def sign_in(self, call):
        parameters = {"USERNAME": self.person.name, "PREFERRED_CHALLENGE": "WEB_AUTHN"}
        asked = call(
            "InitiateAuth",
            {
                "ClientId": self.person.client,
                "AuthFlow": "USER_AUTH",
                "AuthParameters": parameters,
            },
        )
        options = json.loads(asked["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])
        credential = self.browsers[self.standing()[-1]].get(options)
        responses = {"USERNAME": self.person.name, "CREDENTIAL": json.dumps(credential)}
        return call(
            "RespondToAuthChallenge",
            {
                "ClientId": self.person.client,
                "ChallengeName": asked["ChallengeName"],
                "Session": asked["Session"],
                "ChallengeResponses": responses,
            },
        )

    def look(self, call):
        if self.known and self.person.standing():
            access = self.person.standing()[-1].access
            listed = call("ListWebAuthnCredentials", {"AccessToken": access, "MaxResults": 20})
            self.check(self.person, [one["CredentialId"] for one in listed["Credentials"]])


class Devices(Kept):
    """Devices of a person in a pool that remembers them all."""

    def __init__(self, person):
        super().__init__("device")
        self.person, self.secrets = person, {}

    def confirm(self, call, tokens):
        """Confirms the device that a sign-in was given a key for, and gives that."""
        new = tokens["NewDeviceMetadata"]
        key, group = new["DeviceKey"], new["DeviceGroupKey"]
        secret, verifier = generate_hash_device(group, key)
        self.secrets[key] = (group, secret)
        self.known[key] = UNKNOWN
        call(
            "ConfirmDevice",
            {
                "AccessToken": tokens["AccessToken"],
                "DeviceKey": key,
                "DeviceSecretVerifierConfig": verifier,
            },
        )
        self.known[key] = True
        return key

    def forget(self, call, session):
        self.known[session.device] = UNKNOWN
        members = {"AccessToken": session.access, "DeviceKey": session.device}
        call("ForgetDevice", members)
        self.known[session.device] = False

    def sign_in(self, call, key):
        """By SRP, of the person and then of the device."""
        person, (group, secret) = self.person, self.secrets[key]
        srp = AWSSRP(
            person.name, person.passwords[0], person.pool, person.client, client=Idp(call),
            device_key=key, device_group_key=group, device_password=secret,
        )
        return srp.authenticate_user()["AuthenticationResult"]

    def look(self, call):
        if not self.known:
            return
        person = self.person
        members = {"UserPoolId": person.pool, "Username": person.name, "Limit": 60}
        listed = call("AdminListDevices", members)
        self.check(person, [one["DeviceKey"] for one in listed["Devices"]])
        if there := self.standing():
            tokens = self.sign_in(call, there[-1])
            assert "NewDeviceMetadata" not in tokens, f"{person.name}: a device proves nothing"


class Enrolled(Person):
    """Somebody who may set up an app, and add passkeys."""

    def __init__(self, pool, client, name):
        super().__init__(pool, client, name)
        self.codes, self.passkeys = Codes(self), Passkeys(self)

    @property
    def can_sign_in(self):
        return self.codes.asked is False or (self.codes.app and self.codes.has_code)

    def things(self):
        return [self.codes.asked, *self.passkeys.known.values()]

    def answer(self, call, challenge):
        return self.codes.answer(call, challenge)

    def check_factors(self, call, found):
        self.codes.check(call, found)

    def check_things(self, call):
        self.passkeys.look(call)

    def deeds(self, call):
        deeds = [(2, lambda: self.passkeys.add(call))]
        if there := self.passkeys.standing():
            deeds.append((1, lambda: self.passkeys.delete(call)))
        if self.codes.asked:
            deeds.append((1, lambda: self.codes.drop(call)))
        else:
            deeds.append((2, lambda: self.codes.enrol(call)))
            if there:
                deeds.append((3, lambda: self.begin(call, self.passkeys.sign_in(call))))
        return deeds


class DeviceOwner(Person):
    """Somebody in a pool that remembers devices: each sign-in is on another one."""

    def __init__(self, pool, client, name):
        super().__init__(pool, client, name)
        self.devices = Devices(self)
        self.on_forgotten = None

    def things(self):
        return list(self.devices.known.values())

    def begin(self, call, answer):
        tokens = answer["AuthenticationResult"]
        session = Session(tokens)
        session.device = self.devices.confirm(call, tokens)
        self.sessions.append(session)

    def forget_device(self, call):
        session = self.standing()[0]
        self.sessions.remove(session)
        self.on_forgotten = session
        self.devices.forget(call, session)

    def check_things(self, call):
        self.devices.look(call)
        session = self.on_forgotten
        if session and self.devices.known.get(session.device) is False:
            assert not self.refreshes(call, session), f"{self.name}: a forgotten device refreshes"

    def deeds(self, call):
        return [(2, lambda: self.forget_device(call))]


__all__ = ["DeviceOwner", "Enrolled", "RELYING_PARTY"]
