#!/usr/bin/env bash
# The AWS CLI goes through all pages of only some of the lists of cognito-idp, and says nothing of
# those where it does not.
#
# Of the 16 lists of Amazon Cognito's user pools that come in pages, its botocore describes nine as
# such (ListUsers, ListGroups, …), and the AWS CLI asks for page after page of these. Of the other
# seven (AdminListDevices, ListDevices, ListTerms, ListUserImportJobs, ListUserPoolClientSecrets,
# ListUserPoolReplicas, ListWebAuthnCredentials) it asks for one page. The token of the next is in
# the answer, so `--query 'Devices[].DeviceKey' --output text` drops it: a script that works through
# all devices of a user stops after the first page.
#
# Seen with awscli 1.46.2 (PyPI, its own botocore 1.43.62) on Python 3.11, November 2026, against a
# server that answers each list in two pages of one entry. Exits with 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check awscli==1.46.2
cat > "$folder/pages.py" <<'PYTHON'
import http.server
import json
import sys


class Pages(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        operation = self.headers["X-Amz-Target"].split(".")[1]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        members, entry, token = {
            "ListGroups": ("Groups", "GroupName", "NextToken"),
            "AdminListDevices": ("Devices", "DeviceKey", "PaginationToken"),
        }[operation]
        answer = {members: [{entry: "second" if token in asked else "first"}]}
        if token not in asked:
            answer[token] = "more"
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Pages)
with open(sys.argv[1], "w") as port:
    port.write(str(server.server_port) + "\n")
server.serve_forever()
PYTHON
python3 "$folder/pages.py" "$folder/port" &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
until [ -s "$folder/port" ]; do
  kill -0 "$server"
  sleep 0.1
done
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=thing AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_PAGER=
pool=us-east-1_Example01
list() {
  "$folder/venv/bin/aws" --endpoint-url "http://127.0.0.1:$(cat "$folder/port")" \
    cognito-idp "$@" --user-pool-id "$pool" --output text
}

"$folder/venv/bin/python" - <<'PYTHON'
import awscli.botocore.session

client = awscli.botocore.session.get_session().create_client("cognito-idp")
model, paged, single = client.meta.service_model, 0, 0
for method, operation in client.meta.method_to_api_mapping.items():
    shape = model.operation_model(operation).input_shape
    if shape and {"NextToken", "PaginationToken"} & set(shape.members):
        if client.can_paginate(method):
            paged += 1
        else:
            single += 1
print(f"{paged} lists in all their pages, {single} in one")
assert (paged, single) == (9, 7)
PYTHON
groups=$(list list-groups --query 'Groups[].GroupName' | tr '\t\n' '  ')
devices=$(list admin-list-devices --username ana --query 'Devices[].DeviceKey' | tr '\t\n' '  ')
echo "list-groups: $groups"
echo "admin-list-devices: $devices"
test "$(echo $groups)" = "first second"
test "$(echo $devices)" = "first"
