"""User pools and app clients through boto3: what was set comes back, names work as the pool says,
listings have pages."""

import boto3
import cognate
from conftest import PASSWORD, refused


def test_a_pool_comes_back_as_it_was_made(idp):
    wanted = {
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": False,
                "TemporaryPasswordValidityDays": 3,
            }
        },
        "AliasAttributes": ["email", "preferred_username"],
        "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]
        },
        "UserPoolTags": {"team": "accounts"},
        "DeletionProtection": "INACTIVE",
    }
    made = idp.create_user_pool(PoolName="as it was made", **wanted)["UserPool"]
    described = idp.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
    for pool in (made, described):
        for name, value in wanted.items():
            if name == "Policies":
                assert pool[name]["PasswordPolicy"].items() >= value["PasswordPolicy"].items()
            else:
                assert pool[name] == value, name
    assert described["Arn"].endswith(f":userpool/{made['Id']}")
    assert {"sub", "email", "phone_number", "updated_at"} <= {
        a["Name"] for a in described["SchemaAttributes"]
    }


def test_custom_attributes_hold_what_their_schema_allows(idp, make_pool):
    pool = make_pool(
        client={"WriteAttributes": ["email", "custom:plan", "custom:seats"]},
        Schema=[
            {"Name": "plan", "AttributeDataType": "String", "Mutable": True,
             "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "4"}},
            {"Name": "seats", "AttributeDataType": "Number", "Mutable": True,
             "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"}},
            {"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True},
        ]
    )

    def sign_up(name, **attributes):
        idp.sign_up(
            ClientId=pool.client,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": key.replace("custom_", "custom:"), "Value": value}
                for key, value in attributes.items()
            ],
        )

    with refused("InvalidParameterException"):
        sign_up("no-email", custom_plan="gold")
    with refused("InvalidParameterException"):
        sign_up("long", email="a@example.com", custom_plan="platinum")
    with refused("InvalidParameterException"):
        sign_up("many", email="a@example.com", custom_seats="10")
    with refused("InvalidParameterException"):
        sign_up("unknown", email="a@example.com", custom_colour="red")
    sign_up("ana", email="a@example.com", custom_plan="gold", custom_seats="3")
    user = idp.admin_get_user(UserPoolId=pool.id, Username="ana")
    attributes = {a["Name"]: a["Value"] for a in user["UserAttributes"]}
    assert (attributes["custom:plan"], attributes["custom:seats"]) == ("gold", "3")


def test_a_client_lets_users_write_and_see_only_its_attributes(idp, make_pool, sign_in):
    pool = make_pool(
        client={"ReadAttributes": ["email"], "WriteAttributes": ["email"]},
        Schema=[{"Name": "role", "AttributeDataType": "String", "Mutable": True}],
    )
    email = {"Name": "email", "Value": "ana@example.com"}
    for forbidden in ({"Name": "custom:role", "Value": "admin"}, {"Name": "name", "Value": "Ana"}):
        with refused("NotAuthorizedException"):
            idp.sign_up(
                ClientId=pool.client,
                Username="ana",
                Password=PASSWORD,
                UserAttributes=[email, forbidden],
            )
    idp.sign_up(ClientId=pool.client, Username="ana", Password=PASSWORD, UserAttributes=[email])
    idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="ana")
    seen = idp.get_user(AccessToken=sign_in(pool, "ana")["AccessToken"])["UserAttributes"]
    assert {a["Name"] for a in seen} <= {"sub", "email"}


def test_an_email_as_user_name_gives_a_sub_as_user_name(server, idp, make_pool, address, sign_in):
    pool = make_pool(UsernameAttributes=["email"], AutoVerifiedAttributes=["email"])
    with refused("InvalidParameterException"):
        idp.sign_up(ClientId=pool.client, Username="not an address", Password=PASSWORD)
    sub = idp.sign_up(ClientId=pool.client, Username=address, Password=PASSWORD)["UserSub"]
    idp.confirm_sign_up(
        ClientId=pool.client, Username=address, ConfirmationCode=server.code(address)
    )
    for name in (address, address.upper()):
        user = idp.get_user(AccessToken=sign_in(pool, name)["AccessToken"])
        assert user["Username"] == sub
        assert {"Name": "email", "Value": address} in user["UserAttributes"]
    with refused("UsernameExistsException"):
        idp.sign_up(ClientId=pool.client, Username=address, Password=PASSWORD)


def test_an_alias_signs_in_once_it_is_verified(server, idp, make_pool, address, sign_in):
    pool = make_pool(
        client={"PreventUserExistenceErrors": "ENABLED"},
        AliasAttributes=["email"],
        AutoVerifiedAttributes=["email"],
    )
    attributes = [{"Name": "email", "Value": address}]
    idp.sign_up(ClientId=pool.client, Username="ana", Password=PASSWORD, UserAttributes=attributes)
    # The right password by an address that nobody has proved: as if there were no such user.
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(pool, address)
    idp.confirm_sign_up(ClientId=pool.client, Username="ana", ConfirmationCode=server.code(address))
    for name in ("ana", "ANA", address):
        assert idp.get_user(AccessToken=sign_in(pool, name)["AccessToken"])["Username"] == "ana"

    # Somebody else may ask for the address, but gets it only by the pool's rule, which is: not.
    idp.sign_up(
        ClientId=pool.client, Username="mallory", Password=PASSWORD, UserAttributes=attributes
    )
    with refused("AliasExistsException"):
        idp.confirm_sign_up(
            ClientId=pool.client,
            Username="mallory",
            ConfirmationCode=server.code(address, number=2),
        )


def test_a_pool_for_administrators_takes_no_sign_ups(idp, make_pool):
    pool = make_pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    with refused("NotAuthorizedException", "SignUp is not permitted for this user pool"):
        idp.sign_up(ClientId=pool.client, Username="ana", Password=PASSWORD)


def test_token_lifetimes_follow_the_clients_units(idp, make_pool, sign_in):
    pool = make_pool(
        client={
            "AccessTokenValidity": 10,
            "IdTokenValidity": 2,
            "RefreshTokenValidity": 5,
            "TokenValidityUnits": {
                "AccessToken": "minutes",
                "IdToken": "hours",
                "RefreshToken": "days",
            },
        }
    )
    idp.admin_create_user(UserPoolId=pool.id, Username="ana", MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=pool.id, Username="ana", Password=PASSWORD, Permanent=True
    )
    assert sign_in(pool, "ana")["ExpiresIn"] == 600


def test_every_listing_has_pages(idp, make_pool):
    pool = make_pool()
    names = {f"user-{number:02}" for number in range(13)}
    for name in names:
        idp.admin_create_user(UserPoolId=pool.id, Username=name, MessageAction="SUPPRESS")
    clients = {pool.client} | {
        idp.create_user_pool_client(UserPoolId=pool.id, ClientName=f"app {n}")["UserPoolClient"][
            "ClientId"
        ]
        for n in range(4)
    }

    def walk(operation, key, **parameters):
        pages = idp.get_paginator(operation).paginate(
            **parameters, PaginationConfig={"PageSize": 3}
        )
        found = [page[key] for page in pages]
        assert all(len(page) <= 3 for page in found)
        return [item for page in found for item in page]

    users = walk("list_users", "Users", UserPoolId=pool.id)
    assert len(users) == len(names) and {user["Username"] for user in users} == names
    found = walk("list_user_pool_clients", "UserPoolClients", UserPoolId=pool.id)
    assert len(found) == len(clients) and {client["ClientId"] for client in found} == clients
    assert pool.id in {found["Id"] for found in walk("list_user_pools", "UserPools")}


def test_a_paging_token_of_another_pool_is_refused(idp, make_pool):
    ours, theirs = make_pool(), make_pool()
    for pool in (ours, theirs):
        for number in range(3):
            idp.admin_create_user(
                UserPoolId=pool.id, Username=f"user-{number}", MessageAction="SUPPRESS"
            )
    token = idp.list_users(UserPoolId=theirs.id, Limit=1)["PaginationToken"]
    with refused("InvalidParameterException"):
        idp.list_users(UserPoolId=ours.id, Limit=1, PaginationToken=token)
    with refused("InvalidParameterException"):
        idp.list_users(UserPoolId=ours.id, Limit=1, PaginationToken="forged")


def test_constraints_are_worded_as_aws_words_them(server):
    # boto3 checks lengths itself, unless it is told not to.
    from botocore.config import Config

    unchecked = boto3.client(
        "cognito-idp", endpoint_url=server.url, region_name=cognate.REGION, aws_access_key_id="any",
        aws_secret_access_key="thing", config=Config(parameter_validation=False),
    )
    with refused("InvalidParameterException") as error:
        unchecked.create_user_pool(PoolName="")
    assert error.message.startswith(
        "2 validation errors detected: Value '' at 'poolName' failed to satisfy constraint: "
    )
    with refused("InvalidParameterException") as error:
        unchecked.sign_up(ClientId="no spaces please", Username="", Password=PASSWORD)
    assert error.message.startswith("3 validation errors detected: ")
    assert PASSWORD not in error.message
