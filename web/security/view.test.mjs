// What my sign-in security says, as sentences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { plain } from '../page/text.mjs';
import { catalogue } from '../page/catalogue.test.mjs';
import { app, browser, email, phone, questions, recovery, refusal, signIn, view, ways } from './view.mjs';

process.env.TZ = 'UTC';
const words = catalogue('security');
const state = {
  user: 'ana@example.com', application: 'Northwind Books', new_phone_by: ['push', 'totp', 'recovery_code'], recovery_wait_hours: 24,
  phones: [{ id: 'p', name: 'Ana’s iPhone', platform: 'ios', added_at: '2026-03-01T10:00:00Z', last_used_at: '2026-11-01T14:05:00Z', reach: 'apns' }],
  authenticators: [], recovery_codes_left: 3, trusted_browsers: [], sign_ins: [], recoveries: [],
};

const cases = [
  ['before the first word of the server', [null], 'loading', 'One moment'],
  ['what there is', [state], 'overview', 'My sign-in security'],
  ['a new phone', [state, 'newPhone'], 'newPhone', 'Your new phone'],
  ['a backup address', [state, 'email'], 'email', 'Your backup address'],
  ['the code from the mail', [state, 'emailCode'], 'emailCode', 'Check your inbox'],
  ['security questions', [state, 'questions'], 'questions', 'Three questions only you can answer'],
  ['a place of no page', [state, 'moon'], 'overview', 'My sign-in security'],
  ['new codes', [state, 'codes'], 'codes', 'Your new recovery codes'],
  ['new codes stay when the page has closed meanwhile', [state, 'codes', 'unauthorized'], 'codes', 'Your new recovery codes'],
  ['the page has closed', [state, 'newPhone', 'unauthorized'], 'ended', 'This page is closed'],
  ['the page was closed from the start', [null, '', 'unauthorized'], 'ended', 'This page is closed'],
  ['no secret', [null, '', 'no-secret'], 'nowhere', 'Open this from your application'],
  ['no connection from the start', [null, '', 'offline'], 'offline', 'The server can’t be reached'],
  ['no connection for a while', [state, '', 'offline'], 'overview', 'My sign-in security'],
];

for (const [name, given, kind, headline] of cases) {
  test(name, () => {
    const got = view(words, ...given);
    assert.deepEqual([got.kind, plain(got.headline)], [kind, headline]);
    assert.notEqual(plain(got.line), '');
  });
}

test('who is shown where to open it again is named, if known', () => {
  assert.match(plain(view(words, state, '', 'unauthorized').line), /again from Northwind Books\.$/);
  assert.match(plain(view(words, null, '', 'unauthorized').line), /again from your application\.$/);
});

test('a phone that nothing wakes is silent', () => {
  assert.deepEqual(phone(words, state.phones[0]), {
    id: 'p', name: 'Ana’s iPhone', silent: false, reach: 'Working',
    facts: ['Added on Mar 1, 2026', 'last used Nov 1, 2:05 PM', 'iPhone'],
  });
  const silent = phone(words, { ...state.phones[0], reach: 'silent', last_used_at: undefined, platform: 'abacus' });
  assert.deepEqual([silent.silent, silent.reach, silent.facts[1], silent.facts[2]], [true, 'Silent: it shows a request only once you open it', 'not used yet', 'Phone']);
});

test('apps are told apart by their day', () => {
  assert.equal(app(words, { id: 'a', added_at: '2026-03-01T10:00:00Z' }).name, 'Authenticator app of Mar 1, 2026');
});

test('a browser is trusted until it is asked again, whichever way', () => {
  const b = { id: 'b', name: '', added_at: '2026-03-01T10:00:00Z', ends_at: '2026-04-01T10:00:00Z' };
  assert.deepEqual(browser(words, b), { id: 'b', name: 'A browser', facts: ['Added on Mar 1, 2026', 'trusted until Apr 1, 2026'] });
  assert.equal(browser(words, { ...b, idle_ends_at: '2026-03-15T10:00:00Z' }).facts[1], 'trusted until Mar 15, 2026');
});

test('a new phone under way says what began it, and when it is ready', () => {
  const r = { id: 'r', state: 'waiting', method: 'recovery_code', browser: 'Chrome on Windows', location: '', ip: '203.0.113.9', begun_at: '2026-11-01T14:05:00Z', ready_at: '2026-11-02T14:05:00Z' };
  assert.deepEqual(recovery(words, r), {
    id: 'r', where: ['Chrome on Windows', '203.0.113.9'],
    begun: 'Begun with a recovery code, Nov 1, 2:05 PM.', ready: 'It can be added from Nov 2, 2:05 PM on.',
  });
  assert.match(recovery(words, { ...r, method: 'email' }).begun, /^Begun with a code from your backup mailbox, /);
  assert.match(recovery(words, { ...r, method: 'questions' }).begun, /^Begun with answers to your security questions, /);
  const later = recovery(words, { ...r, state: 'ready', method: 'pigeon' });
  assert.deepEqual([later.begun, later.ready], ['Begun Nov 1, 2:05 PM.', 'It can be added now.']);
});

const past = { application: 'Northwind Books', purpose: 'sign_in', action: 'Sign in', at: '2026-11-01T14:05:00Z', state: 'approved', method: 'push', settled_by: 'Ana’s iPhone', browser: 'Chrome on Windows', location: 'Wellington, NZ', ip: '' };

for (const [name, change, how, good] of [
  ['approved on a phone', {}, 'Approved on Ana’s iPhone', true],
  ['approved by a code', { method: 'totp' }, 'With a code from an app', true],
  ['approved by a recovery code', { method: 'recovery_code' }, 'With a recovery code', true],
  ['let in by trust', { method: 'trusted_browser' }, 'In a trusted browser', true],
  ['let in without anything', { method: 'not_required' }, 'Without a second factor', true],
  ['approved in a way of a later version', { method: 'pigeon' }, 'Approved', true],
  ['refused', { state: 'denied', reason: 'user' }, 'Refused on Ana’s iPhone', false],
  ['refused by nobody knows whom', { state: 'denied', reason: 'user', settled_by: undefined }, 'Refused on a phone', false],
  ['reported', { state: 'denied', reason: 'reported' }, 'Reported as not you', false],
  ['a wrong number', { state: 'denied', reason: 'number_mismatch' }, 'Stopped, wrong number', false],
  ['wrong codes', { state: 'denied', reason: 'too_many_codes' }, 'Stopped, wrong codes', false],
  ['out of time', { state: 'expired', method: undefined }, 'Ran out', false],
  ['cancelled', { state: 'withdrawn', reason: 'cancelled' }, 'Ended before an answer', false],
  ['a state of a later version', { state: 'levitating' }, 'Ended before an answer', false],
]) {
  test(`of a sign-in that was ${name} it says how it ended`, () => {
    const got = signIn(words, { ...past, ...change });
    assert.deepEqual([got.how, got.good], [how, good]);
  });
}

test('a sign-in says where it was, and a change what it was', () => {
  assert.deepEqual(signIn(words, past).what, ['Northwind Books']);
  assert.deepEqual(signIn(words, past).where, ['Chrome on Windows', 'Wellington, NZ']);
  assert.deepEqual(signIn(words, { ...past, purpose: 'change', action: 'Remove the phone “Old Pixel”' }).what, ['Northwind Books', 'Remove the phone “Old Pixel”']);
});

test('a new phone is confirmed by what the server says, and by nothing else', () => {
  const all = ways(words, state);
  assert.equal(all.phone, true);
  assert.deepEqual(all.code, [
    'A code from an authenticator app adds the phone at once.',
    'A recovery code adds it after 24 hours, so that you would notice if it weren’t you.',
    'Your phones are told, and can stop it.',
  ]);
  assert.deepEqual(ways(words, { ...state, new_phone_by: ['push'], email: 'a•••@example.org' }), { phone: true, code: [], mail: '' });
  assert.equal(ways(words, { ...state, new_phone_by: ['totp'] }).phone, false);
  const codes = { ...state, phones: [], recovery_wait_hours: 0, new_phone_by: ['recovery_code'] };
  assert.deepEqual(ways(words, codes), { phone: false, code: ['A recovery code adds it at once.'], mail: '' });
  assert.deepEqual(ways(words, { ...codes, new_phone_by: [] }), { phone: false, code: [], mail: '' });
  assert.match(ways(words, { ...state, new_phone_by: ['email'], email: 'a•••@example.org' }).mail, /^We send a code to a•••@example\.org\./);
});

test('a backup address and questions are shown where they are offered or set', () => {
  assert.equal(email(words, state).shown, false);
  assert.deepEqual([email(words, { ...state, email_offered: true }).shown, email(words, { ...state, email_offered: true }).change], [true, 'Add one']);
  assert.equal(email(words, { ...state, email_offered: true }).line, 'None. We’d write there when something changes here.');
  assert.match(email(words, { ...state, email_offered: true, email_recovers: true }).line, /^None\..*lead you to a new phone/);
  const set = email(words, { ...state, email: 'a•••@example.org' });
  assert.deepEqual([set.shown, set.change], [true, 'Use another one']);
  assert.match(set.line, /sends no mail/);
  const mails = { ...state, email: 'a•••@example.org', email_offered: true };
  assert.equal(email(words, mails).line, 'a•••@example.org. We write there when something changes here.');
  assert.match(email(words, { ...mails, new_phone_by: ['email'] }).line, /lead you to a new phone/);
  assert.equal(questions(words, { ...state, questions_offered: false, questions_set: false }).shown, false);
  assert.equal(questions(words, { ...state, questions_offered: true, questions_set: false }).change, 'Answer three');
  assert.equal(questions(words, { ...state, questions_offered: false, questions_set: true }).change, 'Answer others');
});

test('every refusal has its words', () => {
  for (const kind of ['last-way-in', 'person-locked', 'fresh-approval-needed', 'nothing-to-change', 'nothing-usable', 'not-offered', 'email-refused', 'too-many-emails', 'unavailable', 'offline', 'internal']) {
    assert.notEqual(words.text(refusal(kind)), '', kind);
  }
});
