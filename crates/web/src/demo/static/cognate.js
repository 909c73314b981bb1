// SPDX-License-Identifier: Apache-2.0
//
// A small client for sign-up and sign-in with Cognate, and with whatever else speaks Amazon
// Cognito's user pool API. It has no dependency but srp.js and webauthn.js beside it; copy all
// three. It keeps nothing: tokens are returned, and where they are stored is the caller's choice
// (session.js of the demo shows one).
//
//   const cognate = new Cognate({ endpoint: 'https://id.example.com', clientId, poolId });
//   await cognate.signUp('ana@example.com', 'Correct-Horse-7', { email: 'ana@example.com' });
//   await cognate.confirmSignUp('ana@example.com', '123456');
//   const { tokens, challenge } = await cognate.signIn('ana@example.com', 'Correct-Horse-7');
//
// Every method rejects with a CognateError. Its `code` is the name that the API documents
// (NotAuthorizedException, …), or NetworkError when the service could not be reached, or
// UnreadableAnswer when it said something that this file can't use, or what the browser says of a
// passkey (NotAllowedError, …). For app clients without a secret: a secret has no place in a
// browser.

import { claimSignature, fromHex, keyPair, poolNameOf, sharedKey, timestamp } from './srp.js';
import { createPasskey, usePasskey } from './webauthn.js';

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

  /**
   * Signs in with a passkey, for which the browser asks the user. Gives {tokens}, or {challenge}: a
   * SELECT_CHALLENGE says that this user has no passkey to begin with.
   */
  async signInWithPasskey(username) {
    const first = await this.#call('InitiateAuth', {
      AuthFlow: 'USER_AUTH',
      AuthParameters: { USERNAME: username, PREFERRED_CHALLENGE: 'WEB_AUTHN' },
    });
    if (first.ChallengeName !== 'WEB_AUTHN') return this.#outcome(first, username);
    const { CREDENTIAL_REQUEST_OPTIONS: options } = first.ChallengeParameters;
    const credential = await withBrowser(() => usePasskey(JSON.parse(options)));
    const second = await this.#call('RespondToAuthChallenge', {
      ChallengeName: 'WEB_AUTHN',
      Session: first.Session,
      ChallengeResponses: { USERNAME: username, CREDENTIAL: JSON.stringify(credential) },
    });
    return this.#outcome(second, username);
  }

  /**
   * Answers SOFTWARE_TOKEN_MFA with a code of the user's authenticator app. `challenge` is what
   * signIn gave; after a CodeMismatchException or an ExpiredCodeException it may be answered again.
   */
  async respondAppCode(challenge, code) {
    const answer = await this.#call('RespondToAuthChallenge', {
      ChallengeName: 'SOFTWARE_TOKEN_MFA',
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, SOFTWARE_TOKEN_MFA_CODE: code },
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
   * The signed-in user: {username, attributes, secondFactors}, as the service knows them now (the
   * ID token tells how they were). Second factors have the names of their challenges:
   * SOFTWARE_TOKEN_MFA.
   */
  async getUser(tokens) {
    const answer = await this.#callAs(tokens, 'GetUser');
    const attributes = Object.fromEntries(
      answer.UserAttributes.map(({ Name, Value }) => [Name, Value]),
    );
    const secondFactors = answer.UserMFASettingList ?? [];
    return { username: answer.Username, attributes, secondFactors };
  }

  /** Ends this sign-in: its refresh token, and the access tokens that came from it. */
  async revoke(tokens) {
    await this.#call('RevokeToken', { Token: tokens.refreshToken });
  }

  /** Ends every sign-in of the user, on every device. */
  async globalSignOut(tokens) {
    await this.#callAs(tokens, 'GlobalSignOut');
  }

  /**
   * Draws a secret for an authenticator app, in base32. It serves once verifyApp has seen a code of
   * it; an app that was set up before serves until then.
   */
  async associateApp(tokens) {
    return (await this.#callAs(tokens, 'AssociateSoftwareToken')).SecretCode;
  }

  /** Shows that the app has the secret. Nobody is asked for codes before setSecondFactor. */
  async verifyApp(tokens, code) {
    await this.#callAs(tokens, 'VerifySoftwareToken', { UserCode: code });
  }

  /**
   * Switches the app on or off as the second factor. `passkeysStandForBoth` lets a passkey sign in
   * without a code, in pools that allow it; left out, nothing is said of passkeys.
   */
  async setSecondFactor(tokens, isOn, passkeysStandForBoth) {
    const input = { SoftwareTokenMfaSettings: { Enabled: isOn, PreferredMfa: isOn } };
    if (passkeysStandForBoth !== undefined)
      input.WebAuthnMfaSettings = { Enabled: passkeysStandForBoth };
    await this.#callAs(tokens, 'SetUserMFAPreference', input);
  }

  /** Makes a passkey with the browser, which asks the user, and registers it. */
  async addPasskey(tokens) {
    const begun = await this.#callAs(tokens, 'StartWebAuthnRegistration');
    const options = begun.CredentialCreationOptions;
    const credential = await withBrowser(() => createPasskey(options));
    await this.#callAs(tokens, 'CompleteWebAuthnRegistration', { Credential: credential });
  }

  /** The user's passkeys: [{id, name, created}]. */
  async listPasskeys(tokens) {
    const all = await this.#pages(tokens, 'ListWebAuthnCredentials', 'Credentials');
    return all.map((passkey) => ({
      id: passkey.CredentialId,
      name: passkey.FriendlyCredentialName,
      created: timeOf(passkey.CreatedAt),
    }));
  }

  async deletePasskey(tokens, id) {
    await this.#callAs(tokens, 'DeleteWebAuthnCredential', { CredentialId: id });
  }

  /** Where the user is signed in: [{id, device, address, began, lastUsed, isThisOne}]. */
  async listSessions(tokens) {
    const all = await this.#pages(tokens, 'ListUserSessions', 'Sessions');
    return all.map((session) => ({
      id: session.SessionId,
      device: session.DeviceType,
      address: session.LastIPAddress,
      began: timeOf(session.CreateDate),
      lastUsed: timeOf(session.LastActiveDate),
      isThisOne: session.IsCurrentSession,
    }));
  }

  /** Ends another session of the user; for this one there is revoke. */
  async revokeSession(tokens, id) {
    await this.#callAs(tokens, 'RevokeUserSession', { SessionId: id });
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

  /** All entries of a list, which comes in pages. */
  async #pages(tokens, operation, list) {
    const entries = [];
    let next;
    do {
      const page = await this.#callAs(tokens, operation, next ? { NextToken: next } : {});
      entries.push(...(page[list] ?? []));
      next = page.NextToken;
    } while (next);
    return entries;
  }

  /** Calls an operation of an app client. */
  #call(operation, input) {
    return this.#post(operation, { ClientId: this.#clientId, ...input });
  }

  /** Calls an operation of a signed-in user. */
  #callAs(tokens, operation, input = {}) {
    return this.#post(operation, { AccessToken: tokens.accessToken, ...input });
  }

  async #post(operation, input) {
    const response = await this.#send(operation, JSON.stringify(input));
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

/** What the browser says no to, as an error of this file. */
async function withBrowser(act) {
  try {
    return await act();
  } catch (cause) {
    throw Object.assign(new CognateError(cause.name, cause.message), { cause });
  }
}

/** Times travel as seconds since 1970, with fractions. */
function timeOf(seconds) {
  return new Date(seconds * 1000);
}

function parseList(text) {
  try {
    const list = JSON.parse(text ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
