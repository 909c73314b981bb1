// amazon-cognito-identity-js in Node: an account's life as a web application would lead it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  application as applicationOf,
  AuthenticationDetails,
  call,
  CognitoUserAttribute,
  refusedAs,
  talk,
} from "./support/identity.mjs";
import { anotherCode, Server } from "./support/server.mjs";

const PASSWORD = "Corr3ct-horse-battery";
const NEW_PASSWORD = "An0ther-horse-battery";

let server;
let settings;
let numbers = 0;

before(async () => {
  server = await Server.start("identity-js");
  settings = await server.pool();
});
after(() => server?.stop());

const application = () => applicationOf(server.url, settings);

/** A user who signed up and confirmed the mailed code. */
async function member() {
  const name = `member${++numbers}`;
  const address = `${name}@example.com`;
  const app = application();
  const attributes = [new CognitoUserAttribute({ Name: "email", Value: address })];
  const signedUp = await call(app.pool, "signUp", name, PASSWORD, attributes, null);
  await call(app.user(name), "confirmRegistration", await server.code(address), false);
  return { app, name, address, sub: signedUp.userSub };
}

test("a user signs up, confirms the mailed code and signs in by SRP", async () => {
  const app = application();
  const attributes = [new CognitoUserAttribute({ Name: "email", Value: "ana@example.com" })];
  const signedUp = await call(app.pool, "signUp", "ana", PASSWORD, attributes, null);
  assert.equal(signedUp.userConfirmed, false);
  assert.equal(signedUp.codeDeliveryDetails.Destination, "a***@e***");
  await assert.rejects(app.signIn("ana", PASSWORD), refusedAs("UserNotConfirmedException"));

  const code = await server.code("ana@example.com");
  await assert.rejects(
    call(app.user("ana"), "confirmRegistration", anotherCode(code), false),
    refusedAs("CodeMismatchException"),
  );
  assert.equal(await call(app.user("ana"), "confirmRegistration", code, false), "SUCCESS");
  await assert.rejects(app.signIn("ana", "Wr0ng-password"), refusedAs("NotAuthorizedException"));

  const { user, session } = await app.signIn("ana", PASSWORD);
  assert.ok(session.isValid());
  assert.equal(session.getIdToken().payload["cognito:username"], "ana");
  assert.equal(session.getAccessToken().payload.sub, signedUp.userSub);
  const seen = await call(user, "getUserAttributes");
  assert.deepEqual(
    Object.fromEntries(seen.map((attribute) => [attribute.getName(), attribute.getValue()])),
    { sub: signedUp.userSub, email: "ana@example.com", email_verified: "true" },
  );
});

test("a session that was stored is taken up again and refreshed", async () => {
  const { app, name } = await member();
  const { session } = await app.signIn(name, PASSWORD);
  const later = app.pool.getCurrentUser();
  assert.equal(later.getUsername(), name);
  const resumed = await call(later, "getSession");
  assert.equal(resumed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());

  const refreshed = await call(later, "refreshSession", session.getRefreshToken());
  assert.notEqual(refreshed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
  assert.equal(
    refreshed.getAccessToken().payload.origin_jti,
    session.getAccessToken().payload.origin_jti,
  );
  assert.equal(refreshed.getRefreshToken().getToken(), session.getRefreshToken().getToken());
});

test("attributes are changed, verified and deleted", async () => {
  const { app, name } = await member();
  const { user } = await app.signIn(name, PASSWORD);
  const moved = `${name}-moved@example.com`;
  await call(user, "updateAttributes", [
    new CognitoUserAttribute({ Name: "name", Value: "Ana of the Tests" }),
    new CognitoUserAttribute({ Name: "email", Value: moved }),
  ]);
  const attributes = async () =>
    Object.fromEntries(
      (await call(user, "getUserAttributes")).map((a) => [a.getName(), a.getValue()]),
    );
  assert.equal((await attributes()).name, "Ana of the Tests");
  assert.notEqual(
    (await attributes()).email_verified,
    "true",
    "a new address is not verified by the old one's code",
  );

  await talk(user, "verifyAttribute", ["email", await server.code(moved)]);
  assert.equal((await attributes()).email, moved);
  assert.equal((await attributes()).email_verified, "true");

  await call(user, "deleteAttributes", ["name"]);
  assert.ok(!("name" in (await attributes())));
});

test("the password is changed by the user who knows it", async () => {
  const { app, name } = await member();
  const { user } = await app.signIn(name, PASSWORD);
  await assert.rejects(
    call(user, "changePassword", "Wr0ng-password", NEW_PASSWORD),
    refusedAs("NotAuthorizedException"),
  );
  await assert.rejects(
    call(user, "changePassword", PASSWORD, "short"),
    refusedAs("InvalidPasswordException"),
  );
  await call(user, "changePassword", PASSWORD, NEW_PASSWORD);
  await assert.rejects(app.signIn(name, PASSWORD), refusedAs("NotAuthorizedException"));
  await app.signIn(name, NEW_PASSWORD);
});

test("a forgotten password is reset by a mailed code", async () => {
  const { app, name, address } = await member();
  const user = app.user(name);
  const sent = await talk(user, "forgotPassword", [], {
    inputVerificationCode: ({ resolve }, data) => resolve(data),
  });
  assert.equal(sent.CodeDeliveryDetails.DeliveryMedium, "EMAIL");
  const code = await server.code(address, 2);
  await assert.rejects(
    talk(user, "confirmPassword", [anotherCode(code), NEW_PASSWORD]),
    refusedAs("CodeMismatchException"),
  );
  await talk(user, "confirmPassword", [code, NEW_PASSWORD]);
  await assert.rejects(app.signIn(name, PASSWORD), refusedAs("NotAuthorizedException"));
  await app.signIn(name, NEW_PASSWORD);
});

test("an invited user answers the new-password challenge", async () => {
  await settings.sdk.adminCreateUser({
    UserPoolId: settings.poolId,
    Username: "invited",
    TemporaryPassword: "Temp0rary-one",
    DesiredDeliveryMediums: ["EMAIL"],
    UserAttributes: [
      { Name: "email", Value: "invited@example.com" },
      { Name: "email_verified", Value: "true" },
    ],
  });
  assert.match((await server.mail("invited@example.com")).text, /Temp0rary-one/);
  const app = application();
  const user = app.user("invited");
  const details = new AuthenticationDetails({ Username: "invited", Password: "Temp0rary-one" });
  const session = await talk(user, "authenticateUser", [details], {
    newPasswordRequired: ({ callbacks }) =>
      user.completeNewPasswordChallenge(PASSWORD, {}, callbacks),
  });
  assert.equal(session.getIdToken().payload.email, "invited@example.com");
  await app.signIn("invited", PASSWORD);
});

test("a global sign-out ends the user's sessions on every device", async () => {
  const { app, name } = await member();
  const { user } = await app.signIn(name, PASSWORD);
  const elsewhere = await application().signIn(name, PASSWORD);
  await talk(user, "globalSignOut", []);
  await assert.rejects(
    call(elsewhere.user, "getUserAttributes"),
    refusedAs("NotAuthorizedException"),
  );
  await assert.rejects(
    call(elsewhere.user, "refreshSession", elsewhere.session.getRefreshToken()),
    refusedAs("NotAuthorizedException"),
  );
  assert.equal(app.pool.getCurrentUser(), null);
});

test("a local sign-out revokes the refresh token", async () => {
  const { app, name } = await member();
  const { user, session } = await app.signIn(name, PASSWORD);
  await new Promise((done) => user.signOut(done));
  const again = app.user(name);
  await assert.rejects(
    call(again, "refreshSession", session.getRefreshToken()),
    refusedAs("NotAuthorizedException"),
  );
});

test("a user deletes the account and cannot sign in any more", async () => {
  const { app, name } = await member();
  const { user } = await app.signIn(name, PASSWORD);
  assert.equal(await call(user, "deleteUser"), "SUCCESS");
  await assert.rejects(app.signIn(name, PASSWORD), refusedAs("NotAuthorizedException"));
  await assert.rejects(
    settings.sdk.adminGetUser({ UserPoolId: settings.poolId, Username: name }),
    refusedAs("UserNotFoundException"),
  );
});
