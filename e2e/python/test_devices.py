"""Devices that are remembered, by boto3 and pycognito: pycognito makes a device's secret and proves
it, without ever sending a session."""

import pytest
from clients import PASSWORD
from conftest import refused
from pycognito.aws_srp import AWSSRP, generate_hash_device
from pycognito.exceptions import SMSMFAChallengeException

GONE = "Device does not exist."
INVALID = "Invalid Refresh Token"


@pytest.fixture(scope="module")
def pool(nodes):
    """Where a device that its user has had remembered stands in for the second factor."""
    return nodes.pool(
        mfa="OPTIONAL",
        DeviceConfiguration={
            "ChallengeRequiredOnNewDevice": True,
            "DeviceOnlyRememberedOnUserPrompt": True,
        },
    )


@pytest.fixture
def ana(pool):
    return pool.user()


class Device:
    """A device that the user has signed in on with a code by text message, and that is confirmed
    and remembered."""

    def __init__(self, user):
        self.user = user
        user.prefer(user.with_password().tokens.access, "SMS_MFA")
        step = user.respond(user.with_password(), SMS_MFA_CODE=code_of(user))
        self.tokens = step.tokens
        new = step.result["NewDeviceMetadata"]
        self.key, self.group = new["DeviceKey"], new["DeviceGroupKey"]
        self.password, verifier = generate_hash_device(self.group, self.key)
        confirmed = user.idp.confirm_device(
            AccessToken=self.tokens.access,
            DeviceKey=self.key,
            DeviceName="the laptop",
            DeviceSecretVerifierConfig=verifier,
        )
        assert confirmed["UserConfirmationNecessary"]
        self.remember("remembered")

    def remember(self, status):
        self.user.idp.update_device_status(
            AccessToken=self.tokens.access, DeviceKey=self.key, DeviceRememberedStatus=status
        )

    def client(self, password=None):
        """pycognito, on this device."""
        user = self.user
        return AWSSRP(
            user.name, PASSWORD, user.pool.id, user.pool.client, client=user.idp,
            device_key=self.key, device_group_key=self.group,
            device_password=password or self.password,
        )


def code_of(user):
    return user.pool.nodes.texts.code(user.phone)


def test_pycognito_signs_in_on_a_remembered_device_without_the_second_factor(ana):
    device = Device(ana)
    answer = device.client().authenticate_user()
    tokens = answer["AuthenticationResult"]
    assert "NewDeviceMetadata" not in tokens
    shown = ana.idp.get_device(AccessToken=tokens["AccessToken"], DeviceKey=device.key)["Device"]
    attributes = {one["Name"]: one["Value"] for one in shown["DeviceAttributes"]}
    assert attributes["device_name"] == "the laptop"

    with refused("NotAuthorizedException"):
        device.client(password="a guess").authenticate_user()
    device.remember("not_remembered")
    with pytest.raises(SMSMFAChallengeException):
        device.client().authenticate_user()


def test_devices_are_listed_and_forgotten_by_users_and_operators(nodes, pool, ana):
    device = Device(ana)
    whose = {"UserPoolId": pool.id, "Username": ana.name}
    (listed,) = ana.idp.list_devices(AccessToken=device.tokens.access)["Devices"]
    (told,) = nodes.idp.admin_list_devices(**whose)["Devices"]
    shown = nodes.idp.admin_get_device(DeviceKey=device.key, **whose)["Device"]
    assert listed["DeviceKey"] == told["DeviceKey"] == shown["DeviceKey"] == device.key

    nodes.idp.admin_update_device_status(
        DeviceKey=device.key, DeviceRememberedStatus="not_remembered", **whose
    )
    assert ana.idp.list_devices(AccessToken=device.tokens.access)["Devices"] == []
    ana.idp.forget_device(AccessToken=device.tokens.access, DeviceKey=device.key)
    with refused("ResourceNotFoundException"):
        nodes.idp.admin_get_device(DeviceKey=device.key, **whose)


def test_a_device_that_is_unknown_does_not_use_the_session_up(ana):
    device = Device(ana)
    ana.idp.forget_device(AccessToken=device.tokens.access, DeviceKey=device.key)
    client = device.client()
    begun = client.get_auth_params()
    step = ana.initiate("USER_SRP_AUTH", **begun)
    assert step.challenge == "PASSWORD_VERIFIER"
    answer = client.process_challenge(step.parameters, begun)
    with refused("ResourceNotFoundException", GONE):
        ana.respond(step, **answer)
    # The very same answer without the device.
    del answer["DEVICE_KEY"]
    assert ana.respond(step, **answer).challenge == "SMS_MFA"


def test_a_session_is_refreshed_on_its_device_only(ana):
    device = Device(ana)
    refresh = device.tokens.refresh
    for _ in range(2):
        with refused("NotAuthorizedException", INVALID):
            ana.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=refresh)
        with refused("NotAuthorizedException", INVALID):
            ana.idp.get_tokens_from_refresh_token(ClientId=ana.pool.client, RefreshToken=refresh)
        again = ana.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=refresh, DEVICE_KEY=device.key)
        assert again.tokens.access
        again = ana.idp.get_tokens_from_refresh_token(
            ClientId=ana.pool.client, RefreshToken=refresh, DeviceKey=device.key
        )
        assert again["AuthenticationResult"]["AccessToken"]


def test_another_users_device_stands_in_for_nothing(pool, ana):
    device, bea = Device(ana), pool.user()
    bea.prefer(bea.with_password().tokens.access, "SMS_MFA")
    borrowed = AWSSRP(
        bea.name, PASSWORD, pool.id, pool.client, client=bea.idp, device_key=device.key,
        device_group_key=device.group, device_password=device.password,
    )
    with refused("ResourceNotFoundException", GONE):
        borrowed.authenticate_user()
