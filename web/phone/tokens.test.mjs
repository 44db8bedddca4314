// Digits, links and the claims of the three tokens.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { newKey, thumbprint, unb64u, digest } from './jws.mjs';
import { answer, digits, grouped, pairingProof, phoneProof, ticketOf } from './tokens.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../../approvals/testdata/${name}`, import.meta.url)));
const claims = (token) => JSON.parse(new TextDecoder().decode(unb64u(token.split('.')[1])));
const server = 'https://countersign.example.com';

test('the six digits are those of the vectors', async () => {
  const { digits: vectors, thumbprints } = read('digests.json');
  let count = 0;
  for (const { ticket, jkt, digits: want } of vectors) {
    const jwk = thumbprints.find((v) => v.jkt === jkt)?.public_key;
    if (jwk?.kty !== 'EC') continue; // this phone makes P-256 keys alone
    count += 1;
    assert.equal(await digits(ticket, jwk), want);
  }
  assert.ok(count > 3, `${count} vectors looked at`);
});

test('digits are shown in two groups', () => assert.equal(grouped('482913'), '482 913'));

test('a pairing proof is bound to the server, the ticket and the key', async () => {
  const key = await newKey();
  assert.deepEqual(claims(await pairingProof(key, server, 'ticket', 1790000000)), {
    aud: server, tkt: await digest('ticket'), jkt: await thumbprint(key.jwk), iat: 1790000000,
  });
});

test('a phone proof is bound to one request, and no two are alike', async () => {
  const { privateKey } = await newKey();
  const account = { id: 'device', privateKey };
  const [one, two] = await Promise.all([1, 2].map(() => phoneProof(account, 'POST', `${server}/v1/phone/totp`, '', 1790000000)));
  const { jti, ...rest } = claims(one);
  assert.deepEqual(rest, { htm: 'POST', htu: `${server}/v1/phone/totp`, iat: 1790000000, bod: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' });
  assert.match(jti, /^[A-Za-z0-9_-]{22}$/);
  assert.notEqual(claims(two).jti, jti);
});

const request = { id: 'approval', nonce: 'nonce', display: '{"application":"Northwind Books"}' };
for (const [name, decided, also] of [
  ['approving carries the number', { decision: 'approve', number: '07' }, { decision: 'approve', number: '07' }],
  ['approving without number match carries none', { decision: 'approve', number: '' }, { decision: 'approve' }],
  ['a screen lock that was opened is said', { decision: 'approve', number: '47', verified: true }, { decision: 'approve', number: '47', uv: true }],
  ['denying carries no number', { decision: 'deny', number: '47' }, { decision: 'deny' }],
  ['reporting carries no number', { decision: 'report', number: '47' }, { decision: 'report' }],
]) {
  test(name, async () => {
    const { privateKey } = await newKey();
    assert.deepEqual(claims(await answer({ id: 'device', privateKey }, server, request, decided, 1790000000)), {
      iss: 'device', aud: server, txn: 'approval', nonce: 'nonce', dsp: await digest(request.display), iat: 1790000000, ...also,
    });
  });
}

const ticket = 'cwbYsW8wWke6lSsId96Bqo_uryJv9Y2ntKOmGnHDeBc';
for (const [name, pasted, want] of [
  ['a link of this server', `${server}/pair#${ticket}`, { ticket }],
  ['a link with white space around it', ` ${server}/pair#${ticket}\n`, { ticket }],
  ['a link of another server', `https://other.example.com/pair#${ticket}`, { host: 'other.example.com' }],
  ['a link of this host without its protection', `http://countersign.example.com/pair#${ticket}`, { host: 'countersign.example.com' }],
  ['a link of another path', `${server}/x/pair#${ticket}`, { host: 'countersign.example.com' }],
  ['a link without its ticket', `${server}/pair`, {}],
  ['a link whose ticket was cut short', `${server}/pair#abc`, {}],
  ['a link to something else', `${server}/set-up/abc#${ticket}`, {}],
  ['a script', `javascript:alert(1)//pair#${ticket}`, {}],
  ['words', 'hello', {}],
  ['nothing', '', {}],
]) {
  test(`pasted: ${name}`, () => assert.deepEqual(ticketOf(pasted, server), want));
}
