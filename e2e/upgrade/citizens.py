"""People of the fault suite who do more: they refresh, sign in by SRP, and answer the challenge of
an invitation. Each call of theirs goes to another node than the one before, so that what one
version has begun the other one ends."""

import base64
import datetime
import os

import srp_reference as srp
from people import UNKNOWN, Person, Session

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


class Citizen(Person):
    def sign_in_srp(self, call):
        """The challenge comes from one node and is answered at the next."""
        secret = int.from_bytes(os.urandom(32), "big")
        public = pow(srp.G, secret, srp.N)
        asked = call("InitiateAuth", {
            "ClientId": self.client, "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": self.name, "SRP_A": f"{public:x}"},
        })
        given = asked["ChallengeParameters"]
        answer = call("RespondToAuthChallenge", {
            "ClientId": self.client, "ChallengeName": asked["ChallengeName"],
            "Session": asked["Session"],
            "ChallengeResponses": self._proof(given, secret, public),
        })
        session = Session(answer["AuthenticationResult"])
        self.sessions.append(session)
        return session

    def _proof(self, given, secret, public):
        pool, user = self.pool.split("_")[1], given["USER_ID_FOR_SRP"]
        theirs, salt = int(given["SRP_B"], 16), int(given["SALT"], 16)
        password = srp.private_value_of_password(pool, user, self.passwords[0], salt)
        scramble = srp.scramble(public, theirs)
        base = (theirs - srp.K * pow(srp.G, password, srp.N)) % srp.N
        key = srp.hkdf(pow(base, secret + scramble * password, srp.N), scramble)
        now = datetime.datetime.now(datetime.timezone.utc)
        day = f"{DAYS[now.weekday()]} {MONTHS[now.month - 1]} {now.day}"
        at = f"{day} {now:%H:%M:%S} UTC {now.year}"
        block = given["SECRET_BLOCK"]
        signature = srp.claim_signature(key, pool, user, base64.b64decode(block), at)
        return {
            "USERNAME": given["USERNAME"], "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": at,
        }

    def refresh(self, call):
        session = self.standing()[-1]
        answer = call("InitiateAuth", {
            "ClientId": self.client, "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": {"REFRESH_TOKEN": session.refresh},
        })
        session.access = answer["AuthenticationResult"]["AccessToken"]

    def look(self, call):
        """What the token of one node says at the other."""
        found = call("GetUser", {"AccessToken": self.standing()[-1].access})
        told = {pair["Name"]: pair["Value"] for pair in found["UserAttributes"]}
        assert told["sub"] == self.sub, f"{self.name}: another sub than was acknowledged"

    def be_invited(self, call):
        """Made by an operator; the temporary password is replaced in the challenge that it meets.
        Until that is answered, nobody can say which password holds, so that a call that is lost in
        between leaves a person whom nobody asks again."""
        temporary, new = "Only-For-Today-1", self.passwords[0]
        known = [
            {"Name": "email", "Value": self.address}, {"Name": "email_verified", "Value": "true"},
        ]
        self.exists = UNKNOWN
        self.is_half_invited = True
        made = call("AdminCreateUser", {
            "UserPoolId": self.pool, "Username": self.name, "TemporaryPassword": temporary,
            "UserAttributes": known, "MessageAction": "SUPPRESS",
        })
        self.exists = True
        self.sub = next(p["Value"] for p in made["User"]["Attributes"] if p["Name"] == "sub")
        asked = call("InitiateAuth", {
            "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": self.name, "PASSWORD": temporary},
        })
        answer = call("RespondToAuthChallenge", {
            "ClientId": self.client, "ChallengeName": asked["ChallengeName"],
            "Session": asked["Session"],
            "ChallengeResponses": {"USERNAME": self.name, "NEW_PASSWORD": new},
        })
        self.confirmed, self.is_half_invited = True, False
        self.former.append(temporary)
        self.sessions.append(Session(answer["AuthenticationResult"]))

    is_half_invited = False


def act(person, call, chance, mail):
    """One thing that this person might do now; gives what it was."""
    if not person.is_settled or person.is_half_invited:
        return None
    if person.exists is False:
        if person.sub is not UNKNOWN:
            return None
        deed = person.be_invited if chance.random() < 0.25 else person.sign_up
        deed(call)
        return deed.__name__
    if not person.confirmed:
        code = mail.code(person.address)
        if not code:
            return None
        person.confirm(call, code)
        return "confirm"
    if not person.standing():
        person.sign_in(call)
        return "sign_in"
    new = f"Correct-Horse-{chance.randrange(10**9)}"
    deeds = [
        (4, "sign_in", lambda: person.sign_in(call)),
        (4, "sign_in_srp", lambda: person.sign_in_srp(call)),
        (6, "refresh", lambda: person.refresh(call)),
        (6, "look", lambda: person.look(call)),
        (3, "change_password", lambda: person.change_password(call, new)),
        (1, "be_given_password", lambda: person.be_given_password(call, new)),
        (3, "revoke", lambda: person.revoke(call)),
        (1, "sign_out_everywhere", lambda: person.sign_out_everywhere(call)),
        (1, "leave", lambda: person.leave(call)),
    ]
    _, name, deed = chance.choices(deeds, [weight for weight, _, _ in deeds])[0]
    deed()
    return name
