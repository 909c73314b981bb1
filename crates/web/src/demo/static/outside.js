// SPDX-License-Identifier: Apache-2.0
//
// The views for who is not signed in: register, verify, sign in, forgotten and temporary passwords,
// and how one leads to the next.

import { clearError, onSubmit, tell, whileBusy } from './forms.js';
import { explain } from './messages.js';
import { saveTokens } from './session.js';
import { byId, formOf, go } from './views.js';

let cognate;
let challenge = null; // The open NEW_PASSWORD_REQUIRED, which only this page load can answer.

/** Whether a new password has been asked for and not been given yet. */
export function isNewPasswordAsked() {
  return challenge !== null;
}

export function wireForms(client) {
  cognate = client;

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

  onSubmit(formOf('sign-in'), async ({ email, password }) => {
    try {
      await signedIn(await cognate.signIn(email.trim(), password), formOf('sign-in'));
    } catch (error) {
      if (error.code === 'UserNotConfirmedException') {
        rememberEmail(email.trim());
        return go('verify', explain(error).text);
      }
      if (error.code === 'PasswordResetRequiredException') {
        rememberEmail(email.trim());
        return go('forgot', explain(error).text);
      }
      throw error;
    }
  });

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

  onSubmit(formOf('new-password'), async ({ password, ...attributes }) => {
    try {
      await signedIn(
        await cognate.respondNewPassword(challenge, password, attributes),
        formOf('new-password'),
      );
    } catch (error) {
      // An answered challenge cannot be answered again, unless the service refused the password and
      // kept it open.
      if (error.code === 'InvalidPasswordException' || error.code === 'InvalidParameterException')
        throw error;
      challenge = null;
      formOf('new-password').reset();
      go('sign-in', explain(error).text);
    }
  });

  byId('resend').addEventListener('click', () => whileBusy(byId('resend'), resend));
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
  if (asked.name !== 'NEW_PASSWORD_REQUIRED') {
    const step = `one more step (${asked.name})`;
    const text = `This account asks for ${step}, which this small demo does not know.`;
    throw Object.assign(new Error(text), { code: asked.name });
  }
  challenge = asked;
  // Nobody sees it; a password manager reads there whose new password this is.
  byId('new-password-user').value = form.elements.email?.value ?? '';
  form.reset();
  const fields = asked.requiredAttributes.map(attributeField);
  document.querySelector('#view-new-password [data-attributes]').replaceChildren(...fields);
  go('new-password');
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
