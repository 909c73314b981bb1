// amazon-cognito-identity-js with second factors, each step at the next node.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App } from "./support/authenticator.mjs";
import {
  application,
  AuthenticationDetails,
  call,
  refusedAs,
  step,
  talk,
} from "./support/identity.mjs";
import { APP_ONLY, Nodes, PASSWORD } from "./support/nodes.mjs";
import { anotherCode } from "./support/server.mjs";

const TEMPORARY = "Temp0rary-one";

let nodes;
let settings;

before(async () => {
  nodes = await Nodes.start("identity-js-mfa");
  settings = await nodes.pool({ mfa: "OPTIONAL" });
});
after(() => nodes?.stop());

/** Gives a signed-in user an app. */
async function setUpApp(user) {
  const [, secret] = await step((on) => user.associateSoftwareToken(on));
  const app = new App(secret);
  await assert.rejects(
    step((on) => user.verifySoftwareToken(app.wrongCode(), "phone", on)),
    refusedAs("EnableSoftwareTokenMFAException"),
  );
  const code = await app.code();
  await step((on) => user.verifySoftwareToken(code, "phone", on));
  return app;
}

const sendCode = (user, code, kind) => step((on) => user.sendMFACode(code, on, kind));

test("an app is set up, and a wrong code leaves the sign-in where it was", async () => {
  const { name } = await nodes.user(settings);
  const browser = application(nodes.url, settings);
  const { user: signedIn } = await browser.signIn(name, PASSWORD);
  const app = await setUpApp(signedIn);
  const preferred = { Enabled: true, PreferredMfa: true };
  await call(signedIn, "setUserMfaPreference", null, preferred);
  const seen = await call(signedIn, "getUserData");
  assert.equal(seen.PreferredMfaSetting, "SOFTWARE_TOKEN_MFA");
  assert.deepEqual(seen.UserMFASettingList, ["SOFTWARE_TOKEN_MFA"]);

  const { user, asked } = await application(nodes.url, settings).begin(name, PASSWORD);
  assert.equal(asked[0], "totpRequired");
  assert.equal(asked[2].FRIENDLY_DEVICE_NAME, "phone");
  await assert.rejects(
    sendCode(user, app.wrongCode(), "SOFTWARE_TOKEN_MFA"),
    refusedAs("CodeMismatchException"),
  );
  const [end, session] = await sendCode(user, await app.code(), "SOFTWARE_TOKEN_MFA");
  assert.equal(end, "onSuccess");
  assert.equal(session.getAccessToken().payload.username, name);
  await call(user, "refreshSession", session.getRefreshToken());
});

test("a recovery code is typed where the app's code is asked for", async () => {
  const forgiving = await nodes.pool({ mfa: "OPTIONAL", factors: APP_ONLY });
  nodes.allowRecoveryCodes(forgiving);
  const { name } = await nodes.user(forgiving);
  const { user: signedIn, session } = await application(nodes.url, forgiving).signIn(name, PASSWORD);
  await setUpApp(signedIn);
  await call(signedIn, "setUserMfaPreference", null, { Enabled: true, PreferredMfa: true });
  const [code] = await nodes.recoveryCodes(forgiving, session.getAccessToken().getJwtToken());
  const { user } = await application(nodes.url, forgiving).begin(name, PASSWORD);
  assert.equal((await sendCode(user, code, "SOFTWARE_TOKEN_MFA"))[0], "onSuccess");
});

test("who must have a second factor sets an app up in the sign-in", async () => {
  const strict = await nodes.pool({ mfa: "ON", factors: APP_ONLY });
  const { name } = await nodes.user(strict);
  const { user, asked } = await application(nodes.url, strict).begin(name, PASSWORD);
  assert.equal(asked[0], "mfaSetup");
  assert.deepEqual(JSON.parse(asked[2].MFAS_CAN_SETUP), ["SOFTWARE_TOKEN_MFA"]);
  const app = await setUpApp(user);
  assert.ok(user.getSignInUserSession().isValid());

  const again = await application(nodes.url, strict).begin(name, PASSWORD);
  assert.equal(again.asked[0], "totpRequired");
  const [end] = await sendCode(again.user, await app.code(), "SOFTWARE_TOKEN_MFA");
  assert.equal(end, "onSuccess");
});

test("a code comes by text message, which the user switched on the older way", async () => {
  const { name, phone } = await nodes.user(settings);
  const { user: signedIn } = await application(nodes.url, settings).signIn(name, PASSWORD);
  assert.equal(await call(signedIn, "enableMFA"), "SUCCESS");
  const options = await call(signedIn, "getMFAOptions");
  assert.deepEqual(options, [{ AttributeName: "phone_number", DeliveryMedium: "SMS" }]);

  const { user, asked } = await application(nodes.url, settings).begin(name, PASSWORD);
  const [kind, , parameters] = asked;
  assert.equal(kind, "mfaRequired");
  assert.equal(parameters.CODE_DELIVERY_DELIVERY_MEDIUM, "SMS");
  assert.ok(parameters.CODE_DELIVERY_DESTINATION.endsWith(phone.slice(-4)));
  const code = await nodes.code(phone);
  await assert.rejects(sendCode(user, anotherCode(code)), refusedAs("CodeMismatchException"));
  assert.equal((await sendCode(user, code))[0], "onSuccess");

  assert.equal(await call(user, "disableMFA"), "SUCCESS");
  await application(nodes.url, settings).signIn(name, PASSWORD);
});

test("who prefers no factor chooses one", async () => {
  const { name, phone } = await nodes.user(settings);
  const { user: signedIn } = await application(nodes.url, settings).signIn(name, PASSWORD);
  const app = await setUpApp(signedIn);
  const on = { Enabled: true, PreferredMfa: false };
  await call(signedIn, "setUserMfaPreference", on, on);
  const codes = { SOFTWARE_TOKEN_MFA: () => app.code(), SMS_MFA: () => nodes.code(phone) };
  for (const [chosen, code] of Object.entries(codes)) {
    const { user, asked } = await application(nodes.url, settings).begin(name, PASSWORD);
    assert.equal(asked[0], "selectMFAType");
    assert.deepEqual(JSON.parse(asked[2].MFAS_CAN_CHOOSE).sort(), Object.keys(codes).sort());
    const [kind, challenge] = await step((on) => user.sendMFASelectionAnswer(chosen, on));
    assert.equal(kind, chosen === "SMS_MFA" ? "mfaRequired" : "totpRequired");
    assert.equal(challenge, chosen);
    assert.equal((await sendCode(user, await code(), chosen))[0], "onSuccess");
  }
});

test("a new password is followed by the second factor", async () => {
  const factors = { SMSMfaSettings: { Enabled: true, PreferredMfa: true } };
  const { name, phone } = await nodes.user(settings, { temporary: TEMPORARY, factors });
  const { user, asked } = await application(nodes.url, settings).begin(name, TEMPORARY);
  assert.equal(asked[0], "newPasswordRequired");
  const [next] = await step((on) => user.completeNewPasswordChallenge(PASSWORD, {}, on));
  assert.equal(next, "mfaRequired");
  assert.equal((await sendCode(user, await nodes.code(phone)))[0], "onSuccess");
});

test("a custom sign-in fails in words where the pool has no code for it", async () => {
  const { name } = await nodes.user(settings);
  const refused = (error) =>
    refusedAs("InvalidParameterException")(error) && /Custom auth lambda/.test(error.message);
  for (const [method, password] of [["authenticateUser", PASSWORD], ["initiateAuth"]]) {
    const user = application(nodes.url, settings).user(name);
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    const details = new AuthenticationDetails({ Username: name, Password: password });
    await assert.rejects(talk(user, method, [details]), refused);
  }
});
