#!/usr/bin/env bash
# awscli 1.46.2 (PyPI) has a botocore of its own inside and passes over the one that is installed
# beside it.
#
# Version 1 of the AWS CLI used to depend on the package botocore, so that upgrading boto3 and
# botocore in one environment gave the CLI new operations and parameters. Version 1.46.2 names no
# such dependency any more: it brings `awscli/botocore`, at 1.43.62. In one environment with boto3
# 1.44.5 the SDK knows ListUserSessions of Cognito and SetUserPoolSessionConfiguration, and
# `aws cognito-idp list-user-sessions` is an "Invalid choice". A script that pins botocore to get a
# new operation into the CLI gets nothing, without a warning from pip; only `aws --version` tells.
#
# Seen on Python 3.11, November 2026. Exits with 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  awscli==1.46.2 boto3==1.44.5 botocore==1.44.5
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=thing AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_PAGER=

installed=$("$folder/venv/bin/python" -c 'import botocore; print(botocore.__version__)')
used=$("$folder/venv/bin/aws" --version 2>&1)
echo "installed: botocore $installed"
echo "used by the CLI: ${used##* }"
test "$installed" = 1.44.5
test "${used##* }" = botocore/1.43.62

"$folder/venv/bin/python" - <<'PYTHON'
import boto3

operations = boto3.client("cognito-idp").meta.method_to_api_mapping
assert operations["list_user_sessions"] == "ListUserSessions"
print("boto3 knows ListUserSessions")
PYTHON

# Its arguments are checked before anything is sent.
if told=$("$folder/venv/bin/aws" cognito-idp list-user-sessions --access-token x 2>&1); then
  echo "the CLI knows it too"
  exit 1
fi
grep -q "Invalid choice" <<<"$told"
echo "the CLI does not: Invalid choice"
