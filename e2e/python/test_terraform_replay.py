"""What Terraform's AWS provider 5.100.0 sends, call by call, with boto3 in its place: made, read,
updated in place, read, deleted.

The calls are those of test_terraform.py, recorded; that one runs where Terraform is installed, this
one everywhere. After each change the answer is compared with what was written as the provider
compares them: what is lost, and what is volunteered, would be a plan that never ends.
"""

import pytest
from conftest import PASSWORD, refused

# Members that the provider takes for a change when the server gives them without having been given
# them.
VOLUNTEERED = {
    "UserPoolAddOns",
    "DeviceConfiguration",
    "SmsAuthenticationMessage",
    "AutoVerifiedAttributes",
}

# Members that are not the pool's own in the answer: names of the creation only, and lists whose
# order means nothing.
NOT_SHOWN = {"PoolName", "UserPoolId", "Schema", "Policies", "UserPoolTags"}

SMS = {
    "SnsCallerArn": "arn:aws:iam::000000000000:role/sms",
    "ExternalId": "external",
    "SnsRegion": "us-east-1",
}
RECOVERY = {
    "RecoveryMechanisms": [
        {"Name": "verified_email", "Priority": 1},
        {"Name": "verified_phone_number", "Priority": 2},
    ]
}
INVITATION = {
    "EmailMessage": "{username} {####}",
    "EmailSubject": "Welcome",
    "SMSMessage": "{username} {####}",
}
BY_LINK = {
    "DefaultEmailOption": "CONFIRM_WITH_LINK",
    "EmailMessageByLink": "Follow {##this link##}",
    "EmailSubjectByLink": "A link",
}
BARE_POLICY = {
    "MinimumLength": 8,
    "PasswordHistorySize": 0,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "RequireUppercase": True,
    "TemporaryPasswordValidityDays": 7,
}
PASSWORDS = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}


def attribute(name, kind, mutable=False, developer_only=False, required=False, **constraints):
    return {
        "Name": name,
        "AttributeDataType": kind,
        "Mutable": mutable,
        "DeveloperOnlyAttribute": developer_only,
        "Required": required,
    } | constraints


SCHEMA = [
    attribute(
        "email",
        "String",
        mutable=True,
        required=True,
        StringAttributeConstraints={"MinLength": "0", "MaxLength": "2048"},
    ),
    attribute(
        "plan",
        "String",
        mutable=True,
        StringAttributeConstraints={"MinLength": "1", "MaxLength": "4"},
    ),
    attribute("seats", "Number", NumberAttributeConstraints={"MinValue": "1", "MaxValue": "9"}),
    attribute("text", "String"),
    attribute("flag", "Boolean", mutable=True),
    attribute("rank", "String", mutable=True, developer_only=True),
]

# What every update carries, whatever is written.
UPDATE = {
    "AdminCreateUserConfig": {},
    "DeletionProtection": "INACTIVE",
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "MfaConfiguration": "OFF",
    "Policies": {"PasswordPolicy": BARE_POLICY} | PASSWORDS,
    "UserPoolTier": "ESSENTIALS",
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
}

WHOLE = {
    "AccountRecoverySetting": RECOVERY,
    "AutoVerifiedAttributes": ["email"],
    "SmsConfiguration": SMS,
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True,
        "InviteMessageTemplate": INVITATION,
    },
    "EmailConfiguration": {
        "EmailSendingAccount": "COGNITO_DEFAULT",
        "ReplyToEmailAddress": "help@example.com",
    },
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
    "VerificationMessageTemplate": BY_LINK,
}
STRICT = {
    "MinimumLength": 12,
    "PasswordHistorySize": 0,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "TemporaryPasswordValidityDays": 3,
}

# Name, what CreateUserPool carries beside the name, and what an update in place carries.
POOLS = {
    "bare": ({}, UPDATE | {"AutoVerifiedAttributes": ["email"]}),
    "whole": (
        WHOLE
        | {
            "AliasAttributes": ["preferred_username", "email"],
            "UsernameConfiguration": {"CaseSensitive": True},
            "Policies": {"PasswordPolicy": STRICT},
            "UserPoolTags": {"team": "a", "gone": "soon"},
        },
        UPDATE
        | WHOLE
        | {
            "Policies": {"PasswordPolicy": STRICT | {"MinimumLength": 14}} | PASSWORDS,
            "UserPoolTier": "PLUS",
            "VerificationMessageTemplate": BY_LINK | {"EmailSubjectByLink": "Your link"},
        },
    ),
    "addresses": (
        {
            "UsernameAttributes": ["phone_number", "email"],
            "EmailVerificationSubject": "Hello",
            "EmailVerificationMessage": "Code {####}",
            "Policies": PASSWORDS,
            "UserPoolTags": {"team": "a"},
        },
        UPDATE
        | {
            "EmailVerificationSubject": "Hello",
            "EmailVerificationMessage": "Code {####}",
            "SmsVerificationMessage": "Code {####}",
            "VerificationMessageTemplate": {
                "DefaultEmailOption": "CONFIRM_WITH_CODE",
                "EmailMessage": "Code {####}",
                "EmailSubject": "Hello",
                "SmsMessage": "Code {####}",
            },
        },
    ),
    "schema": ({"Schema": SCHEMA}, UPDATE),
    "switched": (
        {
            "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
            "SmsConfiguration": SMS,
            "DeletionProtection": "ACTIVE",
        },
        UPDATE,
    ),
}


def differences(written, shown):
    """What the provider would show as a change: members that were written and are lost, at any
    depth."""
    if isinstance(written, dict):
        for name, value in written.items():
            if name not in shown:
                # Zero and false are as good as left out.
                if value not in ({}, 0, False):
                    yield name
            else:
                yield from (
                    f"{name}.{below}" if below else name
                    for below in differences(value, shown[name])
                )
    elif isinstance(written, list) and all(isinstance(item, str) for item in written):
        if sorted(written) != sorted(shown):
            yield ""
    elif written != shown:
        yield ""


def plan(idp, pool, written, schema, tags):
    """Reads a pool as the provider does at each plan; gives what would change."""
    shown = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
    mfa = idp.get_user_pool_mfa_config(UserPoolId=pool)
    mfa.pop("ResponseMetadata")
    assert mfa == {"MfaConfiguration": "OFF"}
    yield from differences(
        {name: value for name, value in written.items() if name not in NOT_SHOWN}, shown
    )
    yield from (VOLUNTEERED & shown.keys()) - written.keys()
    if "DeletionProtection" not in shown:
        yield "DeletionProtection"
    if shown["UserPoolTags"] != tags:
        yield "UserPoolTags"
    policy = written.get("Policies", {}).get("PasswordPolicy", BARE_POLICY)
    for name, value in shown["Policies"]["PasswordPolicy"].items():
        if value != policy.get(name, False):
            yield f"PasswordPolicy.{name}"
    yield from schema_changes(schema, shown["SchemaAttributes"])


# The standard attributes as the provider knows them; one that differs is shown as a block to
# remove, which cannot be.
DAYS, LONG = {"MinLength": "10", "MaxLength": "10"}, {"MinLength": "0", "MaxLength": "2048"}
STANDARD = {
    name: attribute(
        name,
        "String",
        mutable=True,
        StringAttributeConstraints=DAYS if name == "birthdate" else LONG,
    )
    for name in (
        "name given_name family_name middle_name nickname preferred_username profile picture "
        "website email gender birthdate zoneinfo locale phone_number address"
    ).split()
} | {
    "sub": attribute(
        "sub",
        "String",
        required=True,
        StringAttributeConstraints={"MinLength": "1", "MaxLength": "2048"},
    ),
    "updated_at": attribute(
        "updated_at", "Number", mutable=True, NumberAttributeConstraints={"MinValue": "0"}
    ),
    "email_verified": attribute("email_verified", "Boolean", mutable=True),
    "phone_number_verified": attribute("phone_number_verified", "Boolean", mutable=True),
}


def schema_changes(written, shown):
    wanted = {item["Name"]: item for item in written}
    for item in shown:
        name = item["Name"].removeprefix("dev:").removeprefix("custom:")
        expected = wanted.pop(name, None) or STANDARD.get(name)
        constraints = "StringAttributeConstraints"
        # A string of which no limits are written has an empty block.
        if expected and expected["AttributeDataType"] == "String" and constraints not in expected:
            expected = expected | {constraints: {}}
        if item | {"Name": name} != expected:
            yield f"schema {name}"
    yield from wanted


@pytest.mark.parametrize("name", POOLS)
def test_a_pool_is_planned_without_a_difference_after_each_change(idp, name):
    created, update = POOLS[name]
    schema, tags = created.get("Schema", []), created.get("UserPoolTags", {})
    written = {"DeletionProtection": "INACTIVE", "UserPoolTags": {}} | created
    pool = idp.create_user_pool(PoolName=name, **written)["UserPool"]["Id"]
    assert list(plan(idp, pool, written, schema, tags)) == []

    idp.update_user_pool(UserPoolId=pool, **update)
    assert list(plan(idp, pool, update, schema, tags)) == []
    arn = idp.describe_user_pool(UserPoolId=pool)["UserPool"]["Arn"]
    idp.untag_resource(ResourceArn=arn, TagKeys=["gone"])
    idp.tag_resource(ResourceArn=arn, Tags={"team": "b", "stage": "test"})
    assert list(plan(idp, pool, update, schema, {"team": "b", "stage": "test"})) == []
    assert idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "b", "stage": "test"}

    # An attribute that joins later, which the provider reads back with the next plan.
    later = attribute("later", "String")
    idp.add_custom_attributes(UserPoolId=pool, CustomAttributes=[later])
    assert list(plan(idp, pool, update, [*schema, later], {"team": "b", "stage": "test"})) == []

    idp.delete_user_pool(UserPoolId=pool)
    with refused("ResourceNotFoundException"):
        idp.describe_user_pool(UserPoolId=pool)


# Every update in place of a client carries these, empty where nothing is written.
LISTS = (
    "AllowedOAuthFlows AllowedOAuthScopes CallbackURLs ExplicitAuthFlows LogoutURLs "
    "ReadAttributes SupportedIdentityProviders WriteAttributes"
).split()
EMPTY = {name: [] for name in LISTS}
READ_BACK = {
    "AuthSessionValidity": 3,
    "EnablePropagateAdditionalUserContextData": False,
    "EnableTokenRevocation": True,
    "PreventUserExistenceErrors": "LEGACY",
    "RefreshTokenValidity": 30,
}
WHOLE_CLIENT = {
    "AccessTokenValidity": 10,
    "AuthSessionValidity": 5,
    "EnableTokenRevocation": True,
    "IdTokenValidity": 2,
    "RefreshTokenValidity": 5,
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
    "ReadAttributes": ["custom:plan", "email"],
    "SupportedIdentityProviders": ["COGNITO"],
    "WriteAttributes": ["email"],
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"},
}
ROTATION = {
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
}
CLIENTS = {
    "bare": ({}, {}),
    "secret": ({"GenerateSecret": True}, {}),
    "empty": (EMPTY, {}),
    "whole": (WHOLE_CLIENT, WHOLE_CLIENT | {"AccessTokenValidity": 20}),
    "rotating": (
        ROTATION,
        ROTATION | {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20}},
    ),
    "unlisted": ({"ReadAttributes": ["email"], "WriteAttributes": ["email"]}, {}),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_an_app_client_is_planned_without_a_difference_after_each_change(idp, name):
    pool = idp.create_user_pool(PoolName="clients", Schema=SCHEMA[1:2])["UserPool"]["Id"]
    created, update = CLIENTS[name]
    made = idp.create_user_pool_client(UserPoolId=pool, ClientName=name, **created)[
        "UserPoolClient"
    ]
    client = {"UserPoolId": pool, "ClientId": made["ClientId"]}

    def lost(written):
        shown = idp.describe_user_pool_client(**client)["UserPoolClient"]
        # An empty list and none are the same.
        yield from differences(
            {
                key: value
                for key, value in written.items()
                if value != [] and key != "GenerateSecret"
            },
            shown,
        )
        yield from (key for key in LISTS if shown.get(key) and not written.get(key))
        if shown.get("ClientSecret") != made.get("ClientSecret"):
            yield "ClientSecret"

    assert list(lost(created | {"ClientName": name})) == []
    whole = {"ClientName": "renamed"} | EMPTY | READ_BACK | update
    idp.update_user_pool_client(**client, **whole)
    assert list(lost(whole)) == []
    idp.delete_user_pool_client(**client)
    with refused("ResourceNotFoundException"):
        idp.describe_user_pool_client(**client)


def test_the_first_update_of_a_client_leaves_its_users_their_attributes(idp, make_pool, sign_in):
    pool = make_pool(Schema=SCHEMA[1:2])
    plan = {"Name": "custom:plan", "Value": "gold"}
    idp.sign_up(ClientId=pool.client, Username="ana", Password=PASSWORD, UserAttributes=[plan])
    idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="ana")
    flows = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}
    idp.update_user_pool_client(
        UserPoolId=pool.id, ClientId=pool.client, ClientName="renamed", **EMPTY | READ_BACK | flows
    )
    token = sign_in(pool, "ana")["AccessToken"]
    assert plan in idp.get_user(AccessToken=token)["UserAttributes"]
    idp.update_user_attributes(AccessToken=token, UserAttributes=[plan | {"Value": "free"}])


def test_a_user_is_read_back_as_written_after_each_change(idp, make_pool):
    pool = make_pool(Schema=SCHEMA[1:2]).id
    user = {"UserPoolId": pool, "Username": "ana"}

    def shown():
        found = idp.admin_get_user(**user)
        attributes = {
            item["Name"]: item["Value"] for item in found["UserAttributes"] if item["Name"] != "sub"
        }
        return found["Enabled"], found["UserStatus"], attributes

    def named(**attributes):
        return [
            {"Name": name.replace("custom_", "custom:"), "Value": value}
            for name, value in attributes.items()
        ]

    idp.admin_create_user(
        **user,
        MessageAction="SUPPRESS",
        UserAttributes=named(
            email="ana@example.com", phone_number="+15551234567", custom_plan="free"
        ),
    )
    # Exactly what was written: a verified flag of the server's own would be a difference for ever.
    wanted = {"email": "ana@example.com", "phone_number": "+15551234567", "custom:plan": "free"}
    assert shown() == (True, "FORCE_CHANGE_PASSWORD", wanted)
    idp.admin_update_user_attributes(**user, UserAttributes=named(custom_plan="gold", name="Ana"))
    idp.admin_delete_user_attributes(**user, UserAttributeNames=["phone_number"])
    wanted = {"email": "ana@example.com", "custom:plan": "gold", "name": "Ana"}
    assert shown() == (True, "FORCE_CHANGE_PASSWORD", wanted)
    idp.admin_set_user_password(**user, Password=PASSWORD)
    assert shown() == (True, "FORCE_CHANGE_PASSWORD", wanted)
    idp.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
    idp.admin_disable_user(**user)
    assert shown() == (False, "CONFIRMED", wanted)
    idp.admin_enable_user(**user)
    idp.admin_delete_user(**user)
    with refused("UserNotFoundException"):
        idp.admin_get_user(**user)


ROLE = "arn:aws:iam::000000000000:role/staff"
# What is written of a group at first, and after an update in place. The provider leaves a
# precedence of 0 out.
GROUPS = {
    "bare": ({}, {"Description": "later"}),
    "whole": (
        {"Description": "a", "Precedence": 2, "RoleArn": ROLE},
        {"Description": "b", "Precedence": 1, "RoleArn": ROLE.replace("staff", "other")},
    ),
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_and_its_member_are_planned_without_a_difference(idp, make_pool, name):
    pool = make_pool().id
    group = {"UserPoolId": pool, "GroupName": name}

    def shown():
        found = idp.get_group(**group)["Group"]
        return {member: found[member] for member in found if not member.endswith("Date")}

    for call, written in zip((idp.create_group, idp.update_group), GROUPS[name]):
        call(**group, **written)
        assert shown() == group | written
    user = {"UserPoolId": pool, "Username": "ana"}
    idp.admin_create_user(**user, MessageAction="SUPPRESS")
    idp.admin_add_user_to_group(**user, GroupName=name)
    (only,) = idp.admin_list_groups_for_user(**user)["Groups"]
    assert only["GroupName"] == name
    idp.admin_remove_user_from_group(**user, GroupName=name)
    assert idp.admin_list_groups_for_user(**user)["Groups"] == []
    idp.delete_group(**group)
    with refused("ResourceNotFoundException"):
        idp.get_group(**group)


def test_what_cannot_succeed_is_the_callers_mistake(idp):
    # The provider repeats a 500 for minutes, and says nothing in that time.
    from botocore.exceptions import ClientError

    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    pool = idp.create_user_pool(PoolName="refused", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    for call, members in [
        (idp.create_user_pool, {"PoolName": "p", "LambdaConfig": {"PreSignUp": arn}}),
        (
            idp.create_user_pool,
            {"PoolName": "p", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
        ),
        (
            idp.update_user_pool,
            {"UserPoolId": pool, "IssuerConfiguration": {"Type": "UPDATED"}},
        ),
        (
            idp.set_user_pool_mfa_config,
            {"UserPoolId": pool, "MfaConfiguration": "ON"},
        ),
        (
            idp.create_user_pool_client,
            {"UserPoolId": pool, "ClientName": "c", "AllowedOAuthFlows": ["code"]},
        ),
        (idp.delete_user_pool, {"UserPoolId": pool}),
        # Not built at all.
        (idp.create_user_pool_domain, {"UserPoolId": pool, "Domain": "d"}),
        (idp.describe_risk_configuration, {"UserPoolId": pool}),
    ]:
        with pytest.raises(ClientError) as error:
            call(**members)
        assert 400 <= error.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500, error.value


def test_a_resource_server_is_replaced_when_its_name_changes(idp, pool):
    whole = {
        "UserPoolId": pool.id,
        "Identifier": "https://photos.example.com",
        "Name": "Photos",
        "Scopes": [{"ScopeName": "read", "ScopeDescription": "Look at photos"}],
    }
    bare = {"UserPoolId": pool.id, "Identifier": "bare", "Name": "Bare"}
    for written in (whole, bare, whole | {"Name": "Pictures"}):
        key = {name: written[name] for name in ("UserPoolId", "Identifier")}
        idp.create_resource_server(**written)
        shown = idp.describe_resource_server(**key)["ResourceServer"]
        assert shown == {"Scopes": []} | written
        idp.delete_resource_server(**key)
        with refused("ResourceNotFoundException"):
            idp.describe_resource_server(**key)
