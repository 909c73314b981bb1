// The app on a user's phone that shows codes (otplib).

import { setTimeout as sleep } from "node:timers/promises";

import { load } from "./clients.mjs";

const { generateSync } = load("otplib");

const SECONDS = 30;
// So near to the end of its time a code may be late at the server.
const MARGIN = 5;

/**
 * Shows each code once. The server takes codes of the step before and of the step after too, so
 * that three are there without waiting.
 */
export class App {
  #last = 0;

  constructor(secret) {
    this.secret = secret;
  }

  #at(step) {
    return generateSync({ secret: this.secret, epoch: step * SECONDS });
  }

  /** The next code that the server takes. */
  async code() {
    for (;;) {
      const now = Date.now() / 1000;
      const step = Math.max(this.#last + 1, Math.floor((now - SECONDS + MARGIN) / SECONDS));
      if (step <= Math.floor(now / SECONDS) + 1) {
        this.#last = step;
        return this.#at(step);
      }
      await sleep(1000);
    }
  }

  /** One that is no code of these minutes. */
  wrongCode() {
    const now = Math.floor(Date.now() / 1000 / SECONDS);
    const near = [-3, -2, -1, 0, 1, 2, 3].map((off) => this.#at(now + off));
    return ["000000", "111111", "222222"].find((code) => !near.includes(code)) ?? "333333";
  }
}
