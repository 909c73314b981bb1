// amazon-cognito-identity-js with promises in place of its callbacks, and nothing else changed.

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
