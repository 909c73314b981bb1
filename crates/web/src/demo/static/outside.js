// SPDX-License-Identifier: Apache-2.0
//
// The views for who is not signed in: register, verify, sign in, forgotten and temporary passwords,
// the code of an app, and how one leads to the next.

import { clearError, onSubmit, showError, tell, whileBusy } from './forms.js';
import { explain } from './messages.js';
import { obstacleNote } from './passkeys.js';
import { saveTokens } from './session.js';
import { byId, formOf, go } from './views.js';

let cognate;
let challenge = null; // The open question, which only this page load can answer.

/** The questions that the service may ask before it signs somebody in, and the views for them. */
const QUESTIONS = { NEW_PASSWORD_REQUIRED: 'new-password', SOFTWARE_TOKEN_MFA: 'app-code' };

/** The view of the question that has been asked and not been answered yet. */
export function askedView() {
  return challenge && QUESTIONS[challenge.name];
}

export function wireForms(client, config) {
  cognate = client;
  wirePasskey(config);

  onSubmit(formOf('register'), async ({ email, password, name }) => {
    const attributes = name.trim()
      ? { email: email.trim(), name: name.trim() }
      : { email: email.trim() };
    const made = await cognate.signUp(email.trim(), password, attributes);
    rememberEmail(email.trim());
    formOf('register').reset();
    if (made.confirmed) return go('sign-in', 'Your account is ready. Sign in.');
    sayDelivery('verify', made.delivery, 'Enter it here to finish.');
    go('verify');
  });

  onSubmit(formOf('verify'), async ({ email, code }) => {
    await cognate.confirmSignUp(email.trim(), code.trim());
    rememberEmail(email.trim());
    formOf('verify').elements.code.value = '';
    go('sign-in', 'Your address is confirmed. Now sign in.');
  });

  onSubmit(formOf('sign-in'), ({ email, password }) =>
    signIn(email.trim(), () => cognate.signIn(email.trim(), password)),
  );

  onSubmit(formOf('app-code'), ({ code }) =>
    answer('app-code', () => cognate.respondAppCode(challenge, code.trim())),
  );

  onSubmit(formOf('forgot'), async ({ email }) => {
    const delivery = await cognate.forgotPassword(email.trim());
    rememberEmail(email.trim());
    sayDelivery('reset', delivery, 'Enter it here, with your new password.');
    go('reset');
  });

  onSubmit(formOf('reset'), async ({ email, code, password }) => {
    await cognate.confirmForgotPassword(email.trim(), code.trim(), password);
    rememberEmail(email.trim());
    formOf('reset').elements.code.value = '';
    formOf('reset').elements.password.value = '';
    go('sign-in', 'Your new password is set. Sign in with it.');
  });

  onSubmit(formOf('new-password'), ({ password, ...attributes }) =>
    answer('new-password', () => cognate.respondNewPassword(challenge, password, attributes)),
  );

  byId('resend').addEventListener('click', () => whileBusy(byId('resend'), resend));
}

/** Offers a passkey beside the password, or says why there is none. */
function wirePasskey(config) {
  const note = obstacleNote(config);
  const button = byId('passkey-sign-in');
  button.hidden = note !== null;
  if (note && config.passkeys) byId('passkey-hint').replaceChildren(note);
  button.addEventListener('click', () => whileBusy(button, signInWithPasskey));
}

async function signInWithPasskey() {
  const form = formOf('sign-in');
  clearError(form);
  const email = form.elements.email.value.trim();
  if (!email) return showError(form, { text: 'Email is missing.', field: 'email' });
  try {
    await signIn(email, () => cognate.signInWithPasskey(email));
  } catch (error) {
    const told = explain(error);
    // The service has one sentence for all that it refuses.
    const isRefused = told.field === 'password';
    showError(form, isRefused ? { text: PASSKEY_REFUSED, code: told.code } : told);
  }
}

const PASSKEY_REFUSED = 'The service did not accept this passkey. Use your password.';

/** Begins a sign-in, and leads to what an account needs first. */
async function signIn(email, begin) {
  try {
    await signedIn(await begin(), formOf('sign-in'));
  } catch (error) {
    const view = NEEDED_FIRST[error.code];
    if (!view) throw error;
    rememberEmail(email);
    go(view, explain(error).text);
  }
}

const NEEDED_FIRST = {
  UserNotConfirmedException: 'verify',
  PasswordResetRequiredException: 'forgot',
};

/** The refusals that leave a question open: the same form may be sent again. */
const STAYS_OPEN = new Set([
  'CodeMismatchException',
  'ExpiredCodeException',
  'InvalidParameterException',
  'InvalidPasswordException',
  'NetworkError',
  'PasswordHistoryPolicyViolationException',
  'TooManyRequestsException',
]);

/** Answers the open question. One that is used up leads back to the beginning. */
async function answer(view, respond) {
  try {
    await signedIn(await respond(), formOf(view));
  } catch (error) {
    if (STAYS_OPEN.has(error.code)) throw error;
    challenge = null;
    formOf(view).reset();
    go('sign-in', explain(error).text);
  }
}

async function resend() {
  const form = formOf('verify');
  clearError(form);
  const email = form.elements.email.value.trim();
  if (!email) return form.elements.email.focus();
  try {
    sayDelivery('verify', await cognate.resendCode(email), 'Earlier codes no longer work.');
    byId('notice').textContent = 'A new code is on its way.';
  } catch (error) {
    byId('notice').textContent = '';
    tell(form.querySelector('.error'), explain(error));
  }
}

/** What a sign-in led to: the signed-in page, or one more question. */
async function signedIn({ tokens, challenge: asked }, form) {
  if (tokens) {
    challenge = null;
    saveTokens(tokens);
    form.reset();
    return go('home');
  }
  const view = QUESTIONS[asked.name];
  if (!view) throw Object.assign(new Error(unknownQuestion(asked.name)), { code: asked.name });
  challenge = asked;
  if (view === 'new-password') askForNewPassword(form.elements.email?.value ?? '');
  form.reset();
  go(view);
}

function unknownQuestion(name) {
  if (name === 'SELECT_CHALLENGE')
    return 'There is no passkey with which this account could sign in. Use the password.';
  return `This account asks for one more step (${name}), which this small demo does not know.`;
}

function askForNewPassword(email) {
  // Nobody sees it; a password manager reads there whose new password this is.
  byId('new-password-user').value = email;
  const fields = challenge.requiredAttributes.map(attributeField);
  document.querySelector('#view-new-password [data-attributes]').replaceChildren(...fields);
}

/** An input for an attribute that the pool requires and the account lacks. */
function attributeField(name) {
  const field = document.createElement('div');
  field.className = 'field';
  const label = document.createElement('label');
  label.htmlFor = `attribute-${name}`;
  const words = name.replace(/^custom:/, '').replaceAll('_', ' ');
  label.textContent = words.charAt(0).toUpperCase() + words.slice(1);
  const input = Object.assign(document.createElement('input'), {
    id: `attribute-${name}`,
    name,
    required: true,
  });
  field.append(label, input);
  return field;
}

/** Fills the address into the forms that come next, so that nobody types it twice. */
function rememberEmail(email) {
  for (const view of ['sign-in', 'verify', 'forgot', 'reset']) {
    formOf(view).elements.email.value = email;
  }
}

function sayDelivery(view, delivery, rest) {
  const words = delivery?.DeliveryMedium === 'SMS' ? 'a text message' : 'a mail';
  const where = delivery?.Destination ? ` to ${delivery.Destination}` : '';
  document.querySelector(`#view-${view} [data-delivery]`).textContent =
    `We sent ${words} with a code${where}. ${rest}`;
}
