"""ListUsers by boto3: Cognito's filters by its paginator, and searches beyond, at whichever node."""

import pytest
from conftest import refused

TEAM = [{"Name": "team", "AttributeDataType": "String", "Mutable": True}]


@pytest.fixture(scope="module")
def pool(nodes):
    pool = nodes.pool(Schema=TEAM)
    nodes.nodes[0].command("setting", "set", pool.id, "search", "on")
    for number in range(5):
        nodes.idp.admin_create_user(
            UserPoolId=pool.id, Username=f"ana{number}", MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": f"Ana{number}@example.com"},
                {"Name": "custom:team", "Value": "Engineering" if number % 2 else 'The "Sales"'},
            ],
        )
    nodes.idp.admin_disable_user(UserPoolId=pool.id, Username="ana3")
    return pool


@pytest.fixture
def found(nodes, pool):
    def find(text):
        pages = nodes.idp.get_paginator("list_users").paginate(
            UserPoolId=pool.id, Filter=text, PaginationConfig={"PageSize": 2}
        )
        return sorted(user["Username"] for page in pages for user in page["Users"])

    return find


@pytest.mark.parametrize(("text", "names"), [
    ('email = "ana1@example.com"', ["ana1"]),
    ('username ^= "ana"', ["ana0", "ana1", "ana2", "ana3", "ana4"]),
    ('status="Disabled"', ["ana3"]),
    ('cognito:user_status = "Force_Change_Password"', ["ana0", "ana1", "ana2", "ana3", "ana4"]),
    ('custom:team = "engineering" and status = "enabled"', ["ana1"]),
    ('custom:team contains "\\"sales" and not username = "ana0"', ["ana2", "ana4"]),
])
def test_a_filter_finds_its_users_page_by_page(found, text, names):
    assert found(text) == names


def test_the_newest_come_first_where_that_is_asked_for(nodes, pool):
    newest = nodes.idp.list_users(UserPoolId=pool.id, Filter="sort created desc", Limit=2)
    assert [user["Username"] for user in newest["Users"]] == ["ana4", "ana3"]


def test_what_no_index_answers_is_refused_and_a_pool_without_searches_knows_cognitos_filters(
    nodes, pool
):
    with refused("InvalidParameterException") as error:
        nodes.idp.list_users(UserPoolId=pool.id, Filter='not username = "ana0"')
    assert error.message.startswith("No index answers «not» alone")
    with refused("InvalidParameterException", "Invalid search attribute: custom:team"):
        nodes.idp.list_users(UserPoolId=nodes.pool(Schema=TEAM).id, Filter='custom:team = "x"')
