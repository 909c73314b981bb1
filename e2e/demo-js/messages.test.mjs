// The demo's words for errors, against the errors that AWS's own model lists for the operations
// that the demo calls.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { explain, passwordRules } from '../../crates/web/src/demo/static/messages.js';

const model = JSON.parse(
  readFileSync(new URL('../../aws/cognito-idp.json', import.meta.url), 'utf8'),
);
const source = readFileSync(
  new URL('../../crates/web/src/demo/static/cognate.js', import.meta.url),
  'utf8',
);
const CALLS = /#(?:call|callAs|pages)\((?:tokens, )?'(\w+)'/g;
const operations = [...new Set([...source.matchAll(CALLS)].map(([, name]) => name))];

// What comes of the pool's settings and not of what a visitor does: the service's own sentence says
// most.
const SETTINGS = new Set([
  'FeatureUnavailableInTierException',
  'InvalidEmailRoleAccessPolicyException',
  'InvalidLambdaResponseException',
  'InvalidSmsRoleAccessPolicyException',
  'InvalidSmsRoleTrustRelationshipException',
  'InvalidUserPoolConfigurationException',
  'MFAMethodNotFoundException',
  'OperationNotEnabledException',
  'UnauthorizedException',
  'UnexpectedLambdaException',
  'UnsupportedOperationException',
  'UnsupportedTokenTypeException',
  'WebAuthnConfigurationMissingException',
  'WebAuthnNotEnabledException',
]);

test('every error that the demo’s operations can give is told in words for people', () => {
  assert.ok(operations.length >= 19, `found ${operations}`);
  for (const name of operations) {
    for (const { shape } of model.operations[name].errors) {
      const { text, code } = explain({ code: shape, message: 'SERVICE SENTENCE' });
      assert.equal(code, shape);
      const isOwnWords = !text.includes('SERVICE SENTENCE');
      const mayPass = [
        'InvalidParameterException',
        'InvalidPasswordException',
        'NotAuthorizedException',
        'UserLambdaValidationException',
      ];
      assert.ok(isOwnWords || SETTINGS.has(shape) || mayPass.includes(shape), `${name}: ${shape}`);
    }
  }
});

test('an error without a message still says something', () => {
  for (const code of [
    'NotAuthorizedException',
    'InvalidParameterException',
    'InvalidPasswordException',
    'WhoKnowsException',
  ]) {
    assert.ok(explain({ code, message: '' }).text.length > 10, code);
  }
});

test('the reasons for a refused sign-in are told apart', () => {
  const sentences = [
    ['Incorrect username or password.', /wrong/, 'password'],
    ['Password attempts exceeded', /locked/],
    ['User is disabled.', /switched off/],
    ['Temporary password has expired and must be reset by an administrator.', /invitation/],
    ['Invalid session for the user, session is expired.', /took too long/],
    ['Refresh Token has been revoked', /signed out/],
    ['User cannot be confirmed. Current status is CONFIRMED', /confirmed already/],
    ['SignUp is not permitted for this user pool', /administrators/],
    ['A sentence nobody has seen', /^A sentence nobody has seen$/],
  ];
  for (const [message, words, field] of sentences) {
    const told = explain({ code: 'NotAuthorizedException', message });
    assert.match(told.text, words);
    assert.equal(told.field, field);
  }
});

test('codes of an app and codes that were sent are told apart', () => {
  const ofApp = [
    ['CodeMismatchException', 'Invalid code received for user'],
    ['EnableSoftwareTokenMFAException', 'Code mismatch and fail enable Software Token MFA'],
    ['ExpiredCodeException', 'Your software token has already been used once.'],
  ];
  for (const [code, message] of ofApp) {
    const told = explain({ code, message });
    assert.match(told.text, /app/);
    assert.equal(told.field, 'code');
  }
  const sent = [
    ['CodeMismatchException', 'Invalid verification code provided, please try again.'],
    ['ExpiredCodeException', 'Invalid code provided, please request a code again.'],
  ];
  for (const [code, message] of sent) assert.doesNotMatch(explain({ code, message }).text, /app/);
});

test('what is not there is named', () => {
  const text = (message) => explain({ code: 'ResourceNotFoundException', message }).text;
  assert.match(text('Session does not exist.'), /session/);
  assert.match(text('Passkey does not exist.'), /passkey/);
  assert.match(text('User pool client abc does not exist.'), /app client/);
});

test('what a password lacks is named', () => {
  const message = 'Password did not conform with policy: Password must have symbol characters';
  assert.deepEqual(explain({ code: 'InvalidPasswordException', message }), {
    text: 'The password needs a symbol, such as ! or -.',
    field: 'password',
    code: 'InvalidPasswordException',
  });
});

test('the rules for passwords are those of the pool', () => {
  const policy = {
    minimumLength: 12,
    requireUppercase: false,
    requireLowercase: true,
    requireNumbers: true,
    requireSymbols: false,
  };
  assert.equal(
    passwordRules(policy),
    'At least 12 characters, with a lower-case letter and a digit.',
  );
  assert.equal(passwordRules({ minimumLength: 6 }), 'At least 6 characters.');
});
