// Clients with AWS's host and issuer built in, as their documentation has them, without a word of
// Cognate: run by python/test_as_aws.py where AWS's name leads to a server that stands in for AWS.
// What each says goes to stdout as JSON.
//
// Arguments: a file with { region, poolId, clientId, accessToken, idToken, username, password }.

import { readFileSync } from "node:fs";

import { load } from "./support/clients.mjs";

const given = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { region, poolId, clientId, accessToken, idToken, username, password } = given;

async function cognitoExpress() {
  const CognitoExpress = load("cognito-express");
  const express = new CognitoExpress({
    region,
    cognitoUserPoolId: poolId,
    tokenUse: "access",
    tokenExpiration: 3600000,
  });
  return (await express.validate(accessToken)).username;
}

async function cognitoJwtLite() {
  const { verify } = load("cognito-jwt-lite");
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
  return (await verify(idToken, { issuer, audience: clientId })).email;
}

async function verifyCognitoToken() {
  const Verifier = load("verify-cognito-token");
  return new Verifier({ region, userPoolId: poolId }, { aud: clientId }).verify(idToken);
}

/**
 * A passport strategy: it signs in by SRP itself, with an edition of amazon-cognito-identity-js of
 * its own.
 */
function passportCognito() {
  const Strategy = load("passport-cognito");
  return new Promise((resolve, reject) => {
    const strategy = new Strategy(
      { userPoolId: poolId, clientId, region },
      (access, id, refresh, user, done) => done(null, user),
    );
    strategy.success = (user) => resolve(user.email);
    strategy.fail = (why) => reject(new Error(JSON.stringify(why)));
    strategy.error = reject;
    strategy.authenticate({ body: { username, password } }, {});
  });
}

const said = {};
for (const client of [cognitoExpress, cognitoJwtLite, verifyCognitoToken, passportCognito]) {
  said[client.name] = await client().catch(
    (error) => `failed: ${error?.message ?? JSON.stringify(error)}`,
  );
}
console.log(JSON.stringify(said));
process.exit(0);
