"""Passkeys by boto3 and a software authenticator: a browser's part by fido2, whose client checks
the options, and a security key that speaks CTAP2 (authenticators.py)."""

import json

import pytest
from authenticators import Browser, SecurityKey
from conftest import refused
from fido2.client import ClientError

ES256, EDDSA, RS256 = -7, -8, -257
PAGE = "https://shop.example.com"
RELYING_PARTY = {"RelyingPartyId": "example.com", "UserVerification": "preferred"}


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool(first=["PASSWORD", "WEB_AUTHN"], passkeys=RELYING_PARTY)


@pytest.fixture
def ana(pool):
    return pool.user()


def register(user, browser, access):
    begun = user.idp.start_web_authn_registration(AccessToken=access)
    credential = browser.create(begun["CredentialCreationOptions"])
    user.idp.complete_web_authn_registration(AccessToken=access, Credential=credential)
    return credential


def with_passkey(user, key):
    """A page whose user has registered this key."""
    browser = Browser(key, PAGE)
    register(user, browser, user.with_password().tokens.access)
    return browser


def ask(user):
    step = user.initiate("USER_AUTH", PREFERRED_CHALLENGE="WEB_AUTHN")
    assert step.challenge == "WEB_AUTHN"
    return step, json.loads(step.parameters["CREDENTIAL_REQUEST_OPTIONS"])


def answer(user, step, credential):
    return user.respond(step, CREDENTIAL=json.dumps(credential))


@pytest.mark.parametrize(
    "key",
    [
        SecurityKey([ES256]),
        SecurityKey([EDDSA]),
        SecurityKey([RS256]),
        SecurityKey([ES256], verifies=False),
    ],
    ids=["ES256", "EdDSA", "RS256", "a key that does not know its owner"],
)
def test_a_passkey_is_registered_and_signs_in(ana, key):
    browser = with_passkey(ana, key)
    for _ in range(2):
        step, options = ask(ana)
        assert answer(ana, step, browser.get(options)).tokens.access


def test_a_passkey_is_chosen_among_what_there_is(ana):
    browser = with_passkey(ana, SecurityKey())
    step = ana.initiate("USER_AUTH")
    assert "WEB_AUTHN" in step.available
    step = ana.respond(step, ANSWER="WEB_AUTHN")
    options = json.loads(step.parameters["CREDENTIAL_REQUEST_OPTIONS"])
    assert answer(ana, step, browser.get(options)).tokens.access


def test_passkeys_are_listed_and_deleted(ana):
    access = ana.with_password().tokens.access
    browser = Browser(SecurityKey(), PAGE)
    credential = register(ana, browser, access)
    listed = ana.idp.list_web_authn_credentials(AccessToken=access)["Credentials"]
    assert [one["CredentialId"] for one in listed] == [credential["id"]]
    assert listed[0]["RelyingPartyId"] == "example.com"
    # The same key is not registered again.
    begun = ana.idp.start_web_authn_registration(AccessToken=access)
    with pytest.raises(ClientError) as error:
        browser.create(begun["CredentialCreationOptions"])
    assert error.value.code == ClientError.ERR.DEVICE_INELIGIBLE

    step, options = ask(ana)
    ana.idp.delete_web_authn_credential(AccessToken=access, CredentialId=credential["id"])
    with refused("NotAuthorizedException"):
        answer(ana, step, browser.get(options))
    assert ana.idp.list_web_authn_credentials(AccessToken=access)["Credentials"] == []
    assert "WEB_AUTHN" not in ana.initiate("USER_AUTH").available


def test_a_page_of_another_origin_is_refused(ana):
    key = SecurityKey()
    browser = with_passkey(ana, key)
    step, options = ask(ana)
    with pytest.raises(ClientError):
        Browser(key, "https://evil.example").get(options)
    stolen = Browser(key, "https://evil.example", careless=True).get(options)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        answer(ana, step, stolen)
    # An answer uses its challenge up.
    with refused("NotAuthorizedException"):
        answer(ana, step, browser.get(options))
    access = ana.with_password().tokens.access
    begun = ana.idp.start_web_authn_registration(AccessToken=access)
    elsewhere = Browser(SecurityKey(), "https://evil.example", careless=True)
    credential = elsewhere.create(begun["CredentialCreationOptions"])
    with refused("WebAuthnOriginNotAllowedException"):
        ana.idp.complete_web_authn_registration(AccessToken=access, Credential=credential)


def test_what_belongs_to_another_challenge_user_or_key_is_refused(pool, ana):
    key = SecurityKey()
    browser = with_passkey(ana, key)
    _, earlier = ask(ana)
    late = browser.get(earlier)
    bea = pool.user()
    of_bea = with_passkey(bea, SecurityKey())
    _, for_bea = ask(bea)
    for stolen in (late, of_bea.get(for_bea)):
        step, _ = ask(ana)
        with refused("NotAuthorizedException"):
            answer(ana, step, stolen)
    # A copy of the key that counts for itself.
    step, options = ask(ana)
    assert answer(ana, step, browser.get(options)).tokens.access
    key.counter -= 1
    step, options = ask(ana)
    with refused("NotAuthorizedException"):
        answer(ana, step, browser.get(options))


def test_a_pool_that_asks_for_the_owner_takes_no_key_that_knows_none(nodes):
    required = RELYING_PARTY | {"UserVerification": "required"}
    ana = nodes.pool(first=["PASSWORD", "WEB_AUTHN"], passkeys=required).user()
    access = ana.with_password().tokens.access
    begun = ana.idp.start_web_authn_registration(AccessToken=access)
    options = begun["CredentialCreationOptions"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    # A browser that does not ask for it.
    options["authenticatorSelection"]["userVerification"] = "discouraged"
    credential = Browser(SecurityKey(verifies=False), PAGE).create(options)
    with refused("WebAuthnCredentialNotSupportedException"):
        ana.idp.complete_web_authn_registration(AccessToken=access, Credential=credential)
    browser = with_passkey(ana, SecurityKey())
    step, options = ask(ana)
    assert answer(ana, step, browser.get(options)).tokens.access
