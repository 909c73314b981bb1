"""The AWS SDK, a Flask application and pycognito's devices, with AWS's host and issuer built in: run
by test_as_aws.py where AWS's name leads to a server that stands in for AWS. What each says goes to
stdout as JSON.

Arguments: what to do (`sign-in`, `flask` or `device`), and a file with what it needs.
"""

import json
import pathlib
import sys

import boto3
import flask
from flask_cognito_lib import CognitoAuth
from flask_cognito_lib.decorators import auth_required
from pycognito.aws_srp import AWSSRP


def sdk(given):
    """No endpoint is named."""
    return boto3.client(
        "cognito-idp",
        region_name=given["region"],
        aws_access_key_id="any",
        aws_secret_access_key="thing",
    )


def sign_in(given, **settings):
    """A pool, a client and a user, made as at AWS."""
    idp = sdk(given)
    pool = idp.create_user_pool(PoolName="people", **settings)["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows
    )["UserPoolClient"]["ClientId"]
    name, password = given["username"], given["password"]
    email = {"Name": "email", "Value": f"{name}@example.com"}
    idp.sign_up(ClientId=client, Username=name, Password=password, UserAttributes=[email])
    idp.admin_confirm_sign_up(UserPoolId=pool, Username=name)
    answer = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    tokens = answer["AuthenticationResult"]
    return {
        "poolId": pool,
        "clientId": client,
        "accessToken": tokens["AccessToken"],
        "idToken": tokens["IdToken"],
    }


def guarded_page(given):
    """What a page behind flask-cognito-lib answers with the access token in its cookie, and
    without."""
    app = flask.Flask("shop")
    app.config.update(
        SECRET_KEY="a secret of the shop's",
        AWS_REGION=given["region"],
        AWS_COGNITO_USER_POOL_ID=given["poolId"],
        AWS_COGNITO_DOMAIN="https://login.example.com",
        AWS_COGNITO_USER_POOL_CLIENT_ID=given["clientId"],
        AWS_COGNITO_USER_POOL_CLIENT_SECRET="",
        AWS_COGNITO_REDIRECT_URL="http://localhost:5000/postlogin",
        AWS_COGNITO_LOGOUT_URL="http://localhost:5000/postlogout",
    )
    CognitoAuth(app)

    @app.get("/")
    @auth_required()
    def page():
        return flask.session["claims"]["username"] if "claims" in flask.session else "let in"

    answers = []
    for token in (given["accessToken"], given["accessToken"][:-8] + "AAAAAAAA"):
        visitor = app.test_client()
        visitor.set_cookie("cognito_access_token", token)
        try:
            answers.append(visitor.get("/").status_code)
        except Exception as error:
            answers.append(type(error).__name__)
    return answers


def remembered_device(given):
    """What pycognito is answered for its device, which it confirms, has remembered, signs in on and
    forgets. Three of these requests it makes itself, with the access token as a bearer's."""
    devices = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}
    idp, account = sdk(given), sign_in(given, DeviceConfiguration=devices)
    who = (given["username"], given["password"], account["poolId"], account["clientId"])
    first = AWSSRP(*who, client=idp)
    tokens = first.authenticate_user()
    confirmed, secret = first.confirm_device(tokens, "the laptop")
    access = tokens["AuthenticationResult"]["AccessToken"]
    remembered = first.update_device_status(True, access, first.device_key)
    again = AWSSRP(
        *who, client=idp, device_key=first.device_key, device_group_key=first.device_group_key,
        device_password=secret,
    ).authenticate_user()
    forgotten = first.forget_device(access, first.device_key)
    return {
        "confirmed": confirmed.json(),
        "remembered": remembered.split(" : ")[0],
        "signedIn": "AccessToken" in again["AuthenticationResult"],
        "forgotten": forgotten.split(" : ")[0],
    }


TASKS = {"sign-in": sign_in, "flask": guarded_page, "device": remembered_device}

if __name__ == "__main__":
    what, file = sys.argv[1:]
    given = json.loads(pathlib.Path(file).read_text())
    print(json.dumps(TASKS[what](given)))
