// The demo's srp.js against vectors of an independent implementation: `python3 srp_reference.py >
// vectors.json` makes them. Run: node --test e2e/demo-js/*.test.mjs
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as srp from '../../crates/web/src/demo/static/srp.js';

const reference = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');

test('the group is the one of RFC 3526', async () => {
  assert.equal(srp.N.toString(16), reference.N);
  assert.equal((await srp.multiplier()).toString(16), reference.k);
});

for (const v of reference.vectors) {
  test(`a server that holds only the verifier agrees: ${v.name}`, async () => {
    const salt = srp.fromHex(v.salt);
    const seed = Buffer.from(v.a.padStart(64, '0'), 'hex');
    const { a, A } = srp.keyPair((length) => {
      assert.equal(length, seed.length);
      return seed;
    });
    assert.equal(A.toString(16), v.A);

    const B = srp.fromHex(v.B);
    assert.equal((await srp.scramble(A, B)).toString(16), v.u);
    const { poolName, userId, password } = v;
    const x = await srp.passwordNumber({ poolName, userId, password, salt });
    assert.equal(x.toString(16), v.x);
    assert.equal(srp.modPow(srp.g, x, srp.N).toString(16), v.verifier);

    const key = await srp.sharedKey({ poolName, userId, password, salt, a, A, B });
    assert.equal(hex(key), v.key);
    const { secretBlock, timestamp } = v;
    assert.equal(
      await srp.claimSignature({ key, poolName, userId, secretBlock, timestamp }),
      v.signature,
    );
  });
}

test('another password gives another key', async () => {
  const v = reference.vectors[0];
  const [a, A, B, salt] = [v.a, v.A, v.B, v.salt].map(srp.fromHex);
  const key = await srp.sharedKey({
    poolName: v.poolName,
    userId: v.userId,
    password: v.password + ' ',
    salt,
    a,
    A,
    B,
  });
  assert.notEqual(hex(key), v.key);
});

test('a server value that is zero modulo N is refused', async () => {
  const v = reference.vectors[0];
  const [a, A, salt] = [v.a, v.A, v.salt].map(srp.fromHex);
  for (const B of [0n, srp.N, 2n * srp.N]) {
    const rigged = srp.sharedKey({
      poolName: v.poolName,
      userId: v.userId,
      password: v.password,
      salt,
      a,
      A,
      B,
    });
    await assert.rejects(rigged, /no honest server/);
  }
});

test('a key pair is never made of zero', () => {
  const answers = [new Uint8Array(32), new Uint8Array(32).fill(7)];
  assert.equal(srp.keyPair(() => answers.shift()).a, srp.fromBytes(new Uint8Array(32).fill(7)));
});

test('text that is not hexadecimal is refused', () => {
  for (const text of ['', '0x12', 'xyz', '12 34', '-1'])
    assert.throws(() => srp.fromHex(text), TypeError);
});

test('numbers are hashed with a zero byte before a set top bit, and no other zeros', () => {
  const cases = {
    0: '00',
    '7f': '7f',
    80: '0080',
    ff: '00ff',
    100: '0100',
    '000080': '0080',
    '00007f': '7f',
  };
  for (const [text, bytes] of Object.entries(cases))
    assert.equal(hex(srp.pad(srp.fromHex(text))), bytes);
});

test('timestamps are spelled as Cognito reads them', () => {
  assert.equal(srp.timestamp(new Date('2017-09-05T18:20:05Z')), 'Tue Sep 5 18:20:05 UTC 2017');
  assert.equal(srp.timestamp(new Date('2026-12-31T00:09:00.999Z')), 'Thu Dec 31 00:09:00 UTC 2026');
  assert.equal(srp.timestamp(new Date('2028-02-29T23:59:59Z')), 'Tue Feb 29 23:59:59 UTC 2028');
});

test('a pool is named by what follows the underscore', () => {
  assert.equal(srp.poolNameOf('us-east-1_AbC123'), 'AbC123');
  assert.throws(() => srp.poolNameOf('AbC123'), TypeError);
});
