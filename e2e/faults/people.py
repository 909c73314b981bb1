"""People who use the service, and who remember what it acknowledged to them.

Before a call a person notes that its outcome is unknown; the answer settles it. What is unknown
when the server dies is settled by looking afterwards: it may have happened or not, but not by half.
"""

from wire import Lost, Refused

UNKNOWN = None


class Session:
    def __init__(self, tokens):
        self.refresh, self.access = tokens["RefreshToken"], tokens["AccessToken"]
        self.stands = True
        # The key of the device that it is bound to.
        self.device = None


class Person:
    def __init__(self, pool, client, name):
        self.pool, self.client, self.name = pool, client, name
        self.address = f"{name}@example.com"
        self.exists = False
        self.sub = UNKNOWN
        self.confirmed = False
        # The first is the one in force; a second, where a change of it was not answered.
        self.passwords = ["Correct-Horse-1"]
        self.former = []
        self.sessions = []

    @property
    def is_settled(self):
        things = [self.exists, self.confirmed, *self.things()]
        return UNKNOWN not in things and len(self.passwords) == 1

    def standing(self):
        return [session for session in self.sessions if session.stands]

    # What people of other kinds have beside a password (factors.py).

    can_sign_in = True

    def things(self):
        """Of each: whether it is there, gone or unknown."""
        return []

    def answer(self, call, challenge):
        """Answers the challenge that follows the password."""
        raise AssertionError(f"{self.name}: {challenge}")

    def check_factors(self, call, found):
        """With what AdminGetUser tells."""

    def check_things(self, call):
        """In a session that stands, if there is one."""

    def deeds(self, call):
        """With their weights, what only such people do."""
        return []

    # What people do. Each may raise Lost.

    def sign_up(self, call):
        self.exists = UNKNOWN
        attributes = [{"Name": "email", "Value": self.address}]
        answer = call(
            "SignUp",
            {
                "ClientId": self.client,
                "Username": self.name,
                "Password": self.passwords[0],
                "UserAttributes": attributes,
            },
        )
        self.exists, self.sub = True, answer["UserSub"]

    def confirm(self, call, code):
        self.confirmed = UNKNOWN
        call(
            "ConfirmSignUp",
            {"ClientId": self.client, "Username": self.name, "ConfirmationCode": code},
        )
        self.confirmed = True

    def initiate(self, call, password):
        return call(
            "InitiateAuth",
            {
                "ClientId": self.client,
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": self.name, "PASSWORD": password},
            },
        )

    def sign_in(self, call):
        answer = self.initiate(call, self.passwords[0])
        if "ChallengeName" in answer:
            answer = self.answer(call, answer)
        self.begin(call, answer)

    def begin(self, call, answer):
        self.sessions.append(Session(answer["AuthenticationResult"]))

    def change_password(self, call, new):
        session = self.standing()[-1]
        others = [
            other for other in self.sessions if other is not session and other.stands is not False
        ]
        old = self.passwords[0]
        self.passwords = [old, new]
        self.forget(others)
        call(
            "ChangePassword",
            {"AccessToken": session.access, "PreviousPassword": old, "ProposedPassword": new},
        )
        self.end(others)
        self.passwords, self.former = [new], [*self.former, old]

    def be_given_password(self, call, new):
        old = self.passwords[0]
        sessions = [session for session in self.sessions if session.stands is not False]
        self.passwords = [old, new]
        self.forget(sessions)
        call(
            "AdminSetUserPassword",
            {"UserPoolId": self.pool, "Username": self.name, "Password": new, "Permanent": True},
        )
        self.end(sessions)
        self.passwords, self.former = [new], [*self.former, old]

    def revoke(self, call):
        session = self.standing()[0]
        session.stands = UNKNOWN
        call("RevokeToken", {"ClientId": self.client, "Token": session.refresh})
        session.stands = False

    def sign_out_everywhere(self, call):
        access = self.standing()[-1].access
        sessions = [session for session in self.sessions if session.stands is not False]
        self.forget(sessions)
        call("GlobalSignOut", {"AccessToken": access})
        self.end(sessions)

    def leave(self, call):
        self.exists = UNKNOWN
        call("AdminDeleteUser", {"UserPoolId": self.pool, "Username": self.name})
        self.exists = False
        self.end(self.sessions)

    @staticmethod
    def forget(sessions):
        for session in sessions:
            session.stands = UNKNOWN

    @staticmethod
    def end(sessions):
        for session in sessions:
            session.stands = False

    # What must be true afterwards. Nothing may be lost here: no server is killed meanwhile.

    def check(self, call):
        """Fails when something that was acknowledged is not so; settles what was not
        acknowledged."""
        found = self._find(call)
        wanted = self.exists
        assert wanted is UNKNOWN or wanted == (found is not None), (
            f"{self.name}: acknowledged as {'there' if wanted else 'gone'}, and is not"
        )
        self.exists = found is not None
        if found is None:
            self.end(self.sessions)
            return
        sub = next(
            attribute["Value"]
            for attribute in found["UserAttributes"]
            if attribute["Name"] == "sub"
        )
        assert self.sub in (UNKNOWN, sub), f"{self.name}: another sub than was acknowledged"
        self.sub = sub
        self._check_confirmation(found["UserStatus"])
        self._check_passwords(call)
        self.check_factors(call, found)
        self._check_sessions(call)
        self.check_things(call)

    def _find(self, call):
        try:
            return call("AdminGetUser", {"UserPoolId": self.pool, "Username": self.name})
        except Refused as error:
            assert error.code == "UserNotFoundException", error
            return None

    def _check_confirmation(self, status):
        assert status in ("CONFIRMED", "UNCONFIRMED"), f"{self.name}: {status}"
        is_confirmed = status == "CONFIRMED"
        assert self.confirmed in (UNKNOWN, is_confirmed), (
            f"{self.name}: {status}, where {self.confirmed} was acknowledged"
        )
        self.confirmed = is_confirmed

    def _check_passwords(self, call):
        # Who cannot sign in now cannot end the count of wrong passwords.
        for former in self.former[-1:] if self.can_sign_in else ():
            assert not self._accepts(call, former), (
                f"{self.name}: a password that was changed still works"
            )
        accepted = [
            password for password in reversed(self.passwords) if self._accepts(call, password)
        ]
        assert len(accepted) == 1, (
            f"{self.name}: of {len(self.passwords)} passwords {len(accepted)} work"
        )
        self.former += [password for password in self.passwords if password != accepted[0]]
        self.passwords = accepted

    def _accepts(self, call, password):
        try:
            answer = self.initiate(call, password)
        except Refused as error:
            if error.code == "UserNotConfirmedException":
                return True
            assert error.code == "NotAuthorizedException", f"{self.name}: {error}"
            assert "attempts" not in error.message, f"{self.name}: locked by a check"
            return False
        # A challenge tells as much of the password, and is not answered here.
        if "ChallengeName" not in answer:
            self.begin(call, answer)
        return True

    def _check_sessions(self, call):
        for session in self.sessions:
            stands = self.refreshes(call, session)
            was, now = ("ended", "there") if stands else ("begun", "gone")
            assert session.stands in (UNKNOWN, stands), (
                f"{self.name}: a session that was {was} is {now}"
            )
            assert self._access_works(call, session) == stands, f"{self.name}: half a session"
            session.stands = stands
        # Those that have ended stay so; a few are asked again next time.
        ended = [session for session in self.sessions if not session.stands]
        self.sessions = ended[-2:] + self.standing()[-3:]

    def refreshes(self, call, session):
        parameters = {"REFRESH_TOKEN": session.refresh}
        if session.device:
            parameters["DEVICE_KEY"] = session.device
        try:
            call(
                "InitiateAuth",
                {
                    "ClientId": self.client,
                    "AuthFlow": "REFRESH_TOKEN_AUTH",
                    "AuthParameters": parameters,
                },
            )
            return True
        except Refused as error:
            assert error.code == "NotAuthorizedException", f"{self.name}: {error}"
            return False

    def _access_works(self, call, session):
        try:
            call("GetUser", {"AccessToken": session.access})
            return True
        except Refused as error:
            assert error.code == "NotAuthorizedException", f"{self.name}: {error}"
            return False


def act(person, call, chance, mail):
    """One thing that this person might do now."""
    if not person.is_settled:
        return
    if person.exists is False:
        if person.sub is UNKNOWN:
            person.sign_up(call)
        return
    if not person.confirmed:
        if code := mail.code(person.address):
            person.confirm(call, code)
        return
    if not person.standing():
        if person.can_sign_in:
            person.sign_in(call)
        return
    new = f"Correct-Horse-{chance.randrange(10**9)}"
    deeds = [
        (6 if person.can_sign_in else 0, lambda: person.sign_in(call)),
        (3, lambda: person.change_password(call, new)),
        (1, lambda: person.be_given_password(call, new)),
        (3, lambda: person.revoke(call)),
        (1, lambda: person.sign_out_everywhere(call)),
        (1, lambda: person.leave(call)),
        *person.deeds(call),
    ]
    chance.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]()


__all__ = ["Lost", "Person", "Session", "act"]
