"""boto3 as the tests configure it, and the access keys that it signs with."""

import json
import os
import pathlib
import re

import boto3
import cognate
from botocore.config import Config

# Only what a test passes may sign a request: no profile and no instance role of the machine that
# runs the tests.
for variable in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[variable]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

PASSWORD = "Corr3ct-horse-battery"


def boto3_client(url, key_id="development", secret="development"):
    """A boto3 client that tries once, so that a test sees the first answer."""
    return boto3.client(
        "cognito-idp",
        endpoint_url=url,
        region_name=cognate.REGION,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def access_key(server, name, policy=None):
    """Makes an access key with the command line and reads the two words that it prints."""
    arguments = ["access-key", "create", "--name", name]
    if policy:
        file = pathlib.Path(server.folder) / f"{name}.json"
        file.write_text(json.dumps({"Version": "2012-10-17", "Statement": policy}))
        arguments += ["--policy", str(file)]
    printed = server.command(*arguments)
    key_id = re.search(r"\b[A-Z0-9]{16,32}\b", printed)
    secret = re.search(r"(?im)^.*secret.*?[:=\s]\s*[\"']?([A-Za-z0-9+/]{40,})[\"']?\s*$", printed)
    assert key_id and secret, f"an id and a secret are expected in: {printed}"
    return key_id.group(), secret.group(1)
