#!/usr/bin/env bash
# cognito-srp 0.2.0 (npm) computes another key than the server when SRP_B has an odd number of hex
# digits.
#
# Amazon Cognito, amazon-cognito-identity-js and this library's own server all write B without
# leading zeros, so that one B in sixteen has an odd number of digits. The client turns it into
# bytes by Buffer.from(B, "hex"), which drops the last digit of such a text without a word: u, and
# with it the signature, come out wrong, and the right password is refused. B itself is read as a
# number and is right. A server that wants these clients to sign in every time draws b again until B
# has all of its digits.
#
# Seen on Node.js 20, November 2026: even number of digits: signatures agree; odd: none does; odd
# with one zero in front: all agree. Exits with 0 as long as that is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact \
  cognito-srp@0.2.0 >/dev/null
cat >try.cjs <<'JS'
const crypto = require("node:crypto");
const { UserPool } = require("cognito-srp");

const POOL = "Example12", NAME = "ana", PASSWORD = "Correct-Horse-1";
// RFC 3526 section 5, the 3072-bit group, whose prime Node.js knows; generator 2.
const N = BigInt("0x" + crypto.getDiffieHellman("modp15").getPrime("hex"));
const g = 2n;
const padded = (number) => {
  let hex = number.toString(16);
  if (hex.length % 2) hex = "0" + hex;
  return Buffer.from(parseInt(hex[0], 16) > 7 ? "00" + hex : hex, "hex");
};
const hash = (...parts) => crypto.createHash("sha256").update(Buffer.concat(parts)).digest();
const number = (bytes) => BigInt("0x" + bytes.toString("hex"));
const power = (base, exponent) => {
  let result = 1n;
  for (base %= N; exponent > 0n; exponent >>= 1n, base = (base * base) % N) {
    if (exponent & 1n) result = (result * base) % N;
  }
  return result;
};
const hmac = (key, ...parts) =>
  parts.reduce((mac, part) => mac.update(part), crypto.createHmac("sha256", key)).digest();

const salt = 0x7a31c5d2e49f80b16c3d5e7f90a1b2c3n;
const x = number(hash(padded(salt), hash(Buffer.from(`${POOL}${NAME}:${PASSWORD}`))));
const k = number(hash(padded(N), padded(g)));
const kv = (k * power(g, x)) % N;
const block = Buffer.from("a secret block"), time = "Fri Nov 27 12:00:00 UTC 2026";

/** What a server expects: the key of SRP-6a and the signature made with it. */
function expected(A, b, B) {
  const u = number(hash(padded(A), padded(B)));
  const S = power((A * power(power(g, x), u)) % N, b);
  // A key that begins with a zero byte is another matter of this library's, and is left out here.
  if (S >> 3064n === 0n) return undefined;
  const prk = hmac(padded(u), padded(S));
  const key = hmac(prk, Buffer.from("Caldera Derived Key\u0001")).subarray(0, 16);
  return hmac(key, POOL, NAME, block, time).toString("base64");
}

(async () => {
  const agree = { even: [0, 0], odd: [0, 0], "odd, with a zero in front": [0, 0] };
  while (agree.even[1] < 8 || agree.odd[1] < 4) {
    const b = number(crypto.randomBytes(32));
    const B = (kv + power(g, b)) % N;
    const hex = B.toString(16);
    const isOdd = hex.length % 2;
    const written = isOdd ? { odd: hex, "odd, with a zero in front": "0" + hex } : { even: hex };
    for (const [form, text] of Object.entries(written)) {
      if (agree[form][1] >= 8) continue;
      const account = { username: NAME, password: PASSWORD };
      const challenge = await new UserPool(POOL).getClientChallenge(account);
      const A = number(Buffer.from(challenge.calculateA()));
      const wanted = expected(A, b, B);
      if (wanted === undefined) continue;
      const session = challenge.getSession(text, salt.toString(16));
      const made = session.calculateSignature(block.toString("base64"), time);
      agree[form][0] += made === wanted;
      agree[form][1] += 1;
    }
  }
  for (const [form, [same, all]] of Object.entries(agree)) {
    console.log(`${form}: ${same} of ${all} signatures agree`);
  }
  const allAgree = ([same, all]) => same === all;
  const padded = agree["odd, with a zero in front"];
  const holds = allAgree(agree.even) && agree.odd[0] === 0 && allAgree(padded);
  process.exit(holds ? 0 : 1);
})();
JS
node try.cjs
