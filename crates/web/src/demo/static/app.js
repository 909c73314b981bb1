// SPDX-License-Identifier: Apache-2.0
//
// Starts the demo: asks the server which pool to use, and opens the view that the address names.
// Talking to the service is cognate.js's part, keeping tokens session.js's, the forms outside.js's,
// and the signed-in views are home.js, security.js and authenticator.js.

import { forgetSecret, openAuthenticator, wireAuthenticator } from './authenticator.js';
import { Cognate } from './cognate.js';
import { tell } from './forms.js';
import { openHome, stopCountdown, wireHome } from './home.js';
import { passwordRules } from './messages.js';
import { askedView, wireForms } from './outside.js';
import { openSecurity, wireSecurity } from './security.js';
import { savedTokens } from './session.js';
import { byId, isInside, startViews } from './views.js';

start();

async function start() {
  if (!Cognate.isSupported) {
    const address = `http://localhost:${location.port || 80}${location.pathname}`;
    const reason =
      'Browsers allow the cryptography that signing in needs on https and on localhost only.';
    tell(byId('trouble'), { text: `${reason} Open this page as ${address} or behind TLS.` });
    return;
  }
  let config;
  let cognate;
  try {
    const response = await fetch('./config.json', { cache: 'no-store' });
    config = await response.json();
    // The API is one folder above this page, wherever that is.
    cognate = new Cognate({
      endpoint: new URL('..', location).href,
      clientId: config.clientId,
      poolId: config.userPoolId,
    });
  } catch {
    tell(byId('trouble'), {
      text: 'The server did not say which pool to use. Is it still running? Reload to try again.',
    });
    return;
  }
  showConfig(config);
  wireForms(cognate, config);
  wireHome(cognate);
  wireSecurity(cognate, config);
  wireAuthenticator(cognate, config);
  startViews({ viewFor, opened });
}

const OPEN = { home: openHome, security: openSecurity, authenticator: openAuthenticator };

function opened(view) {
  stopCountdown();
  forgetSecret();
  OPEN[view]?.();
}

function showConfig(config) {
  byId('foot-pool').textContent = config.userPoolId;
  byId('foot-client').textContent = config.clientId;
  byId('foot').hidden = false;
  for (const rules of document.querySelectorAll('[data-rules]'))
    rules.textContent = passwordRules(config.passwordPolicy);
  if (!config.inboxUrl) return;
  for (const link of document.querySelectorAll('[data-inbox-link]')) link.href = config.inboxUrl;
  for (const hint of document.querySelectorAll('[data-inbox]')) hint.hidden = false;
}

/**
 * The view that may be shown: no signed-in one to strangers, no sign-in to who is signed in, and no
 * question that the service has not asked.
 */
function viewFor(asked) {
  if (savedTokens()) return isInside(asked) ? asked : 'home';
  const isQuestion = asked === 'new-password' || asked === 'app-code';
  return isInside(asked) || (isQuestion && asked !== askedView()) ? 'sign-in' : asked;
}
