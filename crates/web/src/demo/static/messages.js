// SPDX-License-Identifier: Apache-2.0
//
// What the demo says when the service says no: words for people, and the field that they should
// look at.

/**
 * {text, field, code} for an error; `field` is the name of an input or undefined. `code` is what a
 * developer looks for.
 */
export function explain(error) {
  const known = WORDS[error.code];
  const { text, field } = known
    ? known(error.message)
    : { text: error.message || 'Something went wrong.' };
  return { text, field, code: error.code };
}

const WORDS = {
  AliasExistsException: () => ({
    text: 'Another account uses this address already.',
    field: 'email',
  }),
  CodeDeliveryFailureException: () => ({
    text: 'The code could not be sent to this address. Is it spelled right?',
    field: 'email',
  }),
  CodeMismatchException: (message) => ({
    text: isOfAnApp(message)
      ? WRONG_CODE_OF_APP
      : 'That is not the code. Look at the newest message; each one ends the earlier codes.',
    field: 'code',
  }),
  ConcurrentModificationException: () => ({
    text: 'Something else changed this account at the same moment. Try again.',
  }),
  EnableSoftwareTokenMFAException: () => ({ text: WRONG_CODE_OF_APP, field: 'code' }),
  ExpiredCodeException: (message) => ({
    text: isOfAnApp(message)
      ? 'This code has served once already. Wait for the next one in your app.'
      : 'This code is no longer good. Ask for a new one.',
    field: 'code',
  }),
  ForbiddenException: () => ({ text: 'The service refused this request.' }),
  InternalErrorException: () => ({
    text: 'The service has a problem of its own. Its log says more; try again in a moment.',
  }),
  InvalidParameterException: (message) => ({
    text: plain(message),
    field: /email|username/i.test(message) ? 'email' : undefined,
  }),
  InvalidPasswordException: (message) => ({ text: passwordWords(message), field: 'password' }),
  InvalidStateError: () => ({
    text: 'This device has a passkey for this account already. Sign in with it.',
  }),
  LimitExceededException: (message) => ({
    text: /passkeys/i.test(message)
      ? 'You have as many passkeys as an account can have. Delete one first.'
      : 'Too many attempts. Wait a while before you try again.',
  }),
  NetworkError: () => ({ text: 'The server does not answer. Is it still running?' }),
  NotAllowedError: () => ({
    text: 'Nothing came of the passkey: you said no, it took too long, or this device has none.',
  }),
  NotAuthorizedException: (message) => notAuthorized(message),
  PasswordHistoryPolicyViolationException: () => ({
    text: 'You have used this password before. Choose another.',
    field: 'password',
  }),
  PasswordResetRequiredException: () => ({
    text: 'Your password has to be reset before you can sign in.',
  }),
  ResourceNotFoundException: (message) => ({ text: notFound(message) }),
  SecurityError: () => ({ text: 'The browser allows no passkey of this pool on this page.' }),
  SoftwareTokenMFANotFoundException: () => ({
    text: 'There is no such app any more. Set one up again.',
  }),
  TooManyFailedAttemptsException: () => ({
    text: 'Too many wrong codes. Ask for a new one.',
    field: 'code',
  }),
  TooManyRequestsException: () => ({ text: 'That was too fast. Wait a moment and try again.' }),
  UnreadableAnswer: () => ({
    text: 'The server gave an answer that this page does not understand.',
  }),
  UserLambdaValidationException: (message) => ({ text: message }),
  UserNotConfirmedException: () => ({
    text: 'Your address is not confirmed yet. Enter the code from the mail, or ask for a new one.',
  }),
  UserNotFoundException: () => ({ text: 'There is no account for this address.', field: 'email' }),
  UsernameExistsException: () => ({
    text: 'There is an account for this address already. Sign in instead?',
    field: 'email',
  }),
  WebAuthnChallengeNotFoundException: () => ({ text: 'That took too long. Try again.' }),
  WebAuthnClientMismatchException: () => ({ text: 'Another app began this. Try again.' }),
  WebAuthnCredentialNotSupportedException: () => ({
    text: 'This device makes passkeys of a kind that the service does not take.',
  }),
  WebAuthnOriginNotAllowedException: () => ({
    text: 'The service takes no passkey from this page. Its address may not be the right one.',
  }),
  WebAuthnRelyingPartyMismatchException: () => ({
    text: 'This passkey is for another site than the pool’s.',
  }),
};

const WRONG_CODE_OF_APP =
  'That is not the code. Take the one that the app shows now; its clock must be right.';

/** Codes of apps are refused with sentences of their own. */
function isOfAnApp(message) {
  return /software token|received for user/i.test(message);
}

function notFound(message) {
  if (/session/i.test(message)) return 'That session has ended already.';
  if (/passkey|credential/i.test(message)) return 'That passkey is deleted already.';
  return 'The demo’s pool or app client is gone. Start the server again and reload this page.';
}

const PASSWORD_WORDS = {
  'not long enough': 'is too short',
  'must have uppercase characters': 'needs an upper-case letter',
  'must have lowercase characters': 'needs a lower-case letter',
  'must have numeric characters': 'needs a digit',
  'must have symbol characters': 'needs a symbol, such as ! or -',
};

function passwordWords(message) {
  const found = Object.entries(PASSWORD_WORDS).filter(([sentence]) => message.includes(sentence));
  return found.length
    ? `The password ${found.map(([, words]) => words).join(' and ')}.`
    : plain(message);
}

function notAuthorized(message) {
  if (/attempts exceeded/i.test(message)) {
    return {
      text: 'Too many wrong passwords. This account is locked for a moment; wait, then try again.',
    };
  }
  if (/disabled/i.test(message))
    return { text: 'This account is switched off. Ask the people who run the app.' };
  if (/temporary password/i.test(message))
    return { text: 'Your temporary password has run out. Ask for a new invitation.' };
  if (/not permitted/i.test(message))
    return { text: 'Accounts of this pool are made by its administrators only.' };
  if (/session/i.test(message)) return { text: 'That took too long. Sign in once more.' };
  if (/current status is confirmed/i.test(message))
    return { text: 'This address is confirmed already. You can sign in.' };
  if (/token/i.test(message)) return { text: 'You are signed out.' };
  if (/incorrect username or password/i.test(message))
    return { text: 'The email or the password is wrong.', field: 'password' };
  return { text: plain(message) };
}

/** A sentence of the service that says enough by itself. */
function plain(message) {
  return message || 'The service did not accept this.';
}

/** The pool's password rules in one sentence, told before somebody chooses. */
export function passwordRules(policy) {
  const needs = [
    [policy.requireUppercase, 'an upper-case letter'],
    [policy.requireLowercase, 'a lower-case letter'],
    [policy.requireNumbers, 'a digit'],
    [policy.requireSymbols, 'a symbol'],
  ];
  const parts = needs.filter(([needed]) => needed).map(([, words]) => words);
  const length = `At least ${policy.minimumLength} characters`;
  return parts.length
    ? `${length}, with ${new Intl.ListFormat('en').format(parts)}.`
    : `${length}.`;
}
