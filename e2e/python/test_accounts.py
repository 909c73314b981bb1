"""An account's life through boto3: sign-up, the mailed code, sign-in, passwords, sign-out, and what
is refused on the way."""

import threading

import cognate
import pytest
from conftest import PASSWORD, boto3_client, refused, secret_hash

NEW_PASSWORD = "An0ther-horse-battery"


def test_a_user_signs_up_confirms_the_mailed_code_and_signs_in(server, idp, pool, address, sign_in):
    answer = idp.sign_up(
        ClientId=pool.client,
        Username="ana",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "Destination": "u***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email",
    }
    with refused("UserNotConfirmedException", "User is not confirmed."):
        sign_in(pool, "ana")

    code = server.code(address)
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        idp.confirm_sign_up(
            ClientId=pool.client, Username="ana", ConfirmationCode=cognate.another_code(code)
        )
    idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=code)

    tokens = sign_in(pool, "ana")
    user = idp.get_user(AccessToken=tokens["AccessToken"])
    attributes = {a["Name"]: a["Value"] for a in user["UserAttributes"]}
    assert user["Username"] == "ana"
    assert attributes == {"sub": answer["UserSub"], "email": address, "email_verified": "true"}


def test_five_wrong_codes_end_the_code(server, idp, pool, address):
    idp.sign_up(
        ClientId=pool.client,
        Username="ana",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    code = server.code(address)
    for _ in range(5):
        with refused("CodeMismatchException"):
            idp.confirm_sign_up(
                ClientId=pool.client, Username="ana", ConfirmationCode=cognate.another_code(code)
            )
    with refused("LimitExceededException", "Attempt limit exceeded, please try after some time."):
        idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=code)


def test_a_resent_code_ends_the_code_before_it(server, idp, pool, address):
    idp.sign_up(
        ClientId=pool.client,
        Username="ana",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    first = server.code(address)
    idp.resend_confirmation_code(ClientId=pool.client, Username="ana")
    second = server.code(address, number=2)
    if first != second:
        with refused("CodeMismatchException"):
            idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=first)
    idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=second)
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=second)


def test_one_users_code_confirms_nobody_else(server, idp, pool):
    for name in ("carla", "dora"):
        idp.sign_up(
            ClientId=pool.client,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": f"{name}-{pool.client}@example.com".lower()}
            ],
        )
    codes = {
        name: server.code(f"{name}-{pool.client}@example.com".lower()) for name in ("carla", "dora")
    }
    if codes["carla"] != codes["dora"]:
        with refused("CodeMismatchException"):
            idp.confirm_sign_up(
                ClientId=pool.client, Username="dora", ConfirmationCode=codes["carla"]
            )


def test_of_two_sign_ups_of_one_name_at_the_same_moment_one_wins(server, pool):
    outcomes = []
    together = threading.Barrier(6)

    def attempt():
        client = boto3_client(server.url)
        together.wait()
        try:
            client.sign_up(ClientId=pool.client, Username="Everybodys", Password=PASSWORD)
            outcomes.append("won")
        except client.exceptions.UsernameExistsException:
            outcomes.append("taken")

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["taken"] * 5 + ["won"]


def test_an_invited_user_chooses_a_password_at_the_first_sign_in(server, idp, pool, address):
    made = idp.admin_create_user(
        UserPoolId=pool.id,
        Username="ana",
        TemporaryPassword="Temp0rary<&>#{}",
        UserAttributes=[
            {"Name": "email", "Value": address},
            {"Name": "email_verified", "Value": "true"},
        ],
        DesiredDeliveryMediums=["EMAIL"],
    )["User"]
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    invitation = server.mail(address)
    assert "ana" in invitation["text"] and "Temp0rary<&>#{}" in invitation["text"]

    challenge = idp.initiate_auth(
        ClientId=pool.client, AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Temp0rary<&>#{}"},
    )
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with refused("InvalidPasswordException"):
        idp.respond_to_auth_challenge(
            ClientId=pool.client,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": "ana", "NEW_PASSWORD": "short"},
        )
    challenge = idp.admin_initiate_auth(
        UserPoolId=pool.id, ClientId=pool.client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Temp0rary<&>#{}"},
    )
    answer = {
        "UserPoolId": pool.id,
        "ClientId": pool.client,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "ana", "NEW_PASSWORD": PASSWORD},
    }
    tokens = idp.admin_respond_to_auth_challenge(**answer)["AuthenticationResult"]
    assert idp.get_user(AccessToken=tokens["AccessToken"])["Username"] == "ana"
    with refused("NotAuthorizedException"):
        idp.admin_respond_to_auth_challenge(**answer)
    assert idp.admin_get_user(UserPoolId=pool.id, Username="ana")["UserStatus"] == "CONFIRMED"


def test_a_resent_invitation_brings_a_password_that_works(server, idp, pool, address):
    attributes = [{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}]
    given = {"UserPoolId": pool.id, "Username": "ana", "DesiredDeliveryMediums": ["EMAIL"]}
    idp.admin_create_user(**given, UserAttributes=attributes)
    idp.admin_create_user(**given, TemporaryPassword="Again-and-Aga1n", MessageAction="RESEND")
    assert "Again-and-Aga1n" in server.mail(address, number=2)["text"]
    challenge = idp.initiate_auth(
        ClientId=pool.client, AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Again-and-Aga1n"},
    )
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_a_forgotten_password_is_reset_by_a_mailed_code(
    server, idp, pool, address, sign_up, sign_in
):
    username = sign_up(pool)
    old = sign_in(pool, username)
    sent = idp.forgot_password(ClientId=pool.client, Username=username)
    assert sent["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    code = server.code(address, number=2)
    reset = {"ClientId": pool.client, "Username": username, "Password": NEW_PASSWORD}
    with refused("CodeMismatchException"):
        idp.confirm_forgot_password(**reset, ConfirmationCode=cognate.another_code(code))
    idp.confirm_forgot_password(**reset, ConfirmationCode=code)
    with refused("ExpiredCodeException", "Invalid code provided, please request a code again."):
        idp.confirm_forgot_password(**reset, ConfirmationCode=code)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(pool, username)
    assert sign_in(pool, username, NEW_PASSWORD)["AccessToken"] != old["AccessToken"]


def test_a_changed_password_replaces_the_old_one(idp, pool, sign_up, sign_in):
    username = sign_up(pool)
    token = sign_in(pool, username)["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        idp.change_password(
            AccessToken=token, PreviousPassword="Wr0ng-password", ProposedPassword=NEW_PASSWORD
        )
    with refused("InvalidPasswordException"):
        idp.change_password(
            AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="alllowercase"
        )
    idp.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD)
    with refused("NotAuthorizedException"):
        sign_in(pool, username)
    sign_in(pool, username, NEW_PASSWORD)


def test_five_wrong_passwords_lock_the_account_for_a_while(pool, sign_up, sign_in):
    username = sign_up(pool)
    for _ in range(5):
        with refused("NotAuthorizedException", "Incorrect username or password."):
            sign_in(pool, username, "Wr0ng-password")
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        sign_in(pool, username)


def test_an_administrator_sets_a_password_and_deletes_the_user(idp, pool, sign_up, sign_in):
    username = sign_up(pool)
    idp.admin_set_user_password(
        UserPoolId=pool.id, Username=username, Password=NEW_PASSWORD, Permanent=True
    )
    token = sign_in(pool, username, NEW_PASSWORD)["AccessToken"]
    idp.admin_delete_user(UserPoolId=pool.id, Username=username)
    with refused("UserNotFoundException", "User does not exist."):
        idp.admin_get_user(UserPoolId=pool.id, Username=username)
    with pytest.raises(
        (idp.exceptions.NotAuthorizedException, idp.exceptions.UserNotFoundException)
    ):
        idp.get_user(AccessToken=token)


def test_an_unknown_user_cannot_be_told_from_a_known_one(
    idp, make_pool, sign_up, sign_in, address, server
):
    pool = make_pool(
        client={"PreventUserExistenceErrors": "ENABLED"}, AutoVerifiedAttributes=["email"]
    )
    username = sign_up(pool)
    for name in (username, "nobody-at-all"):
        with refused("NotAuthorizedException", "Incorrect username or password."):
            sign_in(pool, name, "Wr0ng-password")
    shapes = []
    for name in (username, "nobody-at-all"):
        sent = idp.forgot_password(ClientId=pool.client, Username=name)["CodeDeliveryDetails"]
        shapes.append(sorted(sent))
        challenge = idp.initiate_auth(
            ClientId=pool.client,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": name, "SRP_A": "a" * 768},
        )["ChallengeParameters"]
        shapes.append(
            sorted(
                (key, len(value)) for key, value in challenge.items() if key in ("SALT", "SRP_B")
            )
        )
        again = idp.initiate_auth(
            ClientId=pool.client,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": name, "SRP_A": "a" * 768},
        )["ChallengeParameters"]
        assert again["SALT"] == challenge["SALT"], "a salt that changes gives an unknown user away"
    assert shapes[0] == shapes[2]
    # B and the salt lose leading zeros now and then, for known and unknown users alike.
    assert [name for name, _ in shapes[1]] == [name for name, _ in shapes[3]]
    assert all(abs(a[1] - b[1]) <= 4 for a, b in zip(shapes[1], shapes[3], strict=True))


def test_the_old_answers_stand_for_clients_that_ask_for_them(idp, make_pool, sign_in):
    pool = make_pool(client={"PreventUserExistenceErrors": "LEGACY"})
    with refused("UserNotFoundException", "User does not exist."):
        sign_in(pool, "nobody")
    with refused("UserNotFoundException", "Username/client id combination not found."):
        idp.forgot_password(ClientId=pool.client, Username="nobody")


def test_srp_refuses_a_public_value_that_is_zero_modulo_n(idp, pool, sign_up):
    username = sign_up(pool)
    with refused("InvalidParameterException"):
        idp.initiate_auth(
            ClientId=pool.client,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": username, "SRP_A": "00"},
        )


def test_a_client_with_a_secret_is_served_only_with_the_right_hash(
    server, idp, make_pool, address, sign_in
):
    pool = make_pool(client={"GenerateSecret": True}, AutoVerifiedAttributes=["email"])
    user = {"ClientId": pool.client, "Username": "ana"}
    attributes = [{"Name": "email", "Value": address}]
    with refused("NotAuthorizedException") as error:
        idp.sign_up(**user, Password=PASSWORD, UserAttributes=attributes)
    assert pool.client in error.message
    with refused("NotAuthorizedException") as error:
        idp.sign_up(
            **user,
            Password=PASSWORD,
            UserAttributes=attributes,
            SecretHash=secret_hash(pool, "ben"),
        )
    assert error.message == f"Unable to verify secret hash for client {pool.client}"
    user["SecretHash"] = secret_hash(pool, "ana")
    idp.sign_up(**user, Password=PASSWORD, UserAttributes=attributes)
    idp.confirm_sign_up(**user, ConfirmationCode=server.code(address))
    tokens = sign_in(pool, "ana", SECRET_HASH=secret_hash(pool, "ana"))
    refreshed = idp.initiate_auth(
        ClientId=pool.client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={
            "REFRESH_TOKEN": tokens["RefreshToken"],
            "SECRET_HASH": secret_hash(pool, "ana"),
        },
    )["AuthenticationResult"]
    assert "RefreshToken" not in refreshed
    with refused("NotAuthorizedException"):
        sign_in(pool, "ana")


def test_revoking_a_refresh_token_ends_its_session_and_no_other(idp, pool, sign_up, sign_in):
    username = sign_up(pool)
    first, second = sign_in(pool, username), sign_in(pool, username)
    idp.revoke_token(ClientId=pool.client, Token=first["RefreshToken"])
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        refresh(idp, pool, first)
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        idp.get_user(AccessToken=first["AccessToken"])
    idp.get_user(AccessToken=second["AccessToken"])
    assert (
        idp.get_user(AccessToken=refresh(idp, pool, second)["AccessToken"])["Username"] == username
    )


@pytest.mark.parametrize("who", ["user", "administrator"])
def test_signing_out_everywhere_ends_every_session(idp, pool, sign_up, sign_in, who):
    username = sign_up(pool)
    sessions = [sign_in(pool, username), sign_in(pool, username)]
    if who == "user":
        idp.global_sign_out(AccessToken=sessions[0]["AccessToken"])
    else:
        idp.admin_user_global_sign_out(UserPoolId=pool.id, Username=username)
    for session in sessions:
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            idp.get_user(AccessToken=session["AccessToken"])
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            refresh(idp, pool, session)
    sign_in(pool, username)


def refresh(idp, pool, tokens):
    return idp.initiate_auth(
        ClientId=pool.client,
        AuthFlow="REFRESH_TOKEN",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]
