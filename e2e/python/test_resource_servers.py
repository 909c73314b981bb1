"""Resource servers by boto3 and by the AWS CLI, whose paginator follows the pages."""

import json
import os
import subprocess

import cognate
from conftest import refused


def test_a_resource_server_is_made_changed_listed_and_deleted(idp, pool):
    photos = {"UserPoolId": pool.id, "Identifier": "https://photos.example.com"}
    scopes = [{"ScopeName": "read", "ScopeDescription": "Look at photos"}]
    made = idp.create_resource_server(Name="Photos", Scopes=scopes, **photos)["ResourceServer"]
    assert made == photos | {"Name": "Photos", "Scopes": scopes}
    assert idp.describe_resource_server(**photos)["ResourceServer"] == made
    with refused("InvalidParameterException"):
        idp.create_resource_server(Name="Others", **photos)
    changed = idp.update_resource_server(Name="Pictures", **photos)["ResourceServer"]
    assert changed == photos | {"Name": "Pictures", "Scopes": []}
    assert idp.list_resource_servers(UserPoolId=pool.id, MaxResults=50)["ResourceServers"] == [
        changed
    ]
    idp.delete_resource_server(**photos)
    with refused("ResourceNotFoundException"):
        idp.describe_resource_server(**photos)


def test_the_cli_lists_all_pages(server, idp, pool, tmp_path):
    names = [f"server-{number}" for number in range(5)]
    for name in names:
        idp.create_resource_server(UserPoolId=pool.id, Identifier=name, Name=name)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "thing", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
    }
    listed = subprocess.run(
        ["aws", "--endpoint-url", server.url, "--region", cognate.REGION, "--output", "json",
         "cognito-idp", "list-resource-servers", "--user-pool-id", pool.id, "--page-size", "2"],
        env=environment, capture_output=True, text=True, timeout=120, check=True,
    )
    assert [one["Identifier"] for one in json.loads(listed.stdout)["ResourceServers"]] == names
