// SPDX-License-Identifier: Apache-2.0
//
// The claims of an ID token as table rows.

import { element, timeElement } from './elements.js';

const MEANINGS = {
  acr: 'How strong the sign-in was',
  amr: 'How you proved who you are',
  at_hash: 'Ties this token to its access token',
  aud: 'The app client that it is meant for',
  auth_time: 'When you signed in',
  'cognito:groups': 'The groups that you are in',
  'cognito:preferred_role': 'The role that is used first',
  'cognito:roles': 'The roles of your groups',
  'cognito:username': 'Your user name in the pool',
  email: 'Your address',
  email_verified: 'Whether you have shown that it is yours',
  event_id: 'The sign-in that this came from',
  exp: 'When it stops being good',
  family_name: 'Your family name',
  given_name: 'Your given name',
  iat: 'When it was made',
  identities: 'Other accounts that you sign in with',
  iss: 'Who made it: the pool',
  jti: 'The number of this token',
  name: 'Your name',
  nonce: 'What the app sent along, to know its own request',
  origin_jti: 'The sign-in that can be revoked',
  phone_number: 'Your phone number',
  phone_number_verified: 'Whether you have shown that it is yours',
  preferred_username: 'The name that you like to go by',
  sub: 'Who you are: it never changes',
  token_use: 'What kind of token this is',
};

const TIMES = new Set(['auth_time', 'exp', 'iat', 'nbf', 'updated_at']);

/** Rows for a table body, in the token's own order. */
export function claimRows(claims) {
  return Object.entries(claims).map(([name, value]) => {
    const row = document.createElement('tr');
    const head = element('th', name);
    head.scope = 'row';
    row.append(head, valueCell(name, value), element('td', meaning(name)));
    return row;
  });
}

function meaning(name) {
  return MEANINGS[name] ?? (name.startsWith('custom:') ? 'An attribute that this pool added' : '');
}

function valueCell(name, value) {
  const cell = element('td', typeof value === 'string' ? value : JSON.stringify(value), 'value');
  if (TIMES.has(name) && Number.isFinite(value))
    cell.append(timeElement(new Date(value * 1000), 'medium'));
  return cell;
}

/** Pairs for a definition list. */
export function profilePairs(attributes) {
  return Object.entries(attributes).flatMap(([name, value]) => [
    element('dt', name),
    element('dd', value),
  ]);
}
