// What the set-up page says in each state.
import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { plain } from '../page/text.mjs';
import { ended, grouped, view } from './view.mjs';

const words = catalogue('setup');

const open = { version: 1, state: 'open', user: 'ana@example.com', pair_url: 'https://countersign.example.com/pair#t', authenticator: false };
const claimed = { ...open, state: 'claimed', digits: '482913', phone: { name: 'Ana’s iPhone', platform: 'ios' } };
const active = { ...claimed, state: 'active' };

for (const [name, state, place, lost, kind, headline] of [
  ['nothing is known yet', null, '', '', 'loading', 'One moment'],
  ['the link waits for a phone', open, '', '', 'open', 'Add your phone'],
  ['a phone has used the link', claimed, '', '', 'claimed', 'Same on your phone?'],
  ['a phone claims while an app is being added', claimed, 'app', '', 'claimed', 'Same on your phone?'],
  ['the digits matched', active, '', '', 'active', 'Ana’s iPhone is ready'],
  ['the digits differed', { ...claimed, state: 'refused' }, '', '', 'refused', 'That phone was not added'],
  ['the link ran out', { ...open, state: 'expired' }, '', '', 'expired', 'This link has run out'],
  ['the link ran out while an app was being added', { ...open, state: 'expired' }, 'app', '', 'expired', 'This link has run out'],
  ['the app was confirmed before the link ran out', { ...open, state: 'expired', authenticator: true }, '', '', 'added', 'Your app is ready'],
  ['an app is being added', open, 'app', '', 'app', 'Add an authenticator app'],
  ['an app is being added after a phone', active, 'app', '', 'app', 'Add an authenticator app'],
  ['the set-up is for an app and takes no phone', { ...open, pair_url: undefined }, '', '', 'app', 'Add an authenticator app'],
  ['the app was confirmed', { ...open, authenticator: true }, '', '', 'added', 'Your app is ready'],
  ['they want no codes', active, 'sure', '', 'sure', 'Finish without codes?'],
  ['they want no codes, and the link has run out', { ...open, state: 'expired', authenticator: true }, 'sure', '', 'sure', 'Finish without codes?'],
  ['recovery codes are on the screen when the link runs out', { ...open, state: 'expired' }, 'codes', '', 'codes', 'Your recovery codes'],
  ['recovery codes are on the screen when the server forgets', active, 'codes', 'pairing-not-found', 'codes', 'Your recovery codes'],
  ['all is done', active, 'done', '', 'done', 'You’re set up'],
  ['the server knows no such link', null, '', 'pairing-not-found', 'lost', 'This link doesn’t work'],
  ['the page was opened by itself', null, '', 'no-secret', 'nowhere', 'Start where you sign in'],
  ['a state of a later version', { ...open, state: 'levitating' }, '', '', 'expired', 'This link has run out'],
]) {
  test(name, () => {
    const got = view(words, state, place, lost);
    assert.equal(got.kind, kind);
    assert.equal(plain(got.headline), headline);
  });
}

test('the digits are shown in two groups, and only while they are to be compared', () => {
  assert.equal(view(words, claimed).digits, '482 913');
  assert.equal(view(words, active).digits, '');
  assert.equal(view(words, open).digits, '');
});

test('digits that are not six digits are not shown at all', () => {
  for (const digits of [undefined, '', '48291', '4829131', '48291a']) assert.equal(grouped(digits), '');
});

test('the phone and the person are named where the digits are compared', () => {
  assert.match(plain(view(words, claimed).line), /^Ana’s iPhone wants to be added for ana@example\.com\./);
});

test('where the phone is this very browser, there is nothing to compare', () => {
  const here = view(words, claimed, '', '', false, true);
  assert.deepEqual([here.kind, here.digits, plain(here.headline)], ['claimed', '', 'Add this phone?']);
  assert.equal(words.text(here.match), 'Yes, add it');
  assert.equal(plain(view(words, active, '', '', false, true).headline), 'Ana’s iPhone is ready');
});

test('where nothing else is to be set up, nothing else is spoken of', () => {
  const line = (state) => plain(view(words, state, '', '', true).line);
  assert.equal(line(active), 'From now on it is asked when you sign in.');
  assert.equal(line({ ...open, authenticator: true }), 'Its codes let you in from now on.');
  assert.equal(line(open), plain(view(words, open).line));
});

test('who is done is told where to go on, and to sign in anew where a sign-in led here', () => {
  const back = { back_to: 'https://books.example.com/signed-in', application: 'Northwind Books' };
  const line = (more) => plain(view(words, { ...active, ...more }, 'done').line);
  assert.equal(line({}), 'Go back to where you were signing in, and sign in again.');
  assert.equal(line({ signing_in: true }), line({}));
  assert.equal(line({ ...back, signing_in: true }), 'You aren’t signed in to Northwind Books yet. Go back there and sign in once more.');
  assert.equal(line(back), 'That’s all there is to do here.');
});

test('following ends with active, refused and expired', () => {
  assert.deepEqual(['open', 'claimed', 'active', 'refused', 'expired'].map((state) => ended({ state })), [false, false, true, true, true]);
  assert.equal(ended(null), false);
});

test('a backup address promises a new phone only where it leads to one', () => {
  const line = (email_recovers) => plain(view(words, { ...active, email_recovers }, 'email').line);
  assert.match(line(true), /lead you to a new phone/);
  assert.doesNotMatch(line(undefined), /new phone/);
});
