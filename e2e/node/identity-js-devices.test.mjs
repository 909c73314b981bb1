// amazon-cognito-identity-js on devices that the pool remembers, each step at the next node.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App } from "./support/authenticator.mjs";
import { application, call, refusedAs, step, talk } from "./support/identity.mjs";
import { Nodes, PASSWORD } from "./support/nodes.mjs";

let nodes;
/** Every device is remembered, and stands in for the second factor. */
let always;
/** Those that their users want remembered. */
let onRequest;

before(async () => {
  nodes = await Nodes.start("identity-js-devices");
  const pool = (DeviceOnlyRememberedOnUserPrompt) =>
    nodes.pool({
      mfa: "OPTIONAL",
      DeviceConfiguration: { ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt },
    });
  always = await pool(false);
  onRequest = await pool(true);
});
after(() => nodes?.stop());

const sms = { SMSMfaSettings: { Enabled: true, PreferredMfa: true } };

/** A user who is asked for a code by text message, and a browser where they have given it. */
async function atHome(settings) {
  const person = await nodes.user(settings, { factors: sms });
  const browser = application(nodes.url, settings);
  const { user, asked } = await browser.begin(person.name, PASSWORD);
  assert.equal(asked[0], "mfaRequired");
  const code = await nodes.code(person.phone);
  const [end, session, mustAsk] = await step((on) => user.sendMFACode(code, on));
  assert.equal(end, "onSuccess");
  return { ...person, browser, user, session, mustAsk };
}

const deviceOf = (session) => session.getAccessToken().payload.device_key;

test("a remembered device stands in for the second factor", async () => {
  const { name, browser, user, session, mustAsk } = await atHome(always);
  assert.equal(mustAsk, undefined, "nobody has to ask the user");
  const key = deviceOf(session);
  assert.match(key, /^us-east-1_[0-9a-f-]{36}$/);
  const { Device } = await talk(user, "getDevice", []);
  assert.equal(Device.DeviceKey, key);

  const { asked } = await browser.begin(name, PASSWORD);
  assert.equal(asked[0], "onSuccess", "no code is asked for");
  assert.equal(deviceOf(asked[1]), key);
  const elsewhere = await application(nodes.url, always).begin(name, PASSWORD);
  assert.equal(elsewhere.asked[0], "mfaRequired");
});

test("the user says whether a device is remembered", async () => {
  const { name, phone, browser, user, mustAsk } = await atHome(onRequest);
  assert.equal(mustAsk, true);
  const before = await browser.begin(name, PASSWORD);
  assert.equal(before.asked[0], "mfaRequired");
  await nodes.code(phone);

  assert.equal(await talk(user, "setDeviceStatusRemembered", []), "SUCCESS");
  assert.equal((await browser.begin(name, PASSWORD)).asked[0], "onSuccess");

  assert.equal(await talk(user, "setDeviceStatusNotRemembered", []), "SUCCESS");
  assert.equal((await browser.begin(name, PASSWORD)).asked[0], "mfaRequired");
});

test("a device that was forgotten elsewhere is asked for the second factor again", async () => {
  const { name, phone, browser, session } = await atHome(always);
  const about = { UserPoolId: always.poolId, Username: name };
  await nodes.sdk.adminForgetDevice({ ...about, DeviceKey: deviceOf(session) });
  // The client is told that the device does not exist, and sends its answer once more without it.
  const { user, asked } = await browser.begin(name, PASSWORD);
  assert.equal(asked[0], "mfaRequired");
  const code = await nodes.code(phone);
  const [end, renewed] = await step((on) => user.sendMFACode(code, on));
  assert.equal(end, "onSuccess");
  assert.notEqual(deviceOf(renewed), deviceOf(session), "it is a new device");
});

test("devices are listed, and a user forgets this one", async () => {
  const { name, browser, user, session } = await atHome(always);
  const { Devices } = await talk(user, "listDevices", [10, null]);
  assert.deepEqual(
    Devices.map((device) => device.DeviceKey),
    [deviceOf(session)],
  );
  await talk(user, "forgetDevice", []);
  const { asked } = await browser.begin(name, PASSWORD);
  assert.equal(asked[0], "mfaRequired");
});

test("a session is refreshed on its device and nowhere else", async () => {
  const { user, session, browser, name } = await atHome(always);
  const refreshed = await call(user, "refreshSession", session.getRefreshToken());
  assert.equal(deviceOf(refreshed), deviceOf(session));
  // As a page does that was loaded again.
  const resumed = browser.user(name);
  await call(resumed, "refreshSession", refreshed.getRefreshToken());

  const AuthParameters = { REFRESH_TOKEN: session.getRefreshToken().getToken() };
  const stolen = { ClientId: always.clientId, AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters };
  await assert.rejects(nodes.sdk.initiateAuth(stolen), refusedAs("NotAuthorizedException"));
});

test("an app's code is asked for once on a device", async () => {
  const { name, phone } = await nodes.user(always, { factors: sms });
  const browser = application(nodes.url, always);
  const { user } = await browser.begin(name, PASSWORD);
  const code = await nodes.code(phone);
  await step((on) => user.sendMFACode(code, on));
  const [, secret] = await step((on) => user.associateSoftwareToken(on));
  const app = new App(secret);
  const first = await app.code();
  await step((on) => user.verifySoftwareToken(first, "phone", on));
  const off = { Enabled: false, PreferredMfa: false };
  await call(user, "setUserMfaPreference", off, { Enabled: true, PreferredMfa: true });

  assert.equal((await browser.begin(name, PASSWORD)).asked[0], "onSuccess");
  const other = application(nodes.url, always);
  const asked = await other.begin(name, PASSWORD);
  assert.equal(asked.asked[0], "totpRequired");
  const next = await app.code();
  const [end] = await step((on) => asked.user.sendMFACode(next, on, "SOFTWARE_TOKEN_MFA"));
  assert.equal(end, "onSuccess");
  assert.equal((await other.begin(name, PASSWORD)).asked[0], "onSuccess");
});
