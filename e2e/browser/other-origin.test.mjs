// A site on another origin, in a real browser, with amazon-cognito-identity-js: today's edition,
// and the one of 2016 that old sites still carry. The browser's own cross-origin rules apply,
// preflights and all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { fileOf } from "../node/support/clients.mjs";
import { anotherCode, REGION, Server } from "../node/support/server.mjs";
import { openBrowser, openSite, visiting } from "./browser.mjs";

const PASSWORD = "Corr3ct-horse-battery";
const SCRIPT = "text/javascript";

const EDITIONS = {
  "today's edition": [fileOf("amazon-cognito-identity-js", "dist/amazon-cognito-identity.min.js")],
  "the edition of 2016": [
    fileOf("jsbn", "index.js"),
    fileOf("sjcl", "sjcl.js"),
    fileOf("amazon-cognito-identity-js-2016", "dist/aws-cognito-sdk.min.js"),
    fileOf("amazon-cognito-identity-js-2016", "dist/amazon-cognito-identity.min.js"),
  ],
};

let server;
let browser;
before(async () => {
  server = await Server.start("other-origin");
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * The shop's site with the scripts of one edition, bound to a pool where the e-mail address is the
 * name.
 */
async function shop(files) {
  const { UserPool } = await server.sdk().createUserPool({
    PoolName: "shop",
    UsernameAttributes: ["email"],
    AutoVerifiedAttributes: ["email"],
  });
  const { UserPoolClient } = await server.sdk().createUserPoolClient({
    UserPoolId: UserPool.Id,
    ClientName: "shop",
    ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const settings = {
    endpoint: `${server.url}/`,
    region: REGION,
    poolId: UserPool.Id,
    clientId: UserPoolClient.ClientId,
  };
  const here = (name) => path.join(import.meta.dirname, name);
  const scripts = files.map((file, number) => [`/library-${number}.js`, { type: SCRIPT, file }]);
  const tags = [...scripts.map(([address]) => address), "/settings.js"].map(
    (address) => `<script src="${address}"></script>`,
  );
  return openSite({
    "/": {
      type: "text/html",
      content: readFileSync(here("shop.html"), "utf8").replace("<!-- SCRIPTS -->", tags.join("\n")),
    },
    "/settings.js": { type: SCRIPT, content: `window.shop = ${JSON.stringify(settings)};` },
    "/shop.js": { type: SCRIPT, file: here("shop.js") },
    ...Object.fromEntries(scripts),
  });
}

for (const [edition, files] of Object.entries(EDITIONS)) {
  test(`with ${edition} a visitor registers, verifies the mailed code and signs in`, async () => {
    const site = await shop(files);
    const address = `visitor-${edition.replaceAll(/\W/g, "")}@example.com`.toLowerCase();
    try {
      await visiting(
        browser,
        `other-origin-${Object.keys(EDITIONS).indexOf(edition)}`,
        async (page, problems) => {
          const state = async () => {
            const said = page.locator("#state:not(:text('busy'))");
            await said.waitFor();
            return said.textContent();
          };
          const submit = async (form, fields) => {
            for (const [label, value] of Object.entries(fields))
              await page.locator(`${form} [aria-label=${label}]`).fill(value);
            await page.locator(`${form} button`).click();
            return state();
          };
          await page.goto(site.url);
          assert.equal(await state(), "ready");

          assert.equal(
            await submit("#register", { Email: address, Password: "short" }),
            "error InvalidPasswordException",
          );
          assert.equal(
            await submit("#register", { Email: address, Password: PASSWORD }),
            `registered ${address}`,
          );
          const code = await server.code(address);
          assert.equal(
            await submit("#verify", { Code: anotherCode(code) }),
            "error CodeMismatchException",
          );
          assert.equal(await submit("#verify", { Code: code }), "verified SUCCESS");

          assert.equal(
            await submit("#signin", { Email: address, Password: "Wr0ng-password" }),
            "error NotAuthorizedException",
          );
          assert.equal(
            await submit("#signin", { Email: address, Password: PASSWORD }),
            `signed in ${address}`,
          );
          const claims = JSON.parse(
            Buffer.from((await page.evaluate(() => window.idToken)).split(".")[1], "base64url"),
          );
          assert.equal(claims.email, address);
          assert.deepEqual(problems, []);
        },
      );
    } finally {
      site.close();
    }
  });
}
