// What the way to a new phone says in each state, as sentences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { plain } from '../page/text.mjs';
import { ended, nextLook, view } from './view.mjs';

const words = catalogue('recovery');

const waiting = {
  id: 'r', state: 'waiting', user: 'ana@example.com', application: 'Northwind Books', number: '47',
  server_time: '2026-11-01T10:00:00Z', ready_at: '2026-11-02T10:00:00Z', phones: [{ id: 'p', name: 'Ana’s iPhone' }],
};

const cases = [
  ['a wait', {}, '', 'waiting', `Your new phone can be added ${words.date(Date.parse(waiting.ready_at))}`],
  ['the wait is over', { state: 'ready' }, '', 'ready', 'Add your new phone'],
  ['stopped by a phone', { state: 'refused', refused_by: 'Old Pixel' }, '', 'refused', 'This was stopped'],
  ['the phone is there', { state: 'done' }, '', 'done', 'Your new phone is added'],
  ['out of time', { state: 'expired' }, '', 'expired', 'This took too long'],
  ['a state of a later version', { state: 'levitating' }, '', 'lost', 'This page knows no new phone'],
  ['the server knows it no more', {}, 'recovery-not-found', 'lost', 'This page knows no new phone'],
];

for (const [name, change, lost, kind, headline] of cases) {
  test(name, () => {
    const got = view(words, { ...waiting, ...change }, lost);
    assert.equal(got.kind, kind);
    assert.equal(plain(got.headline), headline);
    assert.notEqual(plain(got.line), '');
  });
}

test('before the first word of the server nothing is claimed', () => {
  assert.equal(view(words, null).kind, 'loading');
  assert.equal(view(words, null, 'no-secret').kind, 'nowhere');
});

test('who was told is named, and how a phone ends the wait', () => {
  const got = view(words, waiting);
  assert.equal(plain(got.told), 'Your phone Ana’s iPhone was told, and can stop it.');
  assert.match(plain(got.sooner), /enter 47: then there is no wait/);
  assert.match(plain(view(words, { ...waiting, number: undefined }).sooner), /Open Countersign on it/);
  assert.equal(plain(view(words, { ...waiting, state: 'ready' }).sooner), '');
  const alone = view(words, { ...waiting, phones: [] });
  assert.deepEqual([plain(alone.told), plain(alone.sooner)], ['', '']);
});

test('the way back to the application is there unless something is to be done here', () => {
  const back_to = 'https://books.example.com/signed-in';
  const leads = (state, to = back_to) => view(words, { ...waiting, state, back_to: to }).back;
  for (const state of ['waiting', 'refused', 'done', 'expired']) assert.equal(leads(state), back_to);
  assert.deepEqual([leads('ready'), leads('levitating'), leads('done', 'javascript:alert(1)'), leads('done', null)], ['', '', '', '']);
});

test('who stopped it is named', () => {
  assert.match(plain(view(words, { ...waiting, state: 'refused', refused_by: 'Old <b>Pixel' }).line), /on Old <b>Pixel that/);
  assert.match(plain(view(words, { ...waiting, state: 'refused' }).line), /by your help desk, or by/);
});

test('the page asks again in time, and stops when it is over', () => {
  const at = Date.parse(waiting.ready_at);
  assert.equal(nextLook({ ...waiting, number: undefined }, at - 60_000), 15_000);
  assert.equal(nextLook(waiting, at - 60_000), 2_000);
  assert.equal(nextLook(waiting, at - 1_000), 1_500);
  assert.equal(ended(waiting), false);
  for (const state of ['refused', 'done', 'expired']) assert.equal(ended({ state }), true);
});

test('a wait says what it comes of', () => {
  assert.match(plain(view(words, waiting).line), /showed a recovery code/);
  assert.match(plain(view(words, { ...waiting, method: 'email' }).line), /backup mailbox/);
  assert.match(plain(view(words, { ...waiting, method: 'questions' }).line), /security questions/);
  assert.match(plain(view(words, { ...waiting, method: 'levitation' }).line), /showed a recovery code/);
});
