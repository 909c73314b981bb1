// SPDX-License-Identifier: Apache-2.0
//
// A small client for sign-up and sign-in with Cognate, and with whatever else speaks Amazon
// Cognito's user pool API. It has no dependency but srp.js beside it; copy both. It keeps nothing:
// tokens are returned, and where they are stored is the caller's choice (app.js of the demo shows
// one).
//
//   const cognate = new Cognate({ endpoint: 'https://id.example.com', clientId, poolId }); await
//   cognate.signUp('ana@example.com', 'Correct-Horse-7', { email: 'ana@example.com', name: 'Ana'
//   }); await cognate.confirmSignUp('ana@example.com', '123456'); const { tokens, challenge } =
//   await cognate.signIn('ana@example.com', 'Correct-Horse-7');
//
// Every method rejects with a CognateError. Its `code` is the name that the API documents
// (NotAuthorizedException, …), or NetworkError when the service could not be reached, or
// UnreadableAnswer when it said something that this file can't use. For app clients without a
// secret: a secret has no place in a browser.

import { claimSignature, fromHex, keyPair, poolNameOf, sharedKey, timestamp } from './srp.js';

/** What came instead of a result; `status` is that of the HTTP answer, if there was one. */
export class CognateError extends Error {
  constructor(code, message, status) {
    super(message);
    this.name = 'CognateError';
    this.code = code;
    this.status = status;
  }
}

export class Cognate {
  #endpoint;
  #clientId;
  #poolName;

  /**
   * `endpoint` is the service's public URL ('' means the page's own origin); `poolId` is like
   * us-east-1_AbC123.
   */
  constructor({ endpoint, clientId, poolId }) {
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#clientId = clientId;
    this.#poolName = poolNameOf(poolId);
  }

  /**
   * Whether this page may use WebCrypto: true on https and on localhost only. Without it signIn
   * cannot work.
   */
  static get isSupported() {
    return Boolean(globalThis.crypto?.subtle);
  }

  /** Makes an account. Gives {sub, confirmed, delivery}: where the code went, if one was sent. */
  async signUp(username, password, attributes = {}) {
    const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    const answer = await this.#call('SignUp', {
      Username: username,
      Password: password,
      UserAttributes,
    });
    return {
      sub: answer.UserSub,
      confirmed: answer.UserConfirmed,
      delivery: answer.CodeDeliveryDetails,
    };
  }

  async confirmSignUp(username, code) {
    await this.#call('ConfirmSignUp', { Username: username, ConfirmationCode: code });
  }

  /** Sends a new sign-up code, which ends the old one. Gives where it went. */
  async resendCode(username) {
    return (await this.#call('ResendConfirmationCode', { Username: username })).CodeDeliveryDetails;
  }

  /**
   * Signs in by SRP: the password never leaves this function. Gives {tokens}, or {challenge} if
   * more is asked for.
   */
  async signIn(username, password) {
    const { a, A } = keyPair();
    const first = await this.#call('InitiateAuth', {
      AuthFlow: 'USER_SRP_AUTH',
      AuthParameters: { USERNAME: username, SRP_A: A.toString(16) },
    });
    if (first.ChallengeName !== 'PASSWORD_VERIFIER') return this.#outcome(first);

    const responses = await this.#proof(first.ChallengeParameters, password, a, A);
    const second = await this.#call('RespondToAuthChallenge', {
      ChallengeName: 'PASSWORD_VERIFIER',
      Session: first.Session,
      ChallengeResponses: responses,
    });
    return this.#outcome(second, responses.USERNAME);
  }

  /**
   * Answers NEW_PASSWORD_REQUIRED. `challenge` is what signIn gave; `attributes` holds what it
   * lists as required.
   */
  async respondNewPassword(challenge, newPassword, attributes = {}) {
    const prefixed = Object.entries(attributes).map(([name, value]) => [
      `userAttributes.${name}`,
      value,
    ]);
    const answer = await this.#call('RespondToAuthChallenge', {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      Session: challenge.session,
      ChallengeResponses: {
        USERNAME: challenge.username,
        NEW_PASSWORD: newPassword,
        ...Object.fromEntries(prefixed),
      },
    });
    return this.#outcome(answer, challenge.username);
  }

  /** Sends a code with which a forgotten password can be replaced. Gives where it went. */
  async forgotPassword(username) {
    return (await this.#call('ForgotPassword', { Username: username })).CodeDeliveryDetails;
  }

  async confirmForgotPassword(username, code, newPassword) {
    await this.#call('ConfirmForgotPassword', {
      Username: username,
      ConfirmationCode: code,
      Password: newPassword,
    });
  }

  /**
   * Fresh ID and access tokens. The refresh token stays the same unless the service sends another.
   */
  async refresh(tokens) {
    const answer = await this.#call('InitiateAuth', {
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: tokens.refreshToken },
    });
    return { ...tokens, ...this.#tokens(answer.AuthenticationResult) };
  }

  /**
   * The signed-in user: {username, attributes}, as the service knows them now (the ID token tells
   * how they were).
   */
  async getUser(tokens) {
    const answer = await this.#call('GetUser', { AccessToken: tokens.accessToken }, false);
    const attributes = Object.fromEntries(
      answer.UserAttributes.map(({ Name, Value }) => [Name, Value]),
    );
    return { username: answer.Username, attributes };
  }

  /** Ends this sign-in: its refresh token, and the access tokens that came from it. */
  async revoke(tokens) {
    await this.#call('RevokeToken', { Token: tokens.refreshToken });
  }

  /** Ends every sign-in of the user, on every device. */
  async globalSignOut(tokens) {
    await this.#call('GlobalSignOut', { AccessToken: tokens.accessToken }, false);
  }

  /**
   * What PASSWORD_VERIFIER asks for. From here on the user is named as the service names them,
   * which may be by a sub.
   */
  async #proof(
    { USER_ID_FOR_SRP: userId, SALT, SRP_B, SECRET_BLOCK: secretBlock },
    password,
    a,
    A,
  ) {
    const poolName = this.#poolName;
    const now = timestamp(new Date());
    try {
      const key = await sharedKey({
        poolName,
        userId,
        password,
        salt: fromHex(SALT),
        a,
        A,
        B: fromHex(SRP_B),
      });
      return {
        USERNAME: userId,
        PASSWORD_CLAIM_SECRET_BLOCK: secretBlock,
        PASSWORD_CLAIM_SIGNATURE: await claimSignature({
          key,
          poolName,
          userId,
          secretBlock,
          timestamp: now,
        }),
        TIMESTAMP: now,
      };
    } catch (cause) {
      throw Object.assign(new CognateError('UnreadableAnswer', cause.message), { cause });
    }
  }

  #outcome(answer, username) {
    if (answer.AuthenticationResult) return { tokens: this.#tokens(answer.AuthenticationResult) };
    const parameters = answer.ChallengeParameters ?? {};
    return {
      challenge: {
        name: answer.ChallengeName,
        session: answer.Session,
        username: username ?? parameters.USER_ID_FOR_SRP ?? parameters.USERNAME,
        parameters,
        // Lists inside the parameters are JSON in a string, with every name prefixed.
        requiredAttributes: parseList(parameters.requiredAttributes).map((name) =>
          name.replace(/^userAttributes\./, ''),
        ),
      },
    };
  }

  #tokens(result) {
    const tokens = { idToken: result.IdToken, accessToken: result.AccessToken };
    // Left out, not undefined, when none came: refresh() lays this over the tokens that it was
    // given.
    if (result.RefreshToken) tokens.refreshToken = result.RefreshToken;
    return tokens;
  }

  async #call(operation, input, withClientId = true) {
    const body = JSON.stringify(withClientId ? { ClientId: this.#clientId, ...input } : input);
    const response = await this.#send(operation, body);
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    // __type may carry a namespace before a number sign and, from some gateways, an address after a
    // colon.
    const type = answer?.__type ?? response.headers.get('x-amzn-errortype') ?? '';
    const code = type.split('#').pop().split(':')[0] || 'UnreadableAnswer';
    throw new CognateError(
      code,
      answer?.message ?? answer?.Message ?? `HTTP status ${response.status}`,
      response.status,
    );
  }

  async #send(operation, body) {
    try {
      return await fetch(`${this.#endpoint}/`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
        },
        body,
        // The tokens travel in the body; cookies of the page have no part in this.
        credentials: 'omit',
        cache: 'no-store',
      });
    } catch (cause) {
      throw Object.assign(new CognateError('NetworkError', 'The service could not be reached.'), {
        cause,
      });
    }
  }
}

/**
 * The claims of a token, for display. This reads and does not verify: a server that trusts a token
 * must check its signature.
 */
export function decodeToken(token) {
  const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

function parseList(text) {
  try {
    const list = JSON.parse(text ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
