// A newcomer's first minute, in a real browser: the demo site of `cognate dev`, its inbox, and the
// page that a mailed link opens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { anotherCode, Server } from "../node/support/server.mjs";
import { openBrowser, visiting } from "./browser.mjs";
import { Demo, PASSWORD } from "./demo.mjs";

const NEW_PASSWORD = "An0ther-horse-battery";

let server;
let browser;
before(async () => {
  server = await Server.start("demo", { demo: true });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a newcomer registers, verifies the code from the inbox, signs in and signs out", async () => {
  await visiting(browser, "demo", async (page, problems) => {
    const demo = new Demo(page, server);
    const address = "ana@example.com";
    await demo.open();
    await (await demo.view("sign-in")).getByRole("link", { name: "Create an account" }).click();
    await demo.send("register", { Email: address, Password: "short" });
    assert.match(await demo.complaint("register"), /InvalidPasswordException/);
    await demo.send("register", {
      "Name (optional)": "Ana Keeper",
      Email: address,
      Password: PASSWORD,
    });

    // The code is read where the page says that it can be read.
    const verify = await demo.view("verify");
    const [inbox] = await Promise.all([
      page.waitForEvent("popup"),
      verify.getByRole("link", { name: "open the inbox" }).click(),
    ]);
    const code = await inbox
      .locator("article", { hasText: address })
      .locator(".code")
      .first()
      .textContent();
    assert.equal(code, await server.code(address));
    await inbox.close();

    await demo.send("verify", { Code: anotherCode(code) });
    assert.match(await demo.complaint("verify"), /CodeMismatchException/);
    await demo.send("verify", { Code: code });

    await demo.send("sign-in", { Password: "Wr0ng-password" });
    assert.match(await demo.complaint("sign-in"), /NotAuthorizedException/);
    await demo.send("sign-in", { Password: PASSWORD });

    await demo.view("home");
    const claims = JSON.parse(await page.locator("#raw-claims").textContent());
    assert.equal(claims.email, address);
    assert.equal(claims.token_use, "id");
    assert.match(claims.iss, new RegExp(`^${server.url}/`));
    assert.ok(
      (await page.locator("#claims").textContent()).includes(address),
      "the claims stand in the table",
    );
    await page.locator("#profile").getByText(address).first().waitFor();

    // The README's picture, made anew by COGNATE_E2E_PICTURE=docs/images/demo.png e2e/run browser
    if (process.env.COGNATE_E2E_PICTURE) {
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.evaluate(() => document.activeElement.blur());
      await page.screenshot({ path: process.env.COGNATE_E2E_PICTURE });
    }

    // A reload keeps the session; a refresh brings another token.
    await page.reload();
    await demo.view("home");
    const before = await page.locator("#raw-token").textContent();
    await page.locator("#refresh").click();
    await page.waitForFunction(
      (token) => document.getElementById("raw-token").textContent !== token,
      before,
    );

    await page.locator("#sign-out").click();
    await demo.view("sign-in");
    assert.equal(await page.evaluate(() => sessionStorage.length), 0, "no token is left behind");
    await demo.open("home");
    await demo.view("sign-in");
    assert.deepEqual(problems, []);
  });
});

test("a visitor who forgot the password sets a new one by a mailed code", async () => {
  await visiting(browser, "demo-reset", async (page, problems) => {
    const demo = new Demo(page, server);
    const address = "ben@example.com";
    await demo.register(address);
    await demo.send("verify", { Code: await server.code(address) });
    await (await demo.view("sign-in")).getByRole("link", { name: "Forgot your password?" }).click();
    await demo.send("forgot", { Email: address });
    await demo.view("reset");
    await demo.send("reset", { Code: await server.code(address, 2), "New password": NEW_PASSWORD });
    await demo.signIn(address, NEW_PASSWORD);
    assert.deepEqual(problems, []);
  });
});

test("a visitor who is invited chooses a password", async () => {
  const { userPoolId } = await (await fetch(`${server.url}/demo/config.json`)).json();
  const address = "invited@example.com";
  await server.sdk().adminCreateUser({
    UserPoolId: userPoolId,
    Username: address,
    TemporaryPassword: "Temp0rary-one",
    UserAttributes: [
      { Name: "email", Value: address },
      { Name: "email_verified", Value: "true" },
    ],
  });
  await visiting(browser, "demo-invited", async (page, problems) => {
    const demo = new Demo(page, server);
    await demo.open();
    await demo.send("sign-in", { Email: address, Password: "Temp0rary-one" });
    await demo.send("new-password", { "New password": PASSWORD });
    await demo.view("home");
    assert.deepEqual(problems, []);
  });
});

test("signing out everywhere ends the session in another browser", async () => {
  const address = "carla@example.com";
  await visiting(browser, "demo-here", async (page) => {
    const here = new Demo(page, server);
    await here.join(address);
    await visiting(browser, "demo-there", async (otherPage) => {
      const there = new Demo(otherPage, server);
      await there.open();
      await there.signIn(address);
      await page.locator("#sign-out-everywhere").click();
      await here.view("sign-in");
      await otherPage.locator("#refresh").click();
      await there.view("sign-in");
    });
  });
});

test("the page behind a mailed link confirms the account when its button is pressed", async () => {
  const sdk = server.sdk();
  const { UserPool } = await sdk.createUserPool({
    PoolName: "by link",
    AutoVerifiedAttributes: ["email"],
    VerificationMessageTemplate: { DefaultEmailOption: "CONFIRM_WITH_LINK" },
  });
  const { UserPoolClient } = await sdk.createUserPoolClient({
    UserPoolId: UserPool.Id,
    ClientName: "app",
  });
  await sdk.signUp({
    ClientId: UserPoolClient.ClientId,
    Username: "dora",
    Password: PASSWORD,
    UserAttributes: [{ Name: "email", Value: "dora@example.com" }],
  });
  const status = async () =>
    (await sdk.adminGetUser({ UserPoolId: UserPool.Id, Username: "dora" })).UserStatus;
  const link = /https?:\/\/\S+confirmUser\S*/.exec(
    (await server.mail("dora@example.com")).text,
  )?.[0];
  assert.ok(link?.startsWith(server.url), "the mail has a link to this server");

  // A mail scanner that follows the link confirms nobody.
  assert.ok((await fetch(link)).ok);
  assert.equal(await status(), "UNCONFIRMED");
  await visiting(browser, "confirm-user", async (page, problems) => {
    await page.goto(link);
    await Promise.all([page.waitForEvent("load"), page.locator("form button").click()]);
    assert.equal(await status(), "CONFIRMED");
    assert.deepEqual(problems, []);
  });
});
