#!/usr/bin/env bash
# pycognito 2024.5.1 (PyPI) sends what it says of devices to AWS's host, whatever endpoint its boto3
# client was given.
#
# AWSSRP signs in through the boto3 client, at its endpoint. But confirm_device,
# update_device_status and forget_device build https://cognito-idp.REGION.amazonaws.com/ from the
# pool's id and post there themselves, with the user's access token in the body and as a bearer's in
# Authorization. So with a server of one's own behind endpoint_url (Cognate, LocalStack, moto) the
# device is never confirmed, and the access token goes to AWS. Use generate_hash_device of
# pycognito.aws_srp, and confirm_device, update_device_status and forget_device of boto3 in their
# place; or lead AWS's name to the server.
#
# Nothing leaves this machine here: requests.post is replaced. Exits with 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycognito==2024.5.1
cat >try.py <<'PY'
import boto3
import requests
from pycognito.aws_srp import AWSSRP

ENDPOINT, AWS = "http://127.0.0.1:9", "https://cognito-idp.eu-west-1.amazonaws.com/"
client = boto3.client(
    "cognito-idp", endpoint_url=ENDPOINT, region_name="eu-west-1",
    aws_access_key_id="any", aws_secret_access_key="thing",
)
posted = []


def post(url, headers, data, timeout):
    posted.append((url, headers["X-Amz-Target"].split(".")[1], headers["Authorization"]))
    return requests.Response()


requests.post = post
user = AWSSRP("ana", "Correct-Horse-1", "eu-west-1_Example12", "client", client=client)
assert user.client.meta.endpoint_url == ENDPOINT
device = {"DeviceKey": "eu-west-1_0b5a6c52-7a5d-4f43-8d4f-1d2a8b1a9c11", "DeviceGroupKey": "-Ab1"}
user.confirm_device(
    {"AuthenticationResult": {"AccessToken": "TOKEN", "NewDeviceMetadata": device}}, "laptop"
)
user.update_device_status(True, "TOKEN", device["DeviceKey"])
user.forget_device("TOKEN", device["DeviceKey"])
for url, operation, bearer in posted:
    print(f"{operation}: {url} ({bearer})")
wanted = ["ConfirmDevice", "UpdateDeviceStatus", "ForgetDevice"]
raise SystemExit(posted != [(AWS, operation, "Bearer TOKEN") for operation in wanted])
PY
venv/bin/python try.py
