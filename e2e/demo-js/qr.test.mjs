// The demo's qr.js against vectors of an independent implementation; qr_reference.py makes them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { keyUri } from '../../crates/web/src/demo/static/authenticator.js';
import { qrCode, qrPath } from '../../crates/web/src/demo/static/qr.js';

const reference = JSON.parse(readFileSync(new URL('./qr_vectors.json', import.meta.url), 'utf8'));
const digits = (rows) => rows.map((row) => row.map(Number).join(''));

/** Text as qr_reference.py makes it. */
function textOf(length) {
  const letter = (_, at) => String.fromCharCode(33 + ((at * at * 7 + length * 13 + at) % 90));
  return Array.from({ length }, letter).join('');
}

test('the codes of all versions and masks are those of another implementation', () => {
  for (const { length, version, mask, sha256 } of reference.vectors) {
    const rows = digits(qrCode(textOf(length), mask));
    assert.equal(rows.length, 17 + 4 * version, `${length} bytes`);
    const digest = createHash('sha256').update(rows.join('\n')).digest('hex');
    assert.equal(digest, sha256, `version ${version}, mask ${mask}, ${length} bytes`);
  }
});

test('the mask is the one with the fewest penalty points', () => {
  assert.deepEqual(digits(qrCode(reference.uri)), reference.rows);
});

test('letters outside ASCII are coded as UTF-8', () => {
  // Version 1 holds 14 bytes, and these are two each.
  assert.equal(qrCode('é'.repeat(7)).length, 21);
  assert.equal(qrCode('é'.repeat(8)).length, 25);
});

test('a text that no version holds is refused', () => {
  assert.equal(qrCode('x'.repeat(2331), 0).length, 177);
  assert.throws(() => qrCode('x'.repeat(2332)), RangeError);
});

test('the path draws exactly the dark modules', () => {
  const rows = qrCode(reference.uri);
  const drawn = rows.map((row) => row.map(() => false));
  for (const [, x, y, width] of qrPath(rows).matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
    for (let at = 0; at < Number(width); at++) drawn[Number(y)][Number(x) + at] = true;
  assert.deepEqual(drawn, rows);
});

test('the code for an app names the site and the account, each escaped', () => {
  const [, secret] = /secret=(\w+)/.exec(reference.uri);
  assert.equal(keyUri('ana@example.com', secret), reference.uri);
  const odd = new URL(keyUri('a:b?c&d é@example.com', secret));
  assert.equal(odd.searchParams.get('secret'), secret);
  assert.match(odd.pathname, /a%3Ab%3Fc%26d%20%C3%A9%40example\.com$/);
});
