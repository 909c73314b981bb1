"""Groups by boto3, at whichever node: made, filled, listed, and what tokens say of them."""

import jwt
import pytest
from conftest import refused

ROLE = "arn:aws:iam::000000000000:role/"


def claims(token):
    """The claims of groups in a token."""
    told = jwt.decode(token, options={"verify_signature": False})
    names = ("cognito:groups", "cognito:roles", "cognito:preferred_role")
    return {name: told[name] for name in names if name in told}


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool()


@pytest.fixture
def operator(nodes):
    return nodes.idp


def names(pages, member, name):
    return [item[name] for page in pages for item in page[member]]


def test_a_group_is_made_changed_and_deleted(operator, pool):
    group = {"UserPoolId": pool.id, "GroupName": "editors"}
    made = operator.create_group(**group, Description="They edit", RoleArn=ROLE + "edit")["Group"]
    assert made["CreationDate"] == made["LastModifiedDate"]
    assert "Precedence" not in made
    with refused("GroupExistsException", "A group with the name already exists."):
        operator.create_group(**group)
    operator.update_group(**group, Precedence=0)
    shown = operator.get_group(**group)["Group"]
    assert shown["LastModifiedDate"] >= made["LastModifiedDate"]
    for member in ("CreationDate", "LastModifiedDate"):
        del shown[member]
    assert shown == group | {
        "Description": "They edit", "RoleArn": ROLE + "edit", "Precedence": 0,
    }
    operator.delete_group(**group)
    for call in (operator.get_group, operator.update_group, operator.delete_group):
        with refused("ResourceNotFoundException", "Group not found."):
            call(**group)


def test_tokens_tell_groups_and_roles_from_the_next_issue_on(operator, pool):
    ana = pool.user()
    whose = {"UserPoolId": pool.id, "Username": ana.name}
    tokens = ana.with_password().tokens
    assert claims(tokens.id) == claims(tokens.access) == {}
    for name, precedence in (("second", 2), ("first", 1)):
        operator.create_group(
            UserPoolId=pool.id, GroupName=name, RoleArn=ROLE + name, Precedence=precedence
        )
        for _ in range(2):
            operator.admin_add_user_to_group(**whose, GroupName=name)
    both = {
        "cognito:groups": ["first", "second"],
        "cognito:roles": [ROLE + "first", ROLE + "second"],
        "cognito:preferred_role": ROLE + "first",
    }
    refreshed = ana.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens.refresh)
    assert claims(refreshed.tokens.id) == both
    fresh = ana.with_password().tokens
    assert claims(fresh.id) == both
    assert claims(fresh.access) == {"cognito:groups": ["first", "second"]}
    (member,) = operator.list_users_in_group(UserPoolId=pool.id, GroupName="first")["Users"]
    assert member["Username"] == ana.name

    operator.admin_remove_user_from_group(**whose, GroupName="first")
    operator.delete_group(UserPoolId=pool.id, GroupName="second")
    assert operator.admin_list_groups_for_user(**whose)["Groups"] == []
    assert claims(ana.with_password().tokens.id) == {}


def test_lists_are_paged(operator, nodes):
    pool = nodes.pool()
    groups = [f"group{number}" for number in range(5)]
    users = [pool.user().name for _ in range(3)]
    for group in groups:
        operator.create_group(UserPoolId=pool.id, GroupName=group)
        operator.admin_add_user_to_group(
            UserPoolId=pool.id, Username=users[0], GroupName=group
        )
    for user in users:
        operator.admin_add_user_to_group(UserPoolId=pool.id, Username=user, GroupName=groups[0])
    limit = {"PageSize": 2}

    def listed(operation, member, name, **what):
        pages = operator.get_paginator(operation).paginate(
            UserPoolId=pool.id, PaginationConfig=limit, **what
        )
        return names(pages, member, name)

    assert listed("list_groups", "Groups", "GroupName") == groups
    of_user = listed("admin_list_groups_for_user", "Groups", "GroupName", Username=users[0])
    assert of_user == groups
    members = listed("list_users_in_group", "Users", "Username", GroupName=groups[0])
    assert sorted(members) == sorted(users)
