// What the phone shows in each state.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerKind, deviceOf, firstStep, goneKind, ordered, placeOf, shownOf, troubles, warnings } from './place.mjs';

const account = { id: 'a', user: 'ana@example.com', state: 'active' };
const request = { id: 'r' };

for (const [name, state, want] of [
  ['nothing is set up', {}, 'welcome'],
  ['an account is there', { accounts: [account] }, 'home'],
  ['only a removed account is there, which home explains', { accounts: [{ ...account, state: 'removed' }] }, 'home'],
  ['a request comes in', { accounts: [account], requests: [request] }, 'request'],
  ['a request comes in while settings are open', { accounts: [account], requests: [request], where: 'settings' }, 'request'],
  ['it was not them', { accounts: [account], requests: [request], reporting: true }, 'report'],
  ['something was answered, and another request waits', { accounts: [account], requests: [request], said: { kind: 'approved' } }, 'said'],
  ['a request comes in while another account is added', { accounts: [account], requests: [request], pairing: { step: 'digits' } }, 'digits'],
  ['the last sign-ins are looked at', { accounts: [account], where: 'history' }, 'history'],
]) {
  test(`when ${name}, the screen is ${want}`, () => assert.equal(placeOf(state), want));
}

const at = (id, time) => ({ id, shown: { time } });

test('the newest request comes first, and before it the one whose notification was opened', () => {
  const all = [at('old', '2026-11-01T10:00:00Z'), at('new', '2026-11-01T10:00:30Z'), at('mid', '2026-11-01T10:00:15Z')];
  assert.deepEqual(ordered(all).map((r) => r.id), ['new', 'mid', 'old']);
  assert.deepEqual(ordered(all, 'old').map((r) => r.id), ['old', 'new', 'mid']);
  assert.deepEqual(ordered(all, 'gone').map((r) => r.id), ['new', 'mid', 'old']);
  assert.deepEqual(ordered([at('none', undefined), at('a', '2026-11-01T10:00:00Z')]).map((r) => r.id), ['a', 'none']);
});

test('of a display only texts are shown, and what cannot be read is not', () => {
  assert.deepEqual(shownOf('{"application":"<b>","extra":{"a":1},"n":5}'), { application: '<b>' });
  for (const bad of ['', '{', 'null', '[]', '{}', '"text"x', '{"a":1}']) assert.equal(shownOf(bad), null, bad);
});

const known = [{ state: 'approved', browser: 'Chrome on Windows', location: 'Wellington, NZ' }, { state: 'denied', browser: 'Tor', location: 'Nowhere' }];
for (const [name, shown, signIns, want] of [
  ['all is as ever', { browser: 'Chrome on Windows', location: 'Wellington, NZ' }, known, []],
  ['the browser is another', { browser: 'Firefox on Linux', location: 'Wellington, NZ' }, known, ['newBrowser']],
  ['the place is another', { browser: 'Chrome on Windows', location: 'Lagos, NG' }, known, ['newPlace']],
  ['both are known only from what was refused', { browser: 'Tor', location: 'Nowhere' }, known, ['newBrowser', 'newPlace']],
  ['nothing was ever let in', { browser: 'Tor', location: 'Nowhere' }, [known[1]], []],
  ['no history is there', { browser: 'Tor' }, undefined, []],
  ['the request names no place', { browser: 'Chrome on Windows', location: '' }, known, []],
]) {
  test(`warned when ${name}: ${want.join(' and ') || 'no'}`, () => assert.deepEqual(warnings(shown, signIns), want));
}

for (const [state, reason, method, want] of [
  ['approved', undefined, 'push', 'approvedElsewhere'],
  ['approved', undefined, 'totp', 'byCode'],
  ['approved', undefined, 'recovery_code', 'byCode'],
  ['denied', 'user', undefined, 'deniedElsewhere'],
  ['denied', 'reported', undefined, 'reportedElsewhere'],
  ['denied', 'number_mismatch', undefined, 'mismatch'],
  ['denied', 'too_many_codes', undefined, 'tooManyCodes'],
  ['expired', undefined, undefined, 'expired'],
  ['withdrawn', 'replaced', undefined, 'replaced'],
  ['withdrawn', 'cancelled', undefined, 'cancelled'],
  ['withdrawn', 'application', undefined, 'ended'],
  ['withdrawn', 'enrol', undefined, 'ended'],
  ['levitating', undefined, undefined, 'over'],
]) {
  test(`a request that went as ${state} ${reason ?? method ?? ''} is ${want}`, () => assert.equal(goneKind({ state, reason, method }), want));
}

test('a request of which nothing is known is over', () => assert.equal(goneKind(null), 'over'));

test('an answer from here is said as one', () => {
  assert.equal(answerKind({ state: 'approved', method: 'push' }), 'approved');
  assert.equal(answerKind({ state: 'denied', reason: 'user' }), 'denied');
  assert.equal(answerKind({ state: 'denied', reason: 'reported' }), 'reported');
  assert.equal(answerKind({ state: 'denied', reason: 'number_mismatch' }), 'mismatch');
});

const kinds = (state) => troubles(state).map((t) => t.kind);
test('what stands in the way is named, and nothing when nothing does', () => {
  assert.deepEqual(kinds({ accounts: [account] }), []);
  assert.deepEqual(kinds({ accounts: [account], online: false, reach: 'later' }), ['offline'], 'nothing more can be done about it');
  assert.deepEqual(kinds({ accounts: [account], reach: 'denied' }), ['push.denied']);
  assert.deepEqual(kinds({ accounts: [account], kept: false }), ['storage']);
  assert.deepEqual(kinds({ accounts: [], reach: 'later', kept: false }), [], 'without an account nothing can be missed');
});

test('a clock that is off is said in minutes, and which way', () => {
  assert.deepEqual(troubles({ offset: 3_600_000 })[0], { kind: 'clockSlow', values: { count: 60 } });
  assert.deepEqual(troubles({ offset: -3_600_000 })[0], { kind: 'clockFast', values: { count: 60 } });
  assert.deepEqual(troubles({ offset: 91_000 })[0].values, { count: 2 });
  assert.deepEqual(kinds({ offset: 60_000 }), []);
});

test('a removed phone is said first, with when that was learnt', () => {
  const [first, second] = troubles({ accounts: [{ ...account, state: 'removed', removedAt: 5 }], online: false });
  assert.deepEqual(first, { kind: 'removed', account: 'a', values: { user: 'ana@example.com' }, at: 5 });
  assert.equal(second.kind, 'offline');
});

for (const [name, navigator, want] of [
  ['an iPhone', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', maxTouchPoints: 5 }, 'ios'],
  ['an iPad that calls itself a Mac', { userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', maxTouchPoints: 5 }, 'ios'],
  ['a Mac', { userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', maxTouchPoints: 0 }, 'web'],
  ['an Android phone', { userAgent: 'Mozilla/5.0 (Linux; Android 16; K)', maxTouchPoints: 5 }, 'android'],
  ['nothing known', {}, 'web'],
]) {
  test(`${name} pairs as ${want}`, () => assert.equal(deviceOf(navigator), want));
}

test('an iPhone is led to its home screen first, and to its name once it is there', () => {
  assert.equal(firstStep({ device: 'ios', installed: false }), 'install');
  assert.equal(firstStep({ device: 'ios', installed: true }), 'name');
  assert.equal(firstStep({ device: 'android', installed: false }), 'name');
});
