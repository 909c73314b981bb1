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
const operations = [...new Set([...source.matchAll(/#call\('(\w+)'/g)].map(([, name]) => name))];

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
  'SoftwareTokenMFANotFoundException',
  'UnauthorizedException',
  'UnexpectedLambdaException',
  'UnsupportedOperationException',
  'UnsupportedTokenTypeException',
]);

test('every error that the demo’s operations can give is told in words for people', () => {
  assert.ok(operations.length >= 9, `found ${operations}`);
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
