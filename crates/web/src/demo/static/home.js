// SPDX-License-Identifier: Apache-2.0
//
// The signed-in page: the ID token, the account as the server has it, and the ways to refresh and
// to leave.

import { accountTrouble, hasRunOut } from './account.js';
import { claimRows, profilePairs } from './claims.js';
import { decodeToken } from './cognate.js';
import { whileBusy } from './forms.js';
import { explain } from './messages.js';
import { forgetTokens, savedTokens, saveTokens } from './session.js';
import { byId, go } from './views.js';

let cognate;
let ticking = null; // The countdown's interval.

export function wireHome(client) {
  cognate = client;
  byId('refresh').addEventListener('click', () => whileBusy(byId('refresh'), refresh));
  byId('sign-out').addEventListener('click', () => whileBusy(byId('sign-out'), signOut));
  byId('sign-out-everywhere').addEventListener('click', () =>
    whileBusy(byId('sign-out-everywhere'), signOutEverywhere),
  );
}

/** Shows what the tokens say at once, and what the server says when it has answered. */
export async function openHome() {
  const tokens = savedTokens();
  showTokens(tokens);
  try {
    const user = await cognate.getUser(tokens);
    byId('profile').replaceChildren(
      ...profilePairs({ username: user.username, ...user.attributes }),
    );
  } catch (error) {
    // The access token may merely have run out while the tab slept; the refresh token knows.
    if (error.code === 'NotAuthorizedException' && hasRunOut(tokens)) return refresh();
    accountTrouble(error);
  }
}

function showTokens(tokens) {
  const claims = decodeToken(tokens.idToken);
  byId('home-name').textContent = claims.name ?? claims.email ?? claims['cognito:username'];
  byId('claims').replaceChildren(...claimRows(claims));
  byId('raw-token').textContent = tokens.idToken;
  byId('raw-claims').textContent = JSON.stringify(claims, null, 2);
  startCountdown(claims);
}

async function refresh() {
  try {
    const tokens = await cognate.refresh(savedTokens());
    saveTokens(tokens);
    await openHome();
    byId('notice').textContent = 'New tokens, at your service.';
  } catch (error) {
    accountTrouble(error);
  }
}

/**
 * Ends this sign-in on the server and here; here in any case, for that is what the person asked
 * for.
 */
async function signOut() {
  let notice = 'You are signed out.';
  try {
    await cognate.revoke(savedTokens());
  } catch (error) {
    notice = `You are signed out here, but the server could not be told: ${explain(error).text}`;
  }
  forgetTokens();
  go('sign-in', notice);
}

async function signOutEverywhere() {
  try {
    let tokens = savedTokens();
    // The server wants a living access token for this; merely forgetting a dead one would leave the
    // other devices signed in.
    if (hasRunOut(tokens)) tokens = await cognate.refresh(tokens);
    await cognate.globalSignOut(tokens);
  } catch (error) {
    return accountTrouble(error);
  }
  forgetTokens();
  go('sign-in', 'You are signed out on every device.');
}

function startCountdown({ iat, exp }) {
  stopCountdown();
  const tick = () => {
    const left = Math.max(0, exp - Math.floor(Date.now() / 1000));
    byId('countdown').textContent = left
      ? `${Math.floor(left / 60)} min ${String(left % 60).padStart(2, '0')} s`
      : 'Run out';
    byId('lifetime').value = exp > iat ? left / (exp - iat) : 0;
  };
  tick();
  ticking = setInterval(tick, 1000);
}

export function stopCountdown() {
  clearInterval(ticking);
}
