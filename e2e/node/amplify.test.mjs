// aws-amplify 6 as a web application uses it, each step of a sign-in at the next node.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { App } from "./support/authenticator.mjs";
import { load } from "./support/clients.mjs";
import { ALL_MFA, APP_ONLY, Nodes, PASSWORD } from "./support/nodes.mjs";
import { anotherCode } from "./support/server.mjs";

// A device is named after its browser: without one Amplify confirms none, and says nothing.
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node}` };
// Amplify waits three minutes for the confirmation of a sign-up, and this process would, too.
const { setTimeout: wait } = globalThis;
globalThis.setTimeout = (...given) => (given[1] < 60_000 ? wait(...given) : wait(...given).unref());

const { Amplify } = load("aws-amplify");
// It warns of every endpoint that is not AWS's.
load("aws-amplify/utils").ConsoleLogger.LOG_LEVEL = "ERROR";
// `autoSignIn` is another function after each sign-up, so none is taken out of the module.
const auth = load("aws-amplify/auth");

const DONE = { isSignedIn: true, nextStep: { signInStep: "DONE" } };
const PREFERS_SMS = { SMSMfaSettings: { Enabled: true, PreferredMfa: true } };
const TEMPORARY = "Temp0rary-one";

let nodes;

before(async () => {
  nodes = await Nodes.start("amplify");
});
after(() => nodes?.stop());
afterEach(() => auth.signOut());

/** Makes a pool, and the application for it. */
async function appWith(members) {
  const { poolId, clientId } = await nodes.pool(members);
  const settings = { userPoolId: poolId, userPoolClientId: clientId };
  Amplify.configure({ Auth: { Cognito: { ...settings, userPoolEndpoint: nodes.url } } });
  return { poolId, clientId };
}

const signIn = (username, authFlowType, more = {}, password = undefined) =>
  auth.signIn({ username, password, options: { authFlowType, ...more } });

const answer = (challengeResponse) => auth.confirmSignIn({ challengeResponse });

const refusedAs = (name) => (error) => {
  assert.equal(error.name, name, error.message);
  return true;
};

/** The device that the access token names. */
const deviceKey = async () =>
  (await auth.fetchAuthSession()).tokens.accessToken.payload.device_key;

for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
  test(`a user signs in by ${flow}`, async () => {
    const { name, email } = await nodes.user(await appWith());
    await assert.rejects(
      signIn(name, flow, {}, "Wr0ng-password"),
      refusedAs("NotAuthorizedException"),
    );
    assert.deepEqual(await signIn(name, flow, {}, PASSWORD), DONE);
    const { username, userId } = await auth.getCurrentUser();
    assert.equal(username, name);
    const attributes = await auth.fetchUserAttributes();
    assert.deepEqual([attributes.sub, attributes.email], [userId, email]);
    await auth.signOut();
    await assert.rejects(auth.getCurrentUser(), refusedAs("UserUnAuthenticatedException"));
  });
}

test("a session is refreshed by GetTokensFromRefreshToken while its token rotates", async () => {
  const client = {
    ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH"],
    RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 10 },
  };
  const { name } = await nodes.user(await appWith({ client }));
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  const seen = new Set();
  for (let round = 0; round < 3; round++) {
    const { tokens } = await auth.fetchAuthSession({ forceRefresh: round > 0 });
    seen.add(tokens.accessToken.toString());
  }
  assert.equal(seen.size, 3);
  await auth.fetchUserAttributes();
});

test("a code by mail is chosen, and a wrong one leaves the sign-in where it was", async () => {
  const pool = await appWith({ first: ["PASSWORD", "EMAIL_OTP"] });
  const { name, email } = await nodes.user(pool);
  const { nextStep } = await signIn(name, "USER_AUTH");
  assert.equal(nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
  assert.deepEqual(
    new Set(nextStep.availableChallenges),
    new Set(["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]),
  );
  const asked = await answer("EMAIL_OTP");
  assert.equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.equal(asked.nextStep.codeDeliveryDetails.deliveryMedium, "EMAIL");
  const code = await nodes.code(email, 8);
  await assert.rejects(answer(anotherCode(code)), refusedAs("CodeMismatchException"));
  assert.deepEqual(await answer(code), DONE);
});

for (const chosen of ["PASSWORD_SRP", "PASSWORD"]) {
  test(`${chosen} is chosen`, async () => {
    const { name } = await nodes.user(await appWith({ first: ["PASSWORD", "EMAIL_OTP"] }));
    await signIn(name, "USER_AUTH");
    const { nextStep } = await answer(chosen);
    assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_PASSWORD");
    assert.deepEqual(await answer(PASSWORD), DONE);
  });

  test(`${chosen} is preferred`, async () => {
    const { name } = await nodes.user(await appWith({ first: ["PASSWORD", "EMAIL_OTP"] }));
    const preferred = { preferredChallenge: chosen };
    await assert.rejects(
      signIn(name, "USER_AUTH", preferred, "Wr0ng-password"),
      refusedAs("NotAuthorizedException"),
    );
    assert.deepEqual(await signIn(name, "USER_AUTH", preferred, PASSWORD), DONE);
  });
}

test("a code by mail is preferred", async () => {
  const { name, email } = await nodes.user(await appWith({ first: ["PASSWORD", "EMAIL_OTP"] }));
  const { nextStep } = await signIn(name, "USER_AUTH", { preferredChallenge: "EMAIL_OTP" });
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.deepEqual(await answer(await nodes.code(email, 8)), DONE);
});

test("a text message is chosen by who knows no password", async () => {
  const members = { SmsConfiguration: ALL_MFA.SmsMfaConfiguration.SmsConfiguration };
  const { name, phone } = await nodes.user(
    await appWith({ first: ["PASSWORD", "SMS_OTP"], ...members }),
  );
  await signIn(name, "USER_AUTH");
  const { nextStep } = await answer("SMS_OTP");
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_SMS_CODE");
  assert.deepEqual(await answer(await nodes.code(phone, 8)), DONE);
});

test("a user signs up, and is signed in by the code of the sign-up", async () => {
  await appWith({ first: ["PASSWORD", "EMAIL_OTP"] });
  const [username, email] = ["newcomer", "newcomer@example.com"];
  const signedUp = await auth.signUp({
    username,
    password: PASSWORD,
    options: { userAttributes: { email }, autoSignIn: { authFlowType: "USER_AUTH" } },
  });
  assert.equal(signedUp.nextStep.signUpStep, "CONFIRM_SIGN_UP");
  const confirmationCode = await nodes.code(email);
  const confirmed = await auth.confirmSignUp({ username, confirmationCode });
  assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN");
  assert.deepEqual(await auth.autoSignIn(), DONE);
  assert.equal((await auth.getCurrentUser()).username, username);
});

test("an app is set up, preferred and asked for", async () => {
  const { name } = await nodes.user(await appWith({ mfa: "OPTIONAL" }));
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  const none = { preferred: undefined, enabled: undefined };
  assert.deepEqual(await auth.fetchMFAPreference(), none);
  const { sharedSecret, getSetupUri } = await auth.setUpTOTP();
  assert.equal(getSetupUri("shop", name).searchParams.get("secret"), sharedSecret);
  const app = new App(sharedSecret);
  await assert.rejects(
    auth.verifyTOTPSetup({ code: app.wrongCode() }),
    refusedAs("EnableSoftwareTokenMFAException"),
  );
  await auth.verifyTOTPSetup({ code: await app.code() });
  await auth.updateMFAPreference({ totp: "PREFERRED", sms: "ENABLED" });
  const preference = await auth.fetchMFAPreference();
  assert.equal(preference.preferred, "TOTP");
  assert.deepEqual(new Set(preference.enabled), new Set(["TOTP", "SMS"]));
  await auth.signOut();

  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  await assert.rejects(answer(app.wrongCode()), refusedAs("CodeMismatchException"));
  assert.deepEqual(await answer(await app.code()), DONE);
});

test("a recovery code is typed where a text message's is asked for", async () => {
  const pool = await appWith({ mfa: "OPTIONAL" });
  nodes.allowRecoveryCodes(pool);
  const { name, phone } = await nodes.user(pool, { factors: PREFERS_SMS });
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.deepEqual(await answer(await nodes.code(phone)), DONE);
  const { tokens } = await auth.fetchAuthSession();
  const [code] = await nodes.recoveryCodes(pool, tokens.accessToken);
  await auth.signOut();
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.deepEqual(await answer(code), DONE);
});

test("who must have a second factor sets an app up in the sign-in", async () => {
  const { name } = await nodes.user(await appWith({ mfa: "ON", factors: APP_ONLY }));
  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_TOTP_SETUP");
  const app = new App(nextStep.totpSetupDetails.sharedSecret);
  await assert.rejects(answer(app.wrongCode()), refusedAs("EnableSoftwareTokenMFAException"));
  assert.deepEqual(await answer(await app.code()), DONE);
});

test("who must have a second factor chooses mail in the sign-in", async () => {
  const factors = { ...APP_ONLY, EmailMfaConfiguration: {} };
  // The mailbox that recovers passwords is not offered.
  const RecoveryMechanisms = [{ Priority: 1, Name: "verified_phone_number" }];
  const AccountRecoverySetting = { RecoveryMechanisms };
  const pool = await appWith({ mfa: "ON", factors, AccountRecoverySetting });
  const about = { UserPoolId: pool.poolId, Username: "hermit" };
  await nodes.sdk.adminCreateUser({ ...about, MessageAction: "SUPPRESS" });
  await nodes.sdk.adminSetUserPassword({ ...about, Password: PASSWORD, Permanent: true });
  const { nextStep } = await signIn("hermit", "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_MFA_SETUP_SELECTION");
  assert.deepEqual(new Set(nextStep.allowedMFATypes), new Set(["TOTP", "EMAIL"]));
  const chosen = await answer("EMAIL");
  assert.equal(chosen.nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_EMAIL_SETUP");
  const asked = await answer("hermit@example.com");
  assert.equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.deepEqual(await answer(await nodes.code("hermit@example.com")), DONE);
});

test("who prefers no factor chooses one", async () => {
  const on = { Enabled: true };
  const factors = { SMSMfaSettings: on, EmailMfaSettings: on };
  const { name, email } = await nodes.user(await appWith({ mfa: "OPTIONAL" }), { factors });
  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_MFA_SELECTION");
  assert.deepEqual(new Set(nextStep.allowedMFATypes), new Set(["SMS", "EMAIL"]));
  const asked = await answer("EMAIL");
  assert.equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.deepEqual(await answer(await nodes.code(email)), DONE);
});

test("a new password is followed by the second factor", async () => {
  const pool = await appWith({ mfa: "OPTIONAL" });
  const { name, phone } = await nodes.user(pool, { temporary: TEMPORARY, factors: PREFERS_SMS });
  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, TEMPORARY);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
  const asked = await answer(PASSWORD);
  assert.equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_SMS_CODE");
  assert.deepEqual(await answer(await nodes.code(phone)), DONE);
});

test("a device is remembered, stands in for the second factor, and is forgotten", async () => {
  const DeviceConfiguration = {
    ChallengeRequiredOnNewDevice: true,
    DeviceOnlyRememberedOnUserPrompt: true,
  };
  const pool = await appWith({ mfa: "OPTIONAL", DeviceConfiguration });
  const { name, phone } = await nodes.user(pool, { factors: PREFERS_SMS });
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.deepEqual(await answer(await nodes.code(phone)), DONE);
  assert.deepEqual(await auth.fetchDevices(), [], "it is not remembered yet");
  await auth.rememberDevice();
  const [device] = await auth.fetchDevices();
  assert.equal(device.id, await deviceKey());
  assert.equal(device.name, navigator.userAgent);
  await auth.fetchAuthSession({ forceRefresh: true });
  assert.equal(await deviceKey(), device.id);

  const preferred = { preferredChallenge: "PASSWORD_SRP" };
  for (const way of [["USER_SRP_AUTH"], ["USER_PASSWORD_AUTH"], ["USER_AUTH", preferred]]) {
    await auth.signOut();
    const [flow, options] = way;
    assert.deepEqual(await signIn(name, flow, options, PASSWORD), DONE);
    await auth.fetchAuthSession({ forceRefresh: true });
    assert.equal(await deviceKey(), device.id);
  }
  await auth.forgetDevice();
  assert.deepEqual(await auth.fetchDevices(), []);
  await auth.signOut();

  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_SMS_CODE");
});

test("a device that is not remembered goes on being asked for the second factor", async () => {
  const DeviceConfiguration = {
    ChallengeRequiredOnNewDevice: true,
    DeviceOnlyRememberedOnUserPrompt: true,
  };
  const pool = await appWith({ mfa: "OPTIONAL", DeviceConfiguration });
  const { name, phone } = await nodes.user(pool, { factors: PREFERS_SMS });
  const keys = new Set();
  for (let time = 0; time < 2; time++) {
    const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
    assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_SMS_CODE");
    assert.deepEqual(await answer(await nodes.code(phone)), DONE);
    await auth.fetchAuthSession({ forceRefresh: true });
    keys.add(await deviceKey());
    await auth.signOut();
  }
  assert.equal(keys.size, 1, "it stays one device");
});

test("a device that was forgotten elsewhere is asked for the second factor again", async () => {
  const DeviceConfiguration = { ChallengeRequiredOnNewDevice: true };
  const pool = await appWith({ mfa: "OPTIONAL", DeviceConfiguration });
  const { name, phone } = await nodes.user(pool, { factors: PREFERS_SMS });
  await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.deepEqual(await answer(await nodes.code(phone)), DONE);
  const about = { UserPoolId: pool.poolId, Username: name };
  await nodes.sdk.adminForgetDevice({ ...about, DeviceKey: await deviceKey() });
  await auth.signOut();
  const { nextStep } = await signIn(name, "USER_SRP_AUTH", {}, PASSWORD);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_SMS_CODE");
  assert.deepEqual(await answer(await nodes.code(phone)), DONE);
});

test("a custom sign-in fails in words where the pool has no code for it", async () => {
  const { name } = await nodes.user(await appWith());
  const refused = refusedAs("InvalidParameterException");
  await assert.rejects(signIn(name, "CUSTOM_WITHOUT_SRP"), refused);
  await assert.rejects(signIn(name, "CUSTOM_WITH_SRP", {}, PASSWORD), refused);
});
