// SPDX-License-Identifier: Apache-2.0
//
// Setting an authenticator app up: the service draws a secret, the app takes it from a QR code or
// as text, and a code that it shows proves that it has it.

import { accountTrouble, livingTokens } from './account.js';
import { decodeToken } from './cognate.js';
import { element } from './elements.js';
import { onSubmit } from './forms.js';
import { qrCode, qrPath } from './qr.js';
import { savedTokens } from './session.js';
import { byId, formOf, go } from './views.js';

const ISSUER = 'Lighthouse Notes';
const BORDER = 4; // Light modules around a code, without which it does not read.

let cognate;
let config;
let secret = ''; // Of the code that is shown.

export function wireAuthenticator(client, given) {
  cognate = client;
  config = given;
  byId('copy-key').addEventListener('click', copyKey);
  onSubmit(formOf('authenticator'), async ({ code }) => {
    try {
      const tokens = await livingTokens(cognate);
      await cognate.verifyApp(tokens, code.trim());
      const passkeys = config.passkeys?.standForBoth ? true : undefined;
      await cognate.setSecondFactor(tokens, true, passkeys);
    } catch (error) {
      if (error.code !== 'NotAuthorizedException') throw error;
      return accountTrouble(error);
    }
    forgetSecret();
    go('security', 'Your app is set up. From now on your password is followed by its code.');
  });
}

/** Draws a new secret each time that the view is opened: one that nobody has proved is no loss. */
export async function openAuthenticator() {
  forgetSecret();
  formOf('authenticator').reset();
  try {
    secret = await cognate.associateApp(await livingTokens(cognate));
  } catch (error) {
    return accountTrouble(error);
  }
  const uri = keyUri(decodeToken(savedTokens().idToken).email ?? '', secret);
  byId('qr').replaceChildren(picture(uri));
  // Groups are easier to type, and are no spaces, which some apps do not take.
  byId('app-key').replaceChildren(
    ...secret.match(/.{1,4}/g).flatMap((group) => [element('span', group), element('wbr')]),
  );
  byId('app-link').href = uri;
}

export function forgetSecret() {
  secret = '';
  byId('qr').replaceChildren();
  byId('app-key').replaceChildren();
  byId('app-link').removeAttribute('href');
  byId('copied').textContent = '';
}

/** What a QR code for authenticator apps says (Google Authenticator's key URI format). */
export function keyUri(account, key) {
  const [issuer, name] = [ISSUER, account].map(encodeURIComponent);
  return `otpauth://totp/${issuer}:${name}?secret=${key}&issuer=${issuer}`;
}

/** Dark on light whatever the page's colours: apps read nothing else. */
function picture(text) {
  const rows = qrCode(text);
  const size = rows.length + 2 * BORDER;
  const svg = shape('svg', {
    viewBox: `${-BORDER} ${-BORDER} ${size} ${size}`,
    role: 'img',
    'aria-label': 'QR code for your authenticator app',
    'shape-rendering': 'crispEdges',
  });
  svg.append(
    shape('rect', { x: -BORDER, y: -BORDER, width: size, height: size, fill: '#ffffff' }),
    shape('path', { d: qrPath(rows), fill: '#000000' }),
  );
  return svg;
}

function shape(tag, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

async function copyKey() {
  try {
    await navigator.clipboard.writeText(secret);
    byId('copied').textContent = 'Copied.';
  } catch {
    // Not every browser allows it: the key is selected, so that one press of keys copies it.
    getSelection().selectAllChildren(byId('app-key'));
    byId('copied').textContent = 'Selected; copy it now.';
  }
}
