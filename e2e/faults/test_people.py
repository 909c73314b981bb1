"""The people of this suite notice when something that was acknowledged to them is not so: else
their silence would prove nothing."""

import pytest
from factors import DeviceOwner, Enrolled
from test_kill import Town
from wire import Refused


@pytest.fixture(scope="module")
def town(mail, chance):
    with Town("people", 1, mail, chance) as town:
        yield town


@pytest.fixture
def ana(town, mail):
    return settled(town, mail, Enrolled)


@pytest.fixture
def owner(town, mail):
    return settled(town, mail, DeviceOwner)


def settled(town, mail, kind):
    """The next person of a kind, who is confirmed and signed in."""
    person = next(person for person in iter(town.person, None) if type(person) is kind)
    person.sign_up(town.call)
    person.confirm(town.call, mail.code(person.address, seconds=30))
    person.sign_in(town.call)
    person.check(town.call)
    return person


def on_user(town, person, operation, **members):
    town.call(operation, {"UserPoolId": town.pool, "Username": person.name} | members)


def loses_the_user(town, person):
    on_user(town, person, "AdminDeleteUser")


def keeps_a_user_who_left(town, person):
    person.exists = False


def loses_the_confirmation(town, person):
    person.confirmed = False


def loses_a_new_password(town, person):
    person.former, person.passwords = list(person.passwords), ["Never-Set-1"]


def keeps_a_former_password(town, person):
    person.former = list(person.passwords)


def loses_a_session(town, person):
    town.call("RevokeToken", {"ClientId": town.client, "Token": person.standing()[0].refresh})


def keeps_a_revoked_session(town, person):
    person.standing()[0].stands = False


def loses_an_app(town, person):
    settings = {"Enabled": False, "PreferredMfa": False}
    on_user(town, person, "AdminSetUserMFAPreference", SoftwareTokenMfaSettings=settings)


def keeps_an_app_that_was_dropped(town, person):
    person.codes.asked = False


def takes_a_code_twice(town, person):
    person.codes.spent = person.codes.recovery.pop()


def loses_a_recovery_code(town, person):
    person.codes.recovery.append("0000000000")
    person.codes.app.last += 10


def loses_a_passkey(town, person):
    access, name = person.standing()[-1].access, person.passkeys.standing()[0]
    town.call("DeleteWebAuthnCredential", {"AccessToken": access, "CredentialId": name})


def keeps_a_deleted_passkey(town, person):
    person.passkeys.known = dict.fromkeys(person.passkeys.known, False)


def loses_a_device(town, person):
    town.call(
        "AdminForgetDevice",
        {
            "UserPoolId": person.pool,
            "Username": person.name,
            "DeviceKey": person.devices.standing()[0],
        },
    )


def keeps_a_forgotten_device(town, person):
    person.devices.known = dict.fromkeys(person.devices.known, False)


def refreshes_on_a_forgotten_device(town, person):
    person.on_forgotten = person.standing()[0]
    person.devices.known[person.on_forgotten.device] = False
    person.devices.look = lambda _: None


def noticed(wrong, town, person):
    wrong(town, person)
    with pytest.raises((AssertionError, Refused)):
        person.check(town.call)


@pytest.mark.parametrize(
    "wrong",
    [
        loses_the_user,
        keeps_a_user_who_left,
        loses_the_confirmation,
        loses_a_new_password,
        keeps_a_former_password,
        loses_a_session,
        keeps_a_revoked_session,
    ],
    ids=lambda wrong: wrong.__name__,
)
def test_what_is_wrong_is_noticed(wrong, town, ana):
    noticed(wrong, town, ana)


@pytest.mark.parametrize(
    "wrong",
    [
        loses_an_app,
        keeps_an_app_that_was_dropped,
        takes_a_code_twice,
        loses_a_recovery_code,
        loses_a_passkey,
        keeps_a_deleted_passkey,
    ],
    ids=lambda wrong: wrong.__name__,
)
def test_what_is_wrong_with_a_second_factor_is_noticed(wrong, town, ana):
    ana.passkeys.add(town.call)
    ana.codes.enrol(town.call)
    ana.check(town.call)
    noticed(wrong, town, ana)


@pytest.mark.parametrize(
    "wrong",
    [loses_a_device, keeps_a_forgotten_device, refreshes_on_a_forgotten_device],
    ids=lambda wrong: wrong.__name__,
)
def test_what_is_wrong_with_a_device_is_noticed(wrong, town, owner):
    noticed(wrong, town, owner)
