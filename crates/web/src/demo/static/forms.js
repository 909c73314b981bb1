// SPDX-License-Identifier: Apache-2.0
//
// What all forms and buttons of the demo do alike: show that work is under way, refuse a second
// click, and say what went wrong where a screen reader and the eye both find it.

import { explain } from './messages.js';

/**
 * Runs `act` with the form's values when it is sent. `act` may throw; what it throws is told in the
 * form.
 */
export function onSubmit(form, act) {
  const button = form.querySelector('button:not([type])');
  for (const input of form.querySelectorAll('input[type="password"]')) addShowButton(input);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    clearError(form);
    const missing = [...form.elements].find(
      (input) => input.required && input.offsetParent && !input.value.trim(),
    );
    if (missing) {
      showError(form, { text: `${labelOf(missing)} is missing.`, field: missing.name });
      return;
    }
    await whileBusy(button, async () => {
      try {
        await act(Object.fromEntries(new FormData(form)));
      } catch (error) {
        showError(form, explain(error));
      }
    });
  });
}

/**
 * Disables a button while `act` runs, and shows the words of its data-busy. Clicks meanwhile do
 * nothing.
 */
export async function whileBusy(button, act) {
  if (button.disabled) return;
  const words = button.textContent;
  button.disabled = true;
  if (button.dataset.busy) button.textContent = button.dataset.busy;
  try {
    await act();
  } finally {
    button.disabled = false;
    button.textContent = words;
  }
}

/**
 * Writes an explanation into an alert: the words, and small behind them the code that a developer
 * looks for.
 */
export function tell(alert, { text, code }) {
  alert.textContent = text;
  if (code) {
    const tag = document.createElement('code');
    tag.className = 'error-code';
    tag.textContent = code;
    alert.append(' ', tag);
  }
}

export function clearError(form) {
  form.querySelector('.error').textContent = '';
  for (const input of form.querySelectorAll('[aria-invalid]'))
    input.removeAttribute('aria-invalid');
}

/** Tells an explanation in a form, and leads to the field that it is about. */
export function showError(form, explanation) {
  tell(form.querySelector('.error'), explanation);
  const input = explanation.field && form.elements[explanation.field];
  if (input?.offsetParent) {
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    input.select();
  }
}

function labelOf(input) {
  return input.labels[0].firstChild.textContent.trim();
}

function addShowButton(input) {
  const frame = document.createElement('div');
  frame.className = 'with-show';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'show';
  button.textContent = 'Show';
  button.setAttribute('aria-pressed', 'false');
  button.setAttribute('aria-label', `Show ${labelOf(input).toLowerCase()}`);
  button.addEventListener('click', () => {
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? 'Hide' : 'Show';
    button.setAttribute('aria-pressed', String(shown));
  });
  input.replaceWith(frame);
  frame.append(input, button);
}
