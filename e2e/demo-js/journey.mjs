// The demo site in a real browser against a running `cognate dev`: register, code from the inbox
// page, verify, sign in, refresh, reset the password, an authenticator app, a passkey, sessions,
// sign out. Prints each step; the exit status tells whether all of them held.
//
//   COGNATE_URL=http://localhost:9229 CHROMIUM=/usr/bin/chromium node e2e/demo-js/journey.mjs
//
// Needs playwright-core (resolved from the folder that NODE_PATH or npm names). SHOTS=folder keeps
// a picture of each page.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { appCode } from '../node/support/totp.mjs';

const require = createRequire(
  process.env.PLAYWRIGHT_FROM ? pathToFileURL(process.env.PLAYWRIGHT_FROM + '/') : import.meta.url,
);
const { chromium } = require('playwright-core');

const url = process.env.COGNATE_URL ?? 'http://localhost:9229';
const shots = process.env.SHOTS;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: FLAGS,
});
const context = await browser.newContext({
  viewport: { width: Number(process.env.WIDTH ?? 1280), height: 860 },
  colorScheme: process.env.SCHEME ?? 'light',
  reducedMotion: 'reduce',
});
const page = await context.newPage();
const complaints = [];
page.on('console', (message) => {
  // A refused request is part of the journey; the browser's note about its status is no complaint.
  if (
    message.type() === 'error' &&
    !/the server responded with a status of 4\d\d/.test(message.text())
  )
    complaints.push(message.text());
});
page.on('pageerror', (error) => complaints.push(String(error)));
// A device that makes passkeys and knows its user.
const devtools = await context.newCDPSession(page);
await devtools.send('WebAuthn.enable');
await devtools.send('WebAuthn.addVirtualAuthenticator', {
  options: {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

const email = `ana.${Date.now()}@example.com`;
const password = 'Correct-Horse-7';
const newPassword = 'Another-Horse-8';

const field = (view, name) => page.locator(`#view-${view} [name=${name}]`);
const send = (view) => page.locator(`#view-${view} form button:not([type])`).click();
const heading = (text) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const notice = (text) => page.locator('#notice', { hasText: text }).waitFor();
const refusal = (view, text) => page.locator(`#view-${view} .error`, { hasText: text }).waitFor();

// The page waits for the answer, the journey for the page: the message is there, or comes while the
// inbox is asked.
let lastSeen = 0;
async function latestCode() {
  const answer = await fetch(
    `${url}/dev/inbox.json?to=${encodeURIComponent(email)}&after=${lastSeen}&wait=10`,
  );
  const newest = (await answer.json()).messages[0];
  const code = newest?.text.match(/\b\d{6}\b/)?.[0];
  if (!code) throw new Error('no code came');
  lastSeen = newest.id;
  return code;
}

const wrongFor = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

async function signIn(words) {
  await field('sign-in', 'email').fill(email);
  await field('sign-in', 'password').fill(words);
  await send('sign-in');
}

let count = 0;
async function step(name, act) {
  await act();
  count += 1;
  console.log(`ok ${count} - ${name}`);
  if (shots)
    await page.screenshot({
      path: `${shots}/${String(count).padStart(2, '0')}.png`,
      fullPage: true,
    });
}

try {
  await step('the site opens at the sign-in', async () => {
    await page.goto(`${url}/demo/`);
    await heading('Welcome back');
  });
  await step('an empty form says what is missing', async () => {
    await send('sign-in');
    await refusal('sign-in', 'Email is missing.');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'sign-in-email');
  });
  await step('a weak password is refused in words', async () => {
    await page.getByRole('link', { name: 'Create an account' }).click();
    await heading('Create your account');
    await field('register', 'name').fill('Ana Lima');
    await field('register', 'email').fill(email);
    await field('register', 'password').fill('short');
    await send('register');
    await refusal('register', 'The password is too short');
  });
  await step('registering sends a code', async () => {
    await field('register', 'password').fill(password);
    await send('register');
    await heading('Check your mail');
  });
  let code = await latestCode();
  await step('a wrong code is refused', async () => {
    await field('verify', 'code').fill(wrongFor(code));
    await send('verify');
    await refusal('verify', 'That is not the code');
  });
  await step('signing in before the address is confirmed leads back to the code', async () => {
    await page.locator('#view-verify').getByRole('link', { name: 'Back to sign-in' }).click();
    await heading('Welcome back');
    await signIn(password);
    await heading('Check your mail');
    await notice('not confirmed yet');
  });
  await step('a new code can be had', async () => {
    await page.locator('#resend').click();
    await notice('A new code is on its way');
    code = await latestCode();
  });
  await step('the right code confirms', async () => {
    await field('verify', 'code').fill(code);
    await send('verify');
    await notice('Your address is confirmed');
  });
  await step('a wrong password is refused', async () => {
    await signIn('Wrong-Horse-9');
    await refusal('sign-in', 'The email or the password is wrong');
  });
  await step('the right password signs in by SRP and never leaves the page', async () => {
    const bodies = [];
    const listen = (request) => bodies.push(request.postData() ?? '');
    page.on('request', listen);
    await signIn(password);
    await heading(/Hello, Ana Lima/);
    page.off('request', listen);
    assert.ok(bodies.some((body) => body.includes('USER_SRP_AUTH')));
    assert.ok(bodies.every((body) => !body.includes(password)));
  });
  await step('the page shows the claims and the attributes', async () => {
    await page.locator('#claims tr', { hasText: 'token_use' }).waitFor();
    assert.equal(
      await page
        .locator('#claims tr', { hasText: 'token_use' })
        .locator('td')
        .first()
        .textContent(),
      'id',
    );
    await page.locator('#profile dd', { hasText: email }).waitFor();
    assert.match(await page.locator('#countdown').textContent(), /min \d\d s/);
  });
  await step('a reload keeps the session', async () => {
    await page.reload();
    await heading(/Hello, Ana Lima/);
  });
  await step('refreshing brings another ID token', async () => {
    const before = await page.locator('#raw-token').textContent();
    // Whole seconds are what tokens count in, but each has an id of its own.
    await page.locator('#refresh').click();
    await notice('New tokens');
    assert.notEqual(await page.locator('#raw-token').textContent(), before);
  });
  let kept;
  await step('signing out forgets the tokens and ends them', async () => {
    kept = await page.evaluate(() => JSON.parse(sessionStorage.getItem('lighthouse-notes.tokens')));
    await page.locator('#sign-out').click();
    await notice('You are signed out');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.goto(`${url}/demo/#home`);
    await heading('Welcome back');
    const refused = await page.evaluate(async (refreshToken) => {
      const { Cognate } = await import('./cognate.js');
      const config = await (await fetch('./config.json')).json();
      const cognate = new Cognate({
        endpoint: '',
        clientId: config.clientId,
        poolId: config.userPoolId,
      });
      return cognate.refresh({ refreshToken }).then(
        () => 'refreshed',
        (error) => error.code,
      );
    }, kept.refreshToken);
    assert.equal(refused, 'NotAuthorizedException');
  });
  await step('a forgotten password is replaced with a mailed code', async () => {
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await heading('Forgot your password?');
    await field('forgot', 'email').fill(email);
    await send('forgot');
    await heading('Set a new password');
    await field('reset', 'code').fill(await latestCode());
    await field('reset', 'password').fill(newPassword);
    await send('reset');
    await notice('Your new password is set');
  });
  await step('the old password is refused and the new one signs in', async () => {
    await signIn(password);
    await refusal('sign-in', 'The email or the password is wrong');
    await signIn(newPassword);
    await heading(/Hello, Ana Lima/);
  });
  await step('the second view tells how one signs in, and where one is signed in', async () => {
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    await heading('Security');
    await page.locator('#app-state', { hasText: 'Off' }).waitFor();
    await page.locator('#sessions tr', { hasText: 'This one' }).waitFor();
  });
  await step('a passkey is added', async () => {
    await page.locator('#passkey-add').click();
    await page.locator('#passkeys-card .told', { hasText: 'The passkey is added' }).waitFor();
  });
  let secret;
  await step('the key of an authenticator app is shown as a picture and as text', async () => {
    await page.locator('#app-set-up').click();
    await heading('Set up an authenticator app');
    await page.locator('#qr svg').waitFor();
    secret = await page.locator('#app-key').textContent();
  });
  await step('a wrong code of the app is refused', async () => {
    await field('authenticator', 'code').fill(wrongFor(appCode(secret)));
    await send('authenticator');
    await refusal('authenticator', 'That is not the code');
  });
  await step('a right one switches it on', async () => {
    await field('authenticator', 'code').fill(appCode(secret));
    await send('authenticator');
    await notice('Your app is set up');
    await page.locator('#app-state', { hasText: 'On' }).waitFor();
  });
  await step('the password alone signs in no more', async () => {
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.locator('#sign-out').click();
    await notice('You are signed out');
    await signIn(newPassword);
    await heading('One more step');
    await field('app-code', 'code').fill(wrongFor(appCode(secret, 1)));
    await send('app-code');
    await refusal('app-code', 'That is not the code');
  });
  await step('the next code of the app does', async () => {
    await field('app-code', 'code').fill(appCode(secret, 1));
    await send('app-code');
    await heading(/Hello, Ana Lima/);
  });
  await step('the passkey signs in without either', async () => {
    await page.locator('#sign-out').click();
    await notice('You are signed out');
    await field('sign-in', 'email').fill(email);
    await page.locator('#passkey-sign-in').click();
    await heading(/Hello, Ana Lima/);
  });
  await step('signing out everywhere ends this session too', async () => {
    await page.locator('#sign-out-everywhere').click();
    await notice('signed out on every device');
  });
  await step('the inbox page shows the mails', async () => {
    await page.goto(`${url}/dev/inbox?to=${encodeURIComponent(email)}`);
    await page.locator('.message', { hasText: code }).waitFor();
  });
  assert.deepEqual(complaints, [], 'the browser complained');
  console.log(`1..${count}`);
} catch (error) {
  console.error(`not ok ${count + 1} - ${error.stack}`);
  console.error('browser:', complaints);
  if (shots) await page.screenshot({ path: `${shots}/failed.png`, fullPage: true });
  process.exitCode = 1;
} finally {
  await browser.close();
}
