// Where sign-ins of many steps are tried: one server on SQLite, or on PostgreSQL two nodes behind a
// proxy that gives each request to the other one than the last. So each step of a sign-in is begun
// at one node and answered at the other.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { DATABASE, Server } from "./server.mjs";

const NODES = DATABASE === "sqlite" ? 1 : 2;
export const PASSWORD = "Corr3ct-horse-battery";
// Waited out only where a message does not come at all.
const MESSAGE_MS = 15_000;

const SMS = { SmsConfiguration: { SnsCallerArn: "arn:aws:iam::123456789012:role/sms" } };
export const APP_ONLY = { SoftwareTokenMfaConfiguration: { Enabled: true } };
export const ALL_MFA = { ...APP_ONLY, SmsMfaConfiguration: SMS, EmailMfaConfiguration: {} };

let numbers = 0;

export class Nodes {
  #nodes = [];
  #turn = 0;
  #taken = new Set();

  static async start(name) {
    const nodes = new Nodes();
    nodes.proxy = createServer((asked, answer) => nodes.#passOn(asked, answer));
    nodes.proxy.listen(0, "127.0.0.1");
    await once(nodes.proxy, "listening");
    nodes.url = `http://127.0.0.1:${nodes.proxy.address().port}`;
    const options = ["--public-url", nodes.url];
    for (let number = 1; number <= NODES; number++) {
      const [beside] = nodes.#nodes;
      nodes.#nodes.push(await Server.start(`${name}-${number}`, { beside, options }));
    }
    // What is set up is set up at one node: the other learns of a change within a second only.
    nodes.sdk = nodes.#nodes[0].sdk();
    return nodes;
  }

  #passOn(asked, answer) {
    const { url } = this.#nodes[this.#turn++ % NODES];
    const { method, headers } = asked;
    const passed = request(`${url}${asked.url}`, { method, headers }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    passed.on("error", (error) => answer.destroy(error));
    asked.pipe(passed);
  }

  async stop() {
    this.proxy.closeAllConnections();
    this.proxy.close();
    // The folder of the first holds the data of all.
    for (const node of this.#nodes.reverse()) await node.stop();
  }

  /** The digits in the oldest message to an address or number that no test has taken. */
  async code(address, digits = 6) {
    const giveUp = Date.now() + MESSAGE_MS;
    while (Date.now() < giveUp) {
      // Either node may have sent it.
      for (const [at, { url }] of this.#nodes.entries()) {
        const query = new URLSearchParams({ to: address });
        const { messages } = await (await fetch(`${url}/dev/inbox.json?${query}`)).json();
        const fresh = messages.filter(({ id }) => !this.#taken.has(`${at}/${id}`));
        const oldest = fresh.sort((a, b) => a.id - b.id)[0];
        if (!oldest) continue;
        this.#taken.add(`${at}/${oldest.id}`);
        const found = new RegExp(`(?<!\\d)\\d{${digits}}(?!\\d)`).exec(oldest.text);
        if (!found) throw new Error(`no code of ${digits} digits in: ${oldest.text}`);
        return found[0];
      }
      await sleep(50);
    }
    throw new Error(`no message to ${address}`);
  }

  /**
   * Makes a pool and an app client. `mfa` is its MfaConfiguration, `factors` the members of
   * SetUserPoolMfaConfig that tell which second factors it has; `first` its
   * AllowedFirstAuthFactors; the rest are members of CreateUserPool.
   */
  async pool({ mfa = "OFF", factors = ALL_MFA, first = ["PASSWORD"], client, ...members } = {}) {
    const usesSms = mfa !== "OFF" && factors.SmsMfaConfiguration;
    const { UserPool } = await this.sdk.createUserPool({
      PoolName: `sign-in-${++numbers}`,
      AutoVerifiedAttributes: ["email"],
      Policies: { SignInPolicy: { AllowedFirstAuthFactors: first } },
      // A password is not recovered through the mailbox that is the second factor.
      AccountRecoverySetting: {
        RecoveryMechanisms: [
          { Priority: 1, Name: "verified_email" },
          { Priority: 2, Name: "verified_phone_number" },
        ],
      },
      ...(usesSms ? SMS : {}),
      ...members,
    });
    const UserPoolId = UserPool.Id;
    if (mfa !== "OFF")
      await this.sdk.setUserPoolMfaConfig({ UserPoolId, MfaConfiguration: mfa, ...factors });
    const { UserPoolClient } = await this.sdk.createUserPoolClient({
      UserPoolId,
      ClientName: "app",
      ExplicitAuthFlows: [
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
      ],
      PreventUserExistenceErrors: "ENABLED",
      ...client,
    });
    return { poolId: UserPoolId, clientId: UserPoolClient.ClientId };
  }

  /** Lets a pool have recovery codes, which Cognito knows nothing of. */
  allowRecoveryCodes({ poolId }) {
    this.#nodes[0].command("setting", "set", poolId, "recovery-codes", "on");
  }

  /** A list of recovery codes for the user of an access token. */
  async recoveryCodes({ poolId }, accessToken) {
    const headers = { Authorization: `Bearer ${accessToken}` };
    const url = `${this.url}/${poolId}/recovery-codes`;
    const answer = await fetch(url, { method: "POST", headers });
    return (await answer.json()).RecoveryCodes;
  }

  /**
   * Makes a user with a mailbox and a telephone, both verified, and a password: a temporary one, if
   * one is given.
   */
  async user({ poolId }, { temporary, factors = {} } = {}) {
    const number = ++numbers;
    const user = {
      name: `user${number}`,
      email: `user${number}@example.com`,
      phone: `+1555${String(number).padStart(7, "0")}`,
    };
    const about = { UserPoolId: poolId, Username: user.name };
    const attributes = {
      email: user.email,
      email_verified: "true",
      phone_number: user.phone,
      phone_number_verified: "true",
    };
    await this.sdk.adminCreateUser({
      ...about,
      MessageAction: "SUPPRESS",
      TemporaryPassword: temporary,
      UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
    });
    if (!temporary)
      await this.sdk.adminSetUserPassword({ ...about, Password: PASSWORD, Permanent: true });
    if (Object.keys(factors).length > 0)
      await this.sdk.adminSetUserMFAPreference({ ...about, ...factors });
    return user;
  }
}
