// RFC 6238, appendix B, and the base32 of RFC 4648, section 10.
import assert from 'node:assert/strict';
import test from 'node:test';
import { base32, code, life } from './codes.mjs';
import { seal, unseal } from './store.mjs';

const bytes = new TextEncoder().encode('12345678901234567890');
const hmac = () => crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);

test('codes are those of the RFC', async () => {
  for (const [seconds, want] of [[59, '94287082'], [1111111109, '07081804'], [1111111111, '14050471'], [1234567890, '89005924'], [2000000000, '69279037'], [20000000000, '65353130']]) {
    assert.equal(await code(await hmac(), { digits: 8 }, seconds * 1000), want);
    assert.equal(await code(await hmac(), {}, seconds * 1000), want.slice(2));
  }
});

test('base32 is read, and nothing else', () => {
  for (const [text, want] of [['', ''], ['MY======', 'f'], ['MZXQ', 'fo'], ['MZXW6', 'foo'], ['MZXW6YTBOI======', 'foobar'], ['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '12345678901234567890']]) {
    assert.equal(new TextDecoder().decode(base32(text)), want);
  }
  for (const text of ['MZXW6!', 'mzxw6', '1', 'M=Y']) assert.throws(() => base32(text), RangeError);
});

test('a code lives to the end of its period', () => {
  assert.deepEqual(life({}, 0), { seconds: 30, share: 1 });
  assert.deepEqual(life({}, 15_000), { seconds: 15, share: 0.5 });
  assert.equal(life({}, 29_999).seconds, 1);
});

const sealKey = (usages = ['encrypt', 'unwrapKey']) => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, usages);

test('a sealed secret makes codes again, and does not come out', async () => {
  const key = await sealKey();
  const box = await seal(key, 'device', bytes);
  assert.equal(Buffer.from(box.box).includes(Buffer.from(bytes)), false);
  const opened = await unseal(key, 'device', box);
  assert.equal(await code(opened, { digits: 8 }, 59_000), '94287082');
  await assert.rejects(crypto.subtle.exportKey('raw', opened));
});

test('a sealed secret opens for its own account and under its own key alone', async () => {
  const key = await sealKey();
  const box = await seal(key, 'device', bytes);
  await assert.rejects(unseal(key, 'other', box));
  await assert.rejects(unseal(await sealKey(), 'device', box));
});
