// The clients that the tests drive, loaded from where `cargo xtask test` installed them: outside
// the repository's own folders, so that nobody else's files lie between ours.

import { createRequire } from "node:module";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../../..");

/** The folder that holds node_modules. */
export const INSTALLED = process.env.COGNATE_E2E_CLIENTS ?? path.join(ROOT, "target/e2e/node");

/** Loads an installed package by name. */
export const load = createRequire(path.join(INSTALLED, "package.json"));

/** The path of a file inside an installed package, to be served to a browser as it is. */
export const fileOf = (name, file) => path.join(INSTALLED, "node_modules", name, file);

export { ROOT };
