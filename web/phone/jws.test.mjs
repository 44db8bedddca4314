// What the phone signs, held to the shared vectors and to the key that signed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { b64u, digest, newKey, sha256, sign, thumbprint, unb64u } from './jws.mjs';

const vectors = JSON.parse(readFileSync(new URL('../../approvals/testdata/digests.json', import.meta.url)));
const p256 = vectors.thumbprints.filter((v) => v.public_key.kty === 'EC');

test('thumbprints are those of the vectors', async () => {
  assert.ok(p256.length > 0);
  for (const { public_key: jwk, jkt } of p256) assert.equal(await thumbprint(jwk), jkt);
});

test('digests of displays and tickets are those of the vectors', async () => {
  assert.ok(vectors.displays.length > 0 && vectors.tickets.length > 0);
  for (const { display, dsp } of vectors.displays) assert.equal(await digest(display), dsp);
  for (const { ticket, tkt } of vectors.tickets) assert.equal(await digest(ticket), tkt);
});

test('base64url comes and goes without padding', () => {
  for (const bytes of [[], [0], [255, 254], [251, 239, 190], [...Array(200).keys()]]) {
    const text = b64u(new Uint8Array(bytes));
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.deepEqual([...unb64u(text)], bytes);
  }
});

test('a key that was made signs, and gives only its public half away', async () => {
  const { privateKey, jwk } = await newKey();
  assert.deepEqual(Object.keys(jwk).sort(), ['crv', 'kty', 'x', 'y']);
  assert.equal(privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey('jwk', privateKey));
  await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey));

  const token = await sign(privateKey, 'countersign-phone+jwt', 'the-device', { htm: 'GET' });
  const [header, claims, signature] = token.split('.');
  const open = (part) => JSON.parse(new TextDecoder().decode(unb64u(part)));
  assert.deepEqual(open(header), { alg: 'ES256', typ: 'countersign-phone+jwt', kid: 'the-device' });
  assert.deepEqual(open(claims), { htm: 'GET' });
  const publicKey = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  const verify = (content) => crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, unb64u(signature), new TextEncoder().encode(content));
  assert.ok(await verify(`${header}.${claims}`));
  assert.equal(await verify(`${header}.${b64u(new TextEncoder().encode('{"htm":"PUT"}'))}`), false);
});

test('a token before there is a device names none', async () => {
  const { privateKey } = await newKey();
  const [header] = (await sign(privateKey, 'countersign-pair+jwt', '', {})).split('.');
  assert.equal(new TextDecoder().decode(unb64u(header)), '{"alg":"ES256","typ":"countersign-pair+jwt"}');
});

test('a digest is of the text as UTF-8', async () => {
  assert.equal(b64u(await sha256('é')), await digest('é'));
  assert.notEqual(await digest('é'), await digest('é'.normalize('NFD')));
});
