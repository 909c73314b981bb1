// SPDX-License-Identifier: Apache-2.0
//
// What the views for who is signed in have in common: tokens that still serve, and what happens
// when they do not.

import { decodeToken } from './cognate.js';
import { tell } from './forms.js';
import { explain } from './messages.js';
import { forgetTokens, savedTokens, saveTokens } from './session.js';
import { byId, go } from './views.js';

/** The tokens; fresh ones, where the access token has run out. */
export async function livingTokens(cognate) {
  const tokens = savedTokens();
  if (!hasRunOut(tokens)) return tokens;
  const fresh = await cognate.refresh(tokens);
  saveTokens(fresh);
  return fresh;
}

export function hasRunOut(tokens) {
  return decodeToken(tokens.accessToken).exp * 1000 <= Date.now();
}

/**
 * An error on a signed-in view: a token that is no longer good ends the session here too, the rest
 * is only told.
 */
export function accountTrouble(error, alert = byId('trouble')) {
  // Several cards ask at once: the first that is refused ends the session and says so, and a second
  // word would take the place of the first.
  if (!savedTokens()) return;
  if (error.code === 'NotAuthorizedException' || error.code === 'UserNotFoundException') {
    forgetTokens();
    go('sign-in', 'Your session has ended. Sign in again.');
    return;
  }
  byId('notice').textContent = '';
  tell(alert, explain(error));
}
