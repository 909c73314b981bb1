"""USER_AUTH by boto3: the choice of a first factor, codes by mail and text message, passwords, a
preferred challenge, and the sign-in that a confirmed sign-up leads into."""

import pytest
from clients import PASSWORD
from cognate import another_code
from conftest import refused
from pycognito.aws_srp import AWSSRP

WRONG_PASSWORD = "Incorrect username or password."
NO_CODE_OF_ITS_OWN = "Custom auth lambda trigger is not configured for the user pool."
EVERY_FIRST_FACTOR = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool(first=EVERY_FIRST_FACTOR)


@pytest.fixture
def ana(pool):
    return pool.user()


def srp(user):
    return AWSSRP(user.name, PASSWORD, user.pool.id, user.pool.client, client=user.idp)


def test_what_there_is_is_offered_and_a_password_is_chosen(ana):
    step = ana.initiate("USER_AUTH")
    assert step.challenge == "SELECT_CHALLENGE"
    assert set(step.available) == {"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"}
    assert step.parameters["USERNAME"] == ana.name
    with refused("NotAuthorizedException", WRONG_PASSWORD):
        ana.respond(step, ANSWER="PASSWORD", PASSWORD="Wr0ng-password")
    step = ana.initiate("USER_AUTH")
    assert ana.respond(step, ANSWER="PASSWORD", PASSWORD=PASSWORD).tokens.access


def test_srp_is_chosen(ana):
    client = srp(ana)
    step = ana.initiate("USER_AUTH")
    begun = client.get_auth_params()
    step = ana.respond(step, ANSWER="PASSWORD_SRP", SRP_A=begun["SRP_A"])
    assert step.challenge == "PASSWORD_VERIFIER"
    answer = client.process_challenge(step.parameters, begun)
    assert ana.respond(step, **answer).tokens.access


@pytest.mark.parametrize("chosen", ["EMAIL_OTP", "SMS_OTP"])
def test_a_code_is_chosen_and_a_wrong_one_leaves_the_session(nodes, ana, chosen):
    step = ana.respond(ana.initiate("USER_AUTH"), ANSWER=chosen)
    assert step.challenge == chosen
    mail = (nodes.mail, ana.email)
    sink, address = {"EMAIL_OTP": mail, "SMS_OTP": (nodes.texts, ana.phone)}[chosen]
    # A code that is all there is to prove is longer than one that follows a password.
    code = sink.code(address, digits=8)
    with refused("CodeMismatchException"):
        ana.respond(step, **{f"{chosen}_CODE": another_code(code)})
    assert ana.respond(step, **{f"{chosen}_CODE": code}).tokens.access
    with refused("NotAuthorizedException"):
        ana.respond(step, **{f"{chosen}_CODE": code})


def test_a_preferred_challenge_is_asked_at_once(nodes, ana):
    step = ana.initiate("USER_AUTH", PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD)
    assert step.tokens.access

    client = srp(ana)
    begun = client.get_auth_params()
    step = ana.initiate(
        "USER_AUTH", PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=begun["SRP_A"]
    )
    assert step.challenge == "PASSWORD_VERIFIER"
    assert ana.respond(step, **client.process_challenge(step.parameters, begun)).tokens.access

    step = ana.initiate("USER_AUTH", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert step.challenge == "EMAIL_OTP"
    code = nodes.mail.code(ana.email, digits=8)
    assert ana.respond(step, EMAIL_OTP_CODE=code).tokens.access


def test_what_is_preferred_and_not_there_leaves_the_choice(ana):
    step = ana.initiate("USER_AUTH", PREFERRED_CHALLENGE="WEB_AUTHN")
    assert step.challenge == "SELECT_CHALLENGE"
    assert "WEB_AUTHN" not in step.available


def test_nobody_is_offered_the_same_each_time_and_sent_nothing(nodes, pool, ana):
    def offered(name):
        return ana.initiate("USER_AUTH", USERNAME=name).available

    assert offered("nobody") == offered("nobody") == offered("nobody")
    step = ana.initiate("USER_AUTH", USERNAME="nobody")
    with refused("NotAuthorizedException", WRONG_PASSWORD):
        ana.respond(step, USERNAME="nobody", ANSWER="PASSWORD", PASSWORD=PASSWORD)


def test_a_confirmed_sign_up_leads_straight_into_a_sign_in(nodes, pool):
    name, address = "newcomer", "newcomer@example.com"
    nodes.idp.sign_up(
        ClientId=pool.client, Username=name, Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    confirmed = nodes.idp.confirm_sign_up(
        ClientId=pool.client, Username=name, ConfirmationCode=nodes.mail.code(address)
    )
    asked = {
        "ClientId": pool.client,
        "AuthFlow": "USER_AUTH",
        "AuthParameters": {"USERNAME": name},
        "Session": confirmed["Session"],
    }
    assert nodes.idp.initiate_auth(**asked)["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException"):
        nodes.idp.initiate_auth(**asked)


def test_a_chosen_password_is_followed_by_the_second_factor_and_no_code_stands_in_for_it(nodes):
    ana = nodes.pool(mfa="OPTIONAL", first=EVERY_FIRST_FACTOR).user()
    ana.prefer(ana.with_password().tokens.access, "SMS_MFA")
    step = ana.initiate("USER_AUTH", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert step.challenge == "SELECT_CHALLENGE"
    assert set(step.available) == {"PASSWORD", "PASSWORD_SRP"}
    step = ana.respond(step, ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert (step.challenge, step.result) == ("SMS_MFA", None)
    assert ana.respond(step, SMS_MFA_CODE=nodes.texts.code(ana.phone)).tokens.access


def test_custom_sign_ins_are_refused_where_the_pool_has_no_code_for_them(ana):
    begun = srp(ana).get_auth_params()
    for parameters in ({}, {"CHALLENGE_NAME": "SRP_A", "SRP_A": begun["SRP_A"]}):
        with refused("InvalidParameterException", NO_CODE_OF_ITS_OWN):
            ana.initiate("CUSTOM_AUTH", **parameters)
