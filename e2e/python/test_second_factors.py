"""Second factors by boto3, step by step: codes of an app, of text messages and of mail, the choice
among them, and setting one up in a sign-in."""

import json

import jwt
import pytest
from authenticators import App, set_up_app
from clients import PASSWORD
from cognate import another_code
from conftest import refused
from nodes import APP_ONLY

WRONG_CODE = "Invalid code received for user"
TEMPORARY = "Temp0rary-one"


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool(mfa="OPTIONAL")


@pytest.fixture
def ana(pool):
    return pool.user()


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def with_app(user):
    """Gives the user an app and prefers it."""
    tokens = user.with_password().tokens
    app, _ = set_up_app(user.idp, AccessToken=tokens.access)
    user.prefer(tokens.access, "SOFTWARE_TOKEN_MFA")
    return app


def test_a_code_of_the_app_signs_in_after_a_wrong_one_and_no_code_serves_twice(ana):
    app = with_app(ana)
    step = ana.with_password()
    assert (step.challenge, step.result) == ("SOFTWARE_TOKEN_MFA", None)
    assert step.parameters["FRIENDLY_DEVICE_NAME"] == "phone"
    with refused("CodeMismatchException", WRONG_CODE):
        ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=app.wrong_code())
    code = app.code()
    tokens = ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=code).tokens
    assert claims(tokens.access)["username"] == ana.name

    with refused("NotAuthorizedException", "Invalid session for the user."):
        ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=app.code())
    step = ana.with_password()
    with refused("ExpiredCodeException"):
        ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=code)
    # A refresh goes on with what both factors began.
    assert ana.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens.refresh).tokens.access


def test_a_text_message_goes_out_and_its_code_signs_in(nodes, ana):
    ana.prefer(ana.with_password().tokens.access, "SMS_MFA")
    step = ana.with_password()
    assert step.challenge == "SMS_MFA"
    assert step.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] == "SMS"
    assert step.parameters["CODE_DELIVERY_DESTINATION"].endswith(ana.phone[-4:])
    assert ana.phone not in step.parameters["CODE_DELIVERY_DESTINATION"]
    code = nodes.texts.code(ana.phone)
    with refused("CodeMismatchException"):
        ana.respond(step, SMS_MFA_CODE=another_code(code))
    assert ana.respond(step, SMS_MFA_CODE=code).tokens.access


def test_a_mail_goes_out_and_its_code_signs_in(nodes, ana):
    ana.prefer(ana.with_password().tokens.access, "EMAIL_OTP")
    step = ana.with_password()
    assert step.challenge == "EMAIL_OTP"
    assert step.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] == "EMAIL"
    code = nodes.mail.code(ana.email)
    with refused("CodeMismatchException"):
        ana.respond(step, EMAIL_OTP_CODE=another_code(code))
    assert ana.respond(step, EMAIL_OTP_CODE=code).tokens.access


@pytest.mark.parametrize("chosen", ["SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"])
def test_who_prefers_none_chooses_among_several(nodes, ana, chosen):
    access = ana.with_password().tokens.access
    app, _ = set_up_app(ana.idp, AccessToken=access)
    ana.prefer(access, None, "SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA")
    step = ana.with_password()
    assert step.challenge == "SELECT_MFA_TYPE"
    assert set(json.loads(step.parameters["MFAS_CAN_CHOOSE"])) == {
        "SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA",
    }
    step = ana.respond(step, ANSWER=chosen)
    assert step.challenge == chosen
    code = {
        "SMS_MFA": lambda: nodes.texts.code(ana.phone),
        "EMAIL_OTP": lambda: nodes.mail.code(ana.email),
        "SOFTWARE_TOKEN_MFA": app.code,
    }[chosen]()
    assert ana.respond(step, **{f"{chosen}_CODE": code}).tokens.access


def test_who_must_have_a_factor_sets_an_app_up_in_the_sign_in(nodes):
    ana = nodes.pool(mfa="ON", factors=APP_ONLY).user()
    step = ana.with_password()
    assert (step.challenge, step.result) == ("MFA_SETUP", None)
    assert json.loads(step.parameters["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    with refused("InvalidParameterException", "User has not verified software token mfa"):
        ana.respond(step)
    step = ana.with_password()
    app, verified = set_up_app(ana.idp, Session=step.session)
    step.session = verified["Session"]
    assert ana.respond(step).tokens.access

    step = ana.with_password()
    assert step.challenge == "SOFTWARE_TOKEN_MFA"
    assert ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=app.code()).tokens.access


def test_a_wrong_code_while_an_app_is_set_up_is_an_error_and_leaves_the_session(nodes):
    ana = nodes.pool(mfa="ON", factors=APP_ONLY).user()
    step = ana.with_password()
    associated = ana.idp.associate_software_token(Session=step.session)
    app = App(associated["SecretCode"])
    # 20 bytes in base 32.
    assert len(associated["SecretCode"]) == 32
    with refused("EnableSoftwareTokenMFAException"):
        ana.idp.verify_software_token(Session=associated["Session"], UserCode=app.wrong_code())
    verified = ana.idp.verify_software_token(Session=associated["Session"], UserCode=app.code())
    assert verified["Status"] == "SUCCESS"
    step.session = verified["Session"]
    assert ana.respond(step).tokens.access


def test_a_new_password_is_followed_by_the_second_factor(nodes, pool):
    ana = pool.invited(TEMPORARY)
    nodes.operator.admin_set_user_mfa_preference(
        UserPoolId=pool.id, Username=ana.name,
        SMSMfaSettings={"Enabled": True, "PreferredMfa": True},
    )
    step = ana.with_password(TEMPORARY)
    assert step.challenge == "NEW_PASSWORD_REQUIRED"
    step = ana.respond(step, NEW_PASSWORD=PASSWORD)
    assert (step.challenge, step.result) == ("SMS_MFA", None)
    assert ana.respond(step, SMS_MFA_CODE=nodes.texts.code(ana.phone)).tokens.access


def test_an_operator_answers_for_the_user(ana):
    app = with_app(ana)
    pool = {"UserPoolId": ana.pool.id, "ClientId": ana.pool.client}
    asked = ana.idp.admin_initiate_auth(
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": ana.name, "PASSWORD": PASSWORD},
        **pool,
    )
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answered = ana.idp.admin_respond_to_auth_challenge(
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": ana.name, "SOFTWARE_TOKEN_MFA_CODE": app.code()},
        **pool,
    )
    assert answered["AuthenticationResult"]["AccessToken"]


def test_what_a_user_has_is_told_to_them_and_to_operators(nodes, ana):
    access = ana.with_password().tokens.access
    set_up_app(ana.idp, AccessToken=access)
    ana.prefer(access, "SOFTWARE_TOKEN_MFA", "SMS_MFA")
    own = ana.idp.get_user_auth_factors(AccessToken=access)
    whose = {"UserPoolId": ana.pool.id, "Username": ana.name}
    told = nodes.operator.admin_get_user_auth_factors(**whose)
    shown = ana.idp.get_user(AccessToken=access)
    for answer in (own, told, shown, nodes.operator.admin_get_user(**whose)):
        assert answer["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"
        assert set(answer["UserMFASettingList"]) == {"SOFTWARE_TOKEN_MFA", "SMS_MFA"}
    configured = own["ConfiguredUserAuthFactors"]
    assert set(configured) == {"PASSWORD", "SMS_OTP", "SOFTWARE_TOKEN"}
    assert told["ConfiguredUserAuthFactors"] == configured

    nodes.operator.admin_delete_software_token(**whose)
    left = ana.idp.get_user_auth_factors(AccessToken=access)["UserMFASettingList"]
    assert left == ["SMS_MFA"]


def test_five_wrong_codes_end_the_session_and_lock(ana):
    app = with_app(ana)
    step = ana.with_password()
    for _ in range(5):
        with refused("CodeMismatchException", WRONG_CODE):
            ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=app.wrong_code())
    with refused("NotAuthorizedException"):
        ana.respond(step, SOFTWARE_TOKEN_MFA_CODE=app.code())
