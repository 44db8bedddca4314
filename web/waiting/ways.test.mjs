// What leads to a new phone from the waiting screen, and what is said when it
// doesn't.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { afterReload, notBegun, waysOf } from './ways.mjs';

const words = catalogue('waiting');
const state = { state: 'pending', recovery_offers: ['totp', 'recovery_code', 'email', 'questions'], email_hint: 'a•••@example.org' };
const coded = { ...state, recovery_offers: ['totp', 'recovery_code'] };

for (const [name, got, want] of [
  ['who has a phone here is offered no other way', waysOf(state, false, false), { open: false, email: true, questions: true }],
  ['who has none is', waysOf(state, true, false), { open: true, email: true, questions: true }],
  ['one that has ended offers nothing', waysOf(state, true, true), { open: false, email: true, questions: true }],
  ['what the server does not offer is not offered', waysOf(coded, true, false), { open: true, email: false, questions: false }],
  ['answers may be the only way', waysOf({ ...state, recovery_offers: ['questions'] }, true, false), { open: true, email: false, questions: true }],
  ['before anything is heard nothing is offered', waysOf(null, true, false), { open: true, email: false, questions: false }],
]) {
  test(name, () => assert.deepEqual(got, want));
}

for (const [name, got, want] of [
  ['the step of mail comes back after a reload', afterReload(state, 'email', false), 'shown'],
  ['and sends no second code, though it was chosen before too', afterReload(state, 'email', true), 'shown'],
  ['mail that was chosen on the page before is begun', afterReload(state, '', true), 'begun'],
  ['answers are begun anew', afterReload(state, 'questions', false), ''],
  ['a page without a memory begins nothing', afterReload(state, '', false), ''],
  ['mail that is not offered is not begun', afterReload(coded, 'email', true), ''],
  ['nor where nothing is offered', afterReload({ state: 'approved' }, 'email', true), ''],
]) {
  test(name, () => assert.equal(got, want));
}

test('what could not be begun says why, and else to try once more', () => {
  const said = (kind) => notBegun(words, { kind });
  assert.equal(said('fresh-approval-needed'), words.text('waiting.new-phone.spent'));
  assert.equal(said('person-locked'), words.text('waiting.new-phone.locked'));
  for (const kind of ['offline', 'unavailable', undefined]) assert.match(said(kind), /Try once more/, kind);
});
