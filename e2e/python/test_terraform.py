"""Terraform with its AWS provider: pools, app clients and users are made, planned without a
difference, updated in place, imported, destroyed.

Runs where `terraform` is on PATH and TF_PROVIDER_MIRROR names a folder that mirrors the provider;
is SKIPPED elsewhere. What the provider sends is replayed everywhere by test_terraform_replay.py.
"""

import json
import os
import shutil
import subprocess

import cognate
import pytest
from conftest import refused

TERRAFORM = shutil.which("terraform")
MIRROR = os.environ.get("TF_PROVIDER_MIRROR")

pytestmark = pytest.mark.skipif(
    not (TERRAFORM and MIRROR),
    reason="SKIPPED: needs terraform on PATH and a mirror of its AWS provider in"
    " TF_PROVIDER_MIRROR",
)

PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "%s"
  access_key                  = "any"
  secret_key                  = "thing"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 2
  endpoints {
    cognitoidp = "%s"
  }
}
variable "second" {
  type    = bool
  default = false
}
"""

# Every resource says what is changed in place when `second` is true.
POOLS = """
resource "aws_cognito_user_pool" "bare" {
  name                     = "bare"
  auto_verified_attributes = var.second ? ["email"] : null
}
resource "aws_cognito_user_pool" "whole" {
  name                     = "whole"
  alias_attributes         = ["email", "preferred_username"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "INACTIVE"
  mfa_configuration        = "OFF"
  user_pool_tier           = var.second ? "PLUS" : "ESSENTIALS"
  password_policy {
    minimum_length                   = var.second ? 14 : 12
    require_lowercase                = true
    require_numbers                  = true
    temporary_password_validity_days = 3
  }
  admin_create_user_config {
    allow_admin_create_user_only = true
    invite_message_template {
      email_message = "{username} {####}"
      email_subject = "Welcome"
      sms_message   = "{username} {####}"
    }
  }
  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
    recovery_mechanism {
      name     = "verified_phone_number"
      priority = 2
    }
  }
  email_configuration {
    email_sending_account  = "COGNITO_DEFAULT"
    reply_to_email_address = "help@example.com"
  }
  sms_configuration {
    external_id    = var.second ? "another" : "external"
    sns_caller_arn = "arn:aws:iam::000000000000:role/sms"
    sns_region     = "us-east-1"
  }
  verification_message_template {
    default_email_option  = "CONFIRM_WITH_LINK"
    email_message_by_link = "Follow {##this link##}"
    email_subject_by_link = var.second ? "Your link" : "A link"
  }
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }
  username_configuration {
    case_sensitive = true
  }
  user_pool_add_ons {
    advanced_security_mode = "OFF"
  }
  tags = var.second ? { team = "b", stage = "test" } : { team = "a", gone = "soon" }
}
resource "aws_cognito_user_pool" "addresses" {
  name                       = "addresses"
  username_attributes        = ["email", "phone_number"]
  email_verification_subject = "Hello"
  email_verification_message = var.second ? "Your code is {####}" : "Code {####}"
  sms_verification_message   = var.second ? "Your code is {####}" : "Code {####}"
  sign_in_policy {
    allowed_first_auth_factors = ["PASSWORD"]
  }
  tags = { team = "a" }
}
resource "aws_cognito_user_pool" "schema" {
  name = "schema"
  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true
    string_attribute_constraints {
      min_length = 0
      max_length = 2048
    }
  }
  schema {
    name                = "plan"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {
      min_length = 1
      max_length = 4
    }
  }
  schema {
    name                = "seats"
    attribute_data_type = "Number"
    number_attribute_constraints {
      min_value = 1
      max_value = 9
    }
  }
  schema {
    name                = "text"
    attribute_data_type = "String"
    string_attribute_constraints {}
  }
  schema {
    name                = "flag"
    attribute_data_type = "Boolean"
    mutable             = true
  }
  schema {
    name                     = "rank"
    attribute_data_type      = "String"
    developer_only_attribute = true
    mutable                  = true
    string_attribute_constraints {}
  }
  dynamic "schema" {
    for_each = var.second ? ["later"] : []
    content {
      name                = schema.value
      attribute_data_type = "String"
      string_attribute_constraints {}
    }
  }
  tags = {}
}
resource "aws_cognito_user_pool" "switched" {
  name                = "switched"
  deletion_protection = var.second ? "INACTIVE" : "ACTIVE"
  dynamic "user_pool_add_ons" {
    for_each = var.second ? [] : ["OFF"]
    content {
      advanced_security_mode = user_pool_add_ons.value
    }
  }
  dynamic "sms_configuration" {
    for_each = var.second ? [] : ["external"]
    content {
      external_id    = sms_configuration.value
      sns_caller_arn = "arn:aws:iam::000000000000:role/sms"
    }
  }
  tags = var.second ? null : { team = "a" }
}
"""

COMMON = """
resource "aws_cognito_user_pool" "pool" {
  name = "pool"
  schema {
    name                = "plan"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {}
  }
}
"""

CLIENTS = """
resource "aws_cognito_user_pool_client" "bare" {
  name         = var.second ? "renamed" : "bare"
  user_pool_id = aws_cognito_user_pool.pool.id
}
resource "aws_cognito_user_pool_client" "secret" {
  name            = var.second ? "renamed" : "secret"
  user_pool_id    = aws_cognito_user_pool.pool.id
  generate_secret = true
}
resource "aws_cognito_user_pool_client" "whole" {
  name                          = "whole"
  user_pool_id                  = aws_cognito_user_pool.pool.id
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  supported_identity_providers  = ["COGNITO"]
  access_token_validity         = var.second ? 20 : 10
  id_token_validity             = 2
  refresh_token_validity        = 5
  auth_session_validity         = 5
  read_attributes               = ["email", "custom:plan"]
  write_attributes              = ["email"]
  token_validity_units {
    access_token  = "minutes"
    id_token      = "hours"
    refresh_token = "days"
  }
}
resource "aws_cognito_user_pool_client" "rotating" {
  name                = "rotating"
  user_pool_id        = aws_cognito_user_pool.pool.id
  explicit_auth_flows = ["ALLOW_USER_SRP_AUTH"]
  refresh_token_rotation {
    feature                    = "ENABLED"
    retry_grace_period_seconds = var.second ? 20 : 10
  }
}
resource "aws_cognito_user_pool_client" "empty" {
  name                         = var.second ? "renamed" : "empty"
  user_pool_id                 = aws_cognito_user_pool.pool.id
  explicit_auth_flows          = []
  read_attributes              = []
  write_attributes             = []
  callback_urls                = []
  logout_urls                  = []
  allowed_oauth_flows          = []
  allowed_oauth_scopes         = []
  supported_identity_providers = []
}
resource "aws_cognito_user_pool_client" "unlisted" {
  name             = "unlisted"
  user_pool_id     = aws_cognito_user_pool.pool.id
  read_attributes  = var.second ? null : ["email"]
  write_attributes = var.second ? null : ["email"]
}
"""

USERS = """
resource "aws_cognito_user" "bare" {
  user_pool_id = aws_cognito_user_pool.pool.id
  username     = "bare"
  enabled      = var.second ? false : null
}
resource "aws_cognito_user" "attributes" {
  user_pool_id   = aws_cognito_user_pool.pool.id
  username       = "attributes"
  message_action = "SUPPRESS"
  attributes = var.second ? { email = "ana@example.com" } : {
    email        = "ana@example.com"
    phone_number = "+15551234567"
    name         = "Ana"
  }
}
resource "aws_cognito_user" "custom" {
  user_pool_id   = aws_cognito_user_pool.pool.id
  username       = "custom"
  message_action = "SUPPRESS"
  attributes = {
    email          = "ana@example.com"
    email_verified = true
    plan           = var.second ? "gold" : "free"
  }
}
resource "aws_cognito_user" "password" {
  user_pool_id = aws_cognito_user_pool.pool.id
  username     = "password"
  password     = var.second ? "An0ther-horse" : "Corr3ct-horse"
}
resource "aws_cognito_user" "temporary" {
  user_pool_id       = aws_cognito_user_pool.pool.id
  username           = "temporary"
  temporary_password = var.second ? "An0ther-horse" : "Corr3ct-horse"
}
resource "aws_cognito_user" "invited" {
  user_pool_id             = aws_cognito_user_pool.pool.id
  username                 = "invited"
  desired_delivery_mediums = ["EMAIL"]
  attributes = var.second ? { email = "eve@example.com", name = "Eve" } : {
    email = "eve@example.com"
  }
}
resource "aws_cognito_user" "address" {
  user_pool_id   = aws_cognito_user_pool.addresses.id
  username       = "ana@example.com"
  message_action = "SUPPRESS"
  attributes = var.second ? { email = "ana@example.com", name = "Ana" } : {
    email = "ana@example.com"
  }
}
"""

# What the provider cannot read back, on AWS neither: after an import it knows nothing of it.
NOT_READ_BACK = {
    "generate_secret",
    "password",
    "temporary_password",
    "message_action",
    "desired_delivery_mediums",
    "client_metadata",
    "validation_data",
    "force_alias_creation",
}


@pytest.fixture(scope="module")
def initialised(tmp_path_factory, server):
    """A folder in which `terraform init` has run, without any network."""
    folder = tmp_path_factory.mktemp("terraform")
    (folder / "cli.tfrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n'
    )
    (folder / "main.tf").write_text(PROVIDER % (cognate.REGION, server.url))
    run(folder, folder, "init", "-input=false")
    return folder


@pytest.fixture
def terraform(initialised, tmp_path):
    """`terraform(resources)` writes the configuration; the object that it gives runs commands on
    it."""

    def configure(resources):
        shutil.copy(initialised / "main.tf", tmp_path)
        shutil.copy(initialised / ".terraform.lock.hcl", tmp_path)
        (tmp_path / ".terraform").symlink_to(initialised / ".terraform")
        (tmp_path / "resources.tf").write_text(resources)
        return Terraform(initialised, tmp_path)

    return configure


def run(initialised, folder, *arguments, fails=False):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TF_CLI_CONFIG_FILE": str(initialised / "cli.tfrc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [TERRAFORM, *arguments, "-no-color"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (done.returncode != 0) == fails, (
        f"terraform {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout + done.stderr if fails else done.stdout


class Terraform:
    def __init__(self, initialised, folder):
        self.initialised, self.folder = initialised, folder

    def run(self, *arguments, fails=False):
        return run(self.initialised, self.folder, *arguments, fails=fails)

    def apply(self, second=False, fails=False):
        return self.run(
            "apply",
            "-auto-approve",
            "-input=false",
            f"-var=second={str(second).lower()}",
            fails=fails,
        )

    def plans_nothing(self, second=False):
        # Exit code 2, which `run` refuses, is a plan that is not empty.
        self.run("plan", "-input=false", "-detailed-exitcode", f"-var=second={str(second).lower()}")

    def plan(self, second, *options):
        """What a plan holds, by address."""
        self.run(
            "plan", "-input=false", "-out=plan", f"-var=second={str(second).lower()}", *options
        )
        planned = json.loads(self.run("show", "-json", "plan"))["resource_changes"]
        return {change["address"]: change["change"] for change in planned}

    def instances(self):
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        for resource in state["resources"]:
            yield f"{resource['type']}.{resource['name']}", resource["instances"][0]["attributes"]

    def lost_by_import(self):
        """Imports all that stands into a state of its own, and gives what would change then:
        members by address."""
        names = {
            "aws_cognito_user_pool": "{id}",
            "aws_cognito_user_pool_client": "{user_pool_id}/{id}",
            "aws_cognito_user": "{user_pool_id}/{username}",
        }
        ids = {
            address: names[address.split(".")[0]].format(**attributes)
            for address, attributes in self.instances()
        }
        file = self.folder / "imports.tf"
        file.write_text(
            "".join(
                f'import {{\n  to = {address}\n  id = "{id}"\n}}\n' for address, id in ids.items()
            )
        )
        planned = self.plan(True, "-state=imported.tfstate")
        file.unlink()
        assert {address: change["importing"]["id"] for address, change in planned.items()} == ids
        lost = {
            address: {
                name
                for name, value in change["after"].items()
                if change["before"].get(name) != value
            }
            - NOT_READ_BACK
            for address, change in planned.items()
            if change["actions"] != ["no-op"]
        }
        return {address: members for address, members in lost.items() if members}


def test_pools_clients_and_users_go_through_their_life(terraform, idp):
    configured = terraform(POOLS + COMMON + CLIENTS + USERS)
    configured.apply()
    configured.plans_nothing()
    made = {address: attributes["id"] for address, attributes in configured.instances()}
    configured.apply(second=True)
    configured.plans_nothing(second=True)
    stood = {address: attributes["id"] for address, attributes in configured.instances()}
    assert stood == made, "all are updated in place"
    assert configured.lost_by_import() == {}
    configured.run("destroy", "-auto-approve", "-input=false")
    for address, id in stood.items():
        if address.startswith("aws_cognito_user_pool."):
            with refused("ResourceNotFoundException"):
                idp.describe_user_pool(UserPoolId=id)


def test_what_is_gone_is_made_again(terraform, idp):
    configured = terraform(COMMON + CLIENTS)
    configured.apply()
    stood = dict(configured.instances())
    bare = stood["aws_cognito_user_pool_client.bare"]
    idp.delete_user_pool_client(UserPoolId=bare["user_pool_id"], ClientId=bare["id"])
    planned = {
        address: change["actions"]
        for address, change in configured.plan(False).items()
        if change["actions"] != ["no-op"]
    }
    assert planned == {"aws_cognito_user_pool_client.bare": ["create"]}
    configured.apply()
    configured.plans_nothing()


def test_what_cannot_succeed_is_told_at_once(terraform):
    configured = terraform("""
    resource "aws_cognito_user_pool" "refused" {
      name = "refused"
      lambda_config {
        pre_sign_up = "arn:aws:lambda:us-east-1:000000000000:function:f"
      }
    }
    """)
    told = " ".join(configured.apply(fails=True).split())
    assert (
        "StatusCode: 400" in told and "Cognate does not support LambdaConfig.PreSignUp yet" in told
    ), told
