// SPDX-License-Identifier: Apache-2.0
//
// Where the tokens live while somebody is signed in: sessionStorage. It outlives a reload, ends
// with the tab, is not shared with other tabs, and unlike a cookie is sent nowhere by itself, so no
// other site can make the browser use it. Any script that runs in the page can read it, as it could
// any place that a page can read: what guards against that is the Content-Security-Policy, which
// lets no foreign script in. An app with a server of its own does better to keep the refresh token
// there.

const KEY = 'lighthouse-notes.tokens';

export function savedTokens() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export function saveTokens(tokens) {
  sessionStorage.setItem(KEY, JSON.stringify(tokens));
}

export function forgetTokens() {
  sessionStorage.removeItem(KEY);
}
