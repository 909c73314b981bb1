// The demo's cognate.js against a service of a few lines that holds a verifier and checks what it
// is sent.
import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Cognate, CognateError, decodeToken } from '../../crates/web/src/demo/static/cognate.js';
import { N, fromHex, modPow, pad } from '../../crates/web/src/demo/static/srp.js';
import { passkeyObstacle } from '../../crates/web/src/demo/static/webauthn.js';

const known = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'))
  .vectors[0];
const poolId = `us-east-1_${known.poolName}`;
const RESULT = {
  IdToken: 'id',
  AccessToken: 'access',
  RefreshToken: 'refresh',
  ExpiresIn: 3600,
  TokenType: 'Bearer',
};

/** A client whose requests go to `answers`, by operation; the requests are kept in `sent`. */
function clientOf(answers, endpoint = 'https://id.example.com/') {
  const sent = [];
  globalThis.fetch = async (url, options) => {
    const operation = options.headers['X-Amz-Target'].replace(
      'AWSCognitoIdentityProviderService.',
      '',
    );
    const input = JSON.parse(options.body);
    sent.push({ url, options, operation, input });
    const answer = answers[operation](input);
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer));
  };
  return { cognate: new Cognate({ endpoint, clientId: 'client', poolId }), sent };
}

function failure(status, body, headers = {}) {
  return () =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
}

/**
 * The two SRP operations of a server that knows the verifier of `known.password` and nothing else.
 */
function srpServer(finish) {
  let A;
  return {
    InitiateAuth({ AuthFlow, ClientId, AuthParameters }) {
      assert.deepEqual(
        [AuthFlow, ClientId, AuthParameters.USERNAME],
        ['USER_SRP_AUTH', 'client', 'ana@example.com'],
      );
      A = fromHex(AuthParameters.SRP_A);
      const ChallengeParameters = {
        SALT: known.salt,
        SRP_B: known.B,
        SECRET_BLOCK: known.secretBlock,
        USERNAME: known.userId,
        USER_ID_FOR_SRP: known.userId,
      };
      return { ChallengeName: 'PASSWORD_VERIFIER', Session: 'session-1', ChallengeParameters };
    },
    RespondToAuthChallenge({ ChallengeName, ClientId, Session, ChallengeResponses: given }) {
      if (ChallengeName !== 'PASSWORD_VERIFIER') return finish({ ChallengeName, Session, given });
      assert.deepEqual([ClientId, Session, given.USERNAME], ['client', 'session-1', known.userId]);
      const B = fromHex(known.B);
      const uBytes = createHash('sha256').update(pad(A)).update(pad(B)).digest();
      const u = fromHex(uBytes.toString('hex'));
      const secret = modPow(A * modPow(fromHex(known.verifier), u, N), fromHex(known.b), N);
      const key = hkdfSync('sha256', pad(secret), pad(u), 'Caldera Derived Key', 16);
      const claim = createHmac('sha256', Buffer.from(key))
        .update(known.poolName + known.userId)
        .update(Buffer.from(known.secretBlock, 'base64'))
        .update(given.TIMESTAMP)
        .digest('base64');
      assert.match(
        given.TIMESTAMP,
        /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) [A-Z][a-z]{2} [1-9]\d? \d\d:\d\d:\d\d UTC \d{4}$/,
      );
      if (
        given.PASSWORD_CLAIM_SIGNATURE !== claim ||
        given.PASSWORD_CLAIM_SECRET_BLOCK !== known.secretBlock
      ) {
        return failure(400, {
          __type: 'NotAuthorizedException',
          message: 'Incorrect username or password.',
        })();
      }
      return finish({ ChallengeName });
    },
  };
}

test('the right password signs in, and is in none of the requests', async () => {
  const { cognate, sent } = clientOf(srpServer(() => ({ AuthenticationResult: RESULT })));
  const { tokens, challenge } = await cognate.signIn('ana@example.com', known.password);
  assert.deepEqual(tokens, { idToken: 'id', accessToken: 'access', refreshToken: 'refresh' });
  assert.equal(challenge, undefined);
  assert.deepEqual(
    sent.map((request) => request.operation),
    ['InitiateAuth', 'RespondToAuthChallenge'],
  );
  for (const { url, options } of sent) {
    assert.equal(url, 'https://id.example.com/');
    assert.equal(options.method, 'POST');
    assert.equal(options.headers['Content-Type'], 'application/x-amz-json-1.1');
    assert.equal(options.credentials, 'omit');
    assert.ok(!options.body.includes(known.password));
  }
});

test('a wrong password is refused with the service’s own code and words', async () => {
  const { cognate } = clientOf(srpServer(() => assert.fail('signed in')));
  await assert.rejects(cognate.signIn('ana@example.com', 'wrong'), (error) => {
    assert.ok(error instanceof CognateError);
    assert.deepEqual(
      [error.code, error.message, error.status],
      ['NotAuthorizedException', 'Incorrect username or password.', 400],
    );
    return true;
  });
});

test('every sign-in draws a new SRP value', async () => {
  const { cognate, sent } = clientOf(srpServer(() => ({ AuthenticationResult: RESULT })));
  await cognate.signIn('ana@example.com', known.password);
  await cognate.signIn('ana@example.com', known.password);
  assert.notEqual(sent[0].input.AuthParameters.SRP_A, sent[2].input.AuthParameters.SRP_A);
});

test('a challenge for a new password is answered with the required attributes', async () => {
  const server = srpServer(({ ChallengeName, Session, given }) => {
    if (ChallengeName === 'PASSWORD_VERIFIER') {
      const ChallengeParameters = {
        requiredAttributes: '["userAttributes.name"]',
        userAttributes: '{}',
      };
      return { ChallengeName: 'NEW_PASSWORD_REQUIRED', Session: 'session-2', ChallengeParameters };
    }
    assert.deepEqual([ChallengeName, Session], ['NEW_PASSWORD_REQUIRED', 'session-2']);
    assert.deepEqual(given, {
      USERNAME: known.userId,
      NEW_PASSWORD: 'New-Horse-8',
      'userAttributes.name': 'Ana',
    });
    return { AuthenticationResult: RESULT };
  });
  const { cognate } = clientOf(server);
  const { tokens, challenge } = await cognate.signIn('ana@example.com', known.password);
  assert.equal(tokens, undefined);
  assert.equal(challenge.name, 'NEW_PASSWORD_REQUIRED');
  assert.deepEqual(challenge.requiredAttributes, ['name']);
  const after = await cognate.respondNewPassword(challenge, 'New-Horse-8', { name: 'Ana' });
  assert.equal(after.tokens.accessToken, 'access');
});

test('a challenge for a code of an app is answered in the session that asked', async () => {
  const server = srpServer(({ ChallengeName, Session, given }) => {
    if (ChallengeName === 'PASSWORD_VERIFIER')
      return { ChallengeName: 'SOFTWARE_TOKEN_MFA', Session: 'session-2', ChallengeParameters: {} };
    assert.deepEqual([ChallengeName, Session], ['SOFTWARE_TOKEN_MFA', 'session-2']);
    assert.deepEqual(given, { USERNAME: known.userId, SOFTWARE_TOKEN_MFA_CODE: '123456' });
    return { AuthenticationResult: RESULT };
  });
  const { cognate } = clientOf(server);
  const { challenge } = await cognate.signIn('ana@example.com', known.password);
  assert.equal(challenge.name, 'SOFTWARE_TOKEN_MFA');
  const after = await cognate.respondAppCode(challenge, '123456');
  assert.equal(after.tokens.accessToken, 'access');
});

/** A browser with passkeys: options are handed on as they came, and `answer` gives a response. */
function passkeyBrowser(answer) {
  globalThis.PublicKeyCredential = {
    parseCreationOptionsFromJSON: (options) => ({ create: options }),
    parseRequestOptionsFromJSON: (options) => ({ get: options }),
  };
  const ask = async ({ publicKey }) => ({ toJSON: () => answer(publicKey) });
  const credentials = { create: ask, get: ask };
  Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });
}

test('a passkey signs in with what the browser answers', async () => {
  passkeyBrowser((asked) => ({ id: 'key', asked }));
  const options = { challenge: 'c' };
  const { cognate, sent } = clientOf({
    InitiateAuth: () => ({
      ChallengeName: 'WEB_AUTHN',
      Session: 'session-1',
      ChallengeParameters: { CREDENTIAL_REQUEST_OPTIONS: JSON.stringify(options) },
    }),
    RespondToAuthChallenge: () => ({ AuthenticationResult: RESULT }),
  });
  const { tokens } = await cognate.signInWithPasskey('ana@example.com');
  assert.equal(tokens.idToken, 'id');
  assert.deepEqual(sent[0].input, {
    ClientId: 'client',
    AuthFlow: 'USER_AUTH',
    AuthParameters: { USERNAME: 'ana@example.com', PREFERRED_CHALLENGE: 'WEB_AUTHN' },
  });
  assert.deepEqual(sent[1].input, {
    ClientId: 'client',
    ChallengeName: 'WEB_AUTHN',
    Session: 'session-1',
    ChallengeResponses: {
      USERNAME: 'ana@example.com',
      CREDENTIAL: JSON.stringify({ id: 'key', asked: { get: options } }),
    },
  });
});

test('who has no passkey is offered the other ways', async () => {
  passkeyBrowser(() => assert.fail('the browser was asked'));
  const { cognate } = clientOf({
    InitiateAuth: () => ({
      ChallengeName: 'SELECT_CHALLENGE',
      Session: 'session-1',
      AvailableChallenges: ['PASSWORD', 'PASSWORD_SRP'],
    }),
  });
  const { tokens, challenge } = await cognate.signInWithPasskey('ana@example.com');
  assert.equal(tokens, undefined);
  assert.deepEqual([challenge.name, challenge.session], ['SELECT_CHALLENGE', 'session-1']);
});

test('a new passkey is made by the browser and registered', async () => {
  passkeyBrowser((asked) => ({ id: 'key', asked }));
  const { cognate, sent } = clientOf({
    StartWebAuthnRegistration: () => ({ CredentialCreationOptions: { challenge: 'c' } }),
    CompleteWebAuthnRegistration: () => ({}),
  });
  await cognate.addPasskey({ accessToken: 'access' });
  assert.deepEqual(sent[0].input, { AccessToken: 'access' });
  assert.deepEqual(sent[1].input, {
    AccessToken: 'access',
    Credential: { id: 'key', asked: { create: { challenge: 'c' } } },
  });
});

test('what the browser refuses is named as the browser names it', async () => {
  passkeyBrowser(() => {
    throw new DOMException('The user said no.', 'NotAllowedError');
  });
  const { cognate, sent } = clientOf({
    StartWebAuthnRegistration: () => ({ CredentialCreationOptions: {} }),
  });
  await assert.rejects(cognate.addPasskey({ accessToken: 'access' }), (error) => {
    assert.ok(error instanceof CognateError);
    assert.equal(error.code, 'NotAllowedError');
    return true;
  });
  assert.equal(sent.length, 1);
});

test('a page may use a passkey at or below the name that it is for', () => {
  passkeyBrowser(() => null);
  const obstacle = (name, host) => passkeyObstacle(name, host);
  assert.equal(obstacle('localhost', 'localhost'), null);
  assert.equal(obstacle('example.com', 'id.example.com'), null);
  assert.equal(obstacle('localhost', '127.0.0.1'), 'name');
  assert.equal(obstacle('example.com', 'badexample.com'), 'name');
  globalThis.PublicKeyCredential = undefined;
  assert.equal(obstacle('localhost', 'localhost'), 'old');
});

test('lists are read to their last page', async () => {
  const { cognate } = clientOf({
    ListUserSessions: ({ NextToken }) => ({
      Sessions: [
        {
          SessionId: NextToken ?? 'first',
          DeviceType: 'Linux, Firefox 140',
          LastIPAddress: '127.0.0.1',
          CreateDate: 1782907200.5,
          LastActiveDate: 1782907260,
          IsCurrentSession: !NextToken,
        },
      ],
      NextToken: NextToken ? undefined : 'second',
    }),
  });
  const sessions = await cognate.listSessions({ accessToken: 'access' });
  assert.deepEqual(
    sessions.map((session) => [session.id, session.isThisOne]),
    [
      ['first', true],
      ['second', false],
    ],
  );
  assert.equal(sessions[0].began.toISOString(), '2026-07-01T12:00:00.500Z');
});

test('sign-up sends attributes as a list and tells where the code went', async () => {
  const delivery = { Destination: 'a***@e***', DeliveryMedium: 'EMAIL', AttributeName: 'email' };
  const { cognate, sent } = clientOf({
    SignUp: () => ({ UserSub: 'sub', UserConfirmed: false, CodeDeliveryDetails: delivery }),
  });
  const made = await cognate.signUp('ana', 'Correct-Horse-7', {
    email: 'ana@example.com',
    name: 'Ana',
  });
  assert.deepEqual(made, { sub: 'sub', confirmed: false, delivery });
  assert.deepEqual(sent[0].input, {
    ClientId: 'client',
    Username: 'ana',
    Password: 'Correct-Horse-7',
    UserAttributes: [
      { Name: 'email', Value: 'ana@example.com' },
      { Name: 'name', Value: 'Ana' },
    ],
  });
});

test('refreshing keeps the refresh token unless another one came', async () => {
  const fresh = { IdToken: 'id-2', AccessToken: 'access-2' };
  const tokens = { idToken: 'id', accessToken: 'access', refreshToken: 'refresh' };
  const kept = clientOf({ InitiateAuth: () => ({ AuthenticationResult: fresh }) });
  assert.deepEqual(await kept.cognate.refresh(tokens), {
    idToken: 'id-2',
    accessToken: 'access-2',
    refreshToken: 'refresh',
  });
  assert.deepEqual(kept.sent[0].input, {
    ClientId: 'client',
    AuthFlow: 'REFRESH_TOKEN_AUTH',
    AuthParameters: { REFRESH_TOKEN: 'refresh' },
  });
  const rotated = clientOf({
    InitiateAuth: () => ({ AuthenticationResult: { ...fresh, RefreshToken: 'refresh-2' } }),
  });
  assert.equal((await rotated.cognate.refresh(tokens)).refreshToken, 'refresh-2');
});

test('the other operations send exactly the members that the API names', async () => {
  const tokens = { idToken: 'id', accessToken: 'access', refreshToken: 'refresh' };
  const calls = [
    [
      (c) => c.confirmSignUp('ana', '123456'),
      { ClientId: 'client', Username: 'ana', ConfirmationCode: '123456' },
    ],
    [(c) => c.resendCode('ana'), { ClientId: 'client', Username: 'ana' }],
    [(c) => c.forgotPassword('ana'), { ClientId: 'client', Username: 'ana' }],
    [
      (c) => c.confirmForgotPassword('ana', '123456', 'New-Horse-8'),
      { ClientId: 'client', Username: 'ana', ConfirmationCode: '123456', Password: 'New-Horse-8' },
    ],
    [(c) => c.revoke(tokens), { ClientId: 'client', Token: 'refresh' }],
    [(c) => c.globalSignOut(tokens), { AccessToken: 'access' }],
    [(c) => c.getUser(tokens), { AccessToken: 'access' }],
    [(c) => c.associateApp(tokens), { AccessToken: 'access' }],
    [(c) => c.verifyApp(tokens, '123456'), { AccessToken: 'access', UserCode: '123456' }],
    [
      (c) => c.setSecondFactor(tokens, true),
      {
        AccessToken: 'access',
        SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
      },
    ],
    [
      (c) => c.setSecondFactor(tokens, false, false),
      {
        AccessToken: 'access',
        SoftwareTokenMfaSettings: { Enabled: false, PreferredMfa: false },
        WebAuthnMfaSettings: { Enabled: false },
      },
    ],
    [(c) => c.listPasskeys(tokens), { AccessToken: 'access' }],
    [(c) => c.deletePasskey(tokens, 'key'), { AccessToken: 'access', CredentialId: 'key' }],
    [(c) => c.listSessions(tokens), { AccessToken: 'access' }],
    [(c) => c.revokeSession(tokens, 'tkn1'), { AccessToken: 'access', SessionId: 'tkn1' }],
  ];
  for (const [act, input] of calls) {
    const any = new Proxy(
      {},
      { get: () => () => ({ Username: 'ana', UserAttributes: [{ Name: 'sub', Value: '1' }] }) },
    );
    const { cognate, sent } = clientOf(any, '');
    await act(cognate);
    assert.deepEqual(
      sent.map((request) => [request.url, request.input]),
      [['/', input]],
    );
  }
});

test('an error is named however the service spells its type', async () => {
  const spellings = [
    failure(400, { __type: 'CodeMismatchException', message: 'no' }),
    failure(400, { __type: 'com.amazonaws.cognito#CodeMismatchException', Message: 'no' }),
    failure(
      400,
      { message: 'no' },
      { 'x-amzn-ErrorType': 'CodeMismatchException:http://example.com/' },
    ),
  ];
  for (const ConfirmSignUp of spellings) {
    const { cognate } = clientOf({ ConfirmSignUp });
    await assert.rejects(cognate.confirmSignUp('ana', '1'), {
      code: 'CodeMismatchException',
      message: 'no',
    });
  }
});

test('an answer that is not JSON and a dead line are errors too', async () => {
  const gateway = clientOf({ ConfirmSignUp: failure(502, '<h1>Bad gateway</h1>') });
  await assert.rejects(gateway.cognate.confirmSignUp('ana', '1'), {
    code: 'UnreadableAnswer',
    status: 502,
  });
  const { cognate } = clientOf({});
  globalThis.fetch = async () => {
    throw new TypeError('Failed to fetch');
  };
  await assert.rejects(cognate.confirmSignUp('ana', '1'), { code: 'NetworkError' });
});

test('a server value that would give the key away ends the sign-in at once', async () => {
  const rigged = srpServer(() => assert.fail('signed in'));
  const honest = rigged.InitiateAuth;
  rigged.InitiateAuth = (input) => {
    const answer = honest(input);
    answer.ChallengeParameters.SRP_B = N.toString(16);
    return answer;
  };
  const { cognate, sent } = clientOf(rigged);
  await assert.rejects(cognate.signIn('ana@example.com', known.password), {
    code: 'UnreadableAnswer',
  });
  assert.equal(sent.length, 1);
});

test('claims outside ASCII are read as they were written', () => {
  const claims = { sub: '1', name: 'Zoë ✓ 名', filler: '???>>>' };
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
  assert.deepEqual(decodeToken(token), claims);
});
