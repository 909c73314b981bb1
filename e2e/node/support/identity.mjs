// amazon-cognito-identity-js with promises in place of its callbacks, and nothing else changed.

import assert from "node:assert/strict";

import { load } from "./clients.mjs";

export const { CognitoUserPool, CognitoUser, CognitoUserAttribute, AuthenticationDetails } = load(
  "amazon-cognito-identity-js",
);

/** Calls `target[method](...args, callback)` and gives what the callback is given. */
export const call = (target, method, ...args) =>
  new Promise((resolve, reject) => {
    target[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
  });

/**
 * Calls a method that takes `{ onSuccess, onFailure, … }`; `answers` holds the other callbacks,
 * such as `newPasswordRequired`.
 */
export const talk = (target, method, args, answers = {}) =>
  new Promise((resolve, reject) => {
    const callbacks = Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [
        name,
        (...given) => answer({ resolve, reject, callbacks }, ...given),
      ]),
    );
    Object.assign(callbacks, { onSuccess: resolve, onFailure: reject });
    target[method](...args, callbacks);
  });

const ENDS_OF_A_STEP = [
  "onSuccess",
  "newPasswordRequired",
  "mfaRequired",
  "totpRequired",
  "selectMFAType",
  "mfaSetup",
  "associateSecretCode",
  "customChallenge",
];

/**
 * Goes one step of a sign-in: `begin` is given the callbacks. Gives the name of the one that was
 * called and what with: `[name, …]`.
 */
export const step = (begin) =>
  new Promise((resolve, reject) => {
    const named = ENDS_OF_A_STEP.map((name) => [name, (...given) => resolve([name, ...given])]);
    begin({ ...Object.fromEntries(named), onFailure: reject });
  });

/**
 * A store for tokens, as a browser's localStorage is one: what is kept here outlives the user
 * object.
 */
export class MemoryStorage {
  #kept = new Map();
  setItem(key, value) {
    this.#kept.set(key, String(value));
  }
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }
  removeItem(key) {
    this.#kept.delete(key);
  }
  clear() {
    this.#kept.clear();
  }
  get size() {
    return this.#kept.size;
  }
}

/**
 * An application with a storage of its own, such as one browser has. `settings` names its pool and
 * client.
 */
export function application(url, settings) {
  const storage = new MemoryStorage();
  const pool = new CognitoUserPool({
    UserPoolId: settings.poolId,
    ClientId: settings.clientId,
    endpoint: url,
    Storage: storage,
  });
  const user = (name) => new CognitoUser({ Username: name, Pool: pool, Storage: storage });
  return {
    pool,
    storage,
    user,
    /** The first step of a sign-in, and who takes it. */
    begin: async (name, password) => {
      const beginner = user(name);
      const details = new AuthenticationDetails({ Username: name, Password: password });
      return { user: beginner, asked: await step((on) => beginner.authenticateUser(details, on)) };
    },
    /** Signs in; `answers` are the callbacks besides onSuccess and onFailure. */
    signIn: async (name, password, answers) => {
      const signedIn = user(name);
      const details = new AuthenticationDetails({ Username: name, Password: password });
      const session = await talk(signedIn, "authenticateUser", [details], answers);
      return { user: signedIn, session };
    },
  };
}

/** What an error that identity-js gives must be named. */
export const refusedAs = (code) => (error) => {
  assert.equal(error.code ?? error.name, code, error.message);
  return true;
};
