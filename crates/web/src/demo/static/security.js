// SPDX-License-Identifier: Apache-2.0
//
// The view of how somebody signs in, and where they are signed in: three cards, each with its own
// alert and its own word of success.

import { accountTrouble, livingTokens } from './account.js';
import { whileBusy } from './forms.js';
import { showPasskeys, wirePasskeys } from './passkeys.js';
import { showSessions, wireSessions } from './sessions.js';
import { byId } from './views.js';

let cognate;
let config;

export function wireSecurity(client, given) {
  cognate = client;
  config = given;
  wirePasskeys(client, given);
  wireSessions(client, given);
  byId('app-off').addEventListener('click', () => whileBusy(byId('app-off'), switchOff));
}

export async function openSecurity() {
  for (const words of document.querySelectorAll('#view-security :is(.error, .told)'))
    words.textContent = '';
  await Promise.all([showApp(), showPasskeys(), showSessions()]);
}

/** Whether the account has a second factor, as the service has it. */
async function showApp() {
  const card = byId('app-card');
  if (!config.authenticatorApps) {
    byId('app-words').textContent = 'This pool has no second factor.';
    return;
  }
  try {
    const { secondFactors } = await cognate.getUser(await livingTokens(cognate));
    const isOn = secondFactors.includes('SOFTWARE_TOKEN_MFA');
    byId('app-state').textContent = isOn ? 'On' : 'Off';
    card.classList.toggle('is-on', isOn);
    byId('app-words').textContent = isOn ? wordsOfOn() : WORDS_OF_OFF;
    byId('app-set-up').textContent = isOn ? 'Use another app' : 'Set up an app';
    byId('app-set-up').classList.toggle('quiet', isOn);
    byId('app-set-up').hidden = false;
    byId('app-off').hidden = !isOn;
  } catch (error) {
    accountTrouble(error, card.querySelector('.error'));
  }
}

const WORDS_OF_OFF =
  'Your password alone signs you in. An app on your phone can show a code that changes every half ' +
  'minute; whoever steals the password does not have it.';

function wordsOfOn() {
  const words = 'After the password you are asked for a code of your app.';
  const passkeys = 'A passkey needs no code: your device makes sure that it is you.';
  return config.passkeys?.standForBoth ? `${words} ${passkeys}` : words;
}

async function switchOff() {
  const card = byId('app-card');
  card.querySelector('.error').textContent = '';
  try {
    const passkeys = config.passkeys?.standForBoth ? false : undefined;
    await cognate.setSecondFactor(await livingTokens(cognate), false, passkeys);
    await showApp();
    card.querySelector('.told').textContent = 'The second factor is switched off.';
    // The button that was pressed is gone.
    card.querySelector('h2').focus();
  } catch (error) {
    accountTrouble(error, card.querySelector('.error'));
  }
}
