// SPDX-License-Identifier: Apache-2.0
//
// The client's half of SRP-6a as Amazon Cognito speaks it: a password is proved without being sent.
// Pure functions: the random number and the time come in as arguments, nothing goes over the
// network. Needs WebCrypto (a secure context: https or localhost) and BigInt; no other code. Copy
// it freely, together with cognate.js or alone.
//
// BigInt arithmetic does not run in constant time. That is acceptable here, in the user's own
// browser, where nobody else can measure it; do not use this file on a server that others can time.

/** The 3072-bit prime of RFC 3526 §5 and its generator: the one group that Cognito uses. */
export const N = BigInt(
  '0x' +
    'FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74' +
    '020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437' +
    '4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED' +
    'EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05' +
    '98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB' +
    '9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B' +
    'E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718' +
    '3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33' +
    'A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7' +
    'ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864' +
    'D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2' +
    '08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF',
);
export const g = 2n;

/** base^exponent mod modulus, by squaring. `exponent` must not be negative. */
export function modPow(base, exponent, modulus) {
  let result = 1n;
  let square = ((base % modulus) + modulus) % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/**
 * Bytes of a non-negative number, most significant first, with a zero byte in front when the top
 * bit would be set: the form in which every number is hashed. Leading zeros of the text that a
 * number came from do not count.
 */
export function pad(number) {
  let hex = number.toString(16);
  if (hex.length % 2) hex = '0' + hex;
  if (hex[0] >= '8') hex = '00' + hex;
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}

/**
 * The number that hexadecimal text stands for. Throws on anything else, so that no answer of a
 * server is half understood.
 */
export function fromHex(hex) {
  if (!/^[0-9a-f]+$/i.test(hex)) throw new TypeError('not a hexadecimal number');
  return BigInt('0x' + hex);
}

/** The number that bytes stand for, most significant first. */
export function fromBytes(bytes) {
  return fromHex(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') || '0');
}

export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** What follows the underscore of a user pool id: the name that SRP hashes. */
export function poolNameOf(userPoolId) {
  const name = userPoolId.split('_')[1];
  if (!name) throw new TypeError(`${userPoolId} is not a user pool id`);
  return name;
}

/**
 * A fresh pair {a, A}: `a` stays here, `A` goes out as SRP_A in hexadecimal. `random` gives that
 * many random bytes. 256 bits are what the group's strength (about 128 bits) calls for: RFC 5054
 * §3.1.
 */
export function keyPair(random = (length) => crypto.getRandomValues(new Uint8Array(length))) {
  for (;;) {
    const a = fromBytes(random(32));
    const A = modPow(g, a, N);
    if (a !== 0n && A % N !== 0n) return { a, A };
  }
}

/**
 * k, which keeps the server from guessing two passwords in one run. The generator is hashed as one
 * byte, unpadded.
 */
export async function multiplier() {
  return fromBytes(await sha256(pad(N), pad(g)));
}

/** u, which ties both public values to the key. */
export async function scramble(A, B) {
  return fromBytes(await sha256(pad(A), pad(B)));
}

/**
 * x, the number made of the password. `userId` is the challenge's USER_ID_FOR_SRP, not what the
 * user typed.
 */
export async function passwordNumber({ poolName, userId, password, salt }) {
  return fromBytes(await sha256(pad(salt), await sha256(utf8(`${poolName}${userId}:${password}`))));
}

/**
 * The 16-byte key that both sides hold if the password is right. Throws when the server's B or u
 * would give it away.
 */
export async function sharedKey({ poolName, userId, password, salt, a, A, B }) {
  if (B % N === 0n) throw new Error('The server sent an SRP value that no honest server sends.');
  const u = await scramble(A, B);
  if (u === 0n) throw new Error('The server sent an SRP value that no honest server sends.');
  const x = await passwordNumber({ poolName, userId, password, salt });
  const k = await multiplier();
  const secret = modPow(B - k * modPow(g, x, N), a + u * x, N);
  const keyMaterial = await crypto.subtle.importKey('raw', pad(secret), 'HKDF', false, [
    'deriveBits',
  ]);
  const derivation = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: pad(u),
    info: utf8('Caldera Derived Key'),
  };
  return new Uint8Array(await crypto.subtle.deriveBits(derivation, keyMaterial, 128));
}

/**
 * PASSWORD_CLAIM_SIGNATURE. `secretBlock` is the challenge's SECRET_BLOCK as it came, in base64.
 */
export async function claimSignature({ key, poolName, userId, secretBlock, timestamp }) {
  const hmacKey = await crypto.subtle.importKey(
    'raw',
    key,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const message = concat(utf8(poolName), utf8(userId), fromBase64(secretBlock), utf8(timestamp));
  return toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, message)));
}

/**
 * TIMESTAMP in the one form that Cognito takes: "Tue Sep 5 18:20:05 UTC 2017". English whatever the
 * browser's language, UTC, and no zero before the day: a different spelling would not fit the
 * signature.
 */
export function timestamp(date) {
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getUTCDay()];
  const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const month = months[date.getUTCMonth()];
  return `${day} ${month} ${date.getUTCDate()} ${time} UTC ${date.getUTCFullYear()}`;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
