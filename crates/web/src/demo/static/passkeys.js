// SPDX-License-Identifier: Apache-2.0
//
// The card of one's passkeys: the list, another one, and one less.

import { accountTrouble, livingTokens } from './account.js';
import { element, timeElement } from './elements.js';
import { whileBusy } from './forms.js';
import { savedTokens } from './session.js';
import { byId } from './views.js';
import { passkeyObstacle } from './webauthn.js';

let cognate;
let config;

export function wirePasskeys(client, given) {
  cognate = client;
  config = given;
  const add = byId('passkey-add');
  add.addEventListener('click', () => whileBusy(add, addPasskey));
}

/**
 * What is in the way of passkeys on this page, as words and a link: null where nothing is. A pool
 * that has none is in the way, too.
 */
export function obstacleNote({ passkeys }) {
  if (!passkeys) return element('span', 'This pool has no passkeys.');
  const obstacle = passkeyObstacle(passkeys.relyingPartyId);
  if (!obstacle) return null;
  if (obstacle === 'old') return element('span', 'This browser is too old for passkeys.');
  const address = new URL(location.href);
  address.hostname = passkeys.relyingPartyId;
  const note = element('span', 'Passkeys belong to a name. To use one, open this page as ');
  const link = element('a', `${address.origin}${address.pathname}`);
  link.href = link.textContent;
  note.append(link, '.');
  return note;
}

export async function showPasskeys() {
  const note = obstacleNote(config);
  byId('passkey-note').replaceChildren(...(note ? [note] : []));
  byId('passkey-add').hidden = note !== null;
  if (!config.passkeys) return;
  try {
    const passkeys = await cognate.listPasskeys(await livingTokens(cognate));
    byId('passkeys').replaceChildren(...passkeys.map(entryOf));
    byId('passkeys').hidden = passkeys.length === 0;
  } catch (error) {
    accountTrouble(error, errorOf());
  }
}

function entryOf({ id, name, created }) {
  const entry = element('li');
  const words = element('div');
  const added = element('p', 'Added ', 'small');
  added.append(timeElement(created));
  words.append(element('p', name, 'entry-name'), added);
  const button = element('button', 'Delete', 'button danger');
  button.type = 'button';
  button.dataset.busy = 'Deleting…';
  button.setAttribute('aria-label', `Delete ${name}`);
  button.addEventListener('click', () => whileBusy(button, () => deletePasskey(id, name)));
  entry.append(words, button);
  return entry;
}

const addPasskey = () =>
  change('The passkey is added. It signs you in without the password.', (tokens) =>
    cognate.addPasskey(tokens),
  );

async function deletePasskey(id, name) {
  await change(`${name} is deleted. Your device may still keep its half of it.`, (tokens) =>
    cognate.deletePasskey(tokens, id),
  );
  // The button that was pressed is gone.
  byId('passkeys-title').focus();
}

async function change(words, act) {
  errorOf().textContent = '';
  toldOf().textContent = '';
  try {
    await act(await livingTokens(cognate));
    toldOf().textContent = words;
  } catch (error) {
    accountTrouble(error, errorOf());
    if (!savedTokens()) return;
  }
  await showPasskeys();
}

const errorOf = () => byId('passkeys-card').querySelector('.error');
const toldOf = () => byId('passkeys-card').querySelector('.told');
