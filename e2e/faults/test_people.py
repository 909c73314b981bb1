"""The people of this suite notice when something that was acknowledged to them is not so: else
their silence would prove nothing."""

import pytest
from test_kill import Town


@pytest.fixture(scope="module")
def town(mail, chance):
    with Town("people", 1, mail, chance) as town:
        yield town


@pytest.fixture
def ana(town, mail):
    person = town.person()
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
    wrong(town, ana)
    with pytest.raises(AssertionError):
        ana.check(town.call)
