// How somebody signs in to the demo site, and where they are signed in: an authenticator app,
// passkeys of Chromium's virtual authenticator, and the list of sessions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { qrCode, qrPath } from "../../crates/web/src/demo/static/qr.js";
import { anotherCode, Server } from "../node/support/server.mjs";
import { appCode } from "../node/support/totp.mjs";
import { openBrowser, visiting } from "./browser.mjs";
import { Demo, PASSWORD } from "./demo.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start("demo-security", { demo: true });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The demo, opened by a name: browsers make no passkey for an address. */
class SecureDemo extends Demo {
  constructor(page) {
    super(page, server, server.url.replace("127.0.0.1", "localhost"));
  }

  /** A card of the view, by its heading. */
  card(title) {
    return this.page.getByRole("region", { name: title });
  }

  /** What a card says when something was done. */
  async told(title, words) {
    await this.card(title).getByRole("status").filter({ hasText: words }).waitFor();
  }

  async openSecurity() {
    await this.page.getByRole("link", { name: "Security", exact: true }).click();
    return this.view("security");
  }

  /** Switches an app on, and gives its secret. */
  async setUpApp() {
    await this.openSecurity();
    await this.page.getByRole("link", { name: "Set up an app" }).click();
    const secret = await this.secret();
    await this.send("authenticator", { "Code in the app": appCode(secret) });
    await this.card("Authenticator app").getByText("On", { exact: true }).waitFor();
    return secret;
  }

  /** The secret that is shown as text. */
  async secret() {
    await this.page.getByRole("img", { name: "QR code" }).waitFor();
    return this.page.locator("#app-key").textContent();
  }

  async addPasskey() {
    await this.openSecurity();
    await this.page.getByRole("button", { name: "Add a passkey" }).click();
    await this.told("Passkeys", "The passkey is added.");
  }

  async signOut() {
    await this.open("home");
    await this.page.getByRole("button", { name: "Sign out", exact: true }).click();
    await this.view("sign-in");
  }

  async signInWithPasskey(address) {
    await (await this.view("sign-in")).getByLabel("Email").fill(address);
    await this.page.getByRole("button", { name: "Sign in with a passkey" }).click();
  }
}

/** Gives the page a device that makes passkeys, and knows its user. */
async function addAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

test("an app is set up from the key that the page shows, and its codes sign in", async () => {
  await visiting(browser, "demo-app", async (page, problems) => {
    const demo = new SecureDemo(page);
    const address = "ana@example.com";
    await demo.join(address);
    await demo.openSecurity();
    await page.getByRole("link", { name: "Set up an app" }).click();

    // The picture, the text and the link hold the same key.
    const secret = await demo.secret();
    const uri = await page
      .getByRole("link", { name: "Open in an app here" })
      .getAttribute("href");
    const said = new URL(uri);
    assert.equal(said.searchParams.get("secret"), secret);
    assert.equal(decodeURIComponent(said.pathname).split(":").at(-1), address);
    assert.equal(await page.locator("#qr path").getAttribute("d"), qrPath(qrCode(uri)));

    await demo.send("authenticator", { "Code in the app": anotherCode(appCode(secret)) });
    assert.match(await demo.complaint("authenticator"), /EnableSoftwareTokenMFAException/);
    await demo.send("authenticator", { "Code in the app": appCode(secret) });
    await demo.card("Authenticator app").getByText("On", { exact: true }).waitFor();
    assert.equal(await page.locator("#app-key").textContent(), "", "the key is not left behind");

    await demo.signOut();
    await demo.send("sign-in", { Email: address, Password: PASSWORD });
    const next = appCode(secret, 1);
    await demo.send("app-code", { Code: anotherCode(next) });
    assert.match(await demo.complaint("app-code"), /CodeMismatchException/);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0, "nobody is signed in yet");
    await demo.send("app-code", { Code: next });
    await demo.view("home");

    await demo.openSecurity();
    await page.getByRole("button", { name: "Switch off" }).click();
    await demo.told("Authenticator app", "switched off");
    await demo.signOut();
    await demo.signIn(address);
    assert.deepEqual(problems, []);
  });
});

test("a passkey is added, signs in without the password, and is deleted", async () => {
  await visiting(browser, "demo-passkey", async (page, problems) => {
    const demo = new SecureDemo(page);
    const address = "ben@example.com";
    await addAuthenticator(page);
    await demo.join(address);
    await demo.addPasskey();
    const list = demo.card("Passkeys").getByRole("listitem");
    assert.equal(await list.count(), 1);

    // The device says itself that it has one.
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await demo.card("Passkeys").getByRole("alert").filter({ hasText: "InvalidStateError" }).waitFor();

    await demo.signOut();
    await demo.signInWithPasskey(address);
    await demo.view("home");

    await demo.openSecurity();
    await list.getByRole("button", { name: /^Delete/ }).click();
    await demo.told("Passkeys", "is deleted");
    assert.equal(await list.count(), 0);
    await demo.signOut();
    await demo.signInWithPasskey(address);
    assert.match(await demo.complaint("sign-in"), /no passkey/);
    assert.deepEqual(problems, []);
  });
});

test("a passkey stands for the code of an app as well", async () => {
  await visiting(browser, "demo-both", async (page, problems) => {
    const demo = new SecureDemo(page);
    const address = "carla@example.com";
    await addAuthenticator(page);
    await demo.join(address);
    await demo.addPasskey();
    await demo.setUpApp();
    await demo.signOut();
    await demo.signInWithPasskey(address);
    await demo.view("home");
    assert.deepEqual(problems, []);
  });
});

test("a page under an address says where passkeys can be used", async () => {
  await visiting(browser, "demo-address", async (page, problems) => {
    const demo = new Demo(page, server);
    await demo.open();
    const view = await demo.view("sign-in");
    const named = new SecureDemo(page).url;
    const link = view.getByRole("link", { name: `${named}/demo/` });
    assert.equal(await link.getAttribute("href"), `${named}/demo/`);
    assert.equal(await view.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);
    assert.deepEqual(problems, []);
  });
});

test("sessions are listed, and ending one signs that browser out", async () => {
  const address = "dora@example.com";
  await visiting(browser, "demo-sessions-here", async (page, problems) => {
    const here = new SecureDemo(page);
    await here.join(address);
    await visiting(browser, "demo-sessions-there", async (otherPage) => {
      const there = new SecureDemo(otherPage);
      await there.open();
      await there.signIn(address);

      await here.openSecurity();
      const rows = page.locator("#sessions tr");
      await rows.nth(1).waitFor();
      assert.match(await rows.first().textContent(), /Linux, Chrome \d+127\.0\.0\.1.*This one$/);
      await page.getByRole("button", { name: /^End the session on Linux, Chrome/ }).click();
      await here.told("Your sessions", "That session has ended.");
      assert.equal(await rows.count(), 1);
      assert.match(await rows.textContent(), /This one$/);

      // It gives no access any more, and the page there says so.
      await otherPage.getByRole("link", { name: "Security", exact: true }).click();
      await there.view("sign-in");
      await otherPage.getByText("Your session has ended").waitFor();
    });
    assert.deepEqual(problems, []);
  });
});
