"""Prints tests/data/sigv4_vectors.json: requests signed by botocore's own signer, at a fixed time.

    pip install botocore && python3 tests/data/sigv4_vectors.py > tests/data/sigv4_vectors.json
"""
import datetime
import json
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 21, 8, 30, 0)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def vector(name, service, url, body, headers, token=None, method="POST"):
    request = AWSRequest(method=method, url=url, data=body.encode(), headers=headers)
    signer = auth.SigV4Auth(Credentials("AKIDEXAMPLE", SECRET, token), service, "eu-central-1")
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW, create=True):
        signer.add_auth(request)
    rest = url.split("://", 1)[1]
    host, slash, path = rest.partition("/")
    path, _, query = (slash + path).partition("?")
    sent = [[key.lower(), value] for key, value in request.headers.items()]
    sent.append(["host", host])
    return {"name": name, "service": service, "method": method, "path": path, "query": query, "headers": sent, "body": body}


JSON = {"Content-Type": "application/x-amz-json-1.1"}
IDP = "AWSCognitoIdentityProviderService."
VECTORS = [
    vector("list", "cognito-idp", "https://cognito-idp.eu-central-1.amazonaws.com/", '{"MaxResults": 1}',
           {**JSON, "X-Amz-Target": IDP + "ListUserPools", "User-Agent": "x"}),
    vector("port and unicode", "cognito-idp", "http://localhost:9229/", '{"Username": "ünï"}',
           {**JSON, "X-Amz-Target": IDP + "AdminGetUser"}),
    vector("token", "cognito-identity", "http://127.0.0.1:9229/", "{}",
           {**JSON, "X-Amz-Target": "AWSCognitoIdentityService.ListIdentityPools"}, token="a/very+long=token"),
    vector("form", "sts", "http://127.0.0.1:9229/", "Action=GetCallerIdentity&Version=2011-06-15",
           {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
    vector("spaces", "cognito-idp", "http://localhost/", "",
           {"X-Amz-Meta": "  a   b \t c  ", "X-Amz-Empty": ""}),
    vector("path and query", "cognito-idp", "http://localhost/a%20b/%C3%BC~x?b=2&a=%20&a=1&c", "", {}, method="GET"),
]
print(json.dumps(VECTORS, indent=1, ensure_ascii=True))
