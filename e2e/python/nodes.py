"""Where sign-ins of many steps are tried: `cognate serve` on one SQLite, or on PostgreSQL two nodes
behind a proxy that gives each request to the other one than the last. So each step of a sign-in is
begun at one node and answered at the other."""

import itertools
import types

import cognate
from clients import PASSWORD, access_key, boto3_client
from proxies import Proxy
from sinks import MailSink, TextSink

NODES = 1 if cognate.DATABASE == "sqlite" else 2
ALL_FLOWS = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]
APP_ONLY = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
SMS = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}}
ALL_MFA = APP_ONLY | {"SmsMfaConfiguration": SMS, "EmailMfaConfiguration": {}}
# A password is not recovered through the mailbox that is the second factor.
RECOVERY = [
    {"Priority": 1, "Name": "verified_email"},
    {"Priority": 2, "Name": "verified_phone_number"},
]

_numbers = itertools.count(1)


class Nodes:
    """The servers, what they send, and clients of them."""

    def __init__(self):
        self.mail, self.texts = MailSink(), TextSink()
        self.proxy = Proxy()
        self.url = self.proxy.url
        sent = ["--smtp-url", self.mail.url, "--sms-url", self.texts.url]
        self.nodes = []
        for number in range(1, NODES + 1):
            node = cognate.Server(f"node-{number}", mode="serve", options=sent)
            node.options += ["--public-url", self.url]
            if self.nodes:
                # One database and one master key.
                node.store = self.nodes[0].store
            self.nodes.append(node)

    def start(self):
        for node in self.nodes:
            node.start()
        self.proxy.lead_to([node.port for node in self.nodes])
        key = access_key(self.nodes[0], "administrator")
        # What is set up is set up at one node: the other learns of a change within a second only.
        self.operator = boto3_client(self.nodes[0].url, *key)
        self.idp = boto3_client(self.url, *key)
        return self

    def stop(self):
        return [node.stop() for node in self.nodes]

    def remove(self):
        for node in self.nodes:
            node.remove()
        for helper in (self.proxy, self.mail, self.texts):
            helper.stop()

    def log_text(self):
        return "".join(node.log_text() for node in self.nodes)

    def pool(self, mfa="OFF", factors=None, first=None, passkeys=None, client=None, **settings):
        """A pool with an app client. `mfa` is its MfaConfiguration, `factors` the members of
        SetUserPoolMfaConfig that tell which second factors it has (all of them); `first` its
        AllowedFirstAuthFactors, `passkeys` its WebAuthnConfiguration."""
        second = (ALL_MFA if factors is None else factors) if mfa != "OFF" else {}
        if first:
            settings["Policies"] = {"SignInPolicy": {"AllowedFirstAuthFactors": first}}
        if "SmsMfaConfiguration" in second or "SMS_OTP" in (first or ()):
            settings |= SMS
        pool = self.operator.create_user_pool(
            PoolName=f"sign-in-{next(_numbers)}",
            AutoVerifiedAttributes=["email"],
            AccountRecoverySetting={"RecoveryMechanisms": RECOVERY},
            **settings,
        )["UserPool"]["Id"]
        if passkeys:
            second = second | {"WebAuthnConfiguration": passkeys}
        if second:
            self.operator.set_user_pool_mfa_config(
                UserPoolId=pool, MfaConfiguration=mfa, **second
            )
        wanted = {
            "ClientName": "app",
            "ExplicitAuthFlows": ALL_FLOWS,
            "PreventUserExistenceErrors": "ENABLED",
        } | (client or {})
        made = self.operator.create_user_pool_client(UserPoolId=pool, **wanted)["UserPoolClient"]
        return Pool(self, pool, made["ClientId"])


class Pool:
    def __init__(self, nodes, id, client):
        self.nodes, self.idp = nodes, nodes.idp
        self.id, self.client = id, client

    def user(self, name=None, **more):
        """A confirmed user with a password, a mailbox and a telephone; both are verified."""
        number = next(_numbers)
        user = User(self, name or f"user{number}", f"user{number}@example.com", number)
        user.create(MessageAction="SUPPRESS", **more)
        self.nodes.operator.admin_set_user_password(
            UserPoolId=self.id, Username=user.name, Password=PASSWORD, Permanent=True
        )
        return user

    def invited(self, temporary_password):
        """A user who has to change this password."""
        number = next(_numbers)
        user = User(self, f"user{number}", f"user{number}@example.com", number)
        user.create(MessageAction="SUPPRESS", TemporaryPassword=temporary_password)
        return user


class User:
    """Somebody who signs in, each request at the next node."""

    def __init__(self, pool, name, email, number):
        self.pool, self.idp = pool, pool.idp
        self.name, self.email, self.phone = name, email, f"+1555{number:07}"

    def create(self, **members):
        attributes = {
            "email": self.email,
            "email_verified": "true",
            "phone_number": self.phone,
            "phone_number_verified": "true",
        }
        self.pool.nodes.operator.admin_create_user(
            UserPoolId=self.pool.id,
            Username=self.name,
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
            **members,
        )

    def initiate(self, flow, **parameters):
        """InitiateAuth."""
        return Step(self.idp.initiate_auth(
            ClientId=self.pool.client,
            AuthFlow=flow,
            AuthParameters={"USERNAME": self.name} | parameters,
        ))

    def with_password(self, password=PASSWORD):
        return self.initiate("USER_PASSWORD_AUTH", PASSWORD=password)

    def respond(self, step, challenge=None, **responses):
        """RespondToAuthChallenge to a step, or to another challenge than it asks for."""
        return Step(self.idp.respond_to_auth_challenge(
            ClientId=self.pool.client,
            ChallengeName=challenge or step.challenge,
            Session=step.session,
            ChallengeResponses={"USERNAME": self.name} | responses,
        ))

    def prefer(self, access_token, preferred, *others):
        """SetUserMFAPreference: switches factors on, and prefers the first, if it is one."""
        settings = {
            "SMS_MFA": "SMSMfaSettings",
            "SOFTWARE_TOKEN_MFA": "SoftwareTokenMfaSettings",
            "EMAIL_OTP": "EmailMfaSettings",
        }
        wanted = {settings[other]: {"Enabled": True} for other in others}
        if preferred:
            wanted[settings[preferred]] = {"Enabled": True, "PreferredMfa": True}
        self.idp.set_user_mfa_preference(AccessToken=access_token, **wanted)


class Step:
    """What a sign-in answered: the next challenge, or tokens."""

    def __init__(self, answer):
        self.challenge = answer.get("ChallengeName")
        self.session = answer.get("Session")
        self.parameters = answer.get("ChallengeParameters", {})
        self.available = answer.get("AvailableChallenges")
        self.result = answer.get("AuthenticationResult")

    @property
    def tokens(self):
        """The tokens, which are due."""
        assert self.result, f"{self.challenge} was asked, where tokens were due"
        return types.SimpleNamespace(
            id=self.result["IdToken"],
            access=self.result["AccessToken"],
            refresh=self.result.get("RefreshToken"),
        )
