// A Cognate server for the tests: started as an operator starts it, spoken to over the network,
// ended with the tests.

import { spawn, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { load, ROOT } from "./clients.mjs";

const BINARY = process.env.COGNATE_BIN ?? path.join(ROOT, "target/debug/cognate");
export const DATABASE = process.env.COGNATE_E2E_DATABASE ?? "sqlite";
const LOGS = process.env.COGNATE_E2E_LOGS ?? path.join(ROOT, "target/e2e/logs");
export const REGION = "us-east-1";

// A debug build on a busy machine of two cores: generous, and only ever waited out when something
// is broken.
const START_MS = 60_000;

/** A port of this machine that nobody listens on at the moment of asking. */
async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

function freshDatabase() {
  const name = `cognate_${randomBytes(8).toString("hex")}`;
  execFileSync("psql", [
    "--quiet",
    "--no-psqlrc",
    "--set=ON_ERROR_STOP=1",
    `--command=CREATE DATABASE ${name}`,
    DATABASE,
  ]);
  const url = new URL(DATABASE);
  url.pathname = `/${name}`;
  return url.href;
}

/** One `cognate dev` with a folder and a database of its own. */
export class Server {
  /**
   * Starts a server and resolves when it says that it is ready; `demo` leaves the demo pool and
   * site in, `beside` is a server whose database this one shares, and `options` are more of the
   * command line.
   */
  static async start(name, { demo = false, beside, options: more = [] } = {}) {
    const server = new Server();
    server.folder = mkdtempSync(path.join(os.tmpdir(), "cognate-e2e-"));
    mkdirSync(LOGS, { recursive: true });
    server.log = path.join(
      LOGS,
      `node-${name}-${DATABASE === "sqlite" ? "sqlite" : "postgres"}.log`,
    );
    server.store = beside?.store ?? ["--data-dir", path.join(server.folder, "data")];
    if (DATABASE !== "sqlite" && !beside) server.store.push("--database-url", freshDatabase());
    const options = [...server.store, "--admin-listen", "none", ...more];
    if (!demo) options.push("--no-demo");
    for (let attempt = 1; ; attempt++) {
      try {
        await server.#startOn(await freePort(), options);
        return server;
      } catch (error) {
        // Somebody took the port between the question and the start: another one is tried.
        if (attempt < 3 && /in use/.test(error.message)) continue;
        await server.stop();
        throw error;
      }
    }
  }

  async #startOn(port, options) {
    this.url = `http://127.0.0.1:${port}`;
    const log = openSync(this.log, "a");
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("COGNATE_")),
    );
    this.process = spawn(BINARY, ["dev", "--listen", `127.0.0.1:${port}`, ...options], {
      stdio: ["ignore", log, log],
      env,
      cwd: this.folder,
    });
    closeSync(log);
    let failure;
    this.process.on("error", (error) => {
      failure = error;
    });
    // A test run that is cut short leaves no server behind.
    const child = this.process;
    process.once("exit", () => child.kill("SIGKILL"));
    const giveUp = Date.now() + START_MS;
    while (Date.now() < giveUp) {
      if (failure) throw failure;
      if (this.process.exitCode !== null)
        throw new Error(`ended with ${this.process.exitCode} at start\n${this.logEnd()}`);
      const ready = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
        (r) => r.ok,
        () => false,
      );
      if (ready) return;
      await sleep(50);
    }
    throw new Error(`not ready after ${START_MS} ms\n${this.logEnd()}`);
  }

  /** Runs another `cognate` command on the same store, and gives what it printed. */
  command(...args) {
    return execFileSync(BINARY, [...args, ...this.store], { encoding: "utf8", stdio: "pipe" });
  }

  logEnd() {
    return readFileSync(this.log, "utf8").split("\n").slice(-40).join("\n");
  }

  /** Ends the server and removes its folder. The log stays until the next run. */
  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill("SIGTERM");
      const late = setTimeout(() => this.process.kill("SIGKILL"), 30_000);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * The message with this number (from 1) to an address: there when its call has answered, and
   * awaited where a page makes the call.
   */
  async mail(address, number = 1) {
    const mails = [];
    while (mails.length < number) {
      const query = new URLSearchParams({ to: address, after: mails.at(-1)?.id ?? 0, wait: 15 });
      const { messages } = await (await fetch(`${this.url}/dev/inbox.json?${query}`)).json();
      if (messages.length === 0)
        throw new Error(`no message ${number} to ${address}; there are ${mails.length}`);
      mails.push(...messages.sort((a, b) => a.id - b.id));
    }
    return mails[number - 1];
  }

  /** The six digits in the message with this number to the address. */
  async code(address, number = 1) {
    const { text } = await this.mail(address, number);
    const found = /(?<!\d)\d{6}(?!\d)/.exec(text);
    if (!found) throw new Error(`no code of six digits in: ${text}`);
    return found[0];
  }

  /**
   * The AWS SDK for JavaScript, version 3, pointed at this server; development mode takes any
   * credentials.
   */
  sdk() {
    const { CognitoIdentityProvider } = load("@aws-sdk/client-cognito-identity-provider");
    return new CognitoIdentityProvider({
      endpoint: this.url,
      region: REGION,
      maxAttempts: 1,
      credentials: { accessKeyId: "any", secretAccessKey: "thing" },
    });
  }

  /**
   * Makes a pool for users with a mailed code, and an app client: `{ poolId, clientId, issuer, sdk
   * }`.
   */
  async pool(client = {}) {
    const sdk = this.sdk();
    const { UserPool } = await sdk.createUserPool({
      PoolName: "people",
      AutoVerifiedAttributes: ["email"],
    });
    const { UserPoolClient } = await sdk.createUserPoolClient({
      UserPoolId: UserPool.Id,
      ClientName: "app",
      ExplicitAuthFlows: [
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
      ],
      PreventUserExistenceErrors: "ENABLED",
      ...client,
    });
    return {
      poolId: UserPool.Id,
      clientId: UserPoolClient.ClientId,
      issuer: `${this.url}/${UserPool.Id}`,
      sdk,
    };
  }
}

/** A code of the right form that is not this one. */
export const anotherCode = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
