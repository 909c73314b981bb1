"""The AWS CLI, as an operator types it and as a deployment script calls it."""

import json
import os
import pathlib
import shutil
import subprocess

import cognate
import pytest
from conftest import PASSWORD

MAKE_POOL = pathlib.Path(__file__).parents[1] / "cli/make-pool.sh"


@pytest.fixture
def environment(server, tmp_path):
    # The credentials are made up: development mode takes any, as the README says.
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "thing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "ENDPOINT": server.url,
    }


@pytest.fixture
def aws(server, environment):
    """`aws("sign-up", "--username", …)` gives the parsed answer; `fails=True` gives what stood on
    standard error."""
    assert shutil.which("aws"), (
        "the AWS CLI is not on PATH: start the tests with `cargo xtask test`"
    )

    def run(*arguments, fails=False):
        command = [
            "aws",
            "--endpoint-url",
            server.url,
            "--region",
            cognate.REGION,
            "--output",
            "json",
            "cognito-idp",
        ]
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=120
        )
        if fails:
            assert done.returncode != 0, f"aws {arguments[0]} was answered: {done.stdout}"
            return done.stderr
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run


def make_pool(environment, name):
    done = subprocess.run(
        [MAKE_POOL, name], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.split())


def test_a_deployment_script_makes_a_pool_whose_users_sign_in(aws, environment):
    made = make_pool(environment, "shop")
    pool, client = made["POOL"], made["CLIENT"]
    assert pool.startswith(f"{cognate.REGION}_")

    settings = aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]
    assert settings["Name"] == "shop"
    assert settings["Policies"]["PasswordPolicy"]["RequireSymbols"] is False
    described = aws("describe-user-pool-client", "--user-pool-id", pool, "--client-id", client)[
        "UserPoolClient"
    ]
    assert described["ExplicitAuthFlows"] == ["ADMIN_NO_SRP_AUTH"]
    assert "ClientSecret" not in described

    signed_up = aws(
        "sign-up", "--client-id", client, "--username", "ana", "--password", "Str0ngEnough"
    )
    assert signed_up["UserConfirmed"] is False
    aws("admin-confirm-sign-up", "--user-pool-id", pool, "--username", "ana")
    for flow in ("ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"):
        tokens = aws(
            "admin-initiate-auth",
            "--user-pool-id",
            pool,
            "--client-id",
            client,
            "--auth-flow",
            flow,
            "--auth-parameters",
            "USERNAME=ana,PASSWORD=Str0ngEnough",
        )["AuthenticationResult"]
        assert tokens["TokenType"] == "Bearer"
        assert tokens["ExpiresIn"] == 3600
        user = aws("get-user", "--access-token", tokens["AccessToken"])
        assert user["Username"] == "ana"

    # The client allows the one flow only.
    error = aws(
        "initiate-auth", "--client-id", client, "--auth-flow", "USER_PASSWORD_AUTH",
        "--auth-parameters", "USERNAME=ana,PASSWORD=Str0ngEnough", fails=True,
    )
    assert (
        "InvalidParameterException" in error
        and "USER_PASSWORD_AUTH flow not enabled for this client" in error
    )


def test_errors_read_as_they_do_from_aws(aws, environment):
    client = make_pool(environment, "errors")["CLIENT"]
    aws("sign-up", "--client-id", client, "--username", "ana", "--password", "Str0ngEnough")
    taken = aws(
        "sign-up",
        "--client-id",
        client,
        "--username",
        "Ana",
        "--password",
        "Str0ngEnough",
        fails=True,
    )
    assert (
        "(UsernameExistsException) when calling the SignUp operation: User already exists" in taken
    )
    weak = aws(
        "sign-up",
        "--client-id",
        client,
        "--username",
        "ben",
        "--password",
        "str0ngenough",
        fails=True,
    )
    assert "Password did not conform with policy: Password must have uppercase characters" in weak
    unknown = aws("describe-user-pool", "--user-pool-id", "us-east-1_NoSuchPoo", fails=True)
    assert "(ResourceNotFoundException)" in unknown and "us-east-1_NoSuchPoo" in unknown


def test_a_pool_is_changed_listed_and_deleted(aws, environment):
    made = make_pool(environment, "short-lived")
    aws("update-user-pool", "--user-pool-id", made["POOL"], "--deletion-protection", "ACTIVE")
    refused = aws("delete-user-pool", "--user-pool-id", made["POOL"], fails=True)
    assert "InvalidParameterException" in refused
    aws("update-user-pool", "--user-pool-id", made["POOL"], "--deletion-protection", "INACTIVE")

    aws(
        "update-user-pool-client",
        "--user-pool-id",
        made["POOL"],
        "--client-id",
        made["CLIENT"],
        "--client-name",
        "renamed",
        "--explicit-auth-flows",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    )
    clients = aws("list-user-pool-clients", "--user-pool-id", made["POOL"])["UserPoolClients"]
    assert [(c["ClientId"], c["ClientName"]) for c in clients] == [(made["CLIENT"], "renamed")]
    assert made["POOL"] in [
        pool["Id"] for pool in aws("list-user-pools", "--max-results", "60")["UserPools"]
    ]

    aws("delete-user-pool", "--user-pool-id", made["POOL"])
    assert made["POOL"] not in [
        pool["Id"] for pool in aws("list-user-pools", "--max-results", "60")["UserPools"]
    ]
    gone = aws(
        "sign-up",
        "--client-id",
        made["CLIENT"],
        "--username",
        "ana",
        "--password",
        PASSWORD,
        fails=True,
    )
    assert "(ResourceNotFoundException)" in gone


def test_the_cli_walks_all_pages_of_a_listing(aws, environment):
    pool = make_pool(environment, "many")["POOL"]
    names = {f"user{number}" for number in range(7)}
    for name in names:
        aws(
            "admin-create-user",
            "--user-pool-id",
            pool,
            "--username",
            name,
            "--message-action",
            "SUPPRESS",
        )
    users = aws("list-users", "--user-pool-id", pool, "--page-size", "3")["Users"]
    assert len(users) == 7
    assert {user["Username"] for user in users} == names
    assert {user["UserStatus"] for user in users} == {"FORCE_CHANGE_PASSWORD"}


def test_groups_and_their_members_are_listed_to_the_last_page(aws, environment):
    pool = ("--user-pool-id", make_pool(environment, "groups")["POOL"])
    aws("admin-create-user", *pool, "--username", "ana", "--message-action", "SUPPRESS")
    for name in ("one", "two"):
        aws("create-group", *pool, "--group-name", name, "--precedence", "0")
        aws("admin-add-user-to-group", *pool, "--username", "ana", "--group-name", name)
    page = ("--page-size", "1")
    listed = aws("list-groups", *pool, *page)["Groups"]
    of_user = aws("admin-list-groups-for-user", *pool, "--username", "ana", *page)["Groups"]
    for groups in (listed, of_user):
        assert [group["GroupName"] for group in groups] == ["one", "two"]
    members = aws("list-users-in-group", *pool, "--group-name", "two", *page)["Users"]
    assert [user["Username"] for user in members] == ["ana"]
