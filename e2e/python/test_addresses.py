"""Whose an address is, through boto3: names that are claimed, and the way back from a stolen
session."""

import re
import urllib.parse
import urllib.request

from conftest import PASSWORD, refused

NEW_PASSWORD = "An0ther-horse-battery"


def email_of(idp, pool, name):
    attributes = idp.admin_get_user(UserPoolId=pool.id, Username=name)["UserAttributes"]
    return {a["Name"]: a["Value"] for a in attributes if a["Name"].startswith("email")}


def test_an_address_that_a_stranger_claims_stays_its_owners(
    server, idp, make_pool, sign_up, sign_in, address
):
    pool = make_pool(UsernameAttributes=["email"], AutoVerifiedAttributes=["email"])
    sign_up(pool, address)
    tokens = sign_in(pool, address)
    victim = f"victim-of-{address}"
    idp.update_user_attributes(
        AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "email", "Value": victim}]
    )
    with refused("UserNotFoundException"):
        sign_in(pool, victim)
    sign_in(pool, address)
    # The first mail there is the stranger's code, which proves nothing of the owner's account.
    idp.sign_up(ClientId=pool.client, Username=victim, Password=PASSWORD)
    idp.confirm_sign_up(
        ClientId=pool.client, Username=victim, ConfirmationCode=server.code(victim, 2)
    )
    sign_in(pool, victim)


def test_the_old_address_undoes_a_change_with_one_button(
    server, idp, make_pool, sign_up, sign_in, address
):
    pool = make_pool(UsernameAttributes=["email"], AutoVerifiedAttributes=["email"])
    sign_up(pool, address)
    tokens = sign_in(pool, address)
    thiefs = f"thief-of-{address}"
    idp.update_user_attributes(
        AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "email", "Value": thiefs}]
    )
    idp.verify_user_attribute(
        AccessToken=tokens["AccessToken"], AttributeName="email", Code=server.code(thiefs)
    )
    sign_in(pool, thiefs)

    told = server.mail(address, 2)
    assert told["subject"] == "Your email address was changed" and thiefs not in told["text"]
    link = urllib.parse.urlsplit(
        re.search(r"http://\S+/restoreAddress\?token=[A-Za-z]+", told["text"]).group()
    )
    assert link.netloc == f"127.0.0.1:{server.port}"
    with server.open(f"{link.path}?{link.query}") as page:
        text = page.read().decode()
        assert (
            page.headers["Referrer-Policy"] == "no-referrer"
            and page.headers["Cache-Control"] == "no-store"
        )
    assert email_of(idp, pool, thiefs)["email"] == thiefs, (
        "a scanner that opens the link changes nothing"
    )
    action = re.search(r'<form method="post" action="([^"]+)">', text).group(1)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))
    target = urllib.parse.urljoin(f"{server.url}{link.path}", action)
    with urllib.request.urlopen(
        target, urllib.parse.urlencode(fields).encode(), timeout=10
    ) as page:
        assert page.status == 200

    assert email_of(idp, pool, address) == {"email": address, "email_verified": "true"}
    with refused("NotAuthorizedException"):
        idp.get_user(AccessToken=tokens["AccessToken"])
    with refused("UserNotFoundException"):
        sign_in(pool, thiefs)
    with refused("PasswordResetRequiredException"):
        sign_in(pool, address)
    idp.forgot_password(ClientId=pool.client, Username=address)
    idp.confirm_forgot_password(
        ClientId=pool.client,
        Username=address,
        Password=NEW_PASSWORD,
        ConfirmationCode=server.code(address, 3),
    )
    sign_in(pool, address, NEW_PASSWORD)
