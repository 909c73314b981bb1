// The codes of an authenticator app (RFC 6238), made apart from the server.

import { createHmac } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

/** The code that the app shows now, or so many steps later. The server takes one step too early. */
export function appCode(secret, stepsLater = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + stepsLater));
  const sum = createHmac("sha1", fromBase32(secret)).update(counter).digest();
  const number = sum.readUInt32BE(sum.at(-1) & 0x0f) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, "0");
}

function fromBase32(text) {
  const bits = Array.from(text, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g);
  return Buffer.from(bytes.map((byte) => parseInt(byte, 2)));
}
