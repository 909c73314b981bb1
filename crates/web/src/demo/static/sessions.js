// SPDX-License-Identifier: Apache-2.0
//
// The card of one's sessions: where somebody is signed in, and the end of what they do not know.

import { accountTrouble, livingTokens } from './account.js';
import { element, timeElement } from './elements.js';
import { whileBusy } from './forms.js';
import { savedTokens } from './session.js';
import { byId } from './views.js';

let cognate;
let config;

export function wireSessions(client, given) {
  cognate = client;
  config = given;
}

export async function showSessions() {
  byId('sessions-none').hidden = config.sessions;
  byId('sessions-frame').hidden = !config.sessions;
  if (!config.sessions) return;
  try {
    const sessions = await cognate.listSessions(await livingTokens(cognate));
    sessions.sort((a, b) => b.isThisOne - a.isThisOne || b.lastUsed - a.lastUsed);
    byId('sessions').replaceChildren(...sessions.map(rowOf));
  } catch (error) {
    accountTrouble(error, errorOf());
  }
}

function rowOf({ id, device, address, began, lastUsed, isThisOne }) {
  const row = element('tr');
  const head = element('th', device);
  head.scope = 'row';
  const end = element('td', '', 'row-end');
  end.append(isThisOne ? element('span', 'This one', 'state') : endButton(id, device));
  row.append(
    head,
    cell('Address', element('span', address ?? 'unknown')),
    cell('Last use', timeElement(lastUsed)),
    cell('Signed in', timeElement(began)),
    end,
  );
  return row;
}

/** A cell that says its column's name itself, where the table is too narrow for columns. */
function cell(label, content) {
  const made = element('td');
  made.dataset.label = label;
  made.append(content);
  return made;
}

function endButton(id, device) {
  const button = element('button', 'End', 'button danger');
  button.type = 'button';
  button.dataset.busy = 'Ending…';
  button.setAttribute('aria-label', `End the session on ${device}`);
  button.addEventListener('click', () => whileBusy(button, () => endSession(id)));
  return button;
}

async function endSession(id) {
  errorOf().textContent = '';
  toldOf().textContent = '';
  try {
    await cognate.revokeSession(await livingTokens(cognate), id);
    toldOf().textContent = 'That session has ended.';
  } catch (error) {
    accountTrouble(error, errorOf());
    if (!savedTokens()) return;
  }
  await showSessions();
  // The button that was pressed is gone.
  byId('sessions-title').focus();
}

const errorOf = () => byId('sessions-card').querySelector('.error');
const toldOf = () => byId('sessions-card').querySelector('.told');
