// A backend as people write them: it knows the pool's address and client, fetches the keys with
// jwks-rsa, and lets in whoever brings an ID token that jsonwebtoken accepts.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { load } from "./support/clients.mjs";
import { Server } from "./support/server.mjs";

const jwt = load("jsonwebtoken");
const jwksClient = load("jwks-rsa");

const PASSWORD = "Corr3ct-horse-battery";
let server;
let pool;
let backend;

before(async () => {
  server = await Server.start("backend");
  pool = await server.pool();
  backend = await startBackend(pool);
});
after(async () => {
  backend?.close();
  await server?.stop();
});

/**
 * Starts the backend: `GET /` with a bearer token answers with the e-mail address, or with 401 and
 * the reason.
 */
async function startBackend({ issuer, clientId }) {
  const keys = jwksClient({
    jwksUri: `${issuer}/.well-known/jwks.json`,
    cache: true,
    rateLimit: true,
  });
  const keyOf = ({ kid }, done) =>
    keys.getSigningKey(kid, (error, key) => done(error, key?.getPublicKey()));
  const verify = promisify(jwt.verify);
  const listening = createServer(async (request, response) => {
    try {
      const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
      const claims = await verify(token, keyOf, {
        algorithms: ["RS256"],
        issuer,
        audience: clientId,
      });
      if (claims.token_use !== "id") throw new Error(`a token for ${claims.token_use}`);
      response.end(claims.email);
    } catch (error) {
      response.writeHead(401).end(error.message);
    }
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  return listening;
}

const ask = (token) =>
  fetch(`http://127.0.0.1:${backend.address().port}/`, {
    headers: { authorization: `Bearer ${token}` },
  });

async function signedIn(on, name) {
  const { sdk, clientId, poolId } = on;
  await sdk.signUp({
    ClientId: clientId,
    Username: name,
    Password: PASSWORD,
    UserAttributes: [{ Name: "email", Value: `${name}@example.com` }],
  });
  await sdk.adminConfirmSignUp({ UserPoolId: poolId, Username: name });
  const answer = await sdk.initiateAuth({
    ClientId: clientId,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: name, PASSWORD },
  });
  return answer.AuthenticationResult;
}

test("a backend lets a user in by the ID token", async () => {
  const { IdToken, RefreshToken } = await signedIn(pool, "ana");
  const answer = await ask(IdToken);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "ana@example.com");

  const refreshed = await pool.sdk.initiateAuth({
    ClientId: pool.clientId,
    AuthFlow: "REFRESH_TOKEN_AUTH",
    AuthParameters: { REFRESH_TOKEN: RefreshToken },
  });
  assert.equal((await ask(refreshed.AuthenticationResult.IdToken)).status, 200);
});

test("a backend refuses access and refresh tokens, and those of other pools or clients", async () => {
  const { AccessToken, RefreshToken } = await signedIn(pool, "ben");
  assert.equal((await ask(AccessToken)).status, 401);
  assert.equal((await ask(RefreshToken)).status, 401);
  const elsewhere = await signedIn(await server.pool(), "ben");
  assert.equal((await ask(elsewhere.IdToken)).status, 401);

  const { UserPoolClient } = await pool.sdk.createUserPoolClient({
    UserPoolId: pool.poolId,
    ClientName: "other",
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const other = await pool.sdk.initiateAuth({
    ClientId: UserPoolClient.ClientId,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: "ben", PASSWORD },
  });
  assert.equal((await ask(other.AuthenticationResult.IdToken)).status, 401);
});

test("a backend turns away forged tokens", async () => {
  const { IdToken } = await signedIn(pool, "carla");
  const [header, body, signature] = IdToken.split(".");
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  const { kid } = JSON.parse(Buffer.from(header, "base64url"));
  const hmacHeader = encode({ alg: "HS256", kid });
  const { keys } = await (await fetch(`${pool.issuer}/.well-known/jwks.json`)).json();
  const hmac = createHmac("sha256", JSON.stringify(keys[0]))
    .update(`${hmacHeader}.${body}`)
    .digest("base64url");
  for (const token of [
    `${header}.${encode({ ...claims, email: "root@example.com" })}.${signature}`,
    `${encode({ alg: "none" })}.${body}.`,
    `${hmacHeader}.${body}.${hmac}`,
    `${header}.${body}.`,
    "",
  ]) {
    assert.equal((await ask(token)).status, 401, token);
  }
  assert.equal((await ask(IdToken)).status, 200);
});
