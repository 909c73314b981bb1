// Headless Chromium, Debian's own, driven by playwright-core; and a small web server that stands
// for somebody's site.

import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

import { load, ROOT } from "../node/support/clients.mjs";

const LOGS = process.env.COGNATE_E2E_LOGS ?? path.join(ROOT, "target/e2e/logs");

/** Starts the browser. It must reach nothing but the machine that it runs on. */
export function openBrowser() {
  return load("playwright-core").chromium.launch({
    executablePath: process.env.COGNATE_E2E_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      // The tests may run as root, where Chromium's sandbox does not start. It visits our own pages
      // only.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Runs `visit(page, problems)` on a new page with no history. `problems` fills with what the page
 * complained about: uncaught errors, and requests to anywhere but this machine. A failed visit
 * leaves a picture beside the logs.
 */
export async function visiting(browser, name, visit) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (line) => {
    // The browser itself logs each answer of 400 and above; wrong passwords are among what is tried
    // here.
    if (line.type() === "error" && !/Failed to load resource/.test(line.text()))
      problems.push(line.text());
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:$/.test(protocol) && !["127.0.0.1", "localhost"].includes(hostname))
      problems.push(`asked for ${request.url()}`);
  });
  try {
    return await visit(page, problems);
  } catch (error) {
    mkdirSync(LOGS, { recursive: true });
    await page.screenshot({ path: path.join(LOGS, `${name}.png`), fullPage: true }).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}

/**
 * A site on an origin of its own: `pages` gives for each path its content type and its content, or
 * a file to serve.
 */
export async function openSite(pages) {
  const site = createServer((request, response) => {
    const page = pages[new URL(request.url, "http://site").pathname];
    if (!page) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": page.type });
    response.end(page.file ? readFileSync(page.file) : page.content);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  // By name, where the server goes by number: another origin in every part.
  return { url: `http://localhost:${site.address().port}`, close: () => site.close() };
}
