import assert from 'node:assert/strict';
import { test } from 'node:test';
import { further, stepOf } from './further.mjs';

const offered = { email_offered: true, questions_offered: true };

for (const [name, state, passed, want] of [
  ['nothing is offered', { state: 'active' }, [], 'done'],
  ['there is no state', null, [], 'done'],
  ['an address is offered', { email_offered: true }, [], 'email'],
  ['an address comes before questions', offered, [], 'email'],
  ['an address is there', { ...offered, email: 'a•••@example.org' }, [], 'questions'],
  ['an address was passed over', offered, ['email'], 'questions'],
  ['both are there', { ...offered, email: 'a•••@example.org', questions_set: true }, [], 'done'],
  ['both were passed over', offered, ['email', 'questions'], 'done'],
]) {
  test(name, () => assert.equal(further(state, new Set(passed)), want));
}

test('each place belongs to its step', () => {
  assert.deepEqual(['email', 'emailCode', 'questions', 'codes'].map(stepOf), ['email', 'email', 'questions', undefined]);
});
