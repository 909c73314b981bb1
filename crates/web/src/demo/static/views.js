// SPDX-License-Identifier: Apache-2.0
//
// Which view is open. Each is a section of index.html, named by the fragment of the address, so
// that the browser's back button works.

import { clearError } from './forms.js';

export const byId = (id) => document.getElementById(id);

const OUTSIDE = ['sign-in', 'register', 'verify', 'forgot', 'reset', 'new-password', 'app-code'];
const INSIDE = ['home', 'security', 'authenticator'];
const VIEWS = [...OUTSIDE, ...INSIDE];

let openingNotice = ''; // Said above the view that opens next, once.
let rules = { viewFor: (asked) => asked, opened: () => {} };

/** Whether a view is for who is signed in. */
export const isInside = (view) => INSIDE.includes(view);

/**
 * Opens the view that the address names, and those that it will name. `viewFor` gives the view that
 * may be shown in place of the one asked for; `opened` is called with each.
 */
export function startViews(given) {
  rules = given;
  addEventListener('hashchange', show);
  show();
}

/** Opens a view; `notice` is said above it. */
export function go(view, notice = '') {
  openingNotice = notice;
  if (location.hash === `#${view}`) show();
  else location.hash = view;
}

/** The form of a view. */
export function formOf(view) {
  return document.querySelector(`#view-${view} form`);
}

function show() {
  const asked = location.hash.slice(1);
  const view = rules.viewFor(VIEWS.includes(asked) ? asked : 'sign-in');
  if (asked !== view) history.replaceState(null, '', `#${view}`);
  byId('notice').textContent = openingNotice;
  openingNotice = '';
  byId('trouble').textContent = '';
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== view;
  document.body.classList.toggle('outside', !isInside(view));
  showNavigation(view);
  const form = formOf(view);
  if (form) clearError(form);
  rules.opened(view);
  const heading = byId(`view-${view}`).querySelector('h1');
  document.title = `${heading.textContent} – Lighthouse Notes`;
  // The heading takes the focus, so that a screen reader says where we are and Tab leads into the
  // form.
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** The way between the signed-in views; a view that another leads to counts as a part of it. */
function showNavigation(view) {
  byId('navigation').hidden = !isInside(view);
  for (const link of byId('navigation').querySelectorAll('a')) {
    const own = link.hash.slice(1);
    if (own === view) link.setAttribute('aria-current', 'page');
    else if (own === 'security' && view === 'authenticator')
      link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}
