"""The AWS SDK and a Flask application, both with AWS's host and issuer built in: run by
test_as_aws.py where AWS's name leads to a server that stands in for AWS. What each says goes to
stdout as JSON.

Arguments: what to do (`sign-in` or `flask`), and a file with what it needs.
"""

import json
import pathlib
import sys

import boto3
import flask
from flask_cognito_lib import CognitoAuth
from flask_cognito_lib.decorators import auth_required


def sign_in(given):
    """A pool, a client and a user, made as at AWS: no endpoint is named."""
    idp = boto3.client(
        "cognito-idp",
        region_name=given["region"],
        aws_access_key_id="any",
        aws_secret_access_key="thing",
    )
    pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
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


if __name__ == "__main__":
    what, file = sys.argv[1:]
    given = json.loads(pathlib.Path(file).read_text())
    print(json.dumps(sign_in(given) if what == "sign-in" else guarded_page(given)))
